"""The Program: what lowering makes of a network. Flat arrays and code; no engine is known here."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .learning import PlasticProgram
from .tac import RESTLESS, Code

__all__ = [
    "CurrentDrive",
    "CurrentProgram",
    "EdgeProgram",
    "EventProgram",
    "GapProgram",
    "PoissonProgram",
    "PopulationProgram",
    "Port",
    "ProbeProgram",
    "Program",
    "ReceptorProgram",
    "ValueSpec",
]


#: The state rows that hold injected current and that through gap junctions.
INJECTED, GAP = "i_inj", "i_gap"


@dataclass(frozen=True)
class ValueSpec:
    """A value of each edge as flat data for compiled code (see `spikestack.program.edge_values`).

    Attributes
    ----------
    kind
        0 constant, 1 array, 2 uniform, 3 normal, 4 log-normal, 5 table (see `value_tables`).
    params
        float64[6], meaning by kind; of a table: the first level, the distance of levels, their
        number, mean magnitude, standard deviation, and how far 64 bits are shifted for a column.
    array
        float64, one for each edge in the order of the rule; empty unless kind is 1.
    key
        uint64 of the random stream.
    cut, alias
        uint32 and int32, by column of a table: what share is its own level's, and whose the rest.
    """

    kind: int
    params: np.ndarray
    array: np.ndarray
    key: np.uint64
    cut: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    alias: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))


@dataclass(frozen=True)
class ReceptorProgram:
    """One receptor of a population: weights are integers times `quantum`, a power of two."""

    name: str
    quantum: float
    rounding: float


@dataclass(frozen=True)
class PopulationProgram:
    """One population.

    Attributes
    ----------
    offset
        Global index of its first neuron.
    level
        Its place in the order of zero-delay projections; populations of one level are independent.
    states
        Names of the state variables; receptors' as ``"ExponentialCurrent.i"``.
    units, scales
        Unit of each state for the user, and how many coherent units that is.
    initial
        Coherent float64 value or array for each state at t = 0, per trial where it is random.
    params
        Names of the parameters of `code`, in its order; `values` holds float or float64[size].
    n_ref
        Refractory steps: int64, or int64[size]; None without refractoriness.
    schemes
        How each variable is integrated, for reports.
    streams
        Keys of the random streams that `code` draws from (uint64, trials by streams); the counter
        is the neuron's index in the population.
    """

    name: str
    size: int
    offset: int
    level: int
    states: tuple[str, ...]
    units: tuple[str, ...]
    scales: tuple[float, ...]
    initial: tuple[Any, ...]
    params: tuple[str, ...]
    values: tuple[Any, ...]
    receptors: tuple[ReceptorProgram, ...]
    n_ref: Any
    emit_type: str
    code: Code
    schemes: dict[str, str]
    streams: np.ndarray

    @property
    def is_restless(self) -> bool:
        """Whether the state may change in any step, whatever it is and though nothing arrives."""
        return GAP in self.states or any(i.op in RESTLESS for i in self.code.instructions)


@dataclass(frozen=True)
class EdgeProgram:
    """One projection: its edges by rule, weights in quanta, delays in steps.

    `pre_ids` and `post_ids` map view indices to indices in the population (int64).
    """

    name: str
    pre: int
    post: int
    receptor: int
    rule: Any
    pre_ids: np.ndarray
    post_ids: np.ndarray
    weight: ValueSpec
    delay: ValueSpec
    dendritic: ValueSpec
    quantum: float
    dt: float
    min_delay: int
    max_delay: int
    expected_edges: float
    plastic: bool = False


@dataclass(frozen=True)
class GapProgram:
    """Gap junctions of one population.

    Attributes
    ----------
    potential, current
        Places of the potential and of the summed current among its states.
    starts
        Where each neuron's junctions begin, int64[size + 1].
    sources
        The neuron at the other end, counted over all populations (int64).
    weights
        Conductances in uS (float64).
    """

    population: int
    potential: int
    current: int
    starts: np.ndarray
    sources: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class PoissonProgram:
    """Poisson drive of one view: `tables[table_of[i]]` holds the thresholds of neuron i's count.

    `keys[trial, draw]` are stream keys; the counter is the place in the view.
    """

    population: int
    receptor: int
    ids: np.ndarray
    weights: np.ndarray
    tables: tuple[np.ndarray, ...]
    table_of: np.ndarray
    keys: np.ndarray
    start: int
    stop: int
    name: str = ""


@dataclass(frozen=True)
class EventProgram:
    """Given events of all drives, sorted by step: they add `weights` (quanta) to receptors.

    `trials` is -1 for events that every trial gets.
    """

    steps: np.ndarray
    trials: np.ndarray
    populations: np.ndarray
    receptors: np.ndarray
    ids: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class CurrentProgram:
    """Changes of injected currents, sorted by step: row ``i_inj`` of `ids` becomes `values`.

    A change at step s acts from the step that begins at s * dt.
    """

    steps: np.ndarray
    populations: np.ndarray
    ids: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class CurrentDrive:
    """One injected current: from `steps[k]` on, `amplitudes[k]` (nA) enter the neurons `ids`."""

    name: str
    population: int
    ids: np.ndarray
    steps: tuple[int, ...]
    amplitudes: tuple[Any, ...]

    def amplitude(self, step: int) -> Any:
        """nA from the step on that begins at `step` * dt; 0 before the first change."""
        last = bisect_right(self.steps, step)
        return self.amplitudes[last - 1] if last else 0.0


@dataclass(frozen=True)
class Port:
    """Where a drive acts, and whether it can be fed while the network runs.

    Attributes
    ----------
    kind
        What it can be fed: ``"spikes"``, a ``"current"`` or a ``"rate"``; ``"given"`` if nothing.
    population, receptor
        Where it acts; receptor is -1 for currents.
    ids
        The driven neurons of the population.
    weights
        Quanta of an event of size 1, by driven neuron.
    largest
        The greatest sum of events in one step that the quantum was chosen for.
    """

    name: str
    kind: str
    population: int
    receptor: int
    ids: np.ndarray
    weights: np.ndarray
    largest: float


@dataclass(frozen=True)
class ProbeProgram:
    """A state variable to sample: every `every` steps, of `ids`."""

    population: int
    state: int
    ids: np.ndarray
    every: int


@dataclass(frozen=True)
class Program:
    """Everything an engine needs."""

    dt: float
    precision: str
    seed: int
    trials: int
    fingerprint: str
    populations: tuple[PopulationProgram, ...]
    edges: tuple[EdgeProgram, ...]
    gaps: tuple[GapProgram, ...]
    poisson: tuple[PoissonProgram, ...]
    events: EventProgram
    currents: CurrentProgram
    probes: tuple[ProbeProgram, ...]
    recorded: dict[int, np.ndarray]
    shapes: tuple[tuple[int, ...], ...] = field(default=())
    current_drives: tuple[CurrentDrive, ...] = ()
    ports: tuple[Port, ...] = ()
    plastic: tuple[PlasticProgram, ...] = ()

    @cached_property
    def _events_by_trial(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.events.trials, kind="stable")
        return order, self.events.trials[order]

    def events_of(self, trial: int) -> np.ndarray:
        """Places of the given events that concern one trial, by step."""
        order, trials = self._events_by_trial
        parts = [
            order[np.searchsorted(trials, t) : np.searchsorted(trials, t, side="right")]
            for t in (-1, trial)
        ]
        return np.sort(np.concatenate(parts))

    @property
    def dtype(self) -> type:
        """The floating-point type of states."""
        return np.float32 if self.precision == "float32" else np.float64

    @property
    def accumulator(self) -> type:
        """The integer type in which synaptic input is summed."""
        return np.int32 if self.precision == "float32" else np.int64

    @property
    def size(self) -> int:
        """Neurons in all."""
        return sum(p.size for p in self.populations)

    @property
    def levels(self) -> int:
        """How many rounds of zero-delay delivery a step has, plus one."""
        return 1 + max((p.level for p in self.populations), default=0)

    @property
    def max_delay(self) -> int:
        """The longest delay that can occur, in steps."""
        return max((e.max_delay for e in self.edges), default=0)
