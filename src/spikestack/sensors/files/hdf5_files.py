"""HDF5 files as event formats open them: only if the library is there, and never trusted."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, MissingExtraError, SpikestackError
from .hdf5_cut import Lengthened, lengths
from .hdf5_heaps import check_heaps

__all__ = ["MAGIC", "check_size", "column", "holds", "library", "microseconds", "opened", "present"]

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
def opened(file: BinaryIO, heaps: bool = True) -> Iterator[Any]:
    """A file, read; whatever the library stumbles over becomes a FileFormatError.

    One that is cut off is opened if its beginning is whole: see `present`. `heaps` must be checked
    before any text or row is read.
    """
    h5py, size = library(), lengths(file)
    held = check_heaps(file) if heaps else size.present
    if held < size.present == size.end:
        raise FileFormatError(f"a damaged HDF5 file: its global heap at {held} goes beyond its end")
    whole = Lengthened(file, held, size.end)
    try:
        with h5py.File(whole, "r") as data:
            yield data
    except SpikestackError as error:
        if size.cut and type(error) is FileFormatError:
            raise FileFormatError(f"{size}; {error}") from error
        raise
    except Exception as error:
        what = f"{size}, and what is left" if size.cut else "a damaged HDF5 file, which"
        raise FileFormatError(f"{what} cannot be read: {str(error)[:200]}") from error


def present(file: BinaryIO, found: Any) -> int:
    """How many of an array's entries, from the first on, stand before the end of a file.

    All of them unless it is cut off.
    """
    size, entries = lengths(file), len(found)
    if not size.cut:
        return entries
    if found.chunks is None:
        place = found.id.get_offset()
        if place is None:
            return entries
        return int(min(entries, max(size.present - place, 0) // found.dtype.itemsize))
    for first in range(0, entries, found.chunks[0]):
        try:
            chunk = found.id.get_chunk_info_by_coord((first,))
        except Exception:
            return first
        if chunk.byte_offset is None or chunk.byte_offset + chunk.size > size.present:
            return first
    return entries


def holds(file: BinaryIO, *paths: str) -> bool:
    """Whether all of these groups or arrays are in a file; False if it cannot be read."""
    try:
        with opened(file, heaps=False) as data:
            return all(path in data for path in paths)
    except FileFormatError:
        return False


def column(file: BinaryIO, data: Any, path: str, kinds: str) -> Any:
    """An array of one dimension in a file, checked, not yet read.

    Parameters
    ----------
    file, data
        A file, and what the library made of it.
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
    check_size(file, found)
    return found


def check_size(file: BinaryIO, found: Any) -> None:
    """Refuse an array of one dimension that is larger than what is stored of it could hold.

    Raises
    ------
    FileFormatError
        If it is, or is kept in another file.
    """
    path = found.name
    if found.external or found.is_virtual:
        raise FileFormatError(f"array {path!r} is kept in another file")
    size = lengths(file)
    stored = min(found.id.get_storage_size(), size.present)
    itemsize = found.dtype.itemsize
    # Of a cut file, only what is there is read: see `present`.
    if found.size * itemsize > 4096 + _RATIO * stored and not size.cut:
        raise FileFormatError(f"array {path!r} says it has {found.size} entries in {stored} bytes")
    # A chunk is made as a whole, even if little of it is used.
    if found.chunks and found.chunks[0] * itemsize > (1 << 20) + _RATIO * stored:
        raise FileFormatError(f"array {path!r} has chunks of {found.chunks[0]} entries")


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
