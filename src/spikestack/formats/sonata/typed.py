"""Tables of nodes and of edges: each row has a type, and a place in a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import FileFormatError, shorten
from .config import load_json
from .problems import Problems
from .store import Store
from .tables import Types, number_of

__all__ = ["Group", "Table", "read_table"]


@dataclass(frozen=True)
class Group:
    """A group: attributes (float64 or texts), and what overrides parameters (float64)."""

    attributes: Mapping[str, np.ndarray]
    dynamics: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Table:
    """The rows of a population of nodes or edges.

    Attributes
    ----------
    name
        Of the population.
    where
        For messages.
    type_ids, group_ids, group_index
        int64[n].
    rows
        What the types say, by id: column to text.
    given
        The parameters of the types' own files, by id.
    groups
        By id.
    """

    name: str
    where: str
    type_ids: np.ndarray
    group_ids: np.ndarray
    group_index: np.ndarray
    rows: Mapping[int, Mapping[str, str]]
    given: Mapping[int, Mapping[str, Any]]
    groups: Mapping[int, Group]

    def __len__(self) -> int:
        return len(self.type_ids)

    def texts(self, name: str) -> np.ndarray:
        """An attribute as text for every row, empty where there is none: object[n]."""
        present, place = _unique(self.type_ids)
        base = np.array([self.rows[int(t)].get(name, "") for t in present], dtype=object)
        found = base[place]
        for group, rows in self._rows_of_groups():
            held = group.attributes.get(name)
            if held is not None:
                values = held[self.group_index[rows]]
                found[rows] = values if held.dtype == object else [f"{v:g}" for v in values]
        return found

    def attribute(self, name: str) -> np.ndarray | None:
        """An attribute for every row, numbers or texts, None where a row has none: object[n].

        None if no row has it.
        """
        present, place = _unique(self.type_ids)
        base = np.array([_read(self.rows[int(t)].get(name)) for t in present] + [None], object)
        found = base[:-1][place]
        for group, rows in self._rows_of_groups():
            if name in group.attributes:
                found[rows] = group.attributes[name][self.group_index[rows]]
        return None if all(value is None for value in found) else found

    def numbers(self, names: tuple[str, ...], default: float | None, rows: np.ndarray) -> Any:
        """A number for each of some rows, by the first of its names that is given.

        What stands in a group beats what a type says, and there parameters beat attributes.

        Parameters
        ----------
        names
            Of the number.
        default
            For rows without; None where there is none.
        rows
            Which rows: int64[k].

        Returns
        -------
        float, numpy.ndarray or None
            One number if the types agree on it, else float64[k] (NaN for rows without, if there is
            no default); None if no row has one and there is no default.
        """
        present, place = _unique(self.type_ids[rows])
        base = [self._of_type(int(t), names) for t in present]
        missing = np.nan if default is None else default
        found = np.array([missing if value is None else value for value in base], np.float64)
        held = [(group, name) for group in self.groups.values() if (name := _held(group, names))]
        if not any(self._uses(group, rows) for group, _ in held):
            if all(value is None for value in base):
                return default
            same = len(found) == 1 or (found == found[0]).all()
            return float(found[0]) if same else found[place]
        return self._overridden(found[place], names, rows)

    def _overridden(self, values: np.ndarray, names: tuple[str, ...], rows: np.ndarray) -> Any:
        for g, group in self.groups.items():
            if (name := _held(group, names)) is None:
                continue
            array = group.dynamics[name] if name in group.dynamics else group.attributes[name]
            mine = self.group_ids[rows] == g
            values[mine] = array[self.group_index[rows[mine]]]
        return values

    def _of_type(self, type_id: int, names: tuple[str, ...]) -> float | None:
        for source in (self.given[type_id], self.rows[type_id]):
            for name in names:
                if name in source:
                    where = f"{self.where}, type {type_id}, {name}"
                    return number_of(source[name], where)
        return None

    def _uses(self, group: Group, rows: np.ndarray) -> bool:
        ids = [g for g, held in self.groups.items() if held is group]
        return bool(np.isin(self.group_ids[rows], ids).any())

    def _rows_of_groups(self) -> list[tuple[Group, np.ndarray]]:
        return [(g, np.flatnonzero(self.group_ids == i)) for i, g in self.groups.items()]

    def check_parameters(self, known: set[str], rows: np.ndarray, what: str, to: Problems) -> None:
        """Note the parameters of some rows that have a name which nothing bears."""
        named: set[str] = set()
        for type_id in np.unique(self.type_ids[rows]):
            named |= set(self.given[int(type_id)])
        for group in self.groups.values():
            if group.dynamics and self._uses(group, rows):
                named |= set(group.dynamics)
        for name in sorted(named - known):
            to.add(f"{self.where}: {what} has no parameter {name!r}")


def _held(group: Group, names: tuple[str, ...]) -> str | None:
    for source in (group.dynamics, group.attributes):
        for name in names:
            if name in source and source[name].dtype != object:
                return name
    return None


def _read(text: str | None) -> Any:
    """A field of a table of types as a number if it is one."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _unique(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct ids, and the place of each entry's among them."""
    if len(ids) and (ids == ids[0]).all():
        return ids[:1], np.zeros(len(ids), np.int64)
    return np.unique(ids, return_inverse=True)


