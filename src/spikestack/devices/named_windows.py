"""Windows of resistance by the name of a material, each with a physical or behavioural device."""

from __future__ import annotations

import importlib
import math
from typing import Any

from ..errors import UnknownNameError, ValidationError, shorten
from .base import Device

__all__ = ["window"]

#: Least and greatest resistance in ohms.
WINDOWS: dict[str, tuple[float, float]] = {
    "TiO2": (1e3, 1e6),
    "HfO2": (500.0, 500e3),
    "PCMO": (1e3, 10e6),
    "ReRAM": (100.0, 1e6),
}


def window(name: str, behavioural: bool = False, **values: Any) -> Device:
    """The device that stands for a material's window of resistance.

    Parameters
    ----------
    name
        ``"TiO2"`` (1 kOhm to 1 MOhm; `Yakopcic`), ``"HfO2"`` (500 Ohm to 500 kOhm; `StanfordPKU`),
        ``"PCMO"`` (1 kOhm to 10 MOhm; `PCMO`) or ``"ReRAM"`` (100 Ohm to 1 MOhm; `VTEAM`).
    behavioural
        Whether to take a `BehaviouralSwitch` with that window instead of the physical model.
    values
        Other parameters of the device.

    Raises
    ------
    UnknownNameError
        If there is no window of that name.
    """
    if name not in WINDOWS:
        raise UnknownNameError("window", name, WINDOWS)
    if not isinstance(behavioural, bool):
        raise ValidationError("window, behavioural", f"got {shorten(behavioural)}", "True or False")
    named = importlib.import_module("spikestack.devices").device_named
    if behavioural:
        made: Device = named("BehaviouralSwitch").preset(name, **values)
        return made
    low, high = WINDOWS[name]
    match name:
        case "TiO2":
            kind, physical = "Yakopcic", _yakopcic(named("Yakopcic"), low, high)
        case "HfO2":
            kind, physical = "StanfordPKU", {"r_on": low, "r_off": high}
        case "ReRAM":
            kind, physical = "VTEAM", {"r_on": low, "r_off": high}
        case _:
            kind, physical = "PCMO", {}
    return named(kind)(**{**physical, **values})


def _yakopcic(kind: type[Device], low: float, high: float) -> dict[str, float]:
    """Amplitude of the current, and least state, that give the window at the voltage of reading."""
    b = float(kind.declared_parameters()["b"].default)
    amplitude = kind.v_read / (low * math.sinh(b * kind.v_read))
    return {"a1": amplitude, "a2": amplitude, "x_min": low / high}
