"""A population that only passes on the spikes it is given."""

from __future__ import annotations

from .base import NeuronModel

__all__ = ["SpikeSource"]


class SpikeSource(NeuronModel):
    """Spike source: emits one spike in every step in which an input event arrives.

    Drive it with `Poisson` or `SpikeTrains`; the spike is stamped with the event's own time.
    """

    equations = "v[t+1] = 0 : 1"
    threshold = "v > 0.5"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "NEST calls this a parrot neuron; here without its delay"
