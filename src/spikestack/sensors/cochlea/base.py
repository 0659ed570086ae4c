"""What a cochlea is: filters of channels, hair cells, and neurons that fire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...units import magnitude, parse_unit
from ..events import UnitEvents
from .ganglion import Ganglion
from .hair_cells import HairCells, HalfWave

__all__ = ["Cochlea", "checked_sound"]

_BLOCK = 4096


class Cochlea(ABC):
    """Turns sound into events: channels, hair cells, then neurons of the spiral ganglion.

    It hears piece by piece: what `push` gives for the pieces of a sound is what `hear` gives for
    the whole. A unit is a channel's fibre, ``channel*fibres + fibre``; channels ascend in
    frequency.

    Parameters
    ----------
    channels
        How many.
    low, high
        Hz: centre frequencies of the lowest and the highest; `high` is at most 0.45 of `rate`.
    rate
        Samples per second.
    gain
        What sound is multiplied by; by default such that speech between -1 and 1, loud at 0.1 or
        so, is heard well.
    ganglion
        The neurons, one for each channel and fibre.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    #: The gain unless one is given.
    usual_gain: ClassVar[float] = 1.0

    def __init__(
        self,
        channels: int = 64,
        low: Any = 80.0,
        high: Any = 7000.0,
        rate: Any = 16000.0,
        gain: float | None = None,
        ganglion: Ganglion | None = None,
    ) -> None:
        where = type(self).__name__
        hertz = parse_unit("Hz")
        low, high, rate = (float(magnitude(v, hertz, where)) for v in (low, high, rate))
        if not (isinstance(channels, int | np.integer) and 1 <= channels <= 4096):
            raise ValidationError(f"{where}.channels", f"got {shorten(channels)}", "1 to 4096")
        if not 0 < low < high <= 0.45 * rate < np.inf:
            raise ValidationError(
                where,
                f"low {low:g}, high {high:g}, rate {rate:g} Hz",
                "0 < low < high <= 0.45*rate",
            )
        gain = self.usual_gain if gain is None else gain
        if not (np.isfinite(gain) and gain > 0):
            raise ValidationError(f"{where}.gain", f"got {shorten(gain)}", "a number > 0")
        self.channels, self.low, self.high, self.rate = int(channels), low, high, rate
        self.gain = float(gain)
        self.hair_cells = self._hair_cells()
        self.ganglion = ganglion or Ganglion()
        self.frequencies = self._prepare()
        self.reset()

    @abstractmethod
    def _prepare(self) -> npt.NDArray[np.float64]:
        """Set the filters up; return centre frequencies, ascending."""

    def _hair_cells(self) -> HairCells | HalfWave:
        """What turns vibration into the drive of neurons."""
        return HairCells(self.channels, self.rate)

    @abstractmethod
    def _filter(self, sound: np.ndarray, out: np.ndarray) -> None:
        """Pass samples through the filters: `out` is float64 (samples, channels)."""

    def _receive(self, sound: np.ndarray, out: np.ndarray) -> None:
        """Receptor potentials that samples evoke: `out` is float64 (samples, channels)."""
        self._filter(sound, out)
        self.hair_cells.transduce(out)

    @abstractmethod
    def _reset_filter(self) -> None:
        """Forget all sound."""

    @property
    def units(self) -> int:
        """Channels times fibres."""
        return self.channels * self.ganglion.fibres

    def reset(self) -> None:
        """Forget all sound: the next sample is at time 0."""
        self._reset_filter()
        self.hair_cells.reset()
        self.ganglion.prepare(self.channels, self.rate)
        self._samples = 0

    def vibration(self, sound: Any) -> npt.NDArray[np.float64]:
        """What the filters make of a sound, from silence on: (samples, channels)."""
        self.reset()
        given = checked_sound(sound) * self.gain
        out = np.empty((len(given), self.channels))
        self._filter(given, out)
        self.reset()
        return out

    def hear(self, sound: Any) -> UnitEvents:
        """All events of a sound, from silence on; see `push`."""
        self.reset()
        made = self.push(sound)
        self.reset()
        return made

    def push(self, sound: Any) -> UnitEvents:
        """The events of the next piece of a sound.

        Parameters
        ----------
        sound
            Samples: floats, or whole numbers, of which the greatest of their type counts as 1.
        """
        given = checked_sound(sound) * self.gain
        parts = []
        out = np.empty((min(_BLOCK, len(given)), self.channels))
        for first in range(0, len(given), _BLOCK):
            piece = given[first : first + _BLOCK]
            rows = out[: len(piece)]
            self._receive(piece, rows)
            samples, units = self.ganglion.fire(rows)
            times = np.rint((samples + self._samples + 1) * (1e6 / self.rate)).astype(np.int64)
            parts.append((times, units))
            self._samples += len(piece)
        t = np.concatenate([np.zeros(0, np.int64), *(t for t, _ in parts)])
        unit = np.concatenate([np.zeros(0, np.uint32), *(u for _, u in parts)])
        return UnitEvents(t, unit, self.units)

    def finish(self) -> UnitEvents:
        """The events that pushing held back of a sound that ends here: none; then forget it."""
        self.reset()
        return UnitEvents(np.zeros(0, np.int64), np.zeros(0, np.uint32), self.units)


def checked_sound(sound: Any) -> npt.NDArray[np.float64]:
    """Samples as floats; whole numbers in shares of the greatest of their type."""
    array = np.asarray(sound)
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise ValidationError("sound", f"got {shorten(sound)}", "one row of samples")
    if array.dtype.kind in "iu":
        middle = 0.0 if array.dtype.kind == "i" else (np.iinfo(array.dtype).max + 1) / 2
        span = np.iinfo(array.dtype).max + 1 - middle
        return (array.astype(np.float64) - middle) / span
    made = array.astype(np.float64)
    if not np.isfinite(made).all():
        raise ValidationError("sound", "holds NaN or infinity", "finite samples")
    return made
