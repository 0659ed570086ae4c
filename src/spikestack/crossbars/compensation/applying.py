"""Compensation that a crossbar's description names, applied as its array is programmed and ages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .calibration import fitted
from .drift import drift_gain, magnitudes

if TYPE_CHECKING:
    from ..tiles.array import CrossbarArray

__all__ = ["Compensation", "compensation_of"]


class Compensation:
    """Digital factors and terms of an array's outputs, kept up to date.

    Calibration is fitted when the array is programmed; drift is measured against that moment, each
    time that time has passed, and its factors multiply those of calibration.
    """

    def __init__(self, array: CrossbarArray) -> None:
        self._array = array
        names = array.crossbar.compensation
        self._calibrated = "calibration" in names
        self._by_column = "column drift" in names
        self._drift = self._by_column or "global drift" in names
        self._fit: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._then: NDArray[np.float64] | None = None

    def programmed(self) -> None:
        """Begin anew: fit factors and terms, note what outputs are now."""
        if self._calibrated:
            self._fit = fitted(self._array)
            self._array.correct(*self._fit)
        elif self._drift:
            self._array.correct()
        if self._drift:
            self._then = magnitudes(self._array)

    def waited(self) -> None:
        """Take drift away by what it did to the outputs of the same probes."""
        if self._then is None:
            return
        factor = drift_gain(self._then, magnitudes(self._array), self._by_column)
        gain, offset = self._fit if self._fit is not None else (1.0, 0.0)
        self._array.correct(gain * factor, offset)


def compensation_of(array: CrossbarArray) -> Compensation:
    """What `Crossbar.compensation` names, for an array that is being made."""
    return Compensation(array)
