"""Arrow, NWB and text: what was written comes back; what is damaged says so."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import FileFormatError, ValidationError

from .recordings import assert_equal, recordings

NARROW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=25, deadline=None, suppress_health_check=NARROW)
@given(recordings(structure=True), st.sampled_from(["parquet", "feather"]))
def test_arrow_there_and_back(recording: sp.Recording, kind: str) -> None:
    pytest.importorskip("pyarrow")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "result")
        assert sp.formats.arrow.write(recording, path, kind) == path
        found = sp.formats.arrow.read(path)
        assert sorted(Path(folder).iterdir()) == [path]
    assert_equal(found, recording)
    assert set(found.structure) == set(recording.structure)


@settings(max_examples=12, deadline=None, suppress_health_check=NARROW)
@given(recordings())
def test_nwb_there_and_back(recording: sp.Recording) -> None:
    pytest.importorskip("pynwb")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "result.nwb")
        sp.formats.nwb.write(recording, path)
        found = sp.formats.nwb.read(path)
        assert list(Path(folder).iterdir()) == [path]
    assert_equal(found, recording)


@settings(max_examples=40, deadline=None, suppress_health_check=NARROW)
@given(recordings())
def test_text_there_and_back(recording: sp.Recording) -> None:
    sizes = {name: record.size for name, record in recording.spikes.items()}
    dt = next((record.dt for record in recording.spikes.values()), 0.1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spikes.csv")
        sp.formats.text.write(recording, path)
        found = sp.formats.text.read(path, dt, sizes=sizes, t_stop=recording.t_stop)
    fired = {name: record for name, record in recording.spikes.items() if len(record.steps)}
    assert set(found.spikes) == set(fired)
    for name, record in fired.items():
        other = found[name]
        assert np.array_equal(other.steps, record.steps) and np.array_equal(other.ids, record.ids)
        assert np.array_equal(other.trials, record.trials)
        if record.values is not None:
            assert np.array_equal(other.values, record.values.astype(float))


def simulated() -> sp.Recording:
    net = sp.Network(seed=1)
    exc = net.add(sp.Population("exc", 8, sp.LIF()))
    inh = net.add(sp.Population("inh", 3, sp.LIF()))
    net.drive(exc, sp.Poisson(rate=4000.0, weight=0.3))
    net.drive(inh, sp.Poisson(rate=4000.0, weight=0.3))
    net.record(exc, "spikes")
    net.record(inh, "spikes")
    net.record(exc[:2], "v")
    return net.run(200.0)


def test_others_read_the_tables(tmp_path: Path) -> None:
    """A Parquet file is one that any tool reads: columns with their types."""
    pa = pytest.importorskip("pyarrow")
    result = simulated()
    table = result.to_arrow()
    assert table.column_names == ["population", "time_ms", "neuron", "trial", "step"]
    assert pa.types.is_dictionary(table.schema.field("population").type)
    assert table.num_rows == len(result["exc"]) + len(result["inh"])
    trace = result["exc", "v"].to_arrow()
    assert trace.column_names == ["time_ms", "trial", "step", "0", "1"]
    assert np.array_equal(trace["1"].to_numpy(), result["exc", "v"].of(1))
    with pytest.raises(ValidationError, match="one of"):
        sp.formats.arrow.write(result, tmp_path / "x", "csv")
    sp.formats.arrow.write(result, tmp_path / "x")
    with pytest.raises(FileExistsError):
        sp.formats.arrow.write(result, tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        sp.formats.arrow.read(tmp_path / "y")
    frame = pytest.importorskip("pandas").read_parquet(tmp_path / "x" / "spikes.parquet")
    assert (frame.population == "exc").sum() == len(result["exc"])


def test_an_nwb_file_is_one(tmp_path: Path) -> None:
    """The validator of pynwb agrees; seconds and volts are what others find."""
    pynwb = pytest.importorskip("pynwb")
    result, path = simulated(), tmp_path / "a.nwb"
    sp.formats.nwb.write(result, path, description="test", lab="ours", experimenter=["A. B."])
    assert not pynwb.validate(path=str(path))
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        assert file.lab == "ours" and len(file.units) == 11 and len(file.trials) == 1
        rows = file.units.to_dataframe()
        assert rows.population.tolist() == ["exc"] * 8 + ["inh"] * 3
        assert np.allclose(rows.spike_times[3], result["exc"].train(3) / 1000)
        series = file.acquisition["exc.v"]
        assert series.unit == "volts" and series.conversion == 1e-3
        assert np.array_equal(series.data[:, 1], result["exc", "v"].of(1))
    with pytest.raises(ValidationError, match="no_such_field"):
        sp.formats.nwb.write(result, path, no_such_field=3)
    assert_equal(sp.formats.nwb.read(path), result)


def test_nwb_files_of_others(tmp_path: Path) -> None:
    pytest.importorskip("pynwb")
    events = sp.UnitEvents(t=np.array([1000, 2500, 9000]), unit=np.array([1, 0, 1]), units=2)
    sp.write_events(tmp_path / "b.nwb", events)
    with pytest.raises(ValidationError, match="give dt in ms"):
        sp.formats.nwb.read(tmp_path / "b.nwb")
    found = sp.formats.nwb.read(tmp_path / "b.nwb", dt=0.1)
    assert found["units"].train(1).tolist() == pytest.approx([1.0, 9.0])
    assert found["units"].train(0).tolist() == pytest.approx([2.5])


@pytest.mark.parametrize("form", ["arrow", "nwb"])
def test_damaged_files(form: str, tmp_path: Path) -> None:
    """Cut anywhere, they are refused by one kind of error; or, a byte flipped, read without one."""
    pytest.importorskip({"arrow": "pyarrow", "nwb": "pynwb"}[form])
    path = tmp_path / "result"
    module: Any = getattr(sp.formats, form)
    result = simulated()
    module.write(result, path)
    victims = sorted(path.iterdir()) if path.is_dir() else [path]
    rng = random.Random(2)
    for victim in victims:
        whole = victim.read_bytes()
        for _ in range(6):
            victim.write_bytes(whole[: rng.randrange(len(whole))])
            with pytest.raises(FileFormatError):
                module.read(path)
        victim.write_bytes(whole)
    assert_equal(module.read(path), result)
    if form == "arrow":
        _flip(victims, path, module.read, rng)


def _flip(victims: list[Path], path: Path, read: Callable[..., Any], rng: random.Random) -> None:
    for victim in victims:
        whole = victim.read_bytes()
        for _ in range(30):
            damaged = bytearray(whole)
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
            victim.write_bytes(damaged)
            try:
                read(path)
            except FileFormatError:
                continue
        victim.write_bytes(whole)


def test_a_table_of_another_kind(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    sp.formats.arrow.write(simulated(), tmp_path / "a")
    __import__("pyarrow.parquet")
    pa.parquet.write_table(pa.table({"x": [1]}), tmp_path / "a" / "more.parquet")
    with pytest.raises(FileFormatError, match="metadata of Spikestack"):
        sp.formats.arrow.read(tmp_path / "a")
    (tmp_path / "a" / "more.parquet").unlink()
    (tmp_path / "a" / "trace-000-exc.v.parquet").unlink()
    with pytest.raises(FileFormatError, match="missing"):
        sp.formats.arrow.read(tmp_path / "a")


def test_nest_text(tmp_path: Path) -> None:
    """NEST numbers neurons from 1, over all populations."""
    result = simulated()
    sp.formats.text.write(result, tmp_path / "spikes.dat")
    text = (tmp_path / "spikes.dat").read_text().splitlines()
    assert text[0] == "sender\ttime_ms" and len(text) == 1 + len(result["exc"]) + len(result["inh"])
    found = sp.formats.text.read(
        tmp_path / "spikes.dat", 0.1, senders={"exc": (1, 8), "inh": (9, 11)}, t_stop=200.0
    )
    assert found.same_spikes(result)
    assert sp.formats.text.read(tmp_path / "spikes.dat", 0.1)["nest"].size <= 11
    with pytest.raises(ValidationError, match="of no population"):
        sp.formats.text.read(tmp_path / "spikes.dat", 0.1, senders={"exc": (1, 8)})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1"),
        ("time,who\n1,2\n", "line 1"),
        ("time_ms,population,neuron\n1.0,exc\n", "line 2: 2 columns"),
        ("time_ms,population,neuron\n1.0,exc,0\nx,exc,1\n", "line 3"),
        ("time_ms,population,neuron\n1.0,exc,-1\n", "line 2: neuron -1"),
        ("time_ms,population,neuron\nnan,exc,1\n", "line 2: time nan"),
        ('time_ms,population,neuron\n1,"exc,1\n', "line 2"),
        ("sender\ttime_ms\n3\n", "line 2"),
        ("sender\ttime_ms\n3\t4\n-3\t5\n", "line 3: neuron -3"),
    ],
)
def test_damaged_text(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(FileFormatError, match=problem):
        sp.formats.text.read(tmp_path / "a.csv", 0.1)


def test_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails leaves what was there."""
    target = tmp_path / "a.csv"
    target.write_text("before")

    def fails(*args: Any) -> Any:
        yield "time_ms"
        raise OSError("disk full")

    monkeypatch.setattr(sp.formats.text, "_lines", fails)
    with pytest.raises(OSError, match="disk full"):
        sp.formats.text.write(simulated(), target)
    assert target.read_text() == "before" and list(tmp_path.iterdir()) == [target]
