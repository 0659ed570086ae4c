"""Neuron models that PyNN has and the catalogue has not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...equations.model import Parameter
from ...neurons.adex import AdEx
from ...neurons.base import NeuronModel
from ...neurons.lif import LIF
from ...neurons.spike_source import SpikeSource

__all__ = [
    "AdaptiveIF",
    "ConductanceAdaptiveLIF",
    "CountSource",
    "GIFModel",
    "GatedSource",
    "PlainSource",
]


class AdaptiveIF(AdEx):
    """`AdEx` in the limit of no slope factor: it fires where v reaches `v_thresh`."""

    equations = """
        dv/dt = (gl*(v_rest - v) - w + i_syn + i_offset)/cm : mV
        dw/dt = (a*(v - v_rest) - w)/tau_w                  : nA
    """
    threshold = "v >= v_thresh"
    source = "Brette and Gerstner 2005, J Neurophysiol 94:3637, the limit of Delta_T = 0"


class ConductanceAdaptiveLIF(LIF):
    """Leaky integrate-and-fire whose spikes open two conductances that decay.

    One brings spike-frequency adaptation, the other, strong and short, relative refractoriness.
    """

    equations = """
        i_s = g_s*(e_rev_sfa - v) : nA
        i_r = g_r*(e_rev_rr - v)  : nA
        dg_s/dt = -g_s/tau_sfa    : nS
        dg_r/dt = -g_r/tau_rr     : nS
        dv/dt = (v_rest - v)/tau_m + (i_s + i_r + i_syn + i_offset)/cm : mV
    """
    reset = "v = v_reset; g_s += q_sfa; g_r += q_rr"
    source = "Muller, Buesing, Schemmel and Meier 2007, Neural Comput 19:2958; defaults as in PyNN"
    parameter_sets: Mapping[str, Mapping[str, Any]] = {}

    tau_sfa = Parameter(100.0, "ms", low=0, low_open=True, meaning="decay of adaptation")
    e_rev_sfa = Parameter(-75.0, "mV", meaning="reversal potential of adaptation")
    q_sfa = Parameter(15.0, "nS", low=0, meaning="adaptation by a spike")
    tau_rr = Parameter(2.0, "ms", low=0, low_open=True, meaning="decay of refractoriness")
    e_rev_rr = Parameter(-75.0, "mV", meaning="reversal potential of refractoriness")
    q_rr = Parameter(3000.0, "nS", low=0, meaning="refractoriness by a spike")


_GIF = """
    stc = {eta_sum} : nA
    hazard = lambda0*exp(min((v - v_t)/delta_v, 20)) : 1/ms
    dv/dt = (v_rest - v)/tau_m + (i_syn + i_offset - stc)/cm : mV
    {decays}
    i_eta[t+1] = {eta_sum} : nA
    v_t[t+1] = v_t_star + {gamma_sum} : mV
"""


class GIFModel(NeuronModel):
    """Generalised integrate-and-fire: currents and a threshold moved by spikes, escape noise.

    Parameters
    ----------
    kernels
        How many exponentials the current has, and the threshold.
    values
        Besides those of the leaky integrator: for each k ``tau_eta_k``, ``a_eta_k``,
        ``tau_gamma_k``, ``a_gamma_k``, counted from 1.
    """

    threshold = "rand < 1 - exp(-hazard*dt)"
    refractory = "tau_refrac"
    source = "Mensi et al. 2012, J Neurophysiol 107:1756; Pozzorini et al. 2015, eqs 1 to 3"

    def __init__(self, kernels: tuple[int, int], **values: Any) -> None:
        names = {"eta": range(1, kernels[0] + 1), "gamma": range(1, kernels[1] + 1)}
        units = {"eta": "nA", "gamma": "mV"}
        parameters = {
            **{name: LIF.declared_parameters()[name] for name in _OF_LIF},
            "delta_v": Parameter(0.5, "mV", low=0, low_open=True),
            "v_t_star": Parameter(-48.0, "mV"),
            "lambda0": Parameter(1.0, "Hz", low=0),
        }
        decays, jumps = [], ["v = v_reset"]
        for kind, numbers in names.items():
            total = "i_eta" if kind == "eta" else "v_t"
            for k in numbers:
                parameters[f"tau_{kind}_{k}"] = Parameter(10.0, "ms", low=0, low_open=True)
                parameters[f"a_{kind}_{k}"] = Parameter(0.0, units[kind])
                decays.append(f"d{kind}_{k}/dt = -{kind}_{k}/tau_{kind}_{k} : {units[kind]}")
                jumps += [f"{kind}_{k} += a_{kind}_{k}", f"{total} += a_{kind}_{k}"]
        sums = {
            f"{kind}_sum": " + ".join(f"{kind}_{k}" for k in numbers) or f"0*{units[kind]}"
            for kind, numbers in names.items()
        }
        super().__init__(
            _GIF.format(decays="\n".join(decays), **sums),
            reset="; ".join(jumps),
            parameters=parameters,
            initial={"v": "v_rest", "v_t": "v_t_star"},
            name="GIF",
            **values,
        )


_OF_LIF = ("v_rest", "cm", "tau_m", "tau_refrac", "v_reset", "i_offset")


class CountSource(SpikeSource):
    """Source whose spikes carry how many events there were in their step."""

    emit = "v"
    emit_type = "int"
    emit_limit = 100_000.0
    source = "as NEST's parrot neuron, whose spikes have a multiplicity"


class PlainSource(NeuronModel):
    """Spikes with the probability rate dt in a step: a Poisson process of which each step has one.

    The mean is rate dt exactly, where `PoissonSource` has that of a process cut to one event.
    """

    equations = "n[t+1] = 0 : 1"
    threshold = "rand < rate*dt"
    fires_at = None
    source = "Bernoulli process; as PyNN's SpikeSourcePoisson"

    rate = Parameter(1.0, "Hz", low=0, meaning="rate")


class GatedSource(NeuronModel):
    """Renewal process of events: a spike at every `order`-th, while it is on.

    Events come at a rate, not before `tau_refrac` after a spike, at most one in a step; the mean of
    their number is rate dt, exactly.
    """

    equations = """
        age[t+1] = age + 1                                                           : 1
        here = where(t > start - 0.5*dt and t < start + duration - 0.5*dt, 1, 0)     : 1
        free = where(age > tau_refrac/dt + 0.5, here, 0)                             : 1
        n[t+1] = n + where(rand < rate*dt, free, 0)                                  : 1
    """
    threshold = "n > order - 0.5"
    reset = "n = 0; age = 0"
    initial = {"age": 1e6}  # noqa: RUF012
    fires_at = None
    source = "Cox 1962, Renewal Theory; as PyNN's sources"

    rate = Parameter(1.0, "Hz", low=0, meaning="rate of events")
    order = Parameter(1.0, "1", low=1, meaning="events for a spike")
    tau_refrac = Parameter(0.0, "ms", low=0, meaning="time without events after a spike")
    start = Parameter(0.0, "ms", meaning="when it begins")
    duration = Parameter(1e10, "ms", low=0, meaning="how long it is on")
