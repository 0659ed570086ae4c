"""Counting while a mapped network runs: what each spike does to which core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..numerics.compiling import njit
from .mapping.cores import MappedNetwork, synapses_of

__all__ = ["FORMATS", "Fan", "fan_out"]

#: Of synapses, in the order of columns.
FORMATS = ("dense", "sparse", "convolutional")


@dataclass(frozen=True)
class Fan:
    """Where every neuron's spikes go.

    Attributes
    ----------
    starts
        Of neuron i's packets: ``starts[i]`` to ``starts[i + 1]`` (int64); neurons are numbered as
        in the program, sources outside the chip among them.
    to
        Core that a packet goes to (int64).
    events
        Synapses that it meets there, (packets, formats).
    columns, rows
        Links along rows and along columns.
    core
        Core of each neuron; -1 outside.
    """

    starts: np.ndarray
    to: np.ndarray
    events: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    core: np.ndarray

    def tally(self, steps: np.ndarray, ids: np.ndarray, rows: int, cores: int) -> np.ndarray:
        """Count what spikes do, int64[counters, steps, cores].

        Counters are events of each of `FORMATS`, packets that arrive, packets that leave, spikes,
        links along rows, links along columns, packets from outside.
        """
        made = np.zeros((len(FORMATS) + 6, rows, cores), np.int64)
        flat = (self.starts, self.to, self.events, self.columns, self.rows, self.core)
        _tally(steps, ids, *flat, made)
        return made


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
    pre, post = number[synapses.pre], number[synapses.post]
    packets, which = np.unique(pre * np.int64(cores) + core[post], return_inverse=True)
    source, to = np.divmod(packets, cores)
    events = np.zeros((len(packets), len(FORMATS)), np.int64)
    np.add.at(events, (which, synapses.bits.astype(np.int64)), 1)
    starts = np.searchsorted(source, np.arange(total + 1)).astype(np.int64)
    routers = np.array([c.place // chip.tile for c in mapped.cores], np.int64)
    there = routers[to]
    here = np.where(core[source] >= 0, routers[core[source]], there)
    width = chip.mesh.width
    columns, rows = np.abs(there % width - here % width), np.abs(there // width - here // width)
    return Fan(starts, to.astype(np.int64), events, columns, rows, core)


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
    columns: np.ndarray,
    rows: np.ndarray,
    core: np.ndarray,
    made: np.ndarray,
) -> None:
    formats = events.shape[1]
    for k in range(len(steps)):
        t, i = steps[k], ids[k]
        own = core[i]
        if own >= 0:
            made[formats + 2, t, own] += 1
        for p in range(starts[i], starts[i + 1]):
            there = to[p]
            for f in range(formats):
                made[f, t, there] += events[p, f]
            made[formats, t, there] += 1
            if own >= 0:
                made[formats + 1, t, own] += 1
                made[formats + 3, t, own] += columns[p]
                made[formats + 4, t, own] += rows[p]
            else:
                made[formats + 5, t, there] += 1
