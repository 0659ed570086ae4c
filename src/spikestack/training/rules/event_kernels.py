"""Current-based LIF neurons event by event, forward and back, compiled.

Between events everything has a closed form, with V the distance from rest (mV), I the synaptic
current (nA)::

    V(t) = V exp(-t/tau_m) + I K(t),     I(t) = I exp(-t/tau_s)
    K(t) = (exp(-t/tau_m) - exp(-t/tau_s)) / (cm (1/tau_s - 1/tau_m))

Populations that fire stand one after the other in arrays of `N` neurons. Those that do not are
linear, so a spike acts on what is read from them, the mean of V(t) exp(-t/tau_r), by a number that
depends on the time of its arrival alone; they are never simulated.
"""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np

from ...numerics.compiling import njit

__all__ = ["Layout", "Log", "backward", "crossing", "forward"]

_KEPT = {"cache": True, "nogil": True, "error_model": "numpy"}


class Layout(NamedTuple):
    """A network as kernels see it.

    Attributes
    ----------
    first
        Where populations that fire begin, and the end; int64.
    tau_m, tau_s, cm, theta
        By population that fires, then by readout (theta is inf): ms, ms, nF, mV above rest.
    rate
        1/tau_r in 1/ms of readouts' weighting of time.
    sources
        By source (neurons that fire, then inputs), where its groups begin, and the end; int64.
    edges
        By group, where its edges begin, and the end. A group is what leaves a source through one
        projection with one delay.
    readout
        By group, the place in `tau_m` of the readout that it reaches, -1 for neurons that fire.
    targets, places
        By edge: neuron (counted over all that fire, or over all readouts) and place of its weight.
    """

    first: np.ndarray
    tau_m: np.ndarray
    tau_s: np.ndarray
    cm: np.ndarray
    theta: np.ndarray
    rate: float
    sources: np.ndarray
    edges: np.ndarray
    readout: np.ndarray
    targets: np.ndarray
    places: np.ndarray


class Log(NamedTuple):
    """What happened in a trial, in order, but that arrivals at readouts stand where they were sent.

    Attributes
    ----------
    times
        ms.
    groups
        Of an arrival, its group; -1 - neuron for a spike.
    spikes
        Of an arrival, the spike that it comes from (-1: an input); of a spike, its own number.
    currents
        nA, of spikes: I of the neuron at that time.
    """

    times: np.ndarray
    groups: np.ndarray
    spikes: np.ndarray
    currents: np.ndarray


@njit(**_KEPT)
def response(t, tau_m, tau_s, cm):  # type: ignore[no-untyped-def]
    """K(t), also where the time constants are close or equal."""
    d = 1.0 / tau_s - 1.0 / tau_m
    part = t if d == 0.0 else -math.expm1(-t * d) / d
    return math.exp(-t / tau_m) * part / cm


@njit(**_KEPT)
def peak(v, i, tau_m, tau_s, cm):  # type: ignore[no-untyped-def]
    """When V is greatest, for I above 0 and V rising at first; inf if it rises for ever."""
    d = 1.0 / tau_s - 1.0 / tau_m
    if d == 0.0:
        return tau_m - v * cm / i
    x = v * cm * d / i
    return (math.log1p(tau_m * d) - math.log1p(x)) / d if x > -1.0 else math.inf


@njit(**_KEPT)
def crossing(v, i, theta, span, tau_m, tau_s, cm):  # type: ignore[no-untyped-def]
    """When V first reaches theta from below within `span`; inf if it does not.

    V has at most one maximum, and up to it is concave, so Newton's method from the left never
    leaps too far; bisection guards it against rounding.
    """
    slope = i / cm - v / tau_m
    if v >= theta:
        return 0.0 if slope > 0.0 else math.inf
    if slope <= 0.0 or i <= 0.0:
        return math.inf
    high = min(span, peak(v, i, tau_m, tau_s, cm))
    if v * math.exp(-high / tau_m) + i * response(high, tau_m, tau_s, cm) < theta:
        return math.inf
    low, t = 0.0, 0.0
    for _ in range(200):
        value = v * math.exp(-t / tau_m) + i * response(t, tau_m, tau_s, cm)
        slope = i * math.exp(-t / tau_s) / cm - value / tau_m
        if value < theta:
            low = t
        else:
            high = t
        after = t + (theta - value) / slope if slope > 0.0 else math.inf
        if not low <= after <= high:
            after = 0.5 * (low + high)
        if abs(after - t) <= 4e-16 * (t + tau_s) or low == high:
            return after
        t = after
    return t


