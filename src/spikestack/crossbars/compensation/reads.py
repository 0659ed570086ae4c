"""Reads that correct errors: several readings of the same inputs, of which one answer is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ValidationError, shorten

if TYPE_CHECKING:
    from ..tiles.array import CrossbarArray

__all__ = ["read_often"]

_WAYS = ("mean", "median")


def read_often(
    array: CrossbarArray, x: Any, reads: int = 3, how: str = "mean"
) -> NDArray[np.float32]:
    """The mean or the median of several readings.

    The mean takes noise down by the root of their number, as readings are independent; the median
    by a quarter less, but single readings that are far off have no part in it. Energy and time grow
    with the number.

    Parameters
    ----------
    array
        Read anew each time.
    x
        float[..., inputs].
    reads
        1 or more.
    how
        ``"mean"`` or ``"median"``.

    Returns
    -------
    float32[..., outputs]

    Raises
    ------
    ValidationError
        If `reads` or `how` is something else, or inputs do not fit.
    """
    if isinstance(reads, bool) or not isinstance(reads, int) or not 1 <= reads <= 10_000:
        raise ValidationError("read_often, reads", f"got {shorten(reads)}", "whole, 1 to 10,000")
    if how not in _WAYS:
        raise ValidationError("read_often, how", f"got {shorten(how)}", "'mean' or 'median'")
    found = np.stack([array.product(x) for _ in range(reads)])
    made = found.mean(axis=0) if how == "mean" else np.median(found, axis=0)
    return np.asarray(made, np.float32)
