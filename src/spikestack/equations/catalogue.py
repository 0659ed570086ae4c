"""Catalogues are collected by looking into a folder, not by lists."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any, TypeVar

__all__ = ["CATALOGUES", "collect", "members"]

M = TypeVar("M")

#: Packages whose modules declare one thing each that users call by its name.
CATALOGUES = (
    "spikestack.neurons",
    "spikestack.synapses",
    "spikestack.plasticity",
    "spikestack.network.currents",
    "spikestack.network.rules",
    "spikestack.groups",
    "spikestack.sensors.filters",
    "spikestack.sensors.representations",
    "spikestack.sensors.encoders",
)


@cache
def members(package: str) -> dict[str, Any]:
    """Everything public in the modules of `package` but its base, by name."""
    found: dict[str, Any] = {}
    folder = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda i: i.name):
        if info.name == "base":
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        found |= {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    return found


def collect(package: str, base: type[M]) -> dict[str, type[M]]:
    """Return every public subclass of `base` defined in the modules of `package`, by name."""
    return {
        name: item
        for name, item in members(package).items()
        if isinstance(item, type) and issubclass(item, base) and item is not base
    }
