"""The memristive neuron: its period in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spikestack as sp
from spikestack.neurons.threshold_switch import ThresholdSwitch


def times(dt: float, **values: float) -> np.ndarray:
    net = sp.Network()
    cell = net.add(sp.Population("cell", 1, ThresholdSwitch(**values)))
    net.record(cell, "spikes")
    return np.asarray(net.run(200.0, dt=dt, precision="float64").spikes["cell"].times)


def closed(v_source: float, r_source: float, r_off: float = 1e5) -> float:
    """Charge from v_hold to v_thresh, then discharge, in ms; the other values are the defaults."""

    def lasts(r_switch: float, begin: float, end: float) -> float:
        g = 1 / r_source + 1 / r_switch
        final = v_source / r_source / g
        return 0.1 / g * math.log((final - begin) / (final - end))

    return lasts(r_off, 300.0, 1000.0) + lasts(1.0, 1000.0, 300.0)


@pytest.mark.parametrize(("v_source", "r_source"), [(1500.0, 100.0), (2500.0, 50.0)])
def test_period(v_source: float, r_source: float) -> None:
    """Within two steps: one for each turn of the switch; less for shorter steps."""
    period = closed(v_source, r_source)
    plain = r_source * 0.1 * math.log((v_source - 300) / (v_source - 1000))
    assert period == pytest.approx(plain, rel=0.08)
    for dt in (0.02, 0.005):
        found = np.diff(times(dt, v_source=v_source, r_source=r_source)).mean()
        assert 0 <= found - period < 2 * dt


def test_silent_below_the_threshold() -> None:
    assert times(0.1, v_source=990.0).size == 0
    assert times(0.1, v_source=1500.0, r_on=1e4).size == 1  # never off again
