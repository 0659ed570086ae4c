"""Events as structured arrays, the form that Tonic and most readers of event files use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten

__all__ = ["columns_of", "structured"]

#: What other libraries call our columns.
NAMES: Mapping[str, tuple[str, ...]] = {
    "t": ("t", "ts", "timestamp", "timestamps", "time"),
    "x": ("x", "column"),
    "y": ("y", "row"),
    "p": ("p", "pol", "polarity", "on"),
    "unit": ("unit", "x", "channel", "neuron"),
}
#: Tonic's types, in the order in which its transforms make them.
CAMERA = [("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.bool_)]
UNITS = [("t", np.int64), ("x", np.int64), ("p", np.int64)]


def structured(columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """See `Events.to_structured`."""
    fields = CAMERA if "y" in columns else UNITS
    made = np.empty(len(columns["t"]), np.dtype(fields))
    for name in made.dtype.names or ():
        column = columns.get(name)
        if column is None:
            column = columns["unit"] if name == "x" else np.ones(len(made), np.int64)
        if column.max(initial=0) > _greatest(made.dtype[name]):
            raise ValidationError(
                "to_structured", f"{name} reaches {column.max()}", f"fits into {made.dtype[name]}"
            )
        made[name] = column
    return made


def _greatest(kind: np.dtype[Any]) -> int:
    return 1 if kind.kind == "b" else int(np.iinfo(kind).max)


def columns_of(array: Any, wanted: Mapping[str, type]) -> dict[str, npt.NDArray[Any]]:
    """The fields of a structured array under our names.

    Polarities of -1 and 1 become 0 and 1.

    Raises
    ------
    ValidationError
        When it is no structured array, or lacks a field.
    """
    names = getattr(getattr(array, "dtype", None), "names", None)
    if names is None:
        raise ValidationError(
            "from_structured", f"got {shorten(array)}", "a NumPy array with named fields"
        )
    found = {}
    for own in wanted:
        name = next((name for name in NAMES[own] if name in names), None)
        if name is None:
            raise ValidationError(
                "from_structured", f"has fields {names} and none for {own!r}",
                f"one of {NAMES[own]}",
            )  # fmt: skip
        found[own] = np.asarray(array[name])
    if "p" in found and found["p"].min(initial=0) == -1:
        found["p"] = (found["p"] > 0).astype(np.uint8)
    return found
