"""Shared normalising pool."""

from __future__ import annotations

from typing import Any

from ..network.network import Network
from ..network.population import Population
from ..network.rules import AllToAll, OneToOne
from ..neurons.divisive_unit import DivisiveUnit
from ..neurons.graded_relu import GradedReLU
from ..synapses.delta import Delta

__all__ = ["normalising_pool"]


def normalising_pool(net: Network, source: Population, name: str, sigma: Any = 1.0) -> Population:
    """Add units that repeat a graded population's values, divided by sigma plus their sum.

    Divisive normalisation (Carandini and Heeger 2012, Nat Rev Neurosci 13:51) within a step: the
    sum, the division and the result have the time of the source's spike.

    Parameters
    ----------
    net
        The network to add them to.
    source
        A population whose spikes carry values, such as `GradedReLU`.
    name
        Of the units; the summing unit is called ``"NAME pool"``.
    sigma
        Added to the sum.

    Returns
    -------
    Population
        The normalised units, as many as the source has.
    """
    pool = net.add(Population(f"{name} pool", 1, GradedReLU()))
    units = net.add(Population(name, source.size, DivisiveUnit(sigma=sigma)))
    net.connect(source, pool, AllToAll(), Delta(weight=1.0, delay=0.0))
    net.connect(source, units, OneToOne(), Delta(weight=1.0, delay=0.0))
    divide = Delta(weight=1.0, delay=0.0, compartment="pool")
    net.connect(pool, units, AllToAll(), divide)
    return units
