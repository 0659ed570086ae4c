"""How a model is integrated, asked before any network is built."""

from __future__ import annotations

from ..errors import EquationError
from ..network import Network, Population
from ..network.currents.base import CurrentModel
from ..network.inputs import SpikeTrains
from ..network.rules import OneToOne
from ..neurons.base import NeuronModel
from ..synapses.base import Synapse
from .lower import lower

__all__ = ["schemes_of"]


def schemes_of(
    model: NeuronModel, part: Synapse | CurrentModel | None = None
) -> dict[str, str] | None:
    """The scheme of each variable of `model`, and of a synapse or current on it.

    Returns
    -------
    dict of str to str, or None
        Variable (a receptor's as ``"ExponentialCurrent.i"``) to ``"exact"``, ``"exponential
        Euler"``, ``"euler"`` or ``"rk4"``; None where part and model do not fit.
    """
    network = Network()
    population = network.add(Population("one", 1, model))
    try:
        if isinstance(part, CurrentModel):
            network.drive(population, part)
        elif part is not None and part.continuous:
            network.connect(population, population, OneToOne(), part)
        elif part is not None:
            network.drive(population, SpikeTrains([[1.0]], synapse=part))
        return dict(lower(network, 0.1, "float64", 1).populations[0].schemes)
    except EquationError:
        return None
