"""Neurons of SynSense's Xylo, first family: bit shifts for decays, several spikes in a step."""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel
from ...synapses.base import Synapse

__all__ = ["SecondXyloAxon", "XyloAxon", "XyloNeuron"]


class XyloAxon(Synapse):
    """Adds an integer to the first synaptic current."""

    receives = "i_1"
    weight_unit = "1"
    source = "Bos and Muir 2022, arXiv:2208.12991"


class SecondXyloAxon(XyloAxon):
    """Adds an integer to the second synaptic current."""

    receives = "i_2"


class XyloNeuron(NeuronModel):
    """Leaky integrate-and-fire with two currents, all of 16 bits, saturating.

    x loses x >> n in a step, and one where that is nothing. The potential's threshold is subtracted
    as often as it fits, at most `most` times, and the number of times is sent. The chip adds input
    spike by spike and saturates each time; here the sum is saturated, which differs only where a
    part of the sum leaves 16 bits and the whole does not.
    """

    equations = """
        i_1[t+1] = i_1 : 1
        i_2[t+1] = i_2 : 1
        v[t+1] = v     : 1
        number = min(floor(v/theta), most) : 1
    """
    after_arrivals = """
        i_1 = clip(i_1, -32768, 32767)
        i_2 = clip(i_2, -32768, 32767)
        v -= max(floor(v/leak), min(v, 1))
        i_1 -= max(floor(i_1/leak_1), min(i_1, 1))
        i_2 -= max(floor(i_2/leak_2), min(i_2, 1))
        v = clip(v + i_1 + i_2, -32768, 32767)
    """
    threshold = "v >= theta"
    reset = "v -= theta*number"
    emit = "number"
    emit_type = "int"
    emit_limit = 31.0
    dimensionless = True
    default_synapse = "XyloAxon"
    fires_at = None
    source = "Bos and Muir 2022, arXiv:2208.12991; XyloSim 0.1.3, with which it agrees bit for bit"

    theta = Parameter(1.0, "1", low=1, high=32767, meaning="threshold")
    leak = Parameter(2.0, "1", low=1, high=65536, meaning="2 to the potential's shift")
    leak_1 = Parameter(2.0, "1", low=1, high=65536, meaning="2 to the first current's shift")
    leak_2 = Parameter(2.0, "1", low=1, high=65536, meaning="2 to the second current's shift")
    most = Parameter(31.0, "1", low=1, high=31, meaning="greatest number of spikes in a step")
