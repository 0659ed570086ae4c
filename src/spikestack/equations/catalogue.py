"""Catalogues are collected by looking into a folder, not by lists."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TypeVar

__all__ = ["collect"]

M = TypeVar("M")


def collect(package: str, base: type[M]) -> dict[str, type[M]]:
    """Return every public subclass of `base` defined in the modules of `package`, by name."""
    found: dict[str, type[M]] = {}
    folder = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{package}.{info.name}")
        for name in getattr(module, "__all__", ()):
            item = getattr(module, name)
            if isinstance(item, type) and issubclass(item, base) and item is not base:
                found[name] = item
    return found
