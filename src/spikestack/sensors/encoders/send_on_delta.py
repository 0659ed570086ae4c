"""Send-on-delta: an event for every step of size d that the signal has moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...numerics.compiling import njit
from ..sampled import signed_spikes, steps_of
from .base import Encoder, Floats, Spikes

__all__ = ["SendOnDelta"]

_MOST_LEVELS = 1e9


@dataclass(frozen=True, eq=False)
class Stepped(Encoder):
    """An encoder whose events are steps of one size, up (unit 2c) and down (2c + 1).

    Parameters
    ----------
    d
        Size of a step, in units of the signal; a number or one for each channel.
    start
        Where the decoder begins; `fitted` takes the first sample.
    """

    per_channel = 2
    d: Any = 0.01
    start: Any = 0.0

    def _check(self, dt: float, channels: int) -> None:
        self._positive("d", channels)
        self._row("start", channels)

    @classmethod
    def _fit(cls, values: Floats, dt: float, given: dict[str, Any]) -> dict[str, Any]:
        """``share``: d as a share of the range, 0.01 by default."""
        span = np.ptp(values, axis=0)
        share = given.pop("share", 0.01)
        found = {"d": np.where(span > 0, span, 1.0) * share, "start": values[0]}
        return found | given

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        levels = np.cumsum(steps_of(t, unit, shape, dt), axis=0)
        made: Floats = self._row("start", shape[1]) + self._row("d", shape[1]) * levels
        return made

    def _step_bound(self) -> float:
        return float(np.max(np.asarray(self.d)))


@dataclass(frozen=True, eq=False)
class SendOnDelta(Stepped):
    """Whenever the signal is d away or more, as many events as bring the decoder nearest to it.

    Level-crossing sampling, where several levels may be crossed from sample to sample.
    The decoded signal is never further than d away, at any sample, whatever the signal does.

    Parameters
    ----------
    d, start
        See `Stepped`: step, and where to begin, in units of the signal.

    Examples
    --------
    >>> coder = SendOnDelta(d=0.5)
    >>> coder.encode([0.0, 0.6, 1.7, 0.0], dt=1.0).unit.tolist()
    [0, 0, 1, 1]
    """

    source = "Miskowicz 2006, Sensors 6:49"

    def _begin(self, channels: int, dt: float) -> Any:
        return np.zeros(channels, dtype=np.int64)

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        d, start = self._positive("d", values.shape[1]), self._row("start", values.shape[1])
        if values.size and (np.abs(values - start) / d).max() > _MOST_LEVELS:
            raise ValidationError(
                self._at("d"), "is too small for this signal", "|x - start| < 1e9 d"
            )
        return signed_spikes(_steps(values, d, start, state), first, dt)

    def bound(self, dt: Any) -> float:
        """Return d."""
        return self._step_bound()


@njit(cache=True)
def _steps(values, d, start, level):  # type: ignore[no-untyped-def]
    n, channels = values.shape
    steps = np.zeros((n, channels), np.int64)
    for c in range(channels):
        for k in range(n):
            moved = values[k, c] - (start[c] + d[c] * level[c])
            if abs(moved) >= d[c]:
                steps[k, c] = np.int64(np.rint(moved / d[c]))
                level[c] += steps[k, c]
    return steps
