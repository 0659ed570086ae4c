"""Networks on crossbar cores whose synapses are drawn event by event, run from their tables.

A model of a neuron sees sums only, so that no engine can draw single synapses: here the cores
compute themselves, from nothing but what is loaded into them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..network.network import Network
from ..progress import Meter
from .hosting import Spikes, chip_run, outside_spikes
from .mapping.crossbar_tables import CrossbarRun
from .mapping.crossbar_timing import packets_name
from .mapping.crossbars import MappedCrossbars
from .running import ChipRun

__all__ = ["run_drawn"]

#: Neurons times ticks that are computed together, at most.
_TOGETHER = 2**24


def run_drawn(mapped: MappedCrossbars, steps: int, progress: bool | None = None) -> ChipRun:
    """Run a mapped network as its tables say, with draws that follow from the network's seed.

    Parameters
    ----------
    mapped
        From `Chip.map`.
    steps
        Ticks.
    progress
        Whether to show a bar; by default on a terminal only.
    """
    network = mapped.quantised.network
    spikes = _with_packets(mapped, outside_spikes(mapped.quantised, steps))
    none = np.zeros((0, 2), np.int64)
    sent = [mapped.packets(n, at + 1, ids) for n, (at, ids) in spikes.items() if n in mapped.names]
    packets = np.concatenate([none, *sent])
    packets = packets[np.argsort(packets[:, 0], kind="stable")]
    read = {p.target.population.name for p in network.probes if p.variable == "v"}
    read &= set(mapped.core_of)
    tables = mapped.tables()
    run = CrossbarRun(tables, network.seed)
    # Potentials are read after every tick.
    most = 1 if read else max(1, _TOGETHER // max(1, tables.start.size))
    fired: dict[str, list[Spikes]] = {name: [] for name in mapped.core_of}
    potentials = {n: np.zeros((steps, len(mapped.core_of[n])), np.int64) for n in read}
    with Meter(steps * mapped.quantised.dt, progress) as meter:
        for begin in range(0, steps, most):
            ticks = min(most, steps - begin)
            low, high = np.searchsorted(packets[:, 0], [begin + 1, begin + ticks + 1])
            run.advance(ticks, packets[low:high])
            for name, core in mapped.core_of.items():
                at, ids = np.nonzero(run.raster[:, core, mapped.slots[name]])
                fired[name].append((at + begin, ids))
            for name in read:
                potentials[name][begin] = run.v[mapped.core_of[name], mapped.slots[name]]
            meter.show((begin + ticks) * mapped.quantised.dt)
    for name, parts in fired.items():
        at, ids = (np.concatenate(column) for column in zip(*parts, strict=True))
        spikes[name] = (at, ids)
    return chip_run(mapped, spikes, potentials, steps)


def _with_packets(mapped: MappedCrossbars, outside: dict[str, Spikes]) -> dict[str, Spikes]:
    """Sources outside, each neuron once in a step, and the packets that the host sends for them."""
    network: Network = mapped.quantised.network
    spikes: dict[str, Spikes] = {}
    for name, sent in outside.items():
        at, ids = np.unique(np.stack(sent), axis=1)
        spikes[name] = at, ids
        packets = packets_name(name)
        if packets in network.populations:
            rule: Any = network.projections[packets].rule
            which, step = _met(np.asarray(rule.pre), at, ids)
            spikes[packets] = step, which
    return spikes


def _met(heard: np.ndarray, at: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whoever hears one of these neurons, and when."""
    order = np.argsort(heard, kind="stable")
    first = np.searchsorted(heard[order], ids, side="left")
    count = np.searchsorted(heard[order], ids, side="right") - first
    spike = np.repeat(np.arange(len(ids)), count)
    nth = np.arange(len(spike)) - np.repeat(np.cumsum(count) - count, count)
    return order[first[spike] + nth], at[spike]
