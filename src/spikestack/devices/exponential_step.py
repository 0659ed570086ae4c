"""Pulses whose steps depend exponentially on the state."""

from __future__ import annotations

from types import MappingProxyType

from ..equations.model import Parameter
from .pulsed import PulsedDevice

__all__ = ["ExponentialStep"]


class ExponentialStep(PulsedDevice):
    """Steps of ``step max(0, 1 - A exp(+-gamma z))``, with ``z = 2 a w/(w_max - w_min) + b``.

    What is found after a pulse is w with noise of writing, `write_noise` steps strong, until the
    next pulse. The window in siemens is a scale of this package: the set is normalised.
    """

    equations = """
        z = 2*a*w/(w_max - w_min) + b : 1
        d_up = step*(balance + asymmetry)*max(0, 1 - a_up*exp(gamma_up*z)) : 1
        d_down = step*(2 - balance - asymmetry)*max(0, 1 - a_down*exp(-gamma_down*z)) : 1
        """
    up = "d_up*(1 + cycle_noise*xi)"
    down = "d_down*(1 + cycle_noise*xi)"
    written = "w + write_noise*step*xi"
    source = "Gong et al. 2018, Nat Commun 9:2102, https://doi.org/10.1038/s41467-018-04485-1"

    w_min = Parameter(-1.0, "1", meaning="least w")
    g_low = Parameter(5e-6, "S", low=0, meaning="conductance at the least w")
    g_high = Parameter(15e-6, "S", low=0, low_open=True, meaning="conductance at the greatest w")
    step = Parameter(0.00135, "1", low=0, meaning="scale of the change of w by a pulse")
    balance = Parameter(1.0, "1", low=0, high=2, meaning="share of upward steps, of mean 1")
    asymmetry = Parameter(0.259359, "1", low=-1, high=1, meaning="upward steps longer by this")
    a = Parameter(-0.5, "1", meaning="slope of z")
    b = Parameter(-0.5, "1", meaning="offset of z")
    a_up = Parameter(-1.18445, "1", meaning="factor of the exponential, upwards")
    a_down = Parameter(-0.081404, "1", meaning="factor of the exponential, downwards")
    gamma_up = Parameter(5.0, "1", meaning="exponent, upwards")
    gamma_down = Parameter(5.0, "1", meaning="exponent, downwards")
    cycle_noise = Parameter(5.0, "1", low=0, meaning="of a step from pulse to pulse, of the step")
    write_noise = Parameter(75.0, "1", low=0, meaning="of what is found after a pulse, in steps")
    step_spread = Parameter(0.2, "1", low=0, meaning="of `step` between devices")
    balance_spread = Parameter(0.05, "1", low=0, meaning="of `balance` between devices")
    w_min_spread = Parameter(0.3, "1", low=0, meaning="of `w_min` between devices")
    w_max_spread = Parameter(0.3, "1", low=0, meaning="of `w_max` between devices")

    # The values of aihwkit's preset, a fit to the paper named: hafnium oxide.
    parameter_sets = MappingProxyType({"ReRamES": {}})
