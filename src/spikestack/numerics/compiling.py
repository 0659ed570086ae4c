"""Compiled functions whose cache notices every change.

Numba keeps a compiled function for as long as the file that it is written in does not change, even
if one that it calls does. Here every function's cache is bound to all sources of the package that
hold compiled code, so that an updated checkout never runs half of its former self.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import numba

__all__ = ["is_cached", "njit", "sources_stamp"]

#: Folders of compiled code whose functions call each other: of simulation, sensors, chips and
#: crossbars.
_ENGINES = ("numerics", "program", "engines")
_SENSORS = ("numerics", "sensors")
_CHIPS = ("numerics", "chips")
_CROSSBARS = ("numerics", "crossbars")


@cache
def sources_stamp(folders: tuple[str, ...] = _ENGINES) -> str:
    """A digest of name, time and size of every source file with compiled code."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted((root / folder).rglob("*.py")):
            facts = file.stat()
            digest.update(f"{file.name} {facts.st_mtime_ns} {facts.st_size}\n".encode())
    return digest.hexdigest()


def njit(**options: Any) -> Any:
    """Decorate as `numba.njit` does."""

    def compiled(function: Any) -> Any:
        made = numba.njit(**options)(function)
        file = getattr(getattr(made, "_cache", None), "_cache_file", None)
        if file is not None:
            own = {".sensors.": _SENSORS, ".chips.": _CHIPS, ".crossbars.": _CROSSBARS}
            folders = next((f for part, f in own.items() if part in function.__module__), _ENGINES)
            file._source_stamp = (sources_stamp(folders), file._source_stamp)
        return made

    return compiled


def is_cached(function: Any) -> bool:
    """Whether some form of a compiled function is on disk; True where that cannot be told."""
    file = getattr(getattr(function, "_cache", None), "_cache_file", None)
    try:
        return file is None or bool(file._load_index())
    except (OSError, EOFError, AttributeError):
        return True
