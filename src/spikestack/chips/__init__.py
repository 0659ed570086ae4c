"""Neuromorphic chips: networks mapped to them, run in their arithmetic, and priced.

``sp.chips.Loihi()`` is a chip; every class of the catalogue is found by its name. A chip of one's
own is a class of `Chip`, in a file like those of `spikestack.chips.catalogue`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chip import Chip

_HOMES = {
    "Chip": "chip", "ChipRun": "running", "Figure": "figures", "Grade": "figures",
    "Limit": "limits", "LimitKind": "limits", "LoihiRule": "learning.rules", "Prices": "pricing",
    "SDSPRule": "learning.sdsp", "Scope": "pricing", "chip_named": "naming",
    "compare_chips": "comparison", "from_file": "user_files",
}  # fmt: skip

__all__ = ["Chip", "ChipRun", "Figure", "Grade", "Limit", "LimitKind", "LoihiRule", "Prices",
           "SDSPRule", "Scope", "all_chips", "chip_named", "compare_chips",
           "from_file"]  # fmt: skip


def all_chips() -> dict[str, type[Chip]]:
    """Every chip of the catalogue, by name: the public classes of its files."""
    catalogue = importlib.import_module(f"{__name__}.catalogue")
    base = importlib.import_module(f"{__name__}.chip").Chip
    found: dict[str, type[Chip]] = {}
    for file in pkgutil.iter_modules(catalogue.__path__):
        module = importlib.import_module(f"{catalogue.__name__}.{file.name}")
        for name in module.__all__:
            kind = getattr(module, name)
            if isinstance(kind, type) and issubclass(kind, base):
                found[name] = kind
    return found


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name[:1].isupper() and name in (found := all_chips()):
        return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *all_chips()])
