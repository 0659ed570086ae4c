"""Projections: connections as columns of indices, weights, delays and other parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.connectors import Connector
from pyNN.parameters import LazyArray, ParameterSpace
from pyNN.space import Space

from . import simulator
from .connecting import connect_at_once
from .populations import Ends

__all__ = ["Connection", "Projection"]

_OWN = ("_projection", "_place", "presynaptic_index", "postsynaptic_index")


class Connection(common.Connection):  # type: ignore[misc]
    """One connection of a projection; its attributes may be read and set.

    Attributes
    ----------
    presynaptic_index, postsynaptic_index : int
        Places in the projection's two sides.
    """

    def __init__(self, projection: Projection, place: int) -> None:
        self._projection, self._place = projection, place
        self.presynaptic_index = int(projection.pre_index[place])
        self.postsynaptic_index = int(projection.post_index[place])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return float(self._projection.column(self._projection.native_name(name))[self._place])

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
            return
        native = self._projection.native_name(name)
        column = self._projection.column(native).copy()
        column[self._place] = value
        self._projection.write({native: column})

    def as_tuple(self, *attribute_names: str) -> tuple[Any, ...]:
        """The attributes of these names."""
        return tuple(getattr(self, name) for name in attribute_names)


class Projection(common.Projection):  # type: ignore[misc]
    __doc__ = common.Projection.__doc__
    _simulator = simulator

    def __init__(
        self,
        presynaptic_neurons: Any,
        postsynaptic_neurons: Any,
        connector: Connector,
        synapse_type: Any = None,
        source: Any = None,
        receptor_type: str | None = None,
        space: Space | None = None,
        label: str | None = None,
    ) -> None:
        super().__init__(
            presynaptic_neurons,
            postsynaptic_neurons,
            connector,
            synapse_type,
            source,
            receptor_type,
            Space() if space is None else space,
            label,
        )
        state = simulator.state
        self.name = f"projection {len(state.projections)}"
        self.ends = Ends(self.pre), Ends(self.post)
        #: Whether weights were set since the last run; they are kept as learned otherwise.
        self.weights_set = False
        self._pieces: list[tuple[np.ndarray, int, dict[str, Any]]] = []
        self.columns: dict[str, Any] = {}
        if not connect_at_once(connector, self):
            connector.connect(self)
            self._gather()
        state.projections.append(self)
        state.changed()

    @property
    def _static_synapse_class(self) -> type:
        from .standardmodels import StaticSynapse

        made: type = StaticSynapse
        return made

    def _convergent_connect(
        self,
        presynaptic_indices: np.ndarray,
        postsynaptic_index: int,
        location_selector: Any = None,
        **connection_parameters: Any,
    ) -> None:
        """Connect neurons to one target; parameters are native, numbers or arrays."""
        if location_selector is not None:
            raise NotImplementedError("Neurons have no compartments here: no location_selector.")
        self._pieces.append(
            (np.asarray(presynaptic_indices), int(postsynaptic_index), connection_parameters)
        )

    def _gather(self) -> None:
        """Make columns of what connectors handed over, target by target."""
        pieces, self._pieces = self._pieces, []
        counts = [len(pre) for pre, _, _ in pieces]
        pre = np.concatenate([*(p for p, _, _ in pieces), np.zeros(0, np.int64)])
        post = np.repeat(np.array([p for _, p, _ in pieces], dtype=np.int64), counts)
        names = pieces[0][2] if pieces else ()
        columns: dict[str, Any] = {}
        for name in names:
            values = [given[name] for _, _, given in pieces]
            if all(np.ndim(v) == 0 for v in values) and len(set(map(float, values))) == 1:
                columns[name] = float(values[0])
            else:
                parts = [np.broadcast_to(v, n) for v, n in zip(values, counts)]
                columns[name] = np.concatenate(parts).astype(float)
        self.set_connections(pre, post, columns)

    def set_connections(self, pre: np.ndarray, post: np.ndarray, columns: dict[str, Any]) -> None:
        """Take all connections, with native parameters: a number for all, or an array each."""
        self.pre_index, self.post_index = pre.astype(np.int32), post.astype(np.int32)
        self.columns = columns

    def __len__(self) -> int:
        return len(self.pre_index)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [Connection(self, k) for k in range(*i.indices(len(self)))]
        if not -len(self) <= i < len(self):
            raise IndexError(f"connection {i} of {len(self)}")
        return Connection(self, int(i) % len(self))

    @property
    def connections(self) -> Iterator[Connection]:
        """One after the other."""
        return iter(self)

    def native_name(self, name: str) -> str:
        """The native name of an attribute."""
        if name not in self.synapse_type.translations:
            raise AttributeError(f"{type(self.synapse_type).__name__} has no attribute {name!r}")
        native: str = self.synapse_type.translations[name]["translated_name"]
        return native

    def least_delay(self) -> float:
        """The least delay of its connections, in ms."""
        return float(np.min(self.columns["delay"]))

    def column(self, name: str) -> np.ndarray:
        """A native parameter of every connection, as it is now: float64."""
        if name == "weight" and not self.weights_set:
            learned = simulator.state.weights_now(self)
            if learned is not None:
                return learned
        return self.column_as_set(name)

    def column_as_set(self, name: str) -> np.ndarray:
        """A native parameter of every connection, before anything was learned: float64."""
        return np.broadcast_to(np.asarray(self.columns[name], dtype=float), (len(self),))

    def write(self, values: dict[str, Any]) -> None:
        """Set native parameters; they act from the next run on."""
        self.columns = self.columns | values
        self.weights_set |= "weight" in values
        simulator.state.changed()

    def forget_learned(self) -> None:
        """Go back to the weights that were set."""
        self.weights_set = False

    def _set_attributes(self, parameter_space: ParameterSpace) -> None:
        changed: dict[str, Any] = {}
        for name, value in parameter_space.items():
            if name not in self.columns:
                raise errors.NonExistentParameterError(
                    name, type(self.synapse_type).__name__, list(self.columns)
                )
            changed[name] = self._of_each(value)
        for name, value in changed.items():
            self._check(name, value)
        self.write(changed)

    def _check(self, native: str, value: Any) -> None:
        for name, check in getattr(self.synapse_type, "parameter_checks", {}).items():
            if self.native_name(name) == native:
                check(value, self)

    def _of_each(self, value: LazyArray) -> Any:
        """The values of a matrix at the connections; a number if it is the same everywhere."""
        if value.is_homogeneous:
            return float(value.evaluate(simplify=True))
        if isinstance(value.base_value, np.ndarray):
            matrix = value.evaluate(simplify=False)
            return np.asarray(matrix[self.pre_index, self.post_index], dtype=float)
        found = np.empty(len(self))
        order = np.argsort(self.post_index, kind="stable")
        targets, starts = np.unique(self.post_index[order], return_index=True)
        for target, places in zip(targets, np.split(order, starts[1:])):
            found[places] = value[self.pre_index[places].astype(int), int(target)]
        return found

    def _set_initial_value_array(self, variable: str, initial_value: LazyArray) -> None:
        if not np.any(initial_value.evaluate(simplify=True)):
            return
        raise NotImplementedError(f"initial values of {variable!r} of connections cannot be set")

    def _get_attributes_as_list(self, names: list[str]) -> list[tuple[Any, ...]]:
        own = {
            "presynaptic_index": self.pre_index,
            "postsynaptic_index": self.post_index,
        }
        columns = [(own[n] if n in own else self.column(n)).tolist() for n in names]
        return list(zip(*columns))

    def _get_attributes_as_arrays(
        self, names: list[str], multiple_synapses: str = "sum"
    ) -> list[np.ndarray]:
        return [self._matrix(self.column(name), multiple_synapses) for name in names]

    def _matrix(self, values: np.ndarray, several: str) -> np.ndarray:
        """A column as a matrix (pre, post); NaN where there is no connection."""
        matrix = np.full(self.shape, np.nan)
        at = self.pre_index, self.post_index
        if several == "sum":
            matrix[at] = 0.0
            np.add.at(matrix, at, values)
        elif several in ("min", "max"):
            matrix[at] = np.inf if several == "min" else -np.inf
            (np.minimum if several == "min" else np.maximum).at(matrix, at, values)
        else:
            # An array of places is gone through in its order; a slice backwards need not be.
            order = np.arange(len(values))[:: -1 if several == "first" else 1].copy()
            matrix[at[0][order], at[1][order]] = values[order]
        return matrix
