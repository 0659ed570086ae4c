"""The afferents of a patch at work: sums over pins, filters, and neurons."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit
from ...numerics.random_compiled import normal
from .models import AfferentModel

__all__ = ["DEAD", "RATE", "fire", "low_pass"]

#: Samples per second of all afferents, and samples after a spike in which input is lost.
RATE, DEAD = 5000.0, 5


def low_pass(model: AfferentModel) -> npt.NDArray[np.float64]:
    """Coefficients b0 to b3 and a1 to a3 of the model's filter."""
    from scipy.signal import butter

    b, a = butter(3, model.cutoff, fs=RATE)
    return np.concatenate([b, a[1:]])


@njit(cache=True, error_model="numpy", nogil=True)
def fire(
    loads: Any, rates: Any, stress: Any, motion: Any, late: Any, gain: Any, kind: Any,
    filters: Any, models: Any, keys: Any, first: int, s: Any, left: Any, samples: Any, units: Any,
) -> int:  # fmt: skip
    """Write samples and units of the spikes of all afferents; return how many.

    Parameters
    ----------
    loads, rates
        Of pins, N and N/s, (pins, samples); `rates` begin as many samples earlier as waves may
        be late.
    stress, motion, late
        kPa and mm/s(of speed over squared depth) for each N and N/s, and samples by which a wave
        comes later, (afferents, pins).
    gain, kind, keys
        Of each afferent: what its input is multiplied by, row in `filters` and `models`, stream.
    first
        Number of the first sample.
    s, left
        States: float64 (afferents, 10), int64 (afferents,).
    """
    n, count = loads.shape[1], 0
    before = rates.shape[1] - n
    still, moving, chance = np.empty(n), np.empty(n), np.zeros(n)
    for i in range(len(gain)):
        still[:], moving[:] = 0.0, 0.0
        for p in range(len(loads)):
            force, speed, begin = (
                stress[i, p] * gain[i],
                motion[i, p] * gain[i],
                before - late[i, p],
            )
            for k in range(n):
                still[k] += force * loads[p, k]
                moving[k] += speed * rates[p, begin + k]
        _filter(still, filters[kind[i]], s[i, 0:3])
        _filter(moving, filters[kind[i]], s[i, 3:6])
        _draw(chance, models[kind[i], 7], keys[i], first)
        begin = count
        count = _spike(
            still, moving, chance, models[kind[i]], first, s[i, 6:10], left[i : i + 1], samples,
            count,
        )  # fmt: skip
        units[begin:count] = i
    return count


@njit(cache=True, error_model="numpy")
def _filter(x: Any, c: Any, s: Any) -> None:
    s0, s1, s2 = s[0], s[1], s[2]
    b0, b1, b2, b3, a1, a2, a3 = c[0], c[1], c[2], c[3], c[4], c[5], c[6]
    for k in range(len(x)):
        y = b0 * x[k] + s0
        s0 = b1 * x[k] - a1 * y + s1
        s1 = b2 * x[k] - a2 * y + s2
        s2 = b3 * x[k] - a3 * y
        x[k] = y
    s[0], s[1], s[2] = s0, s1, s2


@njit(cache=True, error_model="numpy")
def _draw(chance: Any, deviation: float, key: Any, first: int) -> None:
    if deviation > 0.0:
        for k in range(len(chance)):
            chance[k] = deviation * normal(key, np.uint64(first + k))
    else:
        chance[:] = 0.0


@njit(cache=True, error_model="numpy")
def _signed(x: float, up: float, down: float) -> float:
    return up * x if x >= 0.0 else -down * x


@njit(cache=True, error_model="numpy")
def _spike(
    still: Any, moving: Any, chance: Any, m: Any, first: int, s: Any, left: Any, samples: Any,
    count: int,
) -> int:  # fmt: skip
    step = 1e3 / RATE
    decay, fast, slow = np.exp(-step / m[8]), np.exp(-step / m[11]), np.exp(-step / m[12])
    for k in range(len(still)):
        # mm/s from sample to sample, in m/s^2
        jolt = (moving[k] - s[0]) * (RATE * 1e-3)
        s[0] = moving[k]
        drive = _signed(still[k], m[0], m[1]) + _signed(moving[k], m[2], m[3])
        drive += _signed(jolt, m[4], m[5])
        if m[6] > 0.0:
            drive = m[6] * drive / (m[6] + abs(drive))
        drive += chance[k] + s[2] + s[3]
        s[2] *= fast
        s[3] *= slow
        if left[0] > 0:
            left[0] -= 1
            continue
        s[1] = s[1] * decay + drive * (1.0 - decay)
        if s[1] >= 1.0:
            samples[count] = first + k
            count += 1
            s[1], left[0] = 0.0, DEAD
            s[2] += m[9]
            s[3] += m[10]
    return count
