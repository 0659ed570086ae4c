"""Every example runs; what their texts promise is true."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples"
#: Those with a quick form are run by `examples/test_learning.py`.
PLAIN = [path for path in sorted(FOLDER.glob("*.py")) if "--quick" not in path.read_text()]


@pytest.mark.parametrize("path", PLAIN, ids=lambda p: p.stem)
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
