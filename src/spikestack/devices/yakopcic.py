"""Yakopcic's model, fitted to many devices."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice

__all__ = ["Yakopcic"]


class Yakopcic(DynamicDevice):
    """A current i = a x sinh(b v), and a state that moves beyond thresholds of voltage.

    dx/dt = eta g(v) f(x), with g exponential beyond V_p and -V_n, and f fading near the ends. The
    state stops at `x_min`, a choice here, which keeps conductance above 0.
    """

    equations = """
        grows = a_p*(exp(v) - exp(v_p))                                      : 1
        shrinks = a_n*(exp(v_n) - exp(-v))                                   : 1
        g_v = where(v > v_p, grows, where(v < -v_n, shrinks, 0))             : 1
        f_p = exp(-alpha_p*(x - x_p))*((x_p - x)/(1 - x_p) + 1)              : 1
        f_n = exp(alpha_n*(x + x_n - 1))*x/(1 - x_n)                         : 1
        up = where(x >= x_p, f_p, 1)                                         : 1
        down = where(x <= 1 - x_n, f_n, 1)                                   : 1
        dx/dt = eta*g_v*where(eta*v > 0, up, down)                           : 1
    """
    current = "where(v >= 0, a1, a2)*x*sinh(b*v)"
    bounds = {"x": ("x_min", "1")}  # noqa: RUF012
    initial = {"x": 0.11}  # noqa: RUF012
    inverse = "g*v_read/(a1*sinh(b*v_read))"
    source = (
        "Yakopcic et al. 2011, IEEE Electron Device Lett 32:1436; "
        "parameter sets: Memristor-Models (experiments.py), which cites the fits"
    )
    set_voltage, reset_voltage, pulse_width = 0.75, -1.25, 0.1
    v_read = 0.05
    shows_loop = (1.0, 0.2)

    a1 = Parameter(0.11, "A", low=0, low_open=True, meaning="current at positive voltage")
    a2 = Parameter(0.11, "A", low=0, low_open=True, meaning="current at negative voltage")
    b = Parameter(0.5, "1", low=0, low_open=True, meaning="steepness, per volt")
    a_p = Parameter(7.5, "1", low=0, meaning="rate of growth, per second")
    a_n = Parameter(2.0, "1", low=0, meaning="rate of decline, per second")
    v_p = Parameter(0.09, "V", low=0, meaning="threshold of growth")
    v_n = Parameter(0.75, "V", low=0, meaning="threshold of decline")
    alpha_p = Parameter(1.0, "1", meaning="how growth fades")
    alpha_n = Parameter(5.0, "1", meaning="how decline fades")
    x_p = Parameter(0.3, "1", low=0, high=1, high_open=True, meaning="where growth fades")
    x_n = Parameter(0.5, "1", low=0, high=1, high_open=True, meaning="where decline fades")
    eta = Parameter(1.0, "1", meaning="direction: 1, or -1")
    x_min = Parameter(1e-3, "1", low=0, high=1, meaning="least state")

    parameter_sets = {  # noqa: RUF012
        "miao": {},
        "jo": {
            "a1": 3.7e-7, "a2": 4.35e-7, "b": 0.7, "a_p": 0.005, "a_n": 0.08, "v_p": 1.5,
            "v_n": 0.5, "alpha_p": 1.2, "alpha_n": 3.0, "x_p": 0.2, "x_n": 0.5, "x": 0.1,
        },
        "oblea_pulsed": {
            "a1": 0.097, "a2": 0.097, "b": 0.05, "a_p": 4000.0, "a_n": 4000.0, "v_p": 0.16,
            "v_n": 0.15, "alpha_p": 1.0, "alpha_n": 5.0, "x_p": 0.3, "x_n": 0.5, "x": 0.001,
        },
    }  # fmt: skip
