"""Golden traces of other tools, replayed: every value must come out equal.

The name of a file says which tool made it: ``lava_loihi_*.npz``, ``nengo_loihi_*.npz``,
``brian2_loihi_*.npz``, ``xylosim_v1_*.npz``, ``akida_v1_*.npz``, ``odin_lif_sdsp*.npz``,
``ranc_*.json.gz``. Each tool has a module here, which says what its files hold.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import FileFormatError, UnknownNameError
from .comparing import Replayed, compare

__all__ = ["KINDS", "Replayed", "replay", "traces_in"]

#: How a file's name begins, and the module that replays it.
KINDS = {
    "lava_loihi": "lava",
    "nengo_loihi": "nengo",
    "brian2_loihi": "brian2",
    "ranc": "ranc",
    "xylosim_v1": "xylo",
    "odin_lif_sdsp": "odin",
    "akida_v1": "akida",
}


def traces_in(folder: str | Path) -> list[Path]:
    """The files of `folder` that can be replayed, in the order of their names."""
    return sorted(p for p in Path(folder).iterdir() if p.is_file() and _kind(p) is not None)


def replay(path: str | Path) -> Replayed:
    """Run what a file of golden traces describes, and compare every value with the file's.

    Raises
    ------
    UnknownNameError
        If the file's name begins with none of `KINDS`.
    FileFormatError
        If it lacks what files of its kind hold.
    """
    path = Path(path)
    kind = _kind(path)
    if kind is None:
        raise UnknownNameError(f"{path}, golden traces of", path.name, KINDS)
    module: Any = import_module(f"{__name__}.{KINDS[kind]}")
    try:
        pairs = module.replay(module.read(path))
    except (KeyError, IndexError, TypeError) as error:
        problem = f"is not as {kind} files are: {error!r}; see {module.__name__}"
        raise FileFormatError(f"{path}: {problem}") from error
    return compare(kind, path, pairs)


def _kind(path: Path) -> str | None:
    return next((kind for kind in KINDS if path.name.startswith(kind)), None)
