"""Xylo's step in 16-bit integers: spikes are added one by one, each addition saturates.

Bos and Muir 2022, arXiv:2208.12991; equal to XyloSim 0.1.3 bit for bit (first family of devices).
The order of additions matters where a current is near the end of its range: input channels, then
the hidden neurons of the last step, each in ascending order.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit

__all__ = ["add_spikes", "update"]


@njit(cache=True, nogil=True)
def _saturated(x: int) -> int:
    return int(min(max(x, -32768), 32767))


@njit(cache=True, nogil=True)
def add_spikes(spikes: np.ndarray, weights: np.ndarray, currents: np.ndarray) -> None:
    """Add weights to currents, source by source, spike by spike.

    Parameters
    ----------
    spikes
        Number of each source, int64[sources].
    weights
        Shifted already, int64[sources, targets, synapses].
    currents
        Changed in place, int64[targets, synapses].
    """
    for i in range(len(spikes)):
        for _ in range(spikes[i]):
            for j in range(weights.shape[1]):
                for k in range(weights.shape[2]):
                    if weights[i, j, k]:
                        currents[j, k] = _saturated(currents[j, k] + weights[i, j, k])


@njit(cache=True, nogil=True)
def _decayed(x: int, shift: int) -> int:
    lost = x >> shift
    if lost == 0 and x > 0:
        lost = 1
    return x - lost


@njit(cache=True, nogil=True)
def update(
    v: np.ndarray,
    currents: np.ndarray,
    leak: np.ndarray,
    leaks: np.ndarray,
    theta: np.ndarray,
    most: int,
    spikes: np.ndarray,
) -> None:
    """Decay, integrate and fire; `v`, `currents` and `spikes` (numbers) are changed in place."""
    for j in range(len(v)):
        v[j] = _decayed(v[j], leak[j])
        total = v[j]
        for k in range(currents.shape[1]):
            currents[j, k] = _decayed(currents[j, k], leaks[j, k])
            total += currents[j, k]
        v[j] = _saturated(total)
        spikes[j] = 0
        while v[j] >= theta[j] and spikes[j] < most:
            spikes[j] += 1
            v[j] -= theta[j]
