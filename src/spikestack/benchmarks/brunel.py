"""Brunel's network of sparsely connected excitatory and inhibitory neurons."""

from __future__ import annotations

from ..network import Network, Population
from ..network.inputs import Poisson
from ..network.rules import FixedInDegree
from ..neurons.lif import LIF
from ..synapses.delta import Delta
from ..values import Uniform

__all__ = ["STATES", "brunel"]

#: The four states of the article: relative inhibition g, and drive relative to threshold eta.
STATES = {"A": (3.0, 2.0), "B": (6.0, 4.0), "C": (5.0, 2.0), "D": (4.5, 0.9)}

_J = 0.1
_C_E, _C_I = 1000, 250
#: Rate at which one external synapse each holds a neuron at threshold: V_th / (J C_E tau_m), Hz.
_THRESHOLD_RATE = 20.0 / (_J * _C_E * 20.0) * 1e3


def brunel(seed: int = 1, state: str = "C") -> Network:
    """Model A: 12,500 neurons, 15,625,000 delta synapses, delay 1.5 ms.

    Brunel 2000, J Comput Neurosci 8:183. State C, asynchronous and irregular at about 38 spikes/s,
    is the one simulators are timed on.
    """
    g, eta = STATES[state]
    net = Network(seed)
    cell = LIF.preset("brunel", v=Uniform(0.0, 20.0))
    exc = net.add(Population("exc", 10_000, cell))
    inh = net.add(Population("inh", 2_500, cell))
    for target in (exc, inh):
        net.connect(exc, target, FixedInDegree(_C_E), Delta(weight=_J, delay=1.5))
        net.connect(inh, target, FixedInDegree(_C_I), Delta(weight=-g * _J, delay=1.5))
        net.drive(target, Poisson(eta * _THRESHOLD_RATE * _C_E, synapse=Delta(weight=_J)))
        net.record(target, "spikes")
    return net
