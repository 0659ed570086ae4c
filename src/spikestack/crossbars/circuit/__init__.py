"""Wires of a crossbar: node voltages, effective matrices, sneak paths, selection schemes."""

from __future__ import annotations

import importlib
from typing import Any

#: Public name -> module that holds it.
_HOMES = {"Wires": "wires", "effective": "matrices", "solve": "wires"}

__all__ = [  # noqa: PLE0604
    *_HOMES,
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
