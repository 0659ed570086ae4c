"""Binomial numbers, and a total divided among many at random, as functions of a key.

`binomial` inverts the distribution for a mean below 10 and otherwise rejects from a transformed
uniform number (Hörmann 1993, algorithm BTRS), with the logarithm of the probability in Loader's
form (2000), which keeps its digits for any n up to 2**62. A total is divided as a multinomial by
binomial splitting down a binary tree, each node keyed by its place: any one share costs O(log n),
all of them O(n).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiling import njit
from .functions_compiled import exp64, log64
from .random_compiled import bits64, uniform

__all__ = ["binomial", "binomial_array", "split", "split_one"]

_Int = int | np.int64

_LOG_2PI = 1.8378770664093454836
_INVERSION_LIMIT = 10.0
_INVERSION_STEPS = 80

# ln(k!) - ((k + 1/2) ln k - k + ln(2 pi) / 2) for k = 1 to 15, after a filler (Loader 2000).
_STIRLING = (
    *(0.0, 0.0810614667953272582196702, 0.0413406959554092940938221, 0.0276779256849983391487893),
    *(0.0207906721037650931113, 0.0166446911898211921631948, 0.0138761288230707479987457),
    *(0.0118967099458917700950557, 0.0104112652619720964974788, 0.00925546218271273291772863),
    *(0.00833056343336287125646932, 0.00757367548795184079497202, 0.00694284010720952986566415),
    *(0.00640899418800420706843962, 0.00595137011275884773562441, 0.00555473355196280137103869),
)


@njit(cache=True, error_model="numpy")
def _stirling_rest(k: _Int) -> float:
    if k < 16:
        return _STIRLING[k]
    x = np.float64(k)
    y = x * x
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / y) / y) / y) / y) / x


@njit(cache=True, error_model="numpy")
def _deviance(x: float, mean: float, difference: float) -> float:
    """``x log(x / mean) + mean - x``, with ``difference = x - mean`` given exactly."""
    if abs(difference) >= 0.1 * (x + mean):
        return x * log64(np.float64(x / mean)) - difference
    v = difference / (x + mean)
    total, term = difference * v, 2.0 * x * v
    for j in range(1, 100):
        term = term * (v * v)
        following = total + term / np.float64(2 * j + 1)
        if following == total:
            break
        total = following
    return total


@njit(cache=True, error_model="numpy")
def _log_part(k: _Int, mean: float, difference: float) -> float:
    if k == 0:
        return -mean
    x = np.float64(k)
    half_log = 0.5 * (_LOG_2PI + log64(x))
    return -_deviance(x, mean, difference) - half_log - _stirling_rest(k)


@njit(cache=True, error_model="numpy")
def _log_probability(k: _Int, n: _Int, p: float, difference: float) -> float:
    """Logarithm of the binomial probability of k, up to a constant of n and p."""
    mean, rest = np.float64(n) * p, np.float64(n) * (1.0 - p)
    return _log_part(k, mean, difference) + _log_part(n - k, rest, -difference)


@njit(cache=True, error_model="numpy")
def _by_inversion(key: np.uint64, n: _Int, p: float) -> _Int:
    near_one = 1.0 - p
    log_rest = -p if near_one == 1.0 else log64(near_one) * (p / (1.0 - near_one))
    probability = exp64(np.float64(n) * log_rest)
    remaining = uniform(key, np.uint64(0))
    ratio = p / near_one
    k = 0
    while remaining >= probability and k < min(n, _INVERSION_STEPS):
        remaining = remaining - probability
        probability = probability * (np.float64(n - k) / np.float64(k + 1) * ratio)
        k += 1
    return k


@njit(cache=True, error_model="numpy")
def _by_rejection(key: np.uint64, n: _Int, p: float) -> _Int:
    mean = np.float64(n) * p
    middle = np.int64(mean)
    fraction = mean - np.float64(middle)
    deviation = np.sqrt(mean * (1.0 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * deviation
    squeeze = 0.92 - 4.2 / b
    mode = np.int64((np.float64(n) + 1.0) * p)
    mode = np.int64(n) if mode > n else mode
    top = _log_probability(mode, n, p, np.float64(mode - middle) - fraction)
    attempt = 0
    while True:
        u = uniform(key, np.uint64(attempt)) - 0.5
        v = uniform(key, np.uint64(attempt + 1))
        attempt += 2
        us = max(0.5 - abs(u), 2.0**-54)
        offset = np.floor((2.0 * a / us + b) * u + 0.5 + fraction)
        if not -np.float64(middle) <= offset <= np.float64(n - middle):
            continue
        k = middle + np.int64(offset)
        if us >= 0.07 and v <= squeeze:
            return k
        if k < 0 or k > n:
            continue
        bound = log64(np.float64(v * alpha / (a / (us * us) + b)))
        if bound <= _log_probability(k, n, p, offset - fraction) - top:
            return k


@njit(cache=True, error_model="numpy")
def binomial(key: np.uint64, n: _Int, p: float) -> _Int:
    """Binomial number of n trials of probability p, drawn by `key` alone.

    Parameters
    ----------
    key
        uint64.
    n
        int64, at most 2**62.
    p
        float64; at most 0 gives 0, at least 1 gives n.

    Returns
    -------
    int64. The distribution is exact up to the rounding of float64 arithmetic.
    """
    if n <= 0 or p <= 0.0:
        return np.int64(0)
    if p >= 1.0:
        return np.int64(n)
    q = np.float64(1.0 - p if p > 0.5 else p)
    small = np.float64(n) * q < _INVERSION_LIMIT
    k = np.int64(_by_inversion(key, n, q) if small else _by_rejection(key, n, q))
    return np.int64(n - k if p > 0.5 else k)


@njit(cache=True, nogil=True)
def binomial_array(key: np.uint64, n: NDArray[np.int64], p: float) -> NDArray[np.int64]:
    """Binomial numbers for each of the counts n (int64 array), the i-th keyed by (key, i)."""
    out = np.empty(n.size, np.int64)
    for i in range(n.size):
        out[i] = binomial(bits64(key, np.uint64(i)), n[i], p)
    return out


@njit(cache=True, error_model="numpy")
def _left_share(
    key: np.uint64, size: _Int, low: _Int, width: _Int, total: _Int, prefix: NDArray[np.int64]
) -> _Int:
    n = prefix.size - 1
    middle, high = min(low + width // 2, n), min(low + width, n)
    left, right = prefix[middle] - prefix[low], prefix[high] - prefix[middle]
    if right == 0:
        return np.int64(total)
    node = bits64(key, np.uint64((size + low) // width))
    return binomial(node, total, np.float64(left) / np.float64(left + right))


@njit(cache=True, nogil=True)
def split(total: _Int, prefix: NDArray[np.int64], key: np.uint64) -> NDArray[np.int64]:
    """Divide a total among n as a multinomial with integer weights.

    Parameters
    ----------
    total
        int64, at most 2**62.
    prefix
        int64 array of size n + 1: sums of the weights before each; the last is positive and at
        most 2**62.
    key
        uint64.

    Returns
    -------
    int64 array of size n + 1: sums of the shares before each.
    """
    n = prefix.size - 1
    size = 1
    while size < n:
        size *= 2
    shares = np.zeros(size + 1, np.int64)
    shares[1] = total
    width = size
    while width > 1:
        for low in range(0, n, width):
            both = shares[low + 1]
            left = _left_share(key, size, low, width, both, prefix)
            shares[low + 1] = left
            shares[low + width // 2 + 1] = both - left
        width //= 2
    for i in range(n):
        shares[i + 1] += shares[i]
    return shares[: n + 1]


@njit(cache=True, nogil=True)
def split_one(
    total: _Int, prefix: NDArray[np.int64], key: np.uint64, index: _Int
) -> tuple[_Int, _Int]:
    """Two entries of `split` alone, ``(result[index], result[index + 1])``, in O(log n)."""
    n = prefix.size - 1
    size = 1
    while size < n:
        size *= 2
    before: _Int = np.int64(0)
    share: _Int = np.int64(total)
    low, width = 0, size
    while width > 1:
        left = _left_share(key, size, low, width, share, prefix)
        width //= 2
        if index < low + width:
            share = left
        else:
            before, share, low = before + left, share - left, low + width
    return before, before + share
