"""Files of sets: read once, whole, with their digest."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, ValidationError
from .base import data_folder

__all__ = ["digit_names", "read_arrays", "read_set_file"]


def read_set_file(folder: Any, name: str, file: str) -> tuple[Path, bytes]:
    """Path and bytes of a file of a set, in a folder of all sets or in the set's own.

    Raises
    ------
    ValidationError
        If it is not there.
    """
    within = data_folder(folder)
    for path in (within / name / file, within / file):
        try:
            return path, path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise FileFormatError(f"{path}: cannot be read: {error}") from error
    raise ValidationError(
        f"data {name!r}", f"no file {within / name / file}", "the set in a folder of its name"
    )


def read_arrays(folder: Any, name: str, file: str) -> tuple[dict[str, np.ndarray], str]:
    """Arrays of an npz file by name, and the digest of the file.

    Raises
    ------
    ValidationError
        If it is not there.
    FileFormatError
        If it is damaged.
    """
    path, data = read_set_file(folder, name, file)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            return dict(found), hashlib.sha256(data).hexdigest()
    except Exception as error:
        # zipfile, zlib and NumPy raise whatever the damage makes them stumble over.
        raise FileFormatError(f"{path}: damaged: {error}") from error


def digit_names() -> tuple[str, ...]:
    """The ten digits."""
    return tuple(str(digit) for digit in range(10))
