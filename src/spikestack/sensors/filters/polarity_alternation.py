"""Polarity alternation: of equal events in a row, the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from .base import EventFilter, FilterState

__all__ = ["PolarityAlternation"]

_NEITHER = 2


@dataclass(frozen=True)
class PolarityAlternation(EventFilter):
    """Pass an event if the one before of its pixel had the other polarity, or there was none.

    Takes away the repetitions by which a pixel reports one large change, and hot pixels, which
    mostly have one polarity.
    """

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """The last polarity of each pixel; 2 where there was none."""
        return {"polarity": np.full((height, width), _NEITHER, np.uint8)}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Compare polarities."""
        _decide(events.x, events.y, events.p, state.arrays["polarity"], out)


@njit(cache=True, error_model="numpy")
def _decide(x: Any, y: Any, p: Any, polarity: Any, out: Any) -> None:
    for i in range(len(x)):
        r, c = np.int64(y[i]), np.int64(x[i])
        out[i] = polarity[r, c] != p[i]
        polarity[r, c] = p[i]
