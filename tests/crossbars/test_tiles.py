"""Matrices on tiles: limits, encodings, converters, tiles of a larger matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.crossbars.tiles.array import CrossbarArray
from spikestack.crossbars.tiles.encoding import shares, significance
from spikestack.errors import MemoryLimitError, ValidationError

RNG = np.random.default_rng(7)
WEIGHTS = RNG.normal(size=(70, 30))
INPUTS = RNG.uniform(-1, 1, (9, 70)).astype(np.float32)


def array(weights: Any = WEIGHTS, **values: Any) -> CrossbarArray:
    """A crossbar that is exact but for what is said."""
    options = {"rows": 32, "columns": 24, "read_noise": False} | values
    return CrossbarArray(weights, sp.Crossbar(sp.devices.Ideal(), **options))


@pytest.mark.parametrize("scale", ["array", "tile", "column"])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_exact_cells_give_the_exact_product(encoding: str, scale: str) -> None:
    """No wires, converters or noise: x @ W, in single precision, over tiles of odd sizes."""
    made = array(encoding=encoding, scale=scale)
    assert len(made.tiles) == 3 * -(-30 // (12 if encoding == "differential" else 23))
    np.testing.assert_allclose(made.weights(), WEIGHTS, atol=1e-6)
    np.testing.assert_allclose(INPUTS @ made, INPUTS @ WEIGHTS, atol=2e-5)
    one = made.product(INPUTS[0])
    assert one.shape == (30,) and one.dtype == np.float32
    assert made.product(INPUTS.reshape(3, 3, 70)).shape == (3, 3, 30)


@given(
    encoding=st.sampled_from(["differential", "offset"]),
    slices=st.integers(1, 4),
    bits=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=40)
def test_levels(encoding: str, slices: int, bits: int, seed: int) -> None:
    """Weights are at most half a level away; all levels of all slices are used as digits."""
    weights = np.random.default_rng(seed).uniform(-2, 2, (6, 5))
    made = array(weights, encoding=encoding, slices=slices, bits_per_cell=bits)
    top = np.abs(weights).max()
    levels = 2.0 ** (slices * bits) - 1
    half = 0.5 * top / levels * (2 if encoding == "offset" else 1)
    assert np.abs(made.weights() - weights).max() <= half + 1e-6 * top


def test_digits_of_a_weight() -> None:
    """0.7 of 15 levels is 10.5, so 10 (rounded to even): digits 2 and 2 in base 4."""
    bar = sp.Crossbar(sp.devices.Ideal(), slices=2, bits_per_cell=2)
    digits = shares(np.array([[0.7, -1.0]]), np.ones(2), bar)
    assert digits.shape == (1, 2, 2, 2)
    np.testing.assert_allclose(3 * digits[0, 0, :, 0], [2, 2])
    np.testing.assert_allclose(digits[0, 0, :, 1], 0)
    np.testing.assert_allclose(3 * digits[0, 1, :, 1], [3, 3])
    np.testing.assert_allclose(significance(bar), [12 / 15, 3 / 15])


def quantised(x: np.ndarray, bound: Any, bits: int) -> np.ndarray:
    """Signed symmetric: a step is 2 r / (2^b - 2)."""
    step = 2 * np.asarray(bound, np.float64) / (2**bits - 2)
    return np.rint(np.clip(x, -bound, bound) / step) * step


@given(bits=st.integers(2, 12), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_dac(bits: int, seed: int) -> None:
    """An identity matrix shows the inputs as they were converted."""
    x = np.random.default_rng(seed).uniform(-3, 3, (4, 8)).astype(np.float32)
    found = array(np.eye(8), dac_bits=bits).product(x)
    for row, made in zip(x, found):
        bound = float(np.abs(row).max())
        step = 2 * bound / (2**bits - 2)
        off = np.abs(made - quantised(row, bound, bits))
        between = np.abs(np.abs(row / step) % 1 - 0.5) < 1e-4 * 2**bits
        assert ((off < 1e-5) | (between & (off < 1.01 * step))).all()
    fixed = array(np.eye(8), dac_bits=bits, input_range=2.0).product(x)
    away = np.abs(fixed - quantised(x, 2.0, bits))
    assert (away < 2e-6).mean() > 0.95  # others stand between two levels
    assert away.max() < 2.1 * 2 / (2**bits - 2)


def test_adc() -> None:
    """Sums in currents of a cell are cut at the range, and rounded to its steps."""
    weights = RNG.uniform(-1, 1, (20, 6))
    weights[0, 0] = 1.0
    made = array(weights, adc_bits=6, adc_range=2.0, input_range=1.0)
    x = RNG.uniform(-1, 1, (40, 20)).astype(np.float32)
    exact = x.astype(np.float64) @ weights
    wanted = quantised(exact, 2.0, 6)
    close = np.abs(made.product(x) - wanted) < 1e-5
    assert close.mean() > 0.99 and np.abs(made.product(x)).max() <= 2.0 + 1e-6
    assert made.errors(x).clipped == pytest.approx((np.abs(exact) > 2.0).mean(), abs=0.01)


def test_calibrated_range_clips_nothing_it_has_seen() -> None:
    """After calibration with inputs, those are within range, and better resolved than before."""
    x = 0.1 * INPUTS
    made = array(adc_bits=6, input_range=1.0)
    before = made.errors(x).converters
    made.calibrate(x)
    assert made.errors(x).clipped == 0
    assert made.errors(x).converters < 0.3 * before
    bounds = [block.bound.copy() for block in made.blocks]
    made.wait(10.0)
    assert all((a.bound == b).all() for a, b in zip(made.blocks, bounds))


def test_adaptive_converters() -> None:
    """Slices of less significance have fewer bits; the product is hardly worse."""
    options = {"slices": 4, "bits_per_cell": 2, "adc_bits": 8, "rows": 128, "columns": 256}
    plain, adaptive = array(**options), array(adaptive_adc=True, **options)
    assert plain.adc_bits == (8, 8, 8, 8) and adaptive.adc_bits == (8, 7, 5, 3)
    ratio = adaptive.errors().converters / plain.errors().converters
    assert 1 <= ratio < 1.6
    saved = adaptive.costs().part("ADC").energy / plain.costs().part("ADC").energy
    assert 0.6 < saved < 0.8


def test_vectors_in_batches_are_vectors_one_by_one() -> None:
    """Also with noise: a vector's draws are its own."""
    bar = sp.Crossbar(sp.devices.Ideal(), rows=32, columns=24, output_noise=0.1)
    made, again = CrossbarArray(WEIGHTS, bar), CrossbarArray(WEIGHTS, bar)
    x = RNG.uniform(-1, 1, (300, 70)).astype(np.float32)
    together = made.product(x)
    single = np.stack([again.product(row) for row in x])
    np.testing.assert_allclose(together, single, atol=2e-5)
    assert np.abs(made.product(x) - together).max() > 0.01
    np.testing.assert_allclose(made.product(x, first=0), together)
    other = CrossbarArray(WEIGHTS, bar, name="other")
    assert np.abs(other.product(x) - together).max() > 0.01


