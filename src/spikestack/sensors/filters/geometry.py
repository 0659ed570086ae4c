"""Parts of the picture, and the picture turned: crop, mask, transpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ..events import CameraEvents
from .base import EventFilter, FilterState, whole_number

__all__ = ["Crop", "PixelMask", "Transpose"]


@dataclass(frozen=True)
class Crop(EventFilter):
    """Keep a rectangle, whose upper left corner becomes (0, 0).

    Parameters
    ----------
    left, top
        Its first column and row.
    width, height
        Its size in pixels; it must lie within the sensor.
    """

    left: int = 0
    top: int = 0
    width: int = 1
    height: int = 1

    def __post_init__(self) -> None:
        for name, least in (("left", 0), ("top", 0), ("width", 1), ("height", 1)):
            whole_number(self, name, getattr(self, name), least)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """None; but the rectangle is checked."""
        self.size(width, height)
        return {}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Within the rectangle."""
        np.less(events.x - np.uint16(self.left), self.width, out=out)
        out &= events.y - np.uint16(self.top) < self.height

    def moved(self, events: CameraEvents) -> CameraEvents:
        """Counted from the corner of the rectangle."""
        x, y = events.x - np.uint16(self.left), events.y - np.uint16(self.top)
        return CameraEvents(events.t, x, y, events.p, self.width, self.height)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """That of the rectangle."""
        if self.left + self.width > width or self.top + self.height > height:
            raise ValidationError(
                "Crop",
                f"columns {self.left} to {self.left + self.width - 1} and rows {self.top} to "
                f"{self.top + self.height - 1}",
                f"within {width} x {height} pixels",
            )
        return self.width, self.height


@dataclass(frozen=True, eq=False)
class PixelMask(EventFilter):
    """Keep events of some pixels.

    Parameters
    ----------
    keep : bool[height, width]
        Which; ``PixelMask(~hot_pixels(events))`` drops hot ones.
    """

    keep: Any

    def __post_init__(self) -> None:
        keep = np.array(self.keep)
        if keep.dtype != np.bool_ or keep.ndim != 2:
            raise ValidationError(
                "PixelMask.keep", f"{keep.dtype} of shape {keep.shape}", "bool[height, width]"
            )
        keep.flags.writeable = False
        object.__setattr__(self, "keep", keep)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """None; but the mask is compared with the sensor."""
        if self.keep.shape != (height, width):
            raise ValidationError(
                "PixelMask.keep", f"has the shape {self.keep.shape}", f"{(height, width)}"
            )
        return {}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Look it up."""
        out[:] = self.keep[events.y, events.x]


@dataclass(frozen=True)
class Transpose(EventFilter):
    """Turn or mirror the picture: rows become columns, then either axis may be turned round.

    Parameters
    ----------
    swap
        Whether x and y change places.
    flip_x, flip_y
        Whether left and right, top and bottom change places, after that. ``swap`` with ``flip_x``
        turns the picture clockwise by a right angle.
    """

    swap: bool = True
    flip_x: bool = False
    flip_y: bool = False

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """None."""
        return {}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """All pass."""
        out[:] = True

    def moved(self, events: CameraEvents) -> CameraEvents:
        """Turned and mirrored."""
        width, height = self.size(events.width, events.height)
        x, y = (events.y, events.x) if self.swap else (events.x, events.y)
        if self.flip_x:
            x = np.uint16(max(width - 1, 0)) - x
        if self.flip_y:
            y = np.uint16(max(height - 1, 0)) - y
        return CameraEvents(events.t, x, y, events.p, width, height)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Swapped, if axes are."""
        return (height, width) if self.swap else (width, height)
