"""Explaining one step of one neuron: the run is made again, and the neuron followed alone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..equations.evaluating import evaluate
from ..errors import UnknownNameError, ValidationError, shorten
from ..network.network import Network
from ..numerics.random import stream_key
from ..program.edge_values import draw_array
from ..program.populations import GAP, INJECTED, receptor_names
from ..recording import Recording
from ..synapses.base import Synapse
from ..values import Distribution
from .alone import Followed, Removal, follow
from .arrivals import events_to, spikes_to
from .explanation import Cause, Explanation, Receptor
from .replaying import Moment, known_network, replay, settings_of, step_of

__all__ = ["explain"]


def explain(
    recording: Recording,
    population: str,
    neuron: int,
    t: float,
    *,
    trial: int = 0,
    window: float = 20.0,
    network: Network | None = None,
) -> Explanation:
    """Say what made a neuron fire, or stay silent, in the step that ends at `t`.

    The network is run again from the start up to `t`, so this takes as long as that. Then the
    neuron is followed alone through the window, once as it was and once without each thing that
    reached it: the difference is that thing's effect.

    Parameters
    ----------
    recording
        Of the run.
    population, neuron
        Whose step: a name, and an index in the population.
    t
        ms, rounded to a step.
    trial
        Of which trial.
    window
        How many ms before `t` to look at; one step where there are gap junctions.
    network
        What was run; needed only for a recording that was loaded.

    Raises
    ------
    ValidationError
        If something is out of range, the network is not known or is another one, or the run
        cannot be made again because something was fed in.
    """
    where = "explain"
    net = known_network(recording, network, where)
    settings = settings_of(recording.provenance)
    if population not in net.populations:
        raise UnknownNameError(where, population, net.populations)
    _check_index("neuron", neuron, net.populations[population].size)
    _check_index("trial", trial, settings["trials"])
    step = step_of(recording, t, settings["dt"], where)
    good = isinstance(window, int | float) and not isinstance(window, bool) and 0 < window < 1e6
    if not good:
        raise ValidationError(f"{where}, window", f"got {shorten(window)}", "above 0 ms")
    if any(p.synapse.continuous for p in net.projections.values()):
        window = settings["dt"]
    moment = replay(net, settings, (population, int(neuron), int(trial)), step, window)
    return _explained(moment, _recorded(recording, moment))


def _check_index(what: str, value: Any, size: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not 0 <= value < size:
        raise ValidationError(f"explain, {what}", f"got {shorten(value)}", f"0 to {size - 1}")


def _recorded(recording: Recording, moment: Moment) -> bool | None:
    """Whether the recording agrees with the run made again; None if it does not tell."""
    name = moment.program.populations[moment.population].name
    if name not in recording.spikes:
        return None
    record = recording.spikes[name]
    first = round(record.t_start / record.dt)
    if moment.neuron not in record.neurons or moment.step <= first:
        return None
    mine = (record.ids == moment.neuron) & (record.steps == moment.step)
    return bool((mine & (record.trials == moment.trial)).any()) == moment.fired


def _explained(moment: Moment, recorded: bool | None) -> Explanation:
    p = moment.program.populations[moment.population]
    model = moment.network.populations[p.name].model
    causes, removals = _causes(moment)
    found = follow(moment, removals)
    shown = [k for k, name in enumerate(p.states) if name not in (INJECTED, GAP)]

    def named(values: np.ndarray) -> dict[str, float]:
        return {p.states[k]: float(values[k]) / p.scales[k] for k in shown}

    ranked = sorted(
        (_measured(cause, found, row) for row, cause in enumerate(causes, start=1)),
        key=lambda c: (0.0 if math.isnan(c.effect) else -abs(c.effect), -abs(c.weight)),
    )
    left, right = found.left, found.right
    return Explanation(
        population=p.name,
        neuron=moment.neuron,
        trial=moment.trial,
        time=moment.step * moment.dt,
        fired=moment.fired,
        before=named(found.states),
        reached=named(found.reached[:, 0]),
        after=named(moment.end),
        units={p.states[k]: p.units[k] for k in shown},
        condition=str(model.threshold or ""),
        value=None if left is None else float(left[0]),
        threshold=None if right is None else float(right[0]),
        refractory=found.refractory * moment.dt,
        receptors=tuple(_receptors(moment, found)),
        causes=tuple(ranked),
        window=(moment.step - moment.first) * moment.dt,
        exact=found.exact,
        recorded=recorded,
    )


def _measured(cause: Cause, found: Followed, row: int) -> Cause:
    if found.left is not None and found.right is not None:
        margin = found.left.astype(np.float64) - found.right.astype(np.float64)
    elif len(found.reached):
        margin = found.reached[0].astype(np.float64)
    else:
        margin = np.zeros(row + 1)
    effect = float(margin[0] - margin[row])
    opposite = bool(found.fires[row] != found.fires[0])
    return replace(cause, effect=effect, decisive=opposite)


def _causes(moment: Moment) -> tuple[list[Cause], list[Removal]]:
    """Everything that reached the neuron, and what leaving it out means."""
    program, dt = moment.program, moment.dt
    p = program.populations[moment.population]
    synapses = _synapses(moment)
    names = {e.name: program.populations[e.pre].name for e in program.edges}
    causes, removals = [], []
    for a in spikes_to(moment):
        weight, unit = _in_unit(moment, synapses, a.receptor, a.quanta)
        times = (a.emitted * dt, (a.arrived - a.emitted) * dt, a.arrived * dt)
        source = (names[a.projection], a.source)
        causes.append(
            Cause("spike", a.projection, *source, *times, 1, weight, unit, math.nan, False)
        )
        removals.append(Removal(np.array([a.arrived]), a.receptor, np.array([a.quanta])))
    for e in events_to(moment):
        if len(e.steps):
            weight, unit = _in_unit(moment, synapses, e.receptor, e.quanta)
            last, count = float(e.steps[-1] * dt), int(e.counts.sum())
            what = (last, count, weight, unit, math.nan, False)
            causes.append(Cause("events", e.drive, None, None, None, None, *what))
            removals.append(Removal(e.steps, e.receptor, e.counts * e.quanta))
    for drive in program.current_drives:
        place = np.flatnonzero(drive.ids == moment.neuron)
        if INJECTED in p.states and drive.population == moment.population and len(place):
            given = drive.amplitude(moment.step - 1)
            amplitude = float(given if np.ndim(given) == 0 else given[place[0]])
            nobody = (None, None, None, None, None)
            causes.append(
                Cause("current", drive.name, *nobody, 1, amplitude, "nA", math.nan, False)
            )
            removals.append(Removal(np.zeros(0, np.int64), current=drive.name))
    return causes, removals


def _synapses(moment: Moment) -> list[Synapse]:
    """A synapse of each receptor, in the receptors' order."""
    net = moment.network
    population = list(net.populations.values())[moment.population]
    found = [
        p.synapse
        for p in net.projections.values()
        if p.post.population is population and not p.synapse.continuous
    ]
    found += [
        d.synapse for d in net.drives.values() if d.synapse and d.target.population is population
    ]
    return list(receptor_names(found).values())


