"""Izhikevich's simple model, and the program that showed what it can do."""

from __future__ import annotations

from typing import Any

from ..equations.model import Parameter
from ..equations.stimulus import Change, Stimulus
from .base import NeuronModel

__all__ = ["Izhikevich", "Izhikevich2004"]


class Izhikevich(NeuronModel):
    """Izhikevich neuron.

    dv/dt = 0.04 v^2 + 5 v + 140 - u + I; du/dt = a (b v - u); at v >= 30 mV: v = c, u = u + d.
    The published numbers carry hidden units; here they are written out. A current of 1 nA moves
    v by `gain` mV per ms.
    """

    equations = """
        dv/dt = 0.04/(mV*ms)*v**2 + 5/ms*v + 140*mV/ms - u + gain*(i_syn + i_offset) : mV
        du/dt = a*(b*v - u)                                                          : mV/ms
    """
    threshold = "v >= v_thresh"
    reset = "v = c; u += d"
    method = "euler"
    initial = {"v": -70.0, "u": -14.0}  # noqa: RUF012
    fires_at = 12.0
    source = (
        "Izhikevich 2003, IEEE Trans Neural Netw 14:1569, eqs 1-3; integrated by explicit Euler"
    )

    a = Parameter(0.02, "1/ms", meaning="rate of recovery")
    b = Parameter(0.2, "1/ms", meaning="sensitivity of recovery to v")
    c = Parameter(-65.0, "mV", meaning="potential after a spike")
    d = Parameter(2.0, "mV/ms", meaning="jump of recovery at a spike")
    v_thresh = Parameter(30.0, "mV", meaning="peak at which the spike is cut")
    gain = Parameter(1.0, "mV/ms/nA", meaning="effect of the current on v")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "regular_spiking": {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0},
        "intrinsically_bursting": {"a": 0.02, "b": 0.2, "c": -55.0, "d": 4.0},
        "chattering": {"a": 0.02, "b": 0.2, "c": -50.0, "d": 2.0},
        "fast_spiking": {"a": 0.1, "b": 0.2, "c": -65.0, "d": 2.0},
        "low_threshold_spiking": {"a": 0.02, "b": 0.25, "c": -65.0, "d": 2.0},
        "resonator": {"a": 0.1, "b": 0.26, "c": -65.0, "d": 2.0},
    }


def _figure(
    cell: tuple[float, float, float, float],
    start: float,
    run: tuple[float, float],
    *changes: Change,
    **values: float,
) -> tuple[dict[str, Any], Stimulus]:
    """A panel of figure 1: (a, b, c, d), v at t = 0, (dt, duration), current, other values."""
    a, b, c, d = cell
    parameters = {"a": a, "b": b, "c": c, "d": d, "v": start, "u": b * start}
    return parameters | values, Stimulus(changes, run[1], run[0])


_CLASS_1 = {"k1": 4.1, "k0": 108.0}
_HELD, _DIP = (0.0, 80.0), ((50.0, 75.0), (250.5, 80.0))

