"""Synapses read back: who is connected to whom, by which weight, with which delay."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .engines.cpu.columns import count_kept, fill_columns, fill_listed
from .engines.cpu.lookup import flat_value
from .errors import UnknownNameError, ValidationError, shorten
from .network.network import Network, Projection
from .network.population import View
from .numerics import edges as enumerators
from .numerics import rows
from .program.edge_values import CONSTANT, TABLE, to_quanta
from .program.program import EdgeProgram, Program

__all__ = ["Connections", "connections_of"]

#: Kinds of rule whose rows are found many times faster all at once than one by one.
_AT_ONCE = (rows.PICKED_SOURCES, rows.PICKED_PAIRS)
_BLOCK = 4096
#: Edges from which on several threads are worth starting.
_MANY = 100_000

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.floating]


class Connections:
    """The synapses of one projection, in order of their source, then as the rule enumerates them.

    Columns are computed when they are first asked for, and kept. Made by `Simulation.connections`
    and `Network.connections`.

    Attributes
    ----------
    name
        Of the projection.
    pre_population, post_population
        Names of the populations that it joins.
    weight_unit
        Unit of `weight`, as its synapse declares it; empty for numbers without one.
    """

    def __init__(
        self,
        projection: Projection,
        edge: EdgeProgram,
        dtype: type,
        threads: int,
        chosen: Any,
        learned: np.ndarray | None = None,
    ) -> None:
        self.name = projection.name
        populations = projection.pre.population, projection.post.population
        self.pre_population, self.post_population = (p.name for p in populations)
        self.weight_unit = str(projection.synapse.unit_of_weight())
        self._sizes = tuple(p.size for p in populations)
        self._edge, self._dtype, self._threads = edge, np.dtype(dtype), threads
        self._scale = projection.synapse.unit_of_weight().scale
        self._columns: dict[str, np.ndarray] = {}
        self._choose(*chosen)
        if learned is not None:
            self._take(learned, projection, chosen)

    def _take(self, learned: np.ndarray, projection: Projection, chosen: Any) -> None:
        """Weights as they have become, ours to change; only the chosen synapses' are kept."""
        weights = learned
        if self._scale != 1.0:
            weights /= self._scale
        if len(self) < len(weights):
            whole = Connections(projection, self._edge, self._dtype.type, 1, (None, None))
            keep = np.ones(len(weights), bool)
            for side, ids, size in zip(chosen, (whole.pre, whole.post), self._sizes):
                if side is not None:
                    keep &= _mask(side, size, f"connections of {self.name!r}")[ids]
            weights = weights[keep]
        weights.flags.writeable = False
        self._columns["weight"] = weights

    def _choose(self, pre: Any, post: Any) -> None:
        """Rows of the rule to go through, ascending by neuron, and which targets to keep."""
        edge = self._edge
        order = np.argsort(edge.pre_ids, kind="stable")
        if pre is not None:
            wanted = _mask(pre, self._sizes[0], f"connections of {self.name!r}, pre")
            order = order[wanted[edge.pre_ids[order]]]
        self._sources = order.astype(np.int64)
        self._keep = np.zeros(0, bool)
        if post is not None:
            wanted = _mask(post, self._sizes[1], f"connections of {self.name!r}, post")
            self._keep = wanted[edge.post_ids]
        self._widest = max(1, enumerators.max_row(edge.rule))
        self._whole = pre is None and post is None

    @cached_property
    def _listed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """All rows, where that is how they are found."""
        return self._list() if self._edge.rule.kind in _AT_ONCE else None

    @cached_property
    def _starts(self) -> np.ndarray:
        """Where the edges of each source begin, and where the last end."""
        counts = self._listed[0] if self._listed else self._counts()
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def __len__(self) -> int:
        if self._whole:
            return enumerators.expected_edges(self._edge.rule)
        return int(self._starts[-1])

    @property
    def pre(self) -> Ints:
        """Sources: int32[n], index within the population."""
        return self._column("pre")

    @property
    def post(self) -> Ints:
        """Targets: int32[n], index within the population."""
        return self._column("post")

    @property
    def weight(self) -> Floats:
        """Weights, in `weight_unit`: float32[n], or float64 in double precision.

        Rounded to the quantum of their receptor, as the engines use them; those of plastic
        synapses as they are now.
        """
        return self._column("weight")

    @property
    def delay(self) -> Floats:
        """Delays, axonal and dendritic together, in ms: [n], of the type of `weight`."""
        return self._column("delay")

    def to_numpy(self) -> dict[str, np.ndarray]:
        """All columns by name: pre, post, weight, delay; found in one pass."""
        self._fill(("pre", "post", "weight", "delay"))
        return {name: self._columns[name] for name in ("pre", "post", "weight", "delay")}

    def to_dataframe(self) -> Any:
        """A pandas.DataFrame with one row a synapse: pre, post, weight, delay.

        Raises
        ------
        MissingExtraError
            Without pandas.
        """
        from .recording.checks import pandas

        frame = pandas()
        return frame.DataFrame(self.to_numpy())

    def matrix(self, column: str = "weight") -> Any:
        """A SciPy sparse matrix, sources by targets, of the weights or of another column.

        Where a pair is connected several times, weights are summed; of delays, which would be
        summed too, that is refused.

        Returns
        -------
        scipy.sparse.csr_array
            Of shape (size of the source population, size of the target population).

        Raises
        ------
        ValidationError
            If `column` is neither ``"weight"`` nor ``"delay"``, or delays are ambiguous.
        """
        from scipy.sparse import csr_array

        where = f"connections of {self.name!r}"
        if column not in ("weight", "delay"):
            raise ValidationError(f"{where}.matrix", f"got {shorten(column)}", "weight or delay")
        self._fill(("post", column))
        starts = np.zeros(self._sizes[0] + 1, np.int64)
        starts[self._edge.pre_ids[self._sources] + 1] = np.diff(self._starts)
        starts = np.cumsum(starts)
        index = np.int64 if len(self) >= 2**31 else np.int32
        parts = (self._columns[column].copy(), self.post.astype(index), starts.astype(index))
        made = csr_array(parts, shape=self._sizes)
        made.sum_duplicates()
        if column == "delay" and made.nnz < len(self):
            raise ValidationError(
                f"{where}.matrix",
                "some pairs are connected several times, each with a delay",
                "one delay each",
                "use pre, post and delay",
            )
        return made

    def __repr__(self) -> str:
        return (
            f"<Connections {self.name!r}: {len(self):,} synapses from "
            f"{self.pre_population!r} to {self.post_population!r}>"
        )

    def _column(self, name: str) -> Any:
        self._fill((name,))
        return self._columns[name]

    def _fill(self, names: tuple[str, ...]) -> None:
        """Compute those of `names` that are missing, in one pass."""
        missing = [name for name in names if name not in self._columns]
        if not missing:
            return
        types = {"pre": np.dtype(np.int32), "post": np.dtype(np.int32)}
        made = {name: np.empty(len(self), types.get(name, self._dtype)) for name in missing}
        none = {name: np.empty(0, types.get(name, self._dtype)) for name in _NAMES}
        columns = {**none, **made}
        edge = self._edge
        if self._listed:
            self._fill_listed(columns)
        elif missing == ["pre"]:
            made["pre"][:] = np.repeat(self._ids()[0][self._sources], np.diff(self._starts))
        elif missing == ["weight"] and edge.weight.kind == CONSTANT:
            made["weight"][:] = self._values()[-1][0]
        elif len(self):
            rows_of = edge.rule.flat, self._ids(), self._sources, self._keep, self._starts
            fixed = (*rows_of, self._values())
            self._in_threads(fill_columns, fixed, tuple(columns.values()), self._starts)
        for name, column in made.items():
            column.flags.writeable = False
            self._columns[name] = column

    def _fill_listed(self, columns: dict[str, np.ndarray]) -> None:
        assert self._listed is not None
        _, targets, ordinals = self._listed
        pre_ids, post_ids = self._edge.pre_ids, self._edge.post_ids
        if len(columns["pre"]):
            columns["pre"][:] = np.repeat(pre_ids[self._sources], np.diff(self._starts))
        if len(columns["post"]):
            columns["post"][:] = post_ids[targets]
        if len(columns["weight"]) or len(columns["delay"]):
            values, out = self._values(), (columns["weight"], columns["delay"])
            bounds = [len(self) * t // self._threads for t in range(self._threads + 1)]
            _each(
                self._threads,
                lambda part: fill_listed(ordinals, values, part, _BLOCK, *out),
                bounds,
            )

    def _list(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All rows at once, in the order asked for, filtered: counts, targets, ordinals."""
        starts, targets, ordinals = enumerators.expand(self._edge.rule)
        if (
            len(self._sources) == len(starts) - 1
            and not len(self._keep)
            and _ascends(self._sources)
        ):
            return np.diff(starts), targets, ordinals
        source = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        place = np.full(len(starts) - 1, -1, np.int64)
        place[self._sources] = np.arange(len(self._sources))
        order = place[source]
        kept = order >= 0
        if len(self._keep):
            kept &= self._keep[targets]
        which = np.flatnonzero(kept)
        if np.any(np.diff(order[which]) < 0):
            which = which[np.argsort(order[which], kind="stable")]
        counts = np.bincount(order[which], minlength=len(self._sources))
        return counts, targets[which], ordinals[which]

    def _counts(self) -> np.ndarray:
        """Edges of each source: from the rule where nothing is filtered, else by going through."""
        rule, counts = self._edge.rule, np.zeros(len(self._sources), np.int64)
        if not len(self._keep):
            return enumerators.degrees(rule)[self._sources]
        each = np.arange(len(counts) + 1)
        self._in_threads(count_kept, (rule.flat, self._sources, self._keep), (counts,), each)
        return counts

    def _ids(self) -> tuple[np.ndarray, np.ndarray]:
        post = self._edge.post_ids
        same = np.array_equal(post, np.arange(len(post)))
        return self._edge.pre_ids.astype(np.int32), (post[:0] if same else post).astype(np.int32)

    def _values(self) -> tuple[Any, ...]:
        edge, spec = self._edge, self._edge.weight
        levels = np.zeros(1)
        if spec.kind == CONSTANT:
            levels = spec.params[:1]
        elif spec.kind == TABLE:
            levels = (spec.params[0] + np.arange(len(spec.cut))) * spec.params[1]
        quanta = np.array([to_quanta(value, edge.quantum) for value in levels], dtype=np.float64)
        lookup = (quanta * edge.quantum / self._scale).astype(self._dtype)
        flat = (flat_value(spec), flat_value(edge.delay), flat_value(edge.dendritic))
        return (*flat, edge.dt, edge.quantum, self._scale, lookup)

    def _in_threads(
        self, go: Any, fixed: tuple[Any, ...], out: tuple[np.ndarray, ...], starts: np.ndarray
    ) -> None:
        """Go through shares of the rows with equally many edges."""
        threads = self._threads if self._edge.expected_edges >= _MANY else 1
        marks = starts[-1] * np.arange(threads + 1) // threads
        bounds = np.searchsorted(starts, marks).tolist()
        bounds[-1] = len(self._sources)
        _each(threads, lambda part: go(*fixed, part, self._widest, *out), bounds)


def _ascends(array: np.ndarray) -> bool:
    return bool((np.diff(array) > 0).all())


_NAMES = ("pre", "post", "weight", "delay")


def _each(threads: int, go: Callable[[tuple[int, int]], Any], bounds: list[int]) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(go, part) for part in pairwise(bounds)]:
            future.result()


def _mask(chosen: Any, size: int, where: str) -> npt.NDArray[np.bool_]:
    """Which neurons a filter means: an index, a list or array of them, a slice, mask or view."""
    mask = np.zeros(size, bool)
    index = chosen.ids if isinstance(chosen, View) else chosen
    if isinstance(index, list | tuple | range):
        index = np.asarray(index)
        index = index.astype(np.int64) if not index.size else index
    good = isinstance(index, slice | int | np.integer) or (
        isinstance(index, np.ndarray) and index.dtype.kind in "iub"
    )
    if not good or isinstance(index, bool):
        raise ValidationError(where, f"got {shorten(chosen)}", "indices, a slice, a mask or a view")
    try:
        mask[index] = True
    except (IndexError, ValueError) as error:
        raise ValidationError(where, str(error), f"indices in [0, {size})") from None
    return mask


def connections_of(
    network: Network,
    program: Program,
    name: str,
    threads: int,
    pre: Any,
    post: Any,
    learned: np.ndarray | None = None,
) -> Connections:
    """The synapses of the projection `name`; see `Simulation.connections`."""
    if name not in network.projections:
        raise UnknownNameError("connections", name, network.projections)
    edge = next(edge for edge in program.edges if edge.name == name)
    projection = network.projections[name]
    return Connections(projection, edge, program.dtype, threads, (pre, post), learned)
