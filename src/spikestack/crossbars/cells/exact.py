"""Cells that take every conductance of their window exactly, and keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...devices.ideal import Ideal
from ...errors import ValidationError
from .base import _F64, Cells, check_window
from .drawing import cell_ids, drawn_parameters, drawn_stuck

__all__ = ["ExactCells"]


class ExactCells(Cells):
    """An array of `Ideal` devices, without noise and drift.

    A pulse takes a cell to the end of its window, whatever its voltage and width.

    Parameters
    ----------
    device
        What each of them is.
    shape
        Rows and columns.
    spread
        Coefficients of variation of the ends of the window between devices.
    stuck_low, stuck_high
        Shares of cells stuck at the ends of their windows.
    seed, name
        Of all that is drawn.
    origin
        Row and column of the first cell in a larger array, of which this is a tile.
    """

    def __init__(
        self,
        device: Ideal,
        shape: tuple[int, int],
        *,
        spread: Mapping[str, float] | None = None,
        stuck_low: float = 0.0,
        stuck_high: float = 0.0,
        seed: int = 0,
        name: str = "",
        origin: tuple[int, int] = (0, 0),
    ) -> None:
        ids = cell_ids(shape, origin)
        values = drawn_parameters(device, spread, seed, name, ids)
        at = drawn_stuck(stuck_low, stuck_high, 0.0, seed, name, ids).reshape(shape)
        self.device, self.shape = device, shape
        low, high = (np.broadcast_to(values[n], ids.shape).reshape(shape) for n in ("low", "high"))
        self.g_min, self.g_max = low.copy(), np.maximum(low, high)
        self.stuck = ~np.isnan(at)
        self.age, self.energy = 0.0, 0.0
        self.pulses = np.zeros(shape, np.int64)
        self._g = np.where(at == 1.0, self.g_max, self.g_min)

    def conductance(self) -> _F64:
        """Present conductances, in S."""
        return self._g.copy()

    def read(self) -> _F64:
        """The same: reading has no noise."""
        return self._g.copy()

    def pulse(self, voltage: Any, width: Any = None, count: Any = 1, where: Any = None) -> None:
        """Take cells to the end of their window that the sign of the voltage leads to."""
        seconds = self.device.pulse_width if width is None else width
        sent = np.broadcast_to(np.asarray(count, np.int64), self.shape).copy()
        if where is not None:
            sent[~np.asarray(where, bool)] = 0
        volts = np.broadcast_to(np.asarray(voltage, np.float64), self.shape)
        up = volts * self.device.set_voltage > 0
        self.energy += float(np.sum(sent * volts**2 * self._g * seconds))
        hit = (sent > 0) & (volts != 0) & ~self.stuck
        self._g = np.where(hit, np.where(up, self.g_max, self.g_min), self._g)
        self.pulses += sent
        self.age = 0.0

    def set(self, target: Any) -> None:
        """Put the cells to conductances (S), within their windows."""
        wanted = np.broadcast_to(np.asarray(target, np.float64), self.shape)
        if not np.isfinite(wanted).all():
            raise ValidationError("cells.set", "a conductance is not finite", "numbers in S")
        check_window(self, wanted)
        self._g = np.where(self.stuck, self._g, np.clip(wanted, self.g_min, self.g_max))
        self.age = 0.0

    def program(self, target: Any) -> None:
        """The same as `set`."""
        self.set(target)

    def wait(self, seconds: float) -> None:
        """Let time pass; nothing changes."""
        self.age += float(seconds)
