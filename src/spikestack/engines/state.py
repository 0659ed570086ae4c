"""The State: everything that changes while running, spikes in flight included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError
from ..program.compact_edges import compact_weights
from ..program.edge_list import EdgeList, edge_list
from ..program.learning import PlasticProgram
from ..program.live import Events, Live, largest_count
from ..program.program import EdgeProgram, Program, ValueSpec
from ..program.structure import wiring_of
from ..storage import read_archive, write_archive
from .saved_structure import load_structure, structure_arrays

__all__ = [
    "Learned",
    "Spikes",
    "State",
    "edges_of",
    "initial_state",
    "load_state",
    "save_state",
    "trace_depth",
]

_LEARNED = (
    *("states", "source", "sources", "target", "targets"),
    *("modulator", "modulators", "control"),
)


@dataclass(frozen=True)
class Spikes:
    """Spikes sorted by (trial, step, global neuron index).

    Attributes
    ----------
    steps : int64
        The step at whose end each was emitted.
    trials : int32
    ids : int64
        Index in the whole program.
    values : float64
        What it carries; 1 where spikes carry nothing.
    """

    steps: np.ndarray
    trials: np.ndarray
    ids: np.ndarray
    values: np.ndarray

    @classmethod
    def none(cls) -> Spikes:
        """No spikes."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0))

    @classmethod
    def chain(cls, parts: list[Spikes]) -> Spikes:
        """Join parts that follow each other in the right order already."""
        parts = [part for part in parts if len(part)]
        if len(parts) < 2:
            return parts[0] if parts else cls.none()
        return cls(*(np.concatenate([getattr(p, f) for p in parts]) for f in cls.__annotations__))

    @classmethod
    def join(cls, parts: list[Spikes]) -> Spikes:
        """Join and sort."""
        if not parts:
            return cls.none()
        made = cls(*(np.concatenate([getattr(p, f) for p in parts]) for f in cls.__annotations__))
        if made._is_sorted():
            return made
        # Pieces that follow each other in time need their trials brought together, and no more.
        made = made._ordered(np.argsort(made.trials, kind="stable"))
        if made._is_sorted():
            return made
        return made._ordered(np.lexsort((made.ids, made.steps, made.trials)))

    def _ordered(self, order: np.ndarray) -> Spikes:
        return Spikes(*(getattr(self, f)[order] for f in self.__annotations__))

    def _is_sorted(self) -> bool:
        trial, step, index = (np.diff(x) for x in (self.trials, self.steps, self.ids))
        same = trial == 0
        later = (step > 0) | ((step == 0) & (index > 0))
        return bool(((trial > 0) | (same & later)).all())

    def since(self, step: int) -> Spikes:
        """Those emitted after `step`."""
        keep = self.steps > step
        return Spikes(self.steps[keep], self.trials[keep], self.ids[keep], self.values[keep])

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True)
class Learned:
    """What plasticity has made of one projection, and its traces; coherent units.

    Attributes
    ----------
    states
        Weights, then the variables of each synapse: (trials, 1 + variables, synapses), by source,
        then as the rule enumerates them.
    source, target, modulator
        Traces of both sides, and of the modulator, which counts as one neuron: (trials, traces,
        neurons).
    sources, targets, modulators
        What they were just before the end of the last steps: (trials, traces, steps, neurons); step
        s is in place s modulo their number. A last row of the modulator's is the signal.
    control
        Whether weights may change (1 or 0), and the modulating signal: float64 (trials, 2).
    edges
        The synapses there are, where that changes; else they are those of the program.
    elements
        What each structural rule keeps between its rounds: float64.
    """

    states: np.ndarray
    source: np.ndarray
    sources: np.ndarray
    target: np.ndarray
    targets: np.ndarray
    modulator: np.ndarray
    modulators: np.ndarray
    control: np.ndarray
    edges: EdgeList | None = None
    elements: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(
        cls,
        arrays: Iterable[np.ndarray],
        edges: EdgeList | None = None,
        elements: tuple[np.ndarray, ...] = (),
    ) -> Learned:
        """From the arrays in their order."""
        given: dict[str, Any] = dict(zip(_LEARNED, arrays, strict=True))
        return cls(**given, edges=edges, elements=elements)

    @property
    def weights(self) -> np.ndarray:
        """(trials, synapses)."""
        return self.states[:, 0]


@dataclass(frozen=True)
class State:
    """A moment of a simulation.

    Attributes
    ----------
    step
        Steps since the start.
    values
        For every population: float array (trials, states, neurons), coherent units.
    counters
        For every population: int32 array (trials, neurons) of refractory steps left.
    in_flight
        Spikes that have not reached all their targets.
    live
        What was fed in that still matters.
    learned
        Of every plastic projection.
    """

    step: int
    values: tuple[np.ndarray, ...]
    counters: tuple[np.ndarray, ...]
    in_flight: Spikes
    live: Live = field(default_factory=Live)
    learned: tuple[Learned, ...] = ()


