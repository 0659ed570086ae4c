"""Nonlinear ion drift."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice
from .windows import WINDOWS, window_text

__all__ = ["NonlinearIonDrift"]


class NonlinearIonDrift(DynamicDevice):
    """A rectifying device whose state drifts with a high odd power of the voltage.

    i = scale (w^n beta sinh(alpha v) + chi (exp(gamma v) - 1)), dw/dt = a f(w) v^m. The published
    constants of the current are relative; the factor of 10 nA is that of the SPICE form.
    """

    choices = {  # noqa: RUF012
        "window": ("biolek", *(name for name in WINDOWS if name not in ("biolek", "kvatinsky")))
    }
    current = "scale*(exp(n*log(w))*beta*sinh(alpha*v) + chi*(exp(gamma*v) - 1))"
    bounds = {"w": ("0", "1")}  # noqa: RUF012
    initial = {"w": 0.5}  # noqa: RUF012
    inverse = (
        "exp(log(max(g*v_read/scale - chi*(exp(gamma*v_read) - 1), 0)/(beta*sinh(alpha*v_read)))/n)"
    )
    source = (
        "Yang et al. 2008, Nat Nanotechnol 3:429; Lehtonen and Laiho 2010, CNNA; constants: "
        "Kvatinsky et al. 2011, CCIT report 801, and its SPICE form"
    )
    pulse_width = 0.05
    v_read = 0.2

    scale = Parameter(10e-9, "A", low=0, low_open=True, meaning="unit of the current")
    n = Parameter(14.0, "1", low=0, low_open=True, meaning="exponent of the state")
    beta = Parameter(9.0, "1", low=0, low_open=True, meaning="weight of the memristive part")
    alpha = Parameter(2.0, "1", low=0, low_open=True, meaning="its steepness, per volt")
    chi = Parameter(0.01, "1", low=0, meaning="weight of the rectifying part")
    gamma = Parameter(4.0, "1", low=0, meaning="its steepness, per volt")
    a = Parameter(4.0, "1", low=0, meaning="rate at one volt, per second")
    m = Parameter(13.0, "1", low=0, low_open=True, meaning="exponent of the voltage")
    p = Parameter(1.0, "1", low=0, low_open=True, meaning="exponent of the window")
    j = Parameter(1.0, "1", low=0, meaning="height of Prodromakis's window")

    parameter_sets = {  # noqa: RUF012
        "report_801": {},
        "spice": {"n": 4.0, "a": 2.0},
    }

    def _choose(self) -> None:
        factor = window_text(self.chosen["window"], x="w", up="v > 0")
        self.equations = f"""
            power = exp(m*log(abs(v)))                                  : 1
            dw/dt = a*{factor}*where(v < 0, -power, power) : 1
        """