#: figure1.m, the program of the 2004 paper. Its conditions on the time are strict, so that what
#: it switches on after 10 ms is on from the next step.
_FIGURE_1 = {
    "tonic_spiking": _figure((0.02, 0.2, -65, 6), -70, (0.25, 100), (10.25, 14)),
    "phasic_spiking": _figure((0.02, 0.25, -65, 6), -64, (0.25, 200), (20.25, 0.5)),
    "tonic_bursting": _figure((0.02, 0.2, -50, 2), -70, (0.25, 220), (22.25, 15)),
    "phasic_bursting": _figure((0.02, 0.25, -55, 0.05), -64, (0.2, 200), (20.2, 0.6)),
    "mixed_mode": _figure((0.02, 0.2, -55, 4), -70, (0.25, 160), (16.25, 10)),
    "spike_frequency_adaptation": _figure((0.01, 0.2, -65, 8), -70, (0.25, 85), (8.75, 30)),
    "class_1": _figure((0.02, -0.1, -55, 6), -60, (0.25, 300), (30, 0, 0.075), **_CLASS_1),
    "class_2": _figure((0.2, 0.26, -65, 0), -64, (0.25, 300), (0, -0.5), (30, -0.5, 0.015)),
    "spike_latency": _figure((0.02, 0.2, -65, 6), -70, (0.2, 100), (10.2, 7.04), (13, 0)),
    "subthreshold_oscillations": _figure(
        (0.05, 0.26, -60, 0), -62, (0.25, 200), (20.25, 2), (25, 0)
    ),
    "resonator": _figure(
        (0.1, 0.26, -60, -1), -62, (0.25, 400),
        (40.25, 0.65), (44, 0), (60.25, 0.65), (64, 0),
        (280.25, 0.65), (284, 0), (320.25, 0.65), (324, 0),
    ),
    "integrator": _figure(
        (0.02, -0.1, -55, 6), -60, (0.25, 100),
        (9.25, 9), (11.25, 0), (14.25, 9), (16.25, 0),
        (70.25, 9), (72, 0), (80.25, 9), (82, 0), **_CLASS_1,
    ),
    "rebound_spike": _figure((0.03, 0.25, -60, 4), -64, (0.2, 200), (20.2, -15), (25, 0)),
    "rebound_burst": _figure((0.03, 0.25, -52, 0), -64, (0.2, 200), (20.2, -15), (25, 0)),
    "threshold_variability": _figure(
        (0.03, 0.25, -60, 4), -64, (0.25, 100),
        (10.25, 1), (15, 0), (70.25, -6), (75, 0), (80.25, 1), (85, 0),
    ),
    "bistability": _figure(
        (0.1, 0.26, -60, 0), -61, (0.25, 300),
        (0, 0.24), (37.75, 1.24), (42.5, 0.24), (216.25, 1.24), (221, 0.24),
    ),
    "depolarizing_afterpotential": _figure(
        (1, 0.2, -60, -21), -70, (0.1, 50), (9.1, 20), (11, 0)
    ),
    "accommodation": _figure(
        (0.02, 1, -55, 4), -65, (0.5, 400),
        (0, 0, 0.04), (200, 0), (300, 0, 0.32), (312.5, 0), u=-16, v_u=-65, leak=0,
    ),
    "inhibition_induced_spiking": _figure((-0.02, -1, -60, 8), -63.8, (0.5, 350), _HELD, *_DIP),
    "inhibition_induced_bursting": _figure(
        (-0.026, -1, -45, -2), -63.8, (0.5, 350), _HELD, *_DIP
    ),
}  # fmt: skip


class Izhikevich2004(Izhikevich):
    """Izhikevich neuron, stepped as the program that drew the twenty behaviours of the 2004 paper.

    v is stepped by explicit Euler, then u with the v that came of it; the behaviours hold for this
    scheme and for the steps in `shows`. With both stepped from the same v, as by `Izhikevich`,
    a bistable neuron is not switched off, and one that bursts under inhibition never stops.
    The constants of the parabola are parameters, and du/dt = a (b (v - v_u) - leak u).
    """

    equations = """
        v[t+1] = v + dt*(k2*v**2 + k1*v + k0 - u + gain*(i_syn + i_offset)) : mV
        u[t+1] = u + dt*a*(b*(v - v_u) - leak*u)                            : mV/ms
    """
    threshold = "v > v_thresh"
    method = "auto"
    source = "Izhikevich 2004, IEEE Trans Neural Netw 15:1063, figure 1, and its program figure1.m"

    k2 = Parameter(0.04, "1/mV/ms", meaning="curvature of the parabola")
    k1 = Parameter(5.0, "1/ms", meaning="slope of the parabola at 0 mV")
    k0 = Parameter(140.0, "mV/ms", meaning="height of the parabola at 0 mV")
    v_u = Parameter(0.0, "mV", meaning="potential that leaves recovery alone")
    leak = Parameter(1.0, "1", meaning="decay of recovery, 0 for none")

    parameter_sets = {name: panel[0] for name, panel in _FIGURE_1.items()}  # noqa: RUF012
    shows = {name: panel[1] for name, panel in _FIGURE_1.items()}  # noqa: RUF012
