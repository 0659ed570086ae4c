"""A queue of events in order of time; those of the same time in the order in which they came."""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit

__all__ = ["pop", "push", "scheduler"]


def scheduler(most: int) -> np.ndarray:
    """An empty queue for `most` events: int64[most + 1, 3] of time, number, what; counts first."""
    return np.zeros((most + 1, 3), np.int64)


@njit(cache=True, nogil=True)
def push(queue: np.ndarray, time: int, what: int) -> None:
    """Add an event at `time`."""
    n = queue[0, 0] + 1
    queue[0, 0] = n
    queue[0, 1] += 1
    number = queue[0, 1]
    i = n
    while i > 1:
        up = i // 2
        if queue[up, 0] <= time:
            break
        queue[i] = queue[up]
        i = up
    queue[i, 0], queue[i, 1], queue[i, 2] = time, number, what


@njit(cache=True, nogil=True)
def pop(queue: np.ndarray) -> tuple[int, int]:
    """Take the next event: its time, and what it is; (-1, -1) if there is none."""
    n = queue[0, 0]
    if n == 0:
        return -1, -1
    time, what = queue[1, 0], queue[1, 2]
    last_time, last_number, last_what = queue[n, 0], queue[n, 1], queue[n, 2]
    queue[0, 0] = n - 1
    i = 1
    while 2 * i < n:
        down = 2 * i
        if down + 1 < n and _before(queue, down + 1, down):
            down += 1
        if not (
            queue[down, 0] < last_time
            or (queue[down, 0] == last_time and queue[down, 1] < last_number)
        ):
            break
        queue[i] = queue[down]
        i = down
    if n > 1:
        queue[i, 0], queue[i, 1], queue[i, 2] = last_time, last_number, last_what
    return time, what


@njit(cache=True, nogil=True)
def _before(queue: np.ndarray, a: int, b: int) -> bool:
    if queue[a, 0] != queue[b, 0]:
        return bool(queue[a, 0] < queue[b, 0])
    return bool(queue[a, 1] < queue[b, 1])
