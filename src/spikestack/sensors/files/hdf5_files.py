"""HDF5 files as event formats open them: only if the library is there, and never trusted."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, MissingExtraError, SpikestackError
from .hdf5_heaps import check_heaps

__all__ = ["MAGIC", "column", "holds", "library", "microseconds", "opened"]

MAGIC = b"\x89HDF\r\n\x1a\n"
#: How much larger than what is stored of it an array may be: 1,032 is the most that deflate can do.
_RATIO = 1100


def library() -> Any:
    """The module h5py.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise MissingExtraError("A file in HDF5", "hdf5") from None


@contextmanager
def opened(file: BinaryIO) -> Iterator[Any]:
    """A file, read; whatever the library stumbles over becomes a FileFormatError."""
    h5py = library()
    check_heaps(file)
    file.seek(0)
    try:
        with h5py.File(file, "r") as data:
            yield data
    except SpikestackError:
        raise
    except Exception as error:
        raise FileFormatError(f"a damaged HDF5 file: {error}") from error


def holds(file: BinaryIO, *paths: str) -> bool:
    """Whether all of these groups or arrays are in a file; False if it cannot be read."""
    try:
        with opened(file) as data:
            return all(path in data for path in paths)
    except FileFormatError:
        return False


def column(data: Any, path: str, kinds: str) -> Any:
    """An array of one dimension in a file, checked, not yet read.

    Parameters
    ----------
    data
        A file or group.
    path
        Of the array in it.
    kinds
        The letters of the kinds of numbers that it may hold, ``"iuf"``; ``"O"`` for rows.

    Raises
    ------
    FileFormatError
        If it is missing, of another kind, or larger than what is stored of it could hold.
    """
    found = data.get(path)
    if not isinstance(found, library().Dataset):
        raise FileFormatError(f"no array {path!r} in the file")
    if found.ndim != 1 or found.dtype.kind not in kinds:
        raise FileFormatError(f"array {path!r} is {found.dtype} of shape {found.shape}")
    if found.external or found.is_virtual:
        raise FileFormatError(f"array {path!r} is kept in another file")
    stored = found.id.get_storage_size()
    if found.size * found.dtype.itemsize > 4096 + _RATIO * stored:
        raise FileFormatError(f"array {path!r} says it has {found.size} entries in {stored} bytes")
    return found


def microseconds(times: np.ndarray, unit: float, path: str) -> np.ndarray:
    """Whole microseconds of times in a `unit` of so many.

    Raises
    ------
    FileFormatError
        If one is no number, or beyond 2^53 us.
    """
    t = np.rint(times.astype(np.float64) * unit)
    if not (np.abs(t) < 2.0**53).all():
        raise FileFormatError(
            f"array {path!r} holds times that are no numbers, or beyond 285 years"
        )
    return t.astype(np.int64)
