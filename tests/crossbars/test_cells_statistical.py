"""Arrays with the statistics of chips: published targets, drift that is kept, order of draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.crossbars import cells_of
from spikestack.devices.statistical import StatisticalDevice
from spikestack.equations.model import Parameter
from spikestack.errors import EquationError, MemoryLimitError, UnknownNameError, ValidationError

DAY = 86_400.0
SHAPE = (500, 400)
N = SHAPE[0] * SHAPE[1]
STATISTICAL = [
    (kind, chosen)
    for kind in sp.devices.all_devices().values()
    if issubclass(kind, StatisticalDevice)
    for chosen in (None, *kind.parameter_sets)
]


def made(kind: Any, chosen: str | None) -> Any:
    """A device with its defaults or a set."""
    return kind.preset(chosen) if chosen else kind()


def programmed(device: Any, target: float, shape: tuple[int, int] = SHAPE, seed: int = 3) -> Any:
    """An array after programming."""
    cells = cells_of(device, shape, seed=seed, name="test")
    cells.program(target)
    return cells


def near(values: np.ndarray, mean: float, sd: float, n_target: float = 1e6) -> None:
    """Mean and standard deviation agree within four standard errors of sample and target."""
    n = 1 / (1 / values.size + 1 / n_target)
    assert abs(values.mean() - mean) < 4 * sd / np.sqrt(n)
    # Tails of drift make the deviation's own error larger than a normal's by less than 1.5.
    assert abs(values.std() - sd) < 4 * 1.5 * sd / np.sqrt(2 * n)


@pytest.mark.parametrize(
    ("target", "at_once", "exponent", "after_a_day"),
    [
        (2.5, (2.49930, 0.44820), (0.060140, 0.022714), (1.53789, 0.51211)),
        (12.5, (12.50112, 0.95227), (0.049006, 0.007996), (8.31381, 1.02743)),
        (25.0, (24.99936, 1.05451), (0.048998, 0.008001), (16.62553, 1.51609)),
    ],
)
def test_pcm_has_the_statistics_of_the_million_device_chip(
    target: float, at_once: Any, exponent: Any, after_a_day: Any
) -> None:
    """Targets: a million samples of aihwkit's model, before and after drift, in uS."""
    cells = programmed(sp.devices.PCM(), target * 1e-6)
    near(cells.conductance() * 1e6, *at_once)
    before = cells.conductance()
    cells.wait(DAY)
    nu = -np.log(cells.conductance() / before) / np.log((DAY + 20.0) / 20.0)
    near(nu, *exponent)
    near(cells.read() * 1e6, *after_a_day)


def test_read_noise_of_pcm_is_that_of_its_law() -> None:
    """At r = 1 and 20 s after programming: 0.0088 sqrt(ln(20/5e-7)) = 3.68 % of conductance."""
    cells = cells_of(sp.devices.PCM(), SHAPE, seed=1)
    cells.set(25e-6)
    readings = np.stack([cells.read() for _ in range(2)]) / 25e-6
    expected = 0.0088 * np.sqrt(np.log((20.0 + 250e-9) / 5e-7))
    assert expected == pytest.approx(0.0368, abs=5e-5)
    assert readings.std() == pytest.approx(expected, rel=0.01)
    assert abs(np.corrcoef(*readings.reshape(2, -1))[0, 1]) < 4 / np.sqrt(N)
    np.testing.assert_allclose(cells.read_deviation(), expected * 25e-6, rtol=1e-12)


def test_waiting_draws_nothing_anew() -> None:
    """A day is twenty-four hours: every device keeps its exponent."""
    whole, parts = (programmed(sp.devices.PCM(), 10e-6, (40, 30)) for _ in range(2))
    whole.wait(DAY)
    for _ in range(24):
        parts.wait(DAY / 24)
        parts.conductance()
    np.testing.assert_allclose(parts.conductance(), whole.conductance(), rtol=1e-12)
    assert parts.age == pytest.approx(DAY)


@pytest.mark.parametrize(
    ("t", "coefficients"),
    [
        (0.0, (0.348, 16.030, -43.853, 45.393, -16.815)),
        (DAY, (0.701, 22.086, -50.773, 47.095, -16.458)),
        (2 * DAY, (0.782, 20.274, -43.507, 37.062, -11.934)),
    ],
)
@pytest.mark.parametrize("r", [0.2, 0.5, 1.0])
def test_reram_relaxes_as_the_chip_did(t: float, coefficients: Any, r: float) -> None:
    """Wan et al. 2022: the spread of each time, where it has grown."""
    cells = programmed(sp.devices.WanReRam(), r * 40e-6)
    cells.wait(t)
    sd = np.polynomial.Polynomial(coefficients)(r)
    assert (cells.conductance() * 1e6).std() == pytest.approx(sd, rel=0.012)
    assert (cells.conductance() * 1e6).mean() == pytest.approx(40 * r, abs=0.05)


