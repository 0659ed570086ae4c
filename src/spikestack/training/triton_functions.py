"""exp, log and random words for Triton kernels: bit for bit those of `spikestack.numerics`.

Imported by generated kernels only, since Triton is an optional part. Operations are those of
`numerics.functions_compiled` and `numerics.random_compiled`, in the same order, on blocks.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import triton
import triton.language as tl

from ..numerics.functions import DOUBLE, SINGLE

__all__ = ["bits64", "exp32", "exp64", "floor32", "floor64", "hash32", "log32", "log64"]


def _fixed(value):
    return tl.constexpr(float(value))


_HIGH32, _LOW32 = _fixed(SINGLE.exp_high), _fixed(SINGLE.exp_low)
_LOG2E32, _SHIFTER32 = _fixed(SINGLE.log2_e), _fixed(SINGLE.shifter)
_EXP_LN2_32 = tl.constexpr(tuple(float(v) for v in SINGLE.exp_ln2))
_E32 = tl.constexpr(tuple(float(v) for v in SINGLE.exp_terms))
_LOG_LN2_32 = tl.constexpr(tuple(float(v) for v in SINGLE.log_ln2))
_L32 = tl.constexpr(tuple(float(v) for v in SINGLE.log_terms))
_TINY32, _RESCALE32 = _fixed(SINGLE.smallest_normal), _fixed(SINGLE.rescale)
_HALF_BITS32 = tl.constexpr(int(SINGLE.sqrt_half_bits))
_OFFSET32 = tl.constexpr(int(SINGLE.one_bits) - int(SINGLE.sqrt_half_bits))

_HIGH64, _LOW64 = _fixed(DOUBLE.exp_high), _fixed(DOUBLE.exp_low)
_LOG2E64, _SHIFTER64 = _fixed(DOUBLE.log2_e), _fixed(DOUBLE.shifter)
_EXP_LN2_64 = tl.constexpr(tuple(float(v) for v in DOUBLE.exp_ln2))
_E64 = tl.constexpr(tuple(float(v) for v in DOUBLE.exp_terms))
_LOG_LN2_64 = tl.constexpr(tuple(float(v) for v in DOUBLE.log_ln2))
_L64 = tl.constexpr(tuple(float(v) for v in DOUBLE.log_terms))
_TINY64, _RESCALE64 = _fixed(DOUBLE.smallest_normal), _fixed(DOUBLE.rescale)
_HALF_BITS64 = tl.constexpr(int(DOUBLE.sqrt_half_bits))
_OFFSET64 = tl.constexpr(int(DOUBLE.one_bits) - int(DOUBLE.sqrt_half_bits))


@triton.jit
def exp32(x):
    """Exponential of float32."""
    low = tl.full(x.shape, _LOW32, tl.float32)
    high = tl.full(x.shape, _HIGH32, tl.float32)
    clamped = tl.where(x < low, low, x)
    clamped = tl.where(x > high, high, clamped)
    shifted = clamped * _LOG2E32 + _SHIFTER32
    n = shifted - _SHIFTER32
    r = (clamped - n * _EXP_LN2_32[0]) - n * _EXP_LN2_32[1]
    p = ((((_E32[0] * r + _E32[1]) * r + _E32[2]) * r + _E32[3]) * r + _E32[4]) * r + _E32[5]
    y = ((p * (r * r)) + r) + 1.0
    power = shifted.to(tl.int32, bitcast=True) << 23
    scaled = (y.to(tl.int32, bitcast=True) + power).to(tl.float32, bitcast=True)
    scaled = tl.where(x > high, tl.full(x.shape, float("inf"), tl.float32), scaled)
    scaled = tl.where(x < low, tl.zeros(x.shape, tl.float32), scaled)
    return tl.where(x == x, scaled, x)  # noqa: PLR0124


@triton.jit
def exp64(x):
    """Exponential of float64."""
    low = tl.full(x.shape, _LOW64, tl.float64)
    high = tl.full(x.shape, _HIGH64, tl.float64)
    clamped = tl.where(x < low, low, x)
    clamped = tl.where(x > high, high, clamped)
    shifted = clamped * _LOG2E64 + _SHIFTER64
    n = shifted - _SHIFTER64
    r = (clamped - n * _EXP_LN2_64[0]) - n * _EXP_LN2_64[1]
    p = ((((_E64[0] * r + _E64[1]) * r + _E64[2]) * r + _E64[3]) * r + _E64[4]) * r + _E64[5]
    p = ((((p * r + _E64[6]) * r + _E64[7]) * r + _E64[8]) * r + _E64[9]) * r + _E64[10]
    p = p * r + _E64[11]
    y = ((p * (r * r)) + r) + 1.0
    power = shifted.to(tl.int64, bitcast=True) << 52
    scaled = (y.to(tl.int64, bitcast=True) + power).to(tl.float64, bitcast=True)
    scaled = tl.where(x > high, tl.full(x.shape, float("inf"), tl.float64), scaled)
    scaled = tl.where(x < low, tl.zeros(x.shape, tl.float64), scaled)
    return tl.where(x == x, scaled, x)  # noqa: PLR0124


@triton.jit
def log32(x):
    """Natural logarithm of float32."""
    small = x < _TINY32
    normal = tl.where(small, x * _RESCALE32, x)
    bits = normal.to(tl.int32, bitcast=True) + _OFFSET32
    exponent = (bits >> 23) - tl.where(small, 152, 127)
    k = exponent.to(tl.float32)
    f = ((bits & 0x007FFFFF) + _HALF_BITS32).to(tl.float32, bitcast=True) - 1.0
    s = tl.div_rn(f, f + 2.0)
    z = s * s
    series = (((_L32[0] * z + _L32[1]) * z + _L32[2]) * z + _L32[3]) * z
    half = (0.5 * f) * f
    value = (((s * (half + series) + k * _LOG_LN2_32[1]) - half) + f) + k * _LOG_LN2_32[0]
    infinite = tl.full(x.shape, float("inf"), tl.float32)
    value = tl.where(x == 0.0, -infinite, value)
    value = tl.where(x < 0.0, tl.full(x.shape, float("nan"), tl.float32), value)
    value = tl.where(x == infinite, x, value)
    return tl.where(x == x, value, x)  # noqa: PLR0124


@triton.jit
def log64(x):
    """Natural logarithm of float64."""
    small = x < _TINY64
    normal = tl.where(small, x * _RESCALE64, x)
    bits = normal.to(tl.int64, bitcast=True) + _OFFSET64
    exponent = (bits >> 52) - tl.where(small, 1077, 1023)
    k = exponent.to(tl.float64)
    f = ((bits & 0x000FFFFFFFFFFFFF) + _HALF_BITS64).to(tl.float64, bitcast=True) - 1.0
    s = f / (f + 2.0)
    z = s * s
    series = ((_L64[0] * z + _L64[1]) * z + _L64[2]) * z + _L64[3]
    series = (((series * z + _L64[4]) * z + _L64[5]) * z + _L64[6]) * z
    half = (0.5 * f) * f
    value = (((s * (half + series) + k * _LOG_LN2_64[1]) - half) + f) + k * _LOG_LN2_64[0]
    infinite = tl.full(x.shape, float("inf"), tl.float64)
    value = tl.where(x == 0.0, -infinite, value)
    value = tl.where(x < 0.0, tl.full(x.shape, float("nan"), tl.float64), value)
    value = tl.where(x == infinite, x, value)
    return tl.where(x == x, value, x)  # noqa: PLR0124


# Triton's own floor takes denormals for 0.


@triton.jit
def floor32(x):
    """Largest whole number up to a float32."""
    small = tl.abs(x) < 8388608.0
    whole = tl.where(small, x, tl.zeros(x.shape, tl.float32)).to(tl.int32).to(tl.float32)
    below = tl.where(whole > x, whole - 1.0, whole)
    return tl.where(small & (whole != x), below, x)


@triton.jit
def floor64(x):
    """Largest whole number up to a float64."""
    small = tl.abs(x) < 4503599627370496.0
    whole = tl.where(small, x, tl.zeros(x.shape, tl.float64)).to(tl.int64).to(tl.float64)
    below = tl.where(whole > x, whole - 1.0, whole)
    return tl.where(small & (whole != x), below, x)


@triton.jit
def bits64(key, counter):
    """64 random bits for (key, counter), both uint64."""
    z = counter * tl.full((), 0x9E3779B97F4A7C15, tl.uint64) + key
    z = (z ^ (z >> 27)) * tl.full((), 0x3C79AC492BA7B653, tl.uint64)
    z = (z ^ (z >> 33)) * tl.full((), 0x1C69B3F74AC4AE35, tl.uint64)
    z = (z ^ (z >> 27)) + key
    z = (z ^ (z >> 30)) * tl.full((), 0xBF58476D1CE4E5B9, tl.uint64)
    z = (z ^ (z >> 27)) * tl.full((), 0x94D049BB133111EB, tl.uint64)
    return z ^ (z >> 31)


@triton.jit
def hash32(index, bits):
    """32 random bits for one index (uint32) in one step, whose words `bits64` gives."""
    k0, k1 = bits.to(tl.uint32), (bits >> 32).to(tl.uint32)
    h = index * tl.full((), 0x9E3779B1, tl.uint32) + k0
    h = (h ^ (h >> 16)) * tl.full((), 0x7FEB352D, tl.uint32)
    h = (h ^ (h >> 15)) * tl.full((), 0x846CA68B, tl.uint32)
    h = (h ^ (h >> 16)) + k1
    h = (h ^ (h >> 16)) * tl.full((), 0x21F0AAAD, tl.uint32)
    h = (h ^ (h >> 15)) * tl.full((), 0xD35A2D97, tl.uint32)
    return h ^ (h >> 15)
