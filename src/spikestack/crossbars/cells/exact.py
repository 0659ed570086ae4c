"""Cells that take every conductance of their window exactly, and keep it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...devices.base import Device
from ...errors import ValidationError
from .base import _F64, Cells

__all__ = ["ExactCells"]


class ExactCells(Cells):
    """An array of devices that have no noise, drift or spread.

    A pulse takes a cell to the end of its window, whatever its voltage and width.

    Parameters
    ----------
    device
        What each of them is.
    shape
        Rows and columns.
    """

    def __init__(self, device: Device, shape: tuple[int, int]) -> None:
        self.device, self.shape = device, shape
        self.g_min = np.full(shape, device.g_min)
        self.g_max = np.full(shape, device.g_max)
        self.stuck = np.zeros(shape, np.bool_)
        self.age, self.energy = 0.0, 0.0
        self.pulses = np.zeros(shape, np.int64)
        self._g = self.g_min.copy()

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
        self._g = np.where(self.stuck, self._g, np.clip(wanted, self.g_min, self.g_max))
        self.age = 0.0

    def program(self, target: Any) -> None:
        """The same as `set`."""
        self.set(target)

    def wait(self, seconds: float) -> None:
        """Let time pass; nothing changes."""
        self.age += float(seconds)
