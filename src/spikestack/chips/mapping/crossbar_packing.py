"""Neurons dealt out to cores that have as many axons as neurons."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...numerics.compiling import njit

__all__ = ["counted", "pack", "slots_of"]


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


def counted(core: np.ndarray) -> np.ndarray:
    """Number of each among those of its core, in their order."""
    order = np.argsort(core, kind="stable")
    made = np.empty(len(core), np.int64)
    made[order] = np.arange(len(core)) - np.searchsorted(core[order], core[order], side="left")
    return made


def slots_of(core_of: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Places of neurons in their cores, one population after the other."""
    together = np.concatenate([*core_of.values(), np.zeros(0, np.int64)])
    number, at, made = counted(together), 0, {}
    for name, of in core_of.items():
        made[name] = number[at : at + len(of)]
        at += len(of)
    return made
