"""Keyed permutations of [0, n), in both directions, without a table.

A Feistel network (Luby and Rackoff 1988) of ten rounds over pairs ``(left, right)``, with right a
word of some bits and left a number below `span`: the least such product not below n, so that a
value almost never falls outside. One that does is permuted again until it falls inside ("cycle
walking", Black and Rogaway 2002). Domains below 64 are walked from 64, as a network over a handful
of values reaches only few of its permutations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiling import njit

__all__ = ["invert", "permutation_shape", "permute", "permute_range"]

_LEAST_DOMAIN = 64
_STEP = np.uint64(0x9E3779B97F4A7C15)
_ONE, _HALF = np.uint64(1), np.uint64(32)


@njit(cache=True)
def permutation_shape(n: int) -> tuple[np.uint64, np.uint64]:
    """Bits of the right word and span of the left number, for a domain of n values (int64)."""
    size = max(n, _LEAST_DOMAIN)
    bits = 0
    while bits < 31 and size >> (2 * bits + 2):
        bits += 1
    return np.uint64(bits), np.uint64((size + (1 << bits) - 1) >> bits)


@njit(cache=True, error_model="numpy", forceinline=True)
def _scramble(word: np.uint64, key: np.uint64) -> np.uint64:
    z = word + key
    z = (z ^ (z >> np.uint64(32))) * np.uint64(0x3C79AC492BA7B653)
    z = (z ^ (z >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
    return z >> _HALF


@njit(cache=True, error_model="numpy", forceinline=True)
def _forward(
    left: np.uint64, right: np.uint64, key: np.uint64, mask: np.uint64, span: np.uint64
) -> tuple[np.uint64, np.uint64]:
    right = (right + _scramble(left, key)) & mask
    left = left + ((_scramble(right, key + _STEP) * span) >> _HALF)
    return (left - span if left >= span else left), right


@njit(cache=True, error_model="numpy", forceinline=True)
def _backward(
    left: np.uint64, right: np.uint64, key: np.uint64, mask: np.uint64, span: np.uint64
) -> tuple[np.uint64, np.uint64]:
    left = left + span - ((_scramble(right, key + _STEP) * span) >> _HALF)
    left = left - span if left >= span else left
    return left, (right - _scramble(left, key)) & mask


@njit(cache=True, error_model="numpy", forceinline=True)
def _encrypt(x: np.uint64, key: np.uint64, bits: np.uint64, span: np.uint64) -> np.uint64:
    mask = (_ONE << bits) - _ONE
    left, right = x >> bits, x & mask
    left, right = _forward(left, right, key, mask, span)
    left, right = _forward(left, right, key + np.uint64(2) * _STEP, mask, span)
    left, right = _forward(left, right, key + np.uint64(4) * _STEP, mask, span)
    left, right = _forward(left, right, key + np.uint64(6) * _STEP, mask, span)
    left, right = _forward(left, right, key + np.uint64(8) * _STEP, mask, span)
    return (left << bits) | right


@njit(cache=True, error_model="numpy", forceinline=True)
def _decrypt(x: np.uint64, key: np.uint64, bits: np.uint64, span: np.uint64) -> np.uint64:
    mask = (_ONE << bits) - _ONE
    left, right = x >> bits, x & mask
    left, right = _backward(left, right, key + np.uint64(8) * _STEP, mask, span)
    left, right = _backward(left, right, key + np.uint64(6) * _STEP, mask, span)
    left, right = _backward(left, right, key + np.uint64(4) * _STEP, mask, span)
    left, right = _backward(left, right, key + np.uint64(2) * _STEP, mask, span)
    left, right = _backward(left, right, key, mask, span)
    return (left << bits) | right


@njit(cache=True, error_model="numpy", forceinline=True)
def permute(
    x: np.uint64, n: np.uint64, key: np.uint64, bits: np.uint64, span: np.uint64
) -> np.uint64:
    """Value at position x of the permutation of [0, n) that `key` names.

    `bits` and `span` are `permutation_shape(n)`; n is at most 2**62.
    """
    x, n, key = np.uint64(x), np.uint64(n), np.uint64(key)
    bits, span = np.uint64(bits), np.uint64(span)
    x = _encrypt(x, key, bits, span)
    while x >= n:
        x = _encrypt(x, key, bits, span)
    return x


@njit(cache=True, error_model="numpy", forceinline=True)
def invert(
    x: np.uint64, n: np.uint64, key: np.uint64, bits: np.uint64, span: np.uint64
) -> np.uint64:
    """Position of the value x in the permutation: the inverse of `permute`."""
    x, n, key = np.uint64(x), np.uint64(n), np.uint64(key)
    bits, span = np.uint64(bits), np.uint64(span)
    x = _decrypt(x, key, bits, span)
    while x >= n:
        x = _decrypt(x, key, bits, span)
    return x


@njit(cache=True, error_model="numpy")
def permute_range(first: int, count: int, n: int, key: np.uint64, out: NDArray[np.int64]) -> None:
    """Write the values at positions first to first + count - 1 into ``out[:count]`` (int64).

    The first pass is free of branches and runs in vector instructions; the second walks the few
    values that fell outside.
    """
    bits, span = permutation_shape(n)
    for j in range(count):
        out[j] = np.int64(_encrypt(np.uint64(first + j), key, bits, span))
    for j in range(count):
        while out[j] >= n:
            out[j] = np.int64(_encrypt(np.uint64(out[j]), key, bits, span))
