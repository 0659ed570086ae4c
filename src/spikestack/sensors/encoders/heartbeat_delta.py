"""Send-on-delta for slow scalars: with hysteresis, and a heartbeat where nothing happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ..sampled import counts_of, spikes_of
from .base import Floats, Spikes
from .send_on_delta import Stepped

__all__ = ["HeartbeatDelta"]

_MOST_LEVELS = 1e9


@dataclass(frozen=True, eq=False)
class HeartbeatDelta(Stepped):
    """Send-on-delta that also says, where nothing changes, that it is still there.

    For temperatures, pressures, levels of tanks: a value that stays needs no events, but a sensor
    that is silent may be dead. Units 3c (up), 3c + 1 (down) and 3c + 2 (heartbeat) are of channel
    c. The decoded signal is never further than d + `hysteresis` away.

    Parameters
    ----------
    d, start
        See `Stepped`: step, and where to begin, in units of the signal.
    hysteresis
        How much further than d the signal has to go to turn back, so that noise does not; a number
        or one for each channel.
    at_least_every
        ms without an event of a channel after which its heartbeat comes.

    Examples
    --------
    >>> coder = HeartbeatDelta(d=0.5, start=20.0, at_least_every=3000.0)
    >>> coder.encode([20.0, 20.1, 20.6, 20.6, 20.6, 20.6], dt=1000.0).unit.tolist()
    [0, 2]
    """

    per_channel: ClassVar[Any] = 3
    source = "Miskowicz 2006, Sensors 6:49"
    hysteresis: Any = 0.0
    at_least_every: float = 60_000.0

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        if (self._row("hysteresis", channels) < 0).any():
            given = f"got {shorten(self.hysteresis)}"
            raise ValidationError(self._at("hysteresis"), given, "at least 0")
        if not self._positive("at_least_every")[0] >= dt:
            given = f"got {self.at_least_every} ms"
            raise ValidationError(self._at("at_least_every"), given, f"at least dt, {dt:g} ms")

    def _begin(self, channels: int, dt: float) -> Any:
        return np.zeros((3, channels), dtype=np.int64)

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        channels = values.shape[1]
        d, start = self._positive("d", channels), self._row("start", channels)
        if values.size and (np.abs(values - start) / d).max() > _MOST_LEVELS:
            raise ValidationError(
                self._at("d"), "is too small for this signal", "|x - start| < 1e9 d"
            )
        wait = int(np.ceil(self._positive("at_least_every")[0] / dt - 1e-9))
        more = self._row("hysteresis", channels)
        counts = _counts(values, d, start, more, wait, state)
        return spikes_of(counts.reshape(len(values), 3 * channels), first, dt)

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        counts = counts_of(t, unit, (shape[0], 3 * shape[1]), dt).reshape(*shape, 3)
        levels = np.cumsum(counts[:, :, 0] - counts[:, :, 1], axis=0)
        made: Floats = self._row("start", shape[1]) + self._row("d", shape[1]) * levels
        return made

    def bound(self, dt: Any) -> float:
        """Return d + hysteresis."""
        return float(np.max(np.asarray(self.d) + np.asarray(self.hysteresis)))


@njit(cache=True)
def _counts(values, d, start, more, wait, state):  # type: ignore[no-untyped-def]
    n, channels = values.shape
    counts = np.zeros((n, channels, 3), np.int64)
    level, way, silent = state[0], state[1], state[2]
    for c in range(channels):
        for k in range(n):
            moved = values[k, c] - (start[c] + d[c] * level[c])
            turns = way[c] * moved < 0.0
            silent[c] += 1
            if abs(moved) >= d[c] + (more[c] if turns else 0.0):
                steps = np.int64(np.rint(moved / d[c]))
                level[c] += steps
                way[c] = 1 if steps > 0 else -1
                counts[k, c, 0 if steps > 0 else 1] = abs(steps)
                silent[c] = 0
            elif silent[c] >= wait:
                counts[k, c, 2] = 1
                silent[c] = 0
    return counts
