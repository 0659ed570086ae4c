"""What each crossbar core's neurons send, and where to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..fabric.routers import fabric_of
from ..fabric.tables import AxonTable, Listed
from .cores import routers_of

if TYPE_CHECKING:
    from ..chip import Chip
    from .crossbars import Axons

__all__ = ["routing_tables"]


def routing_tables(
    chip: Chip, names: tuple[str, ...], core_of: Mapping[str, np.ndarray], axons: Axons,
    places: np.ndarray,
) -> Listed:  # fmt: skip
    """The tables of all cores: one entry for each neuron that sends to an axon of the chip.

    Parameters
    ----------
    chip
        Where to.
    names, core_of, axons
        As of `crossbars.MappedCrossbars`.
    places
        Of cores.
    """
    first, at = np.full(len(names), -1, np.int64), 0
    for name, of in core_of.items():
        first[names.index(name)], at = at, at + len(of)
    every = np.concatenate([*core_of.values(), np.zeros(0, np.int64)])
    sent = np.flatnonzero(first[axons.population] >= 0)
    neuron = first[axons.population[sent]] + axons.neuron[sent]
    sent = sent[np.argsort(neuron, kind="stable")]
    neuron = np.sort(neuron)
    core, fabric = every[neuron], fabric_of(chip)
    routers = routers_of(chip, fabric, places)
    cores = np.int64(max(len(places), 1))
    pairs, which = np.unique(core * cores + axons.core[sent], return_inverse=True)
    a, b = np.divmod(pairs, cores)
    hops = fabric.paths(routers[a], routers[b]).hops(fabric)[which]
    table = AxonTable(neuron, axons.core[sent], hops, axons.index[sent], axons.delays[sent])
    return Listed(core, table)
