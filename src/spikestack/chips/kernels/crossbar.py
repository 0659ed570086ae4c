"""Crossbar cores tick by tick, as they are loaded: TrueNorth's neuron with all of its chance.

Cassidy et al. 2013, IJCNN, doi:10.1109/IJCNN.2013.6707077. The chip's generator of random numbers
is not published; every draw here is a function of a key and of (tick, core, neuron, use), so that
nothing depends on the order in which neurons are computed.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit
from ...numerics.random_compiled import bits64

__all__ = ["PARAMETERS", "SLOTS", "advance"]

#: Of a neuron, in the order of columns.
PARAMETERS = (
    "leak", "leak_draws", "reversal", "theta", "beta", "kappa", "gamma", "v_reset", "mask",
    "includes",
)  # fmt: skip
#: Ticks that a spike can be in flight, this one included.
SLOTS = 16
_LOW, _HIGH = -(1 << 19), (1 << 19) - 1


@njit(cache=True, nogil=True)
def _drawn(key: np.uint64, neuron: int, tick: int, use: int) -> int:
    """18 random bits: of the leak (use 0), of the threshold (1), of axon a (2 + a)."""
    of = (np.uint64(tick) << np.uint64(36)) + (np.uint64(neuron) << np.uint64(12))
    return int(bits64(key, of + np.uint64(use)) >> np.uint64(46))


@njit(cache=True, nogil=True)
def _sign(x: int) -> int:
    return (x > 0) - (x < 0)


@njit(cache=True, nogil=True)
def _settled(v: int, p: np.ndarray, eta: int) -> tuple[int, bool]:
    """Potential after both thresholds, and whether the neuron fires."""
    theta, beta, kappa, gamma, back = p[3] + eta, p[4], p[5], p[6], p[7]
    if v >= theta:
        if gamma == 0:
            return back, True
        return (v - theta, True) if gamma == 1 else (v, True)
    # RANC may count the negative threshold itself as below.
    if v < -(beta + (0 if kappa else eta)) + p[9]:
        if kappa:
            return -beta, False
        if gamma == 0:
            return -back, False
        if gamma == 1:
            return v + beta + eta, False
    return v, False


@njit(cache=True, nogil=True)
def _arrived(slot: np.ndarray, first: int, axons: int, active: np.ndarray) -> int:
    """Write the axons of a core, whose first is given, that have a spike; return how many."""
    count = 0
    for a in range(axons):
        if slot[first + a]:
            active[count] = a
            count += 1
    return count


@njit(cache=True, nogil=True)
def _leaked(x: int, p: np.ndarray, key: np.uint64, neuron: int, tick: int) -> int:
    """Potential after the leak, which may be drawn and may turn with the potential's sign."""
    way = _sign(x) if p[2] else 1
    if not p[1]:
        x += way * p[0]
    elif abs(p[0]) >= _drawn(key, neuron, tick, 0) & 255:
        x += way * _sign(p[0])
    return min(max(x, _LOW), _HIGH)


@njit(cache=True, nogil=True)
def advance(
    begin: int, types: np.ndarray, synapses: np.ndarray, weights: np.ndarray, draws: np.ndarray,
    parameters: np.ndarray, to: np.ndarray, delays: np.ndarray, packets: np.ndarray,
    key: np.uint64, v: np.ndarray, slots: np.ndarray, raster: np.ndarray, events: np.ndarray,
) -> None:  # fmt: skip
    """Compute as many ticks as `raster` has rows.

    Parameters
    ----------
    begin
        Ticks computed before.
    types
        Of axons, int64[cores, axons], 0 to 3.
    synapses
        Whether there is one, bool[cores, axons, neurons].
    weights, draws
        By type of axon: the weight (int64[cores, neurons, 4]), and whether it is drawn (bool).
    parameters
        int64[cores, neurons, PARAMETERS].
    to, delays
        Of each neuron, the axon that it sends to, counted through all cores (-1: nowhere), and
        after how many ticks (1 to 15); int64[cores, neurons].
    packets
        From outside: tick and axon, ascending, int64[packets, 2].
    key
        Of random draws.
    v, slots
        State, changed in place: int64[cores, neurons], and bool[SLOTS, cores * axons] of what is
        in flight.
    raster, events
        Filled: who fires, bool[ticks, cores * neurons]; synapses that were active in each core,
        int64[ticks, cores].
    """
    cores, axons, neurons = synapses.shape
    active, at = np.empty(axons, np.int64), 0
    for row in range(len(raster)):
        tick = begin + row
        slot = slots[tick % SLOTS]
        while at < len(packets) and packets[at, 0] <= tick:
            if packets[at, 0] == tick:
                slot[packets[at, 1]] = True
            at += 1
        for c in range(cores):
            count = _arrived(slot, c * axons, axons, active)
            for j in range(neurons):
                p, x, n = parameters[c, j], v[c, j], c * neurons + j
                for k in range(count):
                    a = active[k]
                    if synapses[c, a, j]:
                        events[row, c] += 1
                        s = weights[c, j, types[c, a]]
                        if not draws[c, j, types[c, a]]:
                            x += s
                        elif abs(s) >= _drawn(key, n, tick, 2 + a) & 255:
                            x += _sign(s)
                x = _leaked(min(max(x, _LOW), _HIGH), p, key, n, tick)
                eta = _drawn(key, n, tick, 1) & p[8] if p[8] else 0
                v[c, j], fires = _settled(x, p, eta)
                raster[row, n] = fires
                if fires and to[c, j] >= 0:
                    slots[(tick + delays[c, j]) % SLOTS, to[c, j]] = True
        slot[:] = False
