"""Counting while a mapped network runs: what each spike does to which core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..numerics.compiling import njit
from ..program.edge_list import edge_list
from ..program.program import Program
from .fabric.routers import fabric_of
from .mapping.contacts import Contacts, contacts_of
from .mapping.cores import MappedNetwork, routers_of
from .mapping.synapses import synapses_of

__all__ = ["COUNTED", "FORMATS", "Arrivals", "Fan", "arrivals_of", "count_busy", "fan_out"]

#: Of synapses, in the order of columns.
FORMATS = ("dense", "sparse", "convolutional")
#: What `Fan.tally` counts, in its order.
COUNTED = (
    *(f"{name} events" for name in FORMATS),
    *("synapse words", "messages in", "messages", "spikes"),
    *("hops east-west", "hops north-south", "hops between chips"),
    *("host words in", "host words out"),
)


@dataclass(frozen=True)
class Fan:
    """Where every neuron's spikes go.

    Attributes
    ----------
    starts
        Of neuron i's packets: ``starts[i]`` to ``starts[i + 1]`` (int64); neurons are numbered as
        in the program, sources outside the chip among them.
    to
        Core that a packet goes to (int32).
    events
        Synapses that it meets there, (packets, formats).
    words
        Of synaptic memory that it makes the core read.
    hops
        Links along rows or diagonals, along columns, and between chips, (packets, 3).
    core
        Core of each neuron; -1 outside.
    hosted
        How many populations that the host computes each neuron projects to.
    """

    starts: np.ndarray
    to: np.ndarray
    events: np.ndarray
    words: np.ndarray
    hops: np.ndarray
    core: np.ndarray
    hosted: np.ndarray

    def tally(self, steps: np.ndarray, ids: np.ndarray, rows: int, cores: int) -> np.ndarray:
        """Count what spikes do: int64[`COUNTED`, steps, cores]."""
        made = np.zeros((rows, cores, len(COUNTED)), np.int64)
        flat = (self.starts, self.to, self.events, self.words, self.hops)
        _tally(steps, ids, *flat, self.core, self.hosted, made)
        return np.ascontiguousarray(np.moveaxis(made, 2, 0))


def fan_out(mapped: MappedNetwork, offsets: Mapping[str, int], total: int) -> Fan:
    """Every neuron's packets.

    Parameters
    ----------
    offsets
        Where each population begins in the program.
    total
        Neurons of the program.
    """
    quantised, chip = mapped.quantised, mapped.chip
    cores = len(mapped.cores)
    core = np.full(total, -1, np.int64)
    for name, of in mapped.core_of.items():
        core[offsets[name] : offsets[name] + len(of)] = of
    synapses = synapses_of(quantised, {name: float(k) for k, name in enumerate(FORMATS)})
    number = _numbers(synapses.starts, offsets, total)
    pre, post, kind = number[synapses.pre], number[synapses.post], synapses.bits
    here = core[post] >= 0
    hosted = _hosted(pre[~here], post[~here], offsets, total)
    if not here.all():
        pre, post, kind = pre[here], post[here], kind[here]
    found = contacts_of(pre, core[post], total, cores, kind, len(FORMATS))
    bits = np.array([chip.synapse_bits.get(name, 0.0) for name in FORMATS])
    words = np.ceil(found.synapses @ bits / chip.word_bits).astype(np.int32)
    return Fan(
        found.starts, found.to, found.synapses, words, _hops(mapped, found, core), core, hosted
    )


def _hops(mapped: MappedNetwork, found: Contacts, core: np.ndarray) -> np.ndarray:
    """Links of every packet, by kind; the host's are brought to the core itself."""
    fabric, cores = fabric_of(mapped.chip), np.int64(len(mapped.cores))
    places = np.array([c.place for c in mapped.cores], np.int64)
    routers = routers_of(mapped.chip, fabric, places)
    leaves = core[found.source]
    leaves = np.where(leaves >= 0, leaves, found.to)
    if cores * cores <= 1 << 24:
        used = np.zeros(cores * cores, bool)
        used[leaves * cores + found.to] = True
        pairs = np.flatnonzero(used)
        which = (np.cumsum(used) - 1)[leaves * cores + found.to]
    else:
        pairs, which = np.unique(leaves * cores + found.to, return_inverse=True)
    a, b = np.divmod(pairs, cores)
    hops = fabric.paths(routers[a], routers[b]).hops(fabric)
    return np.asarray(hops[which].astype(np.int32))


