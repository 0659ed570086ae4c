"""Memristive devices: equations of a state, steps by pulses, statistics of chips.

``sp.devices.VTEAM()`` is a device; every class in the files of this folder is found by its name. A
device of one's own is a class like theirs.

Devices count in SI: volts, amperes, seconds, siemens, ohms, metres, kelvins. A positive voltage is
that of the top electrode; a conductance is current over voltage at a stated reading voltage.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base import Device

__all__ = ["all_devices", "device_named", "device_of"]

#: Modules of this folder that hold no device: bases, and what devices are made with.
_TOOLS: dict[str, str] = {
    "Device": "base", "DynamicDevice": "dynamic", "PulsedDevice": "pulsed",
    "StatisticalDevice": "statistical", "window": "named_windows",
}  # fmt: skip


def all_devices() -> dict[str, type[Device]]:
    """Every device of the catalogue, by name."""
    base = importlib.import_module(f"{__name__}.base").Device
    members = importlib.import_module("spikestack.equations.catalogue").members
    return {
        name: kind
        for name, kind in members(__name__).items()
        if isinstance(kind, type) and issubclass(kind, base) and name not in _TOOLS
    }


def device_named(name: str) -> type[Device]:
    """The device of that name.

    Raises
    ------
    UnknownNameError
        If the catalogue has none of that name; the message lists the nearest.
    """
    found = all_devices()
    if name not in found:
        errors = importlib.import_module("spikestack.errors")
        raise errors.UnknownNameError("device", name, found)
    return found[name]


def device_of(data: Mapping[str, Any] | str) -> Device:
    """The device that `Device.to_dict` described, or that a text names.

    A text is the name of a device, which then has its defaults, or ``"window/TiO2"`` for the
    `window` of that name.

    Raises
    ------
    UnknownNameError
        If the catalogue has none of its name: one of your own must be imported first.
    """
    if isinstance(data, str):
        place, _, name = data.rpartition("/")
        if place == "window":
            found: Device = importlib.import_module(f"{__name__}.named_windows").window(name)
            return found
        return device_named(data)()
    return device_named(str(data["kind"]))(**data["values"])


def __getattr__(name: str) -> Any:
    if name in _TOOLS:
        return getattr(importlib.import_module(f"{__name__}.{_TOOLS[name]}"), name)
    if name[:1].isupper() and name in (found := all_devices()):
        return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_TOOLS, *all_devices()])
