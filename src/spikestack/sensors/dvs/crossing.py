"""When a pixel's signal first leaves its two thresholds, within one step, to rounding.

Between two samples the logarithm of intensity is a straight line, so behind k equal poles the
signal is u(t) = a + b*t + (d + e*t)*exp(-r*t): d = e = 0 without a filter, e = 0 with one pole.
"""

from __future__ import annotations

from ...numerics.compiling import njit
from ...numerics.functions_compiled import exp64, log64

__all__ = ["first_crossing", "signal", "slope"]

#: us; the next step of Newton's method would be below a millionth of it.
_CLOSE = 1e-3


@njit(cache=True, error_model="numpy", forceinline=True)
def signal(a: float, b: float, d: float, e: float, r: float, t: float) -> float:
    """The signal at t."""
    if d == 0.0 and e == 0.0:
        return a + b * t
    return a + b * t + (d + e * t) * exp64(-r * t)


@njit(cache=True, error_model="numpy", forceinline=True)
def slope(a: float, b: float, d: float, e: float, r: float, t: float, u: float) -> float:
    """How fast the signal changes at t, where it is u."""
    if e != 0.0:
        return b + (e - r * (d + e * t)) * exp64(-r * t)
    return b - r * (u - a - b * t) if d != 0.0 else b


@njit(cache=True, error_model="numpy")
def _turning_point(
    a: float, b: float, d: float, e: float, r: float, low: float, high: float, u: float, v: float
) -> float:
    """Where the slope changes sign in (low, high), where it is monotone; `high` if nowhere.

    The signal is u at `low` and v at `high`.
    """
    at_low, at_high = slope(a, b, d, e, r, low, u), slope(a, b, d, e, r, high, v)
    if not (at_low < 0.0 < at_high or at_high < 0.0 < at_low):
        return high
    if e == 0.0:
        ratio = b / (d * r)
        at = -log64(ratio) / r if ratio > 0.0 else high
        return at if low < at < high else high
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        if (slope(a, b, d, e, r, middle, 0.0) < 0.0) == (at_low < 0.0):
            low = middle
        else:
            high = middle
    return high


@njit(cache=True, error_model="numpy")
def _solve(
    a: float, b: float, d: float, e: float, r: float, low: float, high: float, u: float, v: float
) -> float:
    """Where the signal is 0, being u at `low` and v at `high` and monotone between.

    Newton's method, within a bracket; where it leaves that, a bisection.
    """
    t = low - u * (high - low) / (v - u)
    for _ in range(60):
        decay = exp64(-r * t)
        rest = (d + e * t) * decay
        off = a + b * t + rest
        if (off > 0.0) == (v > u):
            high = t
        else:
            low = t
        slope = b + e * decay - r * rest
        following = t - off / slope if slope != 0.0 else low - 1.0
        if abs(following - t) <= _CLOSE:
            return min(max(following, low), high)
        if not low < following < high:
            following = 0.5 * (low + high)
        t = following
    return t


@njit(cache=True, error_model="numpy")
def first_crossing(
    a: float,
    b: float,
    d: float,
    e: float,
    r: float,
    start: float,
    stop: float,
    here: float,
    there: float,
    on: float,
    off: float,
) -> tuple[float, int]:
    """First time in [start, stop] at which u >= on or u <= -off; it is `here` and `there` at both.

    Returns
    -------
    The time, and 1 for `on`, -1 for `off`, 0 for neither.
    """
    if here >= on:
        return start, 1
    if here <= -off:
        return start, -1
    if d == 0.0 and e == 0.0:
        if there >= on:
            return min(max((on - a) / b, start), stop), 1
        if there <= -off:
            return min(max((-off - a) / b, start), stop), -1
        return stop, 0
    bend = stop
    if e != 0.0:
        inflection = 2.0 / r - d / e
        if start < inflection < stop:
            bend = inflection
    low = start
    while low < stop:
        limit = bend if low < bend else stop
        end = there if limit == stop else signal(a, b, d, e, r, limit)
        high = _turning_point(a, b, d, e, r, low, limit, here, end)
        end = end if high == limit else signal(a, b, d, e, r, high)
        if end >= on:
            return _solve(a - on, b, d, e, r, low, high, here - on, end - on), 1
        if end <= -off:
            return _solve(a + off, b, d, e, r, low, high, here + off, end + off), -1
        if high <= low:
            break
        low, here = high, end
    return stop, 0
