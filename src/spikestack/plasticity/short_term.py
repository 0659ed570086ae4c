"""Short-term plasticity: what a spike delivers depends on the spikes before it."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["StochasticRelease", "TsodyksMarkram"]

_U = Parameter(0.5, low=0, high=1, meaning="share that is used at rest")
_TAU_REC = Parameter(800.0, "ms", low=0, low_open=True, meaning="recovery from depression")
_TAU_FAC = Parameter(1.0, "ms", low=0, low_open=True, meaning="facilitation")


class TsodyksMarkram(PlasticityRule):
    """Each spike uses a share `u` of the resources `R` that are there, and delivers w u R.

    `u` rises with every spike (facilitation) and falls back; used resources recover. Weights do
    not change. A small tau_fac leaves depression alone.
    """

    pre_traces = """
        dR/dt = (1 - R)/tau_rec : 1
        du/dt = -u/tau_fac : 1
    """
    pre_spike = "u += U*(1 - u); R -= u*R"
    transmit = "w*R*(u + U*(1 - u))"
    initial = {"R": 1.0}  # noqa: RUF012
    source = "Tsodyks, Pawelzik and Markram 1998, Neural Comput 10:821, eq 2.1 to 2.4"

    U = _U
    tau_rec = _TAU_REC
    tau_fac = _TAU_FAC


class StochasticRelease(PlasticityRule):
    """One vesicle at each synapse: a spike releases it with probability `u`, or delivers nothing.

    Its mean is what `TsodyksMarkram` delivers: a place that was left empty is filled again with a
    probability that grows with the time since the last spike.
    """

    pre_traces = """
        de/dt = -e/tau_rec : 1
        du/dt = -u/tau_fac : 1
    """
    variables = """
        full : 1
        released : 1
    """
    pre_spike = "e = 1; u += U*(1 - u)"
    on_pre = """
        full = where(rand > e, 1, full)
        released = where(rand_2 < u + U*(1 - u), full, 0)
        full -= released
    """
    transmit = "w*released"
    initial = {"full": 1.0}  # noqa: RUF012
    source = "Fuhrmann, Segev, Markram and Tsodyks 2002, J Neurophysiol 87:140"

    U = _U
    tau_rec = _TAU_REC
    tau_fac = _TAU_FAC
