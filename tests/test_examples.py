"""Every example runs; what their texts promise is true."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_example_runs(path: Path, tmp_path: Path) -> None:
    """As a user would start it."""
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


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
