"""Spoken digits as levels of mel bands, as networks of the zoo hear them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..cochlea import MelDelta

__all__ = ["BANDS", "STEPS", "Levels", "without_mean"]

#: Mel bands, and steps of 12.5 ms for a word.
BANDS, STEPS = 40, 56
#: Samples of sound (8,000 a second) in a step.
_HOP = 100
#: Natural logarithm of the loudest energy over the faintest that counts.
_RANGE = 12.0


def _ear() -> MelDelta:
    return MelDelta(bands=BANDS, low=80.0, rate=8000.0, window=256, hop=_HOP)


@dataclass(frozen=True)
class Levels:
    """Half the logarithm of the energy of each band above a floor, float32 (STEPS, BANDS).

    The word is moved to the first step; 0 is silence.
    """

    ear: MelDelta = field(default_factory=_ear)

    def __call__(self, sound: np.ndarray) -> np.ndarray:
        """Of one recording, int16."""
        levels = self.ear.energies(np.pad(sound / 2.0**15, self.ear.window // 2))
        levels = np.maximum(levels - levels.max() + _RANGE, 0.0) / 2
        spoken = np.flatnonzero(levels.mean(axis=1) > 0.4)
        levels = levels[spoken[0] : spoken[-1] + 1][:STEPS]
        return np.pad(levels, ((0, STEPS - len(levels)), (0, 0))).astype(np.float32)


def without_mean(levels: np.ndarray) -> np.ndarray:
    """Each band less its mean over the word; (steps, ..., bands)."""
    spoken = (levels.mean(axis=-1, keepdims=True) > 0.2).astype(np.float32)
    mean = (levels * spoken).sum(0) / np.maximum(spoken.sum(0), 1)
    return np.asarray((levels - mean) * spoken, np.float32)
