"""Simmons's tunnel barrier as the state of a TiO2 device."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice
from .gap_resistance import RELATIONS, current_text, inverse_text

__all__ = ["Simmons"]


class Simmons(DynamicDevice):
    """A tunnel barrier whose width follows the current over more than thirty decades.

    dx/dt = c sinh(i/i_0) exp(-exp(+-(x - a)/w_c - |i|/b) - x/w_c), with c, i_0 and a of switching
    off (i > 0) or on (i < 0). The product is computed as a difference of two exponentials, so that
    no factor overflows, and held below exp(600); steps adapt. The relation of current and voltage
    is that of `TEAM`, as in the report, whose resistances are kept; a negative voltage sets the
    device.
    """

    choices = {"iv": ("exponential", *[r for r in RELATIONS if r != "exponential"])}  # noqa: RUF012
    equations = """
        scaled = abs(i)/where(i > 0, i_off, i_on)                                    : 1
        fades = where(i > 0, (x - a_off)/w_c, (a_on - x)/w_c) - abs(i)/b             : 1
        slows = exp(fades) + x/w_c                                                   : 1
        size = 0.5*(exp(min(scaled - slows, 600)) - exp(-scaled - slows))            : 1
        dx/dt = where(i > 0, c_off*size, -c_on*size)                                 : 1
    """
    bounds = {"x": ("x_on", "x_off")}  # noqa: RUF012
    initial = {"x": 1.3e-9}  # noqa: RUF012
    state_units = {"x": "m"}  # noqa: RUF012
    source = (
        "Pickett et al. 2009, J Appl Phys 106:074508; constants: "
        "Kvatinsky et al. 2011, CCIT report 801"
    )
    method = "adaptive"
    set_voltage, reset_voltage, pulse_width = -2.6, 2.4, 0.01
    shows_loop = (2.4, 1.0)

    r_on = Parameter(100.0, "Ohm", low=0, low_open=True, meaning="at x_on")
    r_off = Parameter(200e3, "Ohm", low=0, low_open=True, meaning="at x_off")
    c_off = Parameter(3.5e-6, "m/s", low=0, meaning="rate of switching off")
    c_on = Parameter(40e-6, "m/s", low=0, meaning="rate of switching on")
    i_off = Parameter(115e-6, "A", low=0, low_open=True, meaning="current scale, off")
    i_on = Parameter(8.9e-6, "A", low=0, low_open=True, meaning="current scale, on")
    a_off = Parameter(1.2e-9, "m", meaning="where switching off fades")
    a_on = Parameter(2.0e-9, "m", meaning="where switching on fades")
    b = Parameter(500e-6, "A", low=0, low_open=True, meaning="current that shifts where it fades")
    w_c = Parameter(107e-12, "m", low=0, low_open=True, meaning="width of fading")
    x_on = Parameter(0.0, "m", meaning="least width")
    x_off = Parameter(3e-9, "m", meaning="greatest width")

    parameter_sets = {"report_801": {}}  # noqa: RUF012

    def _choose(self) -> None:
        self.current = current_text(self.chosen["iv"], "x", "x_on", "x_off")
        self.inverse = inverse_text(self.chosen["iv"], "x_on", "x_off")
