"""Winner-take-all group."""

from __future__ import annotations

from typing import Any

from ..network.network import Network
from ..network.population import Population
from ..network.rules import AllToAll
from ..neurons.base import NeuronModel
from ..neurons.lif import LIF
from ..synapses.exponential_current import ExponentialCurrent

__all__ = ["winner_take_all"]


def winner_take_all(
    net: Network,
    name: str,
    size: int,
    model: NeuronModel | None = None,
    *,
    excitation: Any = 20.0,
    inhibition: Any = -3.0,
    tau_inhibition: Any = 10.0,
    delay: Any = 0.5,
) -> Population:
    """Add neurons that compete: the first to fire silences the others, and so the strongest wins.

    Each neuron excites one inhibitory neuron, whose every spike inhibits them all. Whoever has
    the strongest input recovers first and fires again before the others can (Oster, Douglas and
    Liu 2009, Neural Comput 21:2437).

    Parameters
    ----------
    net
        The network to add them to.
    name
        Of the population; the inhibitory neuron is called ``"NAME inhibition"``.
    size
        Number of competitors.
    model
        Of the competitors; a LIF neuron by default.
    excitation
        Weight onto the inhibitory neuron in nA: one spike must make it fire.
    inhibition
        Weight back in nA, below 0.
    tau_inhibition
        Decay time constant of the inhibition in ms.
    delay
        Of both projections, in ms.

    Returns
    -------
    Population
        The competitors, to be driven and recorded.
    """
    group = net.add(Population(name, size, model or LIF(tau_refrac=2.0)))
    fast = LIF(tau_m=2.0, cm=0.2, tau_refrac=1.0)
    shared = net.add(Population(f"{name} inhibition", 1, fast))
    to_all = ExponentialCurrent(tau_syn=tau_inhibition, weight=inhibition, delay=delay)
    net.connect(group, shared, AllToAll(), ExponentialCurrent(weight=excitation, delay=delay))
    net.connect(shared, group, AllToAll(), to_all)
    return group
