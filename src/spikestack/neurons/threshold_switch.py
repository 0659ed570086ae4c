"""Memristive integrate-and-fire neuron: a threshold switch across a capacitor."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["ThresholdSwitch"]


class ThresholdSwitch(NeuronModel):
    """A capacitor that a source charges through a resistor and a volatile switch discharges.

    C dv/dt = (v_source - v)/r_source - v/r_switch + I. The switch turns on, which is the spike, at
    v >= v_thresh and off at v <= v_hold; its resistance is r_on or r_off. With r_off much larger
    than r_source and v_source above v_thresh it fires by itself, with the period
    r_source C ln((v_source - v_hold)/(v_source - v_thresh)), and the short discharge on top.
    """

    equations = """
        on[t+1] = on                                                    : 1
        g_switch = where(on > 0.5, 1/r_on, 1/r_off)                     : uS
        dv/dt = ((v_source - v)/r_source - v*g_switch + i_syn)/cm       : mV
    """
    # The discharge is far shorter than a step may be: it ends at v_hold, within the step.
    after_arrivals = """
        v = where(on > 0.5, max(v, v_hold), v)
        on = where(v <= v_hold, 0, on)
    """
    threshold = "v >= v_thresh and on < 0.5"
    reset = "on = 1"
    initial = {"v": 0.0, "on": 0.0}  # noqa: RUF012
    fires_at = 3.0
    source = "Pickett et al. 2013, Nat Mater 12:114, one of the two channels; constants: estimates"

    v_source = Parameter(900.0, "mV", meaning="supply")
    r_source = Parameter(100.0, "MOhm", low=0, low_open=True, meaning="through which it charges")
    r_on = Parameter(1.0, "MOhm", low=0, low_open=True, meaning="switch on")
    r_off = Parameter(1e5, "MOhm", low=0, low_open=True, meaning="switch off")
    cm = Parameter(0.1, "nF", low=0, low_open=True, meaning="capacitance")
    v_thresh = Parameter(1000.0, "mV", meaning="at which the switch turns on")
    v_hold = Parameter(300.0, "mV", meaning="at which it turns off again")
