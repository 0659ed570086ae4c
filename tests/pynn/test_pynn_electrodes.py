"""Sources of current against closed forms, step by step."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyNN")

from hypothesis import given, settings
from hypothesis import strategies as st

DT = 0.1


@pytest.fixture
def sim() -> ModuleType:
    return begun()


def begun() -> Any:
    import spikestack.pynn as made

    made.setup(timestep=DT, min_delay=DT, precision="float64")
    return made


def potentials(population: Any) -> np.ndarray:
    found: np.ndarray = population.get_data().segments[0].filter(name="v")[0].magnitude
    return found


def driven(current: np.ndarray) -> np.ndarray:
    """The potential of a cell (1 nF, 20 ms, -65 mV) under values of a current held for a step."""
    v, decay = [-65.0], np.exp(-DT / 20.0)
    for value in current[:-1]:
        v.append(-65.0 + (v[-1] + 65.0) * decay + 20.0 * value * (1 - decay))
    return np.array(v)


def cell(sim: Any, size: int = 1) -> Any:
    population = sim.Population(size, sim.IF_curr_exp(v_thresh=1e6))
    population.record("v")
    return population


def recorded(source: Any) -> np.ndarray:
    found: np.ndarray = source.get_data().magnitude[:, 0]
    return found


def test_every_source_is_what_it_records_and_acts_as_that(sim: Any) -> None:
    sources = {
        "dc": sim.DCSource(amplitude=0.4, start=2.0, stop=5.0),
        "ac": sim.ACSource(
            amplitude=0.5, offset=0.1, frequency=80.0, phase=30.0, start=3.3, stop=9.1
        ),
        "steps": sim.StepCurrentSource(times=[0.0, 4.0, 7.5], amplitudes=[0.1, -0.2, 0.3]),
        "noise": sim.NoisyCurrentSource(mean=0.2, stdev=0.1, start=1.0, stop=8.0, dt=0.5),
    }
    cells = cell(sim, len(sources))
    for place, source in enumerate(sources.values()):
        cells[place : place + 1].inject(source)
        source.record()
    sim.run(6.0)
    sim.run(6.0)
    v, t = potentials(cells), np.arange(121) * DT
    for place, (name, source) in enumerate(sources.items()):
        np.testing.assert_allclose(v[:, place], driven(recorded(source)), atol=1e-6, err_msg=name)
    on = (t > 1.95) & (t < 4.95)
    np.testing.assert_allclose(recorded(sources["dc"]), 0.4 * on)
    on = (t > 3.25) & (t < 9.05)
    wave = 0.1 + 0.5 * np.sin(2 * np.pi * 0.08 * (t - 3.3) + np.pi / 6)
    np.testing.assert_allclose(recorded(sources["ac"]), wave * on, atol=1e-12)
    noise = recorded(sources["noise"])
    on = (t > 0.95) & (t < 7.95)
    assert (noise[~on] == 0).all() and len(set(noise[on])) == 14
    assert (noise[on].reshape(14, 5) == noise[on][::5, None]).all()


def test_changes_act_from_then_on_and_leave_the_past(sim: Any) -> None:
    cells = cell(sim)
    source = sim.DCSource(amplitude=0.1)
    source.inject_into(cells)
    source.record()
    sim.run(3.0)
    source.amplitude += 0.2
    sim.run(3.0)
    source.set_parameters(stop=7.0)
    sim.run(3.0)
    expected = np.repeat([0.1, 0.3, 0.0], [30, 40, 21])
    np.testing.assert_allclose(recorded(source), expected)
    np.testing.assert_allclose(potentials(cells)[:, 0], driven(expected), atol=1e-9)
    assert source.amplitude == pytest.approx(0.3)


def test_noise_does_not_depend_on_how_a_run_is_cut_but_on_the_seed() -> None:
    found = []
    for cuts, seed in (((9.0,), 1), ((2.0, 3.0, 4.0), 1), ((9.0,), 2)):
        sim = begun()
        source = sim.NoisyCurrentSource(mean=0.0, stdev=1.0, rng=sim.NumpyRNG(seed=seed))
        source.inject_into(cell(sim))
        for piece in cuts:
            sim.run(piece)
        found.append(recorded(source))
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).all()
    assert np.std(found[0]) == pytest.approx(1.0, abs=0.35)


def test_all_cells_get_the_same_noise(sim: Any) -> None:
    cells = cell(sim, 3)
    sim.NoisyCurrentSource(mean=0.0, stdev=0.5).inject_into(cells)
    sim.run(5.0)
    v = potentials(cells)
    assert np.ptp(v[:, 0]) > 0.01 and (v == v[:, :1]).all()


def test_after_a_reset_a_source_begins_anew(sim: Any) -> None:
    cells = cell(sim)
    source = sim.DCSource(amplitude=0.5, start=1.0, stop=2.0)
    source.inject_into(cells)
    sim.run(4.0)
    first = recorded(source)
    sim.reset()
    sim.run(4.0)
    np.testing.assert_array_equal(recorded(source), first)
    segments = cells.get_data().segments
    np.testing.assert_array_equal(*(s.analogsignals[0].magnitude for s in segments))


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.integers(0, 80), min_size=1, max_size=8, unique=True),
    amplitudes=st.lists(st.floats(-1, 1), min_size=8, max_size=8),
    ahead=st.floats(-0.04, 0.04),
)
def test_steps_are_rounded_to_the_grid(
    steps: list[int], amplitudes: list[float], ahead: float
) -> None:
    sim = begun()
    steps.sort()
    times = [max(step * DT + ahead, 0.0) for step in steps]
    source = sim.StepCurrentSource(times=times, amplitudes=amplitudes[: len(steps)])
    values = source._values(0, 90)
    expected = np.zeros(90)
    for step, amplitude in zip(steps, amplitudes):
        expected[step:] = amplitude
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("kind", "given_values"),
    [
        ("StepCurrentSource", {"times": [1.0, 0.5], "amplitudes": [1.0, 2.0]}),
        ("StepCurrentSource", {"times": [-1.0], "amplitudes": [1.0]}),
        ("StepCurrentSource", {"times": [1.0, 2.0], "amplitudes": [1.0]}),
        ("NoisyCurrentSource", {"dt": 0.25}),
        ("NoisyCurrentSource", {"stdev": -1.0}),
        ("DCSource", {"amplitude": float("nan")}),
    ],
)
def test_what_cannot_be_meant_is_refused(sim: Any, kind: str, given_values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=kind):
        getattr(sim, kind)(**given_values)


def test_a_refused_change_changes_nothing(sim: Any) -> None:
    source = sim.StepCurrentSource(times=[1.0], amplitudes=[0.5])
    with pytest.raises(ValueError, match="ascending"):
        source.set_parameters(times=[3.0, 2.0], amplitudes=[1.0, 1.0])
    assert list(source.times) == [1.0] and list(source.amplitudes) == [0.5]


def test_sources_of_spikes_take_no_current(sim: Any) -> None:
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    with pytest.raises(TypeError, match="spike source"):
        source.inject(sim.DCSource())
