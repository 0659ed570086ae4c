"""Background activity with the memory of one row and one column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from .base import LONG_AGO, EventFilter, FilterState, time_of, whole_number

__all__ = ["RowColumnActivity"]


@dataclass(frozen=True)
class RowColumnActivity(EventFilter):
    """Pass an event near the last one of its row or column, or of a row or column beside.

    Pixels are joined to cells of `cell` x `cell`. Each row and each column of cells remembers one
    event, its last. One that was at most `dt` before, at another pixel of the same or one of the
    eight cells around, supports an event. Memory grows with width + height, where that of
    `BackgroundActivity` grows with their product; what shares a row with a neighbour can hide it.

    Parameters
    ----------
    dt
        ms.
    cell
        Pixels.

    References
    ----------
    A. Khodamoradi, R. Kastner (2018). O(N)-space spatiotemporal filter for reducing noise in
    neuromorphic vision sensors. IEEE Trans. Emerg. Top. Comput. 9, 15-23. There the same pixel
    supports itself; here it does not, so that a hot pixel alone is dropped.
    """

    dt: Any = 5.0
    cell: int = 1

    def __post_init__(self) -> None:
        time_of(self, "dt")
        whole_number(self, "cell", self.cell)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """Of the last event of each row and column of cells: time, x, y, and column and row."""
        made = {}
        for name, cells in (("rows", -(-height // self.cell)), ("columns", -(-width // self.cell))):
            made[name] = np.zeros((cells + 2, 5), np.int64)
            made[name][:, 0] = LONG_AGO
        return made

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Look at three rows and three columns."""
        rows, cols = state.arrays["rows"], state.arrays["columns"]
        _decide(events.t, events.x, events.y, rows, cols, round(self.dt * 1000), self.cell, out)


@njit(cache=True, error_model="numpy", inline="always")
def _near(line: Any, x: int, y: int, c: int, r: int, since: int) -> bool:
    beside = (abs(line[3] - c) <= 1) & (abs(line[4] - r) <= 1)
    return (line[0] >= since) & beside & ((line[1] != x) | (line[2] != y))


@njit(cache=True, error_model="numpy")
def _decide(t: Any, x: Any, y: Any, rows: Any, cols: Any, dt: int, cell: int, out: Any) -> None:
    for i in range(len(t)):
        at, down = np.int64(x[i]), np.int64(y[i])
        r, c, found = down // cell + 1, at // cell + 1, False
        for k in range(-1, 2):
            found |= _near(rows[r + k], at, down, c, r, t[i] - dt)
            found |= _near(cols[c + k], at, down, c, r, t[i] - dt)
        out[i] = found
        rows[r, 0] = cols[c, 0] = t[i]
        rows[r, 1] = cols[c, 1] = at
        rows[r, 2] = cols[c, 2] = down
        rows[r, 3] = cols[c, 3] = c
        rows[r, 4] = cols[c, 4] = r
