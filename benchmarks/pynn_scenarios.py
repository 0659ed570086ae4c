"""PyNN's own system tests, run for one simulator, each in a process of its own.

    python benchmarks/pynn_scenarios.py FOLDER [--simulator pyNN.nest] [--only WORD]

FOLDER is PyNN's unpacked source: ``pip download --no-deps --no-binary :all: pynn==0.13.0``. The
tests are not changed: a conftest beside a temporary copy has them use the simulator that is named.
Prints a line of JSON for each test and one for all. Needs pytest, SciPy and matplotlib.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

CONFTEST = """
import importlib, os, sys
import pytest
import pyNN
sim = importlib.import_module(os.environ["PEER"])
sys.modules["pyNN.peer"] = sim
from . import fixtures
enabled = os.environ["ENABLED"]

def run_with_simulators(*names):
    peer = pytest.param(fixtures.LazySimulator("peer"), id="peer")
    wanted = enabled in names or enabled == "all"
    return pytest.mark.parametrize("sim", [peer] if wanted else [])

fixtures.run_with_simulators = run_with_simulators
"""


def scenarios(folder: Path, environment: dict[str, str], only: str) -> list[str]:
    """The names of all tests, as pytest counts them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "system/scenarios"]
    found = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    names = [line for line in found.stdout.splitlines() if "[peer]" in line]
    if not names:
        raise SystemExit(f"no tests found:\n{found.stdout[-2000:]}{found.stderr[-2000:]}")
    return [name for name in names if only in name]


def one(name: str, folder: Path, environment: dict[str, str], limit: float) -> dict[str, object]:
    """Run one test; what became of it."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", name]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
        kinds = ("failed", "error", "skipped", "passed")
        result = next((kind for kind in kinds if kind in last), "failed")
        why = done.stdout[-1500:] if result in ("failed", "error") else ""
    except subprocess.TimeoutExpired:
        result, why = "timeout", f"longer than {limit:g} s"
    row: dict[str, object] = {
        "scenario": name.removeprefix("system/scenarios/").removesuffix("[peer]"),
        "result": result,
        "seconds": round(time.perf_counter() - began, 2),
    }
    return row | ({"why": why} if why else {})


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="PyNN's unpacked source")
    parser.add_argument("--simulator", default="spikestack.pynn", help="module that is imported")
    parser.add_argument(
        "--enabled", default="nest", help="run the tests that PyNN enables for this one, or all"
    )
    parser.add_argument("--only", default="", help="part of the names of the tests to run")
    parser.add_argument("--limit", type=float, default=250.0, help="seconds for a test")
    asked = parser.parse_args()
    environment = os.environ | {"PEER": asked.simulator, "ENABLED": asked.enabled}
    environment["MPLBACKEND"] = "Agg"
    # The tests run elsewhere, so that what they leave behind is left there.
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    environment["PYTHONPATH"] = os.pathsep.join(str(Path(p).resolve()) for p in paths if p)
    results: Counter[object] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "test"
        shutil.copytree(asked.folder / "test", folder)
        (folder / "system" / "scenarios" / "conftest.py").write_text(CONFTEST)
        began = time.perf_counter()
        for name in scenarios(folder, environment, asked.only):
            row = one(name, folder, environment, asked.limit)
            results[row["result"]] += 1
            print(json.dumps(row), flush=True)
    total = {"simulator": asked.simulator, "enabled": asked.enabled, **results}
    print(json.dumps(total | {"seconds": round(time.perf_counter() - began, 1)}))


if __name__ == "__main__":
    main()
