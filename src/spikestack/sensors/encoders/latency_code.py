"""Latency code: the greater a value, the sooner its one spike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.functions import exp, log
from ..sampled import sampling_step
from .base import Floats, Framed

__all__ = ["LatencyCode"]


@dataclass(frozen=True, eq=False)
class LatencyCode(Framed):
    """Time to first spike: one spike in each frame, at its begin for the greatest value.

    With ``curve="linear"`` at T*(1 - x) in a frame of length T, where x is the value as a share of
    the range; with ``curve="membrane"`` when a leaky integrator driven by x reaches `theta`:
    tau*ln(x/(x - theta)). No spike comes from values below `theta`, nor from such as would come
    after the frame; they are decoded as `low`.

    Parameters
    ----------
    low, high
        See `Ranged`.
    every
        Samples to a frame.
    theta
        Least share of the range that gives a spike.
    curve
        ``"linear"`` or ``"membrane"``.
    tau
        Of the membrane, in ms.
    """

    source = "Thorpe, Delorme and Van Rullen 2001, Neural Netw 14:715"
    theta: float = 0.01
    curve: str = "linear"
    tau: float = 20.0

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        self._positive("tau")
        if not 0 < self._row("theta", 1)[0] < 1:
            raise ValidationError(self._at("theta"), f"got {shorten(self.theta)}", "0 < theta < 1")
        if self.curve not in ("linear", "membrane"):
            raise ValidationError(
                self._at("curve"), f"got {shorten(self.curve)}", "'linear' or 'membrane'"
            )

    def _spikes(self, share: Floats, number: int, frame: float) -> Any:
        if self.curve == "linear":
            late = frame * (1.0 - share)
            fires = share >= self.theta
        else:
            over = np.where(share > self.theta, share, 1.0)
            late = self.tau * 1e3 * log(over / (over - self.theta))
            fires = (share > self.theta) & (late < frame - 1.0)
        at, unit = np.nonzero(fires)
        return at, unit, late[at, unit]

    def _shares(
        self, at: Any, unit: Any, offset: Any, shape: tuple[int, int], frame: float
    ) -> Floats:
        made = np.zeros(shape)
        if self.curve == "linear":
            made[at, unit] = 1.0 - offset / frame
        else:
            offset = np.maximum(offset, 0.25)
            made[at, unit] = self.theta / (1.0 - exp(-offset / (self.tau * 1e3)))
        return np.minimum(made, 1.0)

    def bound(self, dt: Any) -> float:
        """Return the greater of what gives no spike, and what two microseconds make."""
        frame = self._frame(sampling_step(dt))
        if self.curve == "linear":
            return self._span() * max(self.theta, 2.0 / frame)
        tau = self.tau * 1e3
        silent = self.theta / -np.expm1(-max(frame - 1.0, 0.0) / tau) if frame > 1 else 1.0
        steepest = (1.0 - self.theta) / (self.theta * tau)
        return self._span() * min(1.0, max(silent, 2.0 * steepest))
