"""Recipes of training that see and hear, in their quick form."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikestack.errors import ValidationError
from spikestack.sensors import datasets

FOLDER = Path(__file__).resolve().parents[2] / "examples"
pytest.importorskip("torch", reason="the extra train is not installed")


def run(name: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--quick", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def numbers(name: str, folder: Path) -> dict[str, Any]:
    """The line that a recipe prints, where the recordings are."""
    try:
        datasets.data_folder()
    except ValidationError as error:
        pytest.skip(f"{error}")
    done = run(name, folder)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_digits_before_an_event_camera(tmp_path: Path) -> None:
    """A few epochs tell most digits, by spikes alone."""
    found = numbers("train_nmnist", tmp_path)
    assert found["accuracy"] > 0.7
    assert found["multiplications_per_sample"] == 0 < found["additions_per_sample"]


def test_seen_and_heard(tmp_path: Path) -> None:
    """Two senses know more than either, also where they have been learned for a moment."""
    found = numbers("train_seen_and_heard", tmp_path)
    right = {name: row["accuracy"] for name, row in found.items() if isinstance(row, dict)
             and "accuracy" in row}  # fmt: skip
    assert right["both"] > max(right["eye, of two"], right["ear, of two"])
    assert min(right.values()) > 0.3


def test_one_pass_tells_what_either_sense_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss of a pair is that of both, of the eye and of the ear, each run by itself."""
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    monkeypatch.syspath_prepend(str(FOLDER))
    recipe = importlib.import_module("train_seen_and_heard")
    senses, rng = ("eye", "ear"), np.random.default_rng(4)
    module = recipe.network(senses, 0).compile("torch")
    for weights in module.parameters():
        torch.nn.init.uniform_(weights, -0.1, 0.2)
    shown = {"eye": (rng.random((recipe.STEPS, 3, 2 * recipe.SIDE**2)) < 0.1).astype(np.float32),
             "ear": rng.random((recipe.STEPS, 3, 4 * recipe.BANDS), np.float32)}  # fmt: skip
    labels = torch.tensor([1, 7, 3])
    apart = []
    for given in recipe.ways(senses, shown).values():
        out = module({s: torch.from_numpy(x) for s, x in given.items()})
        fired = [int(out.spikes[n].count_nonzero()) for n in ("things", "sounds")]
        assert apart or min(fired) > 0
        apart.append(torch.nn.functional.cross_entropy(out["said.v"].mean(0), labels))
    found = recipe.loss_of(module, senses, shown, labels)
    assert len({round(float(x.detach()), 4) for x in apart}) == 3
    torch.testing.assert_close(found, sum(apart))


@pytest.mark.parametrize("name", ["train_nmnist", "train_seen_and_heard"])
def test_without_recordings_they_say_so(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path, "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 0 and done.stdout.startswith("no recordings"), done.stderr
