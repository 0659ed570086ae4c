"""Where a training has come to, in a file: written whole or not at all, read without executing."""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..errors import FileFormatError, ValidationError

__all__ = ["FORMAT", "check_same", "read", "write"]

FORMAT = "spikestack training 1"
_BROKEN = (OSError, RuntimeError, ValueError, KeyError, EOFError, TypeError, AttributeError)


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write tensors and plain data: to a file beside, to the disk, then in place of `path`."""
    beside = path.with_name(f".{path.name}-{secrets.token_hex(6)}.tmp")
    try:
        with open(beside, "xb") as stream:
            torch.save({"format": FORMAT, **content}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote.

    Raises
    ------
    FileFormatError
        If the file is damaged or something else.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (*_BROKEN, zipfile.BadZipFile) as error:
        raise FileFormatError(f"{path}: cannot be read as a checkpoint: {error}") from None
    except Exception as error:  # torch raises pickle.UnpicklingError, which is banned here
        raise FileFormatError(f"{path}: holds more than numbers: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FileFormatError(f"{path}: is not a checkpoint of this version")
    return content


def check_same(found: Mapping[str, str], now: Mapping[str, str], path: Path) -> None:
    """Refuse to go on with something else than was begun.

    Raises
    ------
    ValidationError
        That names the first difference.
    """
    for name in sorted({*found, *now}):
        if found.get(name) != now.get(name):
            raise ValidationError(
                f"fit, resume from {path}, {name}",
                f"was {found.get(name)}, is {now.get(name)}",
                "the same training",
                "pass what was passed before, or another folder",
            )