def test_reprogram_and_correct() -> None:
    """New weights take the place of the old; digital corrections are affine."""
    made = array()
    made.reprogram(2 * WEIGHTS)
    np.testing.assert_allclose(made.weights(), 2 * WEIGHTS, atol=1e-5)
    made.correct(gain=0.5, offset=np.arange(30.0))
    np.testing.assert_allclose(INPUTS @ made, INPUTS @ WEIGHTS + np.arange(30), atol=3e-5)
    np.testing.assert_allclose(made.weights(), WEIGHTS, atol=1e-5)
    with pytest.raises(ValidationError, match="shape"):
        made.reprogram(WEIGHTS[:5])


def test_access_transistors() -> None:
    """In series with each cell: 1 / (1 / G + R), seen as smaller weights."""
    device = sp.devices.Ideal()
    made = array(np.array([[1.0, -0.5]]), r_access="4 kOhm")
    low, high = device.g_min, device.g_max
    g = np.array([high, low + 0.5 * (high - low)])
    seen = g / (1 + 4e3 * g) - low / (1 + 4e3 * low)
    np.testing.assert_allclose(made.weights()[0], seen / (high - low) * [1, -1], rtol=1e-6)
    assert 0.05 < made.errors().wires < 0.2 and made.errors().cells < 1e-6


