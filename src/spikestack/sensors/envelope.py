"""The envelope of a band of a signal, and its events."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError
from ..units import magnitude, parse_unit
from .encoders.base import Encoder
from .encoders.send_on_delta import SendOnDelta
from .events import UnitEvents
from .sampled import checked_signal

__all__ = ["Envelope"]

Floats = npt.NDArray[np.float64]


class Envelope:
    """Band-pass, rectify, low-pass, encode: how strong a band is, as events.

    Second-order Butterworth filters; the rectified band is multiplied by pi/2, so that a steady
    sine has its amplitude as envelope. Bearings, muscles and modems are heard this way.

    It works piece by piece: `push` for the pieces of a record, and `finish`, give what `feel` gives
    for the whole. Units are those of the encoder.

    Parameters
    ----------
    low, high
        Hz: the band.
    cutoff
        Hz: of the low-pass, above the fastest change that is to be seen.
    rate
        Samples per second.
    channels
        Of the signal.
    encoder
        What makes events of the envelope; `SendOnDelta` of 0.1 by default.

    Raises
    ------
    ValidationError
        Unless 0 < low < high < rate/2 and 0 < cutoff < rate/2.
    """

    def __init__(
        self,
        low: Any,
        high: Any,
        cutoff: Any,
        rate: Any,
        channels: int = 1,
        encoder: Encoder | None = None,
    ) -> None:
        from scipy.signal import butter

        hertz = parse_unit("Hz")
        self.low, self.high, self.cutoff, self.rate = (
            float(magnitude(v, hertz, "Envelope")) for v in (low, high, cutoff, rate)
        )
        half = 0.5 * self.rate
        if not (0 < self.low < self.high < half < np.inf and 0 < self.cutoff < half):
            given = f"low {self.low:g}, high {self.high:g}, cutoff {self.cutoff:g}, rate "
            given += f"{self.rate:g} Hz"
            raise ValidationError("Envelope", given, "0 < low < high < rate/2, 0 < cutoff < rate/2")
        band = (self.low, self.high)
        self._band = butter(2, band, "bandpass", fs=self.rate, output="sos")
        self._smooth = butter(2, self.cutoff, fs=self.rate, output="sos")
        self.encoder, self.channels = encoder or SendOnDelta(0.1), channels
        self.reset()

    @property
    def units(self) -> int:
        """Of the encoder, for all channels."""
        return self.channels * int(self.encoder.per_channel)

    def reset(self) -> None:
        """Forget all: the next sample is at time 0, and what it is was always there."""
        self._stream = self.encoder.stream(1e3 / self.rate, self.channels)
        self._rest: Floats | None = None
        self._states: tuple[Any, ...] = (None, None)

    def envelope(self, signal: Any) -> Floats:
        """The envelope of a record, float64 (samples, channels), in units of the signal."""
        self.reset()
        made = self.filtered(signal)[1]
        self.reset()
        return made

    def feel(self, signal: Any) -> UnitEvents:
        """All events of a record; see `push`."""
        self.reset()
        parts = [self.push(signal), self.finish()]
        self.reset()
        t, unit = (np.concatenate([getattr(p, name) for p in parts]) for name in ("t", "unit"))
        return UnitEvents(t, unit, self.units)

    def push(self, signal: Any) -> UnitEvents:
        """The events of the next samples, (samples, channels), or (samples,) for one."""
        return self._stream.push(self.filtered(signal)[1])

    def finish(self) -> UnitEvents:
        """The events for which the encoder waited."""
        return self._stream.finish()

    def filtered(self, signal: Any) -> tuple[Floats, Floats]:
        """The next samples of the band, and of its envelope; for those who encode themselves."""
        from scipy.signal import sosfilt

        values = checked_signal(signal, "Envelope")
        if values.shape[1] != self.channels:
            given = f"got {values.shape[1]} channels"
            raise ValidationError("Envelope, signal", given, f"{self.channels}")
        if not len(values):
            return values, values
        if self._rest is None:
            self._rest = values[0].copy()
            self._states = tuple(
                np.zeros((len(sections), 2, self.channels))
                for sections in (self._band, self._smooth)
            )
        band, first = sosfilt(self._band, values - self._rest, axis=0, zi=self._states[0])
        size = np.abs(band) * (0.5 * np.pi)
        smooth, second = sosfilt(self._smooth, size, axis=0, zi=self._states[1])
        self._states = (first, second)
        return band, smooth
