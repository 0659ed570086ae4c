"""HDF5 files of SONATA, opened with care: what they say is checked before it is believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError
from ...sensors.files.hdf5_cut import lengths
from ...sensors.files.hdf5_files import MAGIC, library, opened
from ...sensors.files.hdf5_texts import check_texts

__all__ = ["SONATA_MAGIC", "VERSION", "Store", "mark", "open_store"]

SONATA_MAGIC = 0x0A7A
VERSION = (0, 1)
#: How much larger than what is stored of it an array may be: 1,032 is the most deflate can do.
_RATIO = 1100
_LONGEST_TEXT = 1 << 16


class Store:
    """An open file.

    Parameters
    ----------
    path
        Of the file, for messages.
    file
        Its bytes.
    data
        What the library made of it.
    """

    def __init__(self, path: Path, file: BinaryIO, data: Any) -> None:
        self.path, self._file, self.data = path, file, data
        self._h5py = library()

    def error(self, problem: str) -> FileFormatError:
        """An error of this file, to raise."""
        return FileFormatError(f"{self.path}: {problem}")

    def _at(self, place: str) -> Any:
        """What is at a place, or None; links to elsewhere are refused."""
        at = self.data
        for name in place.strip("/").split("/"):
            if not isinstance(at, self._h5py.Group) or name not in at:
                return None
            if not isinstance(at.get(name, getlink=True), self._h5py.HardLink):
                raise self.error(
                    f"{place!r} is a link to elsewhere; only what is in the file counts"
                )
            at = at[name]
        return at

    def names(self, place: str) -> tuple[list[str], list[str]]:
        """Names of the groups and of the arrays in a group, which may be missing."""
        found = self._at(place)
        groups, arrays = [], []
        if isinstance(found, self._h5py.Group):
            for name in found:
                inner = self._at(f"{place}/{name}")
                (groups if isinstance(inner, self._h5py.Group) else arrays).append(name)
        return groups, arrays

    def has(self, place: str) -> bool:
        """Whether an array is there."""
        return isinstance(self._at(place), self._h5py.Dataset)

    def length(self, place: str) -> int:
        """How many entries an array has."""
        return int(self._array(place).shape[0])

    def _array(self, place: str, dims: int = 1) -> Any:
        found = self._at(place)
        if not isinstance(found, self._h5py.Dataset):
            raise self.error(f"no array {place!r}")
        if found.ndim != dims:
            raise self.error(f"array {place!r} has the shape {found.shape}, not {dims} dimensions")
        if found.external or found.is_virtual:
            raise self.error(f"array {place!r} is kept in another file")
        stored = min(found.id.get_storage_size(), lengths(self._file).present)
        size = found.dtype.itemsize
        if found.size * size > 4096 + _RATIO * stored:
            raise self.error(f"array {place!r} claims {found.size} entries in {stored} bytes")
        if found.chunks and int(np.prod(found.chunks)) * size > (1 << 20) + _RATIO * stored:
            raise self.error(f"array {place!r} has chunks of {found.chunks}")
        return found

    def numbers(
        self, place: str, kinds: str, length: int | None = None, dims: int = 1
    ) -> np.ndarray:
        """An array of numbers, read.

        Parameters
        ----------
        place
            Of the array in the file.
        kinds
            Letters of the kinds of numbers allowed, such as ``"iu"``.
        length
            How many entries it must have.
        dims
            How many dimensions.

        Raises
        ------
        FileFormatError
            If it is missing, of another kind or length.
        """
        found = self._array(place, dims)
        if found.dtype.kind not in kinds:
            raise self.error(f"array {place!r} is of {found.dtype}, not {_KINDS[kinds]}")
        if length is not None and len(found) != length:
            raise self.error(f"array {place!r} has {len(found)} entries, and {length} are needed")
        return np.asarray(found[()])

    def ids(self, place: str, length: int | None = None) -> np.ndarray:
        """Ids: int64, not negative; see `numbers`."""
        found = self.numbers(place, "iu", length)
        if len(found) and (int(found.min()) < 0 or int(found.max()) >= 1 << 62):
            raise self.error(f"array {place!r} holds {found.min()} to {found.max()}, not ids >= 0")
        return found.astype(np.int64)

    def column(self, place: str, length: int) -> np.ndarray:
        """An attribute of nodes or edges: float64 numbers, or texts as an object array."""
        found = self._array(place)
        if len(found) != length:
            raise self.error(f"array {place!r} has {len(found)} entries, and {length} are needed")
        if found.dtype.kind in "iufb":
            return np.asarray(found[()]).astype(np.float64)
        if self._h5py.check_string_dtype(found.dtype) is None:
            raise self.error(f"array {place!r} is of {found.dtype}, neither numbers nor texts")
        if found.dtype.kind == "O":
            self._check_varying(place, found)
        return np.array([_decoded(text) for text in found[()]], dtype=object)

    def _check_varying(self, place: str, found: Any) -> None:
        """Refuse texts of varying length that claim more bytes than there are.

        Each is kept as its length (4 bytes), and where it is (12).
        """
        start = found.id.get_offset()
        if not len(found) or start is None:
            return
        self._file.seek(start)
        raw = np.frombuffer(self._file.read(16 * len(found)), np.uint8)
        sizes = raw[: len(raw) // 16 * 16].reshape(-1, 16)[:, :4].copy().view("<u4")
        if len(sizes) < len(found) or sizes.max() > _LONGEST_TEXT:
            raise self.error(f"array {place!r} holds texts that are cut off or too long")

    def text(self, place: str, name: str) -> str:
        """A text that is an attribute of a group or array; empty if it is none."""
        found = self._at(place)
        if found is None or name not in found.attrs:
            return ""
        held = found.attrs.get_id(name)
        kind = held.get_type()
        is_text = isinstance(kind, self._h5py.h5t.TypeStringID)
        if not is_text or held.shape not in {(), (1,)} or kind.get_size() > _LONGEST_TEXT:
            return ""
        if kind.is_variable_str() and held.get_storage_size() != 16:
            return ""
        check_texts(self._file, self._h5py.h5o.get_info(found.id).addr)
        return _decoded(np.ravel(found.attrs[name])[0])

    def mark(self, place: str, name: str) -> np.ndarray | None:
        """Numbers that are an attribute, float64[n]; None if there are none."""
        found = self._at(place or "/") if place else self.data
        if found is None or name not in found.attrs:
            return None
        held = found.attrs.get_id(name)
        if held.dtype.kind not in "iuf" or held.get_storage_size() > _LONGEST_TEXT:
            return None
        return np.ravel(np.asarray(found.attrs[name])).astype(np.float64)


_KINDS = {"iu": "whole numbers", "iuf": "numbers", "f": "numbers with a fraction"}


def _decoded(text: Any) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


@contextmanager
def open_store(path: Path, strict: bool = True) -> Iterator[Store]:
    """Open a file to read; whatever the library stumbles over becomes a FileFormatError.

    Parameters
    ----------
    path
        The file.
    strict
        Whether another number in place of SONATA's magic one is refused; a file without any is
        read, as several tools leave it out.

    Raises
    ------
    FileNotFoundError
        If there is none.
    FileFormatError
        If it is no HDF5, cut off, damaged, or marked as something else.
    MissingExtraError
        Without h5py.
    """
    library()
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be opened ({error.strerror})") from None
    with file:
        if not file.read(8).startswith(MAGIC):
            raise FileFormatError(f"{path}: is no HDF5 file")
        if (size := lengths(file)).cut:
            raise FileFormatError(f"{path}: {size}")
        with _naming(path), opened(file) as data:
            store = Store(path, file, data)
            magic = store.mark("", "magic")
            if strict and "magic" in data.attrs and (magic is None or magic[0] != SONATA_MAGIC):
                raise store.error("its magic number is not SONATA's, 0x0A7A")
            yield store


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name before what is wrong with it."""
    try:
        yield
    except FileFormatError as error:
        if str(path) in str(error):
            raise
        raise FileFormatError(f"{path}: {error}") from error


def mark(data: Any) -> None:
    """Give a file that is being written its magic number and version."""
    data.attrs["magic"] = np.uint32(SONATA_MAGIC)
    data.attrs["version"] = np.array(VERSION, np.uint32)
