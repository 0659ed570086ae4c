"""``spikestack demo`` and ``spikestack bench``, with stand-ins for what they call."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spikestack.errors import MemoryLimitError

from .conftest import Cli


def _measure(name: str, **settings: Any) -> dict[str, Any]:
    print("chatter")
    if name == "huge":
        raise MemoryLimitError("needs more than there is")
    if name == "stopped":
        raise KeyboardInterrupt
    return {
        "name": name,
        "neurons": 4000,
        "synapses": None if name == "small" else 320000,
        "dt": 0.1,
        "threads": settings["threads"],
        "build_s": 0.5,
        "wall_s_per_s": settings["duration"],
        "cpu_s_per_s": float("nan"),
        "events_per_s": 1e7,
        "rates": {"exc": 5.0, "inh": 6.0},
        "peak_bytes": 123_456_789,
    }


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A stand-in for the module of benchmarks."""
    module = ModuleType("spikestack.benchmarks")
    module.NETWORKS = {"small": None, "large": None}  # type: ignore[attr-defined]
    module.measure = _measure  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spikestack.benchmarks", module)
    yield module


@pytest.mark.usefixtures("benchmarks")
def test_bench(cli: Cli) -> None:
    text = cli.ok("bench", "--for", "200")
    assert "small" in text and "large" in text and "123.5 MB" in text
    lines = cli.ok("bench", "--for", "2 s", "--threads", "3", "--json").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["name"] for row in rows] == ["small", "large"]
    assert rows[0]["wall_s_per_s"] == 2000.0
    assert rows[0]["threads"] == 3
    assert rows[0]["cpu_s_per_s"] is None


@pytest.mark.usefixtures("benchmarks")
def test_bench_of_one(cli: Cli) -> None:
    assert cli.json("bench", "large")["name"] == "large"
    assert "did you mean 'large'" in cli.fails("bench", "larger")


def test_bench_goes_on_after_an_error(cli: Cli, benchmarks: ModuleType) -> None:
    benchmarks.NETWORKS = {"huge": None, "small": None}  # type: ignore[attr-defined]
    result = cli("bench", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["name"] == "small"
    assert "error: huge: needs more" in result.stderr


def test_bench_interrupted(cli: Cli, benchmarks: ModuleType) -> None:
    benchmarks.NETWORKS = {"stopped": None}  # type: ignore[attr-defined]
    result = cli("bench")
    assert result.exit_code == 130
    assert "interrupted" in result.stderr


@pytest.mark.parametrize("command", ["bench", "demo"])
def test_part_that_is_not_installed(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    name = {"bench": "spikestack.benchmarks", "demo": "spikestack.demo"}[command]
    monkeypatch.setitem(sys.modules, name, None)
    assert "pip install" in cli.fails(command)


def test_demo(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("spikestack.demo")

    def main(out: Path, seed: int) -> dict[str, Any]:
        print("accuracy table")
        return {"out": out, "seed": seed, "accuracy": 0.95}

    module.main = main  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spikestack.demo", module)
    assert "accuracy table" in cli.ok("demo", "--out", tmp_path)
    data = cli.json("demo", "--out", tmp_path, "--seed", 8)
    assert data == {"out": str(tmp_path), "seed": 8, "accuracy": 0.95}
