"""VTEAM: threshold adaptive memristor, driven by voltage."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice
from .gap_resistance import RELATIONS, current_text, inverse_text
from .windows import WINDOWS, window_text

__all__ = ["VTEAM"]


class VTEAM(DynamicDevice):
    """A gap that moves as a power of the voltage beyond a threshold, and not at all below it.

    dw/dt = k_off (v/v_off - 1)^a_off f(w) for v > v_off > 0, k_on (v/v_on - 1)^a_on f(w) for
    v < v_on < 0. The resistance grows from r_on at w_on to r_off at w_off, linearly
    (``iv="linear"``) or exponentially; a negative voltage sets the device.
    """

    choices = {"iv": RELATIONS, "window": tuple(WINDOWS)}  # noqa: RUF012
    bounds = {"w": ("w_on", "w_off")}  # noqa: RUF012
    initial = {"w": 1.5e-9}  # noqa: RUF012
    state_units = {"w": "m"}  # noqa: RUF012
    source = (
        "Kvatinsky et al. 2015, IEEE Trans Circuits Syst II 62:786; "
        "parameter set: MemTorch (VTEAM.py)"
    )
    set_voltage, reset_voltage, pulse_width = -0.3, 0.3, 1e-9
    v_read = 0.01
    shows_loop = (0.25, 50e6)

    r_on = Parameter(50.0, "Ohm", low=0, low_open=True, meaning="at w_on")
    r_off = Parameter(1e3, "Ohm", low=0, low_open=True, meaning="at w_off")
    k_on = Parameter(-10.0, "m/s", high=0, meaning="rate towards w_on")
    k_off = Parameter(5e-4, "m/s", low=0, meaning="rate towards w_off")
    alpha_on = Parameter(3.0, "1", low=0, low_open=True, meaning="exponent towards w_on")
    alpha_off = Parameter(1.0, "1", low=0, low_open=True, meaning="exponent towards w_off")
    v_on = Parameter(-0.2, "V", high=0, high_open=True, meaning="threshold towards w_on")
    v_off = Parameter(0.02, "V", low=0, low_open=True, meaning="threshold towards w_off")
    w_on = Parameter(0.0, "m", meaning="least gap")
    w_off = Parameter(3e-9, "m", meaning="greatest gap")
    p = Parameter(1.0, "1", low=0, low_open=True, meaning="exponent of the window")
    j = Parameter(1.0, "1", low=0, meaning="height of Prodromakis's window")
    a_on = Parameter(0.3e-9, "m", meaning="gap at which decline fades in Kvatinsky's window")
    a_off = Parameter(2.7e-9, "m", meaning="gap at which growth fades in Kvatinsky's window")
    w_c = Parameter(107e-12, "m", low=0, low_open=True, meaning="width of Kvatinsky's window")

    parameter_sets = {"memtorch": {}}  # noqa: RUF012

    def _choose(self) -> None:
        factor = window_text(
            self.chosen["window"], x="((w - w_on)/(w_off - w_on))", up="v > 0", far="w"
        )
        self.equations = f"""
            beyond = where(v > v_off, v/v_off - 1, where(v < v_on, v/v_on - 1, 0)) : 1
            power = exp(where(v > 0, alpha_off, alpha_on)*log(beyond))             : 1
            dw/dt = where(v > 0, k_off, k_on)*power*{factor} : 1
        """
        self.current = current_text(self.chosen["iv"], "w", "w_on", "w_off")
        self.inverse = inverse_text(self.chosen["iv"], "w_on", "w_off")
