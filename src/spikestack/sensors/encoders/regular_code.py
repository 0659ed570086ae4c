"""Rate code with regular spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ..sampled import counts_of, sampling_step, spikes_of
from .base import Floats, Ranged, Spikes
from .poisson_code import window_samples
from .smoothing import moving_mean

__all__ = ["RegularCode"]


@dataclass(frozen=True, eq=False)
class RegularCode(Ranged):
    """A phase grows in proportion to the value and gives a spike whenever it has grown by 1.

    The decoder counts over the last `window` ms. It is off by less than one spike of the window,
    (high - low)/(rate*window), from the signal's mean over the same window.

    Parameters
    ----------
    low, high
        See `Ranged`.
    rate
        In Hz at `high`; several spikes at a sample where it is above 1000/dt.
    window
        Of the decoder, in ms.
    """

    source = "Adrian 1926, J Physiol 61:49"
    rate: float = 200.0
    window: float = 100.0

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        self._positive("window")
        self._positive("rate")

    def _begin(self, channels: int, dt: float) -> Any:
        return np.zeros(channels)

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        return spikes_of(_counts(self._share(values), self.rate * dt * 1e-3, state), first, dt)

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        counts = counts_of(t, unit, shape, dt)
        mean = moving_mean(counts, window_samples(self.window, dt))
        return self._value(mean / (self.rate * dt * 1e-3))

    def _reference(self, values: Floats, dt: float) -> Floats:
        return self._value(moving_mean(self._share(values), window_samples(self.window, dt)))

    def bound(self, dt: Any) -> float:
        """Return (high - low)/(rate*window): one spike."""
        step = sampling_step(dt)
        seconds = window_samples(self.window, step) * step * 1e-3
        return self._span() / (self.rate * seconds)


@njit(cache=True)
def _counts(share, gain, phase):  # type: ignore[no-untyped-def]
    n, channels = share.shape
    counts = np.zeros((n, channels), np.int64)
    for c in range(channels):
        for k in range(n):
            phase[c] += share[k, c] * gain
            counts[k, c] = np.int64(phase[c])
            phase[c] -= counts[k, c]
    return counts
