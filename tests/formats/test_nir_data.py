"""Recordings as data of NIR: written and read equal, what does not fit refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.recording import Recording, SpikeRecord, Trace
from spikestack.recording.structure import StructureRecord

from .recordings import recordings

nir = pytest.importorskip("nir")


@st.composite
def plain(draw: Any) -> Recording:
    """A recording of whole populations, evenly sampled, one spike a neuron and step."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dt = draw(st.sampled_from([0.1, 1.0, 0.025, 1 / 3]))
    first, count = draw(st.integers(0, 50)), draw(st.integers(1, 300))
    trials = draw(st.integers(1, 3))
    window = {"t_start": first * dt, "t_stop": (first + count) * dt}
    spikes, traces = {}, {}
    for name in draw(st.lists(st.sampled_from(["exc", "µ ü", "L2:3"]), unique=True, max_size=3)):
        size = draw(st.integers(1, 9))
        here = rng.random((trials, count, size)) < draw(st.sampled_from([0.0, 0.02, 0.6]))
        who, when, which = np.nonzero(here)
        carried = draw(st.sampled_from([None, np.int32, np.float32]))
        values = None if carried is None else rng.integers(1, 99, len(who)).astype(carried)
        spikes[name] = SpikeRecord(
            population=name, size=size, dt=dt, steps=when + first + 1, ids=which.astype(np.int32),
            trials=who.astype(np.int32), n_trials=trials, values=values, **window,
        )  # fmt: skip
        if draw(st.booleans()):
            every = draw(st.integers(1, min(3, count)))
            steps = first + np.arange(every, count + 1, every)
            kind = draw(st.sampled_from([np.float32, np.float64]))
            values = rng.normal(0, 9, (trials, len(steps), size)).astype(kind)
            traces[name] = {
                "v": Trace(
                    population=name, variable="v", unit="mV", dt=dt, steps=steps,
                    ids=np.arange(size), values=values,
                )
            }  # fmt: skip
    return Recording(spikes=spikes, traces=traces, **window)


def through_file(data: Any, folder: Path) -> Any:
    nir.write_data(folder / "data.nir", data)
    return nir.read_data(folder / "data.nir")


def assert_same(found: Recording, wanted: Recording) -> None:
    assert found.same_spikes(wanted)
    for name, record in wanted.spikes.items():
        assert (found[name].t_start, found[name].t_stop) == (record.t_start, record.t_stop)
    assert {k: set(v) for k, v in found.traces.items()} == {
        k: set(v) for k, v in wanted.traces.items()
    }
    for name, own in wanted.traces.items():
        for variable, trace in own.items():
            got = found[name, variable]
            assert (got.dt, got.unit) == (trace.dt, trace.unit)
            assert got.values.dtype == trace.values.dtype
            for attribute in ("steps", "ids", "values"):
                assert np.array_equal(getattr(got, attribute), getattr(trace, attribute))


@settings(max_examples=60, deadline=None)
@given(recording=plain(), gridded=st.booleans())
def test_written_and_read_equal(
    tmp_path_factory: pytest.TempPathFactory, recording: Recording, gridded: bool
) -> None:
    data = recording.to_nir_data(gridded=gridded)
    read = through_file(data, tmp_path_factory.mktemp("nir"))
    dt = next((record.dt for record in recording.spikes.values()), 1.0)
    back = Recording.from_nir_data(read, dt, t_start=recording.t_start, units={"v": "mV"})
    assert_same(back, recording)


@settings(max_examples=40, deadline=None)
@given(recording=plain())
def test_events_and_grids_are_one(recording: Recording) -> None:
    """NIR's own way from events to a grid gives our grid."""
    events, grids = recording.to_nir_data(), recording.to_nir_data(gridded=True)
    for name, record in recording.spikes.items():
        event, grid = (data.nodes[name].observables["spikes"] for data in (events, grids))
        step = record.dt / 1000
        if int(event.t_max / step) != grid.n_time_steps:
            continue  # int(t_max / dt) of nir 1.0.8 loses a step to rounding
        assert np.array_equal(event.to_time_gridded(step).data, grid.data)


@settings(max_examples=60, deadline=None)
@given(recording=recordings(structure=True), gridded=st.booleans(), renumber=st.booleans())
def test_any_recording_is_kept_or_refused_by_name(
    recording: Recording, gridded: bool, renumber: bool
) -> None:
    try:
        data = recording.to_nir_data(gridded=gridded, renumber=renumber)
    except ValidationError as error:
        names = [*recording.spikes, *recording.traces, *recording.structure]
        assert any(repr(name)[1:-1] in str(error) for name in names)
        return
    assert not recording.structure
    dt = next((record.dt for record in recording.spikes.values()), 1.0)
    back = Recording.from_nir_data(data, dt, t_start=recording.t_start)
    for name, record in recording.spikes.items():
        ids = record.ids
        if record.recorded is not None:
            assert renumber
            ids = np.searchsorted(record.recorded, ids)
        assert np.array_equal(back[name].steps, record.steps)
        assert np.array_equal(back[name].ids, ids)


def one(**changes: Any) -> Any:
    fields = {
        "idx": np.array([[0, 1, -1]]),
        "time": np.array([[0.0, 0.002, np.inf]]),
        "n_neurons": 2,
        "t_max": 0.004,
    } | changes
    return nir.EventData(**fields)


