"""Mapped networks run: the chip's numbers by the compiled engine, with a ledger."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..collecting import Collector
from ..engines.base import Chunk
from ..engines.state import Spikes, initial_state
from ..network.files import network_of, plain_with_arrays
from ..network.network import Network
from ..program.lower import lower
from ..recording import Recording, Trace
from ..recording.page import write_page
from ..recording.report import Report
from ..simulation import Simulation
from .counting import Counter
from .ledger import Ledger
from .mapping.cores import MappedNetwork
from .pricing import Bill, Prices
from .showing.page import chip_page
from .showing.picture import draw_chip
from .showing.report import chip_report
from .tallying import count_busy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ChipRun", "MappedSimulation", "run_mapped"]

#: Steps that are counted at a time, and the state that says whether a neuron had anything to do.
_PIECE, _BUSY = 256, "busy"
#: No more neurons times steps than this are looked at together, so that they stay in the cache.
_SAMPLES = 4_000_000
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ChipRun(Recording):
    """What a run on a chip gives back: a recording, and what happened on which core.

    Spikes and traces are as of any run, potentials in the description's units; populations may be
    some steps `late`.

    Attributes
    ----------
    mapped
        Where everything was.
    ledger
        What happened on each core.
    integers
        The same recording in the chip's numbers.
    """

    mapped: MappedNetwork
    ledger: Ledger
    integers: Recording

    @property
    def late(self) -> Mapping[str, int]:
        """By how many steps each population is later than described."""
        return self.mapped.quantised.late

    @property
    def step_seconds(self) -> np.ndarray:
        """How long the work of each step takes by the first price table, float64[steps]."""
        made = self._prices().step_seconds(self.ledger, self._tiles())
        return made if len(made) else np.zeros(self.ledger.total("steps"))

    @property
    def late_steps(self) -> int:
        """Steps whose work takes longer than the chip's step lasts."""
        step = self.mapped.chip.step
        return 0 if step is None else int((self.step_seconds > _seconds_of(step)).sum())

    @property
    def hardware_seconds(self) -> float:
        """How long the chip takes for all of it.

        Analog circuits take their share of the described time; other chips at least their step for
        each, and longer where the work takes longer.
        """
        chip = self.mapped.chip
        if chip.speedup is not None:
            return self.duration / 1000.0 / float(chip.speedup)
        each = self.step_seconds
        lasts = each if chip.step is None else np.maximum(each, _seconds_of(chip.step))
        return float(lasts.sum())

    @property
    def speedup(self) -> float:
        """Described time by the chip's; infinite where the time of no step is known."""
        taken = self.hardware_seconds
        return self.duration / 1000.0 / taken if taken else float("inf")

    def bill(self, table: str | None = None) -> Bill:
        """Energy by one of the chip's price tables, the first unless named."""
        return self._prices(table).of(self.ledger, self.hardware_seconds, self.chips_used)

    @property
    def chips_used(self) -> int:
        """How many chips hold anything."""
        return len({core.place // int(self.mapped.chip.cores) for core in self.mapped.cores})

    def report(self) -> Report:
        """Cores, time, counts and energy of the run, as text or, in a notebook, as tables."""
        return chip_report(self)

    def draw(self, by: str = "load", width: float = 5.0) -> Figure:
        """A picture of the chip: cores coloured, links as wide as their traffic.

        Parameters
        ----------
        by
            ``"load"``, ``"occupancy"`` or ``"energy"``.
        width
            In inches.
        """
        return draw_chip(self, by, width)

    def page(self, path: str | os.PathLike[str], title: str | None = None) -> Path:
        """Write a page of one file: the chip to click through, and the report.

        Parameters
        ----------
        path
            Where to; replaced whole, or not at all.
        title
            What the run is by default.
        """
        return write_page(chip_page(self, title), path)

    def _prices(self, table: str | None = None) -> Prices:
        return self.mapped.chip.table(table)

    def _tiles(self) -> int:
        return len({core.place // self.mapped.chip.tile for core in self.mapped.cores})

    @classmethod
    def of(cls, mapped: MappedNetwork, integers: Recording, ledger: Ledger) -> ChipRun:
        """What was recorded in the chip's numbers, brought back into the description's.

        Parameters
        ----------
        mapped
            Where everything was.
        integers
            In the chip's numbers.
        ledger
            What happened.
        """
        parts = {
            name: getattr(integers, name)
            for name in ("t_start", "t_stop", "spikes", "structure", "status", "reason")
        }
        chip = mapped.chip
        about = dict(integers.provenance) | {"engine": chip.name, "chips": chip.chips}
        made = cls(
            **parts, traces=_described(mapped, integers), provenance=about,
            mapped=mapped, ledger=ledger, integers=integers,
        )  # fmt: skip
        object.__setattr__(made, "network", mapped.quantised.described)
        return made


def _described(mapped: MappedNetwork, integers: Recording) -> dict[str, dict[str, Trace]]:
    """Potentials in the units of the description."""
    quantised = mapped.quantised
    units: dict[str, str] = {}
    if quantised.described is not None:
        program = lower(quantised.described, quantised.dt, "float64", 1)
        for p in program.populations:
            if "v" in p.states:
                units[p.name] = p.units[p.states.index("v")]
    made: dict[str, dict[str, Trace]] = {}
    for name, traces in integers.traces.items():
        made[name] = dict(traces)
        if name in quantised.scales and "v" in traces and name in units:
            trace = traces["v"]
            scale, zero = (
                np.broadcast_to(np.asarray(x, float), trace.ids.max(initial=0) + 1)
                if np.ndim(x) == 0
                else np.asarray(x, float)
                for x in (quantised.scales[name], quantised.zeros[name])
            )
            values = trace.values / scale[trace.ids] + zero[trace.ids]
            made[name]["v"] = replace(trace, values=values, unit=units[name])
    return made


def _seconds_of(step: Any) -> float:
    return float(step) * _SECONDS[step.unit]


def run_mapped(mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
    """Run a mapped network.

    Parameters
    ----------
    mapped
        From `Chip.map`.
    steps
        Of the chip.
    progress
        Whether to show a bar; by default on a terminal only.

    Returns
    -------
    ChipRun
        Spikes and traces, and what happened on which core.
    """
    simulation = MappedSimulation(mapped)
    if not simulation.forward(int(steps), progress=progress):
        warnings.warn(f"stopped after {simulation.step} steps; what ran is kept", stacklevel=2)
    return simulation.result()


class MappedSimulation(Simulation):
    """A mapped network that is running, and counts while it records.

    Parameters
    ----------
    mapped
        From `Chip.map`.
    settings
        ``threads``, ``profile``: see `Simulation`.
    """

    def __init__(self, mapped: MappedNetwork, **settings: Any) -> None:
        self.mapped = mapped
        network = self._copied()
        self._probed = {p.target.population.name for p in network.probes if p.variable == "spikes"}
        for name in mapped.core_of:
            if name not in self._probed:
                # Engines bring no spikes that nobody receives or records; they are counted here.
                network.record(network[name], "spikes")
            if _BUSY in network[name].model.block.states:
                network.record(network[name], _BUSY)
        super().__init__(network, dt=mapped.quantised.dt, precision="float64", **settings)

    def _copied(self) -> Network:
        """The network that runs, apart from the one that was mapped."""
        return network_of(*plain_with_arrays(self.mapped.quantised.network))

    def _begin(self) -> None:
        super()._begin()
        self._collector = self._tally = _Tally(self)

    def again(self) -> None:
        """Go back to the first step; what was recorded and counted is forgotten."""
        self.engine = self._make_engine(initial_state(self.program))
        self.step, self._broken = 0, ""
        self._open_session(self.program, self.engine.live)
        self._begin()

    def result(self) -> ChipRun:
        """What was recorded and counted since the start."""
        recording = self.recording()
        shown: dict[str, dict[str, Trace]] = {}
        for name, traces in recording.traces.items():
            kept = {v: trace for v, trace in traces.items() if v != _BUSY}
            if kept:
                shown[name] = kept
        spikes = {n: s for n, s in recording.spikes.items() if n in self._probed}
        on_chip = self.mapped.core_of
        words = sum(len(s.times) for n, s in spikes.items() if n in on_chip) + sum(
            t.values.size for n, ts in shown.items() if n in on_chip for t in ts.values()
        )
        integers = replace(recording, traces=shown, spikes=spikes)
        return ChipRun.of(self.mapped, integers, self._tally.counter.ledger(words))


class _Tally(Collector):
    """Counts what every piece brought, and passes on what was asked for."""

    def __init__(self, simulation: MappedSimulation) -> None:
        watched = getattr(simulation._collector, "synapses", None)
        super().__init__(simulation.program, simulation.step, watched)
        self.mapped = simulation.mapped
        held = sum(len(of) for of in self.mapped.core_of.values())
        self.most_steps = max(8, min(_PIECE, _SAMPLES // max(1, held)))
        populations = self.program.populations
        self.busy = {
            k: populations[probe.population]
            for k, probe in enumerate(self.program.probes)
            if populations[probe.population].states[probe.state] == _BUSY
        }
        says = {p.name for p in self.busy.values()}
        self.counter = Counter(self.mapped, self.program, says)

    def add(self, chunk: Chunk, step: int) -> None:
        """Count a chunk that ends at `step`."""
        before, rows = self.step, step - self.step
        spikes: Spikes = chunk.spikes
        at = (spikes.steps - before - 1).astype(np.int64)
        driven = np.zeros((rows, self.counter.cores), np.int64)
        for k, population in self.busy.items():
            of = self.mapped.core_of[population.name]
            count_busy(chunk.traces[k][1][0], of.astype(np.int32), driven)
        self.counter.add(at, spikes.ids.astype(np.int64), rows, driven)
        nothing = (np.zeros(0, np.int64), np.zeros(0))
        traces = tuple(nothing if k in self.busy else t for k, t in enumerate(chunk.traces))
        super().add(Chunk(spikes, traces), step)
