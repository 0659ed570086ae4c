"""What pulsed and statistical arrays share: cells, windows, stuck cells, checked targets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...devices.base import Device
from ...equations.expressions import Expr
from ...errors import ValidationError, shorten
from ...numerics.random import bits64, stream_key
from ...units import magnitude, parse_unit
from .base import Cells, check_window
from .drawing import cell_ids, drawn_parameters, drawn_stuck
from .printing import module_of, printed

__all__ = ["ArrayOfCells"]

_F64 = NDArray[np.float64]


class ArrayOfCells(Cells):
    """Devices whose parameters are drawn; flat arrays row by row behind the interface.

    Parameters
    ----------
    device
        A device with `expressions`.
    shape
        Rows and columns.
    spread
        Coefficients of variation of parameters between devices, before the device's own.
    stuck_low, stuck_high
        Shares of cells stuck at the ends of their windows.
    seed, name
        Of all that is drawn.
    origin
        Row and column of the first cell in a larger array, of which this is a tile.
    """

    def __init__(
        self,
        device: Any,
        shape: tuple[int, int],
        *,
        spread: Mapping[str, float] | None = None,
        stuck_low: float = 0.0,
        stuck_high: float = 0.0,
        seed: int = 0,
        name: str = "",
        origin: tuple[int, int] = (0, 0),
    ) -> None:
        self.device: Device = device
        self.ids = cell_ids(shape, origin)
        self.shape = (int(shape[0]), int(shape[1]))
        self.seed, self.name = seed, name
        self.values = drawn_parameters(device, spread, seed, name, self.ids)
        anywhere = float(np.max(self.values["corrupt"], initial=0.0))
        #: Where in its window a cell is stuck, NaN where it is not.
        self.stuck_at = drawn_stuck(stuck_low, stuck_high, anywhere, seed, name, self.ids)
        self.stuck = ~np.isnan(self.stuck_at).reshape(self.shape)
        self.age, self.energy = 0.0, 0.0
        self.pulses = np.zeros(self.shape, np.int64)
        self._programmed, self._readings = 0, 0

    @property
    def varying(self) -> frozenset[str]:
        """Parameters that differ from cell to cell."""
        return frozenset(n for n, v in self.values.items() if isinstance(v, np.ndarray))

    def arguments(self, names: tuple[str, ...]) -> list[float | _F64]:
        """Values of parameters, for a compiled function."""
        return [self.values[name] for name in names]

    def full(self, name: str) -> _F64:
        """A parameter as one number for each cell."""
        return np.ascontiguousarray(np.broadcast_to(self.values[name], self.ids.shape))

    def event_key(self, purpose: str, event: int) -> np.uint64:
        """The key of draws of all cells at one event."""
        return np.uint64(bits64(stream_key(self.seed, self.name, purpose), event))

    def checked_target(self, target: Any) -> _F64:
        """Targets as flat float64, within the window of each cell.

        Raises
        ------
        ValidationError
            If they are of another shape, not finite, or beyond the window of device and cells.
        """
        found = np.asarray(magnitude(target, parse_unit("S"), "target"), dtype=np.float64)
        if found.shape not in ((), self.shape):
            raise ValidationError(
                "target", f"an array of shape {found.shape}", f"conductances of shape {self.shape}"
            )
        check_window(self, np.atleast_1d(found))
        return np.clip(found, self.g_min, self.g_max).ravel()

    def current(self, voltage: Any) -> _F64:
        """Currents without noise, in A, of the shape.

        Parameters
        ----------
        voltage
            Volts across each cell: a number or an array of the shape. The law holds for both signs.
        """
        volts = self.flat(voltage, "V", "voltage")
        module, names = current_module(self.device, self.varying)
        found = np.empty(len(self.ids))
        conductance = np.ascontiguousarray(self.conductance().ravel())
        module.currents(found, volts, conductance, *self.arguments(names))
        return found.reshape(self.shape)

    def flat(self, given: Any, unit: str, where: str) -> _F64:
        """One finite float64 for each cell."""
        found = np.asarray(magnitude(given, parse_unit(unit), where), dtype=np.float64)
        if found.shape not in ((), self.shape) or not np.all(np.isfinite(found)):
            raise ValidationError(
                where, f"got {shorten(given)}", f"a number in {unit}, or finite ones {self.shape}"
            )
        return np.ascontiguousarray(np.broadcast_to(found, self.shape)).ravel()

    def checked_seconds(self, seconds: Any) -> float:
        """Seconds to wait.

        Raises
        ------
        ValidationError
            If they are not finite, or negative.
        """
        found = magnitude(seconds, parse_unit("s"), "wait")
        if not (isinstance(found, float) and 0 <= found < np.inf):
            raise ValidationError("wait", f"got {shorten(seconds)}", "seconds, at least 0")
        return found


def current_module(device: Any, varying: frozenset[str]) -> tuple[ModuleType, tuple[str, ...]]:
    """Compiled currents of a device's text, and the parameters that they take."""
    return _current_module(device.expressions["current"], tuple(device.parameters), varying)


@lru_cache(maxsize=64)
def _current_module(
    expr: Expr, parameters: tuple[str, ...], varying: frozenset[str]
) -> tuple[ModuleType, tuple[str, ...]]:
    law = printed("law", expr, ("v", "g"), parameters)
    places = {p: f"p{k}[i]" if p in varying else f"p{k}" for k, p in enumerate(law.parameters)}
    arguments = "".join(f", p{k}" for k in range(len(law.parameters)))
    kernels = f"""
@njit(cache=True, nogil=True, error_model="numpy")
def currents(out, volts, conductance{arguments}):
    for i in range(len(out)):
        v = volts[i]
        value = {law.call(("abs(v)", "conductance[i]"), places)}
        out[i] = select(v < 0.0, -value, value)
"""
    return module_of([law], kernels), law.parameters
