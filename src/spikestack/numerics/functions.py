"""exp and log from basic operations only, on NumPy arrays.

The same sequence of additions, multiplications, one division, comparisons and bit casts is written
once more, for one number at a time, in `functions_compiled`; both give identical bits on every
machine with IEEE arithmetic, which no two mathematical libraries do.

Methods: `exp` reduces by Cody and Waite to ``|r| <= ln(2) / 2``. In single precision the polynomial
is that of Cephes ``expf`` (S. Moshier); in double precision it is the Taylor series to degree 13,
whose remainder there is below 5e-18. `log` is that of FreeBSD's ``e_log.c`` and ``e_logf.c`` (Sun
Microsystems, 1993) in the branch-free argument reduction of musl.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DOUBLE", "SINGLE", "FloatConstants", "exp", "log"]


@dataclass(frozen=True)
class FloatConstants:
    """The constants of one precision; every field is a scalar (or tuple of them) of that type.

    ``exp_terms`` and ``log_terms`` run from the highest power down; ``shifter`` is 1.5 times two to
    the number of stored mantissa bits: adding it rounds to an integer left in the low bits.
    """

    real: type[np.floating[Any]]
    integer: type[np.signedinteger[Any]]
    mantissa_bits: Any
    exponent_bias: Any
    log2_e: Any
    shifter: Any
    exp_high: Any
    exp_low: Any
    exp_ln2: tuple[Any, Any]
    exp_terms: tuple[Any, ...]
    log_ln2: tuple[Any, Any]
    log_terms: tuple[Any, ...]
    sqrt_half_bits: Any
    one_bits: Any
    mantissa_mask: Any
    smallest_normal: Any
    rescale: Any
    rescale_bits: Any


def _reals(*values: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(value) for value in values)


SINGLE = FloatConstants(
    real=np.float32,
    integer=np.int32,
    mantissa_bits=np.int32(23),
    exponent_bias=np.int32(127),
    log2_e=np.float32(1.44269504088896341),
    shifter=np.float32(1.5 * 2.0**23),
    exp_high=np.float32(88.72283172607422),
    exp_low=np.float32(-87.33654022216797),
    exp_ln2=(np.float32(0.693359375), np.float32(-2.12194440e-4)),
    exp_terms=_reals(
        1.9875691500e-4,
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
    ),
    log_ln2=(np.float32(6.9313812256e-01), np.float32(9.0580006145e-06)),
    log_terms=_reals(0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693),
    sqrt_half_bits=np.int32(0x3F3504F3),
    one_bits=np.int32(0x3F800000),
    mantissa_mask=np.int32(0x007FFFFF),
    smallest_normal=np.float32(2.0**-126),
    rescale=np.float32(2.0**25),
    rescale_bits=np.int32(25),
)

DOUBLE = FloatConstants(
    real=np.float64,
    integer=np.int64,
    mantissa_bits=np.int64(52),
    exponent_bias=np.int64(1023),
    log2_e=np.float64(1.44269504088896338700),
    shifter=np.float64(1.5 * 2.0**52),
    exp_high=np.float64(709.782712893384),
    exp_low=np.float64(-708.3964185322641),
    exp_ln2=(np.float64(6.93147180369123816490e-01), np.float64(1.90821492927058770002e-10)),
    exp_terms=tuple(
        np.float64(1.0 / factorial)
        for factorial in (
            6227020800,
            479001600,
            39916800,
            3628800,
            362880,
            40320,
            5040,
            720,
            120,
            24,
            6,
            2,
        )
    ),
    log_ln2=(np.float64(6.93147180369123816490e-01), np.float64(1.90821492927058770002e-10)),
    log_terms=(
        np.float64(1.479819860511658591e-01),
        np.float64(1.531383769920937332e-01),
        np.float64(1.818357216161805012e-01),
        np.float64(2.222219843214978396e-01),
        np.float64(2.857142874366239149e-01),
        np.float64(3.999999999940941908e-01),
        np.float64(6.666666666666735130e-01),
    ),
    sqrt_half_bits=np.int64(0x3FE6A09E00000000),
    one_bits=np.int64(0x3FF0000000000000),
    mantissa_mask=np.int64(0x000FFFFFFFFFFFFF),
    smallest_normal=np.float64(2.0**-1022),
    rescale=np.float64(2.0**54),
    rescale_bits=np.int64(54),
)


def _constants(x: NDArray[Any]) -> FloatConstants:
    if x.dtype == np.float64:
        return DOUBLE
    if x.dtype == np.float32:
        return SINGLE
    raise TypeError(f"float32 or float64 expected, not {x.dtype}")


def _horner(terms: tuple[Any, ...], x: NDArray[Any]) -> NDArray[Any]:
    total = terms[0] * x + terms[1]
    for term in terms[2:]:
        total = total * x + term
    return total


@np.errstate(invalid="ignore")
def exp(x: Any) -> Any:
    """Exponential function, below 1 ulp from the true value.

    Parameters
    ----------
    x
        Array of any shape, or NumPy scalar; float32 or float64.

    Returns
    -------
    Array or scalar of the same shape and dtype. NaN gives NaN; an argument whose result would
    overflow gives +inf; one whose result would be denormal (x < -87.3365 in single, x < -708.396
    in double precision) gives exactly 0.
    """
    given = np.asarray(x)
    c = _constants(given)
    x = np.atleast_1d(given)
    clamped = np.where(x > c.exp_high, c.exp_high, np.where(x < c.exp_low, c.exp_low, x))
    shifted = clamped * c.log2_e + c.shifter
    n = shifted - c.shifter
    r = (clamped - n * c.exp_ln2[0]) - n * c.exp_ln2[1]
    y = ((_horner(c.exp_terms, r) * (r * r)) + r) + c.real(1.0)
    scaled = (y.view(c.integer) + (shifted.view(c.integer) << c.mantissa_bits)).view(c.real)
    bounded = np.where(x < c.exp_low, c.real(0.0), np.where(x > c.exp_high, c.real(np.inf), scaled))
    return np.where(np.isnan(x), x, bounded).reshape(given.shape)[()]


@np.errstate(invalid="ignore", over="ignore")
def log(x: Any) -> Any:
    """Natural logarithm, below 1 ulp from the true value.

    Parameters
    ----------
    x
        Array of any shape, or NumPy scalar; float32 or float64. Denormals are treated exactly.

    Returns
    -------
    Array or scalar of the same shape and dtype: log(0) is -inf, of a negative number NaN, of +inf
    +inf, of NaN NaN.
    """
    given = np.asarray(x)
    c = _constants(given)
    x = np.atleast_1d(given)
    small = x < c.smallest_normal
    normal = np.where(small, x * np.where(small, c.rescale, c.real(1.0)), x)
    bits = normal.view(c.integer) + (c.one_bits - c.sqrt_half_bits)
    exponent = (bits >> c.mantissa_bits) - c.exponent_bias
    exponent = exponent - np.where(small, c.rescale_bits, c.integer(0))
    k = exponent.astype(c.real)
    f = ((bits & c.mantissa_mask) + c.sqrt_half_bits).view(c.real) - c.real(1.0)
    s = f / (c.real(2.0) + f)
    z = s * s
    series = _horner(c.log_terms, z) * z
    half = (c.real(0.5) * f) * f
    value = (((s * (half + series) + k * c.log_ln2[1]) - half) + f) + k * c.log_ln2[0]
    value = np.where(x == c.real(0.0), c.real(-np.inf), value)
    value = np.where(x < c.real(0.0), c.real(np.nan), value)
    return np.where(np.isnan(x) | (x == c.real(np.inf)), x, value).reshape(given.shape)[()]
