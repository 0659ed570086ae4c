"""Praseodymium calcium manganite: conductance of a whole interface, not of a filament."""

from __future__ import annotations

from typing import ClassVar

from ..equations.model import Parameter
from .exponential_pulses import ExponentialPulses

__all__ = ["PCMO"]


class PCMO(ExponentialPulses):
    """An interface device between 1 kOhm and 10 MOhm, programmed by pulses.

    Oxygen moves across the whole area of the interface, so that pulses are far more alike than
    those of a filament. The form is that of `ExponentialPulses`; levels, curvatures and noise are
    estimates of this package.
    """

    source = "form of Chen, Peng and Yu 2018, IEEE TCAD 37:3067; values estimated"
    set_voltage: ClassVar[float] = 3.0
    reset_voltage: ClassVar[float] = -3.0
    pulse_width: ClassVar[float] = 1e-3

    g_low = Parameter(1e-7, "S", low=0, meaning="conductance at w = 0")
    g_high = Parameter(1e-3, "S", low=0, low_open=True, meaning="conductance at w = 1")
    levels_up = Parameter(128.0, "1", low=1, meaning="pulses up the whole window")
    levels_down = Parameter(128.0, "1", low=1, meaning="pulses down the whole window")
    bend_up = Parameter(0.02, "1", low=-1, high=1, meaning="curvature of a pulse upwards, 1/A")
    bend_down = Parameter(0.03, "1", low=-1, high=1, meaning="curvature of a pulse downwards")
    cycle_noise = Parameter(0.003, "1", low=0, meaning="of a pulse, of the window")
    v_write = Parameter(3.0, "V", low=0, low_open=True, meaning="at which current_ratio holds")
