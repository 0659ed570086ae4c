"""A TiO2 device from measurement, with an exponential window."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice

__all__ = ["DataDriven2018"]


class DataDriven2018(DynamicDevice):
    """Resistance that moves to a target set by the voltage, ever more slowly.

    dR/dt = s(v) (exp(k (r(v) - R)) - 1) while R has not reached r(v) = r_0 + r_1 v; s grows
    exponentially with the voltage, k is k_p above 0 V and -k_n below. At a constant voltage
    exp(k R) relaxes exponentially, so that a pulse is computed exactly. A positive voltage resets.
    """

    equations = """
        target = where(v > 0, r_p0 + r_p1*v, r_n0 + r_n1*v)                                  : 1
        s = where(v > 0, a_p*(exp(t_p*abs(v)) - 1), a_n*(exp(t_n*abs(v)) - 1))               : 1
        k = where(v > 0, k_p, -k_n)                                                          : 1
        moves = where(v > 0, where(r < target, 1, 0), where(r > target, 1, 0))               : 1
        dr/dt = moves*s*(exp(min(k*(target - r), 700)) - 1)                               : 1
    """
    current = "where(v > 0, i_p*sinh(b_p*v), i_n*sinh(b_n*v))/r"
    bounds = {"r": ("r_on", "r_off")}  # noqa: RUF012
    initial = {"r": 5e3}  # noqa: RUF012
    solution = {  # noqa: RUF012
        "r": "where(moves > 0, "
        "target + log(1 + exp(-k*s*duration)*(exp(min(k*(r - target), 700)) - 1))/k, r)"
    }
    inverse = "i_p*sinh(b_p*v_read)/(g*v_read)"
    source = (
        "Messaris et al. 2018, IEEE Trans Circuits Syst I 65:1654; constants: MemTorch "
        "(Data_Driven.py)"
    )
    method = "exact"
    set_voltage, reset_voltage, pulse_width = -1.2, 0.5, 1e-4
    shows_loop = (1.3, 1e3)

    r_on = Parameter(1280.0, "Ohm", low=0, low_open=True, meaning="least resistance")
    r_off = Parameter(17e3, "Ohm", low=0, low_open=True, meaning="greatest resistance")
    a_p = Parameter(743.47, "1", low=0, meaning="rate above 0 V, Ohm/s")
    a_n = Parameter(-68012.28374, "1", high=0, meaning="rate below 0 V, Ohm/s")
    t_p = Parameter(6.51, "1", low=0, meaning="steepness of the rate above 0 V, per volt")
    t_n = Parameter(0.31645, "1", low=0, meaning="steepness of the rate below 0 V, per volt")
    k_p = Parameter(5.11e-4, "1", low=0, low_open=True, meaning="steepness of the window, 1/Ohm")
    k_n = Parameter(1.17e-3, "1", low=0, low_open=True, meaning="the same below 0 V")
    r_p0 = Parameter(16719.0, "Ohm", meaning="target above 0 V")
    r_p1 = Parameter(0.0, "1", meaning="its slope, Ohm/V")
    r_n0 = Parameter(29304.82557, "Ohm", meaning="target below 0 V")
    r_n1 = Parameter(23692.77225, "1", meaning="its slope, Ohm/V")
    i_p = Parameter(
        0.24, "V", low=0, low_open=True, meaning="current scale times resistance, v > 0"
    )
    i_n = Parameter(0.24, "V", low=0, low_open=True, meaning="the same, v <= 0")
    b_p = Parameter(3.0, "1", low=0, low_open=True, meaning="steepness of the current, per volt")
    b_n = Parameter(3.0, "1", low=0, low_open=True, meaning="the same, v <= 0")

    parameter_sets = {"memtorch": {}}  # noqa: RUF012
