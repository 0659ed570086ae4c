"""Leaky integrate-and-fire as an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ...numerics.functions import exp
from ..sampled import sampling_step, signed_spikes, steps_of
from .base import Encoder, Floats, Spikes
from .smoothing import leaky_sum

__all__ = ["LIFCode"]


@dataclass(frozen=True, eq=False)
class LIFCode(Encoder):
    """A leaky integrator of the signal that sends a signed spike, and loses 1, at +1 or -1.

    The decoder is the same leak: a low-pass of time constant `tau` on the spikes. What it gives is
    off by less than scale*(1 - exp(-dt/tau))/(rate*dt), about scale/(rate*tau), from the same
    low-pass of the signal.

    Parameters
    ----------
    scale
        Value at which spikes would come at `rate` without the leak.
    rate
        In Hz; several spikes at a sample where it is above 1000/dt.
    tau
        Time constant in ms.
    """

    per_channel = 2
    source = "Lapicque 1907; reset by subtraction: Rueckauer et al. 2017, Front Neurosci 11:682"
    scale: Any = 1.0
    rate: float = 1000.0
    tau: float = 20.0

    def _check(self, dt: float, channels: int) -> None:
        for name in ("rate", "tau"):
            self._positive(name)
        self._positive("scale", channels)

    @classmethod
    def _fit(cls, values: Floats, dt: float, given: dict[str, Any]) -> dict[str, Any]:
        highest = np.abs(values).max(axis=0)
        return {"scale": np.where(highest > 0, highest, 1.0)} | given

    def _begin(self, channels: int, dt: float) -> Any:
        return np.zeros(channels)

    def _keep(self, dt: float) -> float:
        return float(exp(np.float64(-dt / self.tau)))

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        gain = self.rate * dt * 1e-3 / self._positive("scale", values.shape[1])
        return signed_spikes(integrate(values * gain, self._keep(dt), state), first, dt)

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        gain = self.rate * dt * 1e-3 / self._positive("scale", shape[1])
        steps = steps_of(t, unit, shape, dt).astype(np.float64)
        made: Floats = leaky_sum(steps, self._keep(dt)) * (1.0 - self._keep(dt)) / gain
        return made

    def _reference(self, values: Floats, dt: float) -> Floats:
        made: Floats = leaky_sum(values, self._keep(dt)) * (1.0 - self._keep(dt))
        return made

    def bound(self, dt: Any) -> float:
        """Return scale*(1 - exp(-dt/tau))/(rate*dt)."""
        step = sampling_step(dt)
        gain = self.rate * step * 1e-3 / float(np.max(np.asarray(self.scale)))
        return (1.0 - self._keep(step)) / gain


@njit(cache=True)
def integrate(drive, keep, v):  # type: ignore[no-untyped-def]
    """Signed spikes of v = keep*v + drive, each of which takes 1 off; v is changed in place."""
    n, channels = drive.shape
    steps = np.zeros((n, channels), np.int64)
    for c in range(channels):
        for k in range(n):
            v[c] = keep * v[c] + drive[k, c]
            steps[k, c] = np.int64(v[c])
            v[c] -= steps[k, c]
    return steps
