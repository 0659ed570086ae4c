"""Neuron circuits of BrainScaleS: potentials in units of the read-out, times as described.

The chip is faster than what it emulates; its equations are those of the biological time that the
description is in, so that 1 ms here is 1 us on a chip that is a thousand times as fast.
"""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel
from ...synapses.base import Synapse

__all__ = [
    "BrainScaleSAdEx",
    "BrainScaleSLIF",
    "ExcitatoryRow",
    "InhibitoryRow",
    "QuietBrainScaleSLIF",
]

_SOURCE = "Pehle et al. 2022, Front Neurosci 16:795876; Billaudelle et al. 2020, ISCAS"


class ExcitatoryRow(Synapse):
    """A synapse of an excitatory row: adds its weight, 0 to 63, to the circuit's current."""

    receives = "i_exc"
    weight_unit = "1"
    source = _SOURCE


class InhibitoryRow(ExcitatoryRow):
    """A synapse of an inhibitory row."""

    receives = "i_inh"


class QuietBrainScaleSLIF(NeuronModel):
    """Leaky integrate-and-fire circuit without noise.

    Each circuit has two synaptic inputs with time constants of their own. `gain_exc` and
    `gain_inh` are what a weight of 1 adds to the slope of the potential. The potential stays
    within what the circuit's supply allows.
    """

    equations = """
        di_exc/dt = -i_exc/tau_exc                                                     : 1
        di_inh/dt = -i_inh/tau_inh                                                     : 1
        dv/dt = (leak - v)/tau_mem + gain_exc*i_exc - gain_inh*i_inh                   : 1
    """
    after_arrivals = "v = clip(v, v_least, v_most)"
    threshold = "v >= v_thresh"
    reset = "v = v_reset"
    refractory = "tau_refrac"
    initial = {"v": "leak"}  # noqa: RUF012
    dimensionless = True
    default_synapse = "ExcitatoryRow"
    fires_at = None
    source = _SOURCE

    leak = Parameter(80.0, "1", meaning="potential at rest")
    v_reset = Parameter(70.0, "1", meaning="potential after a spike")
    v_thresh = Parameter(125.0, "1", meaning="threshold")
    v_least = Parameter(0.0, "1", meaning="least potential")
    v_most = Parameter(255.0, "1", meaning="greatest potential")
    tau_mem = Parameter(10.0, "ms", low=0, low_open=True, meaning="membrane time constant")
    tau_exc = Parameter(5.0, "ms", low=0, low_open=True, meaning="of excitatory currents")
    tau_inh = Parameter(5.0, "ms", low=0, low_open=True, meaning="of inhibitory currents")
    gain_exc = Parameter(0.02, "1", low=0, meaning="slope for an excitatory weight of 1, per ms")
    gain_inh = Parameter(0.02, "1", low=0, meaning="slope for an inhibitory weight of 1, per ms")
    tau_refrac = Parameter(0.0, "ms", low=0, meaning="refractory period")


class BrainScaleSLIF(QuietBrainScaleSLIF):
    """Leaky integrate-and-fire circuit whose membrane is noisy, from trial to trial anew."""

    equations = """
        di_exc/dt = -i_exc/tau_exc                                                     : 1
        di_inh/dt = -i_inh/tau_inh                                                     : 1
        jitter = noise*sqrt(2/tau_noise)                                               : 1
        dv/dt = (leak - v)/tau_mem + gain_exc*i_exc - gain_inh*i_inh + jitter*xi       : 1
    """

    noise = Parameter(1.0, "1", low=0, meaning="standard deviation of the potential at rest")
    tau_noise = Parameter(10.0, "ms", low=0, low_open=True, meaning="time constant that it is for")


class BrainScaleSAdEx(NeuronModel):
    """Adaptive exponential circuit: the LIF circuit with its two other currents switched on.

    `w` is the adaptation current by the capacitance, so a slope of the potential.
    """

    equations = """
        di_exc/dt = -i_exc/tau_exc                                                     : 1
        di_inh/dt = -i_inh/tau_inh                                                     : 1
        x = min(v, v_spike)                                                            : 1
        upswing = delta_t*exp((x - v_exp)/delta_t)                                     : 1
        given = gain_exc*i_exc - gain_inh*i_inh + drive - w                            : 1
        jitter = noise*sqrt(2/tau_mem)                                                 : 1
        dv/dt = (leak - x + upswing)/tau_mem + given + jitter*xi                       : 1
        dw/dt = (a*(x - leak) - w)/tau_w                                               : 1
    """
    after_arrivals = "v = max(v, v_least)"
    threshold = "v >= v_spike"
    reset = "v = v_reset; w += b"
    refractory = "tau_refrac"
    method = "rk4"
    initial = {"v": "leak"}  # noqa: RUF012
    dimensionless = True
    default_synapse = "ExcitatoryRow"
    fires_at = None
    source = _SOURCE

    leak = Parameter(80.0, "1", meaning="potential of the leak")
    v_reset = Parameter(70.0, "1", meaning="potential after a spike")
    v_exp = Parameter(110.0, "1", meaning="threshold of the exponential")
    v_spike = Parameter(125.0, "1", meaning="potential at which the spike is cut")
    delta_t = Parameter(5.0, "1", low=0, low_open=True, meaning="slope factor")
    v_least = Parameter(0.0, "1", meaning="least potential")
    tau_mem = Parameter(10.0, "ms", low=0, low_open=True, meaning="membrane time constant")
    tau_exc = Parameter(5.0, "ms", low=0, low_open=True, meaning="of excitatory currents")
    tau_inh = Parameter(5.0, "ms", low=0, low_open=True, meaning="of inhibitory currents")
    tau_w = Parameter(100.0, "ms", low=0, low_open=True, meaning="of adaptation")
    a = Parameter(0.0, "1", meaning="subthreshold adaptation, per ms")
    b = Parameter(0.0, "1", meaning="adaptation of a spike, per ms")
    drive = Parameter(0.0, "1", meaning="constant current as a slope, per ms")
    gain_exc = Parameter(0.02, "1", low=0, meaning="slope for an excitatory weight of 1, per ms")
    gain_inh = Parameter(0.02, "1", low=0, meaning="slope for an inhibitory weight of 1, per ms")
    noise = Parameter(1.0, "1", low=0, meaning="standard deviation of the potential at rest")
    tau_refrac = Parameter(0.0, "ms", low=0, meaning="refractory period")
