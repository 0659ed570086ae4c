"""Initial states, and states carried from one program to another that has the same populations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..engines.state import Learned, Spikes, State, initial_state
from ..program.program import INJECTED, Program
from .lowering import Lowered

__all__ = ["State", "carried", "started"]


def started(made: Lowered, program: Program, step: int) -> State:
    """The state at the beginning of a segment, with the initial values that populations state."""
    fresh = initial_state(program)
    for population in made.populations:
        _initialise(fresh, program, made, population, population.initial)
    flight = [fresh.in_flight, *(_at_zero(made, program, p) for p in made.populations)]
    if step == 0:
        return replace(fresh, in_flight=Spikes.join([part for part in flight if len(part)]))
    return replace(fresh, step=step)


def carried(made: Lowered, program: Program, old: Program, state: State) -> State:
    """`state` of the program `old`, as a state of `program`.

    Populations are the same by name where they are in both; new ones begin with their initial
    values. What was initialised since the last run is set, what was learned is kept unless its
    weights were set, and currents are those in force. Spikes that are under way arrive by the
    weights and delays there are now: one whose delay has become longer may arrive a second time.
    """
    fresh = initial_state(program)
    places = {population.name: k for k, population in enumerate(old.populations)}
    for k, population in enumerate(program.populations):
        mine = made.populations[k]
        if population.name not in places:
            _initialise(fresh, program, made, mine, mine.initial)
            continue
        past = places[population.name]
        rows = {name: row for row, name in enumerate(old.populations[past].states)}
        for row, name in enumerate(population.states):
            if name in rows:
                fresh.values[k][:, row] = state.values[past][:, rows[name]]
        fresh.counters[k][:] = state.counters[past]
        _initialise(fresh, program, made, mine, mine.pending)
    _inject(fresh, program, state.step)
    flight = _moved(state.in_flight, old, program)
    learned = _learned(made, program, fresh, old, state)
    return replace(fresh, step=state.step, in_flight=flight, learned=learned)


def _initialise(
    fresh: State, program: Program, made: Lowered, population: Any, values: dict[str, Any]
) -> None:
    """Write initial values, given by PyNN's names, into the rows of a state."""
    k = made.place[population.name]
    states = program.populations[k].states
    for variable, value in values.items():
        name = made.state_of(population, variable, value)
        if name is not None:
            fresh.values[k][:, states.index(name)] = np.where(
                np.isnan(value), fresh.values[k][:, states.index(name)], value
            )


def _at_zero(made: Lowered, program: Program, population: Any) -> Spikes:
    """Spikes that a source is told to fire at t = 0: they are in flight when the run begins."""
    trains = made.cells[population.name].trains
    if trains is None:
        return Spikes.none()
    half = program.dt / 2
    ids = np.flatnonzero([len(times) > 0 and times[0] < half for times in trains])
    ids = ids + program.populations[made.place[population.name]].offset
    n = len(ids)
    zeros = np.zeros(n, np.int64)
    return Spikes(zeros, zeros.astype(np.int32), ids.astype(np.int64), np.ones(n))


def _inject(fresh: State, program: Program, step: int) -> None:
    """Set the sums of injected currents to those in force at a step."""
    for k, population in enumerate(program.populations):
        if INJECTED not in population.states:
            continue
        total = np.zeros(population.size)
        for drive in program.current_drives:
            if drive.population == k:
                total[drive.ids] += drive.amplitude(step)
        fresh.values[k][:, population.states.index(INJECTED)] = total


def _moved(spikes: Spikes, old: Program, program: Program) -> Spikes:
    """Spikes under the numbers that their neurons have in another program."""
    offsets = {population.name: population.offset for population in program.populations}
    kept = []
    for population in old.populations:
        mine = (spikes.ids >= population.offset) & (
            spikes.ids < population.offset + population.size
        )
        if population.name in offsets and mine.any():
            part = Spikes(*(getattr(spikes, f)[mine] for f in Spikes.__annotations__))
            kept.append(
                replace(part, ids=part.ids + (offsets[population.name] - population.offset))
            )
    return Spikes.join(kept)


def _learned(
    made: Lowered, program: Program, fresh: State, old: Program, state: State
) -> tuple[Learned, ...]:
    """What projections have learned, where they are as they were."""
    past = {old.edges[p.edge].name: one for p, one in zip(old.plastic, state.learned)}
    found = []
    for plastic, new in zip(program.plastic, fresh.learned):
        name = program.edges[plastic.edge].name
        one = past.get(name)
        if one is None or one.states.shape != new.states.shape:
            found.append(new)
            continue
        states = one.states
        if made.weights_were_set(name):
            states = np.concatenate([new.states[:, :1], one.states[:, 1:]], axis=1)
        sides = ("source", "sources", "target", "targets", "modulator", "modulators")
        same = all(getattr(one, s).shape == getattr(new, s).shape for s in sides)
        found.append(replace(one if same else new, states=states))
    return tuple(found)
