"""How events are laid out as they travel."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UnknownNameError, ValidationError
from .events import CameraEvents

__all__ = ["LAYOUTS", "columns_of", "layout_of", "packed_events"]

#: How an event is laid out in a datagram or frame, little-endian and packed (AEStream, faery).
LAYOUTS = {
    "t64_x16_y16_on8": np.dtype([("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")]),
    "t32_x16_y15_on1": np.dtype([("t", "<u4"), ("x", "<u2"), ("yp", "<u2")]),
}


def layout_of(name: str) -> np.dtype[Any]:
    """The layout of a name."""
    if name not in LAYOUTS:
        raise UnknownNameError("layout of events", name, LAYOUTS)
    return LAYOUTS[name]


def packed_events(events: CameraEvents, layout: np.dtype[Any]) -> np.ndarray:
    """Events in a layout."""
    made = np.empty(len(events), layout)
    most = 2**32 if "yp" in layout.names else 2**63  # type: ignore[operator]
    if len(events) and not 0 <= events.t[0] <= events.t[-1] < most:
        raise ValidationError(
            "EventSender.send",
            f"times from {events.t[0]} to {events.t[-1]} us",
            f"0 to {most - 1} us in this layout",
        )
    made["t"], made["x"] = events.t, events.x
    if "yp" in layout.names:  # type: ignore[operator]
        if events.height > 2**15:
            raise ValidationError("EventSender.send", f"height {events.height}", "at most 32,768")
        made["yp"] = (events.y << 1) | events.p
    else:
        made["y"], made["p"] = events.y, events.p
    return made


def columns_of(packed: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of packed events."""
    columns: dict[str, np.ndarray] = {"t": packed["t"].astype(np.int64)}
    columns["x"] = packed["x"].astype(np.uint16)
    if "yp" in (packed.dtype.names or ()):
        columns |= {"y": packed["yp"] >> 1, "p": (packed["yp"] & 1).astype(np.uint8)}
    else:
        columns |= {"y": packed["y"].astype(np.uint16), "p": packed["p"].astype(np.uint8)}
    return columns
