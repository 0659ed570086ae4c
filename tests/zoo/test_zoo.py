"""Networks of the zoo are whole, are what the index says, and are as good as it says."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import spikestack as sp
from spikestack.cli import app
from spikestack.errors import FileFormatError, MissingExtraError, UnknownNameError, ValidationError
from spikestack.zoo.entries import INDEX
from spikestack.zoo.tasks import TASKS

NAMES = [entry.name for entry in sp.zoo.entries()]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The index of a zoo that may be damaged."""
    for path in INDEX.parent.iterdir():
        if path.suffix in (".spk", ".json"):
            shutil.copy(path, tmp_path)
    return tmp_path / INDEX.name


def test_what_there_is() -> None:
    """The demonstration's network, a perceptron, and the same in four bits."""
    assert {"digits-camera-conv", "digits-mlp", "digits-mlp-4bit"} <= set(NAMES)
    files = {path.name for path in INDEX.parent.glob("*.spk")}
    assert files == {entry.file for entry in sp.zoo.entries()}


@pytest.mark.parametrize("name", NAMES)
def test_entries_load(name: str) -> None:
    """Small files; the network is the one of the index, and has the drive and classes it tells."""
    entry, net = sp.zoo.entry(name), sp.zoo.load(name)
    assert (INDEX.parent / entry.file).stat().st_size <= 150_000
    assert net.fingerprint == entry.fingerprint
    driven = net.drives[entry.input["drive"]].target.population
    assert list(driven.shape) == entry.input["shape"]
    assert net["digits"].size == len(entry.classes) == 10
    given = TASKS[entry.task]
    assert entry.input == given.input and entry.classes == list(given.classes)
    assert entry.recipe["script"] and entry.accuracy > 0.95


def test_few_bits() -> None:
    """Weights of four bits are at most fifteen multiples of one step."""
    for projection in sp.zoo.load("digits-mlp-4bit").projections.values():
        levels = np.unique(np.abs(projection.rule.matrix))
        step = levels[levels > 0].min()
        assert len(levels) <= 8 and np.isin(levels / step, np.arange(8)).all()


