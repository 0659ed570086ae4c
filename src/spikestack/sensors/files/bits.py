"""Bits of a mask, in compiled code: how many, and which comes first."""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit

__all__ = ["first_bit", "ones"]

_SPREAD = 0x077CB531
_PLACES = np.zeros(32, np.int64)
_PLACES[[(_SPREAD << place & 0xFFFFFFFF) >> 27 for place in range(32)]] = range(32)


@njit(cache=True, nogil=True)
def ones(mask):  # type: ignore[no-untyped-def]
    """How many of the lower 32 bits are set."""
    mask = mask - ((mask >> 1) & 0x55555555)
    mask = (mask & 0x33333333) + ((mask >> 2) & 0x33333333)
    mask = (mask + (mask >> 4)) & 0x0F0F0F0F
    return ((mask * 0x01010101) >> 24) & 0xFF


@njit(cache=True, nogil=True)
def first_bit(mask):  # type: ignore[no-untyped-def]
    """The place of the lowest bit set, of 32; of any place if there is none.

    The product with a de Bruijn sequence has a different upper end for each place.
    """
    return _PLACES[(((mask & -mask) * _SPREAD) & 0xFFFFFFFF) >> 27]
