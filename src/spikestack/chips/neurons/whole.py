"""Integrate-and-fire neurons in whole numbers of so many bits, as digital chips have them."""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel
from ...synapses.base import Synapse

__all__ = ["EventNeuron", "WholeAxon", "WholeNeuron"]

_MOST = 2.0**31


class WholeAxon(Synapse):
    """Adds an integer to a neuron's input of this step."""

    receives = "q"
    weight_unit = "1"
    source = "a sum of integers"


class WholeNeuron(NeuronModel):
    """Leaky integrate-and-fire: a current and a potential, each with a share that decays in a step.

    Shares are of `share`, rounded towards zero; both saturate. What arrives in a step acts in the
    same step. A spike sets the potential to 0, or, with `subtracts` = 1, takes `taken` off. `busy`
    says whether anything was to be computed.
    """

    equations = """
        q[t+1] = 0                              : 1
        u[t+1] = trunc(u*(share - decay_u)/share) : 1
        v[t+1] = v                              : 1
        busy[t+1] = 0                           : 1
    """
    after_arrivals = """
        busy = where(q != 0 or u != 0 or v != 0 or bias != 0, 1, 0)
        u = clip(u + q, -most - 1, most)
        v = clip(trunc(v*(share - decay_v)/share) + u + bias, low, most)
    """
    threshold = "v >= theta"
    reset = "v = where(subtracts > 0, v - taken, 0)"
    refractory = "tau_refrac"
    dimensionless = True
    default_synapse = "WholeAxon"
    fires_at = None
    source = "integer arithmetic as on digital chips; Davies et al. 2018, IEEE Micro 38:82"

    share = Parameter(4096.0, "1", low=1, meaning="what decays are shares of")
    decay_u = Parameter(0.0, "1", low=0, meaning="share of the current that decays")
    decay_v = Parameter(0.0, "1", low=0, meaning="share of the potential that decays")
    theta = Parameter(64.0, "1", low=1, high=_MOST, meaning="threshold")
    taken = Parameter(64.0, "1", low=0, high=_MOST, meaning="what a spike takes off")
    subtracts = Parameter(0.0, "1", low=0, high=1, meaning="whether it does")
    bias = Parameter(0.0, "1", low=-_MOST, high=_MOST, meaning="added in every step")
    low = Parameter(-32768.0, "1", low=-_MOST, high=0, meaning="least potential")
    most = Parameter(32767.0, "1", low=1, high=_MOST, meaning="greatest potential, and current")
    tau_refrac = Parameter(0.0, "ms", low=0, meaning="time held after a spike, 1 ms a step")


class EventNeuron(NeuronModel):
    """Integrate-and-fire without leak that is touched by events only; the potential saturates."""

    equations = "v[t+1] = v : 1"
    after_arrivals = "v = clip(v, low, most)"
    threshold = "v >= theta"
    reset = "v = where(subtracts > 0, v - taken, 0)"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "sinabs, docs/speck/overview.md"

    theta = Parameter(1.0, "1", low=1, high=_MOST, meaning="threshold")
    taken = Parameter(1.0, "1", low=0, high=_MOST, meaning="what a spike takes off")
    subtracts = Parameter(0.0, "1", low=0, high=1, meaning="whether it does")
    low = Parameter(-32768.0, "1", low=-_MOST, high=0, meaning="least potential")
    most = Parameter(32767.0, "1", low=1, high=_MOST, meaning="greatest potential")
