"""Matrices on real devices: noise of reading, drift, faults, tiles that hold the same cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars import CrossbarArray

RNG = np.random.default_rng(4)
WEIGHTS = RNG.uniform(-1, 1, (40, 12))


def array(weights: Any = WEIGHTS, **options: Any) -> CrossbarArray:
    """A matrix on phase-change memory."""
    return CrossbarArray(weights, sp.Crossbar(sp.devices.PCM(), **options))


def test_readings_of_the_cells_themselves() -> None:
    """Products scatter as products with conductances that are read one by one."""
    made = array(temperature=0.0, t_read=1.0)
    x = RNG.uniform(-1, 1, 40).astype(np.float32)
    (tile,) = made.tiles
    readings = 2000
    found = made.product(np.broadcast_to(x, (readings, 40)))
    part = x / np.abs(x).max()
    g = np.stack([tile.cells.read() for _ in range(readings)])
    current = np.einsum("i,rij->rj", part, g[:, :, 0::2] - g[:, :, 1::2])
    wanted = current / 25e-6 * tile.scale * np.abs(x).max()
    ratio = found.var(axis=0) / wanted.var(axis=0)
    assert np.abs(ratio - 1).max() < 4.5 * np.sqrt(4 / readings)
    error = wanted.std(axis=0) * np.sqrt(2 / readings)
    assert (np.abs(found.mean(axis=0) - wanted.mean(axis=0)) < 4.5 * error).all()


def test_drift() -> None:
    """After a day weights are less; by how much the law says; a factor brings most of it back."""
    made = array(np.where(RNG.uniform(size=(60, 40)) > 0.5, 1.0, -1.0), programming="exact")
    made.wait(86_400.0)
    # At the greatest conductance: an exponent of 0.049 +- 0.008, 4,321 times t_0.
    ratio = np.abs(made.weights()).mean()
    expected = 4321.0**-0.049 * np.exp(0.5 * (0.008 * np.log(4321.0)) ** 2)
    assert ratio == pytest.approx(expected, rel=3 * 0.008 * np.log(4321.0) / np.sqrt(2400))
    before = made.errors().wires
    made.correct(gain=1 / ratio)
    assert made.errors().wires < 0.3 * before
    aged = array(np.ones((60, 40)), programming="exact", age="86400 s")
    assert 0.6 < aged.weights().mean() < 0.75


def test_programming_is_as_exact_as_it_says() -> None:
    """Statistics leave a spread that setting exactly does not."""
    exact, real = array(programming="exact"), array()
    assert exact.errors().cells < 1e-6 and 0.02 < real.errors().cells < 0.15
    again = array()
    assert (again.weights() == real.weights()).all()
    assert (array(seed=1).weights() != real.weights()).mean() > 0.9


@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_stuck_cells(encoding: str) -> None:
    """As many as was said; a stuck cell throws its pair off, a stuck reference its whole row."""
    made = array(np.zeros((200, 100)), programming="exact", stuck_high=0.1, encoding=encoding)
    share = np.mean([tile.cells.stuck.mean() for tile in made.tiles])
    assert share == pytest.approx(0.1, abs=0.01)
    away = np.abs(made.weights()) > 0.5
    assert away.mean() == pytest.approx(2 * 0.1 * 0.9, abs=0.02 if encoding[0] == "d" else 0.06)


def test_tiles_differ() -> None:
    """Cells of different tiles are drawn apart, reference columns too."""
    weights = np.full((32, 10), 0.5)
    for encoding in ("differential", "offset"):
        made = array(weights, rows=16, columns=11, encoding=encoding)
        firsts = [tile.cells.conductance()[:, ::2] for tile in made.tiles]
        for k, one in enumerate(firsts):
            assert all((one != other).mean() > 0.9 for other in firsts[:k])


@pytest.mark.parametrize("name", ["PCM", "SoftBounds", "VTEAM"])
def test_all_kinds_of_devices(name: str) -> None:
    """Statistical, pulsed and dynamic devices hold matrices; what is read is near what was set."""
    device = getattr(sp.devices, name)()
    bar = sp.Crossbar(device, programming="exact", read_noise=False, rows=32)
    made = CrossbarArray(WEIGHTS, bar)
    assert made.errors().cells < 0.2  # windows of cells differ
    x = RNG.uniform(-1, 1, (5, 40)).astype(np.float32)
    np.testing.assert_allclose(x @ made, x @ made.weights(), atol=1e-4)
