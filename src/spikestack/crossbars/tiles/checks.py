"""Weights that can stand on crossbars, and what brings cells to conductances."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...devices.crossbar import Crossbar
from ...errors import MemoryLimitError, ValidationError, shorten
from ...machine import available_memory
from ...sizes import human_bytes
from .encoding import cells_per_output
from .tile import Programmer

__all__ = ["checked_matrix", "programmer_of"]

_F64 = NDArray[np.float64]
#: Greatest weight: products are summed in single precision.
_LARGEST = 1e30
#: Bytes that a cell takes: its device, its window, its place in the matrices.
_BYTES_PER_CELL = 120


def checked_matrix(weights: Any, crossbar: Crossbar) -> _F64:
    """A copy of the weights; the memory that their cells need is checked before it is made."""
    try:
        matrix = np.asarray(weights)
        if matrix.dtype.kind not in "iufb":
            raise TypeError
        if matrix.ndim == 2:
            _check_memory(matrix.shape, crossbar)
        matrix = matrix.astype(np.float64)
    except (TypeError, ValueError):
        got = f"got {shorten(weights)}"
        raise ValidationError("CrossbarArray, weights", got, "a matrix of numbers") from None
    if matrix.ndim != 2 or 0 in matrix.shape:
        got = f"an array of shape {matrix.shape}"
        raise ValidationError("CrossbarArray, weights", got, "a matrix, inputs x outputs")
    if not np.isfinite(matrix).all():
        bad = np.argwhere(~np.isfinite(matrix))[0]
        got = f"is {matrix[tuple(bad)]} at {tuple(int(k) for k in bad)}"
        raise ValidationError("CrossbarArray, weights", got, "finite numbers")
    if (most := float(np.abs(matrix).max())) > _LARGEST:
        got = f"got a magnitude of {most:g}"
        raise ValidationError("CrossbarArray, weights", got, f"at most {_LARGEST:g}")
    return matrix


def _check_memory(shape: tuple[int, ...], crossbar: Crossbar) -> None:
    needed = shape[0] * shape[1] * cells_per_output(crossbar) * _BYTES_PER_CELL
    if needed > (free := available_memory()):
        raise MemoryLimitError(
            f"CrossbarArray of {shape[0]:,} x {shape[1]:,} weights: needs about "
            f"{human_bytes(needed)}, {human_bytes(free)} are available; split the matrix"
        )


def programmer_of(crossbar: Crossbar) -> Programmer:
    """What `Crossbar.programming` names."""
    if crossbar.programming == "exact":
        return lambda cells, target: cells.set(target)
    if crossbar.programming == "statistics":
        return lambda cells, target: cells.program(target)
    try:
        write_verify = importlib.import_module("spikestack.crossbars.programming").write_verify
    except (ImportError, AttributeError):
        raise ValidationError(
            "Crossbar.programming",
            "got 'write-verify'",
            "'exact' or 'statistics' here",
            "or give CrossbarArray a programmer",
        ) from None
    return lambda cells, target: write_verify(cells, target, tolerance=crossbar.tolerance)
