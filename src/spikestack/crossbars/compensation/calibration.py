"""Calibration: a factor and a term of each output, fitted to what its products should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ValidationError
from .drift import uncorrected

if TYPE_CHECKING:
    from ..tiles.array import CrossbarArray

__all__ = ["calibrate_outputs", "fitted"]

_F64 = NDArray[np.float64]


def fitted(array: CrossbarArray, inputs: Any = None) -> tuple[_F64, _F64]:
    """Factors and terms that bring outputs nearest to the exact products, by least squares.

    Parameters
    ----------
    array
        It is read once for each vector, with its noise.
    inputs
        float[vectors, inputs], at least 2; by default 256 vectors whose elements lie evenly over
        their range.

    Returns
    -------
    gain, offset
        float64[outputs]; 1 and the mean difference where an output does not vary.

    Raises
    ------
    ValidationError
        If there are fewer than two vectors, or they do not fit the array.
    """
    from ..tiles.errors import probes_of

    x = probes_of(array) if inputs is None else inputs
    found = uncorrected(array, x)
    if found.ndim != 2 or len(found) < 2:
        got = f"inputs of shape {np.shape(x)}"
        raise ValidationError("calibrate_outputs, inputs", got, "two vectors or more")
    exact = np.asarray(x, np.float64) @ array.target
    middle, wanted = found.mean(axis=0), exact.mean(axis=0)
    spread = ((found - middle) ** 2).sum(axis=0)
    common = ((found - middle) * (exact - wanted)).sum(axis=0)
    gain = np.divide(common, spread, out=np.ones_like(common), where=spread > 0)
    return gain, wanted - gain * middle


def calibrate_outputs(array: CrossbarArray, inputs: Any = None) -> None:
    """Fit factors and terms, and apply them: see `fitted` and `CrossbarArray.correct`.

    With inputs like those to come, a term takes away what errors of weights do to inputs of one
    sign, such as pixels and rates.
    """
    array.correct(*fitted(array, inputs))
