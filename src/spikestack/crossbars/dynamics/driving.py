"""Devices under a waveform of voltage."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...devices.dynamic import METHODS, DynamicDevice
from ...errors import MemoryLimitError, ValidationError, shorten
from ...machine import available_memory
from ...units import magnitude, parse_unit
from .stepping import Devices
from .trace import DriveTrace

__all__ = ["drive"]

_MOST_STEPS = 10**9


def drive(
    device: DynamicDevice,
    voltage: Any,
    dt: Any,
    *,
    duration: Any = None,
    devices: int | None = None,
    method: str | None = None,
    spread: Mapping[str, float] | None = None,
    every: int = 1,
    seed: int = 0,
    tolerance: float = 1e-6,
) -> DriveTrace:
    """Put a device under a voltage that changes, and record what it does.

    Parameters
    ----------
    device
        A device with an equation, such as ``sp.devices.VTEAM()``.
    voltage
        Volts as a function of an array of times (s), or samples at 0, dt, 2 dt, ... with straight
        lines between: of shape (n + 1,) or (n + 1, devices).
    dt
        Seconds of a step.
    duration
        Seconds; needed for a function.
    devices
        How many at once; as many as columns of samples or values of an array parameter, else one.
    method
        ``"euler"``, ``"heun"``, ``"rk4"``: explicit, of order 1, 2, 4, held within the bounds at
        every stage. ``"adaptive"``: Bogacki and Shampine's pair of order 3 with steps of its own
        within each dt, the voltage a parabola. ``"exact"``: the closed form, the voltage held at
        the middle of each step. The device's own by default. Noise is added once a step, at its
        intensity at the beginning (Ito), in adaptive ones in each of theirs.
    spread
        Coefficients of variation of parameters from device to device, by name.
    every
        Steps between two records.
    seed
        Of noise and spread.
    tolerance
        Of the adaptive scheme, as a share of the range of a state, in each of its steps.

    Returns
    -------
    DriveTrace

    Raises
    ------
    ValidationError, UnitError
        If an argument cannot be meant.
    NumericalError
        If a state is no number any more, or steps became too small.
    """
    if not isinstance(device, DynamicDevice):
        raise ValidationError(
            "drive", f"got {shorten(device)}", "a device with an equation",
            "spikestack devices lists them as 'dynamic'",
        )  # fmt: skip
    step = _positive(dt, "s", "drive, dt")
    chosen = _checked_method(device, method)
    volts = _half_steps(voltage, step, duration)
    size = _size(device, devices, volts.shape[1])
    _check_whole(every, "every")
    if not (isinstance(tolerance, int | float) and 1e-12 <= tolerance <= 0.1):
        raise ValidationError("drive, tolerance", f"got {shorten(tolerance)}", "1e-12 to 0.1")
    records = (len(volts) - 1) // 2 // every + 1
    needed = 8 * records * size * (len(device.block.states) + 1)
    if needed > 0.8 * available_memory():
        raise MemoryLimitError(f"drive: records need {needed / 1e9:.3g} GB; raise every=")
    made = Devices(device, np.arange(size, dtype=np.uint64), spread=spread, seed=seed)
    kept, currents = made.drive(volts, step, chosen, every, float(tolerance))
    return DriveTrace(
        device, made.values, np.arange(records) * (every * step), volts[:: 2 * every],
        {name: kept[:, k] for k, name in enumerate(made.code.states)}, currents,
        single=size == 1 and devices is None,
    )  # fmt: skip


def _checked_method(device: DynamicDevice, method: str | None) -> str:
    chosen = device.method if method is None else method
    if chosen not in METHODS or (chosen == "exact" and not device.solution):
        known = [m for m in METHODS if m != "exact" or device.solution]
        raise ValidationError("drive, method", f"got {shorten(chosen)}", f"one of {known}")
    return chosen


def _positive(value: Any, unit: str, where: str) -> float:
    found = magnitude(value, parse_unit(unit), where)
    if not (isinstance(found, float) and math.isfinite(found) and found > 0):
        raise ValidationError(where, f"got {shorten(value)}", f"above 0 {unit}")
    return found


def _check_whole(value: Any, name: str) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ValidationError(f"drive, {name}", f"got {shorten(value)}", "a whole number from 1")


def _half_steps(voltage: Any, dt: float, duration: Any) -> np.ndarray:
    """Volts at every half step, float64 (2 n + 1, 1 or devices)."""
    where = "drive, voltage"
    if callable(voltage):
        if duration is None:
            raise ValidationError(where, "a function without an end", "duration= in seconds")
        steps = round(_positive(duration, "s", "drive, duration") / dt)
        if not 1 <= steps <= _MOST_STEPS:
            raise ValidationError("drive, duration", f"{steps} steps", f"1 to {_MOST_STEPS}")
        return _columns(_called(voltage, np.arange(2 * steps + 1) * (dt / 2)), where)
    samples = _columns(magnitude(voltage, parse_unit("V"), where), where)
    if duration is not None:
        raise ValidationError("drive, duration", "given beside samples", "only with a function")
    if len(samples) < 2:
        raise ValidationError(where, f"{len(samples)} samples", "at least two")
    fine = np.empty((2 * len(samples) - 1, samples.shape[1]))
    fine[::2], fine[1::2] = samples, 0.5 * (samples[1:] + samples[:-1])
    return fine


def _called(voltage: Callable[[np.ndarray], Any], times: np.ndarray) -> np.ndarray:
    found = magnitude(voltage(times), parse_unit("V"), "drive, voltage")
    array = np.asarray(found)
    if array.ndim == 0:
        return np.full(len(times), float(array))
    if len(array) != len(times):
        rule = f"one for each of the {len(times)} times it is given"
        raise ValidationError("drive, voltage", f"{len(array)} values", rule)
    return array


def _columns(values: Any, where: str) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise ValidationError(where, f"shape {array.shape}", "(times,) or (times, devices)")
    if not np.isfinite(array).all():
        raise ValidationError(where, "values that are not finite", "finite volts")
    return np.ascontiguousarray(array.reshape(len(array), -1))


def _size(device: DynamicDevice, devices: int | None, columns: int) -> int:
    sizes = {int(np.size(v)) for v in (*device.numbers().values(), *device.start().values())}
    sizes |= {columns}
    if devices is not None:
        _check_whole(devices, "devices")
        sizes |= {int(devices)}
    several = sorted(sizes - {1})
    if len(several) > 1:
        raise ValidationError(
            "drive, devices", f"sizes {several} of parameters, voltages, devices", "one size"
        )
    return several[0] if several else 1
