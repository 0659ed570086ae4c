"""Recording: samples and spikes of each population, kept until they are asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from pyNN import recording

from ..recording import Recording
from ..simulation import Simulation
from . import simulator
from .lowering import Lowered

__all__ = ["Recorder"]


class Samples(NamedTuple):
    """Values of some neurons at some steps: (steps, neurons)."""

    steps: np.ndarray
    ids: np.ndarray
    values: np.ndarray


class Recorder(recording.Recorder):  # type: ignore[misc]
    """What was recorded of one population in the present segment."""

    _simulator = simulator

    def __init__(self, population: Any, file: Any = None) -> None:
        super().__init__(population, file)
        #: The state variables of the network, by PyNN's names.
        self.native_names: dict[str, str] = {}
        self._drop()

    def _drop(self) -> None:
        self._samples: dict[str, list[Samples]] = {}
        self._spikes: list[tuple[np.ndarray, np.ndarray]] = []
        self._first = simulator.state.step

    @property
    def _every(self) -> int:
        return max(1, round(self.sampling_interval / simulator.state.dt))

    def _record(self, variable: Any, new_ids: Any, sampling_interval: float | None = None) -> None:
        if sampling_interval is not None:
            steps = sampling_interval / simulator.state.dt
            if round(steps) < 1 or abs(steps - round(steps)) > 1e-6 * max(1.0, steps):
                raise ValueError(
                    f"sampling_interval {sampling_interval} ms must be a multiple of the time "
                    f"step, {simulator.state.dt} ms"
                )
            self.sampling_interval = sampling_interval
        simulator.state.changed()

    def _reset(self) -> None:
        simulator.state.changed()

    def _clear_simulator(self) -> None:
        self._drop()

    def store_to_cache(self, annotations: Any = None) -> None:
        """Keep the segment that ends here, and begin another."""
        super().store_to_cache(annotations)
        self._drop()
        self._first = 0

    def sample_before(self, made: Lowered, session: Simulation) -> None:
        """Take the values at the beginning of a run, where none are there yet."""
        step = simulator.state.step
        if (step - self._first) % self._every:
            return
        state = None
        for variable, ids in self.recorded.items():
            if variable.name == "spikes" or not ids:
                continue
            places = self._places(ids)
            kept = self._samples.setdefault(variable.name, [])
            known = [s.ids for s in kept if len(s.steps) and s.steps[-1] == step]
            new = np.setdiff1d(places, np.concatenate([*known, np.zeros(0, dtype=np.int64)]))
            if not len(new):
                continue
            state = session.engine.state() if state is None else state
            k = made.place[self.population.name]
            program = session.program.populations[k]
            row = program.states.index(self.native_names[variable.name])
            values = state.values[k][0, row, new].astype(float) / program.scales[row]
            scale = made.cells[self.population.name].recordables[variable.name].scale
            kept.append(Samples(np.array([step]), new, values[None] * scale))

    def take(self, made: Lowered, piece: Recording, first: int) -> None:
        """Keep what a run from step `first` recorded."""
        name, cell = self.population.name, made.cells[self.population.name]
        for variable, ids in self.recorded.items():
            if not ids:
                continue
            if variable.name != "spikes":
                trace = piece.traces[name][self.native_names[variable.name]]
                scale = cell.recordables[variable.name].scale
                values = trace.values[0] if scale == 1 else trace.values[0] * scale
                self._samples.setdefault(variable.name, []).append(
                    Samples(trace.steps, trace.ids.astype(np.int64), values)
                )
            elif cell.trains is None:
                spikes = piece.spikes[name]
                times = np.round(spikes.steps * simulator.state.dt, 9)
                self._spikes.append((spikes.ids.astype(np.int64), times))
            else:
                self._spikes.append(self._given(cell.trains, ids, first))

    def _given(self, trains: Any, ids: Any, first: int) -> tuple[np.ndarray, np.ndarray]:
        """The spikes that sources were told to fire since step `first`."""
        state, dt = simulator.state, simulator.state.dt
        begin, end = (-np.inf if first == 0 else first * dt), state.step * dt
        found_ids, found = [], []
        for place in self._places(ids):
            times = np.asarray(trains[place], dtype=float)
            if state.spike_precision == "on_grid":
                times = np.round(np.floor(times / dt + 0.5) * dt, 9)
            mine = times[(times > begin + 1e-9) & (times <= end + 1e-9)]
            found_ids.append(np.full(len(mine), place))
            found.append(mine)
        return np.concatenate([*found_ids, np.zeros(0, np.int64)]), np.concatenate(
            [*found, np.zeros(0)]
        )

    def _places(self, ids: Any) -> np.ndarray:
        first = int(self.population.first_id)
        return np.array(sorted(int(i) - first for i in ids), dtype=np.int64)

    def _joined_spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Neurons and times of all spikes, by neuron and time."""
        ids = np.concatenate([*(i for i, _ in self._spikes), np.zeros(0, np.int64)]).astype(int)
        times = np.concatenate([*(t for _, t in self._spikes), np.zeros(0)])
        order = np.lexsort((times, ids))
        return ids[order], times[order]

    def _get_spiketimes(self, ids: Any, clear: bool = False) -> Any:
        """By neuron, the times of its spikes in ms."""
        wanted = [ids] if not hasattr(ids, "__len__") else list(ids)
        places, times = self._joined_spikes()
        numbers = places + int(self.population.first_id)
        if len(wanted) > 200:
            mine = np.isin(numbers, np.array(wanted, dtype=np.int64))
            return numbers[mine], times[mine]
        keys = np.array(wanted, dtype=np.int64)
        begin, end = (np.searchsorted(numbers, keys, side) for side in ("left", "right"))
        return {int(i): times[a:b] for i, a, b in zip(wanted, begin, end)}

    def _get_all_signals(
        self, variable: Any, ids: Any, clear: bool = False
    ) -> tuple[np.ndarray, None]:
        """Samples (times, neurons) from the segment's beginning; NaN before a neuron's first."""
        every, state = self._every, simulator.state
        places = self._places(ids)
        rows = (state.step - self._first) // every + 1
        signals = np.full((rows, len(places)), np.nan)
        for steps, whose, values in self._samples.get(variable.name, []):
            at, rest = np.divmod(steps - self._first, every)
            keep = (rest == 0) & (at >= 0)
            mine = np.isin(whose, places)
            columns = np.searchsorted(places, whose[mine])
            signals[np.ix_(at[keep], columns)] = values[np.ix_(keep, mine)]
        return signals, None

    def _local_count(self, variable: Any, filter_ids: Any = None) -> dict[int, int]:
        counts = self.spike_counts()
        first = int(self.population.first_id)
        return {
            int(i): int(counts[int(i) - first]) for i in self.filter_recorded(variable, filter_ids)
        }

    def spike_counts(self) -> np.ndarray:
        """Spikes of each neuron of the population in this segment."""
        return np.bincount(self._joined_spikes()[0], minlength=self.population.size)
