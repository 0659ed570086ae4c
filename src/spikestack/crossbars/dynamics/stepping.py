"""Many devices of one kind: their parameters, states and bounds as arrays, and their kernels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...devices.dynamic import DynamicDevice
from ...engines.cpu.cache import kernel_module
from ...errors import NumericalError, UnknownNameError, ValidationError
from ...numerics.random import stream_key
from ..cells.drawing import drawn_parameters
from .code import DeviceCode, device_code
from .printer import Layout, drive_source
from .pulse_printer import pulse_source

__all__ = ["Devices"]

_F64 = NDArray[np.float64]


class Devices:
    """Devices that share equations, each with its own state and, where asked, parameters.

    Parameters
    ----------
    device
        What each of them is; its parameters and initial states may be arrays of that size.
    ids
        The number of each, uint64, on which all draws for it depend.
    spread
        Coefficients of variation of parameters from device to device, by name: lognormal factors.
    seed, name
        Of what is drawn.

    Attributes
    ----------
    states, low, high
        Present states and their bounds, float64 (state, device).

    Raises
    ------
    ValidationError, UnknownNameError
        If sizes differ, or a spread is of no parameter or negative.
    """

    def __init__(
        self,
        device: DynamicDevice,
        ids: NDArray[np.uint64],
        *,
        spread: Mapping[str, float] | None = None,
        seed: int = 0,
        name: str = "",
    ) -> None:
        self.device, self.ids, self.size = device, ids, len(ids)
        size = self.size
        self.code: DeviceCode = device_code(device)
        self.values: dict[str, Any] = drawn_parameters(device, spread, seed, name, ids)
        numbers = [self.values[key] for key in self.code.parameters]
        rows = tuple(k for k, value in enumerate(numbers) if np.ndim(value))
        self.layout = Layout(rows)
        self.scalars = np.array([0.0 if np.ndim(v) else v for v in numbers], dtype=np.float64)
        self.rows = np.array([numbers[k] for k in rows], dtype=np.float64).reshape(len(rows), size)
        limits = device.limits(self.values)
        self.low, self.high = (
            self._stack([limits[s][k] for s in self.code.states]) for k in (0, 1)
        )
        self._check_bounds()
        start = device.start()
        self.states = self._stack([start[s] for s in self.code.states])
        self.hold()
        self.key = stream_key(seed, name, "noise of devices")

    def _stack(self, values: list[Any]) -> _F64:
        sized = [_sized(v, self.size, self.device.label) for v in values]
        return np.array([np.broadcast_to(v, self.size) for v in sized], dtype=np.float64)

    def _check_bounds(self) -> None:
        wrong = ~(self.low < self.high)
        if wrong.any():
            state, which = np.argwhere(wrong)[0]
            raise ValidationError(
                f"{self.device.label}.{self.code.states[state]}",
                f"bounds {self.low[state, which]:g} and {self.high[state, which]:g}",
                "the lower one below the upper one",
                "a smaller spread of the parameters that bound it" if self.rows.size else "",
            )

    def hold(self) -> None:
        """Bring the states within their bounds."""
        np.clip(self.states, self.low, self.high, out=self.states)

    def place(self, state: str) -> int:
        """The row of a state."""
        if state not in self.code.states:
            raise UnknownNameError(f"{self.device.label}, state", state, self.code.states)
        return self.code.states.index(state)

    @property
    def memory(self) -> _F64:
        """The state that holds the conductance, of every device."""
        return self.states[self.place(self.device.memory)]

    def conductance(self, v_read: float | None = None) -> _F64:
        """Conductances in S at a reading voltage."""
        states = dict(zip(self.code.states, self.states, strict=True))
        found = self.device.conductance_at(v_read, **{**self.values, **states})
        return np.broadcast_to(found, self.size).astype(np.float64)

    def window(self) -> tuple[_F64, _F64]:
        """Least and greatest conductance of every device, at ``device.v_read``."""
        low, high = self.device.window_at(**self.values)
        return (
            np.broadcast_to(low, self.size).astype(np.float64),
            np.broadcast_to(high, self.size).astype(np.float64),
        )

    def set(self, target: _F64, where: NDArray[np.bool_]) -> None:
        """Put the devices `where` to conductances (S), the other states to where they start."""
        place, start = self.place(self.device.memory), self.device.start()
        found = self.device.state_of_conductance(target, **self.values)
        for k, state in enumerate(self.code.states):
            value = found if k == place else start[state]
            self.states[k] = np.where(where, value, self.states[k])
        self.hold()

    def drive(
        self, volts: _F64, dt: float, method: str, every: int, tolerance: float
    ) -> tuple[_F64, _F64]:
        """Step through a waveform; see `spikestack.crossbars.drive`.

        Parameters
        ----------
        volts
            Rows at half steps, (2 n + 1, 1) for all devices alike or (2 n + 1, size).
        dt, method, every, tolerance
            Seconds, scheme, steps between two records, and that of the adaptive scheme.

        Returns
        -------
        States (record, state, device) and currents (record, device).
        """
        layout = Layout(self.layout.rows, volts.shape[1] == 1)
        kernel = _module(drive_source(self.code, layout, method)).drive
        n_records = (len(volts) - 1) // 2 // every + 1 if every else 0
        kept = np.empty((n_records, len(self.code.states), self.size))
        currents = np.empty((n_records, self.size))
        arrays = (self.scalars, self.rows, self.states, self.low, self.high)
        failed = kernel(volts, dt, *arrays, every, kept, currents, self.key, self.ids, tolerance)
        self._check(failed, "a step of the waveform")
        return kept, currents

    def pulse(
        self,
        volts: _F64,
        widths: _F64,
        counts: NDArray[np.int64],
        serials: NDArray[np.int64],
        tolerance: float,
    ) -> _F64:
        """Send pulses, one value of each argument per device; return the energy (J) of each."""
        energy = np.zeros(self.size)
        kernel = _module(pulse_source(self.code, self.layout)).pulse
        arrays = (self.scalars, self.rows, self.states, self.low, self.high, self.key, self.ids)
        failed = kernel(volts, widths, counts, serials, energy, *arrays, tolerance)
        self._check(failed, "a pulse")
        return energy

    def rest(self, seconds: float, tolerance: float) -> None:
        """Let time pass without voltage."""
        arrays = (self.scalars, self.rows, self.states, self.low, self.high)
        if self.code.at_rest or self.code.solution:
            _module(pulse_source(self.code, self.layout)).rest(seconds, *arrays)
            self._check(0, "rest")
            return
        states = dict(zip(self.code.states, self.states, strict=True))
        rates = self.device.rates_at(0.0, **{**self.values, **states})
        if any(np.any(rate) for rate in rates.values()):
            ones = np.ones(self.size, dtype=np.int64)
            none, still = np.zeros(self.size), np.zeros(self.size, dtype=np.int64)
            self.pulse(none, np.full(self.size, seconds), ones, still, tolerance)

    def _check(self, failed: int, what: str) -> None:
        """Raise NumericalError if a kernel gave up, or a state is no number."""
        lost = ~np.isfinite(self.states)
        if failed or lost.any():
            which = failed - 1 if failed else int(np.argwhere(lost)[0, 1])
            problem = "took too many steps" if failed else "left a state that is no number"
            raise NumericalError(
                f"{self.device.label}, device {which}: {what} {problem}; "
                "shorter steps or pulses, lower voltages, or a larger tolerance"
            )


def _sized(value: Any, size: int, where: str) -> Any:
    """A number, or an array of one for each device."""
    if np.ndim(value) == 0:
        return float(value)
    array = np.asarray(value, dtype=np.float64).ravel()
    if array.size != size:
        raise ValidationError(where, f"an array of {array.size}", f"one number, or {size}")
    return array


@lru_cache(maxsize=64)
def _module(source: str) -> Any:
    return kernel_module(source)
