"""Synapses that came and went, in saved states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..program.edge_list import EdgeList
from ..program.learning import PlasticProgram
from ..program.program import Program

if TYPE_CHECKING:
    from .state import Learned

__all__ = ["load_structure", "structure_arrays"]

_COLUMNS = ("pre", "post", "delays", "dendritic")


def structure_arrays(learned: Learned) -> dict[str, np.ndarray]:
    """What is to be saved of the synapses of a projection, by name; nothing where they rest."""
    if learned.edges is None:
        return {}
    arrays = {f"edge_{name}": getattr(learned.edges, name) for name in _COLUMNS}
    return arrays | {f"elements{j}": kept for j, kept in enumerate(learned.elements)}


def load_structure(
    program: Program,
    plastic: PlasticProgram,
    fresh: Learned,
    arrays: Mapping[str, np.ndarray],
    k: int,
) -> tuple[EdgeList | None, tuple[np.ndarray, ...]]:
    """Synapses and elements of the k-th plastic projection, whose first state is `fresh`.

    Raises
    ------
    KeyError, ValueError
        If something is missing, or cannot be.
    """
    if fresh.edges is None:
        return None, ()
    pre, post, delays, dendritic = (arrays[f"edge_{name}_{k}"] for name in _COLUMNS)
    elements = tuple(arrays[f"elements{j}_{k}"] for j in range(len(fresh.elements)))
    edge = program.edges[plastic.edge]
    good = all(
        a.shape == (len(pre),) and a.dtype == np.int64 for a in (pre, post, delays, dendritic)
    )
    good = good and bool(
        (np.diff(pre) >= 0).all()
        and np.isin(pre, edge.pre_ids).all()
        and np.isin(post, edge.post_ids).all()
        and ((delays >= 1) & (delays <= edge.max_delay)).all()
        and ((dendritic >= 0) & (dendritic <= delays) & (2 * dendritic <= plastic.lag)).all()
    )
    good = good and all(
        kept.shape == first.shape and kept.dtype == first.dtype and np.isfinite(kept).all()
        for kept, first in zip(elements, fresh.elements)
    )
    if not good:
        raise ValueError(f"good synapses of projection {edge.name!r}")
    return EdgeList(pre, post, np.zeros(len(pre), np.int64), delays, dendritic), elements
