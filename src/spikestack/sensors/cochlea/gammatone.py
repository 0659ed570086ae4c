"""The gammatone filter bank."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit
from .base import Cochlea
from .scales import erb, erb_spaced

__all__ = ["Gammatone"]


class Gammatone(Cochlea):
    """A bank of fourth-order gammatone filters: t^3 exp(-2 pi b t) cos(2 pi f t), b = 1.019 ERB.

    Each is four complex first-order filters in a row, of which the real part is taken; the gain at
    the centre frequency is 1. Independent channels, no feedback: linear up to the hair cells.

    Patterson, Robinson, Holdsworth et al. 1992; Slaney 1993, Apple TR 35; Hohmann 2002, Acta
    Acustica 88:433 for the complex form.
    """

    usual_gain = 10.0

    def _prepare(self) -> npt.NDArray[np.float64]:
        centres = erb_spaced(self.channels, self.low, self.high)
        width = 2.0 * np.pi * 1.019 * np.asarray(erb(centres)) / self.rate
        turn = 2.0 * np.pi * centres / self.rate
        self._pole = np.exp(-width) * np.array([np.cos(turn), np.sin(turn)])
        # At its centre a stage passes 1/(1 - exp(-width)); half of a cosine is at this frequency.
        self._gain = 2.0 * (1.0 - np.exp(-width)) ** 4
        return centres

    def _reset_filter(self) -> None:
        self._states = np.zeros((8, self.channels))

    def _filter(self, sound: np.ndarray, out: np.ndarray) -> None:
        _gammatone(sound, self._pole, self._gain, self._states, out)


@njit(cache=True, error_model="numpy")
def _gammatone(sound: Any, pole: Any, gain: Any, s: Any, out: Any) -> None:
    for n in range(len(sound)):
        x, row = sound[n], out[n]
        for c in range(len(gain)):
            a, b = pole[0, c], pole[1, c]
            r1 = a * s[0, c] - b * s[1, c] + x * gain[c]
            i1 = a * s[1, c] + b * s[0, c]
            r2 = a * s[2, c] - b * s[3, c] + r1
            i2 = a * s[3, c] + b * s[2, c] + i1
            r3 = a * s[4, c] - b * s[5, c] + r2
            i3 = a * s[5, c] + b * s[4, c] + i2
            r4 = a * s[6, c] - b * s[7, c] + r3
            i4 = a * s[7, c] + b * s[6, c] + i3
            s[0, c], s[1, c], s[2, c], s[3, c] = r1, i1, r2, i2
            s[4, c], s[5, c], s[6, c], s[7, c] = r3, i3, r4, i4
            row[c] = r4
