"""A folder of growing columns: raw little-endian numbers, and a manifest that says how many count.

Columns are files that are only ever appended to; ``manifest.json`` names each, with its type, the
shape of a row, how many rows are good and the check sum of those. It is replaced in one move after
every chunk, so a process that is killed leaves a folder that can be read up to its last chunk.
Nothing in it is ever executed, and sizes are checked before anything is mapped.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import re
import secrets
import stat
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from ..errors import FileFormatError, ValidationError, shorten
from ..storage import DTYPES, plain_data

__all__ = [
    "MANIFEST",
    "ColumnFolder",
    "check_folder",
    "damaged",
    "is_column_folder",
    "open_columns",
    "read_blocks",
]

MANIFEST = "manifest.json"
VERSION = 1
LONGEST_MANIFEST = 1 << 26
MOST_DIMENSIONS = 4
BLOCK_BYTES = 1 << 24
FILE = re.compile(r"[a-z]+-[0-9]+-[a-z]+\.bin")

Array = np.ndarray


class ColumnFolder:
    """Columns being written, in a folder of their own.

    Parameters
    ----------
    folder
        Made if it is missing; must be empty, or hold a recording that may be replaced.
    kind
        What the columns are, such as ``"recording"``.
    overwrite
        Whether a recording that is there already is deleted.

    Raises
    ------
    ValidationError
        If the folder holds something else, or a recording that may not be replaced.
    OSError
        If it cannot be made or written.
    """

    def __init__(self, folder: str | os.PathLike[str], kind: str, overwrite: bool = False) -> None:
        self.folder, self.kind = Path(os.path.realpath(folder)), kind
        self._entries: dict[str, dict[str, Any]] = {}
        check_folder(self.folder, overwrite)
        self.folder.mkdir(parents=True, exist_ok=True)
        _clear(self.folder)

    def add(self, name: str, dtype: Any, row: tuple[int, ...] = ()) -> None:
        """Begin a column `name`, such as ``"spikes-0-steps"``, of rows of one shape."""
        dtype = np.dtype(dtype)
        self._path(name).touch(exist_ok=False)
        self._entries[name] = {"dtype": dtype.name, "row": list(row), "rows": 0, "crc32": 0}

    def has(self, name: str) -> bool:
        """Whether there is a column of this name."""
        return name in self._entries

    def append(self, name: str, rows: Array) -> None:
        """Append `rows` to a column; they count from the next `commit` on."""
        entry = self._entries[name]
        array = np.ascontiguousarray(rows, dtype=DTYPES[entry["dtype"]])
        if not array.size:
            return
        data = array.reshape(-1).view(np.uint8).data
        # Opened for each chunk, so that there may be more columns than a process may have files.
        with open(self._path(name), "ab", buffering=0) as stream:
            left = data
            while left:
                left = left[stream.write(left) :]
        entry["rows"] += len(array)
        entry["crc32"] = zlib.crc32(data, entry["crc32"])

    def commit(self, header: Mapping[str, Any], durable: bool = False) -> None:
        """Make everything appended so far count, under a `header` of plain data.

        With `durable`, it has reached the disk when this returns; otherwise it outlives this
        process, but perhaps not a loss of power.
        """
        if durable:
            for name in self._entries:
                with open(self._path(name), "ab") as column:
                    os.fsync(column.fileno())
        manifest = {
            "format": "spikestack-columns",
            "version": VERSION,
            "kind": self.kind,
            "header": plain_data(dict(header), "header"),
            "columns": self._entries,
        }
        temporary = self.folder / f".{MANIFEST}-{secrets.token_hex(8)}.tmp"
        try:
            with open(temporary, "x", encoding="utf-8") as stream:
                json.dump(manifest, stream, indent=1)
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            os.replace(temporary, self.folder / MANIFEST)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.bin"


def check_folder(folder: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise ValidationError unless a recording may be written to `folder`."""
    path = Path(os.path.realpath(folder))
    where = f"recording to {str(folder)!r}"
    if path.exists() and not path.is_dir():
        raise ValidationError(where, "is a file", "a folder that is new or empty")
    if not path.exists() or not any(path.iterdir()):
        return
    if not is_column_folder(path):
        raise ValidationError(
            where, "the folder holds other files", "a folder that is new or empty"
        )
    if not overwrite:
        raise ValidationError(
            where,
            "a recording is there already",
            "it is not replaced unasked",
            "choose another folder, or pass overwrite=True",
        )


