"""GABA-A receptor."""

from __future__ import annotations

from ..equations.model import Parameter
from .exponential_conductance import ExponentialConductance

__all__ = ["GABAA"]


class GABAA(ExponentialConductance):
    """Fast inhibition by chloride: closes at 180 per second."""

    source = "Destexhe, Mainen and Sejnowski 1998, Methods in Neuronal Modeling, ch 1, figure 10"

    tau_syn = Parameter(1000.0 / 180.0, "ms", low=0, low_open=True, meaning="decay time constant")
    e_rev = Parameter(-80.0, "mV", meaning="reversal potential")

    parameter_sets = {  # noqa: RUF012
        "destexhe_1998": {},
    }
