"""What every engine can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..errors import NumericalError
from ..program.live import Live
from ..program.program import Program
from .state import Learned, Spikes, State

__all__ = ["AbstractEngine", "Chunk", "Options", "check_finite"]


@dataclass(frozen=True)
class Options:
    """How an engine may go about it; without effect on one that knows no such way.

    Attributes
    ----------
    procedural
        Compute synapses that follow rules at every spike instead of storing them.
    lazy
        Let neurons at rest skip several steps at once: outside the guarantee of equal bits.
    """

    procedural: bool = False
    lazy: bool = False


@dataclass(frozen=True)
class Chunk:
    """What an advance brought.

    Attributes
    ----------
    spikes
        All spikes of all populations.
    traces
        For every probe: steps (int64[m]) and values (float[trials, m, neurons]).
    """

    spikes: Spikes
    traces: tuple[tuple[np.ndarray, np.ndarray], ...]


DEFAULT = Options()


class AbstractEngine(ABC):
    """Runs one Program from a State onwards."""

    name: str
    #: What the times of `phase_times` are given for each of: ``"thread"`` or ``"trial"``.
    profile_rows = "thread"
    #: What was fed in last.
    live: Live

    @abstractmethod
    def __init__(
        self, program: Program, state: State, threads: int = 1, options: Options = DEFAULT
    ) -> None:
        """Prepare `program` to go on from `state`."""

    @abstractmethod
    def advance(self, steps: int) -> Chunk:
        """Run `steps` steps.

        Raises
        ------
        EngineError
            If the run could not go on.
        """

    @abstractmethod
    def feed(self, live: Live) -> None:
        """Take what comes from outside from now on, in place of what was fed before."""

    @abstractmethod
    def state(self) -> State:
        """A copy of the present state."""

    @abstractmethod
    def learned(self, i: int) -> Learned:
        """A copy of what plasticity has made of plastic projection `i`."""

    @abstractmethod
    def relearn(self, i: int, learned: Learned) -> None:
        """Go on with other synapses of plastic projection `i`, as its structural rules leave it."""

    @abstractmethod
    def set_learning(self, i: int, learning: bool) -> None:
        """Let the weights of plastic projection `i` change, or freeze them, in all trials."""

    @abstractmethod
    def set_signal(self, i: int, trial: int, value: float) -> None:
        """Set the signal that modulates plastic projection `i`."""

    def weights_are_finite(self, i: int) -> bool:
        """Whether weights and variables of plastic projection `i` are finite numbers."""
        return bool(np.isfinite(self.learned(i).states).all())

    @abstractmethod
    def set_weights(self, i: int, trial: int, weights: np.ndarray) -> None:
        """Put other weights in the place of plastic projection `i`'s, in the order of its edges."""

    def learned_weights(self, i: int, trial: int) -> np.ndarray:
        """A copy of the weights of the i-th plastic projection, in the order of `edge_list`."""
        return self.learned(i).weights[trial]

    def describe(self) -> dict[str, object]:
        """What the engine chose, for reports."""
        return {}

    @classmethod
    def is_prepared(cls) -> bool:
        """Whether it can begin without first compiling what all networks share."""
        return True

    @classmethod
    def planned(
        cls, program: Program, threads: int, options: Options = DEFAULT
    ) -> dict[str, object]:
        """What of that is known before anything is built."""
        return {}

    def start_profile(self) -> bool:
        """Time the phases of every step from now on; False for engines that have no phases."""
        return False

    def phase_times(self) -> dict[str, list[float]]:
        """Seconds by phase since `start_profile`; none for engines that have no phases."""
        return {}


def check_finite(program: Program, state_values: tuple[np.ndarray, ...], step: int) -> None:
    """Raise NumericalError, naming the neuron, if a state is no longer a finite number."""
    for population, values in zip(program.populations, state_values):
        if np.isfinite(values).all():
            continue
        trial, k, neuron = np.argwhere(~np.isfinite(values))[0]
        raise NumericalError(
            f"Population {population.name!r}.{population.states[k]}: became "
            f"{values[trial, k, neuron]} in neuron {neuron} by {step * program.dt:g} ms; states "
            "must stay finite; use a smaller dt, another method=, or check weights and currents"
        )
