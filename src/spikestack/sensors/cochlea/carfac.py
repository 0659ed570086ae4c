"""CARFAC: a cascade of asymmetric resonators with fast-acting compression."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit
from .base import Cochlea

__all__ = ["CARFAC", "half_erb_apart"]

_BREAK, _Q = 165.3, 1000.0 / (24.7 * 4.37)
_LEAST_ZETA, _MOST_ZETA, _ZERO_RATIO, _HIGH_DAMPING = 0.10, 0.35, np.sqrt(2.0), 0.5
_VELOCITY, _OFFSET, _COUPLING = 0.1, 0.04, 20.0


class CARFAC(Cochlea):
    """The cascade model of Lyon: each section passes on what it leaves over, high to low.

    Outer hair cells undamp the sections where they move little, so that soft sounds are amplified
    more than loud ones, from one sample to the next. Slow gain control across channels is left
    out: `damping` (0: most active, 1: passive) stands in its place.

    The number of channels follows from `low` and `high`: half an ERB apart, the first pole at
    `high`.

    Lyon 2011, J Acoust Soc Am 130:3893; Lyon 2017, Human and Machine Hearing, chapters 15 to 19.
    """

    def __init__(
        self, low: Any = 30.0, high: Any = None, rate: Any = 16000.0, damping: float = 0.5,
        **settings: Any,
    ) -> None:  # fmt: skip
        self.damping = float(damping)
        top = 0.85 * float(rate) / 2.0 if high is None else high
        channels = len(half_erb_apart(float(low), float(top)))
        super().__init__(channels, low, top, rate, **settings)

    def _prepare(self) -> npt.NDArray[np.float64]:
        poles = self._poles()
        theta = 2.0 * np.pi * poles / self.rate
        squeezed = theta / np.pi * (1.0 - _HIGH_DAMPING * (theta / np.pi) ** 2) * np.pi
        least = 1.0 - _MOST_ZETA * squeezed * self._mismatch()
        undamping = (1.0 - self.damping) * squeezed * (_MOST_ZETA - _LEAST_ZETA)
        a0, c0 = np.cos(theta), np.sin(theta)
        h = c0 * (_ZERO_RATIO**2 - 1.0)
        decay = 1.0 - np.exp(-2.0 * np.pi * _COUPLING / self.rate)
        self._facts = np.stack([a0, c0, h, least, undamping, np.full_like(a0, decay)])
        # Sections run from high to low, channels from low to high.
        return poles[::-1].copy()

    def _poles(self) -> npt.NDArray[np.float64]:
        """Frequencies of the sections, from high to low."""
        return half_erb_apart(self.low, self.high)

    def _mismatch(self) -> npt.NDArray[np.float64]:
        """By what the damping of each section is off."""
        return np.ones(self.channels)

    def _reset_filter(self) -> None:
        self._states = np.zeros((4, self.channels))

    def _filter(self, sound: np.ndarray, out: np.ndarray) -> None:
        _carfac(sound, self._facts, self._states, out)


def half_erb_apart(low: float, high: float) -> npt.NDArray[np.float64]:
    """Frequencies from high to low, half an ERB apart."""
    found = [high]
    while found[-1] > low:
        found.append(found[-1] - 0.5 * (_BREAK + found[-1]) / _Q)
    return np.array(found[:-1] if len(found) > 1 else found)


@njit(cache=True, error_model="numpy")
def _carfac(sound: Any, facts: Any, s: Any, out: Any) -> None:
    a0, c0, h, least, undamping, decay = facts
    last = facts.shape[1] - 1
    for n in range(len(sound)):
        passed = sound[n]
        for k in range(last + 1):
            z1, z2 = s[0, k], s[1, k]
            velocity = (z1 - s[2, k]) * _VELOCITY + _OFFSET
            s[2, k] = z1
            r = least[k] + undamping[k] / (1.0 + velocity * velocity)
            g = (1.0 - 2.0 * r * a0[k] + r * r) / (1.0 - 2.0 * r * a0[k] + h[k] * r * c0[k] + r * r)
            new_1 = r * (a0[k] * z1 - c0[k] * z2) + passed
            new_2 = r * (c0[k] * z1 + a0[k] * z2)
            s[0, k], s[1, k] = new_1, new_2
            passed = g * (passed + h[k] * new_2)
            # What stands still does not bend hair cells.
            s[3, k] += decay[k] * (passed - s[3, k])
            out[n, last - k] = passed - s[3, k]
