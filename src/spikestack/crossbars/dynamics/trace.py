"""What a device did under a waveform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...devices.dynamic import DynamicDevice
from ...errors import UnknownNameError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DriveTrace"]


@dataclass(frozen=True, repr=False)
class DriveTrace:
    """Voltage, current and states over time.

    Attributes
    ----------
    device
        What was driven.
    values
        Parameters of the devices, with their spread.
    time
        Seconds, float64 (records,).
    volts, states, currents
        (records, 1 or devices), by name (records, devices), and (records, devices), in SI units.
    single
        Whether there was one device, and `voltage`, `current` and items have no axis of devices.
    """

    device: DynamicDevice
    values: Mapping[str, Any]
    time: np.ndarray
    volts: np.ndarray
    states: Mapping[str, np.ndarray]
    currents: np.ndarray
    single: bool

    def _shown(self, array: np.ndarray) -> np.ndarray:
        return array[:, 0] if self.single else array

    @property
    def voltage(self) -> np.ndarray:
        """Volts at each record."""
        return self._shown(np.broadcast_to(self.volts, self.currents.shape))

    @property
    def current(self) -> np.ndarray:
        """Amperes at each record."""
        return self._shown(self.currents)

    def __getitem__(self, state: str) -> np.ndarray:
        """A state at each record."""
        if state not in self.states:
            raise UnknownNameError(f"{self.device.label}, trace", state, self.states)
        return self._shown(self.states[state])

    @property
    def conductance(self) -> np.ndarray:
        """Siemens at each record, as a reading at ``device.v_read`` would find them."""
        found = self.device.conductance_at(**{**self.values, **self.states})
        return self._shown(np.broadcast_to(found, self.currents.shape))

    @property
    def energy(self) -> Any:
        """Joules that went into each device: v i, by the trapezoidal rule over the records."""
        power = self.volts * self.currents
        total = (0.5 * (power[1:] + power[:-1]) * np.diff(self.time)[:, None]).sum(axis=0)
        return float(total[0]) if self.single else total

    def loop_area(self) -> Any:
        """The integral of i dv over the records (A V), by the trapezoidal rule.

        Over a whole period it is what the loop encloses, lobes of opposite sense subtracted.
        """
        volts = np.broadcast_to(self.volts, self.currents.shape)
        middle = 0.5 * (self.currents[1:] + self.currents[:-1])
        total = (middle * np.diff(volts, axis=0)).sum(axis=0)
        return float(total[0]) if self.single else total

    def plot(self, width: float = 7.0) -> Figure:
        """Draw the loop of current and voltage, and voltage, current and states over time."""
        from ..showing.hysteresis import draw_trace

        return draw_trace(self, width)

    def __repr__(self) -> str:
        n, m = self.currents.shape
        return f"DriveTrace({self.device.label}, {n} records of {m} device{'s' * (m != 1)})"
