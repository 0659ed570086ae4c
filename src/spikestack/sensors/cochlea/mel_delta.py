"""Log-mel energies and delta modulation: a light front end for speech."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ValidationError
from ...numerics.compiling import njit
from ..events import UnitEvents
from .base import checked_sound
from .scales import mel_filters

__all__ = ["MelDelta"]


class MelDelta:
    """Energies of mel bands on a logarithmic scale, then a spike for each step up or down.

    Unit `band` fires where a band's level rose by `threshold`, unit ``bands + band`` where it
    fell; more than one step within a hop makes as many events.

    Stewart, Raina, Neves et al. 2023, doi 10.1145/3584954.3584995, from its description.

    Parameters
    ----------
    bands, low, high
        How many, and Hz between which they lie.
    rate
        Samples per second.
    window, hop
        Samples of a spectrum, and from one to the next.
    threshold
        Step of a band's natural logarithm.
    offset
        Added to energies before the logarithm.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    def __init__(
        self,
        bands: int = 20,
        low: float = 20.0,
        high: float = 4000.0,
        rate: float = 16000.0,
        window: int = 512,
        hop: int = 80,
        threshold: float = 1.0,
        offset: float = 1e-6,
    ) -> None:
        good = 0 < low < high <= rate / 2 and bands > 0 and 0 < hop <= window
        if not (good and threshold > 0 and offset > 0):
            raise ValidationError(
                "MelDelta",
                f"{bands} bands from {low:g} to {high:g} Hz at {rate:g} samples/s, hop {hop}",
                "0 < low < high <= rate/2, 0 < hop <= window, threshold and offset > 0",
            )
        self.bands, self.rate, self.window, self.hop = bands, float(rate), window, hop
        self.threshold, self.offset = float(threshold), float(offset)
        self._weights = mel_filters(bands, window, rate, low, high)
        self._taper = np.hanning(window + 1)[:-1]
        self.reset()

    @property
    def units(self) -> int:
        """Two for each band."""
        return 2 * self.bands

    def reset(self) -> None:
        """Forget all sound: the next sample is at time 0."""
        self._rest, self._frames = np.zeros(0), 0
        self._level = np.full(self.bands, np.nan)

    def energies(self, sound: Any) -> np.ndarray:
        """Natural logarithm of the energy of each band: (frames, bands), whole windows only."""
        given = checked_sound(sound)
        if len(given) < self.window:
            return np.zeros((0, self.bands))
        frames = np.lib.stride_tricks.sliding_window_view(given, self.window)[:: self.hop]
        power = np.abs(np.fft.rfft(frames * self._taper, axis=1)) ** 2
        return np.log(power @ self._weights.T + self.offset)

    def hear(self, sound: Any) -> UnitEvents:
        """All events of a sound; see `push`."""
        self.reset()
        made = self.push(sound)
        self.reset()
        return made

    def push(self, sound: Any) -> UnitEvents:
        """The events of the next piece of a sound: those of all windows that end in it."""
        given = np.concatenate([self._rest, checked_sound(sound)])
        levels = self.energies(given)
        self._rest = given[len(levels) * self.hop :]
        most = int(np.abs(np.diff(levels, axis=0, prepend=levels[:1])).sum() / self.threshold)
        most += 2 * levels.size + self.bands
        if len(levels) and not np.isnan(self._level).any():
            most += int(np.abs(levels[0] - self._level).sum() / self.threshold)
        frames, units = np.empty(most, np.int64), np.empty(most, np.uint32)
        count = _modulate(levels, self._level, self.threshold, frames, units)
        ends = (frames[:count] + self._frames) * self.hop + self.window
        self._frames += len(levels)
        t = np.rint(ends * (1e6 / self.rate)).astype(np.int64)
        return UnitEvents(t, units[:count], self.units)

    def finish(self) -> UnitEvents:
        """The events that pushing held back of a sound that ends here: none; then forget it."""
        self.reset()
        return UnitEvents(np.zeros(0, np.int64), np.zeros(0, np.uint32), self.units)


@njit(cache=True, error_model="numpy")
def _modulate(levels: Any, level: Any, threshold: float, frames: Any, units: Any) -> int:
    count, bands = 0, len(level)
    for n in range(levels.shape[0]):
        for b in range(bands):
            value = levels[n, b]
            if np.isnan(level[b]):
                level[b] = np.rint(value / threshold) * threshold
            while value - level[b] > threshold:
                level[b] += threshold
                frames[count], units[count] = n, b
                count += 1
            while level[b] - value > threshold:
                level[b] -= threshold
                frames[count], units[count] = n, bands + b
                count += 1
    return count