def initial_state(program: Program) -> State:
    """The state at t = 0."""
    values, counters = [], []
    for population in program.populations:
        shape = (program.trials, len(population.states), population.size)
        array = np.zeros(shape, dtype=program.dtype)
        for k, value in enumerate(population.initial):
            array[:, k] = value
        values.append(array)
        counters.append(np.zeros((program.trials, population.size), dtype=np.int32))
    learned = tuple(_unlearned(program, plastic) for plastic in program.plastic)
    return State(0, tuple(values), tuple(counters), Spikes.none(), learned=learned)


def _unlearned(program: Program, plastic: PlasticProgram) -> Learned:
    """Weights and traces at t = 0."""
    edge, trials, depth = program.edges[plastic.edge], program.trials, trace_depth(plastic)
    weights = compact_weights(edge, program.dtype)
    # All trials begin with the same weights, and nobody writes into a state.
    states = np.broadcast_to(weights, (trials, 1, len(weights)))
    if plastic.variables:
        rows = [_at_first(value, edge, program.dtype, len(weights)) for value in plastic.initial]
        more = np.broadcast_to(np.stack(rows), (trials, len(rows), len(weights)))
        states = np.concatenate([states, more], axis=1)
    sides = []
    sizes = [program.populations[k].size for k in (edge.pre, edge.post)]
    for traces, size in zip((plastic.sources, plastic.targets, plastic.modulators), (*sizes, 1)):
        now = np.zeros((trials, len(traces.names), size), program.dtype)
        now += np.array(traces.initial, program.dtype)[:, None]
        sides += [now, np.repeat(now[:, :, None], depth, axis=2)]
    signal = np.zeros((trials, 1, depth, 1), program.dtype)
    sides[-1] = np.concatenate([sides[-1], signal], axis=1)
    arrays = [states, *sides, np.tile([1.0, 0.0], (trials, 1))]
    if not plastic.structure:
        return Learned.of(arrays)
    seen = edge_list(edge), states[0, 0], (sides[0][0], sides[2][0]), np.zeros(0)
    wirings = (wiring_of(program, plastic, rule, *seen, 0) for rule in plastic.structure)
    elements = (rule.rule.elements(one) for rule, one in zip(plastic.structure, wirings))
    return Learned.of(arrays, seen[0], tuple(each.astype(float) for each in elements))


def _at_first(value: float | ValueSpec, edge: EdgeProgram, dtype: Any, synapses: int) -> np.ndarray:
    """A variable of all synapses at t = 0."""
    if isinstance(value, ValueSpec):
        return compact_weights(replace(edge, weight=value), dtype)
    return np.full(synapses, value, dtype)


def edges_of(program: Program, plastic: PlasticProgram, given: EdgeList | None) -> EdgeList:
    """The synapses of a plastic projection: as given, where they change, else the program's."""
    return edge_list(program.edges[plastic.edge]) if given is None else given


def trace_depth(plastic: PlasticProgram) -> int:
    """Steps of which traces are remembered: a power of two."""
    return 1 << int(plastic.lag).bit_length()


def save_state(state: State, program: Program, path: str | Path) -> None:
    """Write a state to a file, whole or not at all."""
    header: dict[str, Any] = {"step": state.step, **_identity(program)}
    arrays = {f"flight_{name}": getattr(state.in_flight, name) for name in Spikes.__annotations__}
    for k, (values, counters) in enumerate(zip(state.values, state.counters)):
        arrays |= {f"values_{k}": values, f"counters_{k}": counters}
    for k, learned in enumerate(state.learned):
        arrays |= {f"{name}_{k}": getattr(learned, name) for name in _LEARNED}
        arrays |= {f"{name}_{k}": array for name, array in structure_arrays(learned).items()}
    live = state.live
    header["fed"] = live.fed
    if len(live.events):
        arrays |= {f"fed_{f.name}": getattr(live.events, f.name) for f in fields(Events)}
    for name, settings in (("currents", live.currents), ("rates", live.rates)):
        header[name] = [[trial, port, since] for (trial, port), (since, _) in settings.items()]
        arrays |= {f"{name}_{k}": values for k, (_, values) in enumerate(settings.values())}
    write_archive(path, "state", header, arrays)


def _arrays(state: State) -> list[np.ndarray]:
    learned = [getattr(one, name) for one in state.learned for name in _LEARNED]
    return [*state.values, *state.counters, *learned]


def _identity(program: Program) -> dict[str, object]:
    return {
        "fingerprint": program.fingerprint,
        "dt": program.dt,
        "precision": program.precision,
        "trials": program.trials,
    }


