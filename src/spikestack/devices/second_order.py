"""A second-order device: an inner state with its own time constant makes switching easier."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice

__all__ = ["SecondOrder"]


class SecondOrder(DynamicDevice):
    """Conductance whose rate of change depends on heat that each pulse leaves behind.

    dz/dt = -z/tau + v i / energy: heat, that a pulse builds up and that fades within tau.
    dw/dt = +-k exp(s z) (|v| - v_th)_+ (1 - w or w), so that a pulse does more the sooner it
    follows another: plasticity by rate and by timing, without any overlap of pulses. The form is
    phenomenological and its constants are estimates, of the order of published oxide devices.
    """

    equations = """
        beyond = max(abs(v) - v_th, 0)                                       : 1
        room = where(v > 0, 1 - w, -w)                                       : 1
        dw/dt = k*exp(s*z)*beyond*room                                       : 1
        dz/dt = v*i/energy - z/tau                                           : 1
    """
    current = "v*(g_low + (g_high - g_low)*w)"
    bounds = {"w": ("0", "1"), "z": ("0", "z_max")}  # noqa: RUF012
    initial = {"w": 0.1, "z": 0.0}  # noqa: RUF012
    at_rest = {"w": "w", "z": "z*exp(-duration/tau)"}  # noqa: RUF012
    inverse = "(g - g_low)/(g_high - g_low)"
    source = "phenomenological; second-order devices: Kim et al. 2015, Nano Lett 15:2203"
    method = "adaptive"
    set_voltage, reset_voltage, pulse_width = 1.0, -1.0, 100e-9
    shows_loop = (1.0, 1e5)

    g_low = Parameter(1e-5, "S", low=0, low_open=True, meaning="conductance at w = 0")
    g_high = Parameter(2e-4, "S", low=0, low_open=True, meaning="conductance at w = 1")
    k = Parameter(1e5, "1", low=0, meaning="rate without heat, 1/(V s)")
    s = Parameter(3.0, "1", low=0, meaning="how heat speeds switching up")
    v_th = Parameter(0.4, "V", low=0, meaning="threshold")
    tau = Parameter(500e-9, "s", low=0, low_open=True, meaning="time constant of heat")
    energy = Parameter(8e-12, "1", low=0, low_open=True, meaning="energy of a unit of heat, J")
    z_max = Parameter(3.0, "1", low=0, meaning="greatest heat")
