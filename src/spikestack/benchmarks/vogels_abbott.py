"""The networks of Vogels and Abbott, as Brette et al. (2007) fixed them for simulators."""

from __future__ import annotations

from ..network import Network, Population
from ..network.inputs import ConstantCurrent
from ..network.rules import FixedInDegree
from ..neurons.lif import LIF
from ..synapses.base import Synapse
from ..synapses.exponential_conductance import ExponentialConductance
from ..synapses.exponential_current import ExponentialCurrent
from ..values import Uniform

__all__ = ["coba", "cuba"]


def _balanced(seed: int, v_rest: float, excitation: Synapse, inhibition: Synapse) -> Network:
    net = Network(seed)
    cell = LIF.preset("vogels_abbott", v_rest=v_rest, v=Uniform(-60.0, -50.0))
    exc = net.add(Population("exc", 3200, cell))
    inh = net.add(Population("inh", 800, cell))
    for target in (exc, inh):
        net.connect(exc, target, FixedInDegree(64), excitation)
        net.connect(inh, target, FixedInDegree(16), inhibition)
    for population in (exc, inh):
        net.record(population, "spikes")
    return net


def cuba(seed: int = 1) -> Network:
    """Current-based network of 4,000 neurons, self-sustained at about 5 spikes/s.

    Brette et al. 2007, J Comput Neurosci 23:349, benchmark 2; fixed in-degree 64 + 16.
    """
    return _balanced(
        seed,
        -49.0,
        ExponentialCurrent(tau_syn=5.0, weight=0.0162, delay=0.1),
        ExponentialCurrent(tau_syn=10.0, weight=-0.09, delay=0.1),
    )


def coba(seed: int = 1) -> Network:
    """Conductance-based network of 4,000 neurons, each with 200 pA, at about 16.5 spikes/s.

    Brette et al. 2007, benchmark 1, with a constant current so that it never falls silent.
    """
    net = _balanced(
        seed,
        -60.0,
        ExponentialConductance(tau_syn=5.0, e_rev=0.0, weight=0.006, delay=0.1),
        ExponentialConductance(tau_syn=10.0, e_rev=-80.0, weight=0.067, delay=0.1),
    )
    for population in net.populations.values():
        net.drive(population, ConstantCurrent(0.2))
    return net
