"""Slow gain control across channels: four filters, each slower and wider than the last."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError
from ...numerics.compiling import njit

__all__ = ["GainControl", "advance"]

#: Seconds, samples of the stage before that one takes, and spread in channels: down, up.
_TAU = 0.002 * 4.0 ** np.arange(4)
_DECIMATION = (8, 2, 2, 2)
_SPREAD = np.array([[1.0], [1.65]]) * np.sqrt(2.0) ** np.arange(4)


class GainControl:
    """What gain control makes of the output of hair cells: how much damping channels should have.

    Four stages, with time constants of 2, 8, 32 and 128 ms, work on means of 8, 16, 32 and 64
    samples. Each stage smooths its input and `stage_gain` times the level of the next slower one,
    first over time, then across channels, farther towards high frequencies. A constant input gives
    itself. CARFAC also mixes the levels of two ears, which this does not.

    Lyon 2017, Human and Machine Hearing, chapter 19; constants of CARFAC v3.

    Parameters
    ----------
    channels
        How many, ascending in frequency.
    rate
        Samples per second.
    stage_gain
        What a stage takes from the next slower one.

    Raises
    ------
    ValidationError
        If `stage_gain` is negative.

    Attributes
    ----------
    levels
        float64 (4, channels): of each stage, the fastest first.
    """

    def __init__(self, channels: int, rate: float, stage_gain: float = 2.0) -> None:
        if not 0 <= stage_gain < np.inf:
            raise ValidationError("GainControl.stage_gain", f"got {stage_gain}", "a number >= 0")
        step = np.cumprod(_DECIMATION) / rate
        taken = 1.0 - np.exp(-step / _TAU)
        weights, times = zip(*(_smoothing(k, _TAU[k] / step[k]) for k in range(4)))
        scale = 1.0 / (stage_gain ** np.arange(4)).sum()
        self._facts = (taken, np.array(weights), np.array(times), float(stage_gain), scale)
        self._shape = (4, channels)
        self.reset()

    def reset(self) -> None:
        """Back to silence."""
        self.levels = np.zeros(self._shape)
        self._sums, self._taken = np.zeros(self._shape), np.zeros(4, np.int64)

    @property
    def parts(self) -> tuple[Any, ...]:
        """Levels, sums, samples taken and constants, as `advance` wants them."""
        return self.levels, self._sums, self._taken, self._facts

    def push(self, output: npt.NDArray[np.float64]) -> None:
        """Follow the output of hair cells, (samples, channels)."""
        first = 0
        while first < len(output):
            end = first + 8 - int(self._taken[0])
            advance(output[first:end], *self.parts)
            first = end


def _smoothing(stage: int, times: float) -> tuple[tuple[float, ...], int]:
    """Weights of the five channels around one, from low to high, and how often they are applied.

    They have the mean and the variance that add up to the stage's spread within a time constant,
    that is `times` updates.
    """
    down, up = _SPREAD[:, stage]
    mean, variance = (up - down) / times, (down**2 + up**2) / times
    often = 1
    while True:
        m, v = mean / often, variance / often
        square = v + m * m
        if often == 1 and 1.0 - square >= 0.25:
            return (0.0, (square + m) / 2.0, 1.0 - square, (square - m) / 2.0, 0.0), 1
        below, above = square / 5.0 + m / 3.0, square / 5.0 - m / 3.0
        if 1.0 - below - above >= 0.15:
            return (below / 2, below / 2, 1.0 - below - above, above / 2, above / 2), often
        often += 1


@njit(cache=True, error_model="numpy")
def advance(rows: Any, levels: Any, sums: Any, taken: Any, facts: Any) -> bool:
    """Take samples (samples, channels), at most those to the next update; whether it came."""
    scale = facts[4]
    for n in range(len(rows)):
        for c in range(rows.shape[1]):
            sums[0, c] += scale * rows[n, c]
    taken[0] += len(rows)
    if taken[0] < 8:
        return False
    _update(levels, sums, taken, facts)
    return True


@njit(cache=True, error_model="numpy")
def _update(levels: Any, sums: Any, taken: Any, facts: Any) -> None:
    """New levels of the stages that have taken as many samples as they want."""
    share, weights, times, gain, _ = facts
    stage = -1
    while stage < 3 and taken[stage + 1] == (8 if stage < 0 else 2):
        stage += 1
        sums[stage] /= taken[stage]
        taken[stage] = 0
        if stage < 3:
            sums[stage + 1] += sums[stage]
            taken[stage + 1] += 1
    for k in range(stage, -1, -1):
        for c in range(levels.shape[1]):
            slower = gain * levels[k + 1, c] if k < 3 else 0.0
            levels[k, c] += share[k] * (sums[k, c] + slower - levels[k, c])
            sums[k, c] = 0.0
        for _ in range(times[k]):
            _smooth(levels[k], weights[k])


@njit(cache=True, error_model="numpy")
def _smooth(level: Any, weights: Any) -> None:
    """Mix neighbours; what lies beyond an end is as the end."""
    last = len(level) - 1
    below_2 = below = level[0]
    for c in range(last + 1):
        here, above, above_2 = level[c], level[min(c + 1, last)], level[min(c + 2, last)]
        level[c] = (
            weights[0] * below_2
            + weights[1] * below
            + weights[2] * here
            + weights[3] * above
            + weights[4] * above_2
        )
        below_2, below = below, here
