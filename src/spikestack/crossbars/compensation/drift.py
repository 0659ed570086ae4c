"""Drift taken away by a factor of the outputs, for all of them or for each.

Mean magnitudes of the outputs for fixed probes are noted when the array is programmed; later
outputs are multiplied by what they were over what they are (the global form as in IBM's aihwkit,
inference/compensation/drift.py; Joshi et al. 2020, Nat Commun 11:2473).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..tiles.array import CrossbarArray

__all__ = ["drift_gain", "magnitudes", "uncorrected"]

_F64 = NDArray[np.float64]


def uncorrected(array: CrossbarArray, inputs: Any) -> _F64:
    """One noisy reading of each vector, before digital factors and terms; float64."""
    gain, offset = array.gain, array.offset
    array.correct()
    try:
        return array.product(inputs).astype(np.float64)
    finally:
        array.correct(gain, offset)


def magnitudes(array: CrossbarArray, inputs: Any = None) -> _F64:
    """Mean magnitude of each output over probes, before factors and terms; float64[outputs].

    Parameters
    ----------
    array
        It is read once for each probe, with its noise.
    inputs
        float[vectors, inputs]; by default 256 vectors whose elements lie evenly over their range.
    """
    from ..tiles.errors import probes_of

    x = probes_of(array) if inputs is None else inputs
    return np.asarray(np.abs(uncorrected(array, x)).mean(axis=0))


def drift_gain(then: _F64, now: _F64, by_column: bool = False) -> _F64:
    """Factors that bring mean magnitudes back to what they were.

    Parameters
    ----------
    then, now
        What `magnitudes` found.
    by_column
        A factor for each output instead of one for all.

    Returns
    -------
    float64[outputs]; 1 where nothing is read any more.
    """
    if not by_column:
        then, now = (np.full(len(one), one.mean()) for one in (then, now))
    fine = (now > 0) & (then > 0)
    return np.divide(then, now, out=np.ones(len(now)), where=fine)
