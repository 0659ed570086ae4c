"""Instantaneous jump of the membrane potential."""

from __future__ import annotations

from .base import Synapse

__all__ = ["Delta"]


class Delta(Synapse):
    """Jump of the target's membrane potential by the weight (mV).

    What arrives at a refractory neuron is lost, as its potential is held.
    """

    receives = "v"
    weight_unit = "mV"
    source = "Brunel 2000, J Comput Neurosci 8:183"
