"""A volatile, diffusive device: conductance that fades by itself."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice

__all__ = ["Volatile"]


class Volatile(DynamicDevice):
    """A filament that grows beyond a threshold of either sign, and dissolves with a time constant.

    dG/dt = -(G - G_rest)/tau + k (|v| - v_th)_+ (G_top - G). Pulses that follow each other within
    tau add up: short-term plasticity. Linear in G at a constant voltage, hence exact for pulses.
    The constants are estimates, of the order of published silver devices; no voltage lowers G.
    """

    equations = """
        growth = k*max(abs(v) - v_th, 0)                               : 1
        speed = growth + 1/tau                                         : 1
        target = (growth*g_top + g_rest/tau)/speed                     : 1
        dc/dt = speed*(target - c)                                     : 1
    """
    current = "c*v"
    bounds = {"c": ("g_rest", "g_top")}  # noqa: RUF012
    initial = {"c": 0.0}  # noqa: RUF012
    state_units = {"c": "S"}  # noqa: RUF012
    solution = {"c": "target + (c - target)*exp(-speed*duration)"}  # noqa: RUF012
    inverse = "g"
    source = "phenomenological; diffusive devices: Wang et al. 2017, Nat Mater 16:101"
    method = "exact"
    set_voltage, reset_voltage, pulse_width = 0.8, 0.0, 1e-4
    shows_loop = (1.0, 100.0)

    g_rest = Parameter(1e-6, "S", low=0, low_open=True, meaning="conductance at rest")
    g_top = Parameter(1e-4, "S", low=0, low_open=True, meaning="greatest conductance")
    tau = Parameter(10e-3, "s", low=0, low_open=True, meaning="time constant of fading")
    v_th = Parameter(0.3, "V", low=0, meaning="threshold of growth")
    k = Parameter(2e3, "1", low=0, meaning="rate of growth, 1/(V s)")
