"""Resonate-and-fire."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["ResonateAndFire"]


class ResonateAndFire(NeuronModel):
    """Resonate-and-fire neuron: a damped oscillator that fires when it swings high enough.

    dz/dt = (b + i omega) z + I with z = x + i v; when v rises to v_thresh: x = 0, v = v_reset.
    Input at the oscillator's own frequency adds up, other input does not. Linear, so integrated
    exactly.
    """

    equations = """
        dx/dt = b*x - omega*v + gain*(i_syn + i_offset) : mV
        dv/dt = omega*x + b*v                           : mV
    """
    threshold = "v >= v_thresh and previous(v) < v_thresh"
    reset = "x = 0; v = v_reset"
    fires_at = 0.6
    source = "Izhikevich 2001, Neural Netw 14:883, eqs 1-2"

    b = Parameter(-0.1, "1/ms", high=0, meaning="damping")
    omega = Parameter(1.0, "1/ms", low=0, low_open=True, meaning="angular frequency")
    v_thresh = Parameter(1.0, "mV", meaning="threshold")
    v_reset = Parameter(1.0, "mV", meaning="potential after a spike")
    gain = Parameter(1.0, "mV/ms/nA", meaning="effect of the current")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "izhikevich_2001": {},
    }
