"""Noise of products: drawn at the outputs, with the law of noise drawn for every cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import spikestack as sp
from spikestack.crossbars.cells.exact import ExactCells
from spikestack.crossbars.tiles.array import CrossbarArray
from spikestack.crossbars.tiles.block import BOLTZMANN, CHARGE
from spikestack.crossbars.tiles.normals import normal32
from spikestack.numerics.compiling import njit
from spikestack.numerics.random import normal_quantile

READINGS = 6000
RNG = np.random.default_rng(3)
WEIGHTS = RNG.normal(size=(24, 5))
INPUTS = RNG.uniform(-1, 1, 24).astype(np.float32)


class NoisyCells(ExactCells):
    """Exact cells whose reading is noisy, each in its own way."""

    def read_deviation(self) -> np.ndarray:
        """Between 1 and 9 % of the conductance."""
        share = np.linspace(0.01, 0.09, self._g.size).reshape(self.shape)
        return np.asarray(share * self._g)


def noisy(**options: Any) -> CrossbarArray:
    """A matrix on two rows of tiles of noisy cells."""
    bar = sp.Crossbar(sp.devices.Ideal(), **({"rows": 16, "columns": 64} | options))
    made = CrossbarArray(WEIGHTS, bar)
    for tile in made.tiles:
        tile.cells = NoisyCells(tile.cells.device, tile.cells.shape)
    made.reprogram()
    return made


def cell_by_cell(made: CrossbarArray, x: np.ndarray, readings: int) -> np.ndarray:
    """Products of which every cell's noise, and every current's, is drawn for itself."""
    bar, rng = made.crossbar, np.random.default_rng(11)
    window = bar.device.g_max - bar.device.g_min
    out, volts = np.zeros((readings, made.shape[1])), bar.v_read * x / np.abs(x).max()
    band = 0.5 / bar.t_read
    for tile in made.tiles:
        g = tile.cells.conductance()
        g = g + tile.cells.read_deviation() * rng.normal(size=(readings, *g.shape))
        v = volts[tile.rows][:, None]
        still = np.clip(g[0] * 0 + tile.cells.conductance(), 0, None)
        spread = np.sqrt((4 * BOLTZMANN * bar.temperature + 2 * CHARGE * np.abs(v)) * still * band)
        current = (g * v + spread * rng.normal(size=g.shape)).sum(axis=1)
        if bar.encoding == "differential":
            signed = current[:, 0::2] - current[:, 1::2]
        else:
            signed = 2 * (current[:, :-1] - current[:, -1:])
        out[:, tile.outputs] += signed * tile.scale / (window * bar.v_read) * np.abs(x).max()
    return out


@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_the_law_of_noise_drawn_at_outputs(encoding: str) -> None:
    """Mean, variance, covariance and distribution are those of drawing cell by cell."""
    made = noisy(encoding=encoding)
    found = made.product(np.broadcast_to(INPUTS, (READINGS, 24))).astype(np.float64)
    wanted = cell_by_cell(made, INPUTS.astype(np.float64), READINGS)
    deviation = wanted.std(axis=0)
    error = deviation * np.sqrt(2 / READINGS)
    assert (np.abs(found.mean(axis=0) - wanted.mean(axis=0)) < 4.5 * error).all()
    # A ratio of two variances has a standard error of sqrt(4 / n).
    ratio = found.var(axis=0) / wanted.var(axis=0)
    assert np.abs(ratio - 1).max() < 4.5 * np.sqrt(4 / READINGS)
    alike = np.corrcoef(found.T) - np.corrcoef(wanted.T)
    assert np.abs(alike).max() < 4.5 * np.sqrt(2 / READINGS)
    if encoding == "offset":
        assert np.corrcoef(found.T)[0, 1] > 0.1
    for j in range(5):
        assert stats.ks_2samp(found[:, j], wanted[:, j]).pvalue > 1e-4


def test_thermal_and_shot_noise() -> None:
    """Of cells without noise of their own: 4 k T G B and 2 q I B, by the textbook."""
    bar = sp.Crossbar(sp.devices.Ideal(), rows=64, t_read="1 ns", temperature=350.0)
    made = CrossbarArray(WEIGHTS, bar)
    found = made.product(np.broadcast_to(INPUTS, (READINGS, 24))).std(axis=0)
    device, x = bar.device, INPUTS / np.abs(INPUTS).max()
    window, g = device.g_max - device.g_min, made.tiles[0].cells.conductance()
    both = g[:, 0::2] + g[:, 1::2]
    band = 0.5 / 1e-9
    thermal = 4 * BOLTZMANN * 350 * both.sum(0) * band
    shot = 2 * CHARGE * band * 0.2 * (np.abs(x) @ both)
    cell = np.sqrt(thermal + shot) / (0.2 * window)
    wanted = cell * np.abs(WEIGHTS).max() * np.abs(INPUTS).max()
    np.testing.assert_allclose(found, wanted, rtol=4.5 / np.sqrt(2 * READINGS))


def test_noise_at_the_output() -> None:
    """In units of the current of one cell through its whole window; each row of tiles adds its."""
    bar = sp.Crossbar(sp.devices.Ideal(), rows=12, output_noise=0.05, read_noise=False,
                      scale="array", input_range=1.0)  # fmt: skip
    found = CrossbarArray(WEIGHTS, bar).product(np.zeros((READINGS, 24))).std(axis=0)
    wanted = 0.05 * np.sqrt(2) * np.abs(WEIGHTS).max()
    np.testing.assert_allclose(found, wanted, rtol=4.5 / np.sqrt(2 * READINGS))


@njit(error_model="numpy")
def _normals(bits: np.ndarray, out: np.ndarray) -> None:
    for k in range(len(bits)):
        out[k] = normal32(bits[k])


def test_normal_numbers() -> None:
    """The quantile of the bits within 3e-6; 4e-4 beyond five deviations, one in two million."""
    edge = [0, 1, 2, 1000, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1]
    bits = np.array(edge + RNG.integers(0, 2**32, 20_000).tolist(), np.uint32)
    found = np.empty(len(bits), np.float32)
    _normals(bits, found)
    p = ((bits & 0x7FFFFFFF) + 0.5) * 2.0**-32
    sign = np.where(bits >> 31, -1.0, 1.0)
    wanted = -sign * normal_quantile(p)
    np.testing.assert_allclose(found, wanted, rtol=4e-4, atol=1e-6)
    near = np.abs(wanted) < 5
    np.testing.assert_allclose(found[near], wanted[near], rtol=3e-6, atol=1e-6)
    assert 6.0 < np.abs(found).max() < 6.5
    many = np.empty(200_000, np.float32)
    _normals(RNG.integers(0, 2**32, len(many), dtype=np.uint32), many)
    assert stats.kstest(many, "norm").pvalue > 1e-4
