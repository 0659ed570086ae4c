"""One safe file container, shared by saved networks, states and recordings.

A file is a zip with ``header.json`` (what it is, and the type, shape and digest of every array)
and ``arrays/NAME.npy``. Nothing in it is ever executed. Entries are stored without compression, so
no file can ask for more memory than it occupies on disk, and 100 MB load in a fraction of a second.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import secrets
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from .errors import FileFormatError, ValidationError, shorten

__all__ = ["FORMAT_VERSION", "plain_data", "read_archive", "write_archive"]

FORMAT_VERSION = 1
HEADER = "header.json"
CHUNK = 1 << 22
LONGEST_HEADER = 1 << 28
LONGEST_NPY_HEADER = 4096
MOST_DIMENSIONS = 32
NAME = re.compile(r"[A-Za-z0-9_]+(?:[./-][A-Za-z0-9_]+)*")
INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
DTYPES = {
    name: np.dtype(name).newbyteorder("<") for name in ("bool", *INTEGERS, "float32", "float64")
}
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    RuntimeError,
    SyntaxError,
)


def write_archive(
    path: str | os.PathLike[str],
    kind: str,
    header: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write a file, whole or not at all.

    The bytes go to a temporary file in the same folder, reach the disk, and then take the place
    of `path` in one move. The same content always gives the same bytes.

    Parameters
    ----------
    path
        Where to; an existing file is replaced.
    kind
        What is inside, such as ``"recording"``; reading asks for the same word.
    header
        Plain data: nested dicts with string keys, lists, strings, numbers (NaN and infinities
        included), booleans and None. Tuples come back as lists.
    arrays
        Named arrays of any shape, of type bool, (u)int8 to (u)int64, float32 or float64. Names are
        letters, digits and ``_``, in parts separated by single ``.``, ``-`` or ``/``.

    Raises
    ------
    ValidationError
        For a name, type or header value that cannot be kept.
    OSError
        When the folder does not exist, is not writable or is full.
    """
    target = _target(path)
    plain_header = plain_data(dict(header), "header")
    stored = {_checked_name(name): _storable(name, array) for name, array in arrays.items()}
    temporary = target.with_name(f".spikestack-{secrets.token_hex(8)}.tmp")
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(temporary, flags, 0o666), "w+b") as stream:
            _write_zip(stream, kind, plain_header, stored)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def read_archive(
    path: str | os.PathLike[str], kind: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a file written by `write_archive`, checking every byte that matters.

    Parameters
    ----------
    path
        The file.
    kind
        What it should hold, such as ``"recording"``.

    Returns
    -------
    header : dict
        As it was written.
    arrays : dict of numpy.ndarray
        As they were written: the same types, shapes and bits.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    FileFormatError
        When the file is damaged, cut short, of another kind, of a later version, not readable, or
        not one of ours. Sizes are checked before any memory is taken.
    """
    with _opened(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        try:
            with zipfile.ZipFile(stream) as archive:
                entries = _entries(archive, size, path)
                manifest = _manifest(archive, entries, kind, path)
                arrays = _arrays(archive, entries, manifest["arrays"], path)
        except FileFormatError:
            raise
        except DAMAGE as error:
            _damaged(path, f"{type(error).__name__}: {error}", error)
    return manifest["header"], arrays


def _target(path: str | os.PathLike[str]) -> Path:
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, "there is no such folder to save in; create it first", str(target.parent)
        )
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; give a file name", str(target))
    return target


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or len(name) > 200 or not NAME.fullmatch(name):
        raise ValidationError(
            f"array {shorten(name)}",
            "not a name that a file can hold",
            "letters, digits and _ in parts separated by single '.', '-' or '/'",
        )
    return name


def _storable(name: str, array: np.ndarray) -> np.ndarray:
    where = f"array {name!r}"
    if isinstance(array, np.ma.MaskedArray):
        raise ValidationError(where, "is masked", "masks are not kept", "fill it first")
    array = np.asarray(array)
    if array.dtype.name not in DTYPES:
        raise ValidationError(where, f"has type {array.dtype}", f"allowed: {', '.join(DTYPES)}")
    if array.ndim > MOST_DIMENSIONS:
        raise ValidationError(
            where, f"has {array.ndim} dimensions", f"at most {MOST_DIMENSIONS} are kept"
        )
    return np.asarray(array, dtype=DTYPES[array.dtype.name], order="C")


def plain_data(value: Any, where: str) -> Any:
    """`value` as JSON can hold it; ValidationError, naming the place, where it cannot be kept."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain_data(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValidationError(where, f"has the key {shorten(key)}", "keys are strings")
        return {key: plain_data(item, f"{where}.{key}") for key, item in value.items()}
    raise ValidationError(
        where,
        f"got {shorten(value)} ({type(value).__name__})",
        "a file keeps dicts, lists, strings, numbers, booleans and None",
    )


def _write_zip(
    stream: BinaryIO, kind: str, header: dict[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    described = {}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            described[name] = {
                "dtype": array.dtype.name,
                "shape": list(array.shape),
                "sha256": _write_array(archive, f"arrays/{name}.npy", array),
            }
        manifest = {
            "format": "spikestack",
            "version": FORMAT_VERSION,
            "kind": kind,
            "header": header,
            "arrays": described,
        }
        archive.writestr(zipfile.ZipInfo(HEADER), json.dumps(manifest, indent=1))


def _write_array(archive: zipfile.ZipFile, entry: str, array: np.ndarray) -> str:
    digest = hashlib.sha256()
    large = array.nbytes > 1 << 30
    with archive.open(zipfile.ZipInfo(entry), "w", force_zip64=large) as stream:
        np.lib.format.write_array_header_1_0(
            stream, np.lib.format.header_data_from_array_1_0(array)
        )
        for chunk in _chunks(array):
            stream.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(array: np.ndarray) -> Iterator[memoryview]:
    data = array.reshape(-1).view(np.uint8).data
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _opened(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            _refuse(path, "is a folder", "give the file inside it")
        if not stat.S_ISREG(mode):
            _refuse(path, "is not an ordinary file", "give a file saved by Spikestack")
        return open(path, "rb")
    except FileNotFoundError:
        raise FileNotFoundError(
            errno.ENOENT, "there is no such file; check the name and the folder", os.fspath(path)
        ) from None
    except FileFormatError:
        raise
    except (OSError, ValueError) as error:
        _refuse(path, f"cannot be opened ({error})", "check its permissions", error)


def _entries(
    archive: zipfile.ZipFile, size: int, path: str | os.PathLike[str]
) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    entries = {info.filename: info for info in infos}
    if HEADER not in entries:
        _refuse(path, f"has no {HEADER}", "give a file saved by Spikestack")
    if len(entries) != len(infos):
        _damaged(path, "it holds the same entry twice")
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            _damaged(path, f"the entry {shorten(info.filename)} is compressed")
    if sum(info.file_size for info in infos) > size:
        _damaged(path, "its entries claim more bytes than the file has")
    if entries[HEADER].file_size > LONGEST_HEADER:
        _damaged(path, f"its {HEADER} claims {entries[HEADER].file_size} bytes")
    return entries


def _manifest(
    archive: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    kind: str,
    path: str | os.PathLike[str],
) -> dict[str, Any]:
    manifest = json.loads(archive.read(HEADER))
    if not isinstance(manifest, dict) or manifest.get("format") != "spikestack":
        _refuse(path, "was not written by Spikestack", "give a file saved by Spikestack")
    version = manifest.get("version")
    if not isinstance(version, int) or version < 1:
        _damaged(path, f"its version is {shorten(version)}")
    if version > FORMAT_VERSION:
        _refuse(
            path,
            f"has format version {version}, this Spikestack reads up to {FORMAT_VERSION}",
            "install a later Spikestack (pip install -U spikestack)",
        )
    if manifest.get("kind") != kind:
        _refuse(path, f"holds {shorten(manifest.get('kind'))}, not {kind!r}", "give another file")
    declared = manifest.get("arrays")
    if not isinstance(manifest.get("header"), dict) or not isinstance(declared, dict):
        _damaged(path, f"its {HEADER} is incomplete")
    if set(entries) != {HEADER, *(f"arrays/{_checked_name(name)}.npy" for name in declared)}:
        _damaged(path, f"its entries are not those that {HEADER} lists")
    return manifest


def _arrays(
    archive: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    declared: Mapping[str, Any],
    path: str | os.PathLike[str],
) -> dict[str, np.ndarray]:
    layout = {}
    for name, entry in declared.items():
        dtype, shape = DTYPES[entry["dtype"]], _checked_shape(entry["shape"])
        extra = entries[f"arrays/{name}.npy"].file_size - math.prod(shape) * dtype.itemsize
        if not 0 < extra <= LONGEST_NPY_HEADER:
            _damaged(path, f"the array {name!r} has not the size that {HEADER} gives")
        layout[name] = (dtype, shape, entry["sha256"])
    return {name: _read_array(archive, name, own, path) for name, own in layout.items()}


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"shape {shorten(shape)}")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"shape {shorten(shape)}")
    return tuple(shape)


def _read_array(
    archive: zipfile.ZipFile,
    name: str,
    layout: tuple[np.dtype[Any], tuple[int, ...], str],
    path: str | os.PathLike[str],
) -> np.ndarray:
    dtype, shape, digest = layout
    with archive.open(f"arrays/{name}.npy") as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            _damaged(path, f"the array {name!r} has an unknown layout")
        described = np.lib.format.read_array_header_1_0(stream, LONGEST_NPY_HEADER)
        if described != (shape, False, dtype):
            _damaged(path, f"the array {name!r} is not what {HEADER} says")
        array = np.empty(shape, dtype)
        check = hashlib.sha256()
        for chunk in _chunks(array):
            chunk[:] = stream.read(len(chunk))
            check.update(chunk)
        if stream.read(1) or check.hexdigest() != digest:
            _damaged(path, f"the bytes of array {name!r} have changed")
    return array


def _damaged(
    path: str | os.PathLike[str], problem: str, cause: BaseException | None = None
) -> NoReturn:
    _refuse(path, f"is damaged or not a Spikestack file: {problem}", "save or copy it again", cause)


def _refuse(
    path: str | os.PathLike[str], problem: str, remedy: str, cause: BaseException | None = None
) -> NoReturn:
    raise FileFormatError(f"{os.fspath(path)!r}: {problem}; {remedy}") from cause
