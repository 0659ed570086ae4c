"""The network, described: two layers of shared weights, and integrators that say which digit."""

from __future__ import annotations

import numpy as np

from ..network import Network, Population
from ..network.external import ExternalSpikes
from ..network.rules import Convolution, Dense
from ..neurons.discrete_lif import DiscreteLIF, LeakyIntegrator
from ..neurons.spike_source import SpikeSource
from ..synapses.delta import Delta
from .camera import SIDE

__all__ = ["LAYERS", "digit_reader"]

#: Populations that fire, from the camera on.
LAYERS = ("camera", "edges", "shapes")


def digit_reader(seed: int) -> Network:
    """A network that reads digits from events; its weights are random yet.

    Parameters
    ----------
    seed
        Of the weights.
    """
    rng = np.random.default_rng(seed)

    def weights(*shape: int, sources: int, gain: float = 2.0) -> np.ndarray:
        return rng.uniform(-gain, gain, shape) / np.sqrt(sources)

    net = Network(seed=seed)
    camera = net.add(Population("camera", (2, SIDE, SIDE), SpikeSource()))
    edges = net.add(Population("edges", (12, 9, 9), DiscreteLIF(beta=0.9)))
    shapes = net.add(Population("shapes", (24, 4, 4), DiscreteLIF(beta=0.9)))
    digits = net.add(Population("digits", 10, LeakyIntegrator(beta=0.95)))
    net.drive(camera, ExternalSpikes(weight=1.0), name="events")
    at_once = Delta(weight=1.0, delay=0.0)
    kernels = weights(12, 2, 4, 4, sources=32), weights(24, 12, 3, 3, sources=108)
    net.connect(camera, edges, Convolution(kernels[0], stride=2), at_once)
    net.connect(edges, shapes, Convolution(kernels[1], stride=2), at_once)
    net.connect(shapes, digits, Dense(weights(384, 10, sources=384, gain=1.0)), at_once)
    for population in (camera, edges, shapes):
        net.record(population, "spikes")
    net.record(digits, "v")
    return net
