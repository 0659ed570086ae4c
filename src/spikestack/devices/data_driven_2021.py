"""A TiO2 device from measurement, with a quadratic window."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice

__all__ = ["DataDriven2021"]


class DataDriven2021(DynamicDevice):
    """Resistance that moves to a target set by the voltage, with the square of the distance.

    dR/dt = s(v) (r(v) - R)^2 while R is on the side of r(v) = r_0 + r_1 v from which s(v) brings it
    nearer; the solution at a constant voltage is 1/(r - R) = 1/(r - R_0) + s t. A positive voltage
    sets the device.
    """

    equations = """
        target = where(v > 0, r_p0 + r_p1*v, r_n0 + r_n1*v)                                 : 1
        s = where(v > 0, a_p*(exp(abs(v)/t_p) - 1), a_n*(exp(abs(v)/t_n) - 1))              : 1
        moves = where(s*(target - r) > 0, 1, 0)                                             : 1
        dr/dt = moves*s*(target - r)*(target - r)                                           : 1
    """
    current = "where(v > 0, i_p*sinh(b_p*v), i_n*sinh(b_n*v))/r"
    bounds = {"r": ("r_on", "r_off")}  # noqa: RUF012
    initial = {"r": 2.8e3}  # noqa: RUF012
    solution = {  # noqa: RUF012
        "r": "where(moves > 0, target - (target - r)/(1 + s*duration*(target - r)), r)"
    }
    inverse = "i_p*sinh(b_p*v_read)/(g*v_read)"
    source = (
        "Messaris et al. 2017, ISCAS; constants: MemTorch (Data_Driven2021.py), of which one set "
        "of current constants is used for both signs"
    )
    method = "exact"
    set_voltage, reset_voltage, pulse_width = 1.5, -1.5, 1e-6
    shows_loop = (1.5, 1e5)

    r_on = Parameter(1600.0, "Ohm", low=0, low_open=True, meaning="least resistance")
    r_off = Parameter(3000.0, "Ohm", low=0, low_open=True, meaning="greatest resistance")
    a_p = Parameter(600.10075, "1", meaning="rate above 0 V, 1/(Ohm s)")
    a_n = Parameter(-34.5988399, "1", meaning="rate below 0 V, 1/(Ohm s)")
    t_p = Parameter(-0.0212028, "V", meaning="voltage scale of the rate above 0 V")
    t_n = Parameter(-0.05343997, "V", meaning="voltage scale of the rate below 0 V")
    r_p0 = Parameter(2699.2336, "Ohm", meaning="target above 0 V")
    r_p1 = Parameter(-672.930205, "1", meaning="its slope, Ohm/V")
    r_n0 = Parameter(649.413746, "Ohm", meaning="target below 0 V")
    r_n1 = Parameter(-1474.32358, "1", meaning="its slope, Ohm/V")
    i_p = Parameter(0.32046175, "V", low=0, low_open=True, meaning="current scale times resistance")
    i_n = Parameter(0.32046175, "V", low=0, low_open=True, meaning="the same, v <= 0")
    b_p = Parameter(
        2.71689828, "1", low=0, low_open=True, meaning="steepness of the current, per volt"
    )
    b_n = Parameter(2.71689828, "1", low=0, low_open=True, meaning="the same, v <= 0")

    parameter_sets = {"memtorch": {}}  # noqa: RUF012
