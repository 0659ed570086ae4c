"""Hair cells release transmitter, fibres fire, and bushy cells add them up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit
from ...numerics.random import stream_key
from ...numerics.random_compiled import hash32, step_words

__all__ = ["BushyCells"]

#: Meddis 1986, 1988: replenishment, release, loss, reuptake, reprocessing (per s), the two levels
#: of permeability, spikes per second for the cleft's content, and transmitter in all.
_Y, _G, _L, _R, _X, _A, _B, _H, _M = 5.05, 2000.0, 2500.0, 6580.0, 66.3, 5.0, 300.0, 50e3, 1.0
#: Fibres of a channel, ms they rest; a bushy cell's ms of membrane, synapses and rest, and weight.
_FIBRES, _FIBRE_REST = 40, 1.0
_MEMBRANE, _SYNAPSE, _REST, _WEIGHT = 1.0, 0.5, 1.0, 13e3
#: Seconds of a step for which the weight was chosen.
_STEP = 1.0 / 24e3


class BushyCells:
    """Membrane velocity to spikes: a hair cell, 40 fibres and a bushy cell for each channel.

    A hair cell's transmitter moves between a pool, the cleft and a store (Meddis); what is in the
    cleft is the rate at which each of 40 fibres fires, none within 1 ms of its last spike. How many
    fire in a step is drawn at once, from the binomial distribution of those that do not rest: a
    function of the seed, the step and the channel. A leaky integrate-and-fire neuron adds them up.

    Parameters
    ----------
    channels
        How many.
    rate
        Steps per second.
    seed
        Of the fibres' spikes.
    """

    def __init__(self, channels: int, rate: float, seed: int) -> None:
        dt = 1.0 / rate
        self._hair = np.array([_Y, _G, _L + _R, _R, _X, _H]) * dt
        decays = np.exp(-1e3 * dt / _MEMBRANE), np.exp(-1e3 * dt / _SYNAPSE)
        # A spike brings as much charge as it did in steps of 1/24000 s.
        charge = _STEP / (1.0 - np.exp(-1e3 * _STEP / _SYNAPSE)) * (1.0 - decays[1])
        self._cell = np.array([*decays, _WEIGHT / _FIBRES * charge])
        self._rests = max(1, round(_FIBRE_REST / (1e3 * dt))), max(1, round(_REST / (1e3 * dt)))
        self._key, self._channels = stream_key(seed, "lauscher", "fibres"), channels
        self.reset()

    def reset(self) -> None:
        """Back to silence, which fibres are used to."""
        channels, fibre_rest = self._channels, self._rests[0]
        opened = _G * _A / (_A + _B)
        cleft = _M * _Y * opened / (_L * opened + _Y * (_L + _R))
        levels = np.array([cleft * (_L + _R) / opened, cleft, cleft * _R / _X, 0.0, 0.0])
        self._levels = np.repeat(levels[:, None], channels, axis=1)
        self._left = np.zeros(channels, np.int32)
        self._free = np.full(channels, _FIBRES, np.int32)
        self._fired = np.zeros((fibre_rest, channels), np.int32)

    def fire(
        self, velocity: np.ndarray, first: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """Steps and channels of spikes evoked by velocities (steps, channels) from a step on."""
        most = velocity.size // (self._rests[1] + 1) + self._channels + 1
        steps, units = np.empty(most, np.int64), np.empty(most, np.uint32)
        states = (self._levels, self._left, self._free, self._fired)
        facts = (self._hair, self._cell, self._rests[1], self._key)
        count = _fire(velocity, first, states, facts, steps, units)
        return steps[:count], units[:count]


@njit(cache=True, error_model="numpy")
def _fire(velocity: Any, first: int, states: Any, facts: Any, steps: Any, units: Any) -> int:
    levels, left, free, fired = states
    hair, cell, rest, key = facts
    membrane, current = levels[3], levels[4]
    channels, found = velocity.shape[1], 0
    chance, drawn = np.empty(channels), np.empty(channels, np.uint32)
    for n in range(velocity.shape[0]):
        k0, k1 = step_words(key, first + n)
        _release(velocity[n], levels, hair, chance)
        _draw(k0, k1, drawn)
        _count(chance, drawn, free, fired[(first + n) % len(fired)])
        spiked = _integrate(fired[(first + n) % len(fired)], membrane, current, left, cell)
        if spiked:
            for c in range(channels):
                if membrane[c] >= 1.0:
                    steps[found], units[found] = n, c
                    found += 1
                    membrane[c], left[c] = 0.0, rest
    return found


@njit(cache=True, error_model="numpy")
def _release(velocity: Any, levels: Any, hair: Any, chance: Any) -> None:
    """A step of the hair cells; the chance that a fibre fires."""
    y, g, lost, reuptake, x, h = hair
    pool, cleft, store = levels[0], levels[1], levels[2]
    for c in range(len(velocity)):
        pushed = max(np.float64(velocity[c]) + _A, 0.0)
        q, w, t = pool[c], store[c], cleft[c]
        ejected = g * pushed / (pushed + _B) * q
        back = x * w
        pool[c] = max(q + y * max(_M - q, 0.0) - ejected + back, 0.0)
        t_new = max(t + ejected - lost * t, 0.0)
        store[c] = max(w + reuptake * t - back, 0.0)
        cleft[c] = t_new
        chance[c] = min(h * t_new, 1.0)


@njit(cache=True, error_model="numpy")
def _draw(k0: Any, k1: Any, drawn: Any) -> None:
    for c in range(len(drawn)):
        drawn[c] = hash32(np.uint32(c), k0, k1)


@njit(cache=True, error_model="numpy")
def _count(chance: Any, drawn: Any, free: Any, fired: Any) -> None:
    """How many fibres fire; `fired` holds those whose rest is over."""
    for c in range(len(chance)):
        free[c] += fired[c]
        fired[c] = 0
    for c in range(len(chance)):
        # (1 - p)^n >= 1 - n p: mostly none fires, and this is known at once.
        u = (np.float64(drawn[c]) + 0.5) * 2.0**-32
        if u >= 1.0 - free[c] * chance[c]:
            fired[c] = _binomial(u, free[c], chance[c])
            free[c] -= fired[c]


@njit(cache=True, error_model="numpy")
def _binomial(u: float, n: int, p: float) -> int:
    """The quantile of the binomial distribution, by adding up from 0."""
    if p >= 1.0:
        return n
    mass, base, power = 1.0, 1.0 - p, n
    while power:
        if power & 1:
            mass *= base
        base *= base
        power >>= 1
    odds, total, k = p / (1.0 - p), mass, 0
    while u >= total and k < n:
        mass *= odds * (n - k) / (k + 1)
        total += mass
        k += 1
    return k


@njit(cache=True, error_model="numpy")
def _integrate(fired: Any, membrane: Any, current: Any, left: Any, cell: Any) -> bool:
    """A step of the bushy cells; whether one reaches its threshold, 1."""
    keep, hold, weight = cell
    most = 0.0
    for c in range(len(fired)):
        current[c] = current[c] * hold + fired[c]
        awake = left[c] <= 0
        membrane[c] = membrane[c] * keep + (current[c] * weight if awake else 0.0)
        left[c] -= 0 if awake else 1
        most = max(most, membrane[c])
    return most >= 1.0
