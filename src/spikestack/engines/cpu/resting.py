"""Neurons at rest: blocks of neurons whose states no longer change are not computed.

Every so many steps, a block's states are compared with what they were before the step. If no bit
has changed, nothing arrived, nobody is refractory and nobody spiked, then no step without arrivals
can change them: the block is skipped until something arrives. This leaves every bit as it would
be. With ``lazy=True`` a block rests already when no state has moved by more than a millionth of
the largest magnitude that it has had, neither in that step nor since the last look; what it would
still have moved is lost.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import carray, float32, float64, int32, int64, uint8

from ...numerics.compiling import njit
from ...program.program import PopulationProgram
from .aligned import aligned
from .intrinsics import pointer

__all__ = ["BLOCK", "CHUNK", "N_FACTS", "is_due", "next_run", "remember", "resting_facts", "settle"]

#: Neurons that rest together; neurons that are computed in one vectorised loop.
BLOCK, CHUNK = 128, 1024
#: Steps between two looks.
_EVERY = 64
#: Share of the largest magnitude by which a state at rest may still move, if lazy.
_STILL = 1e-6
#: Facts of a population: steps so far; addresses of what blocks are quiet, whether they have fired,
#: whether something arrives, of room for the states of a chunk, of states at the last look (0 if
#: not lazy) and of their largest magnitudes; numbers of states and receptors, bytes of a number,
#: neurons, whether there are refractory counters, how many blocks rested at the last look.
TICK, QUIET, FIRED, BUSY, ROOM, LAST, PEAK, STATES, RECEPTORS, SIZE, NEURONS, COUNTERS = range(12)
ASLEEP, N_FACTS = 12, 13
#: Places in a kernel's table of the facts, the counters and the first state.
_FACTS, _COUNTER, _FIRST = 5, 3, 7

_to_int32, _to_int64, _to_uint8 = pointer(int32), pointer(int64), pointer(uint8)
_to_float32, _to_float64 = pointer(float32), pointer(float64)


def resting_facts(
    population: PopulationProgram, dtype: type, quiet: np.ndarray, lazy: bool
) -> list[np.ndarray]:
    """The facts of one population (int64), and the arrays that they have addresses of."""
    states, n = len(population.states), population.size
    arrays = {
        QUIET: quiet,
        FIRED: np.zeros(len(quiet) + CHUNK // BLOCK, np.uint8),
        BUSY: np.zeros(CHUNK // BLOCK, np.uint8),
        ROOM: aligned((max(1, states) * CHUNK,), dtype),
    }
    if lazy:
        arrays[LAST] = np.full((states, n), np.inf, dtype)
        arrays[PEAK] = np.zeros((states, n // BLOCK + 2))
    facts = np.zeros(N_FACTS, dtype=np.int64)
    for place, array in arrays.items():
        facts[place] = array.ctypes.data
    size, counters = np.dtype(dtype).itemsize, population.n_ref is not None
    facts[STATES:ASLEEP] = (states, len(population.receptors), size, n, counters)
    return [facts, *arrays.values()]


@njit(cache=True)
def _facts(t):
    return carray(_to_int64(t[_FACTS]), N_FACTS)


@njit(cache=True, error_model="numpy")
def _any(address, count):
    """Whether one of so many 32-bit words is not zero."""
    found, words = np.int32(0), carray(_to_int32(address), count)
    for j in range(count):
        found |= words[j]
    return found != 0


@njit(cache=True, error_model="numpy")
def _arrives(f, inputs, offset, m, width):
    size = f[SIZE]
    for r in range(f[RECEPTORS]):
        if _any(inputs + size * (r * width + offset), m * size // 4):
            return True
    return False


@njit(cache=True, error_model="numpy")
def next_run(t, base, low, high, inputs, width):
    """The next neurons to compute from `base` on: the first and their number, 0 at the end."""
    f = _facts(t)
    if f[ASLEEP] == 0 and f[TICK] % _EVERY != 0:
        return base, min(CHUNK, high - base)
    quiet = carray(_to_uint8(f[QUIET]), (high - low) // BLOCK + 1)
    while base < high:
        m = min(BLOCK, high - base)
        if quiet[(base - low) // BLOCK] != 0:
            if not _arrives(f, inputs, base - low, m, width):
                f[ASLEEP] += f[TICK] % _EVERY == 0
                base += m
                continue
            quiet[(base - low) // BLOCK] = 0
        while m < CHUNK and base + m < high and quiet[(base + m - low) // BLOCK] == 0:
            m = min(m + BLOCK, high - base)
        return base, m
    return base, 0


@njit(cache=True, error_model="numpy")
def is_due(t):
    """Count a step; whether it is one to look."""
    f = _facts(t)
    f[TICK] += 1
    if f[TICK] % _EVERY != 0:
        return False
    f[ASLEEP] = 0
    return True


@njit(cache=True, error_model="numpy")
def remember(t, base, m, low, inputs, width):
    """Keep the states of a run of neurons, and which of its blocks something arrives at."""
    f = _facts(t)
    size, busy = f[SIZE], carray(_to_uint8(f[BUSY]), CHUNK // BLOCK)
    for k in range(f[STATES]):
        count = m * size // 4
        now = carray(_to_int32(t[_FIRST + k] + size * base), count)
        kept = carray(_to_int32(f[ROOM] + size * CHUNK * k), count)
        for j in range(count):
            kept[j] = now[j]
    for b in range(0, m, BLOCK):
        arrives = _arrives(f, inputs, base + b - low, min(BLOCK, m - b), width)
        busy[b // BLOCK] = np.uint8(1) if arrives else np.uint8(0)


@njit(cache=True, error_model="numpy")
def settle(t, base, m, low):
    """After the step: send the blocks of a run to rest in which nothing moves any more."""
    f = _facts(t)
    blocks = (base - low) // BLOCK
    quiet = carray(_to_uint8(f[QUIET]), blocks + CHUNK // BLOCK + 1)
    fired = carray(_to_uint8(f[FIRED]), blocks + CHUNK // BLOCK + 1)
    busy = carray(_to_uint8(f[BUSY]), CHUNK // BLOCK)
    for b in range(0, m, BLOCK):
        n, block = min(BLOCK, m - b), blocks + b // BLOCK
        still = busy[b // BLOCK] == 0 and fired[block] == 0
        if f[COUNTERS] != 0 and _any(t[_COUNTER] + 4 * (base + b), n):
            still = False
        for k in range(f[STATES]):
            if f[LAST] != 0:
                still &= _hardly_moved(t, f, k, base + b, b, n, block)
            elif still:
                still = _same(t, f, k, base + b, b, n)
        quiet[block] = np.uint8(1) if still else np.uint8(0)
        f[ASLEEP] += still
        fired[block] = 0


@njit(cache=True, error_model="numpy")
def _same(t, f, k, first, at, n):
    size = f[SIZE]
    count = n * size // 4
    now = carray(_to_int32(t[_FIRST + k] + size * first), count)
    kept = carray(_to_int32(f[ROOM] + size * (CHUNK * k + at)), count)
    different = np.int32(0)
    for j in range(count):
        different |= now[j] ^ kept[j]
    return different == 0


@njit(cache=True, error_model="numpy")
def _hardly_moved(t, f, k, first, at, n, block):
    size, number = f[SIZE], f[NEURONS]
    peaks = carray(_to_float64(f[PEAK]), f[STATES] * (number // BLOCK + 2))
    place = k * (number // BLOCK + 2) + block
    now, kept = t[_FIRST + k] + size * first, f[ROOM] + size * (CHUNK * k + at)
    last = f[LAST] + size * (number * k + first)
    if size == 4:
        moved, peak = _moves(
            carray(_to_float32(now), n), carray(_to_float32(kept), n), carray(_to_float32(last), n)
        )
    else:
        moved, peak = _moves(
            carray(_to_float64(now), n), carray(_to_float64(kept), n), carray(_to_float64(last), n)
        )
    peaks[place] = max(peaks[place], peak)
    return moved <= _STILL * peaks[place]


@njit(cache=True, error_model="numpy")
def _moves(now, kept, last):
    """The greatest change in the step and since the last look, and the greatest magnitude."""
    moved = peak = 0.0
    for j in range(len(now)):
        x = np.float64(now[j])
        moved = max(moved, abs(x - kept[j]), abs(x - last[j]))
        peak = max(peak, abs(x))
        last[j] = now[j]
    return moved, peak
