"""The state at which a device has a given current, by bisection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ValidationError

__all__ = ["find_state"]

_HALVINGS = 200


def find_state(
    current: Callable[[Any], Any], wanted: Any, low: Any, high: Any, where: str
) -> np.ndarray:
    """The state between `low` and `high` at which a monotonic `current` is `wanted`.

    Values beyond what the bounds give yield the bound. It is exact to the spacing of float64.

    Raises
    ------
    ValidationError
        If a bound is infinite.
    """
    wanted, low, high = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (wanted, low, high))
    )
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise ValidationError(f"{where}.bounds", "none of the memory", "finite bounds")
    below, above = low.copy(), high.copy()
    rises = np.asarray(current(high)) >= np.asarray(current(low))
    for _ in range(_HALVINGS):
        middle = 0.5 * (below + above)
        if np.all((middle == below) | (middle == above)):
            break
        too_low = np.where(rises, current(middle) < wanted, current(middle) > wanted)
        below, above = np.where(too_low, middle, below), np.where(too_low, above, middle)
    # The ends themselves are never middles.
    nearest = np.abs(current(below) - wanted) <= np.abs(current(above) - wanted)
    return np.where(nearest, below, above)
