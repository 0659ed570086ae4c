"""The example of digits on phase-change memory makes its points, also in its quick form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "devices_digits.py"


@pytest.mark.slow
def test_digits_on_devices(tmp_path: Path) -> None:
    """Drift is compensated; faults cost little where they are known; both are drawn."""
    command = [sys.executable, str(EXAMPLE), "--quick", "--pictures"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    in_time = {row["way"]: row for row in rows if "seconds" in row}
    faults = {row["way"]: row["accuracy"] for row in rows if "stuck" in row}
    best = in_time["noise, column drift, two copies"]
    assert best["exact"] - best["accuracy"][2] <= 0.02
    plain, factor = (in_time[n]["error_of_scores"][2] for n in ("nothing", "global drift"))
    assert factor < 0.5 * plain
    assert faults["remapping, faults in training"][-1] > faults["nothing"][-1] + 0.2
    for name in ("digits_in_time.png", "digits_by_faults.png"):
        assert (tmp_path / name).stat().st_size > 10_000
