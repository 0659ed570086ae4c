"""NMDA receptor."""

from __future__ import annotations

from ..equations.model import Parameter
from .dual_exponential_conductance import DualExponentialConductance

__all__ = ["NMDA"]


class NMDA(DualExponentialConductance):
    """Slow excitation, blocked by magnesium unless the membrane is depolarised.

    The block follows the potential at the beginning of the step (it is fast), so that the current
    stays linear in v within a step.
    """

    current = "g*(e_rev - v)/(1 + mg/mg_half*exp(-previous(v)/v_block))"
    source = (
        "Jahr and Stevens 1990, J Neurosci 10:3178, eq 4 (block); time constants after Destexhe, "
        "Mainen and Sejnowski 1998, Methods in Neuronal Modeling, ch 1, figure 10"
    )

    tau_rise = Parameter(5.0, "ms", low=0, low_open=True, meaning="rise time constant")
    tau_decay = Parameter(150.0, "ms", low=0, low_open=True, meaning="decay time constant")
    mg = Parameter(1.0, "mM", low=0, meaning="magnesium outside the cell")
    mg_half = Parameter(3.57, "mM", low=0, low_open=True, meaning="that halves the current at 0 mV")
    v_block = Parameter(1 / 0.062, "mV", low=0, low_open=True, meaning="steepness of the block")

    parameter_sets = {  # noqa: RUF012
        "jahr_stevens_1990": {},
    }
