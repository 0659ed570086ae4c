"""Many items as a few arrays, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import FileFormatError, ValidationError, shorten
from ...storage import DTYPES
from ..dvs.stream import LabelledEvents
from ..events import CameraEvents, Events, UnitEvents

__all__ = ["Packed", "pack", "unpack"]

_EVENTS: dict[str, type[Events]] = {
    kind.__name__: kind for kind in (CameraEvents, LabelledEvents, UnitEvents)
}


@dataclass(frozen=True, eq=False)
class Packed:
    """Items one after the other.

    Attributes
    ----------
    kind
        ``"array"``, or the class of events.
    columns
        By name; all items in a row.
    sizes
        int64 (items, k): shapes of arrays; or geometries of events.
    offsets
        int64: where each item begins, and where the last ends.
    """

    kind: str
    columns: dict[str, np.ndarray]
    sizes: np.ndarray
    offsets: np.ndarray

    def item(self, k: int) -> Any:
        """Item k. Arrays are copies; columns of events are views, and read-only."""
        part = slice(int(self.offsets[k]), int(self.offsets[k + 1]))
        if self.kind == "array":
            return self.columns["data"][part].reshape(self.sizes[k]).copy()
        cut: dict[str, Any] = {name: column[part] for name, column in self.columns.items()}
        kind = _EVENTS[self.kind]
        sizes = self.sizes[k].tolist()
        named = ("units",) if kind is UnitEvents else ("width", "height")
        return kind(**cut, **dict(zip(named, sizes)))


def pack(items: Sequence[Any], where: str) -> Packed:
    """Put items of one kind together.

    Raises
    ------
    ValidationError
        If they are of several kinds, or of one that a file cannot hold.
    """
    kinds = {type(item).__name__ if isinstance(item, Events) else "array" for item in items}
    if len(kinds) != 1 or not kinds <= {"array", *_EVENTS}:
        raise ValidationError(where, f"gives {', '.join(sorted(kinds))}", "events or arrays of "
                              "numbers, all of one kind")  # fmt: skip
    kind = kinds.pop()
    if kind == "array":
        return _pack_arrays([np.asarray(item) for item in items], where)
    columns = {
        name: np.concatenate([getattr(item, name) for item in items])
        for name in _EVENTS[kind].columns
    }
    sizes = np.array([list(item._geometry().values()) for item in items], np.int64)
    return Packed(kind, columns, sizes, _offsets([len(item) for item in items]))


def unpack(header: dict[str, Any], arrays: dict[str, np.ndarray], items: int) -> Packed:
    """The same from a file.

    Raises
    ------
    FileFormatError
        If the parts do not fit each other.
    """
    kind = header.get("kind")
    columns = {n.removeprefix("column/"): a for n, a in arrays.items() if n.startswith("column/")}
    expected = ["data"] if kind == "array" else list(getattr(_EVENTS.get(str(kind)), "columns", {}))
    sizes, offsets = arrays.get("sizes"), arrays.get("offsets")
    if sizes is None or offsets is None or not expected or sorted(columns) != sorted(expected):
        raise FileFormatError(f"an entry of the cache holds {shorten(sorted(arrays))}")
    good = len(sizes) == items and offsets.shape == (items + 1,)
    good = good and offsets[0] == 0 and bool((np.diff(offsets) >= 0).all())
    if not good or any(len(column) != offsets[-1] for column in columns.values()):
        raise FileFormatError("an entry of the cache has parts that do not fit each other")
    return Packed(str(kind), columns, sizes, offsets)


def _pack_arrays(arrays: list[np.ndarray], where: str) -> Packed:
    forms = {(array.dtype.name, array.ndim) for array in arrays}
    name, ndim = next(iter(forms))
    if len(forms) != 1 or name not in DTYPES:
        raise ValidationError(
            where, f"gives arrays of (type, dimensions) {shorten(sorted(forms))}",
            f"one of each; types: {', '.join(DTYPES)}",
        )  # fmt: skip
    sizes = np.array([array.shape for array in arrays], np.int64).reshape(len(arrays), ndim)
    data = np.concatenate([array.ravel() for array in arrays])
    return Packed("array", {"data": data}, sizes, _offsets([array.size for array in arrays]))


def _offsets(lengths: list[int]) -> np.ndarray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
