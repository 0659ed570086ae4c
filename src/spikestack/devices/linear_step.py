"""Pulses whose steps shrink linearly along the window."""

from __future__ import annotations

from types import MappingProxyType

from ..equations.model import Parameter
from .pulsed import PulsedDevice

__all__ = ["LinearStep"]

#: Slopes are published as the share by which a step has shrunk at the end of the nominal window.
_LI = {"w_max": 1.1724, "w_min": -0.8276}
_OXIDE = {"w_max": 1.1714, "w_min": -0.8286}
_ECRAM = {"step_spread": 0.1, "balance_spread": 0.01, "w_min_spread": 0.05, "w_max_spread": 0.05}


class LinearStep(PulsedDevice):
    """Steps shrink linearly with w: ``dw = step (balance +- asymmetry) (1 - slope |w|)``.

    The noise from pulse to pulse is a share of the step as it is (`additive` 0), or of the step at
    w = 0 (`additive` 1). Without pulses w leaks towards 0 with rate `leak`. The window in siemens
    is a scale of this package: the sets are normalised.
    """

    equations = """
        a = step*(balance + asymmetry) : 1
        b = step*(2 - balance - asymmetry) : 1
        s_up = max(0, 1 - slope_up*w) : 1
        s_down = max(0, 1 + slope_down*w) : 1
        """
    up = "a*(s_up + cycle_noise*xi*(additive + (1 - additive)*s_up))"
    down = "b*(s_down + cycle_noise*xi*(additive + (1 - additive)*s_down))"
    kept = "w*exp(-leak*t)"
    source = "Tang et al. 2018, IEDM 13.1, https://doi.org/10.1109/IEDM.2018.8614551"

    w_min = Parameter(-1.0, "1", meaning="least w")
    g_low = Parameter(5e-6, "S", low=0, meaning="conductance at the least w")
    g_high = Parameter(15e-6, "S", low=0, low_open=True, meaning="conductance at the greatest w")
    step = Parameter(0.002, "1", low=0, meaning="mean change of w by a pulse at w = 0")
    balance = Parameter(1.0, "1", low=0, high=2, meaning="share of upward steps, of mean 1")
    asymmetry = Parameter(0.0, "1", low=-1, high=1, meaning="upward steps longer by this share")
    slope_up = Parameter(0.1, "1", low=0, meaning="shrinking of an upward step with w")
    slope_down = Parameter(0.1, "1", low=0, meaning="shrinking of a downward step with -w")
    cycle_noise = Parameter(0.3, "1", low=0, meaning="of a step from pulse to pulse, of the step")
    additive = Parameter(0.0, "1", low=0, high=1, meaning="1: noise does not shrink with the step")
    leak = Parameter(0.0, "Hz", low=0, meaning="rate of decay of w without pulses")
    step_spread = Parameter(0.1, "1", low=0, meaning="of `step` between devices")
    balance_spread = Parameter(0.01, "1", low=0, meaning="of `balance` between devices")
    w_min_spread = Parameter(0.05, "1", low=0, meaning="of `w_min` between devices")
    w_max_spread = Parameter(0.05, "1", low=0, meaning="of `w_max` between devices")
    slope_up_spread = Parameter(0.0, "1", low=0, meaning="of `slope_up` between devices")
    slope_down_spread = Parameter(0.0, "1", low=0, meaning="of `slope_down` between devices")
    leak_spread = Parameter(0.0, "1", low=0, meaning="of `leak` between devices")

    # The values of aihwkit's presets, fits to the papers named.
    parameter_sets = MappingProxyType({
        # Lithium ECRAM: Tang et al. 2018, IEDM; w = 0 is the symmetry point.
        "EcRam": _LI | _ECRAM | {
            "step": 0.002, "cycle_noise": 0.3,
            "slope_up": 0.1153 / 1.1724, "slope_down": 0.5085 / 0.8276,
            "slope_up_spread": 0.05 / 0.1153, "slope_down_spread": 0.05 / 0.5085,
        },
        # Metal-oxide ECRAM: Kim et al. 2019, IEDM, https://doi.org/10.1109/IEDM19573.2019.8993463.
        "EcRamMO": _OXIDE | _ECRAM | {
            "step": 2.8214e-4, "cycle_noise": 2.0,
            "slope_up": 0.4152 / 1.1714, "slope_down": 0.7342 / 0.8286,
            "slope_up_spread": 0.05 / 0.4152, "slope_down_spread": 0.05 / 0.7342,
        },
        # Li et al. 2018, VLSI Technology. The fit leaks over 1e6 batches; 1 us a batch is assumed.
        "Capacitor": {
            "step": 0.005, "cycle_noise": 0.3, "additive": 1.0, "slope_up": 0.05,
            "slope_down": 0.05, "step_spread": 0.1, "balance_spread": 0.06, "w_min_spread": 0.07,
            "w_max_spread": 0.07, "slope_up_spread": 0.2, "slope_down_spread": 0.2, "leak": 1.0,
            "leak_spread": 0.3,
        },
    })  # fmt: skip
