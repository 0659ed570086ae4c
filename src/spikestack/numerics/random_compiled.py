"""Counter-based random numbers, compiled: bit for bit those of `random`, one number at a time.

Free of branches, so that a loop that calls them becomes vector instructions. The interpreted forms
(``bits64.py_func``) need NumPy scalars, and overflow on purpose.
"""

from __future__ import annotations

import numpy as np

from .compiling import njit
from .functions_compiled import log64
from .random import CENTRAL, FAR_TAIL, NEAR_TAIL

__all__ = [
    "bits64",
    "hash32",
    "normal",
    "normal_quantile",
    "step_words",
    "uniform",
    "uniform_index",
]

_A, _B = CENTRAL
_C, _D = NEAR_TAIL
_E, _F = FAR_TAIL


@njit(cache=True, error_model="numpy", forceinline=True)
def bits64(key: np.uint64, counter: np.uint64) -> np.uint64:
    """64 random bits for (key, counter)."""
    k = np.uint64(key)
    z = np.uint64(counter) * np.uint64(0x9E3779B97F4A7C15) + k
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x3C79AC492BA7B653)
    z = (z ^ (z >> np.uint64(33))) * np.uint64(0x1C69B3F74AC4AE35)
    z = (z ^ (z >> np.uint64(27))) + k
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, error_model="numpy", forceinline=True)
def uniform(key: np.uint64, counter: np.uint64) -> float:
    """Uniform number in [0, 1) with 53 random bits."""
    return np.float64(np.int64(bits64(key, counter) >> np.uint64(11))) * np.float64(2.0**-53)


@njit(cache=True, error_model="numpy", forceinline=True)
def normal(key: np.uint64, counter: np.uint64) -> float:
    """Standard normal number; see `random.normal`."""
    k = np.float64(np.int64(bits64(key, counter) >> np.uint64(12)))
    return normal_quantile((k + 0.5) * np.float64(2.0**-52))


@njit(cache=True, error_model="numpy", forceinline=True)
def _term(central: bool, near: bool, a: float, c: float, e: float) -> float:
    tail = c if near else e
    return a if central else tail


@njit(cache=True, error_model="numpy", forceinline=True)
def normal_quantile(u: float) -> float:
    """Inverse of the standard normal distribution function; see `random.normal_quantile`.

    One rational function whose coefficients are chosen by region, instead of three.
    """
    q = u - 0.5
    central = not (abs(q) > 0.425)
    root = np.sqrt(-log64(u if u < 1.0 - u else 1.0 - u))
    near = not (root > 5.0)
    r = _term(central, near, 0.180625 - q * q, root - 1.6, root - 5.0)
    above = _term(central, near, _A[0], _C[0], _E[0])
    above = above * r + _term(central, near, _A[1], _C[1], _E[1])
    above = above * r + _term(central, near, _A[2], _C[2], _E[2])
    above = above * r + _term(central, near, _A[3], _C[3], _E[3])
    above = above * r + _term(central, near, _A[4], _C[4], _E[4])
    above = above * r + _term(central, near, _A[5], _C[5], _E[5])
    above = above * r + _term(central, near, _A[6], _C[6], _E[6])
    above = above * r + _term(central, near, _A[7], _C[7], _E[7])
    below = _term(central, near, _B[0], _D[0], _F[0])
    below = below * r + _term(central, near, _B[1], _D[1], _F[1])
    below = below * r + _term(central, near, _B[2], _D[2], _F[2])
    below = below * r + _term(central, near, _B[3], _D[3], _F[3])
    below = below * r + _term(central, near, _B[4], _D[4], _F[4])
    below = below * r + _term(central, near, _B[5], _D[5], _F[5])
    below = below * r + _term(central, near, _B[6], _D[6], _F[6])
    below = below * r + 1.0
    ratio = above / below
    signed = -ratio if q < 0.0 else ratio
    value = ratio * q if central else signed
    value = np.inf if u == 1.0 else value
    value = -np.inf if u == 0.0 else value
    value = value if u <= 1.0 else np.nan
    return value if u >= 0.0 else np.nan


@njit(cache=True, error_model="numpy", forceinline=True)
def uniform_index(bits: np.uint64, n: np.uint64) -> np.uint64:
    """Integer in [0, n): the high 64 bits of ``bits * n``."""
    a, b = np.uint64(bits), np.uint64(n)
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    a_low, a_high, b_low, b_high = a & low, a >> half, b & low, b >> half
    middle = a_high * b_low + ((a_low * b_low) >> half)
    carry = ((middle & low) + a_low * b_high) >> half
    return a_high * b_high + (middle >> half) + carry


@njit(cache=True, error_model="numpy", forceinline=True)
def step_words(key: np.uint64, step: np.int64) -> tuple[np.uint32, np.uint32]:
    """Two 32-bit words for one step of one stream, for `hash32`."""
    bits = bits64(key, np.uint64(step))
    return np.uint32(bits & np.uint64(0xFFFFFFFF)), np.uint32(bits >> np.uint64(32))


@njit(cache=True, error_model="numpy", forceinline=True)
def hash32(index: np.uint32, k0: np.uint32, k1: np.uint32) -> np.uint32:
    """32 random bits for one index in one step; see `random.hash32`.

    Every operation is cast back to 32 bits, as Numba would widen it and halve the vector.
    """
    h = np.uint32(np.uint32(np.uint32(index) * np.uint32(0x9E3779B1)) + np.uint32(k0))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(16))) * np.uint32(0x7FEB352D))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(15))) * np.uint32(0x846CA68B))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(16))) + np.uint32(k1))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(16))) * np.uint32(0x21F0AAAD))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(15))) * np.uint32(0xD35A2D97))
    return np.uint32(h ^ np.uint32(h >> np.uint32(15)))
