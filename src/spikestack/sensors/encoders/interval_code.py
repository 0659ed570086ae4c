"""Inter-spike-interval code: the time to the next spike is the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from .base import Floats, Ranged, Spikes

__all__ = ["IntervalCode"]


@dataclass(frozen=True, eq=False)
class IntervalCode(Ranged):
    """One unceasing train for each channel; each interval tells the value where it begins.

    The signal is looked at whenever there is a spike, and the next comes after
    longest - x*(longest - shortest), x as a share of the range: great values are sampled more.
    The decoder holds each value until the next spike; after the last one it holds the value before.

    At the samples looked at, it is off by a microsecond's worth at most; in between, by as much
    more as the signal moves within one interval.

    Parameters
    ----------
    low, high
        See `Ranged`.
    shortest, longest
        Intervals in ms, the shortest at least one sample.
    """

    source = "Rieke et al. 1997, Spikes: Exploring the Neural Code"
    shortest: float = 2.0
    longest: float = 20.0

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        short, long = self._positive("shortest")[0], self._positive("longest")[0]
        if short < dt or long - short < 0.01:
            raise ValidationError(
                self._at("shortest"),
                f"{shorten(self.shortest)} to {shorten(self.longest)} ms",
                f"at least {dt:g} ms, and 0.01 ms less than longest",
            )

    def _begin(self, channels: int, dt: float) -> Any:
        return np.zeros(channels, np.int64)

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        spans = self.shortest * 1e3, self.longest * 1e3
        made = [
            _train(np.ascontiguousarray(column), first, dt * 1e3, *spans, state[c : c + 1])
            for c, column in enumerate(self._share(values).T)
        ]
        units = np.repeat(np.arange(len(made)), [len(t) for t in made])
        return np.concatenate(made), units

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        made = np.zeros(shape)
        for c in range(shape[1]):
            train = t[unit == c]
            if len(train) < 2:
                continue
            interval = np.diff(train) * 1e-3
            share = (self.longest - interval) / (self.longest - self.shortest)
            seen = np.floor((train + 0.5) / (dt * 1e3))  # the sample that a spike looked at
            which = np.searchsorted(seen, np.arange(shape[0]), side="right") - 1
            made[:, c] = np.clip(share, 0.0, 1.0)[np.clip(which, 0, len(share) - 1)]
        return self._value(made)

    def quantum(self) -> float:
        """How much of the signal's unit one microsecond is worth."""
        return self._span() * 1e-3 / (self.longest - self.shortest)


@njit(cache=True)
def _train(share, first, dt, shortest, longest, following):  # type: ignore[no-untyped-def]
    """Times of spikes (us) while there are samples for them."""
    made = np.empty(int(len(share) * dt / shortest) + 2, np.int64)
    count = 0
    while True:
        k = np.int64((following[0] + 0.5) / dt) - first
        if k >= len(share):
            return made[:count].copy()
        made[count] = following[0]
        count += 1
        following[0] += np.int64(np.rint(longest - share[k] * (longest - shortest)))
