"""Adaptive exponential integrate-and-fire."""

from __future__ import annotations

from ..equations.model import Parameter
from ..equations.stimulus import Stimulus
from .base import NeuronModel

__all__ = ["AdEx"]

#: Naud, Marcille, Clopath and Gerstner 2008, Biol Cybern 99:335, table 1, as the figures of that
#: paper need it (the values that Brian2's example "Naud et al 2008" has too).
_PATTERNS = {
    #                            C   g_L  E_L  V_T D_T   a tau_w  b  V_r    I
    #                           pF    nS   mV   mV  mV  nS   ms  pA   mV   pA
    "tonic_spiking":           (200, 10, -70, -50, 2,   2,  30,   0, -58, 500),
    "adaptation":              (200, 12, -70, -50, 2,   2, 300,  60, -58, 500),
    "initial_burst":           (130, 18, -58, -50, 2,   4, 150, 120, -50, 400),
    "regular_bursting":        (200, 10, -58, -50, 2,   2, 120, 100, -46, 210),
    "delayed_accelerating":    (200, 12, -70, -50, 2, -10, 300,   0, -58, 300),
    "delayed_regular_bursting":(100, 10, -65, -50, 2, -10,  90,  30, -47, 110),
    "transient_spiking":       (100, 10, -65, -50, 2,  10,  90, 100, -47, 180),
    "irregular_spiking":       (100, 12, -60, -50, 2, -11, 130,  30, -48, 160),
}  # fmt: skip
_UNITS = (1e-3, 1e-3, 1, 1, 1, 1e-3, 1, 1e-3, 1)
_NAMES = ("cm", "gl", "v_rest", "v_thresh", "delta_t", "a", "tau_w", "b", "v_reset")


def _pattern(row: tuple[float, ...]) -> dict[str, float]:
    """The parameters of one row of the table, in nF, uS, mV, ms and nA."""
    return {name: x * unit for name, x, unit in zip(_NAMES, row, _UNITS)} | {"tau_refrac": 0.0}


class AdEx(NeuronModel):
    """Adaptive exponential integrate-and-fire neuron.

    C dv/dt = -g_L (v - E_L) + g_L Delta_T exp((v - V_T)/Delta_T) - w + I;
    tau_w dw/dt = a (v - E_L) - w; at v >= V_peak: v = V_reset, w = w + b. Both equations see v at
    most at V_peak, where the spike is cut: within a step v would otherwise go on to millions of
    mV, and w, which adapts to v, with it.
    """

    equations = """
        x = min(v, v_spike)                                                    : mV
        spike_current = gl*delta_t*exp((x - v_thresh)/delta_t)                 : nA
        dv/dt = (gl*(v_rest - x) + spike_current - w + i_syn + i_offset)/cm    : mV
        dw/dt = (a*(x - v_rest) - w)/tau_w                                     : nA
    """
    threshold = "v >= v_spike"
    reset = "v = v_reset; w += b"
    refractory = "tau_refrac"
    method = "rk4"
    initial = {"v": "v_rest"}  # noqa: RUF012
    source = "Brette and Gerstner 2005, J Neurophysiol 94:3637, eqs 1-3 and table 1"

    v_rest = Parameter(-70.6, "mV", meaning="leak reversal potential E_L")
    cm = Parameter(0.281, "nF", low=0, low_open=True, meaning="membrane capacitance")
    gl = Parameter(0.03, "uS", low=0, low_open=True, meaning="leak conductance")
    delta_t = Parameter(2.0, "mV", low=0, low_open=True, meaning="slope factor")
    v_thresh = Parameter(-50.4, "mV", meaning="threshold of the exponential V_T")
    v_spike = Parameter(0.0, "mV", meaning="potential at which the spike is cut")
    v_reset = Parameter(-70.6, "mV", meaning="potential after a spike")
    tau_refrac = Parameter(0.1, "ms", low=0, meaning="refractory period")
    tau_w = Parameter(144.0, "ms", low=0, low_open=True, meaning="adaptation time constant")
    a = Parameter(0.004, "uS", meaning="subthreshold adaptation")
    b = Parameter(0.0805, "nA", meaning="spike-triggered adaptation")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "brette_gerstner": {
            "cm": 0.281,
            "gl": 0.03,
            "v_rest": -70.6,
            "v_thresh": -50.4,
            "delta_t": 2.0,
            "a": 0.004,
            "tau_w": 144.0,
            "b": 0.0805,
            "v_reset": -70.6,
            "v_spike": 20.0,
            "tau_refrac": 0.0,
        },
        **{name: _pattern(row) for name, row in _PATTERNS.items()},
    }
    shows = {  # noqa: RUF012
        "brette_gerstner": Stimulus(((20.0, 1.0), (120.0, 0.0)), 140.0, dt=0.05),
        **{
            name: Stimulus(((50.0, row[-1] * 1e-3),), 550.0, dt=0.05)
            for name, row in _PATTERNS.items()
        },
    }
