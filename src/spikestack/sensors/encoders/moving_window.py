"""Moving window: an event where the signal leaves the mean of its last samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ..sampled import signed_spikes
from .base import Floats, Spikes
from .send_on_delta import Stepped

__all__ = ["MovingWindow"]


@dataclass(frozen=True, eq=False)
class MovingWindow(Stepped):
    """A step up where the signal is above the mean of the samples before by more than d.

    The decoder adds up steps as that of step-forward does. Nothing is fed back, so errors add up:
    with s the greatest change from sample to sample, the decoded signal after k samples is off by
    at most k*(s + d).

    Parameters
    ----------
    d, start
        See `Stepped`: step, and where to begin, in units of the signal.
    window
        Number of samples before; at the beginning as many as there are, `start` before the first.
    """

    source = (
        "Kasabov et al. 2016, Neural Netw 78:1; Petro, Kasabov and Kiss 2020, IEEE TNNLS 31:358"
    )
    window: int = 4

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        self._whole("window", 1, 1_000_000)

    def _begin(self, channels: int, dt: float) -> Any:
        last = np.zeros((self.window, channels))
        last[0] = self._row("start", channels)
        return last, np.ones(1, np.int64)

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        d = self._positive("d", values.shape[1])
        return signed_spikes(_steps(values, d, *state), first, dt)


@njit(cache=True)
def _steps(values, d, last, count):  # type: ignore[no-untyped-def]
    n, channels = values.shape
    steps, window = np.zeros((n, channels), np.int64), len(last)
    for k in range(n):
        have = min(count[0], window)
        for c in range(channels):
            total = 0.0
            for j in range(have):
                total += last[j, c]
            away = values[k, c] - total / have
            if abs(away) > d[c]:
                steps[k, c] = 1 if away > 0 else -1
            last[count[0] % window, c] = values[k, c]
        count[0] += 1
    return steps
