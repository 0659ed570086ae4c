"""At what voltage each core runs in each step, and whether at all; and what that makes of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import ValidationError
from ..pricing import Scope
from .laws import Laws, si
from .profile import Profile

__all__ = ["Managed", "Schedule", "managed"]


@dataclass(frozen=True)
class Schedule:
    """What a policy decides; every array is of (steps, cores).

    Attributes
    ----------
    voltage, frequency
        As shares of the nominal ones.
    idle
        Whether a core does not even look at its neurons: only in steps with nothing to do.
    leakage
        Share of a core's leakage that is left, for its state rather than its voltage.
    waking
        Seconds that a core takes to get ready in a step.
    gated
        Whether clocks stop as soon as a core is done.
    unused, unused_clock
        Shares of the leakage and of the clock's power that are left of cores that hold nothing.
    charged
        Times that a core's supply was charged again.
    """

    voltage: np.ndarray
    frequency: np.ndarray
    idle: np.ndarray
    leakage: np.ndarray
    waking: np.ndarray
    gated: bool = False
    unused: float = 1.0
    unused_clock: float = 1.0
    charged: int = 0

    @classmethod
    def full(cls, profile: Profile, voltage: float = 1.0, frequency: float = 1.0) -> Schedule:
        """Every core on in every step."""
        shape = (profile.steps, profile.cores)
        one = np.ones(shape)
        return cls(voltage * one, frequency * one, np.zeros(shape, bool), one, np.zeros(shape))

    def __and__(self, other: Schedule) -> Schedule:
        """Both together: of leakage that either leaves, the less; cores wake for the slower."""
        return Schedule(
            self.voltage * other.voltage, self.frequency * other.frequency,
            self.idle | other.idle, np.minimum(self.leakage, other.leakage),
            np.maximum(self.waking, other.waking), self.gated or other.gated,
            min(self.unused, other.unused), min(self.unused_clock, other.unused_clock),
            self.charged + other.charged,
        )  # fmt: skip


@dataclass(frozen=True)
class Managed:
    """A run under a schedule.

    Attributes
    ----------
    name
        Of the policy.
    energy
        Dynamic, J, (steps, cores).
    static
        J, (steps, cores); of cores that hold nothing in `rest`.
    rest, elsewhere, host
        J: static energy of unused cores, dynamic energy that is not counted by step, the host's.
    seconds
        How long each step lasts.
    late
        Steps that last longer than the chip's step.
    wakes
        How often a core had to be woken, or to stand still while its voltage changed.
    idle, slowed
        Shares of (step, core) that were skipped, and that ran below full voltage.
    events
        Synaptic events of the run.
    """

    name: str
    energy: np.ndarray
    static: np.ndarray
    rest: float
    elsewhere: float
    host: float
    seconds: np.ndarray
    late: int
    wakes: int
    idle: float
    slowed: float
    events: int

    @property
    def dynamic_joules(self) -> float:
        """All dynamic energy."""
        return float(self.energy.sum()) + self.elsewhere

    @property
    def static_joules(self) -> float:
        """All static energy."""
        return float(self.static.sum()) + self.rest

    @property
    def joules(self) -> float:
        """Everything."""
        return self.dynamic_joules + self.static_joules + self.host

    @property
    def duration(self) -> float:
        """Seconds of the whole run."""
        return float(self.seconds.sum())

    @property
    def power(self) -> np.ndarray:
        """Mean power of each step in W, unused cores and what is not counted by step included."""
        lasts = np.maximum(self.seconds, 1e-30)
        even = (self.elsewhere + self.host) / max(len(lasts), 1)
        unused = self.rest * lasts / max(self.duration, 1e-30)
        return (self.energy.sum(1) + self.static.sum(1) + even + unused) / lasts

    @property
    def core_power(self) -> np.ndarray:
        """Mean power of each core in each step in W, (steps, cores)."""
        return (self.energy + self.static) / np.maximum(self.seconds, 1e-30)[:, None]


def managed(name: str, profile: Profile, schedule: Schedule, laws: Laws) -> Managed:
    """Price a run under a schedule.

    Raises
    ------
    ValidationError
        If the schedule changes anything and the prices are all-in, which cannot be taken apart, or
        the chip is analog, whose circuits can neither be slowed nor skipped.
    """
    plain = bool((schedule.voltage == 1).all()) and not schedule.idle.any()
    if profile.analog and not plain:
        raise ValidationError(
            f"policy {name!r}", "changes voltages or stops neurons that are analog circuits",
            "a digital chip", "there, both would change what is computed",
        )  # fmt: skip
    if profile.scope == Scope.ALL_IN and not plain:
        raise ValidationError(
            f"price table {profile.title!r}", "is all-in: of one operating point as a whole",
            "a table per term", "choose another table of the chip",
        )  # fmt: skip
    energy = np.where(schedule.idle, 0.0, profile.energy) * laws.dynamic(schedule.voltage)
    runs = np.where(schedule.idle, 0.0, profile.work / schedule.frequency)
    taken = runs + schedule.waking
    seconds = taken.max(axis=1, initial=0.0) + profile.barrier
    late = int((seconds > profile.step * (1 + 1e-12)).sum()) if profile.step else 0
    seconds = np.maximum(seconds, profile.step)
    clock, power = float(laws.clock_share), profile.static_of_core
    leaks = np.vectorize(laws.leaks, otypes=[float])(schedule.voltage)
    ticking = np.where(schedule.idle, 0.0, 1.0)
    if schedule.gated:
        ticking = ticking * np.minimum(taken / np.maximum(seconds, 1e-30)[:, None], 1.0)
    ticking = ticking * schedule.voltage**2 * schedule.frequency
    static = power * seconds[:, None] * (
        (1 - clock) * leaks * schedule.leakage + clock * ticking
    )  # fmt: skip
    unused = (1 - clock) * schedule.unused + clock * schedule.unused_clock
    return Managed(
        name, energy, static,
        power * profile.idle_cores * unused * float(seconds.sum())
        + schedule.charged * si(laws.gated_energy),
        profile.elsewhere, profile.host, seconds, late, int((schedule.waking > 0).sum()),
        float(schedule.idle.mean()) if schedule.idle.size else 0.0,
        float((schedule.voltage < 1).mean()) if schedule.voltage.size else 0.0, profile.events,
    )  # fmt: skip
