"""``spikestack compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_compare(cli: Any, net_file: Path, tmp_path: Path) -> None:
    """Equal files are equal; another seed differs, and the network explains the first spike."""
    for name, seed in (("a", 1), ("b", 2)):
        cli.ok("run", net_file, "--for", 100, "--seed", seed, "--out", tmp_path / name)
    a, b = (tmp_path / name / "recording.spk" for name in "ab")
    assert "equal" in cli.ok("compare", a, a)
    result = cli("compare", a, b)
    assert result.exit_code == 1
    assert "first spike: " in result.stdout and "fingerprint" in result.stdout
    explained = cli("compare", a, b, "--network", net_file)
    assert "in a: " in explained.stdout and "note: b is not explained" in explained.stdout
    assert "missing" in cli.fails("compare", a, tmp_path / "missing.spk")