@njit(**_KEPT)
def reading(t, duration, rate, tau_m, tau_s, cm):  # type: ignore[no-untyped-def]
    """The integral of V(t') exp(-rate t') from t to the end, for V = 1 and for I = 1 at t."""
    left, scale = duration - t, math.exp(-rate * t)
    a, b = rate + 1.0 / tau_m, rate + 1.0 / tau_s
    of_v = -math.expm1(-a * left) / a
    if abs(a - b) > 1e-6 * b:
        of_i = (of_v + math.expm1(-b * left) / b) / (cm * (b - a))
    else:
        of_i = (1.0 / (a * a) - math.exp(-a * left) * (left / a + 1.0 / (a * a))) / cm
    return scale * of_v, scale * of_i


@njit(**_KEPT)
def _look_ahead(net, v, i, now, due, soon):  # type: ignore[no-untyped-def]
    """Which neurons spike until `due` if nothing arrives, and when: (ms, neuron), a heap."""
    soon.clear()
    for p in range(len(net.first) - 1):
        tau_m, tau_s, cm, theta = net.tau_m[p], net.tau_s[p], net.cm[p], net.theta[p]
        d = 1.0 / tau_s - 1.0 / tau_m
        top = tau_m if d == 0.0 else math.log1p(tau_m * d) / d
        most = response(min(due - now, top), tau_m, tau_s, cm)
        for j in range(net.first[p], net.first[p + 1]):
            if max(v[j], 0.0) + max(i[j], 0.0) * most >= theta:
                t = now + crossing(v[j], i[j], theta, due - now, tau_m, tau_s, cm)
                if t <= due:
                    heapq.heappush(soon, (t, j))


@njit(**_KEPT)
def _advance(net, v, i, at, last, now):  # type: ignore[no-untyped-def]
    """Take all states to `now`: from `last`, or from `at` where a neuron has spiked since."""
    for p in range(len(net.first) - 1):
        tau_m, tau_s, cm = net.tau_m[p], net.tau_s[p], net.cm[p]
        of_v, of_i = math.exp(-(now - last) / tau_m), math.exp(-(now - last) / tau_s)
        through = response(now - last, tau_m, tau_s, cm)
        for j in range(net.first[p], net.first[p + 1]):
            if at[j] == last:
                v[j] = v[j] * of_v + i[j] * through
                i[j] *= of_i
            else:
                span = now - at[j]
                v[j] = v[j] * math.exp(-span / tau_m) + i[j] * response(span, tau_m, tau_s, cm)
                i[j] *= math.exp(-span / tau_s)
            at[j] = now


@njit(**_KEPT)
def _arrive(net, g, t, duration, weights, i, read):  # type: ignore[no-untyped-def]
    """Add what a group brings."""
    r = net.readout[g]
    if r < 0:
        for e in range(net.edges[g], net.edges[g + 1]):
            i[net.targets[e]] += weights[net.places[e]]
        return
    _, effect = reading(t, duration, net.rate, net.tau_m[r], net.tau_s[r], net.cm[r])
    for e in range(net.edges[g], net.edges[g + 1]):
        read[net.targets[e]] += weights[net.places[e]] * effect


@njit(**_KEPT)
def _leave(net, source, t, spike, duration, weights, delays, i, read, queue, events):  # type: ignore[no-untyped-def]
    """Send a spike: what is read from a readout is known at once, the rest waits for its time."""
    for g in range(net.sources[source], net.sources[source + 1]):
        when = t + delays[g]
        if when >= duration:
            continue
        if net.readout[g] < 0:
            heapq.heappush(queue, (when, len(events) + len(queue), g, spike))
        else:
            _arrive(net, g, when, duration, weights, i, read)
            events.append((when, g, spike, 0.0))


@njit(**_KEPT)
def forward(net, weights, delays, when, who, duration, read, limit):  # type: ignore[no-untyped-def]
    """Run one trial.

    Parameters
    ----------
    net
        A `Layout`.
    weights, delays
        nA by place; ms by group.
    when, who
        Spikes of inputs: ms, and which source.
    duration
        ms.
    read
        By neuron of readouts, what is read is added to it.
    limit
        Spikes after which the trial is given up.

    Returns
    -------
    A `Log`, its last spike one beyond `limit` if the trial was given up.
    """
    n = net.first[-1]
    v, i, at, population = np.zeros(n), np.zeros(n), np.zeros(n), _populations(net)
    soon, events, queue = [(0.0, 0)], [(0.0, 0, 0, 0.0)], [(math.inf, 0, 0, 0)]
    soon.clear()
    for k in range(len(when)):
        _leave(net, who[k], when[k], -1, duration, weights, delays, i, read, queue, events)
    now, fired, seen = 0.0, 0, False
    while fired <= limit:
        due = min(queue[0][0], duration)
        if not seen and due > now:
            _look_ahead(net, v, i, now, due, soon)
            seen = True
        if seen and len(soon) > 0 and soon[0][0] <= due:
            t, j = heapq.heappop(soon)
            p = population[j]
            tau_m, tau_s, cm = net.tau_m[p], net.tau_s[p], net.cm[p]
            i[j] *= math.exp(-(t - at[j]) / tau_s)
            v[j], at[j] = 0.0, t
            events.append((t, -1 - j, fired, i[j]))
            _leave(net, j, t, fired, duration, weights, delays, i, read, queue, events)
            span = min(queue[0][0], duration) - t
            again = t + crossing(0.0, i[j], net.theta[p], span, tau_m, tau_s, cm)
            if again <= due:
                heapq.heappush(soon, (again, j))
            fired += 1
            continue
        if due >= duration:
            break
        _, _, g, spike = heapq.heappop(queue)
        if due > now:
            _advance(net, v, i, at, now, due)
            now = due
        _arrive(net, g, now, duration, weights, i, read)
        events.append((now, g, spike, 0.0))
        seen = False
    return Log(
        np.array([e[0] for e in events[1:]]), np.array([e[1] for e in events[1:]]),
        np.array([e[2] for e in events[1:]]), np.array([e[3] for e in events[1:]]),
    )  # fmt: skip


