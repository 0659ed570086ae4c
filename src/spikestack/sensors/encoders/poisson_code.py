"""Rate code with random spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...numerics.random import uniform
from ..sampled import counts_of, spikes_of
from .base import Floats, Ranged, Spikes
from .smoothing import moving_mean

__all__ = ["PoissonCode"]


@dataclass(frozen=True, eq=False)
class PoissonCode(Ranged):
    """A spike at each sample with a probability in proportion to the value: at most one.

    The decoder counts over the last `window` ms. For a value of share x of the range it is right
    on average, with a standard deviation of sqrt(x (1 - x r dt)/(r window)), r being the greatest
    rate. That is no bound, so `bound` gives None.

    Parameters
    ----------
    low, high
        See `Ranged`.
    rate
        In Hz at `high`; at most one spike for each sample, 1000/dt.
    window
        Of the decoder, in ms.
    seed
        Of the random numbers, which depend on it, the channel and the sample's number alone.
    """

    source = "Adrian 1926, J Physiol 61:49"
    rate: float = 200.0
    window: float = 100.0
    seed: int = 0

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        self._positive("window")
        if self._positive("rate")[0] * dt * 1e-3 > 1.0 + 1e-12:
            raise ValidationError(
                self._at("rate"), f"is {self.rate} Hz", f"at most {1e3 / dt:g} Hz"
            )

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        chance = self._share(values) * (self.rate * dt * 1e-3)
        at = np.arange(first, first + len(values), dtype=np.uint64)
        keys = [self._key("spikes", c) for c in range(values.shape[1])]
        drawn = np.stack([np.atleast_1d(uniform(key, at)) for key in keys], axis=1)
        return spikes_of((drawn < chance).astype(np.int64), first, dt)

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        width = window_samples(self.window, dt)
        counts = counts_of(t, unit, shape, dt)
        return self._value(moving_mean(counts, width) / (self.rate * dt * 1e-3))

    def _reference(self, values: Floats, dt: float) -> Floats:
        return self._value(moving_mean(self._share(values), window_samples(self.window, dt)))


def window_samples(window: float, dt: float) -> int:
    """Samples in a window of ms: at least one."""
    return max(1, round(window / dt))
