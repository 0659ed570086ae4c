"""TrueNorth against what is published of it: the bands of R2 and R3, and digits."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import spikestack as sp


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "chips_truenorth.py"
    spec = importlib.util.spec_from_file_location("chips_truenorth", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_operating_point_in_closed_form(bench: ModuleType) -> None:
    row = bench.closed_form()
    assert row["ok"] and row["found"] == pytest.approx(26e-9 * 1_048_576 * 20 * 128)


def test_the_operating_point_by_running_it(bench: ModuleType) -> None:
    """Sixteen cores, for a quarter of a second: rate, synapses and hops are the published ones."""
    row = bench.operating_point(4, 250)
    assert row["ok"] and row["found"] == pytest.approx(72.0, rel=0.05)
    assert row["rate_hz"] == pytest.approx(20.0, rel=0.02)
    assert row["synapses"] == pytest.approx(128, rel=0.05)
    assert row["hops"] == pytest.approx(2 * 21.3, rel=0.1)
    assert row["leakage_mw"] == pytest.approx(18.2, abs=0.1)


def test_a_convolutional_network_takes_what_others_took(bench: ModuleType) -> None:
    row = bench.power(12, 20)
    assert row["ok"] and 25.0 < row["found"] < 275.0
    assert row["copies"] * row["cores"] <= 4096 and row["cores"] > 10


def test_more_input_takes_more_power(bench: ModuleType) -> None:
    powers = []
    for rate in (0.0, 0.05, 0.2):
        net = bench.convolutional(side=12, rate=rate, ticks=10)
        powers.append(net.run(10.0, on=sp.chips.TrueNorth()).bill("parts").power)
    assert powers[0] == pytest.approx(18.22e-3, rel=1e-3)
    assert np.all(np.diff(powers) > 0)


@pytest.mark.slow
def test_digits_lose_nothing(bench: ModuleType) -> None:
    row = bench.digits(60)[0]
    assert row["ok"] and row["found"] == 0.0 and row["accuracy"] > 0.9
