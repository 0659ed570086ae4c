"""What differs between the devices of an array: parameters, and which of them are stuck.

Every draw depends on a cell's row and column and on nothing else, so that the tiles of a matrix
hold the same cells as the whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...devices.base import Device
from ...errors import MemoryLimitError, UnknownNameError, ValidationError, shorten
from ...machine import available_memory
from ...numerics.compiling import njit
from ...numerics.functions_compiled import exp64
from ...numerics.random import stream_key, uniform
from ...numerics.random_compiled import normal
from ...program.edge_values import draw_many, spec_of
from ...values import Distribution

__all__ = ["cell_ids", "drawn_parameters", "drawn_stuck"]

_F64 = NDArray[np.float64]
_LARGEST = 2**31


def cell_ids(
    shape: object, origin: tuple[int, int] = (0, 0), each: int = 100
) -> NDArray[np.uint64]:
    """Counters of cells: row in the upper, column in the lower half; uint64, row by row.

    Raises
    ------
    ValidationError
        If `shape` is not a pair of whole numbers.
    MemoryLimitError
        If cells of `each` bytes would not fit.
    """
    fine = isinstance(shape, tuple | list) and len(shape) == 2
    for side in (*(shape if fine else ()), *origin):  # type: ignore[misc]
        fine &= isinstance(side, int | np.integer) and not isinstance(side, bool)
        fine = fine and 0 <= int(side) < _LARGEST
    if not fine:
        raise ValidationError(
            "cells, shape", f"got {shorten(shape)} from {shorten(origin)} on", "rows and columns"
        )
    rows, columns = (int(side) for side in shape)  # type: ignore[attr-defined]
    if rows * columns * each > available_memory():
        raise MemoryLimitError(
            f"{rows} x {columns} devices need {rows * columns * each / 1e9:.1f} GB; "
            f"{available_memory() / 1e9:.1f} GB are free"
        )
    row = np.arange(origin[0], origin[0] + rows, dtype=np.uint64) << np.uint64(32)
    column = np.arange(origin[1], origin[1] + columns, dtype=np.uint64)
    ids: NDArray[np.uint64] = (row[:, None] + column).ravel()
    return ids


def drawn_parameters(
    device: Device,
    spread: Mapping[str, float] | None,
    seed: int,
    name: str,
    ids: NDArray[np.uint64],
) -> dict[str, float | _F64]:
    """Every parameter as a number, or as a number for each cell where cells differ.

    Parameters
    ----------
    device
        Whose parameter ``X_spread`` is the coefficient of variation of its ``X``.
    spread
        Coefficients of variation by name, which go before the device's own.

    Raises
    ------
    UnknownNameError, ValidationError
        If `spread` names no parameter, or is negative; if an array has another size than the cells.
    """
    values: dict[str, float | _F64] = {}
    spread = dict(spread or {})
    for parameter, cv in spread.items():
        if parameter not in device.parameters:
            raise UnknownNameError(f"{device.label}, spread", parameter, device.parameters)
        if not (isinstance(cv, int | float) and 0 <= cv < math.inf):
            raise ValidationError(f"spread[{parameter!r}]", f"got {shorten(cv)}", "at least 0")
    for parameter, declared in device.parameters.items():
        value = device.values[parameter]
        key = stream_key(seed, name, f"parameter {parameter}")
        if isinstance(value, Distribution):
            value = draw_many(spec_of(value, seed, name, f"parameter {parameter}", None), ids)
        elif isinstance(value, np.ndarray):
            if value.size != len(ids):
                raise ValidationError(
                    f"{device.label}.{parameter}",
                    f"an array of {value.size}",
                    f"one value for each of the {len(ids)} cells",
                )
            value = np.ascontiguousarray(value, dtype=np.float64).ravel()
        own = device.values.get(f"{parameter}_spread", 0.0)
        cv = float(spread.get(parameter, own if isinstance(own, float) else 0.0))
        if cv > 0 and np.any(value):
            sd = math.sqrt(math.log1p(cv * cv))
            nominal = np.ascontiguousarray(np.broadcast_to(value, ids.shape))
            value = np.empty(len(ids))
            _spread(value, nominal, ids, key, sd, declared.low, declared.high)
        values[parameter] = value
    return values


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(
    out: _F64,
    nominal: _F64,
    ids: NDArray[np.uint64],
    key: np.uint64,
    sd: float,
    low: float,
    high: float,
) -> None:
    for i in range(len(out)):
        factor = exp64(sd * normal(key, ids[i]) - 0.5 * sd * sd)
        out[i] = min(max(nominal[i] * factor, low), high)


def drawn_stuck(
    low: float, high: float, anywhere: float, seed: int, name: str, ids: NDArray[np.uint64]
) -> _F64:
    """Where in its window each cell is stuck, from 0 to 1; NaN where it is not."""
    for what, share in (("stuck_low", low), ("stuck_high", high), ("corrupt", anywhere)):
        if not (isinstance(share, int | float) and 0 <= share <= 1):
            raise ValidationError(f"cells, {what}", f"got {shorten(share)}", "a share from 0 to 1")
    if low + high + anywhere > 1:
        raise ValidationError("cells, stuck", "shares add up to more than 1", "at most 1")
    place = np.full(len(ids), np.nan)
    if low + high + anywhere > 0:
        u = uniform(stream_key(seed, name, "stuck"), ids)
        place[u < low] = 0.0
        place[(u >= low) & (u < low + high)] = 1.0
        rest = (u >= low + high) & (u < low + high + anywhere)
        place[rest] = uniform(stream_key(seed, name, "stuck where"), ids[rest])
    return place