@njit(**_KEPT)
def _populations(net):  # type: ignore[no-untyped-def]
    """Population of each neuron."""
    made = np.zeros(net.first[-1], np.int64)
    for p in range(len(net.first) - 1):
        made[net.first[p] : net.first[p + 1]] = p
    return made


@njit(**_KEPT)
def backward(  # type: ignore[no-untyped-def]
    net, weights, log, duration, of_times, of_counts, of_read, floor, grad_weights, grad_delays
):
    """Gradients of one trial, added to `grad_weights` (by place) and `grad_delays` (by group).

    Parameters
    ----------
    of_times
        Derivative of the loss with respect to the time of each spike.
    of_counts
        What counting each spike puts on V just before it; no derivative, see `EventProp`.
    of_read
        Derivative with respect to what is read, by neuron of readouts.
    floor
        Slopes of V at a spike, as a share of theta/tau_m, below which nothing passes.
    """
    n = net.first[-1]
    a_v, a_i = np.zeros(n), np.zeros(n)
    shift = of_times.copy()
    population, now = _populations(net), duration
    for k in range(len(log.times) - 1, -1, -1):
        g, s, t = log.groups[k], log.spikes[k], log.times[k]
        if (g < 0 or net.readout[g] < 0) and t < now:
            _retreat(net, a_v, a_i, now - t)
            now = t
        if g >= 0:
            moved = _unarrive(net, g, t, duration, weights, a_v, a_i, of_read, grad_weights)
            grad_delays[g] += moved
            if s >= 0:
                shift[s] += moved
            continue
        j = -1 - g
        p = population[j]
        after = log.currents[k] / net.cm[p]
        slope = after - net.theta[p] / net.tau_m[p]
        if slope < floor * net.theta[p] / net.tau_m[p]:
            a_v[j] = 0.0
        else:
            a_v[j] = (after * a_v[j] - shift[s]) / slope
        a_v[j] += of_counts[s]


@njit(**_KEPT)
def _retreat(net, a_v, a_i, span):  # type: ignore[no-untyped-def]
    for p in range(len(net.first) - 1):
        of_v, of_i = math.exp(-span / net.tau_m[p]), math.exp(-span / net.tau_s[p])
        through = response(span, net.tau_m[p], net.tau_s[p], net.cm[p])
        for j in range(net.first[p], net.first[p + 1]):
            a_i[j] = through * a_v[j] + of_i * a_i[j]
            a_v[j] *= of_v


@njit(**_KEPT)
def _unarrive(  # type: ignore[no-untyped-def]
    net, g, t, duration, weights, a_v, a_i, of_read, grad_weights
):
    """Weights' gradients of an arrival; returns that of its time."""
    r = net.readout[g]
    moved = 0.0
    if r >= 0:
        at_v, at_i = reading(t, duration, net.rate, net.tau_m[r], net.tau_s[r], net.cm[r])
        for e in range(net.edges[g], net.edges[g + 1]):
            grad = of_read[net.targets[e]]
            grad_weights[net.places[e]] += grad * at_i
            moved += weights[net.places[e]] * grad
        return moved * (at_i / net.tau_s[r] - at_v / net.cm[r])
    p = 0
    while net.first[p + 1] <= net.targets[net.edges[g]]:
        p += 1
    of_i, of_v = 1.0 / net.tau_s[p], 1.0 / net.cm[p]
    for e in range(net.edges[g], net.edges[g + 1]):
        j = net.targets[e]
        grad_weights[net.places[e]] += a_i[j]
        moved += weights[net.places[e]] * (a_i[j] * of_i - a_v[j] * of_v)
    return moved
