"""Damage of HDF5 files that its library would not notice but loop for ever.

Texts of attributes stand in global heaps: a signature, a size, and objects one behind the other.
The library (2.0.0 at least) walks over them by their sizes, and never ends where one is 0.

Source: HDF5 file format specification, version 3.0, section III.E.
"""

from __future__ import annotations

from typing import BinaryIO

from ...errors import FileFormatError

__all__ = ["check_heaps"]

#: With its version; the library does not look at the three bytes behind.
_SIGNATURE = b"GCOL\x01"
_BLOCK, _HEAD, _LARGEST = 1 << 24, 16, 1 << 28


def check_heaps(file: BinaryIO) -> int:
    """Where the whole heaps of a file end: at its end, or where one begins that is cut off.

    Raises
    ------
    FileFormatError
        If the objects of a global heap do not fill it.
    """
    at, tail = 0, b""
    file.seek(0)
    while block := file.read(_BLOCK):
        data, begin = tail + block, at - len(tail)
        found = data.find(_SIGNATURE)
        while found >= 0:
            if not _check(file, begin + found):
                return begin + found
            found = data.find(_SIGNATURE, found + 1)
        at += len(block)
        tail = data[-len(_SIGNATURE) + 1 :]
        file.seek(at)
    return at


def _check(file: BinaryIO, start: int) -> bool:
    """Whether all of a heap is there."""
    file.seek(start + 8)
    stated = file.read(8)
    if len(stated) < 8:
        return False
    size = int.from_bytes(stated, "little")
    if not _HEAD <= size <= _LARGEST:
        raise FileFormatError(f"damaged HDF5: a global heap of {size} bytes")
    file.seek(start)
    heap = file.read(size)
    if len(heap) < size:
        return False
    at = _HEAD
    while at + _HEAD <= len(heap):
        index = int.from_bytes(heap[at : at + 2], "little")
        length = int.from_bytes(heap[at + 8 : at + 16], "little")
        at += _HEAD + (length + 7) // 8 * 8 if index else length
        if (not index and length < _HEAD) or at > size:
            raise FileFormatError("damaged HDF5: objects of a global heap do not fill it")
    return True
