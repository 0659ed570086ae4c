"""Mapped networks run: the chip's numbers by the compiled engine, with a ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..collecting import Collector
from ..engines.base import Chunk
from ..engines.state import Spikes
from ..network.files import network_of, plain_with_arrays
from ..network.network import Network
from ..recording import Recording
from ..simulation import Simulation
from .ledger import Ledger
from .mapping.cores import MappedNetwork
from .pricing import Bill
from .tallying import FORMATS, fan_out

__all__ = ["ChipRun", "run_mapped"]

#: Steps that are counted at a time, and the state that says whether a neuron had anything to do.
_PIECE, _BUSY = 256, "busy"
_COUNTED = (
    *(f"{name} events" for name in FORMATS),
    *("messages in", "messages", "spikes", "hops east-west", "hops north-south", "host words in"),
)


@dataclass(frozen=True)
class ChipRun:
    """What a run on a chip gives back.

    Attributes
    ----------
    recording
        As of any run, in the chip's numbers; populations are late by ``mapped.quantised.late``.
    ledger
        What happened on each core.
    mapped
        Where everything was.
    """

    recording: Recording
    ledger: Ledger
    mapped: MappedNetwork

    @property
    def step_seconds(self) -> np.ndarray:
        """How long each step takes by the chip's first price table, float64[steps]."""
        return self._prices().step_seconds(self.ledger, self._tiles())

    @property
    def late_steps(self) -> int:
        """Steps that take longer than the chip's step lasts."""
        step = self.mapped.chip.step
        return 0 if step is None else int((self.step_seconds > _seconds_of(step)).sum())

    def bill(self, table: str | None = None) -> Bill:
        """Energy of the run; static power is drawn while it lasts, at least the chip's steps."""
        step = self.mapped.chip.step
        each = self.step_seconds
        lasts = each if step is None else np.maximum(each, _seconds_of(step))
        return self._prices(table).of(self.ledger, float(lasts.sum()))

    def _prices(self, table: str | None = None) -> Any:
        prices = self.mapped.chip.prices
        return prices[table] if table else next(iter(prices.values()))

    def _tiles(self) -> int:
        return len({core.place // self.mapped.chip.tile for core in self.mapped.cores})


def _seconds_of(step: Any) -> float:
    return float(step) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[step.unit]


def run_mapped(mapped: MappedNetwork, duration: float, progress: bool | None = None) -> ChipRun:
    """Run a mapped network.

    Parameters
    ----------
    mapped
        From `Chip.map`.
    duration
        Steps of the chip.
    progress
        Whether to show a bar; by default on a terminal only.

    Returns
    -------
    ChipRun
        Spikes and traces, and what happened on which core.
    """
    simulation = _Counted(mapped)
    simulation.advance(float(duration), progress=progress)
    recording = simulation.recording()
    kept = {
        name: {v: trace for v, trace in traces.items() if v != _BUSY}
        for name, traces in recording.traces.items()
    }
    shown = {name: traces for name, traces in kept.items() if traces}
    names = {probe.target.population.name for probe in mapped.quantised.network.probes}
    spikes = {n: s for n, s in recording.spikes.items() if n in names}
    ledger = simulation.tally.ledger(recording)
    return ChipRun(replace(recording, traces=shown, spikes=spikes), ledger, mapped)


class _Counted(Simulation):
    """A simulation that counts while it records."""

    def __init__(self, mapped: MappedNetwork) -> None:
        self.mapped = mapped
        network: Network = network_of(*plain_with_arrays(mapped.quantised.network))
        for name in mapped.core_of:
            network.record(network[name], _BUSY)
        super().__init__(network, dt=1.0, precision="float64")

    def _begin(self) -> None:
        super()._begin()
        self._collector = self.tally = _Tally(self)


class _Tally(Collector):
    """Counts what every piece brought, and passes on what was asked for."""

    def __init__(self, simulation: _Counted) -> None:
        super().__init__(simulation.program, simulation.step)
        self.mapped, self.most_steps = simulation.mapped, _PIECE
        populations = self.program.populations
        offsets = {p.name: p.offset for p in populations}
        self.fan = fan_out(self.mapped, offsets, sum(p.size for p in populations))
        self.cores = len(self.mapped.cores)
        self.busy = {
            k: populations[probe.population]
            for k, probe in enumerate(self.program.probes)
            if populations[probe.population].states[probe.state] == _BUSY
        }
        self.counts: list[np.ndarray] = []
        self.driven: list[np.ndarray] = []

    def add(self, chunk: Chunk, step: int) -> None:
        """Count a chunk that ends at `step`."""
        before, rows = self.step, step - self.step
        spikes: Spikes = chunk.spikes
        at = (spikes.steps - before - 1).astype(np.int64)
        self.counts.append(self.fan.tally(at, spikes.ids.astype(np.int64), rows, self.cores))
        driven = np.zeros((rows, self.cores), np.int64)
        for k, population in self.busy.items():
            of = self.mapped.core_of[population.name]
            order = np.argsort(of, kind="stable")
            begins = np.searchsorted(of[order], np.arange(self.cores))
            values = np.concatenate([chunk.traces[k][1][0][:, order], np.zeros((rows, 1))], axis=1)
            summed = np.add.reduceat(values, begins, axis=1)
            driven += np.where(np.bincount(of, minlength=self.cores) > 0, summed, 0).astype(int)
        self.driven.append(driven)
        nothing = (np.zeros(0, np.int64), np.zeros(0))
        traces = tuple(nothing if k in self.busy else t for k, t in enumerate(chunk.traces))
        super().add(Chunk(spikes, traces), step)

    def ledger(self, recording: Recording) -> Ledger:
        """Everything that was counted."""
        counts = np.concatenate(self.counts, axis=1)
        driven = np.concatenate(self.driven)
        steps = len(driven)
        held = np.array([int(core.used["neurons"]) for core in self.mapped.cores], np.int64)
        by_step = {name: counts[k] for k, name in enumerate(_COUNTED)}
        by_step |= {"accesses": np.tile(held, (steps, 1)), "driven updates": driven}
        by_step["idle updates"] = by_step["accesses"] - driven
        by_step["busy cores"] = (driven > 0).astype(np.int64)
        first = np.zeros(self.cores, np.int64)
        first[0] = steps
        out = np.zeros(self.cores, np.int64)
        inside = self.mapped.core_of
        out[0] = sum(len(s.times) for n, s in recording.spikes.items() if n in inside) + sum(
            t.values.size for ts in recording.traces.values() for t in ts.values()
        )
        totals = {name: counted.sum(0) for name, counted in by_step.items()}
        totals |= {"steps": first, "barriers": first, "host words out": out}
        return Ledger(totals, by_step)
