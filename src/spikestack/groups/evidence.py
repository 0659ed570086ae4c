"""Evidence summed in neurons: the read-out of spikes of one sense or several."""

from __future__ import annotations

import numpy as np

from ..errors import ValidationError, shorten
from ..network.network import Network
from ..network.population import Population, View
from ..network.rules import AllToAll
from ..neurons.base import NeuronModel
from ..sensors.fusion import SpikingReadout
from ..synapses.delta import Delta

__all__ = ["evidence"]


def evidence(
    net: Network, name: str, *parts: tuple[Population | View, SpikingReadout]
) -> Population:
    """Add a neuron for each class that sums what all spikes so far say for it.

    It does not leak and does not fire: ``v`` begins at the sum of biases, and each spike adds its
    weight. Early, intermediate and late fusion differ in the parts: one read-out of a shared queue;
    parts of one read-out, ``readout[a:b]``, of hidden layers; a read-out for each sense, weighted,
    ``readout * 0.7``.

    Parameters
    ----------
    net
        The network to add them to.
    name
        Of the population.
    parts
        Neurons and what reads them, a pair for each sense.

    Returns
    -------
    Population
        One neuron for each class; record its ``"v"``. The class with the greatest is the answer.

    Raises
    ------
    ValidationError
        If there are no parts, or one has not as many neurons as its read-out has units.
    """
    where = f"evidence {name!r}"
    if not parts:
        raise ValidationError(where, "reads nothing", "pairs of neurons and a read-out")
    for source, readout in parts:
        if not isinstance(readout, SpikingReadout) or source.size != readout.units:
            raise ValidationError(
                where,
                f"{shorten(source)} is read by {shorten(readout)}",
                "a SpikingReadout with a unit for each neuron",
            )
    if len({readout.classes for _, readout in parts}) > 1:
        raise ValidationError(where, "read-outs of different classes", "the same classes in all")
    bias = np.sum([readout.bias for _, readout in parts], axis=0)
    sums = NeuronModel("v[t+1] = v : 1", name="Evidence", dimensionless=True, v=bias)
    classes = net.add(Population(name, len(bias), sums))
    for k, (source, readout) in enumerate(parts):
        synapse = Delta(weight=readout.weights, delay=0.0)
        net.connect(source, classes, AllToAll(), synapse, name=f"{name} {k}")
    return classes
