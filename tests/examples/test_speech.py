"""The recipe of spoken digits: what it hears, how it varies that, and its quick form."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from spikestack.errors import ValidationError
from spikestack.sensors import datasets

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "train_speech.py"
pytest.importorskip("torch", reason="the extra train is not installed")


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("train_speech", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["train_speech"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def word(recipe: ModuleType) -> np.ndarray:
    """Half a second that glides upwards, after a pause."""
    t = np.arange(4000) / 8000.0
    sound = np.sin(2 * np.pi * (500 * t + 1500 * t**2)) * 8000
    return np.asarray(recipe.Levels()(np.concatenate([np.zeros(2000), sound]).astype(np.int16)))


def test_levels(recipe: ModuleType, word: np.ndarray) -> None:
    """The word begins at the first step, lasts half a second, and rises."""
    assert word.shape == (recipe.STEPS, recipe.BANDS) and word.dtype == np.float32
    assert word.min() == 0 and word.max() == pytest.approx(6.0)
    spoken = np.flatnonzero(word.any(axis=1))
    assert spoken[0] == 0 and 38 <= len(spoken) <= 44
    loudest = word[spoken].argmax(axis=1)
    assert loudest[5] < loudest[20] < loudest[35]


def test_mean_away(recipe: ModuleType, word: np.ndarray) -> None:
    """A louder band, as of another microphone, changes nothing; silence stays 0."""
    spoken = word.any(axis=1)
    plain = recipe.without_mean(word)
    colour = np.linspace(0, 1, recipe.BANDS)
    coloured = recipe.without_mean(word + spoken[:, None] * colour)
    assert np.abs(plain - coloured).max() < 1e-5
    assert not plain[~spoken].any()


def test_varied(recipe: ModuleType, word: np.ndarray) -> None:
    """Nothing asked for changes nothing; pitch, speed and onset do what they say."""
    rng = np.random.default_rng(0)
    batch = np.repeat(word[:, None], 20, axis=1)
    none = {"pitch": 0, "stretch": 0, "speed": 0, "onset": 0, "noise": -0.99, "hidden": 0}
    same = recipe.Vary(**none)(batch, rng)
    assert same.shape == batch.shape and same.dtype == np.float32
    assert np.corrcoef(same.ravel(), recipe.without_mean(batch).ravel())[0, 1] > 0.95

    late = recipe.Vary(**{**none, "onset": 6.0})(batch, rng)
    starts = late.any(axis=2).argmax(axis=0)
    assert starts.min() <= 2 and 4 <= starts.max() <= 7
    higher = recipe.Vary(**{**none, "pitch": 4.0})(batch, rng).argmax(axis=2)[10]
    assert higher.max() - higher.min() > 3
    fast = recipe.Vary(**{**none, "speed": 0.4})(batch, rng).any(axis=2).sum(axis=0)
    assert fast.max() > 1.5 * fast.min()
    holes = recipe.Vary(**{**none, "hidden": 6})(batch, rng)
    assert (~holes.any(axis=0)).sum(axis=1).max() in range(2, 7)


def test_quick(tmp_path: Path) -> None:
    """Three epochs go far."""
    try:
        datasets.spoken_digits("test")
    except ValidationError as error:
        pytest.skip(str(error))
    command = [sys.executable, str(SCRIPT), "--quick", "--task", "known"]
    kept = {**os.environ, "SPIKESTACK_CACHE": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["accuracy"] > 0.85 and found["spikes_per_sample"] > 0
    assert found["additions_per_sample"] == pytest.approx(10 * found["spikes_per_sample"], rel=0.01)


def test_without_recordings(tmp_path: Path) -> None:
    """It says where they go."""
    command = [sys.executable, str(SCRIPT), "--data", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("no recordings")
