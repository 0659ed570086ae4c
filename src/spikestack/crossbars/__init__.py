"""Crossbars of devices: cells, wires, converters, programming, and networks that run on them."""

from __future__ import annotations

import importlib
from typing import Any

#: Public name -> module that holds it.
_HOMES = {
    "DriveTrace": "dynamics.trace",
    "drive": "dynamics.driving",
}

__all__ = [  # noqa: PLE0604
    *_HOMES,
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
