"""How a model is integrated, asked before any network is built."""

from __future__ import annotations

from ..errors import EquationError
from ..network import Network, Population
from ..network.inputs import SpikeTrains
from ..neurons.base import NeuronModel
from ..synapses.base import Synapse
from .lower import lower

__all__ = ["schemes_of"]


def schemes_of(model: NeuronModel, synapse: Synapse | None = None) -> dict[str, str] | None:
    """The scheme of each variable of `model`, and of `synapse` on it.

    Returns
    -------
    dict of str to str, or None
        Variable (a receptor's as ``"ExponentialCurrent.i"``) to ``"exact"``, ``"exponential
        Euler"``, ``"euler"`` or ``"rk4"``; None where synapse and model do not fit.
    """
    if synapse is not None and synapse.continuous:
        return None
    network = Network()
    population = network.add(Population("one", 1, model))
    try:
        if synapse is not None:
            network.drive(population, SpikeTrains([[1.0]], synapse=synapse))
        return dict(lower(network, 0.1, "float64", 1).populations[0].schemes)
    except EquationError:
        return None
