"""Inner hair cells: rectification, saturation, and adaptation by two emptying stores."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit

__all__ = ["HairCells", "HalfWave", "transduce"]

#: Seconds: how the stores empty and fill, and the membrane's low-pass (CARFAC v3, two capacitors).
_OUT_1, _IN_1, _OUT_2, _IN_2, _MEMBRANE = 0.5e-3, 0.2e-3, 1e-3, 10e-3, 80e-6


class HairCells:
    """One hair cell for each channel.

    Lyon 2017, Human and Machine Hearing, chapter 18: conductance z^3/(z^3 + z^2 + 0.1) with z =
    max(0, x + 0.175), two stores of transmitter, a low-pass of the membrane. At rest it gives 0.
    """

    def __init__(self, channels: int, rate: float) -> None:
        most, least = _conductance(10.0), _conductance(0.0)
        store_2 = _OUT_2 * most
        resistance_2 = _IN_2 / store_2
        resistance_1 = _IN_1 / (_OUT_1 / resistance_2)
        saturated = 1.0 / (2.0 / most + resistance_2 + resistance_1)
        current = 1.0 / (resistance_1 + resistance_2 + 1.0 / least)
        first = 1.0 - current * resistance_1
        self._rest = (first, first - current * resistance_2)
        gain = 1.0 / (saturated - current)
        self._facts = np.array(
            [
                *(1.0 / (_OUT_1 * rate), 1.0 / (_IN_1 * rate)),
                *(1.0 / most / (_OUT_2 * rate), 1.0 / (_IN_2 * rate)),
                *(gain, current * gain, 1.0 - np.exp(-1.0 / (_MEMBRANE * rate))),
            ]
        )
        self._states = np.zeros((3, channels))
        self.reset()

    def reset(self) -> None:
        """Back to rest."""
        self._states[0], self._states[1] = self._rest
        self._states[2] = self._facts[5]

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """States and constants, as the function `transduce` wants them."""
        return self._states, self._facts

    def transduce(self, motion: np.ndarray) -> None:
        """Replace vibration (samples, channels) by receptor potential."""
        transduce(motion, *self.parts)


class HalfWave:
    """Half-wave rectification, and nothing else."""

    def reset(self) -> None:
        """It has nothing to forget."""

    def transduce(self, motion: np.ndarray) -> None:
        """Replace vibration (samples, channels) by its upper halves."""
        np.maximum(motion, 0.0, out=motion)


def _conductance(x: float) -> float:
    z = max(0.0, x + 0.175)
    return z**3 / (z**3 + z**2 + 0.1)


@njit(cache=True, error_model="numpy")
def transduce(motion: Any, states: Any, facts: Any) -> None:
    """Replace vibration (samples, channels) by receptor potential."""
    out_1, in_1, out_2, in_2, gain, rest, membrane = facts
    first, second, low = states[0], states[1], states[2]
    for n in range(motion.shape[0]):
        row = motion[n]
        for c in range(motion.shape[1]):
            z = max(0.0, row[c] + 0.175)
            square = z * z
            current = square * z / (square * z + square + 0.1) * second[c]
            flow = first[c] - second[c]
            first[c] += (1.0 - first[c]) * in_1 - flow * out_1
            second[c] += flow * in_2 - current * out_2
            low[c] += membrane * (current * gain - low[c])
            row[c] = low[c] - rest
