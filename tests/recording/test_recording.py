"""Recordings: access by name, tables, files, and runs in pieces."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikestack import storage
from spikestack.errors import FileFormatError, UnknownNameError, ValidationError
from spikestack.recording import Recording, SpikeRecord

from .helpers import random_record, random_trace, recording_of

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def recording() -> Recording:
    records = random_record("exc"), random_record("inh", size=3, seed=2)
    return recording_of(*records, traces=(random_trace(), random_trace(variable="w")))


def test_access_by_name(recording: Recording) -> None:
    assert recording["exc"] is recording.spikes["exc"]
    assert recording["exc", "v"] is recording.traces["exc"]["v"]
    assert list(recording.spikes) == ["exc", "inh"]
    assert "exc" in recording.spikes
    assert "x" not in recording.spikes
    assert recording.spikes.get("x") is None
    assert recording.duration == 100.0


@pytest.mark.parametrize(
    "ask",
    [
        lambda r: r["ecx"],
        lambda r: r.spikes["ecx"],
        lambda r: r.traces["ecx"],
        lambda r: r.traces["exc"]["u"],
        lambda r: r["exc", "u"],
        lambda r: r["inh", "v"],
        lambda r: r[3],
        lambda r: r[["exc"]],
        lambda r: r.raster(populations=["ecx"]),
    ],
)
def test_unknown_names_list_the_known(recording: Recording, ask: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"known: |nothing"):
        ask(recording)


def test_keys_of_wrong_length(recording: Recording) -> None:
    with pytest.raises(ValidationError, match="population, variable"):
        recording["exc", "v", 1]  # type: ignore[index]


def test_rates(recording: Recording) -> None:
    assert recording.rates() == {"exc": pytest.approx(120.0), "inh": pytest.approx(200.0)}


def test_text_table(recording: Recording) -> None:
    text = str(recording)
    assert "Recording of 100 ms, engine cpu, dt 0.1 ms, seed 1" in text
    for head in ("population", "neurons", "spikes", "rate (Hz)", "CV ISI"):
        assert head in text
    assert "exc               5      60     120.00" in text
    assert "trace exc.v (mV): 3 neurons, 100 samples" in text
    assert "exc, inh" in repr(recording)


def test_names_cannot_steer_terminal_or_browser() -> None:
    wild = "\x1b[31mred\n" + EVIL
    recording = recording_of(
        random_record(wild),
        traces=(random_trace(wild, EVIL),),
        provenance={"engine": EVIL},
        status="interrupted",
        reason=EVIL,
    )
    for text in (str(recording), repr(recording), repr(recording.spikes), repr(recording[wild])):
        assert "\x1b" not in text
    shown = recording._repr_html_()
    assert "<script>" not in shown
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


def test_nothing_recorded_still_prints() -> None:
    assert str(recording_of()) == "Recording of 100 ms, engine cpu, dt 0.1 ms, seed 1"
    assert "Recording of 100 ms" in recording_of()._repr_html_()
    assert "none" in repr(recording_of())


def test_interrupted_says_why() -> None:
    text = str(recording_of(status="interrupted", reason="Ctrl-C"))
    assert "interrupted (Ctrl-C)" in text


def test_impossible_recordings_are_refused() -> None:
    with pytest.raises(ValidationError, match="status"):
        recording_of(status="half")
    with pytest.raises(ValidationError, match="holds the record of"):
        Recording(t_stop=1.0, spikes={"a": random_record("b")})
    with pytest.raises(ValidationError, match="holds the record of"):
        Recording(t_stop=1.0, traces={"exc": {"u": random_trace()}})
    with pytest.raises(ValidationError, match="t_stop"):
        Recording(t_stop=-1.0)


def test_pandas_of_everything(recording: Recording) -> None:
    frame = recording.to_pandas()
    assert frame.columns.tolist() == ["population", "time_ms", "neuron", "trial"]
    assert frame.population.value_counts().to_dict() == {"exc": 60, "inh": 60}
    own = frame[frame.population == "inh"]
    np.testing.assert_array_equal(own.time_ms.to_numpy(), recording["inh"].times)
    assert recording_of().to_pandas().empty


def test_same_spikes(recording: Recording) -> None:
    inh, exc = recording["inh"], recording["exc"]
    assert recording.same_spikes(recording_of(inh, exc))
    assert not recording.same_spikes(recording_of(exc))
    assert not recording.same_spikes(recording_of(exc, random_record("inh", size=3, seed=3)))


def assert_equal(first: Recording, second: Recording) -> None:
    for name in ("t_start", "t_stop", "provenance", "status", "reason"):
        assert getattr(first, name) == getattr(second, name)
    assert list(first.spikes) == list(second.spikes)
    assert list(first.traces) == list(second.traces)
    for name, record in first.spikes.items():
        other = second.spikes[name]
        for field in ("size", "shape", "dt", "t_start", "t_stop", "n_trials"):
            assert getattr(record, field) == getattr(other, field)
        for field in ("steps", "ids", "trials", "values", "recorded"):
            own, others = getattr(record, field), getattr(other, field)
            assert (own is None) == (others is None)
            assert own is None or (own.dtype, own.tobytes()) == (others.dtype, others.tobytes())
    for name, variables in first.traces.items():
        assert list(variables) == list(second.traces[name])
        assert all(trace.same_values(second.traces[name][v]) for v, trace in variables.items())


def test_files_are_bit_exact(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=60).astype(np.float32)
    values[:2] = math.nan, -0.0
    recording = recording_of(
        random_record("../evil/é $x$", size=6, shape=(2, 3), n_trials=3, values=values),
        random_record("part", size=9, recorded=np.arange(9)),
        random_record("none", number=0),
        traces=(random_trace(trials=2), random_trace("other", samples=0)),
        provenance={"versions": {"numpy": "2"}, "date": None, "wall_time_s": math.inf},
        status="interrupted",
        reason="time",
    )
    recording.save(tmp_path / "r.spk")
    loaded = Recording.load(tmp_path / "r.spk")
    assert_equal(recording, loaded)
    assert recording.same_spikes(loaded)
    assert [path.name for path in tmp_path.iterdir()] == ["r.spk"]


def test_provenance_that_is_not_plain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="provenance"):
        recording_of(provenance={"engine": object()}).save(tmp_path / "f")


def test_corrupted_files_are_refused(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "r.spk"
    recording.save(path)
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x5A]) + content[place + 1 :])
        try:
            assert_equal(recording, Recording.load(path))
        except FileFormatError as error:
            assert "r.spk" in str(error)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError, match=r"r\.spk"):
        Recording.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"spikes": None},
        {"spikes": [{}]},
        {"traces": 3},
        {"t_stop": "x"},
        {"status": "odd"},
        {"provenance": 1},
    ],
)
def test_malformed_headers_are_refused(
    recording: Recording, tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "r.spk"
    recording.save(path)
    header, arrays = storage.read_archive(path, "recording")
    storage.write_archive(path, "recording", header | change, arrays)
    with pytest.raises(FileFormatError, match=r"r\.spk"):
        Recording.load(path)


@pytest.mark.parametrize("change", [{"size": 2}, {"size": math.inf}, {"size": 1e12}, {"dt": "x"}])
def test_malformed_records_are_refused(
    recording: Recording, tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "r.spk"
    recording.save(path)
    header, arrays = storage.read_archive(path, "recording")
    header["spikes"][0] |= change
    storage.write_archive(path, "recording", header, arrays)
    with pytest.raises(FileFormatError, match=r"r\.spk"):
        Recording.load(path)


def cut(record: SpikeRecord, t_start: float, t_stop: float) -> SpikeRecord:
    times = record.times
    inside = (times > t_start + 1e-6) & (times <= t_stop + 1e-6)
    return SpikeRecord(
        population=record.population,
        size=record.size,
        dt=record.dt,
        steps=record.steps[inside],
        ids=record.ids[inside],
        trials=record.trials[inside],
        values=None if record.values is None else record.values[inside],
        n_trials=record.n_trials,
        t_start=t_start,
        t_stop=t_stop,
    )


def piece(record: SpikeRecord, t_start: float, t_stop: float, **more: Any) -> Recording:
    return recording_of(cut(record, t_start, t_stop), t_start=t_start, t_stop=t_stop, **more)


def test_pieces_join_to_the_whole() -> None:
    whole = random_record(n_trials=3, values=np.arange(60.0))
    spans = [(0.0, 30.0), (30.0, 30.0), (30.0, 70.0), (70.0, 100.0)]
    joined = Recording.join(*(piece(whole, *span) for span in spans))
    assert joined["exc"].same_spikes(whole)
    assert (joined.t_start, joined.t_stop, joined["exc"].duration) == (0.0, 100.0, 100.0)
    assert joined["exc"].isi().tolist() == whole.isi().tolist()
    assert joined.provenance["wall_time_s"] == 2.0
    assert len(joined.provenance["parts"]) == 4


def test_joining_twice_lists_each_part_once() -> None:
    whole = random_record()
    a, b, c = (piece(whole, *span) for span in ((0.0, 30.0), (30.0, 60.0), (60.0, 100.0)))
    joined = Recording.join(Recording.join(a, b), c)
    assert joined.same_spikes(Recording.join(a, b, c))
    assert joined.provenance == Recording.join(a, b, c).provenance
    assert Recording.join(a).same_spikes(a)


def test_joined_status_is_that_of_the_end() -> None:
    whole = random_record()
    first = piece(whole, 0.0, 50.0, status="interrupted", reason="Ctrl-C")
    last = piece(whole, 50.0, 100.0, provenance={"engine": "reference"})
    joined = Recording.join(first, last)
    assert (joined.status, joined.reason) == ("complete", "")
    assert "engine" not in joined.provenance
    assert [part["engine"] for part in joined.provenance["parts"]] == ["cpu", "reference"]


def test_traces_join_without_repeating_the_seam() -> None:
    first = recording_of(traces=(random_trace(samples=100, first=0),), t_stop=9.9)
    for start, length in ((99, 199), (100, 200)):
        second = recording_of(
            traces=(random_trace(samples=100, first=start),), t_start=9.9, t_stop=20.0
        )
        joined = Recording.join(first, second)["exc", "v"]
        assert joined.steps.tolist() == list(range(length))
        assert joined.values.shape == (1, length, 3)


@pytest.mark.parametrize(
    "second",
    [
        recording_of(random_record(t_start=60.0), t_start=60.0),
        recording_of(random_record("inh", t_start=50.0), t_start=50.0),
        recording_of(random_record(size=6, t_start=50.0), t_start=50.0),
        recording_of(random_record(n_trials=2, t_start=50.0), t_start=50.0),
        recording_of(random_record(t_start=50.0, values=np.zeros(60)), t_start=50.0),
        recording_of(random_record(t_start=50.0), traces=(random_trace(),), t_start=50.0),
    ],
)
def test_pieces_that_do_not_fit_are_refused(second: Recording) -> None:
    first = recording_of(random_record(t_stop=50.0), t_stop=50.0)
    with pytest.raises(ValidationError, match=r"Recording\.join"):
        Recording.join(first, second)


def test_joining_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one"):
        Recording.join()
