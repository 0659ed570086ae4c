"""Node sets: some nodes, by what they are, or as the union of others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, UnknownNameError, ValidationError, shorten
from .config import load_json
from .nodes import Nodes

__all__ = ["NodeSets", "read_node_sets"]

_OWN = ("population", "node_id")


class NodeSets:
    """Definitions of node sets, and the populations that they are of.

    Parameters
    ----------
    definitions
        By name: attributes with a value or several (all must be met), or names of sets (united).
    populations
        Those of the circuit; each is a node set of its own name.
    where
        For messages.
    """

    def __init__(
        self, definitions: Mapping[str, Any], populations: Mapping[str, Nodes], where: str
    ) -> None:
        self.definitions, self.populations, self.where = definitions, populations, where
        for name, given in definitions.items():
            self._check(name, given)

    def __iter__(self) -> Any:
        return iter({**self.definitions, **self.populations})

    def _check(self, name: str, given: Any) -> None:
        if isinstance(given, list) and all(isinstance(n, str) for n in given):
            return
        if isinstance(given, dict):
            for key, values in given.items():
                listed = values if isinstance(values, list) else [values]
                if not all(isinstance(v, str | int | float) for v in listed):
                    raise FileFormatError(
                        f"{self.where}: node set {name!r}: {key!r} is {shorten(values)}, "
                        "neither a number nor a text nor a list of these"
                    )
            return
        raise FileFormatError(
            f"{self.where}: node set {name!r} is {shorten(given)}, neither attributes nor a list "
            "of names"
        )

    def resolved(self, name: str) -> dict[str, np.ndarray]:
        """The node ids of a set by population: int64, ascending; populations without are left out.

        Raises
        ------
        UnknownNameError
            If there is no such set, population or attribute.
        ValidationError
            If sets go round in a circle.
        """
        places = self._places(name, ())
        return {
            p: np.sort(self.populations[p].ids[mask]) for p, mask in places.items() if mask.any()
        }

    def _places(self, name: str, above: tuple[str, ...]) -> dict[str, np.ndarray]:
        if name in above:
            circle = " -> ".join((*above[above.index(name) :], name))
            raise ValidationError(
                self.where, f"node sets go round in a circle: {circle}", "no circles"
            )
        if name not in self.definitions:
            if name in self.populations:
                return {name: np.ones(len(self.populations[name]), bool)}
            raise UnknownNameError(f"{self.where}, node set", name, list(self))
        given = self.definitions[name]
        if isinstance(given, dict):
            return self._matching(name, given)
        found: dict[str, np.ndarray] = {}
        for other in given:
            for population, mask in self._places(other, (*above, name)).items():
                found[population] = found.get(population, False) | mask
        return found

    def _matching(self, name: str, rules: Mapping[str, Any]) -> dict[str, np.ndarray]:
        found = {p: np.ones(len(nodes), bool) for p, nodes in self.populations.items()}
        for key, given in rules.items():
            values = given if isinstance(given, list) else [given]
            known = False
            if key == "population":
                for unknown in set(values) - set(found):
                    raise UnknownNameError(
                        f"{self.where}, node set {name!r}, population", unknown, self.populations
                    )
            for population, nodes in self.populations.items():
                mask = _mask(population, nodes, key, values)
                known |= mask is not None
                found[population] &= False if mask is None else mask
            if not known:
                raise UnknownNameError(
                    f"{self.where}, node set {name!r}, attribute", key, self._attributes()
                )
        return found

    def _attributes(self) -> set[str]:
        names = {*_OWN, "node_type_id", "node_group_id", "model_type", "model_template"}
        for nodes in self.populations.values():
            for row in nodes.table.rows.values():
                names |= set(row)
            for group in nodes.table.groups.values():
                names |= set(group.attributes)
        return names


def _mask(population: str, nodes: Nodes, key: str, values: list[Any]) -> np.ndarray | None:
    """Which nodes have one of the values; None if none of them has the attribute."""
    if key == "population":
        return np.full(len(nodes), population in values)
    whole = {
        "node_id": nodes.ids,
        "node_type_id": nodes.table.type_ids,
        "node_group_id": nodes.table.group_ids,
    }
    if key in whole:
        wanted = [v for v in values if not isinstance(v, str) and v == v // 1 and abs(v) < 1 << 62]
        return np.isin(whole[key], np.array(wanted, np.int64))
    held = nodes.table.attribute(key)
    if held is None:
        return None
    plain = {float(v) if isinstance(v, bool | int | float) else v for v in values}
    return np.fromiter((v in plain for v in held), bool, len(held))


def read_node_sets(path: Path | None, populations: Mapping[str, Nodes]) -> NodeSets:
    """Read a file of node sets; without one, there are the populations alone.

    Raises
    ------
    FileFormatError
        If it is something else.
    """
    given = {} if path is None else load_json(path)
    if not isinstance(given, dict):
        raise FileFormatError(f"{path}: holds {shorten(given)}, no node sets by name")
    return NodeSets(given, populations, str(path or "node sets"))
