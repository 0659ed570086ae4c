"""Copies of neurons that have several destinations, where a neuron can have one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.compiling import njit

__all__ = ["Copies", "copies_for"]


@dataclass(frozen=True)
class Copies:
    """Who is copied, and where copies are.

    Attributes
    ----------
    of
        Neuron that each copy copies, ascending, int64 (copies).
    core
        Core of each.
    axons
        Axon entry that each sends to; -1 for one that sends to the host.
    cores
        Number of cores, those added for copies included.
    """

    of: np.ndarray
    core: np.ndarray
    axons: np.ndarray
    cores: int


def copies_for(
    inside: int,
    parts: np.ndarray,
    axon_core: np.ndarray,
    axon_source: np.ndarray,
    hosted: np.ndarray,
    room: tuple[int, int],
) -> Copies:
    """A copy for every destination of neurons that have more than one.

    A neuron's copies are on one core, its own if there is room, so that one axon reaches them.

    Parameters
    ----------
    inside
        Number of the chip's neurons.
    parts
        Core of each.
    axon_core, axon_source
        Of every axon, where it is, and the neuron that sends to it.
    hosted
        To how many readouts of the host each neuron sends.
    room
        Axons and neurons of a core.
    """
    own = np.flatnonzero(axon_source < inside)
    sends = np.bincount(axon_source[own], minlength=inside) + hosted
    many = np.flatnonzero(sends > 1)
    cores = int(parts.max(initial=-1)) + 1
    used_axons = np.bincount(axon_core, minlength=cores)
    used_neurons = np.bincount(parts, minlength=cores)
    where, cores = _spread(
        parts[many], sends[many], used_axons, used_neurons, np.array(room, np.int64)
    )
    copied = np.isin(axon_source[own], many)
    to = np.concatenate([own[copied], np.full(int(hosted[many].sum()), -1)])
    of = np.concatenate([axon_source[own][copied], np.repeat(many, hosted[many])])
    order = np.argsort(of, kind="stable")
    of, to = of[order], to[order]
    core = where[np.searchsorted(many, of)] if len(many) else np.zeros(0, np.int64)
    return Copies(of, core, to, int(cores))


@njit(cache=True, nogil=True)
def _spread(
    own: np.ndarray, copies: np.ndarray, axons: np.ndarray, neurons: np.ndarray, room: np.ndarray
) -> tuple[np.ndarray, int]:
    """Core of each neuron's copies, and how many cores there are then."""
    where = np.empty(len(own), np.int64)
    cores, last_axons, last_neurons = len(axons), room[0], room[1]
    for i in range(len(own)):
        c = own[i]
        if axons[c] < room[0] and neurons[c] + copies[i] <= room[1]:
            axons[c] += 1
            neurons[c] += copies[i]
            where[i] = c
            continue
        if last_axons >= room[0] or last_neurons + copies[i] > room[1]:
            cores += 1
            last_axons = last_neurons = 0
        last_axons += 1
        last_neurons += copies[i]
        where[i] = cores - 1
    return where, cores
