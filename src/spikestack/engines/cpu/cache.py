"""Kernels on disk, so that a model compiles once: a private folder of generated modules."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import llvmlite
import numba
import numpy as np

from ...numerics.compiling import sources_stamp
from ...version import __version__

__all__ = ["cache_folder", "kernel_module"]


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """The folder of compiled kernels: ``$SPIKESTACK_CACHE``, else in the user's cache folder.

    It must belong to the user and to nobody else, since code in it is run; where it cannot, a
    temporary folder of this process takes its place.
    """
    chosen = os.environ.get("SPIKESTACK_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(chosen) if chosen else Path(home) / "spikestack"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_private(folder):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="spikestack-"))


def _is_private(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True
    about = folder.lstat()
    mine = stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()
    return mine and not about.st_mode & 0o022 and os.access(folder, os.W_OK)


@lru_cache(maxsize=256)
def kernel_module(source: str) -> ModuleType:
    """Import generated source from the cache, putting it there first if it is new.

    Its name is the hash of the source and of the versions that give it its meaning; Numba keeps the
    compiled form beside it, by processor.
    """
    libraries = (numba.__version__, llvmlite.__version__, np.__version__, sys.version)
    versions = (__version__, sources_stamp(), *libraries)
    digest = hashlib.sha256("\n".join([source, *versions]).encode()).hexdigest()
    name = f"kernel_{digest}"
    path = cache_folder() / f"{name}.py"
    if not path.exists() or path.read_text() != source:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=name, suffix=".tmp")
        with os.fdopen(handle, "w") as file:
            file.write(source)
        os.replace(temporary, path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
