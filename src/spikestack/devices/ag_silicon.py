"""Silver in amorphous silicon."""

from __future__ import annotations

from typing import ClassVar

from ..equations.model import Parameter
from .exponential_pulses import ExponentialPulses, bend_of_label

__all__ = ["AgSilicon"]


class AgSilicon(ExponentialPulses):
    """The Ag:a-Si device of NeuroSim: labels 2.4 upwards and 4.88 downwards, 3.5 % noise a pulse.

    Window, pulses, levels, labels and noise are NeuroSim's; the curvatures follow from the labels
    by the definition of `ExponentialPulses.of_labels`, and are estimates to that extent.
    """

    source = "Jo et al. 2010, Nano Lett 10:1297, https://doi.org/10.1021/nl904092h"
    set_voltage: ClassVar[float] = 3.2
    reset_voltage: ClassVar[float] = -2.8
    pulse_width: ClassVar[float] = 300e-6

    g_low = Parameter(3.0769e-9, "S", low=0, meaning="conductance at w = 0")
    g_high = Parameter(3.8462e-8, "S", low=0, low_open=True, meaning="conductance at w = 1")
    levels_up = Parameter(97.0, "1", low=1, meaning="pulses up the whole window")
    levels_down = Parameter(100.0, "1", low=1, meaning="pulses down the whole window")
    bend_up = Parameter(bend_of_label(2.4, 97), "1", low=-1, high=1, meaning="curvature upwards")
    bend_down = Parameter(bend_of_label(4.88, 100), "1", low=-1, high=1, meaning="... downwards")
    cycle_noise = Parameter(0.035, "1", low=0, meaning="of a pulse, of the window")
    v_write = Parameter(3.2, "V", low=0, low_open=True, meaning="at which current_ratio holds")
    current_ratio = Parameter(10.0, "1", low=2, meaning="current of v_write over that of its half")
