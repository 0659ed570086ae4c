"""Memory that is kept from one training step to the next."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
#: The largest block that glibc will take from memory it has kept.
_LARGEST = 32 << 20


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Ask the C library to keep what is freed; whether it understood.

    A training step frees as many large arrays as the next one asks for. Left to itself glibc gives
    them back, and every page is cleared and mapped anew: a third of the time of a convolutional
    network, where that was measured. Other C libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, 2**31 - 1))
