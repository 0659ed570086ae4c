"""The comparison of learning rules: every way learns something in one pass over the digits."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("sklearn", reason="the extra demo is not installed")

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "learning_rules.py"


def test_every_way_learns_in_one_epoch() -> None:
    torch.set_num_threads(1)
    names = runpy.run_path(str(SCRIPT))
    data = names["split"](1)
    for name, (way, _) in names["WAYS"].items():
        row = way(data, 1)
        assert row.accuracy > 0.35, name
        assert 0.05 < row.active <= 1.0 and row.mac + row.ac > 0 and row.seconds > 0, name


@pytest.mark.slow
def test_all_of_it(tmp_path: Path) -> None:
    """As a user would start it: the table, then its numbers."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    least = {"ANN twin": 0.95, "surrogate BPTT": 0.965, "EventProp": 0.92, "OTTT": 0.95,
             "e-prop, symmetric": 0.95, "e-prop, random": 0.9}  # fmt: skip
    for name, accuracy in least.items():
        assert found[name]["accuracy"] > accuracy, name
