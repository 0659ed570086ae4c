"""SONATA: spikes and reports come back as they were, and those of others are read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.recording.spikes import SpikeRecord
from spikestack.recording.trace import Trace

h5py = pytest.importorskip("h5py")
sonata = sp.formats.sonata
FEW = settings(max_examples=25, deadline=None)


@st.composite
def recordings(draw: st.DrawFn) -> sp.Recording:
    """Spikes of one to three populations on a grid."""
    dt = draw(st.sampled_from([0.05, 0.1, 0.125, 1.0]))
    last = draw(st.integers(1, 2000))
    records = {}
    for k in range(draw(st.integers(1, 3))):
        size = draw(st.integers(1, 12))
        pairs = draw(
            st.sets(st.tuples(st.integers(0, last), st.integers(0, size - 1)), max_size=30)
        )
        steps, ids = (np.array([p[i] for p in pairs], np.int64) for i in (0, 1))
        records[f"p {k}"] = SpikeRecord(
            population=f"p {k}", size=size, dt=dt, steps=steps, ids=ids, t_stop=last * dt
        )
    return sp.Recording(t_stop=last * dt, spikes=records)


@FEW
@given(recordings(), st.sampled_from(["by_time", "by_id"]))
def test_spikes(recording: sp.Recording, sorting: str) -> None:
    """The same neurons at the same steps, with the same window and sizes."""
    with tempfile.TemporaryDirectory() as folder:
        path = sonata.write_spikes(recording, Path(folder) / "s.h5", sorting=sorting)
        found = sonata.read_spikes(path)
        with h5py.File(path) as data:
            assert data.attrs["magic"] == 0x0A7A
            for group in data["spikes"].values():
                times, ids = group["timestamps"][()], group["node_ids"][()]
                keys = (ids, times) if sorting == "by_time" else (times, ids)
                assert (np.lexsort(keys) == np.arange(len(ids))).all()
    assert found.same_spikes(recording)
    assert (found.t_start, found.t_stop) == (recording.t_start, recording.t_stop)


@FEW
@given(
    st.integers(1, 4),
    st.integers(1, 20),
    st.integers(0, 30),
    st.integers(1, 5),
    st.sampled_from([0.1, 0.25, 1.0]),
)
def test_reports(k: int, m: int, first: int, every: int, dt: float) -> None:
    """Values to single precision, times and ids as they were."""
    rng = np.random.default_rng(k + 10 * m)
    ids = np.sort(rng.choice(50, k, replace=False))
    steps = first + every * np.arange(m)
    values = rng.normal(-60, 5, (1, m, k)).astype(np.float32)
    trace = Trace(
        population="a", variable="v", unit="mV", dt=dt, steps=steps, ids=ids, values=values
    )
    recording = sp.Recording(t_stop=1000.0, traces={"a": {"v": trace}})
    with tempfile.TemporaryDirectory() as folder:
        found = sonata.read_report(sonata.write_report(recording, Path(folder) / "r.h5"))
    back = found["a", "v"]
    np.testing.assert_allclose(back.times, trace.times, atol=1e-9)
    np.testing.assert_array_equal(back.ids, ids)
    np.testing.assert_array_equal(back.values, values)
    assert back.unit == "mV"


def test_spikes_of_others(tmp_path: Path) -> None:
    """Times off the grid, in seconds, ids that are large; sizes and ends may be said."""
    with h5py.File(tmp_path / "s.h5", "w") as data:
        data["spikes/v1/timestamps"] = [0.0101234, 0.5, 0.02]
        data["spikes/v1/timestamps"].attrs["units"] = "s"
        data["spikes/v1/node_ids"] = np.array([3, 0, 7], np.uint64)
    found = sonata.read_spikes(tmp_path / "s.h5")
    assert found["v1"].times.tolist() == pytest.approx([10.123, 20.0, 500.0])
    assert (found["v1"].size, found.t_stop) == (8, 500.0)
    found = sonata.read_spikes(tmp_path / "s.h5", dt=0.1, sizes={"v1": 20}, t_stop=1000.0)
    assert found["v1"].steps.tolist() == [101, 200, 5000]
    assert found.rates() == {"v1": pytest.approx(3 / 20)}
    with pytest.raises(ValidationError):
        sonata.read_spikes(tmp_path / "s.h5", t_stop=100.0)


def test_reports_of_others(tmp_path: Path) -> None:
    """Without a name in the file, nodes not in order; compartments are refused."""

    def write(pointers: list[int], columns: int) -> None:
        with h5py.File(tmp_path / "soma_v.h5", "w") as data:
            group = data.create_group("report/All")
            group["data"] = np.arange(3.0 * columns, dtype=np.float32).reshape(3, columns)
            group["data"].attrs["units"] = "mV"
            group["mapping/node_ids"] = np.array([9, 4], np.uint64)
            group["mapping/index_pointers"] = np.array(pointers, np.uint64)
            group["mapping/time"] = [0.3, 0.9, 0.2]
            group["mapping/time"].attrs["units"] = "ms"

    write([0, 1, 2], 2)
    trace = sonata.read_report(tmp_path / "soma_v.h5")["All", "soma_v"]
    assert trace.times.tolist() == pytest.approx([0.3, 0.5, 0.7])
    assert trace.ids.tolist() == [4, 9]
    assert trace.of(9).tolist() == [0.0, 2.0, 4.0]
    assert "v" in sonata.read_report(tmp_path / "soma_v.h5", "v").traces["All"]
    write([0, 2, 3], 3)
    with pytest.raises(sp.errors.FileFormatError, match="several compartments"):
        sonata.read_report(tmp_path / "soma_v.h5")


def test_refused(tmp_path: Path) -> None:
    """Nothing recorded, several trials, values, names that are none in HDF5."""
    empty = sp.Recording(t_stop=1.0)
    with pytest.raises(ValidationError, match="no spikes were recorded"):
        sonata.write_spikes(empty, tmp_path / "s.h5")
    with pytest.raises(UnknownNameError, match="recorded 'v'"):
        sonata.write_report(empty, tmp_path / "r.h5")

    def spikes(name: str = "a", **more: object) -> sp.Recording:
        plain = {"size": 1, "dt": 0.1, "steps": [1], "ids": [0], "t_stop": 1.0}
        record = SpikeRecord(population=name, **{**plain, **more})  # type: ignore[arg-type]
        return sp.Recording(t_stop=1.0, spikes={name: record})

    for recording, what in (
        (spikes(n_trials=2), "several trials"),
        (spikes(values=np.ones(1)), "carry values"),
        (spikes("a/b"), "the name 'a/b'"),
    ):
        with pytest.raises(ValidationError, match=what):
            sonata.write_spikes(recording, tmp_path / "s.h5")
    with pytest.raises(ValidationError, match="by_time"):
        sonata.write_spikes(spikes(), tmp_path / "s.h5", sorting="by_mood")
    assert list(tmp_path.iterdir()) == []
