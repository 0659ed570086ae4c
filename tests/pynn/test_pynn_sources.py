"""Sources of spikes: times, rates, intervals, windows."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyNN")

from scipy.stats import kstest

from spikestack.errors import ValidationError


@pytest.fixture
def sim() -> ModuleType:
    import spikestack.pynn as made

    made.setup(timestep=0.1, min_delay=0.1)
    return made


def trains(sim: Any, population: Any, duration: float) -> list[np.ndarray]:
    population.record("spikes")
    sim.run(duration)
    return [t.magnitude for t in population.get_data().segments[0].spiketrains]


def test_poisson_rates_and_intervals(sim: Any) -> None:
    rates = np.repeat([20.0, 400.0], 50)
    found = trains(sim, sim.Population(100, sim.SpikeSourcePoisson(rate=rates)), 2000.0)
    counts = np.array([len(t) for t in found]).reshape(2, 50)
    for mean, rate in zip(counts.mean(axis=1), (20.0, 400.0)):
        assert mean == pytest.approx(2 * rate, abs=4 * math.sqrt(2 * rate / 50))
    intervals = np.concatenate([np.diff(t) for t in found[:50]])
    assert kstest(intervals, "expon", args=(0, 50.0)).statistic < 0.07


@pytest.mark.parametrize("rate", [500.0, 5000.0])
def test_poisson_sources_are_on_for_their_time(sim: Any, rate: float) -> None:
    source = sim.SpikeSourcePoisson(rate=rate, start=[10.0, 20.0, 20.0], duration=[30.0, 5.0, 0.0])
    first, second, none = trains(sim, sim.Population(3, source), 60.0)
    assert 10.0 < first.min() < 20.0 and 30.0 < first.max() <= 40.001
    assert second.min() > 20.0 and second.max() <= 25.001 and len(none) == 0


def test_many_events_in_a_step_all_arrive(sim: Any) -> None:
    sources = sim.Population(200, sim.SpikeSourcePoisson(rate=20_000.0))
    cells = sim.Population(200, sim.IF_curr_delta(tau_m=20.0, v_thresh=1e6))
    synapse = sim.StaticSynapse(weight=0.1, delay=0.5)
    sim.Projection(sources, cells, sim.OneToOneConnector(), synapse)
    cells.record("v")
    sim.run(150.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude[1000:]
    assert v.mean() + 65.0 == pytest.approx(20.0 * 0.1 * 20.0, rel=0.01)
    assert v.std() == pytest.approx(0.1 * math.sqrt(20.0 * 20.0 / 2), rel=0.1)


def test_gamma_intervals(sim: Any) -> None:
    source = sim.SpikeSourceGamma(alpha=[3.0] * 20 + [1.0] * 20, beta=200.0)
    found = trains(sim, sim.Population(40, source), 2000.0)
    for part, alpha in ((found[:20], 3.0), (found[20:], 1.0)):
        intervals = np.concatenate([np.diff(t) for t in part])
        assert intervals.mean() == pytest.approx(alpha * 5.0, rel=0.06)
        assert kstest(intervals, "gamma", args=(alpha, 0, 5.0)).statistic < 0.05


def test_dead_time(sim: Any) -> None:
    source = sim.SpikeSourcePoissonRefractory(rate=100.0, tau_refrac=5.0)
    found = trains(sim, sim.Population(40, source), 2000.0)
    intervals = np.concatenate([np.diff(t) for t in found])
    assert intervals.min() > 5.0 and intervals.mean() == pytest.approx(10.0, rel=0.03)
    assert kstest(intervals - 5.0, "expon", args=(0, 5.0)).statistic < 0.05


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        ("SpikeSourceGamma", {"alpha": 2.5}, "whole numbers"),
        ("SpikeSourceGamma", {"alpha": 2.0, "beta": 20_000.0}, "smaller timestep"),
        ("SpikeSourcePoissonRefractory", {"rate": 300.0, "tau_refrac": 5.0}, "below 1/tau_refrac"),
    ],
)
def test_what_cannot_be_is_refused(
    sim: Any, kind: str, values: dict[str, float], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        sim.Population(1, getattr(sim, kind)(**values))
        sim.run(1.0)
