"""The behavioural device: a threshold, and rates that grow exponentially with voltage."""

from __future__ import annotations

from types import MappingProxyType
from typing import ClassVar

from ..equations.model import Parameter
from .pulsed import PulsedDevice

__all__ = ["BehaviouralSwitch"]


class BehaviouralSwitch(PulsedDevice):
    """Above a threshold, conductance changes at ``rate exp(|v|/v_0)``, whatever it is by then.

    ``dw = rate exp(|v|/v_0) width`` where \\|v\\| exceeds the threshold of its sign, else nothing,
    until w meets an end of the window. A factor of each pulse is lognormal with mean 1 and
    coefficient of variation `cycle_noise`: it never turns a step around, as a normal one would.

    The sets give the windows of four materials; their rates are examples that cross the window with
    about 200 pulses of 1 us at 1.5 V, estimates and no fits.
    """

    equations = """
        s = sqrt(log(1 + cycle_noise*cycle_noise)) : 1
        factor = width*exp(s*xi - s*s/2) : 1
        """
    up = "where(v > v_set, rate_set*exp(v/v_0)*factor, 0)"
    down = "where(v > v_reset, rate_reset*exp(v/v_0)*factor, 0)"
    source = "a rule of this package; the windows are those of the materials named"
    set_voltage: ClassVar[float] = 1.5
    reset_voltage: ClassVar[float] = -1.5

    g_low = Parameter(1e-6, "S", low=0, meaning="conductance at w = 0")
    g_high = Parameter(1e-2, "S", low=0, low_open=True, meaning="conductance at w = 1")
    v_set = Parameter(0.8, "V", low=0, meaning="threshold of voltages that raise w")
    v_reset = Parameter(0.8, "V", low=0, meaning="threshold of voltages that lower w")
    v_0 = Parameter(0.25, "V", low=0, low_open=True, meaning="scale of the voltage")
    rate_set = Parameter(12.4, "Hz", low=0, meaning="of w, upwards, extrapolated to 0 V")
    rate_reset = Parameter(12.4, "Hz", low=0, meaning="of w, downwards, extrapolated to 0 V")
    cycle_noise = Parameter(0.1, "1", low=0, meaning="of a step, from pulse to pulse")

    parameter_sets = MappingProxyType({
        "TiO2": {"g_low": 1e-6, "g_high": 1e-3},
        "HfO2": {"g_low": 2e-6, "g_high": 2e-3},
        "PCMO": {
            "g_low": 1e-7, "g_high": 1e-3, "v_set": 1.0, "v_reset": 1.0, "cycle_noise": 0.02,
        },
        "ReRAM": {"g_low": 1e-6, "g_high": 1e-2},
    })  # fmt: skip
