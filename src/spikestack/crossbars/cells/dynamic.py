"""Arrays of devices with an equation: a pulse is that equation, integrated over it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...devices.dynamic import DynamicDevice
from ...errors import ValidationError, shorten
from ...units import magnitude, parse_unit
from ..dynamics.stepping import Devices
from .base import Cells, check_window
from .drawing import cell_ids, drawn_stuck

__all__ = ["DynamicCells"]

_F64 = NDArray[np.float64]


class DynamicCells(Cells):
    """Rows and columns of devices with an equation.

    A pulse integrates it at a constant voltage, in steps that adapt, or by its closed form; cells
    that are not pulsed stay as they are, and `wait` lets time pass for all. Stuck cells keep the
    end of their window. Reading has no noise in these models.

    Parameters
    ----------
    device
        What each cell is.
    shape
        Rows and columns.
    spread
        Coefficients of variation of parameters from cell to cell, by name: lognormal factors.
    stuck_low, stuck_high
        Shares of cells stuck at the ends of their windows.
    seed, name
        Of all that is drawn.
    origin
        Row and column of the first cell, where this is a tile of a larger array: draws depend on a
        cell's place in that array.
    tolerance
        Of a step of the integration, as a share of the range of a state.

    Raises
    ------
    ValidationError, UnknownNameError
        If an argument cannot be meant.
    MemoryLimitError
        If the array would not fit.
    """

    device: DynamicDevice

    def __init__(
        self,
        device: DynamicDevice,
        shape: tuple[int, int],
        *,
        spread: Mapping[str, float] | None = None,
        stuck_low: float = 0.0,
        stuck_high: float = 0.0,
        seed: int = 0,
        name: str = "",
        origin: tuple[int, int] = (0, 0),
        tolerance: float = 1e-5,
    ) -> None:
        ids = cell_ids(shape, origin, each=200)
        if not len(ids):
            raise ValidationError("cells, shape", f"got {shorten(shape)}", "at least one cell")
        self.device, self.shape = device, (int(shape[0]), int(shape[1]))
        self.tolerance = tolerance
        self._made = Devices(device, ids, spread=spread, seed=seed, name=name)
        low, high = self._made.window()
        self.g_min, self.g_max = low.reshape(self.shape), high.reshape(self.shape)
        place = drawn_stuck(stuck_low, stuck_high, 0.0, seed, name, ids)
        stuck = ~np.isnan(place)
        self.stuck = stuck.reshape(self.shape)
        self._made.set(np.where(place == 0, low, high), stuck)
        self.pulses = np.zeros(self.shape, dtype=np.int64)
        self.energy, self.age = 0.0, 0.0

    @property
    def states(self) -> dict[str, _F64]:
        """Every state of the equation, by name, in rows and columns; copies."""
        names = self._made.code.states
        return {n: self._made.states[k].reshape(self.shape).copy() for k, n in enumerate(names)}

    def conductance(self) -> _F64:
        """Present conductances in S, at ``device.v_read``."""
        return self._made.conductance().reshape(self.shape)

    def read(self) -> _F64:
        """The same: these models have no noise of reading."""
        return self.conductance()

    def pulse(self, voltage: Any, width: Any = None, count: Any = 1, where: Any = None) -> None:
        """Send pulses; see `Cells.pulse`. A voltage or width may differ from cell to cell."""
        volts = self._spread(magnitude(voltage, parse_unit("V"), "pulse, voltage"), "voltage")
        given = self.device.pulse_width if width is None else width
        widths = self._spread(magnitude(given, parse_unit("s"), "pulse, width"), "width")
        if np.any(widths < 0):
            raise ValidationError("pulse, width", f"{widths.min():g} s", "at least 0 s")
        counts = np.asarray(count)
        if counts.dtype.kind not in "iu" or np.any(counts < 0):
            raise ValidationError("pulse, count", f"got {shorten(count)}", "whole, from 0")
        counts = self._wide(counts, "count").astype(np.int64)
        chosen = ~self.stuck.ravel()
        if where is not None:
            asked = np.asarray(where)
            if asked.dtype != np.bool_:
                raise ValidationError("pulse, where", f"an array of {asked.dtype}", "bool")
            counts = np.where(self._wide(asked, "where"), counts, 0)
        sent = np.ascontiguousarray(np.where(chosen, counts, 0))
        serials = self.pulses.ravel()
        used = self._made.pulse(volts, widths, sent, serials, self.tolerance)
        # A stuck cell conducts all the same.
        idle = np.where(chosen, 0.0, counts * volts * volts * widths)
        if idle.any():
            used = used + idle * self._made.conductance()
        self.energy += math.fsum(used)
        self.pulses += counts.reshape(self.shape)

    def set(self, target: Any) -> None:
        """Put the cells to conductances (S) at once, within their windows."""
        goal = self._spread(magnitude(target, parse_unit("S"), "set, target"), "target")
        check_window(self, goal)
        low, high = self.g_min.ravel(), self.g_max.ravel()
        self._made.set(np.clip(goal, low, high), ~self.stuck.ravel())
        self.age = 0.0

    def program(self, target: Any) -> None:
        """Put the cells to conductances (S); the equation has no spread of programming."""
        self.set(target)

    def wait(self, seconds: float) -> None:
        """Let time pass without voltage."""
        found = magnitude(seconds, parse_unit("s"), "wait, seconds")
        if not (isinstance(found, float) and math.isfinite(found) and found >= 0):
            raise ValidationError("wait, seconds", f"got {shorten(seconds)}", "at least 0 s")
        kept = self._made.states.copy()
        self._made.rest(found, self.tolerance)
        stuck = self.stuck.ravel()
        self._made.states[:, stuck] = kept[:, stuck]
        self.age += found

    def _wide(self, values: Any, name: str) -> Any:
        try:
            return np.broadcast_to(values, self.shape).ravel()
        except ValueError:
            raise ValidationError(
                f"cells, {name}", f"shape {np.shape(values)}", f"a number, or {self.shape}"
            ) from None

    def _spread(self, values: Any, name: str) -> _F64:
        wide = np.ascontiguousarray(self._wide(values, name), dtype=np.float64)
        if not np.isfinite(wide).all():
            raise ValidationError(f"cells, {name}", "values that are not finite", "finite numbers")
        return wide
