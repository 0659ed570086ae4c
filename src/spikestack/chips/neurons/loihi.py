"""The compartment of Intel's first Loihi in its integers, and as two simulators have it."""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel
from ...synapses.base import Synapse

__all__ = [
    "Brian2LoihiCompartment",
    "LavaAxon",
    "LavaCompartment",
    "LoihiAxon",
    "LoihiCompartment",
    "NoisyLoihiCompartment",
]

#: 23 bits and a sign.
_MOST = 8388607.0


class LoihiAxon(Synapse):
    """Adds an integer to a compartment's input of this step."""

    receives = "q"
    weight_unit = "1"
    source = "Davies et al. 2018, IEEE Micro 38:82"


class LavaAxon(LoihiAxon):
    """Adds an integer to the second input of a `LavaCompartment`."""

    receives = "r"


class LoihiCompartment(NeuronModel):
    """Current-based leaky integrate-and-fire, bit by bit.

    Current and potential are integers of 23 bits and a sign. Of each a share in 4096 decays in a
    step, rounded towards zero. The sum of inputs and the current wrap, the potential saturates.
    What arrives in a step acts in the same step; a spike sets the potential to 0, where it is held
    for `tau_refrac` further steps. `busy` says whether anything was to be computed.
    """

    equations = """
        q[t+1] = 0                              : 1
        u[t+1] = trunc(u*(4095 - decay_u)/4096) : 1
        v[t+1] = v                              : 1
        busy[t+1] = 0                           : 1
    """
    after_arrivals = """
        busy = where(q != 0 or u != 0 or v != 0 or bias != 0, 1, 0)
        u = wrap(u + wrap(q, 22), 24)
        v = clip(trunc(v*(4096 - decay_v)/4096) + wrap(u + bias, 24), v_min, v_max)
    """
    threshold = "v > theta"
    reset = "v = 0"
    refractory = "tau_refrac"
    dimensionless = True
    default_synapse = "LoihiAxon"
    fires_at = None
    source = (
        "Davies et al. 2018, IEEE Micro 38:82; arithmetic as in NengoLoihi 1.1, whose authors held "
        "it against the chip"
    )

    decay_u = Parameter(0.0, "1", low=-1, high=4095, meaning="share of the current that decays - 1")
    decay_v = Parameter(0.0, "1", low=0, high=4096, meaning="share of the potential that decays")
    theta = Parameter(64.0, "1", low=0, high=131071 * 64, meaning="threshold")
    bias = Parameter(0.0, "1", low=-_MOST, high=_MOST, meaning="added in every step")
    v_min = Parameter(-_MOST, "1", low=-_MOST, high=0, meaning="least potential")
    v_max = Parameter(_MOST, "1", low=0, high=_MOST, meaning="greatest potential")
    tau_refrac = Parameter(0.0, "ms", low=0, meaning="time held after a spike, 63 steps at most")


class LavaCompartment(LoihiCompartment):
    """As in Intel's Lava, where sums of weights are shifted and the current wraps elsewhere.

    Two inputs, `q` and `r`, are sums of two sets of weights, each shifted by itself: `gain` is 2 to
    the power of the weights' exponent. The current's range is open below and closed above.
    """

    equations = """
        q[t+1] = 0                              : 1
        r[t+1] = 0                              : 1
        u[t+1] = trunc(u*(4095 - decay_u)/4096) : 1
        v[t+1] = v                              : 1
    """
    after_arrivals = """
        u = -wrap(-(u + 64*floor(q*gain) + 64*floor(r*gain)), 24)
        v = clip(trunc(v*(4096 - decay_v)/4096) + u + bias, v_min, v_max)
    """
    source = "Lava 0.10, bit-accurate model of CUBA LIF"

    gain = Parameter(1.0, "1", low=2.0**-8, high=128, meaning="2 to the weights' exponent")


class Brian2LoihiCompartment(LoihiCompartment):
    """As in Brian2Loihi, where nothing wraps or saturates."""

    after_arrivals = """
        u = u + q
        v = trunc(v*(4096 - decay_v)/4096) + u + bias
    """
    source = "Michaelis et al. 2022, Front Neuroinform 16:1015624"


class NoisyLoihiCompartment(LoihiCompartment):
    """The compartment with its noise, drawn anew for every neuron in every step.

    With r a whole number from -127 to 127, (r + 64 offset) 2^(exponent - 7) is added, rounded down,
    to the input, or, with `noise_on_v` = 1, to the sum of current and bias.
    """

    equations = """
        q[t+1] = 0                              : 1
        u[t+1] = trunc(u*(4095 - decay_u)/4096) : 1
        v[t+1] = v                              : 1
        busy[t+1] = 0                           : 1
        drawn[t+1] = floor((floor(rand*255) - 127 + 64*noise_offset)*noise_gain) : 1
    """
    after_arrivals = """
        busy = 1
        u = wrap(u + wrap(q + where(noise_on_v > 0, 0, drawn), 22), 24)
        v = clip(trunc(v*(4096 - decay_v)/4096)
                 + wrap(u + bias + where(noise_on_v > 0, drawn, 0), 24), v_min, v_max)
    """
    source = "NengoLoihi 1.1: its formula of the noise; how it rounds is ours"

    noise_gain = Parameter(1.0, "1", low=2.0**-6, high=2.0**16, meaning="2 to the exponent - 7")
    noise_offset = Parameter(0.0, "1", low=-64, high=63, meaning="in 64ths of the range")
    noise_on_v = Parameter(0.0, "1", low=0, high=1, meaning="whether it skips the current")
