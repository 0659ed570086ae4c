"""One step of pixels with everything: poles, leak, noise, a refractory period.

In every block of pixels, vector instructions find out which of them certainly make no event, from
bounds of their signals; the others are followed one by one from event to event; then vector
instructions bring all of them to the end of the step. Times are in us, rates in 1/us.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...numerics.compiling import njit
from ...numerics.functions_compiled import exp64, log64
from ...numerics.random_compiled import uniform
from .crossing import first_crossing, signal, slope
from .kernels import REACHED
from .packing import HOT, LEAK, SHOT, SIGNAL, pack

__all__ = ["HELD", "KEPT", "LOST", "NEVER", "Pixels", "Rules", "advance"]

#: What happens to a change while a pixel is refractory.
LOST, KEPT, HELD = 0, 1, 2
NEVER = -1e300
_BLOCK = 512
_SLOWEST = 1e-12


class Pixels(NamedTuple):
    """Arrays with an entry for each pixel; those of poles that there are not may be empty."""

    y0: Any  #: response to the sample at the beginning of the step,
    y1: Any  #: and at its end
    g0: Any  #: speed of the photoreceptor then,
    g1: Any  #: and at the end
    x1: Any  #: output of the first pole
    x2: Any  #: output of the second
    ref: Any  #: the memorised signal
    last: Any  #: when the last event was
    hazard: Any  #: expected events of noise until the next
    noises: Any  #: how many there have been
    on: Any  #: thresholds
    off: Any
    leak: Any  #: fall of `ref`
    shot: Any  #: rate of noise in the dark
    hot: Any  #: rate of a hot pixel


class Rules(NamedTuple):
    """What all pixels share."""

    poles: int
    speed: float  #: rate of each pole at a speed of 1
    bright: float  #: shot noise of full light, relative to the dark
    refractory: float
    rule: int  #: LOST, KEPT or HELD


class _Scratch(NamedTuple):
    """Of a block: rates and lags of poles, their outputs at the end, rates of noise."""

    rate: Any
    lag: Any
    end1: Any
    end2: Any
    noise: Any
    quiet: Any


class _Pixel(NamedTuple):
    """The same of one pixel, with what `_Scratch` has of it, and its signal at both ends."""

    y0: float
    y1: float
    x1: float
    x2: float
    begin: float
    end: float
    rate: float
    lag: float
    ref: float
    last: float
    hazard: float
    noises: int
    on: float
    off: float
    leak: float
    noise: float
    hot: float


@njit(cache=True, error_model="numpy", forceinline=True)
def _poles(p: Pixels, rules: Rules, start: int, stop: int, span: float, s: _Scratch) -> None:
    """Where the poles' outputs go, and how fast."""
    half, n = 0.5 * rules.speed, stop - start
    ya, yb, ga, gb = p.y0[start:stop], p.y1[start:stop], p.g0[start:stop], p.g1[start:stop]
    x1, rate, lag, end1 = p.x1[start:stop], s.rate, s.lag, s.end1
    for j in range(n):
        r = half * (ga[j] + gb[j])
        r = r if r > _SLOWEST else _SLOWEST
        rate[j] = r
        behind = (yb[j] - ya[j]) / (r * span)
        lag[j] = behind
        end1[j] = yb[j] - behind + (x1[j] - ya[j] + behind) * exp64(-r * span)
    if rules.poles == 2:
        x2, end2 = p.x2[start:stop], s.end2
        for j in range(n):
            d = x2[j] - ya[j] + 2.0 * lag[j]
            e = (x1[j] - ya[j] + lag[j]) * rate[j]
            end2[j] = yb[j] - 2.0 * lag[j] + (d + e * span) * exp64(-rate[j] * span)


