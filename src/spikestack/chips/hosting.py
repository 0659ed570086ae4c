"""What surrounds a chip whose steps are no equations: sources, the host's readouts, recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..network.inputs import SpikeTrains
from ..network.network import Network
from ..network.population import Population
from ..neurons.spike_source import SpikeSource
from ..recording import Recording, SpikeRecord, Trace
from ..simulation import Simulation
from .counting import count_spikes
from .ledger import Ledger
from .mapping.cores import MappedNetwork
from .quantising import Quantised
from .running import ChipRun

__all__ = ["Spikes", "chip_run", "outside_spikes"]

#: Step, from 0 on, and index of the neuron of each spike.
Spikes = tuple[np.ndarray, np.ndarray]


def outside_spikes(quantised: Quantised, steps: int) -> dict[str, Spikes]:
    """Spikes of the sources outside the chip, by population; a spike of value n is n spikes."""
    network, made = quantised.network, Network(seed=quantised.network.seed)
    reached = {p.post.population.name for p in network.projections.values()}
    names = [n for n in network.populations if n not in reached and n not in quantised.scales]
    for name in names:
        described = network.populations[name]
        made.add(Population(name, described.shape, described.model))
        made.record(made[name], "spikes")
    for name, drive in network.drives.items():
        if drive.target.population.name in names:
            made.drive(_same(drive.target, made), drive.input, name=name)
    if not names:
        return {}
    simulation = Simulation(made, dt=quantised.dt, precision="float64", threads=1)
    simulation.forward(steps, progress=False)
    found = simulation.recording().spikes
    made_spikes: dict[str, Spikes] = {}
    for n in names:
        values = found[n].values
        times: Any = 1 if values is None else np.maximum(np.rint(values), 0).astype(np.int64)
        at, ids = found[n].steps - 1, found[n].ids.astype(np.int64)
        made_spikes[n] = (np.repeat(at, times), np.repeat(ids, times))
    return made_spikes


def _same(view: Any, made: Network) -> Any:
    target: Any = made[view.population.name]
    return target if view.is_whole else target[view.ids]


def _hosted(quantised: Quantised, spikes: Mapping[str, Spikes], steps: int) -> Recording | None:
    """The host's readouts, run with the spikes that it is sent."""
    network, made = quantised.network, Network(seed=quantised.network.seed)
    reached = {p.post.population.name for p in network.projections.values()}
    names = {n for n in reached if n not in quantised.scales}
    if not names:
        return None
    for projection in network.projections.values():
        pre, post = projection.pre.population, projection.post.population
        if post.name not in names:
            continue
        if pre.name not in made.populations:
            made.add(Population(pre.name, pre.shape, SpikeSource()))
            at, ids = spikes[pre.name]
            made.drive(made[pre.name], SpikeTrains((at + 1.0) * quantised.dt, ids=ids))
        if post.name not in made.populations:
            made.add(Population(post.name, post.shape, post.model))
        made.connect(made[pre.name], made[post.name], projection.rule, projection.synapse,
                     name=projection.name)  # fmt: skip
    for probe in network.probes:
        if probe.target.population.name in names:
            made.record(_same(probe.target, made), probe.variable, interval=probe.interval)
    simulation = Simulation(made, dt=quantised.dt, precision="float64", threads=1)
    simulation.forward(steps, progress=False)
    return simulation.recording()


def chip_run(
    mapped: MappedNetwork,
    spikes: Mapping[str, Spikes],
    potentials: Mapping[str, np.ndarray],
    steps: int,
    ledger: Ledger | None = None,
) -> ChipRun:
    """Make a run of what a kernel has found.

    Parameters
    ----------
    mapped
        Who is where.
    spikes
        By population, sources outside among them.
    potentials
        By population on the chip whose potential is recorded, after each step (steps, neurons).
    steps
        How many were run.
    ledger
        What happened; counted from the spikes by default.
    """
    quantised = mapped.quantised
    dt, until = quantised.dt, steps * quantised.dt
    hosted = _hosted(quantised, spikes, steps)
    records: dict[str, SpikeRecord] = {}
    traces: dict[str, dict[str, Trace]] = {}
    if hosted:
        traces |= {n: dict(found) for n, found in hosted.traces.items()}
    words = 0
    for probe in quantised.network.probes:
        population, name = probe.target.population, probe.target.population.name
        ids = np.asarray(probe.target.ids)
        if name in traces and name not in quantised.scales:
            continue
        if probe.variable == "spikes":
            at, who = (np.asarray(x) for x in spikes[name])
            order = np.lexsort((who, at))
            at, who = at[order], who[order]
            chosen = np.isin(who, ids)
            records[name] = SpikeRecord(
                population=name, size=population.size, dt=dt, steps=at[chosen] + 1,
                ids=who[chosen].astype(np.int32), t_stop=until, shape=population.shape,
            )  # fmt: skip
            words += int(chosen.sum()) if name in quantised.scales else 0
        elif probe.variable == "v" and name in potentials:
            values = potentials[name][None, :, ids]
            kept = Trace(
                population=name, variable="v", unit="", dt=dt, steps=np.arange(1, steps + 1),
                ids=ids.astype(np.int32), values=values.astype(float),
            )  # fmt: skip
            traces[name] = {"v": kept}
            words += values.size
    made = Recording(t_stop=until, spikes=records, traces=traces)
    counted = count_spikes(mapped, spikes, steps, words_out=words) if ledger is None else ledger
    return ChipRun.of(mapped, made, counted)
