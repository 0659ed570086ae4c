"""HDF5 files that were cut off: as long as they say they are, with zeros where bytes are missing.

The library refuses a file that is shorter than its superblock says. Most of what it needs stands
near the beginning, so that the entries before the cut can be read if the file has its full length
again. Nothing is copied: the zeros are made as they are asked for.

Source: HDF5 file format specification, version 3.0, section II.A.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import Any, BinaryIO

from ...errors import FileFormatError

__all__ = ["Lengthened", "Lengths", "lengths"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: By version of the superblock: where the size of addresses stands, and the end's address.
_PLACES = {0: (13, 24), 1: (13, 28), 2: (9, 12), 3: (9, 12)}
_LARGEST = 1 << 62
#: No superblock is shorter, and none of these fields lies behind.
_LEAST = 52
#: Reads below this size are never refused.
_SMALL = 1 << 16


@dataclass(frozen=True)
class Lengths:
    """How long a file is, and should be, in bytes."""

    present: int
    end: int

    @property
    def cut(self) -> bool:
        """Whether some of it is missing."""
        return self.present < self.end

    def __str__(self) -> str:
        return f"the file is cut off: it has {self.present} of {self.end} bytes"


def lengths(file: BinaryIO) -> Lengths:
    """What a file's superblock says, and what is there.

    A file without a superblock that is known is as long as it is.

    Raises
    ------
    FileFormatError
        If it ends within its superblock.
    """
    present = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(96)
    if not head.startswith(_SIGNATURE):
        return Lengths(present, present)
    if len(head) < _LEAST:
        raise FileFormatError(f"the file is cut off after {present} bytes, within its first block")
    places = _PLACES.get(head[8])
    if places is None or head[places[0]] not in (4, 8):
        return Lengths(present, present)
    size, base = head[places[0]], places[1]
    # Behind the base address stands one other, then the end.
    end = int.from_bytes(head[base + 2 * size : base + 3 * size], "little")
    return Lengths(present, end if present < end < _LARGEST else present)


class Lengthened(io.RawIOBase):
    """A file, read, with zeros from `present` to `end`.

    A read that is longer than the file raises OSError: the library asks for one only where the size
    of something is damaged, and would wait for it.

    Parameters
    ----------
    file
        The file.
    present
        Bytes of it that count.
    end
        How long it shall seem.
    """

    def __init__(self, file: BinaryIO, present: int, end: int) -> None:
        super().__init__()
        self._file, self._present, self._end, self._at = file, present, end, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`, up to the end."""
        view = memoryview(buffer).cast("B")
        if len(view) > max(self._present, _SMALL):
            raise OSError(f"{len(view)} bytes asked for at once, of a file of {self._present}")
        count = min(len(view), max(self._end - self._at, 0))
        held = min(count, max(self._present - self._at, 0))
        if held:
            self._file.seek(self._at)
            data = self._file.read(held)
            held = len(data)
            view[:held] = data
        view[held:count] = bytes(count - held)
        self._at += count
        return count