def test_a_programmer_of_ones_own() -> None:
    """Called with the cells and conductances of each tile, instead of what is described."""
    called = []

    def half(cells: sp.crossbars.Cells, target: np.ndarray) -> None:
        called.append(target.shape)
        cells.set(cells.g_min + 0.5 * (target - cells.g_min))

    bar = sp.Crossbar(sp.devices.Ideal(), rows=32, columns=24, programming="write-verify")
    made = CrossbarArray(WEIGHTS, bar, programmer=half)
    assert called == [tile.shape for tile in made.tiles]
    np.testing.assert_allclose(made.weights(), 0.5 * WEIGHTS, atol=1e-6)


def test_wrong_inputs() -> None:
    """Said, with what is allowed."""
    made = array()
    for x, said in (
        (np.zeros(5), "70 along"),
        (np.full(70, np.nan), "finite"),
        ("words", "numbers"),
        (3.0, "70 along"),
    ):
        with pytest.raises(ValidationError, match=said):
            made.product(x)
    for weights, said in (
        (np.zeros(5), "inputs x outputs"),
        (np.zeros((0, 3)), "inputs x outputs"),
        ([[1.0, np.inf]], "finite"),
        ([["a"]], "numbers"),
        ([[1e40]], "at most"),
    ):
        with pytest.raises(ValidationError, match=said):
            array(weights)
    with pytest.raises(ValidationError, match="columns"):
        array(slices=8, bits_per_cell=2, columns=15)
    with pytest.raises(ValidationError, match="Crossbar"):
        CrossbarArray(WEIGHTS, "crossbar")  # type: ignore[arg-type]
    with pytest.raises(MemoryLimitError, match="available"):
        array(np.broadcast_to(np.zeros(1), (10**4, 10**6)), slices=16, bits_per_cell=2)


def test_wrong_calls() -> None:
    """Said, and nothing changed."""
    made = array()
    for call, said in (
        (lambda: made.wait(-1.0), "at least 0"),
        (lambda: made.wait("3 mV"), "unit"),
        (lambda: made.correct(gain=np.ones(3)), "30 outputs"),
        (lambda: made.correct(offset=np.inf), "finite"),
        (lambda: made.calibrate(np.zeros((0, 70))), "no vectors"),
        (lambda: CrossbarArray(WEIGHTS, sp.Crossbar(sp.devices.Ideal(), columns=1)), "columns"),
    ):
        with pytest.raises(ValidationError, match=said):
            call()
    np.testing.assert_allclose(INPUTS @ made, INPUTS @ WEIGHTS, atol=2e-5)
    made.wait("1 s")
    assert made.tiles[0].cells.age == 1.0


def test_extreme_inputs() -> None:
    """No vectors, the greatest and the least numbers there are."""
    made = array(dac_bits=8, adc_bits=8, output_noise=0.1)
    assert made.product(np.zeros((0, 70))).shape == (0, 30)
    for size in (1e-45, 1e-38, 1e30):
        x = np.zeros(70, np.float32)
        x[3] = size
        assert np.isfinite(made.product(x)).all()
    wide = array(adc_bits=8, input_range=50.0)
    assert wide.errors().clipped < 0.01 and wide.errors().converters < 0.05


@pytest.mark.parametrize(
    "options",
    [{"dac_bits": 1}, {"adc_bits": 17}, {"scale": "cell"}, {"output_noise": -1.0},
     {"columns_per_adc": 0}, {"v_read": 0.0}, {"slices": 9, "bits_per_cell": 4}],
    ids=str,
)  # fmt: skip
def test_wrong_descriptions(options: dict[str, Any]) -> None:
    """Refused when they are written."""
    with pytest.raises(ValidationError, match=f"Crossbar.{next(iter(options))}"):
        sp.Crossbar(sp.devices.Ideal(), **options)


def test_nothing_but_zeros() -> None:
    """Weights and inputs of 0 give outputs of 0."""
    assert (array(np.zeros((8, 3)), dac_bits=8, adc_bits=8).product(np.ones(8)) == 0).all()
    assert (array(dac_bits=8, adc_bits=8).product(np.zeros(70)) == 0).all()
