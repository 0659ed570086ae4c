"""Examples of fusion: two senses know more than one, and where a thing is, as well as can be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spikestack.errors import ValidationError
from spikestack.sensors import datasets

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def run(name: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--quick", "--out", "figure.png", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def numbers(name: str, folder: Path) -> Any:
    """What an example prints, started as a user would, where the recordings are."""
    try:
        datasets.data_folder()
    except ValidationError as error:
        pytest.skip(f"{error}")
    done = run(name, folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    return json.loads(done.stdout)


def test_seen_and_heard(tmp_path: Path) -> None:
    """Late fusion is above chance by far, above both senses on average, and needs no ear."""
    rows = numbers("seen_and_heard", tmp_path)
    both = [row["right"] for row in rows if row["series"] in ("eye", "ear")]
    mean = {way: sum(row[way] for row in both) / len(both) for way in both[0]}
    assert mean["late"] > max(mean["eye"], mean["ear"]) + 0.05
    assert min(mean.values()) > 0.3
    for series, left in (("no eye", "ear"), ("no ear", "eye")):
        (row,) = (row["right"] for row in rows if row["series"] == series)
        assert row["late"] >= row[left] - 0.02
        assert row["early"] > 0.25


def test_three_senses(tmp_path: Path) -> None:
    found = numbers("three_senses", tmp_path)
    for name, row in found["places"].items():
        # One standard error of a variance of 500 trials is 6 %.
        assert row["variance"] == pytest.approx(row["best"], rel=0.2), name
    right = found["right"]
    alone = max(right[name] for name in ("eye", "ear", "skin"))
    assert right["eye + ear + skin"] > alone + 0.1


@pytest.mark.parametrize("name", ["seen_and_heard", "three_senses"])
def test_without_recordings_they_say_so(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path, "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 1 and "no recordings" in done.stderr
    assert "SPIKESTACK_DATA" in done.stderr and "Traceback" not in done.stderr
