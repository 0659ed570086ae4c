"""Which cores hold targets of each neuron: counted in one pass, whatever the number of synapses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.compiling import njit

__all__ = ["Contacts", "contacts_of"]


@dataclass(frozen=True)
class Contacts:
    """The cores that each neuron sends to.

    Attributes
    ----------
    starts
        Those of neuron i are ``to[starts[i]:starts[i + 1]]`` (int64).
    to
        Cores, ascending for each neuron (int32).
    synapses
        That a spike meets there, by kind, int32[contacts, kinds].
    """

    starts: np.ndarray
    to: np.ndarray
    synapses: np.ndarray

    @property
    def source(self) -> np.ndarray:
        """The neuron of each contact (int64)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def contacts_of(
    pre: np.ndarray, to: np.ndarray, neurons: int, cores: int, kind: np.ndarray | None = None,
    kinds: int = 1,
) -> Contacts:  # fmt: skip
    """Gather synapses by source and core.

    Parameters
    ----------
    pre, to
        Neuron that each comes from, core that it is on.
    neurons, cores
        How many there are.
    kind, kinds
        What each synapse is counted as, and how many kinds there are.
    """
    kind = np.zeros(0, np.int8) if kind is None else kind.astype(np.int8)
    return Contacts(*_contacts(pre, to, neurons, cores, kind, kinds))


@njit(cache=True, nogil=True)
def _contacts(
    pre: np.ndarray, to: np.ndarray, neurons: int, cores: int, kind: np.ndarray, kinds: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    begins = np.zeros(neurons + 1, np.int64)
    for i in pre:
        begins[i + 1] += 1
    for i in range(neurons):
        begins[i + 1] += begins[i]
    at = begins[:-1].copy()
    cores_of, kinds_of = np.empty(len(pre), np.int32), np.zeros(len(kind), np.int8)
    for k in range(len(pre)):
        cores_of[at[pre[k]]] = to[k]
        if len(kind):
            kinds_of[at[pre[k]]] = kind[k]
        at[pre[k]] += 1
    starts = np.zeros(neurons + 1, np.int64)
    last, place = np.full(cores, -1, np.int64), np.empty(cores, np.int64)
    for i in range(neurons):
        starts[i + 1] = starts[i]
        for k in range(begins[i], begins[i + 1]):
            if last[cores_of[k]] != i:
                last[cores_of[k]] = i
                starts[i + 1] += 1
    made = np.empty(starts[neurons], np.int32)
    synapses = np.zeros((starts[neurons], kinds), np.int32)
    last[:] = -1
    for i in range(neurons):
        n = starts[i]
        for k in range(begins[i], begins[i + 1]):
            c = cores_of[k]
            if last[c] != i:
                last[c], made[n] = i, c
                n += 1
        made[starts[i] : n].sort()
        for p in range(starts[i], n):
            place[made[p]] = p
        for k in range(begins[i], begins[i + 1]):
            synapses[place[cores_of[k]], kinds_of[k] if len(kind) else 0] += 1
    return starts, made, synapses
