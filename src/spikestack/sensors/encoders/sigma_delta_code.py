"""Sigma-delta modulation: what has not been sent yet is kept, and counts for what is next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..sampled import sampling_step, signed_spikes, steps_of
from .base import Encoder, Floats, Spikes
from .lif_code import integrate
from .poisson_code import window_samples
from .smoothing import moving_mean

__all__ = ["SigmaDeltaCode"]


@dataclass(frozen=True, eq=False)
class SigmaDeltaCode(Encoder):
    """A perfect integrator of the signal that sends a signed spike, and loses 1, at +1 or -1.

    The decoder averages over the last `window` ms, and is off by less than two spikes of the
    window, 2*scale/(rate*window), from the signal's mean over the same window.

    Parameters
    ----------
    scale
        Value at which spikes come at `rate`.
    rate
        In Hz; several spikes at a sample where it is above 1000/dt.
    window
        Of the decoder, in ms.
    """

    per_channel = 2
    source = "Inose, Yasuda and Murakami 1962, IRE Trans SET 8:204; Yoon 2017, IEEE TNNLS 28:1192"
    scale: Any = 1.0
    rate: float = 200.0
    window: float = 100.0

    def _check(self, dt: float, channels: int) -> None:
        for name in ("rate", "window"):
            self._positive(name)
        self._positive("scale", channels)

    @classmethod
    def _fit(cls, values: Floats, dt: float, given: dict[str, Any]) -> dict[str, Any]:
        highest = np.abs(values).max(axis=0)
        return {"scale": np.where(highest > 0, highest, 1.0)} | given

    def _begin(self, channels: int, dt: float) -> Any:
        return np.zeros(channels)

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        gain = self.rate * dt * 1e-3 / self._positive("scale", values.shape[1])
        return signed_spikes(integrate(values * gain, 1.0, state), first, dt)

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        mean = moving_mean(steps_of(t, unit, shape, dt), window_samples(self.window, dt))
        made: Floats = mean * self._positive("scale", shape[1]) / (self.rate * dt * 1e-3)
        return made

    def _reference(self, values: Floats, dt: float) -> Floats:
        made: Floats = moving_mean(values, window_samples(self.window, dt))
        return made

    def bound(self, dt: Any) -> float:
        """Return 2*scale/(rate*window): two spikes."""
        step = sampling_step(dt)
        seconds = window_samples(self.window, step) * step * 1e-3
        return 2.0 * float(np.max(np.asarray(self.scale))) / (self.rate * seconds)
