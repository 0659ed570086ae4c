"""Populations of nodes: what each node is, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError
from .problems import Problems
from .store import open_store
from .tables import Types
from .templates import TEMPLATES, Template
from .typed import Table, read_table

__all__ = ["VIRTUAL", "Nodes", "read_nodes"]

VIRTUAL = "virtual"
_POINT = ("point_neuron", "point_process")
_SHAPE = "spikestack_shape"
_BY_LOWER = {name.lower(): t for name, t in TEMPLATES.items()}


@dataclass(frozen=True, eq=False)
class Nodes:
    """A population of nodes.

    Attributes
    ----------
    name
        Its name.
    ids
        The id of each node, in the order of the file: int64[n].
    table
        What else is known of them.
    shape
        How they are arranged, where the file tells.
    """

    name: str
    ids: np.ndarray
    table: Table
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _order(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.ids, kind="stable")
        return order, self.ids[order]

    def places(self, ids: np.ndarray) -> np.ndarray:
        """Where nodes stand in the file, by their ids; -1 for ids that no node has: int64[k]."""
        order, ascending = self._order
        at = np.minimum(np.searchsorted(ascending, ids), max(len(ascending) - 1, 0))
        if not len(ascending):
            return np.full(len(ids), -1)
        return np.where(ascending[at] == ids, order[at], -1)

    @cached_property
    def kinds(self) -> np.ndarray:
        """For each node its template's full name, in our spelling, or `VIRTUAL`: object[n].

        What is neither bears what the file says.
        """
        types, templates = self.table.texts("model_type"), self.table.texts("model_template")
        pairs: dict[tuple[str, str], str] = {}
        found = np.empty(len(self), object)
        for i, pair in enumerate(zip(types, templates)):
            if pair not in pairs:
                pairs[pair] = _kind(*pair)
            found[i] = pairs[pair]
        return found

    def parts(self, to: Problems) -> list[tuple[Template | None, np.ndarray]]:
        """The nodes of each template (None for virtual ones), in order of their first.

        What is no template here is noted in `to`.
        """
        kinds = self.kinds
        made: list[tuple[Template | None, np.ndarray]] = []
        for kind in dict.fromkeys(kinds):
            rows = np.flatnonzero(kinds == kind)
            if kind == VIRTUAL:
                made.append((None, rows))
            elif kind in TEMPLATES:
                made.append((TEMPLATES[kind], rows))
            else:
                to.add(f"population {self.name!r}: {len(rows)} nodes of {kind}")
        return made

    def positions(self, rows: np.ndarray) -> np.ndarray | None:
        """Positions of some nodes in um, float64[k, dims]; None if they have none."""
        axes = []
        for axis in "xyz":
            values = self.table.numbers((axis,), None, rows)
            if values is None:
                break
            axes.append(np.broadcast_to(values, len(rows)))
        if not axes:
            return None
        found = np.stack(axes, axis=1).astype(np.float64)
        if not np.isfinite(found).all():
            raise FileFormatError(f"{self.table.where}: some nodes have no x, y or z, others have")
        return found


def _kind(model_type: str, template: str) -> str:
    if model_type == VIRTUAL:
        return VIRTUAL
    if model_type not in _POINT:
        named = f" with the template {template!r}" if template else ""
        return f"model type {model_type!r}{named}"
    known = _BY_LOWER.get(template.lower())
    return known.full_name if known else f"template {template!r}"


def read_nodes(path: Path, types: Types, parameters: Callable[[str], Any]) -> list[Nodes]:
    """Read the populations of a nodes file.

    Parameters
    ----------
    path
        The file.
    types
        Their types.
    parameters
        Finds the path of a type's file of parameters.

    Raises
    ------
    FileFormatError
        If it is damaged, something is missing, or an id stands there twice.
    """
    made = []
    with open_store(path) as store:
        names = store.names("/nodes")[0]
        if not names:
            raise store.error("has no population of nodes, '/nodes/NAME'")
        for name in names:
            at = f"/nodes/{name}"
            size = store.length(f"{at}/node_type_id")
            if not size:
                raise store.error(f"population {name!r} has no nodes")
            ids = np.arange(size)
            if store.has(f"{at}/node_id"):
                ids = store.ids(f"{at}/node_id", size)
            if len(np.unique(ids)) < size:
                raise store.error(f"population {name!r} has a node_id twice")
            table = read_table(store, "node", name, size, types, parameters)
            held = store.mark(at, _SHAPE)
            shape = () if held is None else tuple(int(length) for length in held)
            fits = all(length > 0 for length in shape) and int(np.prod(shape)) == size
            made.append(Nodes(name, ids, table, shape if fits else (size,)))
    return made
