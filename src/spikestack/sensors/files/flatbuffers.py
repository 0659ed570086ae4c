"""As much of FlatBuffers as AEDAT 4 needs: tables read with every offset checked, and written.

A buffer begins with the offset of its root table and four letters that say what it is. A table
begins with the distance back to its vtable, which holds where each field stands.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from ...errors import FileFormatError

__all__ = ["Table", "encode", "root"]


class Table:
    """A table in a buffer.

    Raises
    ------
    FileFormatError
        If anything of it lies outside the buffer.
    """

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        vtable = at - self._number("<i", at)
        size = self._number("<H", vtable)
        self.fields = [self._number("<H", vtable + i) for i in range(4, size - 1, 2)]

    def number(self, field: int, kind: str, default: int) -> int:
        """A whole number, of the type `kind` of `struct`."""
        at = self._place(field)
        return self._number(kind, at) if at else default

    def vector(self, field: int) -> tuple[int, int]:
        """Where the elements of a vector begin, and how many it says there are.

        Only its beginning is sure to lie in the buffer.
        """
        at = self._place(field)
        if not at:
            return 0, 0
        at += self._number("<I", at)
        return at + 4, self._number("<I", at)

    def string(self, field: int) -> str:
        """Text."""
        at, n = self.vector(field)
        if at + n > len(self.data):
            raise FileFormatError("a text in a FlatBuffer goes beyond its end")
        return self.data[at : at + n].decode("utf-8", "replace")

    def _place(self, field: int) -> int:
        within = self.fields[field] if field < len(self.fields) else 0
        return self.at + within if within else 0

    def _number(self, kind: str, at: int) -> int:
        if not 0 <= at <= len(self.data) - struct.calcsize(kind):
            raise FileFormatError(f"an offset in a FlatBuffer, {at}, leads out of it")
        return int(struct.unpack_from(kind, self.data, at)[0])


def root(data: bytes, letters: bytes, begin: int) -> Table:
    """The root table of a buffer that stands from `begin` on, if it says that it is `letters`."""
    found = data[begin + 4 : begin + 8]
    if found != letters:
        raise FileFormatError(f"a FlatBuffer of {found!r}, and {letters!r} should be here")
    return Table(data, begin + int.from_bytes(data[begin : begin + 4], "little"))


def encode(letters: bytes, fields: Sequence[tuple[str, int] | tuple[int, bytes]]) -> bytes:
    """A buffer, with its size before it.

    Parameters
    ----------
    letters
        The four that say what it is.
    fields
        Either a number, as its type for `struct` and its value, or a vector, as the number of its
        elements and their bytes.
    """
    # A vtable of 4 + 2n bytes after the 8 of root and letters, then the table, numbers by size.
    sizes = [struct.calcsize(f[0]) if isinstance(f[0], str) else 4 for f in fields]
    places, at = [0] * len(fields), 4
    for wide in (4, 8, 2, 1):
        if wide == 8:
            at += -at % 8
        for i, size in enumerate(sizes):
            if size == wide:
                places[i] = at
                at += size
    table = 8 + 4 + 2 * len(fields)
    table += -(table + 4) % 8 + 4  # with its size before it, the table begins at a multiple of 8
    out = bytearray(table + at)
    struct.pack_into("<I4s", out, 0, table, letters)
    vtable = table - (4 + 2 * len(fields))
    struct.pack_into(f"<HH{len(fields)}H", out, vtable, 4 + 2 * len(fields), at, *places)
    struct.pack_into("<i", out, table, table - vtable)
    for (kind, value), place in zip(fields, places):
        if isinstance(kind, str):
            struct.pack_into(kind, out, table + place, value)
            continue
        out += bytes(-len(out) % 8)  # so that elements of 8 bytes stand at a multiple of it
        struct.pack_into("<I", out, table + place, len(out) - (table + place))
        assert isinstance(value, bytes)
        out += struct.pack("<I", kind) + value + bytes(kind == len(value))
    out += bytes(-len(out) % 4)
    return struct.pack("<I", len(out)) + bytes(out)
