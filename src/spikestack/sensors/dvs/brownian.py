"""First exits of Brownian motion with drift, exact: what a pixel of DVS-Voltmeter does in a step.

The end of the path is drawn first; given both ends it is a bridge, which drift no longer matters
to. A bridge over T from a below the level to c beyond or below it reaches the level with
probability min(1, exp(-2*p*q/(s^2*T))), p and q being the distances of its ends; then t/(T*(T - t))
is inverse Gaussian with mean p/(T*q) and shape p^2/(T*s)^2. After an event the rest is a bridge
again. Steps are cut so that one bridge meets both levels with a probability below 1e-17.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ...numerics.functions_compiled import exp64
from ...numerics.random_compiled import bits64, normal, uniform
from .packing import LEAK, SHOT, SIGNAL, pack

__all__ = ["advance_brownian", "inverse_gaussian"]


@njit(cache=True, error_model="numpy", forceinline=True)
def inverse_gaussian(mean: float, shape: float, z: float, u: float) -> float:
    """An inverse Gaussian number of a normal one and a uniform one; Levy for an infinite mean.

    Michael, Schucany and Haas, The American Statistician 30 (1976) 88-90; the lesser root is
    computed without cancellation.
    """
    square = z * z
    if mean == np.inf:
        return shape / square if square > 0.0 else np.inf
    ratio = mean * square / (2.0 * shape)
    x = mean / (1.0 + ratio + np.sqrt(ratio * (ratio + 2.0)))
    return x if u * (mean + x) <= mean else mean * mean / x


@njit(cache=True, error_model="numpy", forceinline=True)
def _passage(p: float, q: float, variance: float, span: float, key: Any, at: Any) -> float:
    """When a bridge over `span` gets to a level at distance p, its end being q from it; or never.

    q is negative beyond the level; `variance` is that of the path in 1 us.
    """
    if p <= 0.0:
        return 0.0
    if q > 0.0 and uniform(key, at) >= exp64(-2.0 * p * q / (variance * span)):
        return np.inf
    mean = p / (span * abs(q)) if q != 0.0 else np.inf
    one, two = np.uint64(1), np.uint64(2)
    shape = p * p / (span * span * variance)
    u = inverse_gaussian(mean, shape, normal(key, at + one), uniform(key, at + two))
    return span if u == np.inf else u * span * span / (1.0 + u * span)


@njit(cache=True, error_model="numpy")
def advance_brownian(
    first: int,
    i0: Any,
    i1: Any,
    volt: Any,
    on: Any,
    off: Any,
    k: Any,
    key: Any,
    step: int,
    span: float,
    fraction: float,
    words: Any,
    n: int,
) -> tuple[int, int]:
    """One step of all pixels: `volt` is what each is from its last event, `i0` and `i1` light."""
    capacity, total = len(words), len(i1)
    stream = bits64(key, np.uint64(step))
    for i in range(first, total):
        before, voltage = n, volt[i]
        light = 0.5 * (i0[i] + i1[i])
        seen = k[0] * (i1[i] - i0[i]) / span / (light + k[1])
        leak = k[3] + k[4] * light
        sigma = k[2] * np.sqrt(light) / (light + k[1]) + k[5]
        variance, drift = sigma * sigma, seen + leak
        gap = on[i] + off[i]
        pieces = 1 + np.int64(40.0 * variance * span / (gap * gap))
        long = span / pieces
        own = bits64(stream, np.uint64(i))
        at = np.uint64(0)
        for piece in range(pieces):
            begin, left = piece * long, long
            end = voltage + drift * long + sigma * np.sqrt(long) * normal(own, at)
            at += np.uint64(1)
            while True:
                up = down = np.inf
                if variance <= 0.0:
                    if end >= on[i] and end > voltage:
                        up = left * (on[i] - voltage) / (end - voltage)
                    elif end <= -off[i] and end < voltage:
                        down = left * (-off[i] - voltage) / (end - voltage)
                else:
                    up = _passage(on[i] - voltage, on[i] - end, variance, left, own, at)
                    down = _passage(
                        off[i] + voltage, off[i] + end, variance, left, own, at + np.uint64(3)
                    )
                    at += np.uint64(6)
                if up == np.inf and down == np.inf:
                    break
                if n >= capacity:
                    return i, before
                wait = min(up, down, left)
                polarity = 1 if up <= down else 0
                rises = drift > 0.0
                label = SIGNAL if abs(seen) >= abs(leak) else LEAK
                label = label if rises == (polarity == 1) else SHOT
                begin += wait
                left -= wait
                words[n] = pack(fraction + begin, i, label, polarity)
                n += 1
                end -= on[i] if polarity == 1 else -off[i]
                voltage = 0.0
                if left <= 0.0:
                    break
            voltage = end
        volt[i] = voltage
    return total, n
