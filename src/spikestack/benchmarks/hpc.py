"""The benchmark network of large machines: all its synapses between excitatory neurons learn."""

from __future__ import annotations

import math

from ..errors import ValidationError
from ..network import Network, Population
from ..network.inputs import Poisson
from ..network.rules import FixedInDegree
from ..neurons.lif import LIF
from ..plasticity.base import PlasticityRule
from ..plasticity.power_law_stdp import PowerLawSTDP
from ..synapses.alpha_current import AlphaCurrent
from ..values import Normal

__all__ = ["hpc"]

_EXC, _INH = 9_000, 2_250
_CM, _TAU_M, _V_THRESH = 0.25, 10.0, 20.0
#: A potential of 0.14 mV at its peak, after 1.700759 ms.
_TAU_SYN, _J = 0.32582722403722841, 0.0456096
_G, _ETA = 5.0, 1.685
#: What no weight reaches; the power law has no bound of its own.
_MOST = 10 * _J


def hpc(seed: int = 1, scale: float = 1.0, plasticity: PlasticityRule | None = None) -> Network:
    """11,250 neurons and 126.6 million synapses per unit of scale, of which 81 million learn.

    Morrison, Aertsen and Diesmann 2007, Neural Comput 19:1437; Helias et al. 2012, Front
    Neuroinform 6:26; Jordan et al. 2018, Front Neuroinform 12:2. Every neuron has 9,000
    excitatory and 2,250 inhibitory synapses at any scale. Meant for scales above 10: at 1 it
    drifts into synchrony after some hundred ms; 11.0 spikes/s from 50 to 150 ms.

    Parameters
    ----------
    seed
        Of the network.
    scale
        Factor of the number of neurons, at least 0.001.
    plasticity
        Another rule than `PowerLawSTDP`, for weights of 0 to 0.456 nA.

    Raises
    ------
    ValidationError
        If `scale` leaves too few neurons.
    """
    if not 0.001 <= scale < math.inf:
        raise ValidationError("hpc, scale", f"got {scale!r}", "a number, at least 0.001")
    net = Network(seed)
    cell = LIF(
        cm=_CM,
        tau_m=_TAU_M,
        tau_refrac=0.5,
        v_rest=0.0,
        v_reset=0.0,
        v_thresh=_V_THRESH,
        v=Normal(5.7, 7.2),
    )
    exc, inh = (
        net.add(Population(name, round(size * scale), cell))
        for name, size in (("exc", _EXC), ("inh", _INH))
    )
    learning = AlphaCurrent(weight=_J, delay=0.0, dendritic_delay=1.5, tau_syn=_TAU_SYN)
    up, down = (AlphaCurrent(weight=j, delay=1.5, tau_syn=_TAU_SYN) for j in (_J, -_G * _J))
    rule = plasticity or PowerLawSTDP(w_max=_MOST)
    # A share of the rate that alone would bring the mean potential to the threshold.
    rate = 1e3 * _ETA * _V_THRESH * _CM / (_TAU_M * _J * math.e * _TAU_SYN)
    net.connect(exc, exc, FixedInDegree(_EXC, autapses=False), learning, plasticity=rule)
    net.connect(exc, inh, FixedInDegree(_EXC, autapses=False), up)
    for target in (exc, inh):
        net.connect(inh, target, FixedInDegree(_INH, autapses=False), down)
        net.drive(target, Poisson(rate, synapse=up))
        net.record(target, "spikes")
    return net