def _hosted(
    pre: np.ndarray, post: np.ndarray, offsets: Mapping[str, int], total: int
) -> np.ndarray:
    """How many populations outside each neuron projects to."""
    begins = np.sort(np.array(list(offsets.values()), np.int64))
    population = np.searchsorted(begins, post, side="right")
    pairs = np.unique(pre * np.int64(len(begins) + 1) + population)
    return np.bincount(pairs // (len(begins) + 1), minlength=total).astype(np.int64)


def _numbers(starts: Mapping[str, int], offsets: Mapping[str, int], total: int) -> np.ndarray:
    """Numbers in the program of neurons that are numbered otherwise."""
    made = np.empty(total, np.int64)
    ordered = sorted(starts.items(), key=lambda item: item[1])
    ends = [*(at for _, at in ordered[1:]), total]
    for (name, at), end in zip(ordered, ends, strict=True):
        made[at:end] = offsets[name] + np.arange(end - at)
    return made


@njit(cache=True, nogil=True)
def _tally(
    steps: np.ndarray,
    ids: np.ndarray,
    starts: np.ndarray,
    to: np.ndarray,
    events: np.ndarray,
    words: np.ndarray,
    hops: np.ndarray,
    core: np.ndarray,
    hosted: np.ndarray,
    made: np.ndarray,
) -> None:
    formats = events.shape[1]
    for k in range(len(steps)):
        i = ids[k]
        own, now = core[i], made[steps[k]]
        for p in range(starts[i], starts[i + 1]):
            there = now[to[p]]
            for f in range(formats):
                there[f] += events[p, f]
            there[formats] += words[p]
            there[formats + 1] += 1
        if own < 0:
            for p in range(starts[i], starts[i + 1]):
                now[to[p], formats + 7] += 1
            continue
        first, second, third = 0, 0, 0
        for p in range(starts[i], starts[i + 1]):
            first += hops[p, 0]
            second += hops[p, 1]
            third += hops[p, 2]
        here = now[own]
        here[formats + 2] += starts[i + 1] - starts[i]
        here[formats + 3] += 1
        here[formats + 4] += first
        here[formats + 5] += second
        here[formats + 6] += third
        here[formats + 8] += hosted[i]


@njit(cache=True, nogil=True)
def count_busy(values: np.ndarray, core: np.ndarray, made: np.ndarray) -> None:
    """Add to ``made[step, core]`` the neurons whose value is not 0; `core` of each neuron."""
    for t in range(len(values)):
        row, here = values[t], made[t]
        for i in range(len(row)):
            if row[i] != 0.0:
                here[core[i]] += 1


class Arrivals:
    """Which neurons any spike reaches, step by step.

    Parameters
    ----------
    starts, to, delays
        Synapses by source: its targets (int64), and delays in steps.
    wanted
        Which neurons are asked about.
    cores, core
        How many cores there are; that of each neuron.
    """

    def __init__(
        self,
        starts: np.ndarray,
        to: np.ndarray,
        delays: np.ndarray,
        wanted: np.ndarray,
        cores: int,
        core: np.ndarray,
    ) -> None:
        self.flat = (starts, to, delays)
        self.wanted, self.cores, self.core = wanted, cores, core
        self._later = np.zeros((int(delays.max(initial=0)) + 1, len(core)), np.bool_)

    def add(self, steps: np.ndarray, ids: np.ndarray, rows: int) -> np.ndarray:
        """Neurons of each core that anything reached, int64[rows, cores]; chunks in their order."""
        depth = len(self._later)
        seen = np.zeros((rows + depth, len(self.core)), np.bool_)
        seen[:depth] = self._later
        _mark(steps, ids, *self.flat, seen)
        self._later = seen[rows:].copy()
        at, of = np.nonzero(seen[:rows] & self.wanted)
        counted = np.bincount(at * self.cores + self.core[of], minlength=rows * self.cores)
        return counted.reshape(rows, self.cores)


def arrivals_of(mapped: MappedNetwork, program: Program, without: set[str]) -> Arrivals | None:
    """What counts arrivals at the chip's neurons, but those of populations `without`."""
    total = sum(p.size for p in program.populations)
    core, wanted = np.zeros(total, np.int64), np.zeros(total, np.bool_)
    for p in program.populations:
        if p.name in mapped.core_of:
            core[p.offset : p.offset + p.size] = mapped.core_of[p.name]
            wanted[p.offset : p.offset + p.size] = p.name not in without
    if not wanted.any():
        return None
    pre, post, delays = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for e in program.edges:
        if wanted[program.populations[e.post].offset]:
            found = edge_list(e)
            pre.append(found.pre + program.populations[e.pre].offset)
            post.append(found.post + program.populations[e.post].offset)
            delays.append(found.delays)
    source = np.concatenate(pre)
    order = np.argsort(source, kind="stable")
    starts = np.searchsorted(source[order], np.arange(total + 1)).astype(np.int64)
    to, late = np.concatenate(post)[order], np.concatenate(delays)[order].astype(np.int64)
    return Arrivals(starts, to.astype(np.int64), late, wanted, len(mapped.cores), core)


@njit(cache=True, nogil=True)
def _mark(
    steps: np.ndarray,
    ids: np.ndarray,
    starts: np.ndarray,
    to: np.ndarray,
    delays: np.ndarray,
    seen: np.ndarray,
) -> None:
    for k in range(len(steps)):
        for s in range(starts[ids[k]], starts[ids[k] + 1]):
            seen[steps[k] + delays[s], to[s]] = True