@pytest.mark.parametrize(
    ("days", "a", "b"),
    [(0, 19.88665, 176.3115), (2, 28.72753, 193.56834), (5, 34.57909, 207.34309)],
)
def test_sonos_spreads_as_measured(days: int, a: float, b: float) -> None:
    """The standard deviation around the drifted mean; 800 nA is far from zero."""
    cells = programmed(sp.devices.SONOS(), 800e-9 / 0.1)
    cells.wait(days * DAY)
    current = cells.current(0.1) * 1e9
    assert current.std() == pytest.approx(a * (1 - np.exp(-current.mean() / b)), rel=0.012)


def test_milo_reram_has_its_spread_and_its_curved_current() -> None:
    """sigma = 4.782321 - 0.009107 g uS; the polynomial of voltage at 100 uS and 0.4 V."""
    cells = programmed(sp.devices.MiloReRam(), 200e-6)
    assert (cells.conductance() * 1e6).std() == pytest.approx(4.782321 - 1.8214, rel=0.01)
    cells.set(100e-6)
    log = -4.0
    n2 = 1.388e-4 * log**3 + 1.541e-3 * log**2 + 5.711e-3 * log + 7.063e-3
    n3 = 8.871e-5 * log**2 + 6.7919e-4 * log + 1.2968e-3
    expected = 100e-6 * 0.4 + n2 * 0.16 + n3 * 0.064
    np.testing.assert_allclose(cells.current(0.4), expected, rtol=1e-9)
    np.testing.assert_allclose(cells.current(-0.4), -expected, rtol=1e-9)


def test_sets_have_the_spread_of_their_papers() -> None:
    """Joshi's quadratic, CrossSim's cubic, HERMES' cubic at single targets, in uS."""
    joshi = programmed(sp.devices.PCM.preset("Joshi2020"), 20e-6).conductance() * 1e6
    expected = -0.00178767 * 400 + 0.07585724 * 20 + 0.28638599
    assert joshi.std() == pytest.approx(expected, rel=0.01)
    cubic = programmed(sp.devices.WanReRam.preset("cubic"), 20e-6).conductance() * 1e6
    expected = 1.536e-4 * 20**3 - 1.167e-2 * 400 + 0.2374 * 20 + 1.053
    assert cubic.std() == pytest.approx(expected, rel=0.01)
    one = programmed(sp.devices.HermesPCM.preset("one device"), 10.35e-6).conductance() * 1e6
    assert one.std() == pytest.approx(0.15781817 + 2.32443916 - 2.16310839 + 0.68841818, rel=0.01)


@pytest.mark.parametrize(("kind", "chosen"), STATISTICAL)
def test_every_device_stays_positive_and_finite(kind: Any, chosen: str | None) -> None:
    """Whatever the target and the time."""
    device = made(kind, chosen)
    cells = cells_of(device, (30, 20), seed=1)
    for share in (0.0, 0.3, 1.0):
        cells.program(device.g_min + share * (device.g_max - device.g_min))
        for seconds in (0.0, 1.0, 1e5, 1e8):
            cells.wait(seconds)
            for found in (cells.conductance(), cells.read(), cells.current(0.2)):
                assert np.all(np.isfinite(found)) and np.all(found >= 0)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 12), st.integers(1, 12), st.integers(0, 12), st.integers(0, 12),
    st.integers(0, 2**62),
)  # fmt: skip
def test_a_tile_holds_the_cells_of_the_whole(
    rows: int, columns: int, top: int, left: int, seed: int
) -> None:
    """Draws depend on place, not on how a matrix is cut; and on the seed."""
    device, spread = sp.devices.PCM(), {"q_1": 0.3, "nu_0": 0.2}
    options = {"spread": spread, "stuck_low": 0.1, "stuck_high": 0.05, "seed": seed, "name": "m"}
    target = np.random.default_rng(5).uniform(0, 25e-6, (24, 24))
    part = slice(top, top + rows), slice(left, left + columns)
    whole = cells_of(device, (24, 24), **options)
    tile = cells_of(device, (rows, columns), origin=(top, left), **options)
    for cells, goal in ((whole, target), (tile, target[part])):
        cells.program(goal)
        cells.wait(1000.0)
    np.testing.assert_array_equal(tile.conductance(), whole.conductance()[part])
    np.testing.assert_array_equal(tile.read(), whole.read()[part])
    np.testing.assert_array_equal(tile.stuck, whole.stuck[part])


