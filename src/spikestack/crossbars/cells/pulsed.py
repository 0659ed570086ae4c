"""Arrays of devices whose conductance takes a step per pulse."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...devices.pulsed import PulsedDevice
from ...devices.texts import number_of
from ...errors import NumericalError, ValidationError, shorten
from ...numerics.random import stream_key
from .array import ArrayOfCells
from .pulsed_kernels import pulsed_module

__all__ = ["PulsedCells"]

_F64 = NDArray[np.float64]
#: Pulses of one call; they take about two minutes.
_MOST = 1e10


class PulsedCells(ArrayOfCells):
    """An array of `PulsedDevice`; see `ArrayOfCells` for its parameters.

    Every pulse of every cell has a draw of its own, by the number of pulses that the cell has had:
    n pulses at once are the same bits as n calls, in whatever tiles and order. The energy of a
    pulse is voltage times current times width, with the conductance before it. Cells begin at the
    lower ends of their windows.
    """

    device: PulsedDevice

    def __init__(self, device: PulsedDevice, shape: tuple[int, int], **options: Any) -> None:
        super().__init__(device, shape, **options)
        bottom, top = number_of(device, "w_min"), number_of(device, "w_max")
        self._offset = self.full("g_low")
        self._scale = (self.full("g_high") - self._offset) / (top - bottom)
        self._offset = self._offset - self._scale * bottom
        low, high = self.full("w_min"), self.full("w_max")
        # No conductance is negative, however wide a window was drawn.
        self._low = np.maximum(np.minimum(low, high), -self._offset / self._scale)
        self._high = np.maximum(np.maximum(low, high), self._low)
        self._fresh = (self._low.copy(), self._high.copy())
        self._module, self._names = pulsed_module(device, self.varying)
        self._free = np.isnan(self.stuck_at)
        self._wear()
        self._w = np.where(self._free, self._low, self._stuck_w())
        self._found = self._w.copy()

    def _stuck_w(self) -> _F64:
        return self._low + (self._high - self._low) * np.nan_to_num(self.stuck_at)

    def _wear(self) -> None:
        """Move the ends of the windows by what use and time have made of them."""
        low, high = self._fresh
        if "worn" in self._names:
            factors = np.empty((2, len(low)))
            arguments = self.arguments(self._names["worn"])
            self._module.worn(*factors, self.pulses.ravel(), self.age, *arguments)
            ends = [self._offset + self._scale * w for w in (low, high)]
            ends = [end * factor for end, factor in zip(ends, factors)]
            # Ends that would pass each other have met.
            middle = np.sqrt(np.maximum(ends[0] * ends[1], 0.0))
            crossed = ends[0] > ends[1]
            ends = [np.where(crossed, middle, end) for end in ends]
            low, high = ((end - self._offset) / self._scale for end in ends)
        self._low, self._high = low, high
        self.g_min = np.maximum(self._offset + self._scale * low, 0.0).reshape(self.shape)
        self.g_max = np.maximum(self._offset + self._scale * high, 0.0).reshape(self.shape)

    def _within(self) -> None:
        """Cells follow the windows that use and time have moved."""
        if "worn" in self._names:
            self._wear()
            self._w = np.where(self._free, np.clip(self._w, self._low, self._high), self._w)
            if "written" not in self._names:
                self._found = self._w.copy()

    def conductance(self) -> _F64:
        """Present conductances in S; with the noise of writing, where the device has it."""
        return np.maximum(self._offset + self._scale * self._found, 0.0).reshape(self.shape)

    def read(self) -> _F64:
        """The same: these devices have no noise of reading."""
        return self.conductance()

    def pulse(self, voltage: Any, width: Any = None, count: Any = 1, where: Any = None) -> None:
        """Send pulses; see `Cells.pulse`.

        Raises
        ------
        ValidationError
            If a voltage is not finite, a width or count negative, or a shape another.
        NumericalError
            If the device's law overflows at that voltage; nothing has changed then.
        """
        volts = self.flat(voltage, "V", "voltage")
        widths = self.flat(self.device.pulse_width if width is None else width, "s", "width")
        if np.any(widths < 0):
            raise ValidationError("pulse, width", f"got {shorten(width)}", "at least 0 s")
        counts = self._counts(count, where)
        counts[volts == 0] = 0
        energy = np.zeros(len(self.ids))
        w, sent = self._w.copy(), self.pulses.ravel().copy()
        sign = float(np.sign(self.device.set_voltage))
        key = stream_key(self.seed, self.name, "pulses")
        self._module.pulse(
            *(sign, key, w, self._low, self._high, self._free, self._offset, self._scale),
            *(self.ids, sent, energy, volts, widths, counts),
            *self.arguments(self._names["pulse"]),
        )
        if not (np.all(np.isfinite(w)) and np.all(np.isfinite(energy))):
            raise NumericalError(
                f"{self.device.label}: its step or current is no finite number at "
                f"{np.max(np.abs(volts)):g} V; send pulses of a smaller voltage"
            )
        self._w, self.pulses = w, sent.reshape(self.shape)
        self.energy += float(energy.sum())
        self._within()
        self._write((counts > 0) & self._free, "written")

    def _counts(self, count: Any, where: Any) -> NDArray[np.int64]:
        found = np.asarray(count)
        if found.dtype.kind not in "iu" or found.shape not in ((), self.shape) or np.any(found < 0):
            raise ValidationError("pulse, count", f"got {shorten(count)}", "whole, at least 0")
        counts = np.broadcast_to(found.astype(np.int64), self.shape).copy()
        if where is not None:
            chosen = np.asarray(where)
            if chosen.dtype != np.bool_ or chosen.shape != self.shape:
                raise ValidationError(
                    "pulse, where", f"got {shorten(where)}", f"bool of shape {self.shape}"
                )
            counts[~chosen] = 0
        if counts.sum(dtype=np.float64) > _MOST:
            raise ValidationError(
                "pulse, count", f"{counts.sum(dtype=np.float64):g} pulses", f"at most {_MOST:g}"
            )
        return counts.ravel()

    def _write(self, which: NDArray[np.bool_], purpose: str, event: int = 0) -> None:
        """What is found of cells until their next pulse."""
        if "written" not in self._names:
            self._found = self._w.copy()
            return
        self._module.written_after(
            *(self._found, self._w, self.ids, self.event_key(purpose, event), self.pulses.ravel()),
            *(which, *self.arguments(self._names["written"])),
        )

    def set(self, target: Any) -> None:
        """Put the cells to conductances (S), exactly, within their windows; stuck ones stay.

        Raises
        ------
        ValidationError
            If a target lies in no window.
        """
        wanted = (self.checked_target(target) - self._offset) / self._scale
        self._w = np.where(self._free, np.clip(wanted, self._low, self._high), self._w)
        self._found = self._w.copy()
        self.age = 0.0

    def program(self, target: Any) -> None:
        """As `set`, with the noise of writing where the device has it."""
        self.set(target)
        self._programmed += 1
        self._write(self._free, "programmed", self._programmed)

    def wait(self, seconds: float) -> None:
        """Let time pass: leaks, and retention of the window's ends."""
        passed = self.checked_seconds(seconds)
        self.age += passed
        if "kept" in self._names:
            before = self._w.copy()
            self._module.kept_all(self._w, passed, *self.arguments(self._names["kept"]))
            self._w = np.where(self._free, np.clip(self._w, self._low, self._high), before)
            self._found = self._found + (self._w - before)
        self._within()
