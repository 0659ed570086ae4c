"""Examples of networks that learn: each makes its point, also in its quick form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def numbers(name: str, folder: Path, *more: str) -> dict[str, Any]:
    """The line that an example prints, started as a user would; it leaves a figure."""
    figure = folder / "figure.png"
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--out", str(figure), *more],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in folder.iterdir()] == ["figure.png"]
    (line,) = done.stdout.splitlines()
    return dict(json.loads(line))


def test_windows_are_those_of_the_closed_forms(tmp_path: Path) -> None:
    """To rounding; calcium is sampled, and has a drift of its own."""
    worst = numbers("stdp_window", tmp_path, "--quick")["largest_difference"]
    assert 0.0 < worst.pop("calcium") < 0.05
    assert len(worst) == 8 and max(worst.values()) < 1e-11


def learned_early(found: dict[str, Any]) -> None:
    assert found["rate_ratio_before"] > 3.0 and found["rate_ratio_after"] < 2.0
    assert found["latency_after_ms"] < found["latency_before_ms"] - 4.0
    assert found["spikes_after"] < 0.5 * found["spikes_before"]


def test_a_cell_answers_sooner_and_keeps_its_rate(tmp_path: Path) -> None:
    found = numbers("latency", tmp_path, "--quick")
    learned_early(found)
    assert found["weights_low"] > 0.28  # a fifth to begin with


def balanced_and_recalled(found: dict[str, Any]) -> None:
    assert 4.0 < found["rate_hz"] < 8.0 and 0.8 < found["cv"] < 1.2
    assert found["assemblies_stored_hz"] > 3 * found["rate_hz"]
    assert found["assemblies_settled_hz"] < 1.3 * found["rate_hz"]
    assert found["inhibition_onto_assemblies_ns"] > 1.1 * found["inhibition_onto_others_ns"]
    for place in "ab":
        assert found[f"recall_{place}_hz"] > 4 * found["others_hz"]
    assert found["other_assembly_hz"] < 1.5 * found["others_hz"]


def test_a_quarter_recalls_the_assembly(tmp_path: Path) -> None:
    balanced_and_recalled(numbers("assemblies", tmp_path, "--quick"))


def test_the_reward_finds_its_synapse(tmp_path: Path) -> None:
    found = numbers("distal_reward", tmp_path, "--quick")
    assert found["rewards"] >= 15 and 0.4 < found["rate_hz"] < 1.5
    assert found["chosen_mv"] > 2.5 and found["percentile_of_chosen"] > 99.9
    assert found["others_mean_mv"] < 1.0 and found["others_99th_mv"] < 2.5


def recalled(found: dict[str, Any]) -> None:
    some, much = (found["by_noise"][share] for share in ("0.4", "0.6"))
    assert max(some["right"][0], much["right"][0]) < 0.1
    assert some["right"][-1] > 0.9 and much["right"][-1] > 0.5
    assert some["alike"][-1] > some["alike"][0] + 0.5
    assert some["refused"][-1] > 0.9 and much["refused"][-1] > 0.9
    assert min(found["first_odour"]) > 0.8 and min(found["all_taught"]) > 0.9


def test_odours_are_recalled_through_noise(tmp_path: Path) -> None:
    recalled(numbers("odours", tmp_path, "--quick"))


@pytest.mark.slow
def test_ten_odours_three_seeds(tmp_path: Path) -> None:
    recalled(numbers("odours", tmp_path))


@pytest.mark.slow
def test_all_of_it(tmp_path: Path) -> None:
    """As the pages show it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "c").mkdir()
    found = numbers("latency", tmp_path / "a")
    learned_early(found)
    assert found["weights_low"] > 0.4 and found["weights_high"] > 0.12
    assert found["apart_by_start"] < 0.06
    balanced_and_recalled(numbers("assemblies", tmp_path / "b"))
    found = numbers("distal_reward", tmp_path / "c")
    assert found["chosen_mv"] > 3.9 and found["percentile_of_chosen"] > 99.0
    assert found["others_mean_mv"] < 1.0