def test_same_seed_same_bits_other_seed_other_cells() -> None:
    """And every programming draws anew."""
    first, again, other = (programmed(sp.devices.PCM(), 1e-5, (9, 9), s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.conductance(), again.conductance())
    assert not np.any(first.conductance() == other.conductance())
    before = first.conductance()
    first.program(1e-5)
    assert not np.any(first.conductance() == before)


def test_stuck_and_corrupt_cells_ignore_programming() -> None:
    """Shares within four standard errors; they have no noise, and do not drift."""
    device = sp.devices.PCM(corrupt=0.03)
    cells = cells_of(device, (300, 300), stuck_low=0.09, stuck_high=0.02, seed=4)
    cells.program(12e-6)
    cells.wait(1e6)
    g = cells.conductance()
    for found, share in (
        (cells.stuck, 0.14), (g == device.g_min, 0.09), (g == device.g_max, 0.02)
    ):  # fmt: skip
        assert abs(found.mean() - share) < 4 * np.sqrt(share * (1 - share) / 90_000)
    np.testing.assert_array_equal(cells.read()[cells.stuck], g[cells.stuck])


def test_spread_of_a_parameter_is_lognormal_of_mean_one() -> None:
    """The coefficient of variation that was asked for, of any parameter by name."""
    cells = cells_of(sp.devices.PCM(), SHAPE, spread={"q_1": 0.4}, seed=1)
    cells.set(25e-6)
    noise = cells.read_deviation()
    assert noise.std() / noise.mean() == pytest.approx(0.4, rel=0.03)
    logs = np.log(noise)
    skewness = ((logs - logs.mean()) ** 3).mean() / logs.std() ** 3
    assert abs(skewness) < 4 * np.sqrt(6 / N)


def test_parameters_may_be_arrays_or_distributions() -> None:
    """One value for each cell, given or drawn; and of the right number."""
    values = np.linspace(0.005, 0.015, 12)
    given_cells = cells_of(sp.devices.PCM(q_1=values), (3, 4))
    given_cells.set(25e-6)
    noise = given_cells.read_deviation().ravel()
    np.testing.assert_allclose(noise / noise[0], values / values[0], rtol=1e-12)
    drawn = cells_of(sp.devices.PCM(q_1=sp.Uniform(0.004, 0.012)), (100, 100), seed=1)
    drawn.set(25e-6)
    noise = drawn.read_deviation() / (25e-6 * np.sqrt(np.log((20 + 250e-9) / 5e-7)))
    assert 0.004 <= noise.min() < 0.0041 and 0.0119 < noise.max() <= 0.012
    with pytest.raises(ValidationError, match="each of the 9 cells"):
        cells_of(sp.devices.PCM(q_1=values), (3, 3))


@pytest.mark.parametrize(("kind", "chosen"), STATISTICAL)
def test_devices_are_kept_as_plain_data(kind: Any, chosen: str | None) -> None:
    """What is written down is the same device again."""
    device = made(kind, chosen)
    again = sp.devices.device_of(device.to_dict())
    assert type(again) is type(device) and again.values == device.values


class Mine(StatisticalDevice):
    """A user's device is a few lines of text."""

    programmed = "target*(1 + s*xi)"
    drifted = "written/(1 + t/tau)"
    s = Parameter(0.1, "1")
    tau = Parameter(10.0, "s", low=0, low_open=True)


def test_a_device_of_ones_own() -> None:
    """Texts, parameters with units, no registration."""
    cells = programmed(Mine(tau="1 ms", s=0.0), 2e-6, (2, 3))
    cells.wait(3e-3)
    np.testing.assert_allclose(cells.conductance(), 0.5e-6, rtol=1e-14)


class Wrong(Mine):
    """Names what reading does not know."""

    noise = "xi"


def test_what_cannot_be_meant_is_refused() -> None:
    """With the place, and what would do."""
    cells = cells_of(sp.devices.PCM(), (3, 3))
    for target in (-1e-6, 26e-6, np.nan, np.inf, np.zeros((2, 2)), "3 mV"):
        with pytest.raises(ValidationError, match=r"target|S"):
            cells.program(target)
    for seconds in (-1.0, np.nan, np.inf, np.ones(2)):
        with pytest.raises(ValidationError):
            cells.wait(seconds)
    with pytest.raises(ValidationError, match="PulsedPCM"):
        cells.pulse(1.0)
    for shape in ((3,), (-1, 2), (2.0, 2), "ab", (2**40, 2)):
        with pytest.raises(ValidationError, match="shape"):
            cells_of(sp.devices.PCM(), shape)
    with pytest.raises(MemoryLimitError, match="GB"):
        cells_of(sp.devices.PCM(), (2**30, 2**30))
    for share in (-0.1, 1.5, np.nan, "much"):
        with pytest.raises(ValidationError):
            cells_of(sp.devices.PCM(), (3, 3), stuck_low=share)
    with pytest.raises(ValidationError):
        cells_of(sp.devices.PCM(), (3, 3), stuck_low=0.7, stuck_high=0.7)
    with pytest.raises(UnknownNameError):
        cells_of(sp.devices.PCM(), (3, 3), spread={"nonsense": 0.1})
    with pytest.raises(ValidationError):
        cells_of(sp.devices.PCM(), (3, 3), spread={"q_1": -0.1})
    with pytest.raises(ValidationError):
        cells_of("PCM", (3, 3))
    with pytest.raises((EquationError, UnknownNameError), match="xi"):
        Wrong()
    with pytest.raises(ValidationError, match="g_high"):
        sp.devices.PCM(g_low=1.0)


def test_an_empty_array_is_one() -> None:
    """No cells, no failure."""
    cells = programmed(sp.devices.PCM(), 1e-6, (0, 4))
    assert cells.read().shape == (0, 4)
