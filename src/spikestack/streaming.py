"""Recording to disk while a network runs: memory stays bounded, whatever the length of the run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .collecting import Collector
from .engines.base import Chunk
from .errors import EngineError, ValidationError
from .program.memory import check_samples
from .program.program import Program
from .recording import Recording
from .recording.columns import ColumnFolder
from .recording.opening import FOLDER_KIND, FOLDER_VERSION, STRUCTURE_TYPES, open_folder
from .sizes import human_bytes

__all__ = ["DiskCollector"]

#: Wall seconds between chunks: what is lost if the process is killed.
_SECONDS = 1.0
#: Bytes of samples held at a time, and bytes of the disk that are left alone.
_PIECE_BYTES = 1 << 25
_RESERVE = 1 << 26


class DiskCollector(Collector):
    """Writes chunks to a folder as they come; makes a `Recording` that is mapped from it.

    Parameters
    ----------
    program, first
        What runs, and its first step.
    folder, overwrite
        Where to; see `ColumnFolder`. It is made with the first chunk.
    about
        Gives the provenance up to now.
    """

    def __init__(
        self,
        program: Program,
        first: int,
        folder: str | os.PathLike[str],
        overwrite: bool,
        about: Callable[[], dict[str, Any]],
    ) -> None:
        super().__init__(program, first)
        self.folder, self.overwrite, self.about = Path(folder), overwrite, about
        self.step = first
        self._columns: ColumnFolder | None = None
        self._committed = 0.0
        per_step = sum(_row_bytes(program, probe) / probe.every for probe in program.probes)
        self.most_steps = max(1, int(_PIECE_BYTES / max(per_step, 1.0)))

    def check_restart(self, action: str) -> None:
        """See `Collector.check_restart`."""
        if self._columns is not None:
            raise ValidationError(
                f"Simulation.{action}",
                f"the run is being recorded to {str(self.folder)!r}",
                "a recording on disk is one run from its first step on",
                "read it with recording(), or make a new Simulation",
            )

    def check_room(self, steps: int) -> None:
        """Raise OSError if the samples of `steps` steps do not fit on the disk."""
        check_samples(self.program, min(steps, self.most_steps))
        need = sum(
            (_row_bytes(self.program, p) + 8) * (steps // p.every) for p in self.program.probes
        )
        parent = next(
            p for p in (self.folder.absolute(), *self.folder.absolute().parents) if p.is_dir()
        )
        free = shutil.disk_usage(parent).free
        if need + _RESERVE > free:
            raise OSError(
                28,
                f"the samples of {steps:,} steps need about {human_bytes(need)}, "
                f"{human_bytes(free)} are free; record fewer neurons, at a longer interval, or "
                "to another disk",
                str(self.folder),
            )

    def add(self, chunk: Chunk, step: int) -> None:
        """Write what was asked for; every second, make it count."""
        try:
            columns = self._open()
            super().add(chunk, step)
            self._write(columns)
            if time.monotonic() - self._committed > _SECONDS:
                self._commit("running")
        except OSError as error:
            raise EngineError(
                f"recording to {str(self.folder)!r} failed ({error}); what was written before can "
                "be read; make room, or record to another disk"
            ) from error

    def settle(self) -> None:
        """See `Collector.settle`."""
        self._write(self._open())
        self._commit("interrupted" if self.reason else "complete")

    def recording(self, step: int, about: dict[str, Any]) -> Recording:
        """Everything up to `step`, mapped from the folder."""
        self._write(self._open())
        self._commit("interrupted" if self.reason else "complete", durable=True)
        return open_folder(self.folder)

    def _open(self) -> ColumnFolder:
        if self._columns is not None:
            return self._columns
        program = self.program
        columns = ColumnFolder(self.folder, FOLDER_KIND, self.overwrite)
        for index, (k, ids) in enumerate(program.recorded.items()):
            population, prefix = program.populations[k], f"spikes-{index}-"
            columns.add(prefix + "steps", np.int64)
            columns.add(prefix + "ids", np.int32)
            if program.trials > 1:
                columns.add(prefix + "trials", np.int32)
            if population.emit_type != "none":
                columns.add(prefix + "values", np.float64)
            if len(ids) < population.size:
                columns.add(prefix + "recorded", np.int32)
                columns.append(prefix + "recorded", ids)
        for index, probe in enumerate(program.probes):
            prefix = f"traces-{index}-"
            columns.add(prefix + "steps", np.int64)
            columns.add(prefix + "ids", np.int32)
            columns.add(prefix + "values", program.dtype, (program.trials, len(probe.ids)))
            columns.append(prefix + "ids", probe.ids)
        for index in range(len(self._structure_facts())):
            for name, dtype in STRUCTURE_TYPES.items():
                columns.add(f"structure-{index}-{name}", dtype)
        self._columns = columns
        self._commit("running")
        return columns

    def _write(self, columns: ColumnFolder) -> None:
        """Empty what `Collector.add` kept into the columns."""
        for index, kept in enumerate(self.spikes.values()):
            for spikes in kept:
                for name in ("steps", "ids", "trials", "values"):
                    if columns.has(f"spikes-{index}-{name}"):
                        columns.append(f"spikes-{index}-{name}", getattr(spikes, name))
            kept.clear()
        for index, (probe, samples) in enumerate(zip(self.program.probes, self.traces)):
            scale = self.program.populations[probe.population].scales[probe.state]
            for steps, values in samples:
                rows = values.transpose(1, 0, 2)
                columns.append(f"traces-{index}-steps", steps)
                scaled = rows if scale == 1.0 else rows / self.program.dtype(scale)
                columns.append(f"traces-{index}-values", scaled)
            samples.clear()
        for index, changes in enumerate(self.structure.take() if self.structure else []):
            for name, column in changes.items():
                columns.append(f"structure-{index}-{name}", column)

    def _structure_facts(self) -> list[dict[str, Any]]:
        return self.structure.facts() if self.structure else []

    def _commit(self, status: str, durable: bool = False) -> None:
        program = self.program
        header = {
            "version": FOLDER_VERSION,
            "t_start": self.first * program.dt,
            "t_stop": self.step * program.dt,
            "status": status,
            "reason": self.reason,
            "provenance": self.about(),
            "spikes": [
                {
                    "population": program.populations[k].name,
                    "size": program.populations[k].size,
                    "shape": program.shapes[k],
                    "dt": program.dt,
                    "n_trials": program.trials,
                }
                for k in program.recorded
            ],
            "traces": [
                {
                    "population": program.populations[probe.population].name,
                    "variable": program.populations[probe.population].states[probe.state],
                    "unit": program.populations[probe.population].units[probe.state],
                    "dt": program.dt,
                }
                for probe in program.probes
            ],
            "structure": self._structure_facts(),
        }
        assert self._columns is not None
        self._columns.commit(header, durable)
        self._committed = time.monotonic()


def _row_bytes(program: Program, probe: Any) -> int:
    return int(np.dtype(program.dtype).itemsize) * program.trials * len(probe.ids)
