"""At what rate events come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError
from ..numerics.compiling import njit
from .events import Events

__all__ = ["Periodicity", "periodicity"]

_MOST = 2_000_000


@dataclass(frozen=True, eq=False)
class Periodicity:
    """How strongly events keep to each rate.

    Attributes
    ----------
    frequency
        Hz, ascending.
    power
        Of each; about the number of harmonics for events at random.
    """

    frequency: npt.NDArray[np.float64]
    power: npt.NDArray[np.float64]

    @property
    def best(self) -> float:
        """The rate in Hz that they keep to most."""
        return float(self.frequency[np.argmax(self.power)])


def periodicity(events: Any, low: float, high: float, harmonics: int = 3) -> Periodicity:
    """The spectrum of events as points in time, summed over harmonics.

    For each rate f, |sum of exp(2 pi i h f t)|^2 over the number of events, summed over h from 1 to
    `harmonics`: Bartlett's periodogram of a point process (1963, J R Stat Soc B 25:264). Events
    need no bins and no common clock.

    Parameters
    ----------
    events
        `UnitEvents`, of which all units count alike (``events[events.unit == 0]`` are those of
        one); or times in ms.
    low, high
        Hz. A `low` above half of what is looked for keeps halves of it away.
    harmonics
        How many; blows that are short against their intervals have several.

    Returns
    -------
    Periodicity
        At steps of 1/(4*duration*harmonics).

    Raises
    ------
    ValidationError
        If there are fewer than three events, or the range is empty or too fine.
    """
    t = events.t / 1e6 if isinstance(events, Events) else np.asarray(events, np.float64) / 1e3
    if t.ndim != 1 or len(t) < 3 or not np.isfinite(t).all() or np.ptp(t) == 0:
        raise ValidationError("periodicity", f"got {np.size(t)} events", "three or more, in time")
    if not (0 < low < high < np.inf and 1 <= harmonics <= 100):
        given = f"low {low}, high {high} Hz, harmonics {harmonics}"
        raise ValidationError("periodicity", given, "0 < low < high, 1 to 100 harmonics")
    count = (high - low) * 4.0 * harmonics * np.ptp(t) + 2.0
    if count > _MOST:
        raise ValidationError("periodicity", f"asks for {count:,.0f} rates", f"at most {_MOST:,}")
    frequency = np.linspace(low, high, int(count))
    power = np.zeros(len(frequency))
    for h in range(1, harmonics + 1):
        power += _power(np.ascontiguousarray(t - t[0]), h * frequency[0], h * frequency, len(t))
    return Periodicity(frequency, power)


@njit(cache=True, error_model="numpy")
def _power(t: Any, first: float, frequency: Any, events: int) -> Any:
    n = len(frequency)
    step = frequency[1] - frequency[0]
    real, imaginary = np.zeros(n), np.zeros(n)
    for k in range(events):
        x, y = np.cos(2 * np.pi * first * t[k]), np.sin(2 * np.pi * first * t[k])
        c, s = np.cos(2 * np.pi * step * t[k]), np.sin(2 * np.pi * step * t[k])
        for j in range(n):
            real[j] += x
            imaginary[j] += y
            x, y = x * c - y * s, x * s + y * c
    return (real * real + imaginary * imaginary) / events
