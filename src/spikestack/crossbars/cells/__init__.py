"""Arrays of devices, each with its own parameters: stepped, pulsed, programmed, read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...devices.base import Device
from ...devices.dynamic import DynamicDevice
from ...devices.ideal import Ideal
from ...devices.pulsed import PulsedDevice
from ...devices.statistical import StatisticalDevice
from ...errors import ValidationError, shorten
from .base import Cells

__all__ = ["Cells", "cells_of"]


def cells_of(
    device: Device,
    shape: tuple[int, int],
    *,
    spread: Mapping[str, float] | None = None,
    stuck_low: float = 0.0,
    stuck_high: float = 0.0,
    seed: int = 0,
    name: str = "",
    origin: tuple[int, int] = (0, 0),
) -> Cells:
    """An array of devices.

    Parameters
    ----------
    device
        What each of them is.
    shape
        Rows and columns.
    spread
        Device-to-device coefficients of variation of parameters, by name; lognormal factors of
        mean 1. They go before what the device says itself.
    stuck_low, stuck_high
        Shares of cells that are stuck at the ends of their windows.
    seed, name
        Of all that is drawn.
    origin
        Row and column of the first cell, where this is a tile of a larger array: a cell's draws
        depend on its place in that array alone.

    Raises
    ------
    ValidationError, MemoryLimitError
        If something is out of its range, or the array larger than memory.
    """
    options: dict[str, Any] = {
        "spread": spread, "stuck_low": stuck_low, "stuck_high": stuck_high, "seed": seed,
        "name": name, "origin": origin,
    }  # fmt: skip
    if isinstance(device, PulsedDevice):
        from .pulsed import PulsedCells

        return PulsedCells(device, shape, **options)
    if isinstance(device, StatisticalDevice):
        from .statistical import StatisticalCells

        return StatisticalCells(device, shape, **options)
    if isinstance(device, Ideal):
        from .exact import ExactCells

        return ExactCells(device, shape, **options)
    if isinstance(device, DynamicDevice):
        from .dynamic import DynamicCells

        return DynamicCells(device, shape, **options)
    raise ValidationError(
        "cells_of, device", f"got {shorten(device)}", "a device, such as devices.PCM()"
    )
