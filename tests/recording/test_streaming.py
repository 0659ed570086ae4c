"""Recording to disk: the same spikes, readable at any time, never half a file, never a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack import streaming
from spikestack.errors import EngineError, FileFormatError, ValidationError
from spikestack.recording import Recording
from spikestack.recording.columns import MANIFEST


def network(record: bool = True) -> sp.Network:
    net = sp.Network(seed=2)
    exc = net.add(sp.Population("exc", 50, sp.LIF(i_offset=0.9)))
    inh = net.add(sp.Population("inh", (2, 5), sp.LIF(tau_m=10.0)))
    net.connect(exc, inh, sp.FixedInDegree(8), sp.ExponentialCurrent(weight=3.0, delay=1.5))
    net.drive(exc, sp.Poisson(rate=900.0, weight=0.2))
    if record:
        net.record(exc[[1, 4, 30]], "spikes", "v", interval=0.5)
        net.record(inh, "spikes")
    return net


def same(a: Recording, b: Recording) -> bool:
    traces = {(p, v): t for p, own in a.traces.items() for v, t in own.items()}
    return a.same_spikes(b) and all(trace.same_values(b[key]) for key, trace in traces.items())


@pytest.mark.parametrize("on", ["cpu", "reference"])
@pytest.mark.parametrize("trials", [1, 3])
def test_same_as_in_memory(
    tmp_path: Path, on: str, trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In chunks as small as they get, the spikes and samples are those of the run in memory."""
    monkeypatch.setattr(streaming, "_SECONDS", 0.0)
    monkeypatch.setattr(streaming, "_PIECE_BYTES", 300)
    whole = network().run(60.0, on=on, trials=trials)
    kept = network().run(60.0, on=on, trials=trials, to=tmp_path / "run")
    opened = sp.open_recording(tmp_path / "run", verify=True)
    assert len(whole["exc"]) > 0 and len(whole["inh"]) > 0
    assert same(whole, kept) and same(whole, opened) and opened.status == "complete"
    assert opened["inh"].shape == (2, 5)
    assert opened.provenance["fingerprint"] == whole.provenance["fingerprint"]
    copy = tmp_path / "copy.spk"
    opened.save(copy)
    assert same(whole, sp.open_recording(copy))


def test_arrays_are_mapped_and_read_only(tmp_path: Path) -> None:
    network().run(50.0, to=tmp_path / "run")
    record = sp.open_recording(tmp_path / "run")["exc"]
    for array in (record.steps, record.ids, sp.Recording.load(tmp_path / "run")["exc", "v"].values):
        assert not array.flags.writeable and not array.flags.owndata
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_in_pieces(tmp_path: Path) -> None:
    """A simulation can be read between its pieces, and goes on."""
    sim = sp.Simulation(network(), to=tmp_path / "run")
    sim.advance(20.0)
    first = sim.recording()
    sim.advance(30.0)
    assert sp.open_recording(tmp_path / "run").t_stop == 50.0
    assert same(sim.recording(), network().run(50.0))
    assert same(first, network().run(20.0))


def test_from_a_saved_state(tmp_path: Path) -> None:
    """A restored state begins a recording of its own; a recording begun is not rewound."""
    first = sp.Simulation(network())
    first.advance(20.0)
    first.save(tmp_path / "state.spk")
    second = sp.Simulation(network(), to=tmp_path / "run")
    second.restore(tmp_path / "state.spk")
    second.advance(30.0)
    joined = Recording.join(first.recording(), second.recording())
    assert same(joined, network().run(50.0))
    for call in (second.drain, lambda: second.restore(tmp_path / "state.spk")):
        with pytest.raises(ValidationError, match="one run"):
            call()


def test_never_overwrites_unasked(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    network().run(10.0, to=folder)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(ValidationError, match="overwrite=True"):
        network().run(20.0, to=folder)
    assert before == {p.name: p.read_bytes() for p in folder.iterdir()}
    network().run(20.0, to=folder, overwrite=True)
    assert sp.open_recording(folder).duration == 20.0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("all of it")
    (tmp_path / "file").write_text("")
    for place in ("other", "file"):
        with pytest.raises(ValidationError):
            network().run(10.0, to=tmp_path / place, overwrite=True)
    assert (tmp_path / "other" / "thesis.txt").read_text() == "all of it"


def test_killed_run_is_readable(tmp_path: Path) -> None:
    """A process killed in the middle leaves all but its last second."""
    code = (
        "import spikestack as sp; from tests.recording.test_streaming import network;"
        f"network().run(1e7, on='reference', to={str(tmp_path / 'run')!r}, progress=False)"
    )
    root = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join([str(Path(sp.__file__).parents[1]), str(root)])
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONPATH": paths}
    )
    try:
        deadline = time.monotonic() + 60.0
        stop = 0.0
        while stop == 0.0 and time.monotonic() < deadline:
            time.sleep(0.2)
            assert child.poll() is None
            if (tmp_path / "run" / MANIFEST).exists():
                stop = sp.open_recording(tmp_path / "run").t_stop
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    found = sp.open_recording(tmp_path / "run", verify=True)
    assert found.status == "interrupted" and "did not end" in found.reason
    assert found.t_stop >= stop > 0
    assert same(found, network().run(found.t_stop, on="reference"))


def _shorten(folder: Path) -> None:
    path = folder / "spikes-0-steps.bin"
    path.write_bytes(path.read_bytes()[:-1])


