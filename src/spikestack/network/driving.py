"""By which synapse an input drives a view."""

from __future__ import annotations

import numpy as np

from ..equations.catalogue import collect
from ..equations.edge_expression import Expression
from ..errors import UnknownNameError, ValidationError
from ..synapses.base import Synapse, check_receiver
from .inputs import Input
from .population import View

__all__ = ["synapse_of"]


def synapse_of(input: Input, view: View, where: str) -> Synapse:
    """The synapse by which an input acts on a view: its own, or that of the view's model.

    Raises
    ------
    ValidationError, UnknownNameError
        If it cannot act there.
    """
    synapse = input.synapse
    if synapse is None:
        kinds = collect("spikestack.synapses", Synapse)
        kind = view.population.model.default_synapse
        if kind not in kinds:
            raise UnknownNameError(f"{where}, default synapse", kind, kinds)
        synapse = kinds[kind](weight=input.weight)
    if synapse.continuous:
        raise ValidationError(
            where,
            f"{synapse.label} joins potentials, and an input brings spikes",
            "a synapse that receives spikes",
            "connect two populations by it",
        )
    check_receiver(synapse, view.population.model, where)
    synapse.check_sizes(view.population.size, where)
    weight = synapse.weight
    if isinstance(weight, Expression):
        raise ValidationError(
            f"{where}.weight",
            "an expression of pairs, and an input has no sources",
            "a number, an array or a distribution",
        )
    if isinstance(weight, np.ndarray) and weight.shape != (view.size,):
        raise ValidationError(
            f"{where}.weight",
            f"an array of shape {weight.shape}",
            f"one value for each of the {view.size} neurons",
        )
    return synapse
