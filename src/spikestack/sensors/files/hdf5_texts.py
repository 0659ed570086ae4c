"""The lengths of texts that are attributes of an HDF5 object, before its library allocates them.

Only object headers of version 1 are looked at: the later ones have check sums, which the library
compares.

Source: HDF5 file format specification, version 3.0, sections IV.A.1 and IV.A.2.m.
"""

from __future__ import annotations

from typing import BinaryIO

from ...errors import FileFormatError

__all__ = ["check_texts"]

_ATTRIBUTE, _CONTINUATION, _VARIABLE = 0x0C, 0x10, 9
_LONGEST, _MOST_BLOCKS, _LARGEST_BLOCK = 1 << 16, 1000, 1 << 24


def check_texts(file: BinaryIO, address: int) -> None:
    """Raise FileFormatError if an attribute of the object says it is longer than 64 kB.

    Parameters
    ----------
    file
        The file.
    address
        Of the object's header.
    """
    file.seek(address)
    head = file.read(16)
    if len(head) < 16 or head[0] != 1:
        return
    blocks, seen = [(address + 16, int.from_bytes(head[8:12], "little"))], 0
    while blocks and seen < _MOST_BLOCKS:
        start, size = blocks.pop()
        seen += 1
        file.seek(start)
        block, at = file.read(min(size, _LARGEST_BLOCK)), 0
        while at + 8 <= len(block):
            kind, length = (int.from_bytes(block[at + i : at + i + 2], "little") for i in (0, 2))
            body = block[at + 8 : at + 8 + length]
            at += 8 + length
            if kind == _CONTINUATION and len(body) >= 16:
                where, extent = (int.from_bytes(body[i : i + 8], "little") for i in (0, 8))
                if where < 1 << 62:
                    blocks.append((where, extent))
            elif kind == _ATTRIBUTE and _length(body) > _LONGEST:
                raise FileFormatError("damaged HDF5: an attribute longer than 64 kB")


def _length(body: bytes) -> int:
    """What an attribute says of its length; 0 unless that varies."""
    if len(body) < 9 or body[0] not in (1, 2, 3):
        return 0
    # In version 1 its name, type and shape are padded.
    whole = 8 if body[0] == 1 else 1
    at = 9 if body[0] == 3 else 8
    name, kind, shape = (int.from_bytes(body[i : i + 2], "little") for i in (2, 4, 6))
    at += -(-name // whole) * whole
    if at >= len(body) or body[at] & 15 != _VARIABLE:
        return 0
    at += -(-kind // whole) * whole + -(-shape // whole) * whole
    return int.from_bytes(body[at : at + 4], "little")
