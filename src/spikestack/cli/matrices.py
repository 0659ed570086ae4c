"""Matrices of weights from files: arrays of NumPy, and tables of numbers."""

from __future__ import annotations

import io
import os
import stat
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import FileFormatError, MemoryLimitError
from ..machine import available_memory
from ..sizes import human_bytes
from .output import one_line

__all__ = ["SUFFIXES", "read_matrix"]

#: Files that hold matrices and no network.
SUFFIXES = (".npy", ".npz", ".csv", ".txt", ".tsv")
_LONGEST_HEADER = 4096
_KINDS = "iufb"


def read_matrix(path: Path, name: str | None = None) -> np.ndarray:
    """The matrix in a ``.npy``, ``.npz``, ``.csv``, ``.tsv`` or ``.txt`` file, float64.

    Nothing in a file is executed, and no more memory is taken than its contents are long.

    Parameters
    ----------
    path
        The file.
    name
        Which array of an ``.npz``; needed if it has several.

    Raises
    ------
    FileFormatError
        If the file is damaged, or holds no matrix of numbers.
    MemoryLimitError
        If the matrix would not fit into memory.
    """
    if not path.exists():
        raise FileNotFoundError(2, "no such file", str(path))
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise FileFormatError(f"{str(path)!r}: is a folder or device; give a file")
    suffix = path.suffix.lower()
    if name is not None and suffix != ".npz":
        raise FileFormatError(f"{str(path)!r}: --array names an array of an .npz file, not of this")
    try:
        if suffix == ".npy":
            with open(path, "rb") as stream:
                found = _array(stream, os.stat(path).st_size, str(path))
        elif suffix == ".npz":
            found = _member(path, name)
        else:
            found = _table(path)
    except (
        ValueError,
        EOFError,
        TypeError,
        SyntaxError,
        zipfile.BadZipFile,
        RuntimeError,
    ) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{str(path)!r}: damaged: {one_line(error)}") from error
    if found.dtype.kind not in _KINDS:
        raise FileFormatError(f"{str(path)!r}: holds {found.dtype}, not numbers")
    if found.ndim != 2 or found.size == 0:
        raise FileFormatError(
            f"{str(path)!r}: holds an array of shape {found.shape}; give a matrix, inputs x outputs"
        )
    return found.astype(np.float64)


def _array(stream: BinaryIO, size: int, where: str) -> np.ndarray:
    """The array of an .npy stream of `size` bytes; never more than is there."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise FileFormatError(f"{where!r}: of version {version}, which is not known here")
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream, _LONGEST_HEADER)
    if dtype.hasobject:
        raise FileFormatError(f"{where!r}: holds Python objects, not numbers")
    count = 1
    for length in shape:
        count *= int(length)
    wanted, left = count * dtype.itemsize, size - stream.tell()
    if wanted != left:
        raise FileFormatError(
            f"{where!r}: damaged: says {shape} of {dtype}, {wanted:,} bytes, and has {left:,}"
        )
    _check_memory(wanted, where)
    data = stream.read(wanted)
    found = np.frombuffer(data, dtype, count)
    return found.reshape(shape, order="F" if fortran else "C")


def _member(path: Path, name: str | None) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        names = [n[:-4] for n in archive.namelist() if n.endswith(".npy")]
        if name is None and len(names) != 1:
            said = ", ".join(map(one_line, names[:20])) or "none"
            raise FileFormatError(f"{str(path)!r}: holds several arrays or none: {said}; "
                                  "say which with --array")  # fmt: skip
        wanted = names[0] if name is None else name
        if wanted not in names:
            said = ", ".join(map(one_line, names[:20])) or "none"
            raise FileFormatError(f"{str(path)!r}: holds no array {wanted!r}; it has: {said}")
        entry = archive.getinfo(f"{wanted}.npy")
        _check_memory(entry.file_size, str(path))
        with archive.open(entry) as stream:
            data = stream.read(entry.file_size + 1)
        return _array(io.BytesIO(data), len(data), str(path))


def _table(path: Path) -> np.ndarray:
    _check_memory(8 * os.stat(path).st_size, str(path))
    with open(path, encoding="utf-8", errors="replace") as stream:
        first = stream.readline(1 << 20)
    between: Any = next((mark for mark in ",;\t" if mark in first), None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return np.loadtxt(path, delimiter=between, ndmin=2, encoding="utf-8")


def _check_memory(needed: int, where: str) -> None:
    # As bytes, as numbers of another type, and as float64.
    if 3 * needed > (free := available_memory()):
        raise MemoryLimitError(
            f"{where!r}: needs about {human_bytes(3 * needed)}, {human_bytes(free)} are available"
        )