def data_of(observable: Any, name: str = "spikes") -> Any:
    return nir.NIRGraphData({"lif": nir.NIRNodeData({name: observable})})


def test_steps_of_events() -> None:
    """An event of step k, floor(time / dt), is a spike at the end of it."""
    back = Recording.from_nir_data(data_of(one()), dt=1.0)
    assert back["lif"].steps.tolist() == [1, 3] and back["lif"].ids.tolist() == [0, 1]
    assert back.t_stop == 4.0 and back["lif"].size == 2
    late = Recording.from_nir_data(data_of(one()), dt=1.0, t_start=10.0)
    assert late["lif"].times.tolist() == [11.0, 13.0] and late.t_stop == 14.0


@pytest.mark.parametrize("dt", [0.1, 0.3, 1 / 3, 0.7])
def test_times_on_the_grid_round_to_their_step(dt: float) -> None:
    """As other tools write them: at the start of the step, rounding errors and all."""
    n = 400
    seconds = np.arange(n) * (dt / 1000)
    event = one(idx=np.zeros((1, n), int), time=seconds[None], t_max=n * dt / 1000)
    back = Recording.from_nir_data(data_of(event), dt=dt)
    assert np.array_equal(back["lif"].steps, np.arange(1, n + 1))


@pytest.mark.parametrize(
    ("observable", "options", "word"),
    [
        (one(), {}, "dt"),
        (one(), {"dt": -1.0}, "dt"),
        (one(), {"dt": 0.3}, "whole number of steps"),
        (one(), {"dt": 1.0, "t_start": 0.5}, "t_start"),
        (one(idx=np.array([[0, 7, -1]])), {"dt": 1.0}, "ids"),
        (one(idx=np.array([[0.0, 1.0, -1.0]])), {"dt": 1.0}, "idx"),
        (one(idx=np.array([0, 1, -1]), time=np.array([0.0, 0.1, np.inf])), {"dt": 1.0}, "shape"),
        (one(idx=np.array([[0, -1, -1]])), {"dt": 1.0}, "padding"),
        (one(time=np.array([[0.0, 0.005, np.inf]])), {"dt": 1.0}, "must be in"),
        (one(time=np.array([[-0.002, 0.0, np.inf]])), {"dt": 1.0}, "must be in"),
        (one(time=np.array([[0.0, np.nan, np.inf]])), {"dt": 1.0}, "padding"),
        (one(t_max=np.nan), {"dt": 1.0}, "lasts"),
        (one(t_max=np.inf), {"dt": 1.0}, "lasts"),
        (one(n_neurons=-3), {"dt": 1.0}, "lif"),
        (nir.TimeGriddedData(np.zeros((1, 3, 2), bool), 0.0), {}, "dt"),
        (nir.TimeGriddedData(np.zeros((1, 3, 2), bool), 2e-3), {"dt": 1.0}, "step"),
        ("nonsense", {}, "EventData"),
    ],
)
def test_what_does_not_fit_is_refused(observable: Any, options: Any, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        Recording.from_nir_data(data_of(observable), **options)


def test_not_data_at_all() -> None:
    with pytest.raises(ValidationError, match="NIRGraphData"):
        Recording.from_nir_data({"lif": 3})


def test_spikes_twice_are_refused() -> None:
    grid = nir.TimeGriddedData(np.zeros((1, 4, 2), bool), 1e-3)
    data = nir.NIRGraphData({"lif": nir.NIRNodeData({"spikes": one(), "s": grid})})
    with pytest.raises(ValidationError, match="second set of spikes"):
        Recording.from_nir_data(data)


def test_nodes_within_nodes() -> None:
    data = nir.NIRGraphData({"outer": data_of(one())})
    assert list(Recording.from_nir_data(data, dt=1.0).spikes) == ["outer/lif"]


def test_all_offenders_in_one_error() -> None:
    window = {"t_start": 0.0, "t_stop": 5.0}
    spikes = SpikeRecord(
        population="a/b", size=5, dt=1.0, steps=np.array([1]), ids=np.array([2], np.int32),
        recorded=np.array([2], np.int32), **window,
    )  # fmt: skip
    trace = Trace(
        population="c", variable="v", unit="mV", dt=1.0, steps=np.array([1, 2, 4]),
        ids=np.array([0]), values=np.zeros((1, 3, 1)),
    )  # fmt: skip
    changes = StructureRecord(
        projection="p", dt=1.0, initial=5, **window, steps=np.array([0, 1]),
        pre=np.array([1, 2], np.int32), post=np.array([0, 3], np.int32),
        created=np.array([True, False]),
    )  # fmt: skip
    recording = Recording(
        spikes={"a/b": spikes}, traces={"c": {"v": trace}}, structure={"p": changes}, **window
    )
    with pytest.raises(ValidationError) as caught:
        recording.to_nir_data()
    for word in ("'a/b'", "renumber", "'c.v'", "'p'"):
        assert word in str(caught.value)


def test_of_a_run(tmp_path: Path) -> None:
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 5, sp.LIF(i_offset=1.0)))
    net.record(cells, "spikes")
    net.record(cells, "v")
    result = net.run(50.0, dt=0.1)
    assert len(result["cells"])
    back = Recording.from_nir_data(through_file(result.to_nir_data(), tmp_path), units={"v": "mV"})
    assert_same(back, result)