@njit(cache=True, error_model="numpy", forceinline=True)
def _bounds(p: Pixels, rules: Rules, start: int, stop: int, span: float, s: _Scratch) -> None:
    """Which pixels make no event: signals that stay within bounds, and no noise is due.

    The output of a pole stays between its ends where it comes no nearer to its input than 0;
    else within what its input spans, too.
    """
    ya, yb = p.y0[start:stop], p.y1[start:stop]
    ref, hazard = p.ref[start:stop], p.hazard[start:stop]
    on, off, leak = p.on[start:stop], p.off[start:stop], p.leak[start:stop]
    ga, gb, shot, hot = p.g0[start:stop], p.g1[start:stop], p.shot[start:stop], p.hot[start:stop]
    poles, bright = rules.poles, rules.bright - 1.0
    x1 = p.x1[start:stop] if poles > 0 else ya
    x2 = p.x2[start:stop] if poles > 1 else ya
    noise, quiet, end1 = s.noise, s.quiet, s.end1
    for j in range(stop - start):
        low = ya[j] if ya[j] < yb[j] else yb[j]
        high = ya[j] if ya[j] > yb[j] else yb[j]
        if poles > 0:
            a, b = x1[j], end1[j]
            under, over = (a if a < b else b), (a if a > b else b)
            simple = (ya[j] - a) * (yb[j] - b) >= 0.0
            low = under if simple or under < low else low
            high = over if simple or over > high else high
        if poles > 1:
            low = x2[j] if x2[j] < low else low
            high = x2[j] if x2[j] > high else high
        light = 0.5 * (ga[j] + gb[j])
        light = light if light < 1.0 else 1.0
        rate = shot[j] * (1.0 + bright * light) + hot[j]
        noise[j] = rate
        inside = (high - ref[j] + leak[j] * span < on[j] * REACHED) & (
            ref[j] - low < off[j] * REACHED
        )
        quiet[j] = inside & (hazard[j] > rate * span)


@njit(cache=True, error_model="numpy", forceinline=True)
def _waiting(key: Any, pixel: int, count: int) -> float:
    """A unit exponential number: expected events until the next of noise."""
    return -log64(1.0 - uniform(key, (np.uint64(pixel) << np.uint64(32)) | np.uint64(count)))


@njit(cache=True, error_model="numpy", forceinline=True)
def _coefficients(one: _Pixel, poles: int, span: float) -> tuple[float, float, float, float, float]:
    """The signal of a pixel in this step; see `crossing`."""
    a, b, d, e, r = one.y0, (one.y1 - one.y0) / span, 0.0, 0.0, 1.0
    if poles > 0:
        r = one.rate
        d = one.x1 - a + one.lag
        if poles > 1:
            e = d * r
            d = one.x2 - a + 2.0 * one.lag
        a -= poles * one.lag
    return a, b, d, e, r


@njit(cache=True, error_model="numpy", forceinline=True)
def _kind(key: Any, pixel: int, count: int, hot_share: float) -> tuple[int, int]:
    """Label and polarity of an event of noise: hot pixels are ON, shot noise is either."""
    choice = uniform(key, (np.uint64(pixel) << np.uint64(32)) | np.uint64(count))
    label = HOT if choice < hot_share else SHOT
    return label, 1 if choice < hot_share + 0.5 * (1.0 - hot_share) else 0


