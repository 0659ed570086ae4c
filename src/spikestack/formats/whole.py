"""Files and folders written whole or not at all, by libraries that write as they please."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replacing", "replacing_folder"]


def _beside(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, "there is no such folder to save in; create it first", str(target.parent)
        )
    return target, target.with_name(f".{secrets.token_hex(8)}{target.suffix}")


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file to write beside `path` (of its suffix), which takes its place when all went well.

    Raises
    ------
    OSError
        When there is no such folder, or `path` is a folder.
    """
    target, beside = _beside(path)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; give a file name", str(target))
    try:
        yield beside
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A folder to fill beside `path`, which takes its place when all went well.

    An empty folder may be there; one with files in it is kept, and refused.

    Raises
    ------
    OSError
        When the parent does not exist, or `path` is a file or a folder with something in it.
    """
    target, beside = _beside(path)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise FileExistsError(errno.EEXIST, "is there already; give another name", str(target))
    beside.mkdir()
    try:
        yield beside
        if target.exists():
            target.rmdir()
        os.replace(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
