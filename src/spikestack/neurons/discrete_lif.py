"""Leaky integrate-and-fire in steps, as networks that learn have it."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["DiscreteLIF", "LeakyIntegrator"]


class DiscreteLIF(NeuronModel):
    """Leaky integrate-and-fire neuron in steps: v = beta*v + input, a spike takes `theta` off.

    With `beta` trained ("parametric LIF") each population finds its own memory. beta = exp(-dt/tau)
    is a membrane of time constant tau; beta = 1 integrates without leak.
    """

    equations = "v[t+1] = beta*v : 1"
    threshold = "v >= theta"
    reset = "v -= theta"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Eshraghian et al. 2023, Proc IEEE 111:1016; trained beta: Fang et al. 2021, ICCV"

    beta = Parameter(0.9, "1", low=0, high=1, meaning="what is left of v after a step")
    theta = Parameter(1.0, "1", low=0, low_open=True, meaning="threshold")


class LeakyIntegrator(NeuronModel):
    """Leaky integrator that never fires, to read a network out by: v = beta*v + input."""

    equations = "v[t+1] = beta*v : 1"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Bellec et al. 2020, Nat Commun 11:3625, eq 9"

    beta = Parameter(0.9, "1", low=0, high=1, meaning="what is left of v after a step")
