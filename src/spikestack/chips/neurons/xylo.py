"""Xylo's neuron as a model in whole numbers, and its two synapses."""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel
from ...synapses.base import Synapse

__all__ = ["XyloFirst", "XyloNeuron", "XyloSecond"]


class XyloFirst(Synapse):
    """Adds to a neuron's first current."""

    receives = "q_1"
    weight_unit = "1"
    source = "Bos and Muir 2022, arXiv:2208.12991"


class XyloSecond(XyloFirst):
    """Adds to its second."""

    receives = "q_2"


class XyloNeuron(NeuronModel):
    """Two currents and a potential of 16 bits, whose decays are shifts; several spikes in a step.

    Equal to `kernels.xylo` where no current saturates before all of a step has arrived: the chip
    adds spikes one by one. A decay takes one off at least, so that nothing above 0 stays. A spike
    carries how many it stands for.
    """

    equations = """
        q_1[t+1] = 0 : 1
        q_2[t+1] = 0 : 1
        i_1[t+1] = i_1 : 1
        i_2[t+1] = i_2 : 1
        v[t+1] = v : 1
        n[t+1] = 0 : 1
        busy[t+1] = 0 : 1
    """
    after_arrivals = """
        busy = where(q_1 != 0 or q_2 != 0 or i_1 != 0 or i_2 != 0 or v != 0 or bias != 0, 1, 0)
        i_1 = clip(i_1 + q_1, -32768, 32767)
        i_2 = clip(i_2 + q_2, -32768, 32767)
        i_1 -= where(0 < i_1 and i_1 < share_1, 1, floor(i_1/share_1))
        i_2 -= where(0 < i_2 and i_2 < share_2, 1, floor(i_2/share_2))
        v -= where(0 < v and v < share, 1, floor(v/share))
        v = clip(v + i_1 + i_2 + bias, -32768, 32767)
        n = clip(floor(v/theta), 0, most)
    """
    threshold = "n >= 1"
    reset = "v -= n*theta"
    emit = "n"
    emit_type = "int"
    emit_limit = 31
    dimensionless = True
    default_synapse = "XyloFirst"
    fires_at = None
    source = "Bos and Muir 2022, arXiv:2208.12991; XyloSim 0.1.3"

    share = Parameter(16.0, "1", low=1, meaning="2 to the shift of the potential's decay")
    share_1 = Parameter(16.0, "1", low=1, meaning="2 to the shift of the first current's")
    share_2 = Parameter(16.0, "1", low=1, meaning="2 to the shift of the second current's")
    theta = Parameter(1024.0, "1", low=1, high=32768, meaning="threshold, and what a spike takes")
    bias = Parameter(0.0, "1", low=-32768, high=32767, meaning="added in every step")
    most = Parameter(31.0, "1", low=1, high=31, meaning="spikes in a step")
