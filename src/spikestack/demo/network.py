"""The network, described: two layers of shared weights, and integrators that say which digit."""

from __future__ import annotations

import numpy as np

from ..network import Network, Population
from ..network.external import ExternalSpikes
from ..network.rules import Convolution, Dense
from ..neurons.base import NeuronModel
from ..neurons.discrete_lif import DiscreteLIF, LeakyIntegrator
from ..neurons.spike_source import SpikeSource
from ..synapses.delta import Delta
from .camera import SIDE

__all__ = ["LAYERS", "WEIGHT_BITS", "chip_reader", "digit_reader"]

#: Populations that fire, from the camera on.
LAYERS = ("camera", "edges", "shapes")
#: Of the weights of `chip_reader`.
WEIGHT_BITS = 4


def digit_reader(seed: int) -> Network:
    """A network that reads digits from events; its weights are random yet.

    Parameters
    ----------
    seed
        Of the weights.
    """
    return _reader(seed, DiscreteLIF(beta=0.9), 0.95, groups=1)


def chip_reader(seed: int) -> Network:
    """The same for chips: integrate-and-fire without leak, reset to 0, at most 54 inputs a neuron.

    The last layer but the readout is in two groups. Trained with weights of `WEIGHT_BITS` bits it
    has what every chip can do.

    Parameters
    ----------
    seed
        Of the weights.
    """
    neuron = NeuronModel(
        "v[t+1] = v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta",
    )  # fmt: skip
    return _reader(seed, neuron, 1.0, groups=2)


def _reader(seed: int, neuron: NeuronModel, beta: float, groups: int) -> Network:
    rng = np.random.default_rng(seed)

    def weights(*shape: int, sources: int, gain: float = 2.0) -> np.ndarray:
        return rng.uniform(-gain, gain, shape) / np.sqrt(sources)

    net = Network(seed=seed)
    camera = net.add(Population("camera", (2, SIDE, SIDE), SpikeSource()))
    edges = net.add(Population("edges", (12, 9, 9), neuron))
    shapes = net.add(Population("shapes", (24, 4, 4), neuron))
    digits = net.add(Population("digits", 10, LeakyIntegrator(beta=beta)))
    net.drive(camera, ExternalSpikes(weight=1.0), name="events")
    at_once = Delta(weight=1.0, delay=0.0)
    each = 12 // groups
    kernels = weights(12, 2, 4, 4, sources=32), weights(24, each, 3, 3, sources=9 * each)
    net.connect(camera, edges, Convolution(kernels[0], stride=2), at_once)
    net.connect(edges, shapes, Convolution(kernels[1], stride=2, groups=groups), at_once)
    net.connect(shapes, digits, Dense(weights(384, 10, sources=384, gain=1.0)), at_once)
    for population in (camera, edges, shapes):
        net.record(population, "spikes")
    net.record(digits, "v")
    return net
