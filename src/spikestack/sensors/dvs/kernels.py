"""From light to signals, and one step of ideal pixels. All times are in microseconds.

Kernels that advance pixels take up at pixel `first`, stop at one whose events no longer fit, and
return that pixel and the number of events; nothing of it has changed then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ...numerics.functions_compiled import log64
from .packing import SIGNAL, pack

__all__ = ["REACHED", "advance_ideal", "look_up", "respond"]

#: Thresholds count as reached this far below, so that sums of rounded numbers reach them.
REACHED = 1.0 - 1e-9
_BLOCK = 512


@njit(cache=True, error_model="numpy")
def respond(
    frame: Any, scale: float, linear_below: float, offset: float, dark: float, y: Any, g: Any
) -> None:
    """The logarithm of intensity (linear where dark), and the speed of the photoreceptor.

    y = log(x + offset) with x = scale*I; x*log(linear_below)/linear_below below `linear_below`.
    g = (x + dark)/(255 + dark), and g is left alone where it has no entries.
    """
    slope = np.log(linear_below) / linear_below if linear_below > 0.0 else 0.0
    for start in range(0, len(y), _BLOCK):
        stop = min(start + _BLOCK, len(y))
        f, out = frame[start:stop], y[start:stop]
        for j in range(stop - start):
            x = scale * np.float64(f[j])
            line = x * slope
            curve = log64(x + offset)
            out[j] = line if x < linear_below else curve
    for i in range(len(g)):
        g[i] = (scale * np.float64(frame[i]) + dark) / (255.0 + dark)


@njit(cache=True, error_model="numpy")
def look_up(frame: Any, y_of: Any, g_of: Any, y: Any, g: Any) -> None:
    """As `respond` for bytes, from tables of what it makes of each."""
    for start in range(0, len(y), _BLOCK):
        f, out = frame[start : start + _BLOCK], y[start : start + _BLOCK]
        for j in range(len(out)):
            out[j] = y_of[f[j]]
    for i in range(len(g)):
        g[i] = g_of[frame[i]]


@njit(cache=True, error_model="numpy")
def advance_ideal(
    first: int,
    y0: Any,
    y1: Any,
    ref: Any,
    on: Any,
    off: Any,
    span: float,
    fraction: float,
    words: Any,
    n: int,
) -> tuple[int, int]:
    """Pixels without filter, noise and refractory period: ramps that cross equidistant levels.

    The step begins `fraction` us after a whole microsecond and lasts `span`.
    """
    capacity = len(words)
    for i in range(first, len(y1)):
        level = ref[i]
        u = y1[i] - level
        if u >= on[i] * REACHED:
            step, limit, polarity = on[i], on[i] * REACHED, 1
        elif u <= -off[i] * REACHED:
            u, step, limit, polarity = -u, -off[i], off[i] * REACHED, 0
        else:
            continue
        if n + np.int64(u / abs(step)) + 2 > capacity:
            return i, n
        start, speed = y0[i], span / (y1[i] - y0[i])
        while u >= limit:
            level += step
            u -= abs(step)
            t = min(max((level - start) * speed, 0.0), span)
            words[n] = pack(fraction + t, i, SIGNAL, polarity)
            n += 1
        ref[i] = level
    return len(y1), n
