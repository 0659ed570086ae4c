"""Filters that only look back, for decoders of rates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit

__all__: list[str] = []


def moving_mean(values: Any, width: int) -> Any:
    """Mean of the last `width` rows, as if zeros stood before the first."""
    total = np.cumsum(values, axis=0, dtype=np.float64)
    late = np.zeros_like(total)
    late[width:] = total[:-width] if width < len(total) else 0.0
    return (total - late) / width


@njit(cache=True)
def leaky_sum(values, keep):  # type: ignore[no-untyped-def]
    """y[k] = keep*y[k-1] + values[k], down each column."""
    made = np.empty(values.shape)
    for c in range(values.shape[1]):
        y = 0.0
        for k in range(values.shape[0]):
            y = keep * y + values[k, c]
            made[k, c] = y
    return made
