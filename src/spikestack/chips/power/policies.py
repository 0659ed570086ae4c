"""Policies of power management: what they save of a finished run, and what they cost in time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from .laws import Laws, laws_of, si
from .profile import Profile, profile_of
from .schedule import Managed, Schedule, managed
from .table import PolicyTable

__all__ = [
    "ClockGating",
    "FullPower",
    "Policy",
    "PowerGating",
    "Together",
    "VoltageScaling",
    "manage",
]


class Policy(ABC):
    """The base of all policies."""

    @property
    def name(self) -> str:
        """As tables show it."""
        return type(self).__name__

    @abstractmethod
    def schedule(self, profile: Profile, laws: Laws) -> Schedule:
        """Decide, for every step and core, from what was known before the step."""


class FullPower(Policy):
    """Every core on, at full voltage, in every step: what others are compared with."""

    def schedule(self, profile: Profile, laws: Laws) -> Schedule:
        """Every core on."""
        return Schedule.full(profile)


@dataclass(frozen=True)
class VoltageScaling(Policy):
    """Voltage and frequency by the activity that was measured on each core.

    Activity is the number of driven updates over capacity in a sliding window. It decides over the
    step that follows; the first runs at full voltage. A core that sleeps wakes for steps that bring
    it anything, at the low voltage, and skips the others, in which none of its neurons has anything
    to compute: no spike changes.

    Attributes
    ----------
    window
        Steps.
    sleep_below, full_from
        Activities; in between the core runs at the low level.
    voltage, frequency
        Of the low level, as shares of the full one.
    capacity
        See `Profile.activity`.
    """

    window: int = 16
    sleep_below: float = 0.1
    full_from: float = 0.5
    voltage: float = 0.7
    frequency: float = 0.7
    capacity: str = "core"

    def __post_init__(self) -> None:
        where = "VoltageScaling"
        if isinstance(self.window, bool) or not isinstance(self.window, int) or self.window < 1:
            raise ValidationError(
                f"{where}.window", f"got {shorten(self.window)}", "a number of steps from 1 on"
            )
        if not 0 <= self.sleep_below <= self.full_from <= 1:
            levels = f"{self.sleep_below:g} and {self.full_from:g}"
            raise ValidationError(
                where, f"levels at {levels}", "0 <= sleep_below <= full_from <= 1"
            )
        for name in ("voltage", "frequency"):
            if not 0 < getattr(self, name) <= 1:
                problem = f"got {shorten(getattr(self, name))}"
                raise ValidationError(f"{where}.{name}", problem, "more than 0, 1 at most")

    def levels(self, profile: Profile) -> np.ndarray:
        """Of each core in each step: 0 asleep, 1 low, 2 full; int8[steps, cores]."""
        activity = profile.activity(self.window, self.capacity)
        found = np.full(activity.shape, 2, np.int8)
        past = activity[:-1]
        found[1:][past < self.full_from] = 1
        found[1:][past < self.sleep_below] = 0
        return found

    def schedule(self, profile: Profile, laws: Laws) -> Schedule:
        """By the levels; waking and changing the voltage are charged."""
        levels = self.levels(profile)
        full = levels == 2
        idle = (levels == 0) & ~profile.busy
        kept = float(laws.retained)
        # Voltage is low at both lower levels; what sleeps needs no change when it wakes.
        changed = np.vstack([np.zeros((1, profile.cores), bool), full[1:] != full[:-1]])
        before = np.vstack([np.zeros((1, profile.cores), bool), idle[:-1]])
        woken = before & ~idle
        waking = np.where(changed & ~idle, si(laws.switching), 0.0)
        waking = np.maximum(waking, np.where(woken, si(laws.sleep_wake), 0.0))
        return Schedule(
            np.where(full, 1.0, self.voltage), np.where(full, 1.0, self.frequency), idle,
            np.where(idle, kept, 1.0), waking,
        )  # fmt: skip


class ClockGating(Policy):
    """The clock of a core stops when its work of the step is done, and of unused cores always.

    Where laws give the clock no share, as on asynchronous chips, there is nothing to gate.
    """

    def schedule(self, profile: Profile, laws: Laws) -> Schedule:
        """All on, clocks gated; a core that works waits for its clock first."""
        full = Schedule.full(profile)
        if not float(laws.clock_share):
            return full
        waking = np.where(profile.work > 0, si(laws.clock_wake), 0.0)
        return replace(full, waking=waking, gated=True, unused_clock=0.0)


@dataclass(frozen=True)
class PowerGating(Policy):
    """The logic of cores with nothing to do is cut off, and unused cores altogether.

    Memories of cores in use keep weights and states, at the least voltage at which they can. A core
    is cut off after some steps without anything to do, and takes long to come back.

    Attributes
    ----------
    after
        Steps.
    """

    after: int = 4

    def __post_init__(self) -> None:
        if isinstance(self.after, bool) or not isinstance(self.after, int) or self.after < 0:
            problem = f"got {shorten(self.after)}"
            raise ValidationError("PowerGating.after", problem, "a number of steps from 0 on")

    def schedule(self, profile: Profile, laws: Laws) -> Schedule:
        """By how long each core has had nothing to do."""
        steps = np.arange(profile.steps)[:, None]
        last = np.maximum.accumulate(np.where(profile.busy, steps, -1), axis=0)
        cut = ~profile.busy & (steps - last > self.after)
        before = np.vstack([np.zeros((1, profile.cores), bool), cut[:-1]])
        woken = before & ~cut
        memory = float(laws.memory_share)
        left = memory * float(laws.retained) + (1 - memory) * float(laws.off)
        one = np.ones(cut.shape)
        return Schedule(
            one, one, cut, np.where(cut, left, 1.0), np.where(woken, si(laws.gated_wake), 0.0),
            unused=float(laws.off), unused_clock=0.0, charged=int(woken.sum()),
        )  # fmt: skip


class Together(Policy):
    """Several policies at once."""

    def __init__(self, *policies: Policy) -> None:
        if not policies:
            raise ValidationError("Together", "no policies", "one or more")
        self.policies = policies

    @property
    def name(self) -> str:
        """All of their names."""
        return " + ".join(policy.name for policy in self.policies)

    def schedule(self, profile: Profile, laws: Laws) -> Schedule:
        """What all of them decide."""
        found = self.policies[0].schedule(profile, laws)
        for policy in self.policies[1:]:
            found = found & policy.schedule(profile, laws)
        return found


def manage(
    run: Any,
    policies: Sequence[Policy] | None = None,
    table: str | None = None,
    laws: Laws | None = None,
) -> PolicyTable:
    """Say what policies would have saved of a run, and what they would have cost.

    Parameters
    ----------
    run
        A `ChipRun`.
    policies
        `VoltageScaling`, `ClockGating`, `PowerGating` and all three together by default; none of
        them on analog chips, whose neurons can neither be slowed nor skipped.
    table
        Name of a price table of the chip, with prices per term; the first by default.
    laws
        Of voltage, frequency and leakage; the chip's by default.

    Returns
    -------
    PolicyTable
        A `Managed` for full power, then for each policy.
    """
    laws = laws_of(run.mapped.chip) if laws is None else laws
    profile = profile_of(run, table)
    if policies is None:
        three = (VoltageScaling(), ClockGating(), PowerGating())
        policies = () if profile.analog else (*three, Together(*three))
    rows: list[Managed] = []
    for policy in (FullPower(), *policies):
        rows.append(managed(policy.name, profile, policy.schedule(profile, laws), laws))
    return PolicyTable(f"{run.mapped.chip.name}, {profile.title}", tuple(rows), laws)
