"""Inputs, node sets and reports of a network that is being written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...network.inputs import ConstantCurrent, SpikeTrains, StepCurrent
from ...network.network import Drive, Network
from ...network.population import View
from ...program.inputs import event_steps
from ...run import run
from .matching import NodePlan
from .problems import Problems
from .spikes import write_trains

__all__ = ["InputPlan", "plan_inputs"]

Trains = tuple[np.ndarray, np.ndarray]


@dataclass(eq=False)
class InputPlan:
    """What a simulation has besides its circuit.

    Attributes
    ----------
    spikes
        Of virtual nodes, by population: times in ms, and node ids.
    currents
        Sections of the file by name.
    reports
        The same.
    node_sets
        By name.
    """

    spikes: dict[str, Trains] = field(default_factory=dict)
    currents: dict[str, dict[str, Any]] = field(default_factory=dict)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    node_sets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sections(self, spikes_file: str) -> dict[str, Any]:
        """The ``inputs`` of the file."""
        found: dict[str, Any] = dict(self.currents)
        for name in self.spikes:
            found[_free(f"spikes_{name}", found)] = {
                "input_type": "spikes",
                "module": "h5",
                "input_file": spikes_file,
                "node_set": name,
            }
        return found

    def write_spikes(self, path: Path) -> None:
        """Write the spikes of all virtual nodes that have any."""
        if self.spikes:
            write_trains({name: (t, ids, {}) for name, (t, ids) in self.spikes.items()}, path)

    def node_set(self, view: View, name: str) -> str:
        """The name of the set of a view's nodes: the population's, or a new one like `name`."""
        population = view.population.name
        if view.is_whole:
            self.node_sets.setdefault(population, {"population": population})
            return population
        given = {"population": population, "node_id": [int(i) for i in np.sort(view.ids)]}
        for known, held in self.node_sets.items():
            if held == given:
                return known
        free = _free(name, self.node_sets)
        self.node_sets[free] = given
        return free


def _free(name: str, taken: Mapping[str, Any]) -> str:
    found, k = name, 2
    while found in taken:
        found, k = f"{name}_{k}", k + 1
    return found


def plan_inputs(
    network: Network,
    plans: Mapping[str, NodePlan],
    duration: float,
    dt: float,
    sample: bool,
    to: Problems,
) -> InputPlan:
    """Sort the drives and probes of a network; what has no form is noted in `to`."""
    made = InputPlan()
    for name in network.populations:
        made.node_set(network[name].whole, name)
    sources = {name for name, plan in plans.items() if plan.template is None}
    random = _random_sources(network, sources)
    for name, drive in network.drives.items():
        population = drive.target.population.name
        if population in sources:
            if population not in random:
                _add_trains(made, drive, dt)
        elif isinstance(drive.input, ConstantCurrent | StepCurrent):
            _add_current(made, name, drive, duration, to)
        else:
            to.add(
                f"drive {name!r}: {type(drive.input).__name__} into the neurons of {population!r} "
                "(spikes come from a population of SpikeSource)"
            )
    if random and not sample:
        to.add(
            f"random spikes of {', '.join(sorted(random))} (sample=True writes those that they "
            "fire in the duration)"
        )
    elif random and not to.found:
        made.spikes |= _sampled(network, random, duration, dt)
    for probe in network.probes:
        _add_probe(made, probe, plans, to)
    return made


def _random_sources(network: Network, sources: set[str]) -> set[str]:
    """Sources whose spikes are not simply given."""
    found = {n for n in sources if network[n].model.label != "SpikeSource"}
    for drive in network.drives.values():
        name = drive.target.population.name
        plain = isinstance(drive.input, SpikeTrains) and drive.input.trials is None
        if name in sources and not plain:
            found.add(name)
    return found


def _add_trains(made: InputPlan, drive: Drive, dt: float) -> None:
    """Add given spikes to those of their population; two in a step are one."""
    trains = drive.input
    assert isinstance(trains, SpikeTrains)
    name = drive.target.population.name
    times, ids = trains.times, drive.target.ids[trains.ids]
    if name in made.spikes:
        times, ids = (np.concatenate(pair) for pair in zip(made.spikes[name], (times, ids)))
    steps = event_steps(SpikeTrains(times, ids), dt)
    _, first = np.unique(np.stack([ids, steps]), axis=1, return_index=True)
    first.sort()
    made.spikes[name] = (times[first], ids[first])


def _sampled(network: Network, names: set[str], duration: float, dt: float) -> dict[str, Trains]:
    """The spikes that sources fire: they depend on the seed and on names alone."""
    alone = Network(network.seed)
    for name in sorted(names):
        alone.record(alone.add(network[name]), "spikes")
    for name, drive in network.drives.items():
        if drive.target.population.name in names:
            alone.drive(drive.target, drive.input, name=name)
    recording = run(alone, duration, dt=dt, progress=False)
    return {name: (recording[name].times, recording[name].ids) for name in sorted(names)}


def _add_current(made: InputPlan, name: str, drive: Drive, duration: float, to: Problems) -> None:
    given = drive.input
    if isinstance(given, ConstantCurrent):
        if not isinstance(given.amplitude, float):
            to.add(f"drive {name!r}: a current that differs from neuron to neuron")
            return
        times, levels = np.zeros(1), np.array([given.amplitude])
    else:
        assert isinstance(given, StepCurrent)
        times, levels = given.times, given.amplitudes
    ends = np.append(times[1:], max(duration, float(times[-1])))
    on = np.flatnonzero(levels)
    on = on if len(on) else np.zeros(1, np.int64)
    pulses = {"amp": levels[on], "delay": times[on], "duration": (ends - times)[on]}
    made.currents[name] = {
        "input_type": "current_clamp",
        "module": "IClamp",
        "node_set": made.node_set(drive.target, name),
        **{k: v.tolist() if len(on) > 1 else float(v[0]) for k, v in pulses.items()},
    }


def _add_probe(made: InputPlan, probe: Any, plans: Mapping[str, NodePlan], to: Problems) -> None:
    """Spikes of all neurons are written anyway; a state becomes a report."""
    name = probe.target.population.name
    if probe.variable == "spikes":
        return
    plan = plans.get(name)
    template = plan.template if plan else None
    if plan is not None and (template is None or probe.variable not in template.variables):
        to.add(f"the recorded variable {probe.variable!r} of {name!r}")
        return
    if template is None:
        return
    report = _free(re.sub(r"[^\w.-]", "_", f"{name}_{probe.variable}"), made.reports)
    made.reports[report] = {
        "cells": made.node_set(probe.target, report),
        "variable_name": template.variables[probe.variable],
        "module": "membrane_report",
        "sections": "soma",
        **({} if probe.interval is None else {"dt": probe.interval}),
    }
