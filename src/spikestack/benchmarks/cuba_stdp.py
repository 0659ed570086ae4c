"""A balanced network whose excitatory synapses learn."""

from __future__ import annotations

from ..network import Network, Population
from ..network.inputs import Poisson
from ..network.rules import FixedInDegree
from ..neurons.lif import LIF
from ..plasticity.base import PlasticityRule
from ..plasticity.multiplicative_stdp import MultiplicativeSTDP
from ..synapses.exponential_current import ExponentialCurrent
from ..values import Normal

__all__ = ["cuba_stdp"]

_J_E, _J_I, _MOST = 0.035, -0.175, 0.07


def cuba_stdp(seed: int = 1, plasticity: PlasticityRule | None = None) -> Network:
    """11,250 neurons, 12,656,250 synapses, of which the 8.1 million between excitatory ones learn.

    Brette et al. 2007, J Comput Neurosci 23:349, benchmark 5; 6.8 to 8.2 spikes/s from 100 to
    600 ms.

    Parameters
    ----------
    seed
        Of the network.
    plasticity
        Another rule than `MultiplicativeSTDP`, for weights of 0 to 0.07 nA.
    """
    net = Network(seed)
    cell = LIF(
        cm=0.25,
        tau_m=20.0,
        tau_refrac=2.0,
        v_rest=0.0,
        v_reset=0.0,
        v_thresh=20.0,
        v=Normal(7.0, 5.0, high=19.9),
    )
    exc, inh = (net.add(Population(n, size, cell)) for n, size in (("exc", 9_000), ("inh", 2_250)))
    drawn = Normal(_J_E, 0.003, low=0.0, high=_MOST)
    learning = ExponentialCurrent(weight=drawn, delay=0.0, dendritic_delay=1.5, tau_syn=2.0)
    up, down = (ExponentialCurrent(weight=j, delay=1.5, tau_syn=2.0) for j in (_J_E, _J_I))
    rule = plasticity or MultiplicativeSTDP(rate=0.01, alpha=1.05, w_max=_MOST)
    net.connect(exc, exc, FixedInDegree(900), learning, plasticity=rule)
    net.connect(exc, inh, FixedInDegree(900), up)
    for target in (exc, inh):
        net.connect(inh, target, FixedInDegree(225), down)
        net.drive(target, Poisson(4050.0, synapse=up))
        net.record(target, "spikes")
    return net
