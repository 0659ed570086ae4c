"""What happened on a chip, counted exactly; prices come afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import UnknownNameError, ValidationError

__all__ = ["COUNTERS", "Ledger", "gathered"]

#: What is counted, and what one of it is.
COUNTERS: dict[str, str] = {
    "steps": "time steps",
    "accesses": "a neuron looked at in a step, whether anything was to be done or not",
    "idle updates": "a neuron looked at with nothing to be done",
    "driven updates": "a neuron computed: state, input or bias was not zero",
    "noise draws": "a random number drawn for a neuron",
    "spikes": "a neuron that fired",
    "dense events": "a spike at a synapse of a full matrix",
    "sparse events": "a spike at a synapse of a list",
    "convolutional events": "a spike at a synapse of a shared kernel",
    "synapse words": "a word of synaptic memory read",
    "messages in": "a packet that reached a core",
    "messages": "a packet that left a core",
    "hops east-west": "a packet over a link along a row",
    "hops north-south": "a packet over a link along a column",
    "hops between chips": "a packet over a link from chip to chip",
    "learning updates": "a synapse visited by the learning engine",
    "time references": "an event that lets all neurons of an event-driven core leak",
    "bistability events": "an event that lets all synapses drift to the nearer end",
    "barriers": "a synchronisation of all cores",
    "busy cores": "a core with anything to do in a step",
    "host words in": "a word written by the host",
    "host words out": "a word read by the host",
    "dropped": "a spike lost because a buffer was full",
    "sent again": "a packet that a router dropped and software sent once more",
    "saturations": "an input of a step that its buffer could not hold",
}


@dataclass(frozen=True)
class Ledger:
    """Counts of a run.

    Attributes
    ----------
    counts
        By name of `COUNTERS`, for each core (int64[cores]); what belongs to no core is counted for
        the first.
    by_step
        Some of them by step, too, int64[steps, cores]: those that decide how long a step lasts.
    packets
        From which core to which how many went, int64[rows, 3]; -1 is outside.
    """

    counts: Mapping[str, np.ndarray]
    by_step: Mapping[str, np.ndarray] = field(default_factory=dict)
    packets: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.int64))

    def __post_init__(self) -> None:
        sizes = {len(c) for c in self.counts.values()}
        for name, counted in (*self.counts.items(), *self.by_step.items()):
            if name not in COUNTERS:
                raise UnknownNameError("Ledger", name, COUNTERS)
            if counted.dtype.kind not in "iu" or (len(counted) and counted.min() < 0):
                raise ValidationError(f"Ledger, {name!r}", "is no count", "whole numbers from 0 on")
        if len(sizes) > 1:
            raise ValidationError("Ledger", f"counts of {sorted(sizes)} cores", "of the same cores")

    @property
    def cores(self) -> int:
        """Number of cores."""
        return max((len(c) for c in self.counts.values()), default=0)

    def total(self, name: str) -> int:
        """All of one counter; 0 where it was not counted."""
        if name not in COUNTERS:
            raise UnknownNameError("Ledger.total", name, COUNTERS)
        return int(self.counts[name].sum()) if name in self.counts else 0

    def totals(self) -> dict[str, int]:
        """Every counter that is not 0."""
        found = {name: self.total(name) for name in COUNTERS}
        return {name: number for name, number in found.items() if number}

    def __add__(self, other: Ledger) -> Ledger:
        """The ledger of two runs, one after the other."""
        names = [n for n in COUNTERS if n in self.counts or n in other.counts]
        none = np.zeros(max(self.cores, other.cores), np.int64)
        counts = {n: self.counts.get(n, none) + other.counts.get(n, none) for n in names}
        both = [n for n in self.by_step if n in other.by_step]
        by_step = {n: np.concatenate([self.by_step[n], other.by_step[n]]) for n in both}
        return Ledger(counts, by_step, gathered(np.concatenate([self.packets, other.packets])))


def gathered(packets: np.ndarray) -> np.ndarray:
    """Rows of (from, to, how many), each pair of cores once, in order."""
    pairs, which = np.unique(packets[:, :2], axis=0, return_inverse=True)
    counted = np.bincount(which.ravel(), packets[:, 2], len(pairs)).astype(np.int64)
    return np.concatenate([pairs, counted[:, None]], axis=1)
