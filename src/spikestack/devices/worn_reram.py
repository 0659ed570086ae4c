"""Resistive memory whose window closes with use and with time."""

from __future__ import annotations

from types import MappingProxyType

from ..equations.model import Parameter
from .soft_bounds import SoftBounds

__all__ = ["WornReRam"]


class WornReRam(SoftBounds):
    """Steps as of `SoftBounds`; the ends of the window move after so many cycles or so long.

    Resistance stays until `cycles_until` cycles (a cycle is two pulses) or `time_until` seconds
    have passed, and then moves along a line in logarithms:
    ``R = R_0 (x/x_until)^(p3 (p1 c + p2 T))`` with the cell's size c in nm and the temperature T in
    kelvins (gradual failure); or it jumps by `jump` (sudden failure, with ``gradual=0``). The
    conductance at the lower end rises by as much as that at the upper end falls.

    The law is that of Lammie, Azghadi and Ielmini; its constants depend on the device and are
    examples here: p1 = 0, p2 = 1/300 K and p3 = 0.3 lose a factor of two for each decade at 300 K.
    """

    equations = (
        SoftBounds.equations
        + """
        power = p3*(p1*cell_size + p2*temperature) : 1
        used = max(cycles/cycles_until, 1) : 1
        aged = max(t/time_until, 1) : 1
        smooth = exp(power*(log(used) + log(aged))) : 1
        sudden = where(cycles > cycles_until or t > time_until, jump, 1) : 1
        more = where(gradual > 0.5, smooth, sudden) : 1
        """
    )
    worn_low = "more"
    worn_high = "1/more"
    source = "Lammie, Azghadi and Ielmini 2021, Semicond Sci Technol 36:065003"

    cycles_until = Parameter(1e6, "1", low=1, meaning="cycles before the window begins to close")
    time_until = Parameter(1e7, "s", low=0, low_open=True, meaning="seconds before it does")
    p1 = Parameter(0.0, "1", meaning="of the exponent, per nm of cell size")
    p2 = Parameter(1 / 300, "1", meaning="of the exponent, per K")
    p3 = Parameter(0.3, "1", low=0, meaning="scale of the exponent")
    cell_size = Parameter(10.0, "1", low=0, meaning="of the cell, in nm")
    temperature = Parameter(300.0, "1", low=0, meaning="in K")
    gradual = Parameter(1.0, "1", low=0, high=1, meaning="1: gradual failure, 0: sudden")
    jump = Parameter(3.0, "1", low=1, meaning="factor of a sudden failure")
    cycle_noise = Parameter(0.0, "1", low=0, meaning="of a step from pulse to pulse, of the step")
    write_noise = Parameter(0.0, "1", low=0, meaning="of what is found after a pulse, in steps")

    parameter_sets = MappingProxyType({})