def load_state(program: Program, path: str | Path) -> State:
    """Read what `save_state` wrote.

    Raises
    ------
    FileFormatError
        If the file is damaged, or is of another network, dt, precision or number of trials.
    """
    header, arrays = read_archive(path, "state")
    for name, expected in _identity(program).items():
        if header.get(name) != expected:
            raise FileFormatError(
                f"{path}: this state has {name} {header.get(name)!r}, the simulation {expected!r}; "
                "restore it into a simulation of the same network and settings"
            )
    fresh = initial_state(program)
    try:
        state = State(
            int(header["step"]),
            tuple(arrays[f"values_{k}"] for k in range(len(fresh.values))),
            tuple(arrays[f"counters_{k}"] for k in range(len(fresh.counters))),
            Spikes(*(arrays[f"flight_{name}"] for name in Spikes.__annotations__)),
            _load_live(header, arrays),
            tuple(
                Learned.of(
                    [arrays[f"{name}_{k}"] for name in _LEARNED],
                    *load_structure(program, program.plastic[k], one, arrays, k),
                )
                for k, one in enumerate(fresh.learned)
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"{path}: damaged: lacks {error}; save the state again") from error
    for got, wanted in zip(_arrays(state), _arrays(_resized(fresh, state))):
        if got.shape != wanted.shape or got.dtype != wanted.dtype:
            raise FileFormatError(
                f"{path}: damaged: an array is {got.dtype}{got.shape}, not "
                f"{wanted.dtype}{wanted.shape}; save the state again"
            )
    flight = state.in_flight
    inside = (flight.ids >= 0) & (flight.ids < program.size) & (flight.steps <= state.step)
    inside &= (flight.trials >= 0) & (flight.trials < program.trials)
    if len({len(getattr(flight, f)) for f in Spikes.__annotations__}) != 1 or not inside.all():
        raise FileFormatError(f"{path}: damaged: spikes in flight are out of range; save it again")
    _check_live(state, program, path)
    return state


def _resized(fresh: State, state: State) -> State:
    """What a state should be like: as at t = 0, but for as many synapses as there are now."""
    resized = tuple(
        one if now.edges is None else replace(one, states=_of_size(one.states, len(now.edges.pre)))
        for one, now in zip(fresh.learned, state.learned)
    )
    return replace(fresh, learned=resized)


def _of_size(states: np.ndarray, synapses: int) -> np.ndarray:
    return np.broadcast_to(states.dtype.type(0), (*states.shape[:2], synapses))


def _load_live(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Live:
    events = Events()
    if "fed_steps" in arrays:
        events = Events(*(arrays[f"fed_{f.name}"] for f in fields(Events)))
    settings = [
        {
            (int(trial), int(port)): (int(since), arrays[f"{name}_{k}"])
            for k, (trial, port, since) in enumerate(header.get(name, []))
        }
        for name in ("currents", "rates")
    ]
    return Live(events, settings[0], settings[1], int(header.get("fed", 0)))


def _check_live(state: State, program: Program, path: str | Path) -> None:
    """Raise FileFormatError if what was fed in does not fit the program."""
    e, fresh = state.live.events, Events()
    arrays = [getattr(e, f.name) for f in fields(Events)]
    kinds = [getattr(fresh, f.name).dtype for f in fields(Events)]
    good: Any = all(a.shape == (len(e),) and a.dtype == kind for a, kind in zip(arrays, kinds))
    if good and len(e):
        good = bool((e.steps > state.step).all() and np.isfinite(e.sizes).all())
        good &= _between(e.trials, program.trials) and _between(e.ports, len(program.ports))
        good = good and all(
            port.kind == "spikes" and _between(e.places[e.ports == p], len(port.ids))
            for p, port in enumerate(program.ports)
            if (e.ports == p).any()
        )
    for kind, settings in (("current", state.live.currents), ("rate", state.live.rates)):
        for (trial, p), (since, values) in settings.items():
            known = 0 <= trial < program.trials and 0 <= p < len(program.ports)
            good = good and known and program.ports[p].kind == kind and 0 <= since <= state.step
            good = good and values.dtype == np.float64 and np.isfinite(values).all()
            good = good and values.shape == program.ports[p].ids.shape
            if good and kind == "rate":
                port = program.ports[p]
                good = bool((values >= 0).all() and values.max(initial=0) <= 1e7)
                good = good and largest_count(program, port, values) <= port.largest
    if not good:
        raise FileFormatError(f"{path}: damaged: what was fed in is out of range; save it again")


def _between(numbers: np.ndarray, end: int) -> bool:
    return bool(((numbers >= 0) & (numbers < end)).all())
