"""Xylo's step in 16-bit integers: spikes are added one by one, each addition saturates.

Bos and Muir 2022, arXiv:2208.12991; equal to XyloSim 0.1.3 bit for bit (first family of devices).
The order of additions matters where a current is near the end of its range: input channels, then
the hidden neurons of the last step, each in ascending order.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit

__all__ = ["add_spikes", "run", "update", "update_second"]


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


@njit(cache=True, nogil=True)
def update_second(
    v: np.ndarray,
    currents: np.ndarray,
    leak: np.ndarray,
    leaks: np.ndarray,
    theta: np.ndarray,
    most: int,
    spikes: np.ndarray,
) -> None:
    """As `update`, where the change of a potential saturates by itself; without biases.

    By the maker's equations for the second family of devices; compared with no simulator.
    """
    for j in range(len(v)):
        change = _decayed(v[j], leak[j]) - v[j]
        for k in range(currents.shape[1]):
            currents[j, k] = _decayed(currents[j, k], leaks[j, k])
            change += currents[j, k]
        v[j] = _saturated(v[j] + _saturated(change))
        spikes[j] = 0
        while v[j] >= theta[j] and spikes[j] < most:
            spikes[j] += 1
            v[j] -= theta[j]


@njit(cache=True, nogil=True)
def run(
    given: np.ndarray,
    w_in: np.ndarray,
    w_rec: np.ndarray,
    w_out: np.ndarray,
    leak: np.ndarray,
    leaks: np.ndarray,
    theta: np.ndarray,
    leak_out: np.ndarray,
    leaks_out: np.ndarray,
    theta_out: np.ndarray,
    alias: np.ndarray,
    second: bool,
    hidden: np.ndarray,
    out: np.ndarray,
    v_hidden: np.ndarray,
    v_out: np.ndarray,
) -> int:
    """Run all steps of a network: inputs, recurrent hidden neurons, readout.

    Parameters
    ----------
    given
        Numbers of input spikes, int64[steps, channels]; at most 15 count.
    w_in, w_rec, w_out
        Shifted already, int64[sources, targets, synapses].
    leak, leaks, theta, leak_out, leaks_out, theta_out
        Shifts of decays and thresholds, of hidden neurons and of outputs.
    alias
        For each hidden neuron another that sends its spikes along with its own, or -1.
    second
        Whether devices of the second family are meant.
    hidden, out, v_hidden, v_out
        Filled: spikes and potentials, int64[steps, neurons].

    Returns
    -------
    int
        Input spikes that were too many.
    """
    steps, n, outputs = len(given), len(theta), len(theta_out)
    currents, currents_out = np.zeros(leaks.shape, np.int64), np.zeros(leaks_out.shape, np.int64)
    v, o = np.zeros(n, np.int64), np.zeros(outputs, np.int64)
    spikes, spikes_out = np.zeros(n, np.int64), np.zeros(outputs, np.int64)
    before, taken, lost = np.zeros(n, np.int64), np.zeros(given.shape[1], np.int64), 0
    for t in range(steps):
        for k in range(given.shape[1]):
            taken[k] = min(given[t, k], 15)
            lost += given[t, k] - taken[k]
        before[:] = spikes
        for j in range(n):
            if alias[j] >= 0:
                before[alias[j]] = min(before[alias[j]] + spikes[j], 31)
        add_spikes(taken, w_in, currents)
        add_spikes(before, w_rec, currents)
        add_spikes(before, w_out, currents_out)
        if second:
            update_second(v, currents, leak, leaks, theta, 31, spikes)
            update_second(o, currents_out, leak_out, leaks_out, theta_out, 1, spikes_out)
        else:
            update(v, currents, leak, leaks, theta, 31, spikes)
            update(o, currents_out, leak_out, leaks_out, theta_out, 1, spikes_out)
        hidden[t], out[t] = spikes, spikes_out
        v_hidden[t], v_out[t] = v, o
    return lost
