"""Writing whole or not at all: beside the target first, then in its place in one move."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import ValidationError

__all__ = ["replaced", "replaced_folder"]


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; what was written there takes its place at the end.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    IsADirectoryError
        If `path` is a folder.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(target.parent))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; give a file name", str(target))
    temporary = target.with_name(f".spikestack-{secrets.token_hex(8)}.tmp")
    try:
        yield temporary
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def replaced_folder(path: Path, mine: set[str], overwrite: bool) -> Iterator[Path]:
    """The same for a folder of files.

    Parameters
    ----------
    path
        The folder, which may be missing or empty.
    mine
        Names of files and folders that may be replaced.
    overwrite
        Whether they may.

    Raises
    ------
    ValidationError
        If the folder holds something that may not be replaced.
    FileNotFoundError
        If the folder above is not there.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(target.parent))
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is a file; give a folder", str(target))
    held = sorted(entry.name for entry in target.iterdir()) if target.is_dir() else []
    if held and not (overwrite and set(held) <= mine):
        raise ValidationError(
            f"folder {str(path)!r}",
            f"holds {', '.join(held[:5])}",
            "a new or empty folder",
            "overwrite=True replaces files of the same form, and no others",
        )
    temporary = target.with_name(f".spikestack-{secrets.token_hex(8)}.tmp")
    temporary.mkdir()
    old = target.with_name(f".spikestack-{secrets.token_hex(8)}.old")
    try:
        yield temporary
        if target.is_dir():
            os.rename(target, old)
        os.rename(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if old.is_dir() and not target.exists():
            os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)
