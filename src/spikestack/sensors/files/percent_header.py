"""Headers of lines that begin with ``%``, as Prophesee's RAW and DAT files have them.

Sources: openeb (Apache-2): RAW file header, table of systems, tools for DAT files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from ...errors import FileFormatError

__all__ = ["encoding", "geometry", "integer", "options", "parse", "read", "text"]

_MOST, _LONGEST_LINE = 1 << 20, 4096
_PIXELS = 1 << 16

_VGA = {"width": 640, "height": 480}
_HD = {"width": 1280, "height": 720}
#: Systems whose files may tell neither format nor geometry, by number: format, pixels.
_SYSTEMS = {
    **dict.fromkeys((0x15, 0x1C, 0x17, 0x97, 0x19, 0x99, 0x1D), ("evt2", _VGA)),
    **dict.fromkeys((0x23, 0x21, 0xA1, 0x22, 0xA2, 0x29), ("evt2", _VGA)),
    0x28: ("evt3", _VGA),
    **dict.fromkeys((0x1A, 0x9A, 0x1F, 0x27), ("evt2", _HD)),
    **dict.fromkeys((0x1E, 0x20, 0x2E, 0x30), ("evt3", _HD)),
}
_ENCODINGS = {"2": "evt2", "20": "evt2", "21": "evt21", "3": "evt3", "30": "evt3", "4": "evt4"}
_ENCODINGS["40"] = "evt4"


def parse(data: bytes) -> tuple[dict[str, str], int]:
    """The header at the beginning of `data`: its keys, and where it ends.

    It goes on to ``% end``, or else to the first line that is no line of text after a ``%``.
    """
    keys: dict[str, str] = {}
    at = 0
    while data[at : at + 1] == b"%":
        end = data.find(b"\n", at, at + _LONGEST_LINE)
        line = data[at + 1 : end].strip()
        if end < 0 or not all(32 <= byte < 127 or byte == 9 for byte in line):
            break
        at = end + 1
        key, _, value = line.decode("ascii").partition(" ")
        if line == b"end":
            break
        keys[key] = value.strip()
    return keys, at


def read(file: BinaryIO) -> tuple[dict[str, str], int]:
    """The header of a file: its keys, and where it ends in bytes."""
    file.seek(0)
    return parse(file.read(_MOST))


def options(keys: Mapping[str, str]) -> dict[str, str]:
    """What follows the name of the format, such as ``height=720;width=1280``."""
    parts = [part.partition("=") for part in keys.get("format", "").split(";")[1:]]
    return {name.strip(): value.strip() for name, _, value in parts}


def encoding(keys: Mapping[str, str]) -> str | None:
    """The name of the format of a RAW file, if its header tells or its system implies one."""
    said = keys.get("format", "").partition(";")[0].strip().upper()
    if not said and "evt" in keys:
        said = f"EVT{keys['evt']}"
    if said:
        return _ENCODINGS.get(said.replace(".", "").removeprefix("EVT").strip())
    system = _SYSTEMS.get(integer(keys, "system_ID"))
    return system[0] if system else None


def geometry(keys: Mapping[str, str]) -> dict[str, int]:
    """Width and height in pixels: of format, geometry, DAT's own lines, or the system's.

    Raises
    ------
    FileFormatError
        If they are no sizes of a sensor.
    """
    told = options(keys)
    size = keys.get("geometry", "").lower().partition("x")
    for width, height in (
        (told.get("width"), told.get("height")),
        (size[0], size[2]),
        (keys.get("Width"), keys.get("Height")),
    ):
        if width and height:
            found = {"width": _pixels(width), "height": _pixels(height)}
            return found if all(found.values()) else {}
    system = _SYSTEMS.get(integer(keys, "system_ID"))
    return dict(system[1]) if system else {}


def _pixels(said: str) -> int:
    if not (said.isdecimal() and len(said) <= 6 and int(said) <= _PIXELS):
        raise FileFormatError(f"its header gives {said[:20]!r} as a number of pixels")
    return int(said)


def integer(keys: Mapping[str, str], name: str) -> int:
    """A whole number of the header, -1 where it has none."""
    said = keys.get(name, "")
    return int(said) if said.isdecimal() and len(said) <= 18 else -1


def text(keys: Mapping[str, str], end: bool = True) -> bytes:
    """The lines of a header."""
    lines = [f"% {name} {value}\n" for name, value in keys.items()]
    return "".join([*lines, "% end\n" if end else ""]).encode("ascii")
