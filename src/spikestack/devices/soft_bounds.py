"""Pulses whose steps vanish at the ends of the window."""

from __future__ import annotations

from types import MappingProxyType

from ..equations.model import Parameter
from .pulsed import PulsedDevice

__all__ = ["SoftBounds"]


class SoftBounds(PulsedDevice):
    """Steps vanish at the ends: ``dw = step (1 - w/w_max)`` up, ``step (1 - w/w_min)`` down.

    n pulses up thus bring w to ``w_max - (w_max - w_0) (1 - step/w_max)^n``. What is found after a
    pulse is w with noise of writing, `write_noise` steps strong, until the next pulse. The noise
    from pulse to pulse is a share of the step as it is (`additive` 0), or of the step at w = 0
    (`additive` 1). The window in siemens is a scale of this package: the sets are normalised.
    """

    equations = """
        a = step*(balance + asymmetry) : 1
        b = step*(2 - balance - asymmetry) : 1
        s_up = 1 - w/w_max : 1
        s_down = 1 - w/w_min : 1
        """
    up = "a*(s_up + cycle_noise*xi*(additive + (1 - additive)*s_up))"
    down = "b*(s_down + cycle_noise*xi*(additive + (1 - additive)*s_down))"
    written = "w + write_noise*step*xi"
    source = "Gong et al. 2018, Nat Commun 9:2102, https://doi.org/10.1038/s41467-018-04485-1"

    w_min = Parameter(-0.75, "1", high=0, high_open=True, meaning="least w")
    w_max = Parameter(1.25, "1", low=0, low_open=True, meaning="greatest w")
    g_low = Parameter(5e-6, "S", low=0, meaning="conductance at the least w")
    g_high = Parameter(15e-6, "S", low=0, low_open=True, meaning="conductance at the greatest w")
    step = Parameter(0.002, "1", low=0, meaning="mean change of w by a pulse at w = 0")
    balance = Parameter(1.0, "1", low=0, high=2, meaning="share of upward steps, of mean 1")
    asymmetry = Parameter(0.0, "1", low=-1, high=1, meaning="upward steps longer by this share")
    cycle_noise = Parameter(3.75, "1", low=0, meaning="of a step from pulse to pulse, of the step")
    additive = Parameter(1.0, "1", low=0, high=1, meaning="1: noise does not shrink with the step")
    write_noise = Parameter(56.0, "1", low=0, meaning="of what is found after a pulse, in steps")
    step_spread = Parameter(0.3, "1", low=0, meaning="of `step` between devices")
    balance_spread = Parameter(0.01, "1", low=0, meaning="of `balance` between devices")
    w_min_spread = Parameter(0.4, "1", low=0, meaning="of `w_min` between devices")
    w_max_spread = Parameter(0.24, "1", low=0, meaning="of `w_max` between devices")

    # The values of aihwkit's presets, fits to the papers named.
    parameter_sets = MappingProxyType({
        "ReRamSB": {},
        # Gong, Rasch et al. 2022, IEDM: 13.48 % of that array were corrupt; say corrupt=0.1348.
        "ReRamArrayOM": {
            "w_min": -1.0, "w_max": 1.0, "step": 0.0949, "step_spread": 0.783,
            "w_max_spread": 0.35, "w_min_spread": 0.57, "cycle_noise": 0.416, "additive": 0.0,
            "write_noise": 1.41,
        },
    })  # fmt: skip
