"""A layer of compartments with inputs and recurrent weights, run over given spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...network.inputs import SpikeTrains
from ...network.network import Network
from ...network.population import Population
from ...network.rules import Dense
from ...neurons.base import NeuronModel
from ...neurons.graded_relu import GradedReLU
from ...simulation import Simulation
from ...synapses.base import Synapse

__all__ = ["run_layer", "spike_raster"]

Axons = tuple[Synapse, np.ndarray]


def run_layer(
    model: NeuronModel,
    given: np.ndarray,
    inputs: Sequence[Axons],
    recurrent: Sequence[Axons],
    records: tuple[str, ...],
) -> dict[str, np.ndarray]:
    """Run neurons for as many steps as there are rows of spikes.

    Parameters
    ----------
    given
        Number of spikes of each source in each step, (steps, sources).
    inputs, recurrent
        Synapses with their weights, (sources or neurons, neurons).
    records
        What is recorded, besides ``"spikes"``.

    Returns
    -------
    dict
        By name, (steps, neurons); of spikes, what they carry, or 1.
    """
    steps, sources = given.shape
    size = inputs[0][1].shape[1]
    net = Network(seed=1)
    source = net.add(Population("source", sources, GradedReLU()))
    layer = net.add(Population("layer", size, model))
    at, ids = np.nonzero(given)
    often = given[at, ids].astype(int)
    times, ids = np.repeat(at + 1.0, often), np.repeat(ids, often)
    net.drive(source, SpikeTrains(times=times, ids=ids, weight=1.0))
    for k, (synapse, weights) in enumerate(inputs):
        net.connect(source, layer, Dense(weights.astype(float)), synapse, name=f"input {k}")
    for k, (synapse, weights) in enumerate(recurrent):
        net.connect(layer, layer, Dense(weights.astype(float)), synapse, name=f"recurrent {k}")
    for name in ("spikes", *records):
        net.record(layer, name)
    simulation = Simulation(net, dt=1.0, precision="float64")
    simulation.advance(float(steps), progress=False)
    made = simulation.recording()
    found = {name: np.asarray(made["layer", name].values).reshape(steps, size) for name in records}
    return found | {"spikes": spike_raster(made["layer"], steps, size)}


def spike_raster(record: Any, steps: int, size: int) -> np.ndarray:
    """Spikes as (steps, neurons): what each carries, or 1; int64."""
    raster = np.zeros((steps, size), np.int64)
    values = 1 if record.values is None else record.values
    raster[np.rint(record.times).astype(np.int64) - 1, record.ids] = values
    return raster
