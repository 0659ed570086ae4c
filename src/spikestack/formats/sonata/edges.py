"""Populations of edges: who is joined to whom, how strongly, and how late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .problems import Problems
from .store import open_store
from .tables import Types
from .templates import STATIC
from .typed import Table, read_table

__all__ = ["EdgePopulation", "read_edges"]

WEIGHT, DELAY = ("syn_weight", "weight"), ("delay",)
_READ = {"syn_weight", "weight", "delay", "nsyns", "receptor_type", "model_template"}
_PARAMETERS = {"syn_weight", "weight", "delay"}
RECEPTORS = {"excitatory": 1, "inhibitory": -1, "default": 0, "": 0, "0": 0, "0.0": 0}
_STATIC = {f"{schema}:{name}".lower() for schema, name in STATIC.items()} | {""}
_STATIC |= {name.lower() for name in STATIC.values()}


@dataclass(frozen=True, eq=False)
class EdgePopulation:
    """A population of edges.

    Attributes
    ----------
    name
        Its name.
    source, target
        The populations of nodes that it joins.
    source_ids, target_ids
        Ids of nodes: int64[n].
    table
        What else is known of them.
    """

    name: str
    source: str
    target: str
    source_ids: np.ndarray
    target_ids: np.ndarray
    table: Table

    def __len__(self) -> int:
        return len(self.source_ids)

    def weights(self, default: float) -> Any:
        """Weights as the file has them: a float for all, or float64[n]."""
        rows = np.arange(len(self))
        found = self.table.numbers(WEIGHT, default, rows)
        synapses = self.table.numbers(("nsyns",), 1.0, rows)
        if np.ndim(synapses) == 0 and synapses == 1:
            return found
        return found * synapses if np.any(np.not_equal(synapses, 1)) else found

    def delays(self) -> Any:
        """Delays in ms: a float for all, or float64[n]; None if the file has none."""
        return self.table.numbers(DELAY, None, np.arange(len(self)))

    def receptors(self, to: Problems) -> np.ndarray:
        """1 for excitatory edges, -1 for inhibitory ones, 0 where the weight tells: int8[n]."""
        texts = self.table.texts("receptor_type")
        found = np.zeros(len(self), np.int8)
        for text in dict.fromkeys(texts):
            if text not in RECEPTORS:
                to.add(f"edges {self.name!r}: receptor type {text!r}")
            elif RECEPTORS[text]:
                found[texts == text] = RECEPTORS[text]
        return found

    def check(self, to: Problems) -> None:
        """Note what static synapses cannot be."""
        for template in dict.fromkeys(self.table.texts("model_template")):
            if template.lower() not in _STATIC:
                to.add(f"edges {self.name!r}: synapses of the template {template!r}")
        for type_id, row in self.table.rows.items():
            if "weight_function" in row:
                to.add(
                    f"edges {self.name!r}, type {type_id}: weights by the function "
                    f"{row['weight_function']!r}"
                )
        rows = np.arange(len(self))
        self.table.check_parameters(_PARAMETERS, rows, "a static synapse", to)


def read_edges(
    path: Path, types: Types, parameters: Callable[[str], Any], ends: Callable[[str], bool]
) -> list[EdgePopulation]:
    """Read the populations of an edges file.

    Parameters
    ----------
    path
        The file.
    types
        Their types.
    parameters
        Finds the path of a type's file of parameters.
    ends
        Tells whether there is a population of nodes of a name.

    Raises
    ------
    FileFormatError
        If it is damaged, something is missing, or it joins nodes that nobody knows.
    """
    made = []
    with open_store(path) as store:
        for name in store.names("/edges")[0]:
            at = f"/edges/{name}"
            source_ids = store.ids(f"{at}/source_node_id")
            size = len(source_ids)
            target_ids = store.ids(f"{at}/target_node_id", size)
            populations: dict[str, str] = {}
            for side in ("source", "target"):
                population = store.text(f"{at}/{side}_node_id", "node_population")
                if not ends(population):
                    raise store.error(
                        f"edges {name!r}: no {side} population {population!r} in the circuit"
                    )
                populations[side] = population
            table = read_table(store, "edge", name, size, types, parameters, _READ)
            made.append(
                EdgePopulation(
                    name,
                    populations["source"],
                    populations["target"],
                    source_ids,
                    target_ids,
                    table,
                )
            )
    return made
