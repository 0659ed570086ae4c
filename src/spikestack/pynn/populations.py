"""Populations, views of them, and assemblies."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.parameters import ArrayParameter, LazyArray, ParameterSpace, simplify
from pyNN.standardmodels import StandardCellType

from . import simulator
from .native import NativeCell
from .recording import Recorder

__all__ = ["Assembly", "Ends", "Population", "PopulationView"]

_LONGEST_LABEL = 16
_MADE_UP = re.compile(r"population\d+")


class Assembly(common.Assembly):  # type: ignore[misc]
    __doc__ = common.Assembly.__doc__
    _simulator = simulator


class _Values:
    """What populations and views share: native parameters, kept as arrays by the population."""

    celltype: Any
    size: int

    def _root(self) -> Population:
        raise NotImplementedError

    def _places(self) -> Any:
        """Which neurons of the population these are."""
        raise NotImplementedError

    def _get_native_parameters(self, *names: str) -> ParameterSpace:
        values, places = self._root().native_values, self._places()
        found = {name: simplify(values[name][places]) for name in names}
        return ParameterSpace(found, shape=(self.size,))

    def _get_parameters(self, *names: str) -> ParameterSpace:
        celltype = self.celltype
        if not isinstance(celltype, StandardCellType):
            return self._get_native_parameters(*names)
        known = celltype.get_parameter_names()
        for name in names:
            if name not in known:
                raise errors.NonExistentParameterError(name, type(celltype).__name__, known)
        computed = any(name in celltype.computed_parameters() for name in names)
        native = celltype.get_native_names(*(() if computed else names))
        return celltype.reverse_translate(self._get_native_parameters(*native))

    def _set_parameters(self, parameter_space: ParameterSpace) -> None:
        parameter_space.evaluate(simplify=False)
        self._root().write(parameter_space.as_dict(), self._places())

    def _set_initial_value_array(self, variable: str, initial_values: LazyArray) -> None:
        values = np.broadcast_to(
            np.asarray(initial_values.evaluate(simplify=False), dtype=float), (self.size,)
        )
        self._root().begin_with(variable, values, self._places())

    def _get_view(self, selector: Any, label: str | None = None) -> PopulationView:
        return PopulationView(self, selector, label)


class PopulationView(_Values, common.PopulationView):  # type: ignore[misc]
    __doc__ = common.PopulationView.__doc__
    _assembly_class = Assembly
    _simulator = simulator

    def _root(self) -> Population:
        root: Population = self.grandparent
        return root

    def _places(self) -> np.ndarray:
        return np.asarray(self.index_in_grandparent(np.arange(self.size)), dtype=np.int64)

    def _set_initial_value_array(self, variable: str, initial_values: LazyArray) -> None:
        super()._set_initial_value_array(variable, initial_values)

    def initialize(self, **initial_values: Any) -> None:
        """Set initial values of state variables of these neurons; see `Population.initialize`."""
        for variable, value in initial_values.items():
            self._set_initial_value_array(
                variable, LazyArray(value, shape=(self.size,), dtype=float)
            )


class Population(_Values, common.Population):  # type: ignore[misc]
    __doc__ = common.Population.__doc__
    _simulator = simulator
    _recorder_class = Recorder
    _assembly_class = Assembly

    def _create_cells(self) -> None:
        state = simulator.state
        first = state.id_counter
        state.id_counter += self.size
        self.all_cells = np.empty(self.size, dtype=object)
        self.all_cells[:] = [simulator.ID(number) for number in range(first, first + self.size)]
        for cell in self.all_cells:
            cell.parent = self
        self._mask_local = np.ones(self.size, dtype=bool)
        # What PyNN makes up itself counts on from one setup to the next; random numbers must not.
        given = "" if _MADE_UP.fullmatch(str(self.label)) else str(self.label)
        label = "".join(c if c.isprintable() else "?" for c in given)
        self.name = f"population {len(state.populations)} {label[:_LONGEST_LABEL]}".rstrip()
        self.initial: dict[str, np.ndarray] = {}
        self.pending: dict[str, np.ndarray] = {}
        self.native_values: dict[str, np.ndarray] = {}
        self._made: NativeCell | None = None
        standard = isinstance(self.celltype, StandardCellType)
        space = self.celltype.native_parameters if standard else self.celltype.parameter_space
        space.shape = (self.size,)
        space.evaluate(simplify=False)
        self.write(space.as_dict(), slice(None))
        state.populations.append(self)

    def _root(self) -> Population:
        return self

    def _places(self) -> slice:
        return slice(None)

    def write(self, values: dict[str, Any], places: Any) -> None:
        """Set native parameters of some neurons.

        Raises
        ------
        pyNN.errors.InvalidParameterValueError
            If they are of the wrong kind, or times that do not ascend. Nothing has changed then.
        """
        changed = {}
        for name, given in values.items():
            column = self.native_values.get(name)
            try:
                fresh = _column(given, self.size) if column is None else column.copy()
                if column is not None:
                    fresh[places] = _column(given, len(fresh[places]))
            except (TypeError, ValueError):
                raise errors.InvalidParameterValueError(
                    f"{name} should not be of type {type(given)}"
                ) from None
            if name == "spike_times":
                _check_ascending(fresh)
            changed[name] = fresh
        self.native_values |= changed
        self._made = None
        simulator.state.changed()

    def begin_with(self, variable: str, values: np.ndarray, places: Any) -> None:
        """Set initial values; in a run that has begun, also the present ones, at the next run."""
        for kept in (self.initial, self.pending):
            array = kept.get(variable, np.full(self.size, np.nan)).copy()
            array[places] = values
            kept[variable] = array
        simulator.state.changed()

    @property
    def native(self) -> NativeCell:
        """What it is made of, by its present parameters."""
        if self._made is None:
            values = {name: _plain(value) for name, value in self.native_values.items()}
            self._made = self.celltype.native(values)
        return self._made

    def refresh(self) -> None:
        """Let `native` be made anew: a model belongs to one network."""
        self._made = None

    def spike_counts(self) -> np.ndarray:
        """Recorded spikes of each neuron in this segment: int64 (size,)."""
        return self.recorder.spike_counts()


def _column(given: Any, size: int) -> np.ndarray:
    """Values of one parameter as an array with one for each neuron."""
    if isinstance(given, ArrayParameter):
        given = [given] * size
    items = list(given) if np.iterable(given) else []
    if items and isinstance(items[0], ArrayParameter):
        column = np.empty(len(items), dtype=object)
        column[:] = items
        return column
    return np.array(np.broadcast_to(np.asarray(given, dtype=float), (size,)))


def _check_ascending(column: np.ndarray) -> None:
    for item in column:
        times = np.asarray(getattr(item, "value", item), dtype=float)
        if times.ndim != 1 or not (np.diff(times) >= 0).all() or not (times >= 0).all():
            raise errors.InvalidParameterValueError(
                "Spike times must be numbers from 0 on, in increasing order"
            )


def _plain(column: np.ndarray) -> Any:
    """A number if all are equal, arrays of numbers for sequences, else the column."""
    if column.dtype == object:
        plain = np.empty(len(column), dtype=object)
        plain[:] = [np.asarray(item.value, dtype=float) for item in column]
        return plain
    return float(column[0]) if (column == column[0]).all() else column.copy()


class Ends:
    """One side of a projection: where the neurons of a population, view or assembly live."""

    def __init__(self, group: Any) -> None:
        parts = group.populations if isinstance(group, common.Assembly) else [group]
        self._roots: list[Population] = []
        of, local = [], []
        for part in parts:
            root = part._root()
            if root not in self._roots:
                self._roots.append(root)
            of.append(np.full(part.size, self._roots.index(root)))
            local.append(np.arange(root.size)[part._places()])
        self._of, self._local = np.concatenate(of), np.concatenate(local)

    def populations(self, index: np.ndarray) -> list[tuple[np.ndarray | None, Population]]:
        """The populations, each with which of the given neurons live there (None for all)."""
        if len(self._roots) == 1:
            return [(None, self._roots[0])]
        of = self._of[index]
        return [(of == k, root) for k, root in enumerate(self._roots)]

    def local(self, index: np.ndarray) -> np.ndarray:
        """Indices in their populations: int64."""
        return self._local[index]
