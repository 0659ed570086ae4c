"""Times that go back, found and set right in one pass."""

from __future__ import annotations

from ...numerics.compiling import njit

__all__ = ["clamp", "count_back"]


@njit(cache=True, nogil=True)
def clamp(t, last):  # type: ignore[no-untyped-def]
    """Set times below `last` or an earlier one to the greatest so far; how many there were."""
    back = 0
    for i in range(len(t)):
        now = t[i]
        if now < last:
            t[i] = last
            back += 1
        else:
            last = now
    return back


@njit(cache=True, nogil=True)
def count_back(t, last):  # type: ignore[no-untyped-def]
    """How many times are below `last` or an earlier one."""
    back = 0
    for now in t:
        back += now < last
        last = max(now, last)
    return back
