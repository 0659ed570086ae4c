"""TEAM: threshold adaptive memristor, driven by current."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice
from .gap_resistance import RELATIONS, current_text, inverse_text
from .windows import WINDOWS, window_text

__all__ = ["TEAM"]


class TEAM(DynamicDevice):
    """A gap that moves as a power of the current beyond a threshold, and not at all below it.

    dx/dt = k_off (i/i_off - 1)^alpha_off f(x) for i > i_off > 0, k_on (i/i_on - 1)^alpha_on f(x)
    for i < i_on < 0. Resistance as in `VTEAM`; a negative voltage sets the device. Rates,
    thresholds and positions are published; the two resistances are left to the user there, and
    those here are a choice.
    """

    choices = {"iv": RELATIONS, "window": tuple(WINDOWS)}  # noqa: RUF012
    bounds = {"x": ("x_on", "x_off")}  # noqa: RUF012
    initial = {"x": 1.5e-9}  # noqa: RUF012
    state_units = {"x": "m"}  # noqa: RUF012
    source = (
        "Kvatinsky et al. 2013, IEEE Trans Circuits Syst I 60:211; constants: "
        "Kvatinsky et al. 2011, CCIT report 801"
    )
    method = "adaptive"
    set_voltage, reset_voltage, pulse_width = -0.15, 1.5, 1e-2
    shows_loop = (1.0, 1.0)

    r_on = Parameter(50.0, "Ohm", low=0, low_open=True, meaning="at x_on")
    r_off = Parameter(1e3, "Ohm", low=0, low_open=True, meaning="at x_off")
    k_on = Parameter(-8e-13, "m/s", high=0, meaning="rate towards x_on")
    k_off = Parameter(8e-13, "m/s", low=0, meaning="rate towards x_off")
    alpha_on = Parameter(3.0, "1", low=0, low_open=True, meaning="exponent towards x_on")
    alpha_off = Parameter(3.0, "1", low=0, low_open=True, meaning="exponent towards x_off")
    i_on = Parameter(-8.9e-6, "A", high=0, high_open=True, meaning="threshold towards x_on")
    i_off = Parameter(115e-6, "A", low=0, low_open=True, meaning="threshold towards x_off")
    x_on = Parameter(0.0, "m", meaning="least gap")
    x_off = Parameter(3e-9, "m", meaning="greatest gap")
    p = Parameter(1.0, "1", low=0, low_open=True, meaning="exponent of the window")
    j = Parameter(1.0, "1", low=0, meaning="height of Prodromakis's window")
    a_on = Parameter(0.3e-9, "m", meaning="gap at which decline fades in Kvatinsky's window")
    a_off = Parameter(2.7e-9, "m", meaning="gap at which growth fades in Kvatinsky's window")
    w_c = Parameter(107e-12, "m", low=0, low_open=True, meaning="width of Kvatinsky's window")

    parameter_sets = {"report_801": {}}  # noqa: RUF012

    def _choose(self) -> None:
        factor = window_text(
            self.chosen["window"], x="((x - x_on)/(x_off - x_on))", up="i > 0", far="x"
        )
        self.equations = f"""
            beyond = where(i > i_off, i/i_off - 1, where(i < i_on, i/i_on - 1, 0)) : 1
            power = exp(where(i > 0, alpha_off, alpha_on)*log(beyond))             : 1
            dx/dt = where(i > 0, k_off, k_on)*power*{factor} : 1
        """
        self.current = current_text(self.chosen["iv"], "x", "x_on", "x_off")
        self.inverse = inverse_text(self.chosen["iv"], "x_on", "x_off")