def is_column_folder(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is a folder with a manifest in it."""
    return (Path(path) / MANIFEST).is_file()


def _clear(folder: Path) -> None:
    """Delete a recording: its manifest first, then the files that only a recording has."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for path in folder.iterdir():
        if FILE.fullmatch(path.name) or path.name.startswith(f".{MANIFEST}-"):
            path.unlink()


def open_columns(
    folder: str | os.PathLike[str], kind: str, verify: bool = False
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Open what a `ColumnFolder` wrote.

    Parameters
    ----------
    folder
        The folder.
    kind
        What it should hold.
    verify
        Whether to read everything and compare check sums.

    Returns
    -------
    header : dict
    columns : dict of numpy.ndarray
        Read-only, mapped from the files: nothing is read before it is used.

    Raises
    ------
    FileNotFoundError
        When there is no such folder.
    FileFormatError
        When the manifest or a column is missing, damaged, cut short or of a later version.
    """
    manifest = _manifest(Path(folder))
    if manifest.get("format") != "spikestack-columns":
        damaged(folder, f"its {MANIFEST} is not one of ours")
    version = manifest.get("version")
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        damaged(folder, f"its version is {shorten(version)}, this Spikestack reads up to {VERSION}")
    if manifest.get("kind") != kind:
        damaged(folder, f"it holds {shorten(manifest.get('kind'))}, not {kind!r}")
    header, entries = manifest.get("header"), manifest.get("columns")
    if not isinstance(header, dict) or not isinstance(entries, dict):
        damaged(folder, f"its {MANIFEST} is incomplete")
    return header, {
        name: _column(Path(folder), name, entry, verify) for name, entry in entries.items()
    }


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not folder.exists():
        raise FileNotFoundError(2, "there is no such folder", str(folder))
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode) or path.stat().st_size > LONGEST_MANIFEST:
            damaged(folder, f"its {MANIFEST} is not an ordinary file of a plausible size")
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, FileFormatError):
            raise
        damaged(folder, f"its {MANIFEST} cannot be read ({type(error).__name__})", error)
    if not isinstance(manifest, dict):
        damaged(folder, f"its {MANIFEST} is not an object")
    return manifest


def _column(folder: Path, name: str, entry: Any, verify: bool) -> Array:
    if not FILE.fullmatch(f"{name}.bin") or not isinstance(entry, dict):
        damaged(folder, f"it lists a column {shorten(name)}")
    dtype, rows, row = entry.get("dtype"), entry.get("rows"), entry.get("row")
    good = isinstance(row, list) and len(row) <= MOST_DIMENSIONS
    numbers: list[Any] = [rows, *row] if isinstance(row, list) and good else [None]
    if dtype not in DTYPES or not all(type(n) is int and n >= 0 for n in numbers):
        damaged(folder, f"the column {name!r} is not described")
    path, bytes_needed = folder / f"{name}.bin", math.prod(numbers) * DTYPES[dtype].itemsize
    try:
        with open(path, "rb") as stream:
            facts = os.fstat(stream.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_size < bytes_needed:
                damaged(
                    folder,
                    f"{path.name} has {facts.st_size:,} bytes, {MANIFEST} says {bytes_needed:,}",
                )
            column = _mapped(stream, DTYPES[dtype], numbers, bytes_needed)
    except (OSError, ValueError, OverflowError) as error:
        if isinstance(error, FileFormatError):
            raise
        damaged(folder, f"{path.name} cannot be read ({error})", error)
    if verify and _crc32(column) != entry.get("crc32"):
        damaged(folder, f"the bytes of {path.name} have changed")
    return column


def _mapped(stream: BinaryIO, dtype: np.dtype[Any], shape: list[int], size: int) -> Array:
    if not size:
        empty = np.zeros(shape, dtype)
        empty.flags.writeable = False
        return empty
    data = mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ)
    return np.frombuffer(data, dtype).reshape(shape)


def _crc32(column: Array) -> int:
    found = 0
    for block in read_blocks(column):
        found = zlib.crc32(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data, found)
    return found


def read_blocks(column: Array) -> Any:
    """Go through a column in pieces of about 16 MB."""
    row = max(1, column.dtype.itemsize * math.prod(column.shape[1:]))
    rows = max(1, BLOCK_BYTES // row)
    for first in range(0, len(column), rows):
        yield column[first : first + rows]


def damaged(
    folder: str | os.PathLike[str], problem: str, cause: BaseException | None = None
) -> NoReturn:
    """Raise FileFormatError about a folder."""
    raise FileFormatError(
        f"{os.fspath(folder)!r}: is damaged or not a recording of Spikestack: {problem}; "
        "copy it again, or record anew"
    ) from cause
