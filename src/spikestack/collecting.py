"""From an engine's chunks to a Recording."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

import numpy as np

from .engines.base import AbstractEngine, Chunk
from .engines.state import Spikes
from .program.memory import check_samples
from .program.program import Program
from .recording import Recording, SpikeRecord, Trace
from .sampling import SynapseSamples
from .version import __version__

__all__ = ["Collector", "integration", "provenance"]


class Collector:
    """Gathers chunks and makes one `Recording` of them."""

    def __init__(
        self, program: Program, first: int, synapses: SynapseSamples | None = None
    ) -> None:
        self.program, self.first, self.synapses = program, first, synapses
        self.spikes: dict[int, list[Spikes]] = {k: [] for k in program.recorded}
        self.traces: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in program.probes]
        self.step, self.reason = first, ""
        #: Steps after which the next chunk should come at the latest.
        self.most_steps = 2**62

    def check_room(self, steps: int) -> None:
        """Raise MemoryLimitError if the samples of `steps` steps would not fit."""
        check_samples(self.program, steps)
        if self.synapses is not None:
            self.synapses.check_room(steps)

    def check_restart(self, action: str) -> None:
        """Raise ValidationError if what was recorded so far cannot be forgotten."""

    def add(self, chunk: Chunk, step: int) -> None:
        """Keep what was asked for of a chunk that ends at `step`."""
        # At once, while they are in the processor's cache: later it would cost three times as much.
        for k, ids in self.program.recorded.items():
            if len(mine := self._of_population(chunk.spikes, k, ids)):
                self.spikes[k].append(mine)
        for kept, sample in zip(self.traces, chunk.traces):
            if len(sample[0]):
                kept.append(sample)
        self.step = step

    def settle(self) -> None:
        """The run pauses, or is over: bring everything where it should be."""

    def interrupt(self, reason: str) -> None:
        """Mark the recording as cut short."""
        self.reason = reason

    def recording(self, step: int, about: dict[str, Any]) -> Recording:
        """Everything gathered up to `step`."""
        return Recording(
            t_start=self.first * self.program.dt,
            t_stop=step * self.program.dt,
            spikes={
                self.program.populations[k].name: self._record(k, ids, step)
                for k, ids in self.program.recorded.items()
            },
            traces=self._traces() | (self.synapses.traces() if self.synapses else {}),
            provenance=about | self._histograms(),
            status="interrupted" if self.reason else "complete",
            reason=self.reason,
        )

    def _histograms(self) -> dict[str, Any]:
        edges = self.synapses.about() if self.synapses else {}
        return {"histograms": edges} if edges else {}

    def _of_population(self, spikes: Spikes, k: int, ids: np.ndarray) -> Spikes:
        """The spikes of the recorded neurons of a population, by index within it."""
        population = self.program.populations[k]
        local = spikes.ids - population.offset
        mine = (local >= 0) & (local < population.size)
        if len(ids) < population.size:
            wanted = np.zeros(population.size, dtype=bool)
            wanted[ids] = True
            mine[mine] = wanted[local[mine]]
        values = spikes.values[mine] if population.emit_type != "none" else np.zeros(0)
        return Spikes(spikes.steps[mine], spikes.trials[mine], local[mine].astype(np.int32), values)

    def _record(self, k: int, ids: np.ndarray, step: int) -> SpikeRecord:
        population, program = self.program.populations[k], self.program
        spikes = Spikes.chain(self.spikes[k])
        self.spikes[k] = [spikes] if len(spikes) else []
        if program.trials > 1:
            order = np.argsort(spikes.trials, kind="stable")
            values = spikes.values[order] if len(spikes.values) else spikes.values
            spikes = Spikes(spikes.steps[order], spikes.trials[order], spikes.ids[order], values)
        return SpikeRecord(
            population=population.name,
            size=population.size,
            shape=self.program.shapes[k],
            dt=program.dt,
            steps=spikes.steps,
            ids=spikes.ids.astype(np.int32),
            trials=spikes.trials,
            values=spikes.values if population.emit_type != "none" else None,
            recorded=None if len(ids) == population.size else ids.astype(np.int32),
            t_start=self.first * program.dt,
            t_stop=step * program.dt,
            n_trials=program.trials,
        )

    def _traces(self) -> dict[str, dict[str, Trace]]:
        found: dict[str, dict[str, Trace]] = {}
        for probe, kept in zip(self.program.probes, self.traces):
            population = self.program.populations[probe.population]
            empty = np.zeros((self.program.trials, 0, len(probe.ids)), dtype=self.program.dtype)
            steps = np.concatenate([np.zeros(0, np.int64), *(s for s, _ in kept)])
            values = np.concatenate([empty, *(v for _, v in kept)], axis=1)
            scale = population.scales[probe.state]
            name = population.states[probe.state]
            found.setdefault(population.name, {})[name] = Trace(
                population=population.name,
                variable=name,
                unit=population.units[probe.state],
                dt=self.program.dt,
                steps=steps,
                ids=probe.ids.astype(np.int32),
                values=values if scale == 1.0 else values / self.program.dtype(scale),
            )
        return found


def integration(program: Program) -> list[dict[str, Any]]:
    """How each variable of each population is integrated."""
    return [
        {"name": p.name, "neurons": p.size, "integration": dict(p.schemes)}
        for p in program.populations
    ]


def provenance(program: Program, engine: AbstractEngine, threads: int) -> dict[str, Any]:
    """Versions, settings and date of a run."""
    import numba

    return {
        "spikestack": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "machine": platform.machine(),
        "engine": engine.name,
        "threads": threads,
        "dt": program.dt,
        "precision": program.precision,
        "trials": program.trials,
        "seed": program.seed,
        "fingerprint": program.fingerprint,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "populations": integration(program),
        "weight_rounding": {
            f"{population.name}.{receptor.name}": receptor.rounding
            for population in program.populations
            for receptor in population.receptors
        },
        "engine_details": engine.describe(),
    }
