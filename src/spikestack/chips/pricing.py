"""Joules and seconds of a ledger: the same run at several prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from ..errors import UnknownNameError, ValidationError
from .figures import Figure
from .ledger import COUNTERS, Ledger

__all__ = ["SECONDS", "Bill", "Prices", "Scope"]

_JOULE = {"pJ": 1e-12, "nJ": 1e-9, "uJ": 1e-6, "mJ": 1e-3, "J": 1.0}
_WATT = {"uW": 1e-6, "mW": 1e-3, "W": 1.0}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


class Scope(StrEnum):
    """What a price covers."""

    #: Of one thing alone: terms are added, static power too.
    PER_TERM = "per term"
    #: The whole chip at one operating point, divided by one count: nothing may be added to it.
    ALL_IN = "all-in"
    #: What one more of it costs.
    INCREMENTAL = "incremental"


@dataclass(frozen=True)
class Prices:
    """A price table.

    Attributes
    ----------
    title
        What it is.
    scope
        What its prices cover.
    energy
        Of one of each counter, in pJ to J.
    static
        Power drawn whatever happens, in uW to W: of ``"chip"`` or ``"core"``.
    time
        Of one of each counter at its core, in ns to s.
    barrier
        How long all cores wait for each other after a step, by the number of tiles in use: of
        the next greater number that is there, or of the greatest.
    host
        Counters whose energy is the host's, not the chip's.
    """

    title: str
    scope: Scope
    energy: Mapping[str, Figure]
    static: Mapping[str, Figure] = field(default_factory=dict)
    time: Mapping[str, Figure] = field(default_factory=dict)
    barrier: Mapping[int, Figure] = field(default_factory=dict)
    host: tuple[str, ...] = ("host words in", "host words out")

    def __post_init__(self) -> None:
        for name in (*self.energy, *self.time, *self.host):
            if name not in COUNTERS:
                raise UnknownNameError(f"Prices {self.title!r}", name, COUNTERS)
        for name in self.static:
            if name not in ("chip", "core"):
                raise UnknownNameError(f"Prices {self.title!r}, static", name, ("chip", "core"))
        for given, units in (
            (self.energy, _JOULE), (self.static, _WATT), (self.time, SECONDS),
            ({str(n): f for n, f in self.barrier.items()}, SECONDS),
        ):  # fmt: skip
            for name, figure in given.items():
                if figure.unit not in units:
                    where = f"Prices {self.title!r}, {name!r}"
                    raise ValidationError(where, f"in {figure.unit}", " or ".join(units))
        if self.scope == Scope.ALL_IN and (len(self.energy) != 1 or self.static):
            raise ValidationError(
                f"Prices {self.title!r}", "is all-in, with more than one price",
                "one price, and no static power: it is in it already",
            )  # fmt: skip

    def step_seconds(self, ledger: Ledger, tiles: int) -> np.ndarray:
        """How long each step takes, float64[steps]: the busiest core's work, then the barrier.

        Cores work one thing after the other, side by side; packets do not wait for each other.

        Parameters
        ----------
        ledger
            Counts by step and core.
        tiles
            How many are in use.
        """
        work: Any = 0.0
        for name, figure in self.time.items():
            if name in ledger.by_step and figure.value is not None:
                work = work + ledger.by_step[name] * (float(figure) * SECONDS[figure.unit])
        wait = self.barrier_seconds(tiles)
        return np.zeros(0) if np.ndim(work) == 0 else work.max(axis=1) + wait

    def barrier_seconds(self, tiles: int) -> float:
        """How long all cores wait for each other after a step, where so many tiles are in use."""
        if not self.barrier:
            return 0.0
        near = [n for n in sorted(self.barrier) if n >= tiles] or [max(self.barrier)]
        return float(self.barrier[near[0]]) * SECONDS[self.barrier[near[0]].unit]

    def by_core(self, ledger: Ledger) -> np.ndarray:
        """Dynamic energy of each core in J, float64[cores]; without the host's."""
        made = np.zeros(ledger.cores)
        for name, price in self.energy.items():
            if price.value is not None and name not in self.host and name in ledger.counts:
                made += ledger.counts[name] * (float(price) * _JOULE[price.unit])
        return made

    def of(self, ledger: Ledger, seconds: float, chips: int = 1, cores: int | None = None) -> Bill:
        """What a run costs.

        Parameters
        ----------
        ledger
            What happened.
        seconds
            How long it took, for static power.
        chips, cores
            How many were powered; as many cores as the ledger has by default.
        """
        known = {name: price for name, price in self.energy.items() if price.value is not None}
        terms = {
            name: ledger.total(name) * float(price) * _JOULE[price.unit]
            for name, price in known.items()
        }
        powered = {"chip": chips, "core": ledger.cores if cores is None else cores}
        static = sum(
            powered[name] * float(power) * _WATT[power.unit] * seconds
            for name, power in self.static.items()
            if power.value is not None
        )
        return Bill(
            {n: e for n, e in terms.items() if n not in self.host}, static,
            sum(e for n, e in terms.items() if n in self.host), seconds, self,
            tuple(name for name in self.energy if name not in known),
        )  # fmt: skip


@dataclass(frozen=True)
class Bill:
    """Energy of a run in J.

    Attributes
    ----------
    dynamic
        By counter.
    static
        Of power that is drawn whatever happens.
    host
        Of the host's traffic.
    seconds
        How long the run took.
    prices
        The table that it was priced by.
    unpriced
        Counters of the table for which nothing is published: left out of every sum.
    """

    dynamic: Mapping[str, float]
    static: float
    host: float
    seconds: float
    prices: Prices
    unpriced: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.dynamic.values()) + self.static + self.host

    @property
    def power(self) -> float:
        """Mean power in W; 0 of a run without time."""
        return self.total / self.seconds if self.seconds else 0.0
