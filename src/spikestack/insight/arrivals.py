"""What reached one neuron within a window: spikes through synapses, events of drives, currents."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import ValidationError
from ..network.inputs import SpikeTrains
from ..network.network import Drive
from ..numerics import edges as enumerators
from ..numerics.random import hash32, step_words
from ..program.edge_values import draw_many
from ..program.inputs import event_steps
from ..program.program import EdgeProgram, PoissonProgram
from .replaying import Moment

__all__ = ["Arrival", "Events", "events_to", "spikes_to"]


@dataclass(frozen=True)
class Arrival:
    """One spike that came through one synapse: steps, and quanta of the receptor."""

    projection: str
    source: int
    emitted: int
    arrived: int
    receptor: int
    quanta: int


@dataclass(frozen=True)
class Events:
    """What one drive brought: steps, how many events at each, and quanta of one event."""

    drive: str
    receptor: int
    quanta: int
    steps: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


def spikes_to(moment: Moment) -> list[Arrival]:
    """All spikes that arrived within the window; edges are listed for sources that spiked only."""
    found = []
    for edge in moment.program.edges:
        if edge.post == moment.population:
            if edge.plastic:
                raise ValidationError(
                    "explain",
                    f"the weights of projection {edge.name!r} change while it runs",
                    "neurons onto which no synapse is plastic",
                    "read them with sim.connections(...) between pieces of a run",
                )
            found += _through(moment, edge)
    return found


def _through(moment: Moment, edge: EdgeProgram) -> list[Arrival]:
    here = np.flatnonzero(edge.post_ids == moment.neuron)
    pre = moment.program.populations[edge.pre]
    record = moment.spikes[pre.name]
    mine = record.trials == moment.trial
    steps, ids = record.steps[mine], record.ids[mine]
    carried = np.ones(len(ids)) if record.values is None else record.values[mine]
    found = []
    for place in np.flatnonzero(np.isin(edge.pre_ids, ids)) if len(here) else ():
        _, targets, ordinals = enumerators.expand_range(edge.rule, int(place), int(place) + 1)
        ordinals = ordinals[np.isin(targets, here)]
        if not len(ordinals):
            continue
        delays = sum(
            np.floor(draw_many(spec, ordinals) / edge.dt + 0.5).astype(np.int64)
            for spec in (edge.delay, edge.dendritic)
        )
        weights = np.rint(draw_many(edge.weight, ordinals) / edge.quantum).astype(np.int64)
        source = int(edge.pre_ids[place])
        for spike in np.flatnonzero(ids == source):
            quanta = weights
            if pre.emit_type != "none":
                quanta = np.rint(weights * carried[spike]).astype(np.int64)
            for delay, weight in zip(np.asarray(delays), quanta):
                arrived = int(steps[spike] + delay)
                if moment.first < arrived <= moment.step:
                    emitted = int(steps[spike])
                    found.append(
                        Arrival(edge.name, source, emitted, arrived, edge.receptor, int(weight))
                    )
    return found


def events_to(moment: Moment) -> list[Events]:
    """What drives brought within the window, one entry for each drive of the neuron."""
    population = moment.program.populations[moment.population].name
    found = []
    for name, drive in moment.network.drives.items():
        places = np.flatnonzero(drive.target.ids == moment.neuron)
        if drive.synapse is None or drive.target.population.name != population or not len(places):
            continue
        # A drive whose rate changes in time is one program for each of its rates, by time.
        parts = [
            _poisson(moment, p, int(places[0])) for p in moment.program.poisson if p.name == name
        ]
        if parts:
            steps = np.concatenate([e.steps for e in parts])
            counts = np.concatenate([e.counts for e in parts])
            found.append(Events(name, parts[0].receptor, parts[0].quanta, steps, counts))
        elif isinstance(drive.input, SpikeTrains):
            found.append(_given(moment, drive, drive.input, int(places[0])))
    return found


def _poisson(moment: Moment, drive: PoissonProgram, place: int) -> Events:
    table, index = drive.tables[int(drive.table_of[place])], np.array([place], dtype=np.uint32)
    steps = np.arange(max(moment.first, drive.start) + 1, min(moment.step, drive.stop) + 1)
    counts = np.zeros(len(steps), dtype=np.int64)
    for key in drive.keys[moment.trial]:
        for k, step in enumerate(steps):
            hashed = np.asarray(hash32(index, *step_words(key, int(step))))
            counts[k] += int(((hashed ^ np.uint32(0x80000000)).view(np.int32) >= table).sum())
    some = counts > 0
    weight = int(drive.weights[place])
    return Events(drive.name, drive.receptor, weight, steps[some], counts[some])


def _given(moment: Moment, drive: Drive, trains: SpikeTrains, place: int) -> Events:
    port = next(p for p in moment.program.ports if p.name == drive.name)
    mine = trains.ids == place
    if trains.trials is not None:
        mine &= trains.trials == moment.trial
    steps = event_steps(trains, moment.dt)[mine]
    steps = steps[(steps > moment.first) & (steps <= moment.step)]
    distinct, counts = np.unique(steps, return_counts=True)
    return Events(drive.name, port.receptor, int(port.weights[place]), distinct, counts)
