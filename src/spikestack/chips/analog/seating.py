"""Neurons on circuits, and their sources on rows of synapses.

A core is a block of circuits, each with a column of synapses. A row of synapses is one sign, and
carries the events of as many sources as a label can tell apart; each synapse listens to one of
them. A neuron of several circuits has as many synapses in every row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.compiling import njit

__all__ = ["Seats", "Wires", "seat", "wire"]


@dataclass(frozen=True)
class Seats:
    """Where neurons sit.

    Attributes
    ----------
    starts
        Circuits of neuron i are ``circuits[starts[i] : starts[i + 1]]`` (int64).
    circuits
        Their numbers, core after core (int64).
    core
        Of each neuron (int64).
    """

    starts: np.ndarray
    circuits: np.ndarray
    core: np.ndarray

    @property
    def merged(self) -> np.ndarray:
        """How many circuits each neuron has."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class Wires:
    """Which synapse each edge takes.

    Attributes
    ----------
    row
        In its core; -1 where there was no room (int64[edges]).
    member
        Which of the target's circuits (int64[edges]).
    rows, labels
        By core: rows in use, and the most labels on one of them.
    """

    row: np.ndarray
    member: np.ndarray
    rows: np.ndarray
    labels: np.ndarray


def seat(wanted: np.ndarray, usable: np.ndarray, per_core: int) -> Seats | None:
    """Give every neuron circuits of one core, in order; None if they do not suffice.

    Parameters
    ----------
    wanted
        How many each neuron needs (int64).
    usable
        Which circuits may be used (bool), core after core.
    per_core
        Circuits of a core.
    """
    cores = len(usable) // per_core
    free = [c * per_core + np.flatnonzero(usable[c * per_core :][:per_core]) for c in range(cores)]
    taken, core, at = [np.zeros(0, np.int64)], np.zeros(len(wanted), np.int64), 0
    used = 0
    for i, needs in enumerate(wanted):
        while at < cores and used + needs > len(free[at]):
            at, used = at + 1, 0
        if at == cores:
            return None
        taken.append(free[at][used : used + needs])
        core[i], used = at, used + needs
    starts = np.concatenate([[0], np.cumsum(wanted)]).astype(np.int64)
    return Seats(starts, np.concatenate(taken), core)


def wire(
    seats: Seats, events: np.ndarray, target: np.ndarray, inhibits: np.ndarray, rows: int, most: int
) -> Wires:
    """Give every edge a synapse.

    Parameters
    ----------
    seats
        Where neurons sit.
    events
        What each edge listens to: edges of one number get the same events (int64).
    target
        Neuron that it goes to (int64).
    inhibits
        Whether it is inhibitory (bool).
    rows
        Of a core.
    most
        Labels on a row.
    """
    core = seats.core[target]
    size = int(events.max(initial=-1)) + 1
    # Edges of a group stand on one row: same core, events and sign, and no target twice.
    order = np.lexsort((target, inhibits, events, core))
    key = np.stack([core[order], events[order], inhibits[order], target[order]])
    new = np.ones(len(order), bool)
    new[1:] = (key[:, 1:] != key[:, :-1]).any(0)
    first = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    again = np.arange(len(order)) - first
    groups = ((core[order] * size + events[order]) * 2 + inhibits[order]) * (
        int(again.max(initial=0)) + 1
    ) + again
    _, group = np.unique(groups, return_inverse=True)
    row, member = np.full(len(order), -1, np.int64), np.zeros(len(order), np.int64)
    cores = int(seats.core.max(initial=0)) + 1
    in_use, labels = np.zeros(cores, np.int64), np.zeros(cores, np.int64)
    for c in range(cores):
        here = np.flatnonzero(core[order] == c)
        neurons = np.flatnonzero(seats.core == c)
        _, number = np.unique(group[here], return_inverse=True)
        by = np.argsort(number, kind="stable")
        count = np.bincount(number)
        begins = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        local = np.searchsorted(neurons, target[order][here][by])
        sign = inhibits[order][here][by]
        # The widest first: they need the emptiest rows.
        turn = np.argsort(-count, kind="stable")
        found = _first_fit(
            turn, begins, local, sign, seats.merged[neurons], np.int64(rows), np.int64(most)
        )
        row[here[by]], member[here[by]] = found[0], found[1]
        in_use[c], labels[c] = (found[2] > 0).sum(), found[2].max(initial=0)
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return Wires(row[back], member[back], in_use, labels)


@njit(cache=True, nogil=True)
def _first_fit(
    turn: np.ndarray,
    begins: np.ndarray,
    local: np.ndarray,
    sign: np.ndarray,
    merged: np.ndarray,
    rows: int,
    most: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    used = np.zeros((rows, len(merged)), np.int64)
    held, signs = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    row, member = np.full(len(local), -1, np.int64), np.zeros(len(local), np.int64)
    for g in turn:
        a, b = begins[g], begins[g + 1]
        wanted = 2 if sign[a] else 1
        for r in range(rows):
            if held[r] >= most or (signs[r] != 0 and signs[r] != wanted):
                continue
            fits = True
            for e in range(a, b):
                if used[r, local[e]] >= merged[local[e]]:
                    fits = False
                    break
            if fits:
                for e in range(a, b):
                    row[e], member[e] = r, used[r, local[e]]
                    used[r, local[e]] += 1
                held[r] += 1
                signs[r] = wanted
                break
    return row, member, held
