"""Vibration: resonators from low to high pitch, and a neuron that fires for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten
from ..numerics.compiling import njit
from ..units import magnitude, parse_unit
from .cochlea.ganglion import Ganglion
from .events import UnitEvents
from .sampled import checked_signal

__all__ = ["ResonatorBank"]

_BLOCK = 4096


class ResonatorBank:
    """Two-pole resonators on each axis of an accelerometer, half-wave rectified, into neurons.

    A cochlea for what shakes: centres are equally spaced on a logarithmic scale, gain at the centre
    is 1, constants (gravity) do not pass. Each channel drives a leaky integrate-and-fire neuron.

    It feels piece by piece: `push` for the pieces of a record gives what `feel` gives for the
    whole. Unit ``(axis*channels + channel)*fibres + fibre``; channels ascend in frequency.

    Parameters
    ----------
    axes
        Of the accelerometer.
    channels
        Resonators on each.
    low, high
        Hz: lowest and highest centre; `high` is at most 0.45 of `rate`.
    rate
        Samples per second.
    q
        Centre frequency over the bandwidth at -3 dB.
    gain
        What samples are multiplied by. With 1 and the neurons as they are, a steady sine is felt
        from an amplitude of 0.06 on at 5 Hz, and of 0.15 at some hundred.
    ganglion
        The neurons, one for each channel and fibre.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    def __init__(
        self,
        axes: int = 3,
        channels: int = 24,
        low: Any = 5.0,
        high: Any = 500.0,
        rate: Any = 2000.0,
        *,
        q: float = 4.0,
        gain: float = 1.0,
        ganglion: Ganglion | None = None,
    ) -> None:
        hertz = parse_unit("Hz")
        low, high, rate = (float(magnitude(v, hertz, "ResonatorBank")) for v in (low, high, rate))
        whole = all(isinstance(v, int | np.integer) for v in (axes, channels))
        if not (whole and 1 <= axes <= 64 and 1 <= channels <= 4096):
            given = f"{shorten(axes)} axes, {shorten(channels)} channels"
            raise ValidationError("ResonatorBank", given, "1 to 64 axes, 1 to 4096 channels")
        if not (0 < low <= high <= 0.45 * rate < np.inf and 1 <= q <= 1000 and 0 < gain < np.inf):
            given = f"low {low:g}, high {high:g}, rate {rate:g} Hz, q {q}, gain {gain}"
            rule = "0 < low <= high <= 0.45*rate, q 1 to 1000, gain > 0"
            raise ValidationError("ResonatorBank", given, rule)
        self.axes, self.channels, self.rate = int(axes), int(channels), rate
        self.gain, self.q = float(gain), float(q)
        #: Hz, of each channel.
        self.frequencies = np.geomspace(low, high, self.channels)
        turn = 2.0 * np.pi * self.frequencies / rate
        share = np.tan(turn / (2.0 * self.q))
        # b = (s, 0, -s), a = (1 + s, -2 cos, 1 - s): centre and bandwidth are exact.
        self._facts = np.array([share, -2.0 * np.cos(turn), 1.0 - share]) / (1.0 + share)
        self.ganglion = ganglion or Ganglion((1.0,), tau=20.0, refractory=1.0)
        self.reset()

    @property
    def units(self) -> int:
        """Axes times channels times fibres."""
        return self.axes * self.channels * self.ganglion.fibres

    def reset(self) -> None:
        """Forget all: the next sample is at time 0."""
        self._states = np.zeros((2, self.axes, self.channels))
        self.ganglion.prepare(self.axes * self.channels, self.rate)
        self._level: npt.NDArray[np.float64] | None = None
        self._samples = 0

    def resonance(self, signal: Any) -> npt.NDArray[np.float64]:
        """What the resonators make of a record: (samples, axes, channels)."""
        self.reset()
        made = self._resonate(self._checked(signal))
        self.reset()
        return made

    def feel(self, signal: Any) -> UnitEvents:
        """All events of a record; see `push`."""
        self.reset()
        made = self.push(signal)
        self.reset()
        return made

    def push(self, signal: Any) -> UnitEvents:
        """The events of the next samples, (samples, axes), or (samples,) for one axis."""
        given = self._checked(signal)
        parts_t, parts_unit = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
        for first in range(0, len(given), _BLOCK):
            moved = self._resonate(given[first : first + _BLOCK])
            drive = np.maximum(moved, 0.0).reshape(len(moved), -1)
            samples, units = self.ganglion.fire(drive)
            times = (samples + self._samples + 1) * (1e6 / self.rate)
            parts_t.append(np.rint(times).astype(np.int64))
            parts_unit.append(units)
            self._samples += len(moved)
        return UnitEvents(np.concatenate(parts_t), np.concatenate(parts_unit), self.units)

    def _checked(self, signal: Any) -> npt.NDArray[np.float64]:
        values = checked_signal(signal, "ResonatorBank")
        if values.shape[1] != self.axes:
            given = f"got {values.shape[1]} columns"
            raise ValidationError("ResonatorBank, signal", given, f"{self.axes}, one for each axis")
        return values * self.gain

    def _resonate(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        out = np.empty((len(values), self.axes, self.channels))
        if len(values):
            # The first sample is what was always there, so that gravity makes no thump.
            self._level = values[0].copy() if self._level is None else self._level
            _resonate(values, self._level, self._facts, self._states, out)
        return out


@njit(cache=True, error_model="numpy")
def _resonate(values: Any, level: Any, facts: Any, s: Any, out: Any) -> None:
    for n in range(len(values)):
        for j in range(values.shape[1]):
            x, row = values[n, j] - level[j], out[n, j]
            for c in range(facts.shape[1]):
                b, a1, a2 = facts[0, c], facts[1, c], facts[2, c]
                y = b * x + s[0, j, c]
                s[0, j, c] = s[1, j, c] - a1 * y
                s[1, j, c] = -b * x - a2 * y
                row[c] = y