@njit(cache=True, error_model="numpy")
def _follow(
    one: _Pixel, rules: Rules, i: int, begin: float, span: float, words: Any, n: int,
    times_key: Any, kinds_key: Any,
) -> tuple[int, float, float, float, int]:  # fmt: skip
    """Follow pixel i from event to event.

    Returns
    -------
    The number of events, -1 if they do not fit; and the pixel's `ref`, `hazard`, `last` and
    `noises`, the first two as if nothing else happened in the step, for `_settle` to go on from.
    """
    memory, loss, noise, fraction = one.ref, one.leak, one.noise, begin - np.floor(begin)
    a, b, d, e, r = _coefficients(one, rules.poles, span)
    # From here on the signal is seen from the falling reference: with `loss`*t added.
    b += loss
    on, off = one.on * REACHED, one.off * REACHED
    count, previous, lost = one.noises, one.last, rules.rule == LOST
    at = one.hazard / noise if noise > 0.0 else np.inf
    ready = previous + rules.refractory - begin
    t = 0.0 if lost else min(max(ready, 0.0), span)
    blocked = ready > span and not lost
    here = one.begin if t == 0.0 else signal(a, b, d, e, r, t)
    last_here = one.end + loss * span
    if rules.rule == HELD and t > 0.0 and not blocked:
        memory = here
    while True:
        until, when, sign = min(at, span), span, 0
        there = last_here if until == span else signal(a, b, d, e, r, until)
        if t <= until and not blocked:
            when, sign = first_crossing(
                a - memory, b, d, e, r, t, until, here - memory, there - memory, on, off
            )
        if sign == 0 and at > span:
            break
        polarity, label = 1 if sign > 0 else 0, SIGNAL
        if sign == 0:
            label, polarity = _kind(kinds_key, i, count, one.hot / noise)
            count += 1
            when, here = at, there
            at += _waiting(times_key, i, count) / noise
            memory = memory if when < ready else here
        else:
            here = here if when <= t else memory + (on if sign > 0 else -off)
            if sign > 0 and loss > 0.0 and slope(a, b, d, e, r, when, here) <= 2.0 * loss:
                label = LEAK
            memory += one.on if sign > 0 else -one.off
        t = max(t, when)
        if when < ready:
            here = here if t == when else signal(a, b, d, e, r, t)
            continue
        if n >= len(words):
            return -1, memory, 0.0, previous, count
        words[n] = pack(fraction + when, i, label, polarity)
        n += 1
        previous = begin + when
        ready = when + rules.refractory
        if not lost and rules.refractory > 0.0:
            blocked = ready > span
            t = min(ready, span)
            here = signal(a, b, d, e, r, t)
            if rules.rule == HELD and not blocked:
                memory = here
    return n, memory, at * noise if noise > 0.0 else one.hazard, previous, count


@njit(cache=True, error_model="numpy", forceinline=True)
def _settle(p: Pixels, rules: Rules, start: int, stop: int, span: float, s: _Scratch) -> None:
    """Bring pixels to the end of the step."""
    n = stop - start
    ref, hazard, leak = p.ref[start:stop], p.hazard[start:stop], p.leak[start:stop]
    noise = s.noise
    for j in range(n):
        ref[j] -= leak[j] * span
        hazard[j] -= noise[j] * span
    if rules.poles > 0:
        p.x1[start:stop] = s.end1[:n]
    if rules.poles > 1:
        p.x2[start:stop] = s.end2[:n]


@njit(cache=True, error_model="numpy")
def advance(
    first: int, p: Pixels, rules: Rules, keys: Any, begin: float, span: float, words: Any, n: int
) -> tuple[int, int]:
    """Advance pixels from `first` on by the step that begins at `begin` and lasts `span`.

    See `kernels` for what is returned.
    """
    total, times_key, kinds_key = len(p.y1), keys[0], keys[1]
    s = _Scratch(
        np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK),
        np.empty(_BLOCK, np.bool_),
    )  # fmt: skip
    for start in range(first, total, _BLOCK):
        stop = min(start + _BLOCK, total)
        if rules.poles > 0:
            _poles(p, rules, start, stop, span, s)
        _bounds(p, rules, start, stop, span, s)
        for j in range(stop - start):
            i = start + j
            if s.quiet[j] and not (rules.rule == HELD and p.last[i] + rules.refractory > begin):
                continue
            first_out = p.x1[i] if rules.poles > 0 else p.y0[i]
            second_out = p.x2[i] if rules.poles > 1 else first_out
            end = p.y1[i] if rules.poles == 0 else s.end1[j] if rules.poles == 1 else s.end2[j]
            one = _Pixel(
                p.y0[i], p.y1[i], first_out, second_out, second_out, end, s.rate[j], s.lag[j],
                p.ref[i], p.last[i], p.hazard[i], p.noises[i], p.on[i], p.off[i], p.leak[i],
                s.noise[j], p.hot[i],
            )  # fmt: skip
            made, ref, hazard, last, noises = _follow(
                one, rules, i, begin, span, words, n, times_key, kinds_key
            )
            if made < 0:
                _settle(p, rules, start, i, span, s)
                return i, n
            n, p.ref[i], p.hazard[i], p.last[i], p.noises[i] = made, ref, hazard, last, noises
        _settle(p, rules, start, stop, span, s)
    return total, n
