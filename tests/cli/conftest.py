"""What the tests of the command share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import spikestack
from spikestack.cli import app

SOURCE = str(Path(spikestack.__file__).parents[1])

NETWORK = """
import spikestack as sp

def network(seed=1):
    net = sp.Network(seed=seed)
    exc = net.add(sp.Population("exc", 40, sp.LIF(i_offset=1.0, v=sp.Uniform(-65, -50))))
    inh = net.add(sp.Population("inh", 10, sp.LIF(tau_m=10.0)))
    net.connect(exc, inh, sp.FixedInDegree(8), sp.ExponentialCurrent(weight=0.4, delay=1.5))
    net.drive(exc, sp.Poisson(rate=800.0, weight=0.02))
    net.record(exc, "spikes")
    net.record(exc[:3], "v", interval=1.0)
    return net

if __name__ == "__main__":
    raise RuntimeError("this file was run, not read")
"""


class Cli:
    """Calls the command inside this process."""

    def __call__(self, *args: object) -> Any:
        """The result of the command with these arguments."""
        return CliRunner().invoke(app, [str(arg) for arg in args])

    def ok(self, *args: object) -> str:
        """What a command that must succeed prints."""
        result = self(*args)
        assert result.exit_code == 0, result.output
        return str(result.stdout)

    def json(self, *args: object) -> Any:
        """The JSON that a command that must succeed prints, with nothing beside it."""
        return json.loads(self.ok(*args, "--json"), parse_constant=_no_constant)

    def fails(self, *args: object, code: int = 1) -> str:
        """The one line of error of a command that must fail."""
        result = self(*args)
        assert result.exit_code == code, result.output
        lines = result.stderr.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: ")
        assert result.stdout == ""
        return str(lines[0])


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def environment(**extra: str) -> dict[str, str]:
    """The environment of a process that runs this package."""
    return {**os.environ, "PYTHONPATH": SOURCE, **extra}


def process(*args: object, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "spikestack", *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment(**extra),
        timeout=300,
        check=False,
    )


@pytest.fixture
def cli() -> Cli:
    """The command."""
    return Cli()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a Python file."""

    def written(text: str, name: str = "net.py") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


@pytest.fixture
def net_file(write: Callable[[str], Path]) -> Path:
    """A Python file with a function ``network``."""
    return write(NETWORK)
