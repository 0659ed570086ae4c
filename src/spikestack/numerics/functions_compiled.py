"""exp and log of one number, compiled: bit for bit those of `functions`.

Free of branches, so that a loop over an array that calls them becomes vector instructions. The
interpreted forms (``exp32.py_func``) need NumPy scalars.
"""

from __future__ import annotations

import numpy as np

from .compiling import njit
from .functions import DOUBLE, SINGLE

__all__ = ["exp32", "exp64", "log32", "log64"]

_HIGH32, _LOW32, _LOG2E32, _SHIFTER32 = (
    SINGLE.exp_high,
    SINGLE.exp_low,
    SINGLE.log2_e,
    SINGLE.shifter,
)
_HIGH64, _LOW64, _LOG2E64, _SHIFTER64 = (
    DOUBLE.exp_high,
    DOUBLE.exp_low,
    DOUBLE.log2_e,
    DOUBLE.shifter,
)
_E32, _E64, _L32, _L64 = SINGLE.exp_terms, DOUBLE.exp_terms, SINGLE.log_terms, DOUBLE.log_terms
_EXP_LN2_32, _EXP_LN2_64 = SINGLE.exp_ln2, DOUBLE.exp_ln2
_LOG_LN2_32, _LOG_LN2_64 = SINGLE.log_ln2, DOUBLE.log_ln2
_TINY32, _TINY64 = SINGLE.smallest_normal, DOUBLE.smallest_normal
_RESCALE32, _RESCALE64 = SINGLE.rescale, DOUBLE.rescale
_HALF_BITS32, _HALF_BITS64 = SINGLE.sqrt_half_bits, DOUBLE.sqrt_half_bits
_OFFSET32 = np.int32(SINGLE.one_bits - SINGLE.sqrt_half_bits)
_OFFSET64 = np.int64(DOUBLE.one_bits - DOUBLE.sqrt_half_bits)
_INF32, _NAN32 = np.float32(np.inf), np.float32(np.nan)


@njit(cache=True, error_model="numpy", forceinline=True)
def exp32(x: np.float32) -> np.float32:
    """Exponential of a float32; see `functions.exp`."""
    x = np.float32(x)
    clamped = _LOW32 if x < _LOW32 else x
    clamped = _HIGH32 if x > _HIGH32 else clamped
    shifted = clamped * _LOG2E32 + _SHIFTER32
    n = shifted - _SHIFTER32
    r = (clamped - n * _EXP_LN2_32[0]) - n * _EXP_LN2_32[1]
    p = ((((_E32[0] * r + _E32[1]) * r + _E32[2]) * r + _E32[3]) * r + _E32[4]) * r + _E32[5]
    y = ((p * (r * r)) + r) + np.float32(1.0)
    power = np.int32(np.float32(shifted).view(np.int32) << np.int32(23))
    scaled = np.int32(np.float32(y).view(np.int32) + power).view(np.float32)
    scaled = _INF32 if x > _HIGH32 else scaled
    scaled = np.float32(0.0) if x < _LOW32 else scaled
    return x if np.isnan(x) else scaled


@njit(cache=True, error_model="numpy", forceinline=True)
def exp64(x: float) -> float:
    """Exponential of a float64; see `functions.exp`."""
    x = np.float64(x)
    clamped = _LOW64 if x < _LOW64 else x
    clamped = _HIGH64 if x > _HIGH64 else clamped
    shifted = clamped * _LOG2E64 + _SHIFTER64
    n = shifted - _SHIFTER64
    r = (clamped - n * _EXP_LN2_64[0]) - n * _EXP_LN2_64[1]
    p = ((((_E64[0] * r + _E64[1]) * r + _E64[2]) * r + _E64[3]) * r + _E64[4]) * r + _E64[5]
    p = ((((p * r + _E64[6]) * r + _E64[7]) * r + _E64[8]) * r + _E64[9]) * r + _E64[10]
    p = p * r + _E64[11]
    y = ((p * (r * r)) + r) + 1.0
    power = np.float64(shifted).view(np.int64) << np.int64(52)
    scaled = np.int64(np.float64(y).view(np.int64) + power).view(np.float64)
    scaled = np.float64(np.inf) if x > _HIGH64 else scaled
    scaled = np.float64(0.0) if x < _LOW64 else scaled
    return x if np.isnan(x) else scaled


@njit(cache=True, error_model="numpy", forceinline=True)
def log32(x: np.float32) -> np.float32:
    """Natural logarithm of a float32; see `functions.log`."""
    x = np.float32(x)
    small = x < _TINY32
    normal = x * (_RESCALE32 if small else np.float32(1.0))
    bits = np.int32(np.float32(normal).view(np.int32) + _OFFSET32)
    exponent = np.int32(
        np.int32(bits >> np.int32(23)) - (np.int32(152) if small else np.int32(127))
    )
    k = np.float32(exponent)
    f = np.int32(np.int32(bits & np.int32(0x007FFFFF)) + _HALF_BITS32).view(
        np.float32
    ) - np.float32(1.0)
    s = f / (np.float32(2.0) + f)
    z = s * s
    series = (((_L32[0] * z + _L32[1]) * z + _L32[2]) * z + _L32[3]) * z
    half = (np.float32(0.5) * f) * f
    value = (((s * (half + series) + k * _LOG_LN2_32[1]) - half) + f) + k * _LOG_LN2_32[0]
    value = -_INF32 if x == np.float32(0.0) else value
    value = _NAN32 if x < np.float32(0.0) else value
    value = x if x == _INF32 else value
    return x if np.isnan(x) else value


@njit(cache=True, error_model="numpy", forceinline=True)
def log64(x: float) -> float:
    """Natural logarithm of a float64; see `functions.log`.

    The exponent becomes a float through the low bits of a shifted one, as machines without AVX-512
    have no vector conversion of 64-bit integers; the value is exact either way.
    """
    x = np.float64(x)
    small = x < _TINY64
    normal = x * (_RESCALE64 if small else np.float64(1.0))
    bits = np.int64(np.float64(normal).view(np.int64) + _OFFSET64)
    exponent = (bits >> np.int64(52)) - (np.int64(1077) if small else np.int64(1023))
    k = np.int64(exponent + np.float64(_SHIFTER64).view(np.int64)).view(np.float64) - _SHIFTER64
    f = np.int64((bits & np.int64(0x000FFFFFFFFFFFFF)) + _HALF_BITS64).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = ((_L64[0] * z + _L64[1]) * z + _L64[2]) * z + _L64[3]
    series = (((series * z + _L64[4]) * z + _L64[5]) * z + _L64[6]) * z
    half = (0.5 * f) * f
    value = (((s * (half + series) + k * _LOG_LN2_64[1]) - half) + f) + k * _LOG_LN2_64[0]
    value = np.float64(-np.inf) if x == 0.0 else value
    value = np.float64(np.nan) if x < 0.0 else value
    value = x if x == np.inf else value
    return x if np.isnan(x) else value
