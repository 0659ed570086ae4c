"""Neurons dealt out to cores that have as many axons as neurons."""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit

__all__ = ["pack"]


@njit(cache=True, nogil=True)
def pack(
    starts: np.ndarray,
    keys: np.ndarray,
    users_from: np.ndarray,
    users: np.ndarray,
    axons: int,
    neurons: int,
) -> np.ndarray:
    """Fill one core after the other: next comes who shares most axons with those who are there.

    Parameters
    ----------
    starts, keys
        Axons that each neuron needs: ``keys[starts[i]:starts[i + 1]]``, int64; `axons` at most.
    users_from, users
        Neurons that need each axon, int64.
    axons, neurons
        Of a core.

    Returns
    -------
    numpy.ndarray
        Core of each neuron, int64.
    """
    count = len(starts) - 1
    core = np.full(count, -1, np.int64)
    here = np.full(len(users_from) - 1, -1, np.int64)
    fresh = np.empty(count, np.int64)
    left, first, number = count, 0, 0
    while left:
        while core[first] >= 0:
            first += 1
        for i in range(first, count):
            fresh[i] = starts[i + 1] - starts[i]
        held, used, pick = 0, 0, first
        while pick >= 0:
            core[pick] = number
            left -= 1
            held += 1
            for k in keys[starts[pick] : starts[pick + 1]]:
                if here[k] != number:
                    here[k] = number
                    used += 1
                    for u in users[users_from[k] : users_from[k + 1]]:
                        fresh[u] -= 1
            pick, most, least = -1, -1, 1 << 60
            if held == neurons:
                break
            for i in range(first, count):
                if core[i] >= 0 or used + fresh[i] > axons:
                    continue
                shared = starts[i + 1] - starts[i] - fresh[i]
                if shared > most or (shared == most and fresh[i] < least):
                    pick, most, least = i, shared, fresh[i]
        number += 1
    return core
