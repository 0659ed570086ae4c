"""Counter-based random numbers, on NumPy arrays.

A draw is a pure function of a 64-bit key, which names a stream, and of a counter, so that nothing
depends on the order in which draws are made. `random_compiled` gives identical bits, one number at
a time.

The 64-bit mix is two rounds of splitmix64 (Steele, Lea and Flood 2014): finalisers of P. Evensen
("moremur") and D. Stafford (mix 13), with the key added before each. The 32-bit hash for one step
of a simulation is C. Wellons' "lowbias32" followed by his second multiplier pair.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ValidationError, shorten
from .functions import exp, log

__all__ = [
    "CENTRAL",
    "FAR_TAIL",
    "MAX_TABLE_MEAN",
    "NEAR_TAIL",
    "bits64",
    "hash32",
    "normal",
    "normal_quantile",
    "poisson_split",
    "poisson_thresholds",
    "step_words",
    "stream_key",
    "uniform",
    "uniform_index",
]

MAX_TABLE_MEAN = 50.0

# Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484: numerator and
# denominator for |u - 1/2| <= 0.425, then for r <= 5 and r > 5; highest power first.
# fmt: off
CENTRAL = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
     4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
     1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
     2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
     4.2313330701600911252e1, 1.0),
)
NEAR_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0,
     4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0,
     2.05319162663775882187e0, 1.0),
)
FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
     5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0),
)
# fmt: on


def stream_key(seed: int, name: str, purpose: str, trial: int = 0) -> np.uint64:
    """Name a random stream: the key of one purpose of one named object in one trial.

    Parameters
    ----------
    seed
        Any integer.
    name, purpose
        Any strings; each is encoded with its length, so that no two pairs can run together.
    trial
        Number of the trial.

    Returns
    -------
    64 bits of BLAKE2b (RFC 7693) as a uint64.
    """
    digest = hashlib.blake2b(digest_size=8, person=b"spikestack")
    for part in (str(int(seed)), name, purpose, str(int(trial))):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return np.uint64(int.from_bytes(digest.digest(), "little"))


def _words(x: Any) -> NDArray[np.uint64]:
    return np.atleast_1d(np.asarray(x)).astype(np.uint64)


def _shaped(result: NDArray[Any], *inputs: Any) -> Any:
    return result.reshape(np.broadcast_shapes(*(np.shape(x) for x in inputs)))[()]


def bits64(key: Any, counter: Any) -> Any:
    """64 random bits for each (key, counter).

    Parameters
    ----------
    key, counter
        uint64 scalars or arrays that broadcast together.

    Returns
    -------
    uint64 array of the broadcast shape (a scalar for two scalars).
    """
    k, z = _words(key), _words(counter)
    z = z * np.uint64(0x9E3779B97F4A7C15) + k
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x3C79AC492BA7B653)
    z = (z ^ (z >> np.uint64(33))) * np.uint64(0x1C69B3F74AC4AE35)
    z = (z ^ (z >> np.uint64(27))) + k
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return _shaped(z ^ (z >> np.uint64(31)), key, counter)


def uniform(key: Any, counter: Any) -> Any:
    """Uniform numbers in [0, 1) with 53 random bits, for each (key, counter); float64."""
    bits = bits64(key, counter)
    return (bits >> np.uint64(11)).astype(np.float64) * np.float64(2.0**-53)


def normal(key: Any, counter: Any) -> Any:
    """Standard normal numbers for each (key, counter); float64.

    The quantile of ``(k + 1/2) / 2**52`` for 52 random bits k: the most for which it is exact and
    neither 0 nor 1. The values lie within 8.2 standard deviations.
    """
    bits = bits64(key, counter)
    k = (bits >> np.uint64(12)).astype(np.float64)
    return normal_quantile((k + np.float64(0.5)) * np.float64(2.0**-52))


def _ratio(terms: tuple[tuple[float, ...], tuple[float, ...]], r: NDArray[Any]) -> NDArray[Any]:
    above, below = (np.full_like(r, part[0]) for part in terms)
    for up, down in zip(terms[0][1:], terms[1][1:]):
        above, below = above * r + up, below * r + down
    return above / below


@np.errstate(invalid="ignore", over="ignore", divide="ignore")
def normal_quantile(u: Any) -> Any:
    """Inverse of the standard normal distribution function (Wichura 1988, AS 241).

    Parameters
    ----------
    u
        float64 array or scalar. 0 gives -inf, 1 gives +inf, anything outside [0, 1] NaN.

    Returns
    -------
    float64 of the same shape; relative error about 1e-15.
    """
    x = np.atleast_1d(np.asarray(u, dtype=np.float64))
    q = x - 0.5
    central = ~(np.abs(q) > 0.425)
    r = np.sqrt(-log(np.where(x < 1.0 - x, x, 1.0 - x)))
    tail = np.where(r > 5.0, _ratio(FAR_TAIL, r - 5.0), _ratio(NEAR_TAIL, r - 1.6))
    value = np.where(central, _ratio(CENTRAL, 0.180625 - q * q) * q, np.where(q < 0.0, -tail, tail))
    value = np.where(x == 0.0, -np.inf, np.where(x == 1.0, np.inf, value))
    value = np.where((x >= 0.0) & (x <= 1.0), value, np.nan)
    return _shaped(value, u)


def uniform_index(bits: Any, n: Any) -> Any:
    """Integers in [0, n): the high 64 bits of ``bits * n``.

    Parameters
    ----------
    bits, n
        uint64 scalars or arrays that broadcast together. The probabilities differ from 1/n by less
        than 2**-64 each.

    Returns
    -------
    uint64 of the broadcast shape.
    """
    a, b = _words(bits), _words(n)
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    a_low, a_high, b_low, b_high = a & low, a >> half, b & low, b >> half
    middle = a_high * b_low + ((a_low * b_low) >> half)
    carry = ((middle & low) + a_low * b_high) >> half
    return _shaped(a_high * b_high + (middle >> half) + carry, bits, n)


def step_words(key: Any, step: int) -> tuple[np.uint32, np.uint32]:
    """Two 32-bit words for one step of one stream, for `hash32`: the halves of its 64 bits."""
    bits = int(bits64(key, step))
    return np.uint32(bits & 0xFFFFFFFF), np.uint32(bits >> 32)


def hash32(index: Any, k0: Any, k1: Any) -> Any:
    """32 random bits for each index in one step.

    Parameters
    ----------
    index
        uint32 scalar or array.
    k0, k1
        uint32 words of the step, from `step_words`.

    Returns
    -------
    uint32 of the broadcast shape. Within one step no two indices share a value.
    """
    i, a, b = (np.atleast_1d(np.asarray(x)).astype(np.uint32) for x in (index, k0, k1))
    h = i * np.uint32(0x9E3779B1) + a
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    h = (h ^ (h >> np.uint32(16))) + b
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0xD35A2D97)
    return _shaped(h ^ (h >> np.uint32(15)), index, k0, k1)


def _check_mean(mean: float, limit: float) -> float:
    mean = float(mean)
    if not 0.0 <= mean <= limit:
        raise ValidationError(
            "poisson",
            f"a mean count of {shorten(mean)}",
            f"the mean lies between 0 and {limit:g}",
            "split it into several draws with poisson_split" if mean > limit else "",
        )
    return mean


def poisson_thresholds(mean: float) -> NDArray[np.int32]:
    """Inverse distribution table of a Poisson count, for one 32-bit uniform number.

    Parameters
    ----------
    mean
        Mean count, at most 50 (see `poisson_split`). Each probability is rounded to a multiple of
        2**-32, so that a mean below 1e-6 is met to no better than 1e-4 of itself.

    Returns
    -------
    int32 array, ascending. With ``x = (hash ^ 0x80000000)`` taken as int32, the count is the number
    of thresholds t with ``x >= t``.
    """
    mean = _check_mean(mean, MAX_TABLE_MEAN)
    probability = float(exp(np.float64(-mean)))
    cumulative, count, table = probability, 0, []
    while (scaled := math.floor(cumulative * 2.0**32 + 0.5)) < 2**32:
        table.append(scaled - 2**31)
        count += 1
        probability = probability * mean / count
        following = cumulative + probability
        if following == cumulative and count > mean:
            break
        cumulative = following
    return np.array(table, dtype=np.int32)


def poisson_split(mean: float) -> tuple[int, float]:
    """Divide a mean count into the fewest equal draws that `poisson_thresholds` can serve.

    Returns
    -------
    Number of draws and the mean of each; their counts add up to a Poisson count of the given mean.
    """
    mean = _check_mean(mean, 1e9)
    n_draws = max(1, math.ceil(mean / MAX_TABLE_MEAN))
    return n_draws, mean / n_draws
