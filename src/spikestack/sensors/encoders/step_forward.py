"""Step-forward: a moving base that follows the signal, at most one step at each sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ..sampled import signed_spikes
from .base import Floats, Spikes
from .send_on_delta import Stepped

__all__ = ["StepForward"]


@dataclass(frozen=True, eq=False)
class StepForward(Stepped):
    """A step up where the signal is above base + d, down where below base - d; the base follows.

    There is one step at each sample, as published, or up to `most`.

    The decoded signal is the base. It is never further than d away from signals that begin within
    d of `start` and change by at most most*d from sample to sample; behind faster ones it lags.

    Parameters
    ----------
    d, start
        See `Stepped`: step, and where to begin, in units of the signal.
    most
        Steps at one sample.
    """

    source = (
        "Kasabov et al. 2016, Neural Netw 78:1; Petro, Kasabov and Kiss 2020, IEEE TNNLS 31:358"
    )
    most: int = 1

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        self._whole("most", 1, 1_000_000)

    def _begin(self, channels: int, dt: float) -> Any:
        return np.zeros(channels, dtype=np.int64)

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        d, start = self._positive("d", values.shape[1]), self._row("start", values.shape[1])
        return signed_spikes(_steps(values, d, start, state, self.most), first, dt)

    def bound(self, dt: Any) -> float:
        """Return d, for signals that change by at most most*d at a time."""
        return self._step_bound()


@njit(cache=True)
def _steps(values, d, start, level, most):  # type: ignore[no-untyped-def]
    n, channels = values.shape
    steps = np.zeros((n, channels), np.int64)
    for c in range(channels):
        for k in range(n):
            for _ in range(most):
                base = start[c] + d[c] * level[c]
                if values[k, c] > base + d[c]:
                    step = 1
                elif values[k, c] < base - d[c]:
                    step = -1
                else:
                    break
                level[c] += step
                steps[k, c] += step
    return steps