def _in_unit(
    moment: Moment, synapses: list[Synapse], receptor: int, quanta: int
) -> tuple[float, str]:
    unit = synapses[receptor].unit_of_weight()
    quantum = moment.program.populations[moment.population].receptors[receptor].quantum
    return quanta * quantum / unit.scale, str(unit)


def _receptors(moment: Moment, found: Followed) -> list[Receptor]:
    p = moment.program.populations[moment.population]
    states = dict(zip(p.states, found.states.astype(np.float64).tolist()))
    scales = dict(zip(p.states, p.scales))
    made = []
    for r, (receptor, synapse) in enumerate(zip(p.receptors, _synapses(moment))):
        prefix = f"{receptor.name}."
        own = {n.removeprefix(prefix): v for n, v in states.items() if n.startswith(prefix)}
        shown = {n: v / scales[prefix + n] for n, v in own.items()}
        current = None
        if synapse.current_expr is not None:
            values = states | own | _parameters(moment, synapse, prefix)
            current = float(np.asarray(evaluate(synapse.current_expr, values)))
        arrived, unit = _in_unit(moment, _synapses(moment), r, int(found.arrived[r]))
        made.append(Receptor(receptor.name, shown, current, arrived, unit))
    return made


def _parameters(moment: Moment, synapse: Synapse, prefix: str) -> dict[str, float]:
    """The receptor's parameters of this neuron, coherent."""
    p, found = moment.program.populations[moment.population], {}
    for name, given in synapse.values.items():
        value: Any = given
        if isinstance(value, Distribution):
            key = stream_key(moment.program.seed, p.name, f"parameter {prefix}{name}")
            value = draw_array(value, p.size, key)
        scale = 1.0 if synapse.dimensionless else synapse.parameter_units[name].scale
        found[name] = float(value if np.ndim(value) == 0 else value[moment.neuron]) * scale
    return found
