"""PyNN: what is recorded, from when, and how it is handed over and saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyNN")
from pyNN.errors import (
    InvalidParameterValueError,
    NonExistentParameterError,
    RecordingError,
)

import spikestack.pynn as sim


def ramp(n: int = 3, **more: Any) -> Any:
    """Cells that charge at different rates and do not fire."""
    sim.setup(timestep=0.1)
    offsets = [0.1 * (k + 1) for k in range(n)]
    return sim.Population(n, sim.IF_curr_exp(i_offset=offsets, v_thresh=0.0, **more))


def signal(population: Any, segment: int = -1, name: str = "v") -> np.ndarray:
    return np.asarray(population.get_data().segments[segment].filter(name=name)[0])


def closed_form(t: np.ndarray, k: int) -> np.ndarray:
    """The potential of cell k: 20 ms, 1 nF, so 20 MOhm."""
    return -65.0 + 2.0 * (k + 1) * (1 - np.exp(-t / 20.0))


def test_samples_include_the_first_and_are_exact() -> None:
    cells = ramp()
    cells.record("v")
    sim.run(7.3)
    v = signal(cells)
    assert v.shape == (74, 3)
    for k in range(3):
        assert np.allclose(v[:, k], closed_form(np.arange(74) * 0.1, k), atol=1e-9)


@pytest.mark.parametrize("interval", [0.2, 0.5, 2.0])
def test_sampling_intervals(interval: float) -> None:
    cells = ramp()
    cells.record("v", sampling_interval=interval)
    sim.run(3.3)
    sim.run(6.7)
    times = np.arange(0, 10.0 + 1e-9, interval)
    recorded = cells.get_data().segments[0].analogsignals[0]
    assert np.allclose(recorded.times.rescale("ms").magnitude, times)
    assert np.allclose(np.asarray(recorded)[:, 1], closed_form(times, 1), atol=1e-9)


def test_what_is_recorded_late_has_no_values_before() -> None:
    cells = ramp()
    cells[0:1].record("v")
    sim.run(2.0)
    cells[2:3].record("v")
    sim.run(3.0)
    v = signal(cells)
    assert v.shape == (51, 2)
    assert np.allclose(v[:, 0], closed_form(np.arange(51) * 0.1, 0), atol=1e-9)
    assert np.isnan(v[:20, 1]).all()
    assert np.allclose(v[20:, 1], closed_form(np.arange(20, 51) * 0.1, 2), atol=1e-9)


def test_clearing() -> None:
    cells = ramp()
    cells.record("v")
    sim.run(2.0)
    first = cells.get_data(clear=True).segments[0].analogsignals[0]
    sim.run(3.0)
    second = cells.get_data().segments[0].analogsignals[0]
    assert first.shape == (21, 3)
    assert second.shape == (31, 3)
    assert float(second.t_start.rescale("ms")) == 2.0
    assert np.array_equal(np.asarray(first)[-1], np.asarray(second)[0])


def test_recording_nothing_more() -> None:
    cells = ramp()
    cells.record("v")
    sim.run(1.0)
    sim.reset()
    cells.record(None)
    cells[1:2].record("v")
    sim.run(1.0)
    block = cells.get_data()
    assert [s.analogsignals[0].shape for s in block.segments] == [(11, 3), (11, 1)]
    assert list(block.segments[1].analogsignals[0].array_annotations["channel_index"]) == [1]


def test_conductances_of_assemblies() -> None:
    """A conductance after one spike is weight times the exponential, from the step it arrives."""
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    cells = sim.Population(2, sim.IF_cond_exp(tau_syn_E=3.0)) + sim.Population(
        1, sim.IF_cond_exp(tau_syn_E=3.0, tau_syn_I=4.0)
    )
    synapse = sim.StaticSynapse(weight=0.01, delay=0.5)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record(["gsyn_exc", "gsyn_inh"])
    sim.run(5.0)
    segment = cells.get_data().segments[0]
    t = np.arange(51) * 0.1
    expected = np.where(t > 1.49, 0.01 * np.exp(-(t - 1.5) / 3.0), 0.0)
    for found in segment.filter(name="gsyn_exc"):
        for column in np.asarray(found).T:
            assert np.allclose(column, expected, atol=1e-7)
    for found in segment.filter(name="gsyn_inh"):
        assert not np.asarray(found).any()


@pytest.mark.parametrize("n", [3, 250])
def test_spikes_and_their_counts(n: int) -> None:
    """Few cells and many are handed over in different ways."""
    sim.setup(timestep=0.1)
    times = [[1.0 + 0.1 * k, 37.0] if k % 2 else [] for k in range(n)]
    source = sim.Population(n, sim.SpikeSourceArray(spike_times=times))
    source.record("spikes")
    sim.run(20.0)
    sim.run(20.0)
    trains = source.get_data().segments[0].spiketrains
    assert len(trains) == n
    for k in range(n):
        assert np.allclose(times[k], np.asarray(trains[k]))
    assert list(source.get_spike_counts().values()) == [len(x) for x in times]
    assert source[1:3].mean_spike_count() == 1.0
    assert source.mean_spike_count() == sum(map(len, times)) / n


def test_off_and_on_the_grid() -> None:
    for precision, expected in (("off_grid", [0.33, 2.0]), ("on_grid", [0.3, 2.0])):
        sim.setup(timestep=0.1, spike_precision=precision)
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.33, 2.0, 9.0]))
        source.record("spikes")
        sim.run(5.0)
        train = source.get_data().segments[0].spiketrains[0]
        assert list(np.asarray(train)) == expected


def test_files_written_at_the_end(tmp_path: Any) -> None:
    neo = pytest.importorskip("neo")
    cells = ramp()
    cells.record("v", to_file=str(tmp_path / "later.pkl"))
    sim.run(2.0)
    cells.write_data(str(tmp_path / "now.pkl"))
    sim.end()
    sim.end()
    files = [
        neo.io.PickleIO(str(tmp_path / name)).read_block() for name in ("now.pkl", "later.pkl")
    ]
    signals = [np.asarray(block.segments[0].analogsignals[0]) for block in files]
    assert np.array_equal(*signals)
    assert np.array_equal(signal(cells), signals[0])


def test_parameters_of_populations_and_views() -> None:
    cells = ramp(4)
    assert np.allclose(cells.get("i_offset"), [0.1, 0.2, 0.3, 0.4])
    view = cells[[1, 3]]
    view.set(i_offset=[0.7, 0.8], tau_m=15.0)
    assert np.allclose(cells.get("i_offset"), [0.1, 0.7, 0.3, 0.8])
    assert np.allclose(cells.get("tau_m"), [20, 15, 20, 15])
    assert np.allclose(view[1:2].get("i_offset"), 0.8)
    cells.set(cm=lambda i: 1.0 + i)
    assert cells[2].cm == 3.0
    cells.set(v_rest=sim.RandomDistribution("uniform", low=-70, high=-60, rng=sim.NativeRNG(1)))
    drawn = cells.get("v_rest")
    assert len(set(drawn)) == 4
    assert (cells + sim.Population(1, sim.IF_curr_exp())).get("cm").tolist() == [1, 2, 3, 4, 1]


def test_errors_leave_things_as_they_were() -> None:
    cells = ramp(2)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    with pytest.raises(InvalidParameterValueError, match="increasing"):
        source.set(spike_times=[3.0, 2.0])
    assert list(source[0].spike_times.value) == [1.0]
    with pytest.raises(NonExistentParameterError, match="elephants"):
        cells.get("elephants")
    with pytest.raises(NonExistentParameterError, match="elephants"):
        cells.set(elephants=3)
    with pytest.raises(RecordingError, match="gsyn_exc"):
        cells.record("gsyn_exc")
    with pytest.raises(ValueError, match="multiple"):
        cells.record("v", sampling_interval=0.25)
    with pytest.raises(InvalidParameterValueError):
        cells.set(tau_m="long")
    assert cells.get("tau_m") == 20.0
    cells.record(None)
    cells.record("v")
    sim.run(1.0)
    assert signal(cells).shape == (11, 2)
