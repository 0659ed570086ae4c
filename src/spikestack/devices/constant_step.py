"""Pulses of equal steps."""

from __future__ import annotations

from types import MappingProxyType

from ..equations.model import Parameter
from .pulsed import PulsedDevice

__all__ = ["ConstantStep"]


class ConstantStep(PulsedDevice):
    """Each pulse changes w by the same, up to the ends of the window.

    ``dw = step (balance +- asymmetry) (1 + cycle_noise xi)``, with xi normal for each pulse. The
    window in siemens is a scale of this package: the sets are normalised.
    """

    up = "step*(balance + asymmetry)*(1 + cycle_noise*xi)"
    down = "step*(2 - balance - asymmetry)*(1 + cycle_noise*xi)"
    source = (
        "Gokmen and Vlasov 2016, Front Neurosci 10:333, https://doi.org/10.3389/fnins.2016.00333"
    )

    w_min = Parameter(-1.0, "1", meaning="least w")
    g_low = Parameter(5e-6, "S", low=0, meaning="conductance at the least w")
    g_high = Parameter(15e-6, "S", low=0, low_open=True, meaning="conductance at the greatest w")
    step = Parameter(0.0016, "1", low=0, meaning="mean change of w by a pulse")
    balance = Parameter(1.0, "1", low=0, high=2, meaning="share of upward steps, of mean 1")
    asymmetry = Parameter(0.0, "1", low=-1, high=1, meaning="upward steps longer by this share")
    cycle_noise = Parameter(0.3, "1", low=0, meaning="of a step from pulse to pulse, of the step")
    step_spread = Parameter(0.3, "1", low=0, meaning="of `step` between devices")
    balance_spread = Parameter(0.01, "1", low=0, meaning="of `balance` between devices")
    w_min_spread = Parameter(0.3, "1", low=0, meaning="of `w_min` between devices")
    w_max_spread = Parameter(0.3, "1", low=0, meaning="of `w_max` between devices")

    parameter_sets = MappingProxyType({
        # 1200 states; the values of aihwkit's presets, which scale w to -1..1.
        "GokmenVlasov": {"step": 0.0016, "balance_spread": 0.01},
        # 10,000 states, no asymmetry: Rasch, Gokmen and Haensch 2019, arXiv:1906.02698.
        "Idealized": {"step": 0.0002, "balance_spread": 0.0},
    })  # fmt: skip
