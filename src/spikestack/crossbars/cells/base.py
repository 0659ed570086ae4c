"""What every array of devices can do, whichever equations or statistics stand behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...devices.base import Device
from ...errors import ValidationError

__all__ = ["Cells", "check_window"]

_F64 = NDArray[np.float64]


class Cells(ABC):
    """Devices in rows and columns: what programming, wires and networks need of them.

    Attributes
    ----------
    device
        What each of them is.
    shape
        Rows and columns.
    g_min, g_max
        Window of each cell in S, float64 of that shape.
    stuck
        Cells that do not change any more, bool of that shape.
    age
        Seconds since the array was last programmed.
    pulses, energy
        Pulses sent so far, int64 of that shape, and what they took, in J.
    """

    device: Device
    shape: tuple[int, int]
    g_min: _F64
    g_max: _F64
    stuck: NDArray[np.bool_]
    age: float
    pulses: NDArray[np.int64]
    energy: float

    @abstractmethod
    def conductance(self) -> _F64:
        """Present conductances without noise of reading, in S, at ``device.v_read``."""

    @abstractmethod
    def read(self) -> _F64:
        """Conductances as one reading finds them: each call draws new noise."""

    def read_deviation(self) -> _F64:
        """Standard deviation of the noise of one reading at each cell, in S; 0 without any."""
        return np.zeros(self.shape)

    @abstractmethod
    def pulse(self, voltage: Any, width: Any = None, count: Any = 1, where: Any = None) -> None:
        """Send pulses.

        Parameters
        ----------
        voltage
            Volts, a number or an array of the shape; of the sign of ``device.set_voltage`` to raise
            conductance, of that of ``device.reset_voltage`` to lower it.
        width
            Seconds; ``device.pulse_width`` by default.
        count
            How many, a number or an array of the shape.
        where
            Which cells, bool of the shape; all by default.
        """

    @abstractmethod
    def set(self, target: Any) -> None:
        """Put the cells to conductances (S) at once, exactly, within their windows."""

    @abstractmethod
    def program(self, target: Any) -> None:
        """Put the cells to conductances (S) with the spread that programming leaves by measurement.

        Devices without such statistics are set exactly; `spikestack.crossbars.programming` sends
        pulses and verifies.
        """

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Let time pass without pulses: drift, retention, relaxation."""


def check_window(cells: Cells, target: _F64) -> None:
    """Raise ValidationError if a conductance (S) is in the window of neither device nor cells."""
    low = min(cells.device.g_min, float(np.min(cells.g_min, initial=np.inf)))
    high = max(cells.device.g_max, float(np.max(cells.g_max, initial=-np.inf)))
    slack = 1e-9 * high
    fine = (target >= low - slack) & (target <= high + slack)
    if not np.all(fine):
        raise ValidationError(
            "target",
            f"got {float(target[~fine].flat[0]):g} S",
            f"conductances from {low:g} to {high:g} S, the window of {cells.device.label}",
        )
