"""Phase-change memory that is crystallised pulse by pulse, and melted at once."""

from __future__ import annotations

from typing import ClassVar

from ..equations.model import Parameter
from .pulsed import PulsedDevice

__all__ = ["PulsedPCM"]


class PulsedPCM(PulsedDevice):
    """One device of a pair of phase-change memories: set pulses add up, a reset pulse melts.

    A set pulse raises w by ``d = step (1 + A exp(-gamma w/w_max))`` plus a normal number with
    standard deviation ``cycle_noise (d + noise_floor + noise_slope w)``. A reset pulse brings w to
    `melted`, whatever it was: conductance cannot be lowered step by step, so that a weight is the
    difference of two devices that both grow.

    The values are those of aihwkit's preset, a fit to the paper; 25 uS at w = 2 is the g_max of the
    same group's devices.
    """

    equations = """
        d = step*max(0, 1 + a_up*exp(-gamma_up*2*w/(w_max - w_min))) : 1
        """
    up = "d + cycle_noise*(d + noise_floor + noise_slope*abs(w))*xi"
    down = "w - melted*(1 + melted_noise*xi)"
    source = (
        "Nandakumar et al. 2020, Front Neurosci 14:406, https://doi.org/10.3389/fnins.2020.00406"
    )
    pulse_width: ClassVar[float] = 50e-9

    w_max = Parameter(2.0, "1", low=0, low_open=True, meaning="greatest w")
    g_low = Parameter(0.0, "S", low=0, meaning="conductance at w = 0")
    g_high = Parameter(25e-6, "S", low=0, low_open=True, meaning="conductance at the greatest w")
    step = Parameter(0.01, "1", low=0, meaning="change of w by a pulse where the exponential is 0")
    a_up = Parameter(27.235, "1", low=0, meaning="how much longer the first step is")
    gamma_up = Parameter(2.5, "1", low=0, meaning="decay of the steps along the window")
    cycle_noise = Parameter(0.6, "1", low=0, meaning="from pulse to pulse, of the step")
    noise_floor = Parameter(0.042, "1", low=0, meaning="what noise adds to the step")
    noise_slope = Parameter(0.108, "1", low=0, meaning="what noise adds to the step, by w")
    melted = Parameter(0.01, "1", low=0, meaning="w after a reset pulse")
    melted_noise = Parameter(0.01, "1", low=0, meaning="of `melted`, from pulse to pulse")
    step_spread = Parameter(0.2, "1", low=0, meaning="of `step` between devices")
    w_max_spread = Parameter(0.1, "1", low=0, meaning="of `w_max` between devices")
    melted_spread = Parameter(0.02, "1", low=0, meaning="of `melted` between devices")
