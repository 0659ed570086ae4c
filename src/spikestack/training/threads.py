"""Work split over as many threads as PyTorch has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch

__all__ = ["one_thread", "shared"]

#: Elementary operations below which one thread is as fast as several.
_WORTH_A_THREAD = 1 << 16


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="spikestack-train")


@contextmanager
def one_thread() -> Iterator[None]:
    """Without PyTorch's threads: libraries divide long sums among them, so that bits differ."""
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def shared(work: Callable[[int, int], Any], count: int, cost: int, grain: int = 1) -> None:
    """Call ``work(low, high)`` for parts of 0 to `count`, several at once.

    Parameters
    ----------
    work
        Releases the interpreter; its parts must not depend on each other.
    count
        Of the things to do.
    cost
        Of all together, in elementary operations.
    grain
        Parts begin at multiples of it.
    """
    pieces = -(-count // grain)
    threads = min(torch.get_num_threads(), pieces)
    if threads <= 1 or cost < _WORTH_A_THREAD:
        work(0, count)
        return
    edges = [min(count, grain * (pieces * k // threads)) for k in range(threads + 1)]
    others = [_pool(threads).submit(work, *edges[k : k + 2]) for k in range(1, threads)]
    work(*edges[:2])
    for other in others:
        other.result()
