"""Faults worked around: rows on other lines, and healthy partners of stuck cells.

Which row of a matrix stands on which line of a tile is free, as inputs are numbers until they are
converted. Rows are assigned so that stuck cells hold digits that fit them; then the healthy cell of
a differential pair takes what its stuck partner holds too much or too little, as far as its window
goes. Where cells are stuck, and at what, a test of the chip tells, such as `write_verify`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cells.base import Cells

__all__ = ["misfit", "partnered", "remapped"]

_F64 = NDArray[np.float64]
_BOOL = NDArray[np.bool_]
#: Rows, outputs, slices, signs, copies.
Parts = tuple[int, int, int, int, int]


def remapped(
    targets: _F64, cells: Cells, parts: Parts, worth: _F64
) -> tuple[NDArray[np.int64] | None, _F64]:
    """An order of rows in which stuck cells do least harm, and targets in that order.

    Parameters
    ----------
    targets
        S, float64[rows of the matrix, lines].
    cells
        The array.
    parts
        Rows, outputs, slices, signs and copies of the lines; a reference column comes after them.
    worth
        What a whole window is worth in weights, float64[outputs, slices].

    Returns
    -------
    order
        Row of the cells for each row of the matrix, int64[rows]; None where nothing is stuck.
    targets
        S, float64[rows of the cells, lines].
    """
    if not cells.stuck.any():
        return None, targets
    from scipy.optimize import linear_sum_assignment

    lines = int(np.prod(parts[1:]))
    at, stuck = cells.conductance(), cells.stuck
    _, order = linear_sum_assignment(
        misfit(targets[:, :lines], at[:, :lines], stuck[:, :lines], parts, worth, cells)
    )
    moved = np.empty_like(targets)
    moved[order] = targets
    if parts[3] == 2:
        moved[:, :lines] = partnered(moved[:, :lines], at[:, :lines], stuck[:, :lines], parts)
        moved = np.clip(moved, cells.device.g_min, cells.device.g_max)
    return order.astype(np.int64), moved


def misfit(targets: _F64, at: _F64, stuck: _BOOL, parts: Parts, worth: _F64, cells: Cells) -> _F64:
    """Squared error of weights, times S^2, that each row would have on each line of the tile.

    Parameters
    ----------
    targets
        S, float64[rows of the matrix, lines].
    at, stuck
        What cells hold (S), and which cannot be changed; [rows of the cells, lines].
    parts, worth
        See `remapped`.
    cells
        Of whose windows the ends are taken.

    Returns
    -------
    float64[rows of the matrix, rows of the cells]
    """
    low, high = cells.device.g_min, cells.device.g_max
    wanted, held = targets.reshape(parts), at.reshape(parts)
    which = stuck.reshape(parts)
    cost = np.zeros((parts[0], parts[0]))
    for row in range(parts[0]):
        hit = which[row].any(axis=1)
        if not hit.any():
            continue
        if parts[3] == 2:
            least, most = (np.where(which[row], held[row], end) for end in (low, high))
            floor, top = least[:, :, 0] - most[:, :, 1], most[:, :, 0] - least[:, :, 1]
            value = wanted[:, :, :, 0] - wanted[:, :, :, 1]
            off = np.maximum(floor - value, 0.0) + np.maximum(value - top, 0.0)
        else:
            off = np.where(which[row][:, :, 0], np.abs(wanted - held[row])[:, :, :, 0], 0.0)
        cost[:, row] = ((off * worth[..., None]) ** 2).sum(axis=(1, 2, 3))
    return cost


def partnered(targets: _F64, at: _F64, stuck: _BOOL, parts: Parts) -> _F64:
    """Targets (S) whose differences are right where one cell of a pair is stuck.

    They may lie beyond the window, at whose ends they are to be cut; parameters as in `misfit`,
    all in the order of the cells.
    """
    wanted, held, which = targets.reshape(parts).copy(), at.reshape(parts), stuck.reshape(parts)
    value = wanted[:, :, :, 0] - wanted[:, :, :, 1]
    alone = which[:, :, :, 0] & ~which[:, :, :, 1]
    wanted[:, :, :, 1][alone] = (held[:, :, :, 0] - value)[alone]
    alone = which[:, :, :, 1] & ~which[:, :, :, 0]
    wanted[:, :, :, 0][alone] = (held[:, :, :, 1] + value)[alone]
    return wanted.reshape(targets.shape)
