"""The current that shows what a model with certain parameters does."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError

__all__ = ["Stimulus"]

#: A level held from a time on, or a level and the slope with which it rises from then on.
Change = tuple[float, float] | tuple[float, float, float]


@dataclass(frozen=True)
class Stimulus:
    """A current of steps and ramps, with the time step and the duration of the run it is made for.

    Attributes
    ----------
    changes
        ``(time, current)`` for a current that is held from then on, ``(time, current, slope)`` for
        one that rises by `slope` each ms; in ms and nA, ascending. Before the first it is 0.
    duration
        ms.
    dt
        ms. A ramp is a staircase of this width.

    Raises
    ------
    ValidationError
        If the times do not ascend from 0 to `duration`, or if `dt` is not above 0.
    """

    changes: tuple[Change, ...]
    duration: float
    dt: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.dt < math.inf:
            raise ValidationError("Stimulus.dt", f"got {self.dt} ms", "above 0 ms")
        times = [0.0, *(change[0] for change in self.changes[1:]), self.duration]
        first = self.changes[0][0] if self.changes else -1.0
        if not (0 <= first < times[1] and (np.diff(times) > 0).all() and math.isfinite(times[-1])):
            raise ValidationError(
                "Stimulus.changes",
                f"times {[change[0] for change in self.changes]} for {self.duration} ms",
                "at least one, ascending, from 0 ms to below the duration",
            )

    def steps(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Times (ms) and amplitudes (nA): ``sp.StepCurrent(*stimulus.steps())``."""
        times: list[float] = []
        amplitudes: list[float] = []
        ends = [change[0] for change in self.changes[1:]] + [self.duration]
        for (start, level, *slope), end in zip(self.changes, ends):
            count = math.ceil((end - start) / self.dt - 1e-9) if slope else 1
            elapsed = self.dt * np.arange(count)
            times += (start + elapsed).tolist()
            amplitudes += (level + (slope[0] if slope else 0.0) * elapsed).tolist()
        return np.array(times), np.array(amplitudes)
