"""Time and memory of a training step, also for interpreters that have no Spikestack."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["peak_of", "times_of"]


def times_of(steps: Sequence[Callable[[], Any]], repeats: int) -> list[tuple[float, float]]:
    """CPU and wall milliseconds of each step, the least of several, after two unmeasured ones.

    Steps take turns, so that a load on the machine meets all of them alike.
    """
    least = [(float("inf"), float("inf"))] * len(steps)
    for turn in range(repeats + 2):
        for k, step in enumerate(steps):
            wall, cpu = time.perf_counter(), time.process_time()
            step()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if turn >= 2:
                least[k] = min(least[k][0], 1e3 * cpu), min(least[k][1], 1e3 * wall)
    return least


def peak_of(step: Callable[[], Any], rest: Callable[[], Any]) -> int | None:
    """Bytes by which a step's peak of resident memory is above that before it; None off Linux.

    Parameters
    ----------
    step
        Has been run once by this, so that libraries and compiled code are there before.
    rest
        Drops what the step before left, gradients above all.
    """
    try:
        step()
        rest()
        gc.collect()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as marks:
            marks.write("5")
        before = _status("VmRSS")
        step()
        return _status("VmHWM") - before
    except (OSError, StopIteration):
        return None


def _status(name: str) -> int:
    with open("/proc/self/status") as lines:
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))
