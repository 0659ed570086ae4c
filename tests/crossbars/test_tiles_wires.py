"""Matrices on tiles with wires: their products are those of the circuit, solved exactly."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars import CrossbarArray, effective, solve
from spikestack.crossbars.cells.exact import ExactCells

RNG = np.random.default_rng(9)
WEIGHTS = RNG.uniform(-1, 1, (30, 9))
INPUTS = RNG.uniform(-1, 1, 30).astype(np.float32)


def array(r: float, encoding: str = "differential", **options: float) -> CrossbarArray:
    """A matrix on exact cells with wires."""
    bar = sp.Crossbar(sp.devices.Ideal(), encoding=encoding, rows=20, columns=12, r_word=r,
                      r_bit=2 * r, read_noise=False, **options)  # fmt: skip
    return CrossbarArray(WEIGHTS, bar)


@pytest.mark.slow
@pytest.mark.parametrize("r_access", [0.0, 3000.0])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_products_are_currents_of_the_circuit(encoding: str, r_access: float) -> None:
    """Voltages on the lines of every tile; currents are subtracted, scaled and summed."""
    made = array(8.0, encoding, r_access=r_access)
    device, out = made.crossbar.device, np.zeros(9)
    for tile in made.tiles:
        volts = 0.2 * INPUTS[tile.rows].astype(np.float64)
        g = tile.cells.conductance()
        found = solve(g, volts, r_word=8.0, r_bit=16.0, r_access=r_access).currents
        if encoding == "differential":
            signed = found[0::2] - found[1::2]
        else:
            signed = 2 * (found[:-1] - found[-1])
        out[tile.outputs] += signed / (0.2 * (device.g_max - device.g_min)) * tile.scale
    np.testing.assert_allclose(made.product(INPUTS), out, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(INPUTS @ made.weights(), out, rtol=1e-5, atol=1e-5)


def test_more_resistance_more_loss() -> None:
    """From none at 0 ohm on, error and lost current rise together; the cells stay as they are."""
    errors, lost = [], []
    for r in (0.0, 1.0, 10.0, 100.0):
        made = array(r)
        errors.append(made.errors().wires)
        lost.append(float(np.mean([tile.drop().mean() for tile in made.tiles])))
        assert made.errors().cells < 1e-6
        np.testing.assert_allclose(made.weights(wires=False), WEIGHTS, atol=1e-6)
    assert errors[0] < 1e-6 and lost[0] == 0
    assert errors == sorted(errors) and lost == sorted(lost) and 0.05 < lost[-1] < 0.9


def test_smaller_tiles_lose_less() -> None:
    """Of the same matrix: what tiling is for."""
    lost = []
    for size in (4, 12, 36):
        bar = sp.Crossbar(sp.devices.Ideal(), rows=size, columns=size, r_word=20.0, r_bit=20.0)
        lost.append(CrossbarArray(WEIGHTS, bar).errors().wires)
    assert lost == sorted(lost)


class _Noisy(ExactCells):
    def read_deviation(self) -> np.ndarray:
        """5 % of each conductance."""
        return np.asarray(0.05 * self._g)


def test_noise_through_wires() -> None:
    """As of circuits solved with every cell's noise, within 4 % where wires take 5 %."""
    bar = sp.Crossbar(sp.devices.Ideal(), r_word=20.0, r_bit=20.0, temperature=0.0, t_read=1.0)
    made = CrossbarArray(WEIGHTS, bar)
    (tile,) = made.tiles
    tile.cells = _Noisy(bar.device, tile.cells.shape)  # type: ignore[arg-type]
    made.reprogram()
    assert 0.03 < tile.drop().mean() < 0.08
    found = made.product(np.broadcast_to(INPUTS, (4000, 30))).std(axis=0)
    g, readings = tile.cells.conductance(), []
    for _ in range(400):
        seen = effective(g * (1 + 0.05 * RNG.normal(size=g.shape)), r_word=20.0, r_bit=20.0)
        readings.append(INPUTS @ (seen[:, 0::2] - seen[:, 1::2]))
    wanted = np.std(readings, axis=0) / (bar.device.g_max - bar.device.g_min) * tile.scale
    assert found.mean() / wanted.mean() == pytest.approx(1.0, abs=0.04 + 1.5 / np.sqrt(9 * 400))
