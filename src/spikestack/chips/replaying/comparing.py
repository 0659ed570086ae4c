"""What a replay is compared with, and what it came to."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ...errors import FileFormatError

__all__ = ["Replayed", "compare", "read_arrays"]


@dataclass(frozen=True)
class Replayed:
    """What a replay came to.

    Attributes
    ----------
    kind
        What made the traces.
    path
        The file.
    compared
        How many values were compared, by name.
    differing
        How many of them differ, by name.
    first
        Where the first difference is and what it is, for people; empty without one.
    """

    kind: str
    path: Path
    compared: dict[str, int]
    differing: dict[str, int]
    first: str

    @property
    def is_equal(self) -> bool:
        """Whether every value is equal."""
        return not any(self.differing.values())


def compare(kind: str, path: Path, pairs: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Replayed:
    """Compare arrays by name: ours, the file's.

    Raises
    ------
    FileFormatError
        If two arrays differ in shape.
    """
    compared, differing, first = {}, {}, ""
    for name, (ours, theirs) in pairs.items():
        if ours.shape != theirs.shape:
            raise FileFormatError(f"{path}, {name}: has shape {theirs.shape}, not {ours.shape}")
        places = np.argwhere(ours != theirs)
        compared[name], differing[name] = ours.size, len(places)
        if len(places) and not first:
            at = tuple(int(k) for k in places[0])
            first = f"{name}{list(at)} is {ours[at]}, not {theirs[at]}"
    return Replayed(kind, path, compared, differing, first)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an NPZ file, none of them objects.

    Raises
    ------
    FileFormatError
        If it is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        problem = f"cannot be read as an NPZ file of numbers: {error}"
        raise FileFormatError(f"{path}: {problem}") from error