def _edit(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    for key, value in changes.items():
        inner = manifest
        *path, last = key.split("__")
        for part in path:
            inner = inner[int(part)] if isinstance(inner, list) else inner[part.replace("_", "-")]
        inner[last] = value
    (folder / MANIFEST).write_text(json.dumps(manifest))


def _disorder(folder: Path) -> None:
    path = folder / "spikes-0-steps.bin"
    np.fromfile(path, "<i8")[::-1].tofile(path)


def _stranger(folder: Path) -> None:
    path = folder / "spikes-0-ids.bin"
    ids = np.fromfile(path, "<i4")
    ids[-1] = 2**31 - 1
    ids.tofile(path)


DAMAGE = {
    "cut short": _shorten,
    "missing": lambda f: (f / "spikes-0-ids.bin").unlink(),
    "out of order": _disorder,
    "no such neuron": _stranger,
    "no manifest": lambda f: (f / MANIFEST).unlink(),
    "empty manifest": lambda f: (f / MANIFEST).write_bytes(b""),
    "half a manifest": lambda f: (f / MANIFEST).write_text((f / MANIFEST).read_text()[:200]),
    "deep manifest": lambda f: (f / MANIFEST).write_text("[" * 100_000),
    "not text": lambda f: (f / MANIFEST).write_bytes(b"\xff\xfe\x00"),
    "later version": lambda f: _edit(f, version=99),
    "another kind": lambda f: _edit(f, kind="state"),
    "too many rows": lambda f: _edit(f, **{"columns__spikes_0_ids__rows": 10**12}),
    "negative rows": lambda f: _edit(f, **{"columns__spikes_0_ids__rows": -1}),
    "fewer rows": lambda f: _edit(f, **{"columns__spikes_0_ids__rows": 1}),
    "strange type": lambda f: _edit(f, **{"columns__spikes_0_ids__dtype": "object"}),
    "no columns": lambda f: _edit(f, columns={}),
    "a path": lambda f: _edit(f, columns={"../../etc/passwd": {}}),
    "no header": lambda f: _edit(f, header=[]),
    "no size": lambda f: _edit(f, header__spikes__0__size="many"),
    "too small": lambda f: _edit(f, header__spikes__0__size=3, header__spikes__0__shape=[3]),
    "no step": lambda f: _edit(f, header__spikes__0__dt=0.0),
    "ends too soon": lambda f: _edit(f, header__t_stop=1.0),
    "no status": lambda f: _edit(f, header__status="fine"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_refused(tmp_path: Path, how: str) -> None:
    network().run(50.0, on="reference", to=tmp_path / "run")
    DAMAGE[how](tmp_path / "run")
    with pytest.raises(FileFormatError, match="run"):
        sp.open_recording(tmp_path / "run")


def test_changed_bytes_are_found_when_asked(tmp_path: Path) -> None:
    """A changed sample is a possible one; only the check sum tells."""
    network().run(50.0, on="reference", to=tmp_path / "run")
    path = tmp_path / "run" / "traces-0-values.bin"
    path.write_bytes(b"\0" + path.read_bytes()[1:])
    sp.open_recording(tmp_path / "run")
    with pytest.raises(FileFormatError, match="have changed"):
        sp.open_recording(tmp_path / "run", verify=True)


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known before the run where it can be; else the run ends, and what was written is kept."""
    sim = sp.Simulation(network(), to=tmp_path / "run")
    with pytest.raises(OSError, match="are free"):
        sim.advance(1e11)
    sim.advance(10.0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spikestack.recording.columns.ColumnFolder.append", full)
    with pytest.raises(EngineError, match="No space left"):
        sim.advance(10.0)
    with pytest.raises(EngineError, match="ended in an error"):
        sim.advance(10.0)
    assert same(sp.open_recording(tmp_path / "run"), network().run(10.0))


def test_samples_larger_than_memory_are_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal that protects memory does not concern a run that goes to the disk."""
    monkeypatch.setattr("spikestack.program.memory.available_memory", lambda: 140 * 2**20)
    net = network(record=False)
    net.record(net["exc"], "v")
    sim = sp.Simulation(net)
    with pytest.raises(MemoryError, match="samples"):
        sim.advance(30_000.0)
    net = network(record=False)
    net.record(net["exc"], "v")
    assert len(net.run(30_000.0, to=tmp_path / "run")["exc", "v"]) == 300_000


def test_a_part_in_time() -> None:
    whole = network().run(60.0, trials=2)
    part = whole.between(20.0, 40.0)
    inside = (whole["exc"].steps > 200) & (whole["exc"].steps <= 400)
    assert np.array_equal(part["exc"].steps, whole["exc"].steps[inside])
    assert np.array_equal(part["exc"].trials, whole["exc"].trials[inside])
    assert part["exc", "v"].times[[0, -1]].tolist() == [20.5, 40.0]
    assert part.rates() == whole.rates(20.0, 40.0)
    joined = Recording.join(*(whole.between(t, t + 20.0) for t in (0.0, 20.0, 40.0)))
    assert same(joined, whole)
    with pytest.raises(ValidationError):
        whole.between(20.0, 90.0)


def test_cv_of_long_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found in one pass, it is that of the record sorted by neuron."""
    record = network().run(300.0, trials=2)["inh"]
    expected = record.cv()
    monkeypatch.setattr("spikestack.recording.statistics.LONG", 1)
    monkeypatch.setattr("spikestack.recording.statistics.SPIKES", 7)
    assert np.isfinite(expected).any()
    assert np.allclose(record.cv(), expected, rtol=1e-12, equal_nan=True)
    assert record.counts().sum() == len(record)
    assert record.rate_over_time(5.0)[1].sum() > 0
