"""Binary frames: one bit for each pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError
from ...numerics.compiling import njit
from ..events import CameraEvents
from .base import Representation, check_time, instants, space
from .event_frames import EventFrames

__all__ = ["PackedFrames", "unpack_frames"]


@dataclass(frozen=True)
class PackedFrames(Representation):
    """Whether a pixel had an event of either polarity in windows of equal time, eight to a byte.

    Windows are those of `EventFrames` without overlap. Pixel x of a row is bit ``7 - x % 8`` of
    byte ``x // 8``, as in ``numpy.packbits``.

    Parameters
    ----------
    duration
        ms.
    start
        ms at which the first window begins; the first event by default.
    """

    duration: Any = 1.0
    start: Any = None

    def __post_init__(self) -> None:
        check_time(self, "duration")
        if self.start is not None:
            instants(self.start, "PackedFrames.start")

    def __call__(self, events: CameraEvents) -> npt.NDArray[np.uint8]:
        """uint8[frames, 2, height, (width + 7) // 8]."""
        events, frames = self._checked(events), EventFrames(self.duration, start=self.start)
        shape = (frames.number(events), 2, events.height, -(-events.width // 8))
        out = space(self, shape, np.uint8)
        for k, window in enumerate(frames.windows(events)):
            _set_bits(events.x[window], events.y[window], events.p[window], out[k])
        return out


def unpack_frames(packed: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.bool_]:
    """Packed frames as bool[frames, 2, height, width].

    Raises
    ------
    ValidationError
        If rows are not of that width.
    """
    if packed.dtype != np.uint8 or packed.ndim < 1 or packed.shape[-1] != -(-width // 8):
        raise ValidationError(
            "unpack_frames", f"{packed.dtype} of shape {packed.shape}", f"rows of {width} bits"
        )
    return np.unpackbits(packed, axis=-1, count=width).astype(np.bool_)


@njit(cache=True, error_model="numpy")
def _set_bits(x: Any, y: Any, p: Any, out: Any) -> None:
    for i in range(len(x)):
        c = np.int64(x[i])
        out[np.int64(p[i]), np.int64(y[i]), c >> 3] |= np.uint8(128 >> (c & 7))