@pytest.mark.parametrize("name", [n for n in NAMES if sp.zoo.entry(n).task == "digits"])
def test_stated_accuracy(name: str) -> None:
    """All test samples of the quick task, on the compiled engine."""
    pytest.importorskip("sklearn", reason="the extra demo is not installed")
    entry = sp.zoo.entry(name)
    found = sp.zoo.evaluate(sp.zoo.load(name), entry.task)
    assert found.samples == entry.samples
    assert found.accuracy == pytest.approx(entry.accuracy, abs=0.01)
    assert found.spikes == pytest.approx(entry.spikes, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_stated_accuracy_of_all(name: str) -> None:
    """Every network, on the whole test of its task."""
    entry = sp.zoo.entry(name)
    found = sp.zoo.evaluate(sp.zoo.load(name), entry.task)
    assert found.samples == entry.samples
    assert found.accuracy == pytest.approx(entry.accuracy, abs=0.01)


def test_trained_and_run_alike() -> None:
    """The engine names the classes that the module names; part of a test is spread over it."""
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    pytest.importorskip("sklearn", reason="the extra demo is not installed")
    torch.set_num_threads(1)
    net = sp.zoo.load("digits-mlp")
    found = sp.zoo.evaluate(net, "digits", limit=40)
    images, labels = sp.zoo.task("digits").samples("test")
    chosen = np.linspace(0, len(labels) - 1, 40).round().astype(int)
    module = net.compile("torch", dt=1.0)
    with torch.no_grad():
        out = module(torch.from_numpy(images[chosen]), steps=25)["digits.v"]
    assert (found.labels == labels[chosen]).all()
    assert (found.found == out.mean(0).argmax(1).numpy()).mean() > 0.95


def test_the_split_is_that_of_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the zoo tests on, the recipe's first split did not learn."""
    for needed in ("torch", "sklearn"):
        pytest.importorskip(needed, reason="the extra demo is not installed")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import train_digits

    images, labels, parts = TASKS["digits"].read()
    assert len(images) == 1797
    for ours, theirs in zip(parts, train_digits.parts(labels, 0)):
        assert np.array_equal(ours, theirs)


def test_damaged_file(copy: Path) -> None:
    """One byte is enough; so is a file that is gone, or another network in its place."""
    victim = copy.parent / "digits-mlp.spk"
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    with pytest.raises(FileFormatError, match="SHA-256"):
        sp.zoo.load("digits-mlp", copy)
    victim.unlink()
    with pytest.raises(FileFormatError, match="No such file"):
        sp.zoo.load("digits-mlp", copy)
    rows = json.loads(copy.read_text())
    by_name = {row["name"]: row for row in rows["networks"]}
    for key in ("file", "sha256"):
        by_name["digits-mlp"][key] = by_name["digits-mlp-4bit"][key]
    copy.write_text(json.dumps(rows))
    with pytest.raises(FileFormatError, match="fingerprint"):
        sp.zoo.load("digits-mlp", copy)


@pytest.mark.parametrize(
    "change", [{"file": "../x.spk"}, {"accuracy": "good"}, {"name": None}, {"more": 1}]
)
def test_damaged_index(copy: Path, change: dict[str, object]) -> None:
    """Whatever is wrong in it, one error says so."""
    rows = json.loads(copy.read_text())
    rows["networks"][0].update(change)
    copy.write_text(json.dumps(rows))
    with pytest.raises(FileFormatError, match="index"):
        sp.zoo.entries(copy)
    copy.write_text("[" * 100_000)
    with pytest.raises(FileFormatError, match="index"):
        sp.zoo.entries(copy)


def test_unknown_names() -> None:
    """Near names are offered."""
    with pytest.raises(UnknownNameError, match="digits-mlp"):
        sp.zoo.load("digit-mlp")
    with pytest.raises(UnknownNameError, match="digits-camera"):
        sp.zoo.task("digits-camra")
    with pytest.raises(UnknownNameError, match="validation"):
        sp.zoo.task("digits").samples("valid")


def test_networks_of_ones_own() -> None:
    """Anything with the drive and a readout is evaluated; the rest is refused by name."""
    pytest.importorskip("sklearn", reason="the extra demo is not installed")
    with pytest.raises(ValidationError, match="no drive"):
        sp.zoo.evaluate(sp.zoo.load("digits-camera-conv"), "digits", limit=3)
    net = sp.Network(seed=1)
    pixels = net.add(sp.Population("pixels", 64, sp.GradedReLU()))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    with pytest.raises(ValidationError, match="recorded"):
        sp.zoo.evaluate(net, "digits", limit=3)


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"spikestack\[demo\]"):
        sp.zoo.task("digits").samples()
    result = CliRunner().invoke(app, ["zoo", "run", "digits-mlp"])
    assert result.exit_code == 1 and "spikestack[demo]" in result.stderr


def test_command(tmp_path: Path) -> None:
    """List, copy and run, for people and for scripts."""
    pytest.importorskip("sklearn", reason="the extra demo is not installed")
    run = CliRunner().invoke
    listed = run(app, ["zoo", "list", "--json"])
    assert json.loads(listed.stdout) == [dataclasses.asdict(e) for e in sp.zoo.entries()]
    assert "digits-mlp-4bit" in run(app, ["zoo", "list"]).stdout
    path = tmp_path / "mine.spk"
    assert run(app, ["zoo", "get", "digits-mlp", "--out", str(path)]).exit_code == 0
    assert sp.load(path).fingerprint == sp.zoo.entry("digits-mlp").fingerprint
    nowhere = run(app, ["zoo", "get", "digits-mlp", "--out", str(tmp_path / "a" / "b.spk")])
    assert nowhere.exit_code == 1 and nowhere.stderr.startswith("error:")
    found = json.loads(run(app, ["zoo", "run", "digits-mlp", "--json"]).stdout)
    assert found["accuracy"] == pytest.approx(found["stated"], abs=0.01)
    assert found["spikes"]["hidden"] > 0 and found["engine"] == "cpu"


@pytest.mark.slow
def test_making_one(tmp_path: Path) -> None:
    """The recipe writes a file and an index that load; twice, the same bytes."""
    source = str(Path(sp.__file__).parents[1])
    script = [sys.executable, str(EXAMPLES / "make_zoo.py"), "--quick", "--only", "digits-mlp-4bit"]
    for folder in ("a", "b"):
        made = subprocess.run(
            [*script, "--out", str(tmp_path / folder)], capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": source},
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
    files = [tmp_path / folder / "digits-mlp-4bit.spk" for folder in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()
    net = sp.zoo.load("digits-mlp-4bit", tmp_path / "a" / INDEX.name)
    assert sp.zoo.evaluate(net, "digits", limit=60).accuracy > 0.5