def read_table(
    store: Store,
    kind: str,
    name: str,
    size: int,
    types: Types,
    parameters: Callable[[str], Any],
    wanted: set[str] | None = None,
) -> Table:
    """Read the rows of a population.

    Parameters
    ----------
    store
        The file.
    kind
        ``"node"`` or ``"edge"``.
    name
        Of the population.
    size
        How many rows.
    types
        Their types.
    parameters
        Finds the path of a type's file of parameters, by what the table says.
    wanted
        Attributes to read; all by default.

    Raises
    ------
    FileFormatError
        If something is missing, of another kind or length, or out of range.
    """
    at, where = f"/{kind}s/{name}", f"{store.path}, {kind}s {name!r}"
    type_ids = store.ids(f"{at}/{kind}_type_id", size)
    groups = [g for g in store.names(at)[0] if g.isdecimal()]
    if store.has(f"{at}/{kind}_group_id") or store.has(f"{at}/{kind}_group_index"):
        group_ids = store.ids(f"{at}/{kind}_group_id", size)
        group_index = store.ids(f"{at}/{kind}_group_index", size)
    elif len(groups) <= 1:
        group_ids = np.full(size, int(groups[0]) if groups else 0)
        group_index = np.arange(size)
    else:
        raise store.error(f"{at} has {len(groups)} groups and no {kind}_group_id")
    rows = {int(t): types.row(name, int(t)) for t in np.unique(type_ids)}
    given = {t: _given(row, parameters, f"{where}, type {t}") for t, row in rows.items()}
    made = {
        int(g): _group(store, f"{at}/{g}", int(g), group_ids, group_index, wanted) for g in groups
    }
    for g in np.unique(group_ids):
        if int(g) not in made:
            raise store.error(f"{at} has no group {int(g)}, which rows belong to")
    return Table(name, where, type_ids, group_ids, group_index, rows, given, made)


def _given(row: Mapping[str, str], path_of: Callable[[str], Any], where: str) -> dict[str, Any]:
    if "dynamics_params" not in row:
        return {}
    found = load_json(path_of(row["dynamics_params"]))
    if not isinstance(found, dict):
        raise FileFormatError(
            f"{where}: dynamics_params holds {shorten(found)}, not names and numbers"
        )
    return found


def _group(
    store: Store,
    at: str,
    number: int,
    group_ids: np.ndarray,
    group_index: np.ndarray,
    wanted: set[str] | None,
) -> Group:
    mine = group_index[group_ids == number]
    needed = int(mine.max()) + 1 if len(mine) else 0

    def read(place: str, numbers_only: bool) -> np.ndarray:
        length = store.length(place)
        if length < needed:
            raise store.error(f"array {place!r} has {length} entries, and a row needs {needed}")
        if numbers_only:
            return store.numbers(place, "iuf", length).astype(np.float64)
        return store.column(place, length)

    names = [n for n in store.names(at)[1] if wanted is None or n in wanted]
    attributes = {name: read(f"{at}/{name}", False) for name in names}
    for name in store.names(f"{at}/@library")[1]:
        if name in attributes:
            words = store.column(f"{at}/@library/{name}", store.length(f"{at}/@library/{name}"))
            attributes[name] = _from_library(store, at, name, attributes[name], words)
    inner = f"{at}/dynamics_params"
    dynamics = {name: read(f"{inner}/{name}", True) for name in store.names(inner)[1]}
    return Group(attributes, dynamics)


def _from_library(
    store: Store, at: str, name: str, numbers: np.ndarray, words: np.ndarray
) -> np.ndarray:
    """Texts that stand once in a library, by number."""
    if numbers.dtype == object or words.dtype != object:
        raise store.error(f"{at}/@library/{name} is no list of texts for numbers")
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(words)):
        raise store.error(f"{at}/{name} goes beyond its library of {len(words)} texts")
    return words[numbers.astype(np.int64)]
