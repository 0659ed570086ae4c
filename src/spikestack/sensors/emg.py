"""Muscles: an electromyogram as level crossings, and as effort."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ValidationError
from ..units import magnitude, parse_unit
from .encoders.regular_code import RegularCode
from .encoders.send_on_delta import SendOnDelta
from .envelope import Envelope
from .events import UnitEvents

__all__ = ["EMG"]


class EMG:
    """Surface EMG as events: up and down steps of some microvolts, and spikes at a rate of effort.

    The signal is band-passed, as mains hum and movement ask for it. Its crossings of levels `step`
    apart are sent one by one, as a level-crossing converter does (`SendOnDelta`); its rectified
    envelope, low-passed, becomes a regular spike rate (`RegularCode`).

    It works piece by piece: `push` for the pieces of a record gives what `feel` gives for the
    whole. Units 3c (up), 3c + 1 (down) and 3c + 2 (effort) are of channel c.

    Parameters
    ----------
    channels
        Electrodes.
    rate
        Samples per second, at least 100.
    step
        uV between levels; 20 to 40 is usual.
    full
        uV of envelope at which effort spikes come at `most`.
    most
        Hz.
    band
        Hz: lower and upper limit; the upper one is lowered to 0.45 of `rate` where need be.
    cutoff
        Hz, of the envelope.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    def __init__(
        self,
        channels: int = 1,
        rate: Any = 1000.0,
        step: Any = 30.0,
        *,
        full: Any = 500.0,
        most: Any = 200.0,
        band: Any = (20.0, 450.0),
        cutoff: Any = 5.0,
    ) -> None:
        hertz, microvolt = parse_unit("Hz"), parse_unit("uV")
        self.rate = float(magnitude(rate, hertz, "EMG.rate"))
        self.step = float(magnitude(step, microvolt, "EMG.step"))
        self.full = float(magnitude(full, microvolt, "EMG.full"))
        low, high = (float(magnitude(v, hertz, "EMG.band")) for v in band)
        self.most = float(magnitude(most, hertz, "EMG.most"))
        if not (self.rate >= 100 and min(self.step, self.full, self.most) > 0):
            given = f"rate {self.rate:g} Hz, step {self.step:g}, full {self.full:g} uV, "
            given += f"most {self.most:g} Hz"
            raise ValidationError("EMG", given, "rate >= 100 Hz, all else > 0")
        effort = RegularCode(low=0.0, high=self.full, rate=self.most)
        self._muscle = Envelope(
            low, min(high, 0.45 * self.rate), cutoff, self.rate, channels, effort
        )
        self.channels = channels
        self.reset()

    @property
    def units(self) -> int:
        """Three for each channel."""
        return 3 * self.channels

    def reset(self) -> None:
        """Forget all: the next sample is at time 0."""
        self._muscle.reset()
        dt = 1e3 / self.rate
        self._levels = SendOnDelta(self.step).stream(dt, self.channels)
        self._effort = self._muscle.encoder.stream(dt, self.channels)

    def feel(self, signal: Any) -> UnitEvents:
        """All events of a record; see `push`."""
        self.reset()
        made = self.push(signal)
        self.reset()
        return made

    def push(self, signal: Any) -> UnitEvents:
        """The events of the next samples in uV, (samples, channels), or (samples,) for one."""
        band, size = self._muscle.filtered(signal)
        levels, effort = self._levels.push(band), self._effort.push(size)
        t = np.concatenate([levels.t, effort.t])
        steps = levels.unit // 2 * 3 + levels.unit % 2
        unit = np.concatenate([steps, effort.unit * 3 + 2]).astype(np.uint32)
        order = np.lexsort((unit, t))
        return UnitEvents(t[order], unit[order], self.units)
