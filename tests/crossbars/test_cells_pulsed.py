"""Arrays that take pulses: closed forms, laws of n pulses, noise, windows, wear."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.crossbars import cells_of
from spikestack.devices.exponential_pulses import bend_of_label, deviation
from spikestack.devices.named_windows import WINDOWS
from spikestack.devices.pulsed import PulsedDevice
from spikestack.equations.model import Parameter
from spikestack.errors import NumericalError, UnknownNameError, ValidationError

PULSED = [
    (kind, chosen)
    for kind in sp.devices.all_devices().values()
    if issubclass(kind, PulsedDevice)
    for chosen in (None, *kind.parameter_sets)
]


def made(kind: Any, chosen: str | None = None, **values: Any) -> Any:
    """A device with its defaults or a set."""
    return kind.preset(chosen, **values) if chosen else kind(**values)


def quiet(device: Any) -> dict[str, float]:
    """Spreads and noises that are nothing, for the deterministic law."""
    silent = ("_spread", "_noise", "corrupt")
    return {n: 0.0 for n in device.declared_parameters() if n.endswith(silent)}


def state(cells: Any) -> np.ndarray:
    """w of each cell, from its conductance and the nominal window."""
    device = cells.device
    low, high = (float(device.values[n]) for n in ("w_min", "w_max"))
    g = (cells.conductance() - device.g_min) / (device.g_max - device.g_min)
    return low + g * (high - low)


def g_of(device: Any, w: float) -> float:
    """The conductance that stands for w."""
    low, high = (float(device.values[n]) for n in ("w_min", "w_max"))
    return device.g_min + (w - low) / (high - low) * (device.g_max - device.g_min)


def follow(device: Any, w: float, counts: list[int], volts: float) -> list[float]:
    """w after so many pulses more each time."""
    cells = cells_of(device, (1, 1))
    cells.set(g_of(device, w))
    found = []
    for count in counts:
        cells.pulse(volts, count=count)
        found.append(float(state(cells)[0, 0]))
    return found


COUNTS = [1, 4, 20, 100]
TOTALS = np.cumsum(COUNTS)


def test_soft_bounds_approach_their_ends_geometrically() -> None:
    """w_n = w_max - (w_max - w_0)(1 - step/w_max)^n, and its mirror."""
    device = sp.devices.SoftBounds(**quiet(sp.devices.SoftBounds), step=0.02)
    up = 1.25 - (1.25 - 0.1) * (1 - 0.02 / 1.25) ** TOTALS
    np.testing.assert_allclose(follow(device, 0.1, COUNTS, 1.0), up, rtol=1e-11)
    down = -0.75 + (0.1 + 0.75) * (1 - 0.02 / 0.75) ** TOTALS
    np.testing.assert_allclose(follow(device, 0.1, COUNTS, -1.0), down, rtol=1e-11)


def test_constant_steps_add_up_to_the_end() -> None:
    """w_n = min(w_0 + n step (1 + asymmetry), w_max)."""
    device = sp.devices.ConstantStep(**quiet(sp.devices.ConstantStep), step=0.01, asymmetry=0.2)
    np.testing.assert_allclose(
        follow(device, 0.0, COUNTS, 1.0), np.minimum(0.012 * TOTALS, 1.0), rtol=1e-12
    )
    np.testing.assert_allclose(
        follow(device, 0.0, COUNTS, -1.0), np.maximum(-0.008 * TOTALS, -1.0), rtol=1e-12
    )


def test_linear_steps_follow_their_recursion() -> None:
    """w' = w + s (1 - slope w) has the fixed point 1/slope, approached geometrically."""
    device = sp.devices.LinearStep.preset("EcRam", **quiet(sp.devices.LinearStep))
    step, slope = 0.002, 0.1153 / 1.1724
    expected = (1 - (1 - slope * step) ** TOTALS) / slope
    np.testing.assert_allclose(follow(device, 0.0, COUNTS, 1.0), expected, rtol=1e-10)


def test_exponential_steps_follow_their_law() -> None:
    """One step of ReRamES and one of the pulsed PCM, by hand."""
    device = sp.devices.ExponentialStep(**quiet(sp.devices.ExponentialStep))
    w = 0.4
    z = -0.5 * w - 0.5
    up = 0.00135 * 1.259359 * (1 + 1.18445 * np.exp(5 * z))
    down = 0.00135 * (1 - 0.259359) * (1 + 0.081404 * np.exp(-5 * z))
    assert follow(device, w, [1], 1.0)[0] == pytest.approx(w + up, rel=1e-12)
    assert follow(device, w, [1], -1.0)[0] == pytest.approx(w - down, rel=1e-12)
    device = sp.devices.PulsedPCM(**quiet(sp.devices.PulsedPCM))
    expected = w + 0.01 * (1 + 27.235 * np.exp(-2.5 * w))
    assert follow(device, w, [1], 1.0)[0] == pytest.approx(expected, rel=1e-12)
    assert follow(device, 1.7, [1], -1.0)[0] == pytest.approx(0.01, rel=1e-9)


@pytest.mark.parametrize("bend", [0.0, 1e-9, 0.01, 0.08, -0.03])
def test_exponential_pulses_trace_the_published_curve(bend: float) -> None:
    """G = B (1 - exp(-P/A)) + G_min in the window, its mirror downwards, straight for bend 0."""
    levels = 50
    device = sp.devices.ExponentialPulses(
        bend_up=bend, bend_down=bend, levels_up=levels, levels_down=levels
    )
    n = np.array([1, 5, 25, 50])
    share = n / levels if bend == 0 else np.expm1(-bend * n) / np.expm1(-bend * levels)
    counts = [1, 4, 20, 25]
    np.testing.assert_allclose(follow(device, 0.0, counts, 1.0), share, rtol=1e-9)
    np.testing.assert_allclose(follow(device, 1.0, counts, -1.0), 1 - share, rtol=0, atol=1e-9)


def test_current_has_the_ratio_that_was_asked_for() -> None:
    """I(V_w)/I(V_w/2) = 10, and I(v_read)/v_read is the conductance."""
    device = sp.devices.AgSilicon()
    cells = cells_of(device, (2, 2))
    cells.set(2e-8)
    ratio = cells.current(3.2) / cells.current(1.6)
    np.testing.assert_allclose(ratio, 10.0, rtol=1e-6)
    np.testing.assert_allclose(cells.current(device.v_read) / device.v_read, 2e-8, rtol=1e-12)


@given(st.floats(-8.5, 8.5))
def test_labels_are_the_distance_from_the_line(label: float) -> None:
    """The curve of a label bends as far as its definition says: checked on a fine grid."""
    x = bend_of_label(label, 1e9) * 1e9
    p = np.linspace(0, 1, 20_001)[1:]
    curve = p if abs(x) < 1e-9 else np.expm1(-x * p) / np.expm1(-x)
    far = (curve - p)[np.argmax(np.abs(curve - p))]
    assert far == pytest.approx(label / 9, abs=2e-3)
    assert deviation(x) == pytest.approx(label / 9, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(0, 2**40))
def test_pulses_at_once_are_the_same_bits_as_one_by_one(counts: list[int], seed: int) -> None:
    """Every pulse has its own draw; blocks of many and few pulses do the same."""
    device = sp.devices.SoftBounds(step=0.01)
    at_once, single = (cells_of(device, (6, 70), seed=seed) for _ in range(2))
    few = np.zeros((6, 70), np.int64)
    few[0, :2] = sum(counts)
    few[4] = sum(counts)
    at_once.pulse(1.0, count=few)
    for count in counts:
        for _ in range(count):
            single.pulse(1.0, where=few > 0)
    np.testing.assert_array_equal(at_once.conductance(), single.conductance())
    np.testing.assert_array_equal(at_once.pulses, single.pulses)
    assert at_once.energy == pytest.approx(single.energy, rel=1e-12)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_tile_takes_the_pulses_of_the_whole(rows: int, cols: int, top: int, left: int) -> None:
    """Draws depend on place, not on how a matrix is cut."""
    device = sp.devices.ExponentialStep()
    part = slice(top, top + rows), slice(left, left + cols)
    options = {"seed": 8, "name": "m", "stuck_low": 0.1}
    whole = cells_of(device, (18, 18), **options)
    tile = cells_of(device, (rows, cols), origin=(top, left), **options)
    volts = np.random.default_rng(2).choice([-1.0, 0.0, 1.0], (18, 18))
    for cells, v in ((whole, volts), (tile, volts[part])):
        cells.program(1e-5)
        cells.pulse(v, count=7)
    np.testing.assert_array_equal(tile.conductance(), whole.conductance()[part])


def test_noise_of_n_pulses_grows_with_the_root_of_n() -> None:
    """Constant steps: mean n step, standard deviation sqrt(n) step noise, within 4 errors."""
    device = sp.devices.ConstantStep(
        **quiet(sp.devices.ConstantStep) | {"cycle_noise": 2.0}, step=1e-4
    )
    for n in (1, 16, 100):
        cells = cells_of(device, (200, 200), seed=n)
        cells.set(g_of(device, 0.0))
        cells.pulse(1.0, count=n)
        w, sd = state(cells), np.sqrt(n) * 2e-4
        assert abs(w.mean() - n * 1e-4) < 4 * sd / 200
        assert w.std() == pytest.approx(sd, rel=4 / np.sqrt(2 * 40_000))


def test_noise_of_writing_is_drawn_anew_by_each_pulse_and_never_adds_up() -> None:
    """SoftBounds: 56 steps of 0.002 around a state that stays hidden."""
    device = sp.devices.SoftBounds(**quiet(sp.devices.SoftBounds) | {"write_noise": 56.0})
    cells = cells_of(device, (200, 200), seed=1)
    cells.set(g_of(device, 0.3))
    np.testing.assert_allclose(state(cells), 0.3, rtol=1e-12)
    found = []
    for _ in range(3):
        cells.pulse(1.0)
        found.append(state(cells))
    for w in found:
        assert w.std() == pytest.approx(0.112, rel=0.02)
    assert abs(np.corrcoef(found[0].ravel(), found[2].ravel())[0, 1]) < 0.02
    np.testing.assert_array_equal(cells.read(), cells.conductance())


@pytest.mark.parametrize(("kind", "chosen"), PULSED)
def test_every_device_stays_in_its_window(kind: Any, chosen: str | None) -> None:
    """Conductances between the ends of each cell, up raises, down lowers, whatever the noise."""
    device = made(kind, chosen)
    loud = device.values.get("write_noise", 0.0) > 0
    cells = cells_of(device, (40, 50), seed=2)
    cells.set(0.5 * (device.g_min + device.g_max))
    middle = cells.conductance().mean()
    cells.pulse(device.set_voltage, count=30)
    risen = cells.conductance()
    assert risen.mean() > middle
    cells.pulse(device.reset_voltage, count=60)
    fallen = cells.conductance()
    assert fallen.mean() < risen.mean()
    for g in (risen, fallen):
        assert np.all(g >= 0) and np.all(np.isfinite(g))
        if not loud:
            slack = 1e-12 * device.g_max
            assert np.all((g >= cells.g_min - slack) & (g <= cells.g_max + slack))
    assert np.all(cells.pulses == 90) and cells.energy > 0


def test_spread_between_devices_is_that_of_the_preset_or_that_asked_for() -> None:
    """Windows and steps differ with the coefficient of variation named; 0 switches it off."""
    plain = cells_of(sp.devices.ConstantStep(), (200, 200), seed=3)
    span = plain.g_max.std() / 5e-6
    assert span == pytest.approx(0.3, rel=0.03)
    alike = cells_of(
        sp.devices.ConstantStep(), (20, 20), spread={"w_max": 0.0, "w_min": 0.0}, seed=3
    )
    assert np.ptp(alike.g_max) == 0
    options = {n: v for n, v in quiet(sp.devices.ConstantStep).items() if n != "step_spread"}
    device = sp.devices.ConstantStep(**options, step_spread=0.5, step=1e-3)
    cells = cells_of(device, (200, 200), seed=3)
    cells.set(g_of(device, 0.0))
    cells.pulse(1.0)
    w = state(cells)
    assert w.mean() == pytest.approx(1e-3, rel=4 * 0.5 / 200)
    assert w.std() / w.mean() == pytest.approx(0.5, rel=0.04)


def test_energy_is_voltage_times_current_times_width() -> None:
    """Straight current, w at rest: V^2 G t for each pulse, stuck cells too."""
    device = sp.devices.ConstantStep(**quiet(sp.devices.ConstantStep), step=0.0)
    cells = cells_of(device, (3, 4), stuck_high=1.0)
    cells.pulse("500 mV", width="2 us", count=3)
    assert cells.energy == pytest.approx(12 * 3 * 0.25 * 15e-6 * 2e-6, rel=1e-12)
    assert cells.stuck.all() and np.all(cells.pulses == 3)


def test_leak_takes_the_capacitor_back_to_zero() -> None:
    """exp(-leak t), however the time is divided."""
    device = sp.devices.LinearStep.preset("Capacitor", **quiet(sp.devices.LinearStep))
    cells = cells_of(device, (1, 1))
    cells.set(g_of(device, 0.8))
    for _ in range(4):
        cells.wait(0.25)
    assert state(cells)[0, 0] == pytest.approx(0.8 * np.exp(-1.0), rel=1e-12)
    assert cells.age == 1.0


def test_the_behavioural_device_has_a_threshold_and_an_exponential_rate() -> None:
    """No step below; the factor exp(0.25/v_0) between two voltages; lognormal steps all forward."""
    device = sp.devices.BehaviouralSwitch.preset("HfO2", cycle_noise=0.0)
    assert follow(device, 0.5, [50], 0.8) == [pytest.approx(0.5, rel=1e-14)]
    assert follow(device, 0.5, [50], -0.79) == [pytest.approx(0.5, rel=1e-14)]
    low, high = (follow(device, 0.0, [1], v)[0] for v in (1.0, 1.25))
    assert low == pytest.approx(12.4 * np.exp(4.0) * 1e-6, rel=1e-9)
    assert high / low == pytest.approx(np.e, rel=1e-9)
    noisy = sp.devices.BehaviouralSwitch(cycle_noise=1.5)
    cells = cells_of(noisy, (300, 300), seed=1)
    cells.pulse(1.0)
    steps = state(cells) / low
    assert np.all(steps > 0)
    assert steps.mean() == pytest.approx(1.0, abs=4 * 1.5 / 300)
    # 1.268 is the logarithm's variance log(1 + 1.5^2), well sampled where the variance is not.
    assert np.log(steps).var() == pytest.approx(np.log1p(2.25), rel=0.02)


@pytest.mark.parametrize("behavioural", [False, True])
@pytest.mark.parametrize("name", list(WINDOWS))
def test_named_windows_are_what_they_say(name: str, behavioural: bool) -> None:
    """Ends of the window in ohms; pulses move cells between them in both directions."""
    device = sp.devices.window(name, behavioural=behavioural)
    low, high = WINDOWS[name]
    assert (1 / device.g_max, 1 / device.g_min) == pytest.approx((low, high), rel=1e-9)
    cells = cells_of(device, (3, 3), seed=1)
    cells.set(0.5 * (device.g_min + device.g_max))
    middle = cells.conductance().mean()
    cells.pulse(device.set_voltage, count=5)
    risen = cells.conductance().mean()
    cells.pulse(device.reset_voltage, count=10)
    assert middle < risen <= device.g_max * (1 + 1e-9)
    assert device.g_min * (1 - 1e-9) <= cells.conductance().mean() < risen


def test_windows_by_text() -> None:
    """A crossbar takes the name; an unknown one is refused with the nearest."""
    assert isinstance(sp.Crossbar("window/PCMO").device, sp.devices.PCMO)
    assert isinstance(sp.Crossbar("PCM").device, sp.devices.PCM)
    for name in ("window/TiO", "window/", "windows/TiO2", "PMC"):
        with pytest.raises(UnknownNameError):
            sp.Crossbar(name)
    with pytest.raises(UnknownNameError, match="TiO2"):
        sp.devices.window("TiO3")


def test_windows_close_with_use_and_with_time() -> None:
    """R = R_0 (x/x_until)^(p3 (p1 c + p2 T)) beyond the threshold, for cycles and for seconds."""
    options = quiet(sp.devices.WornReRam) | {"cycles_until": 100.0, "time_until": 1e3}
    device = sp.devices.WornReRam(**options, temperature=400.0)
    cells = cells_of(device, (1, 1))
    cells.pulse(1.0, count=100)
    assert cells.g_max[0, 0] == pytest.approx(15e-6, rel=1e-12)
    cells.pulse(-1.0, count=300)
    factor = 2.0 ** (0.3 * 400 / 300)
    assert cells.g_max[0, 0] == pytest.approx(15e-6 / factor, rel=1e-9)
    assert cells.g_min[0, 0] == pytest.approx(5e-6 * factor, rel=1e-9)
    cells.pulse(-1.0, count=4000)
    assert cells.conductance()[0, 0] >= cells.g_min[0, 0] * (1 - 1e-12)
    rested = cells_of(device, (1, 1))
    rested.wait(2e3)
    assert rested.g_min[0, 0] == pytest.approx(5e-6 * factor, rel=1e-9)
    rested.wait(1e9)
    assert rested.g_min[0, 0] == rested.g_max[0, 0]
    sudden = cells_of(sp.devices.WornReRam(**options, gradual=0.0, jump=1.5), (1, 1))
    sudden.wait(1.1e3)
    assert sudden.g_max[0, 0] == pytest.approx(1e-5, rel=1e-12)


class Mine(PulsedDevice):
    """A user's device is a few lines of text."""

    equations = "far = 1 - w : 1"
    up = "rate*width*far*v"
    down = "rate*width*w*v"
    rate = Parameter(1e3, "Hz")


def test_a_device_of_ones_own() -> None:
    """Texts know voltage and width."""
    assert follow(Mine(), 0.5, [1], 2.0)[0] == pytest.approx(0.5 + 1e3 * 1e-6 * 0.5 * 2.0)
    assert Mine(rate="2 kHz").values["rate"] == 2e3


def test_ideal_cells_may_be_stuck() -> None:
    """Exact but for the stuck ones."""
    cells = cells_of(sp.devices.Ideal(), (100, 100), stuck_low=0.1, seed=1)
    cells.set(1e-5)
    g = cells.conductance()
    assert np.all(g[~cells.stuck] == 1e-5) and np.all(g[cells.stuck] == 1e-7)
    assert 0.08 < cells.stuck.mean() < 0.12


def test_what_cannot_be_meant_is_refused() -> None:
    """With the place, and what would do."""
    cells = cells_of(sp.devices.SoftBounds(), (3, 3))
    before = cells.conductance()
    for options in (
        {"voltage": np.nan}, {"voltage": np.zeros((2, 2))}, {"voltage": "3 S"},
        {"voltage": 1.0, "width": -1.0}, {"voltage": 1.0, "count": -1},
        {"voltage": 1.0, "count": 1.5}, {"voltage": 1.0, "count": np.ones((2, 3), int)},
        {"voltage": 1.0, "count": 10**12}, {"voltage": 1.0, "where": np.ones((2, 2), bool)},
        {"voltage": 1.0, "where": "all"},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            cells.pulse(**options)
    with pytest.raises(NumericalError, match="smaller voltage"):
        cells_of(sp.devices.AgSilicon(), (2, 2)).pulse(1e6)
    for target in (1.0, -1e-6, np.nan):
        with pytest.raises(ValidationError, match="window"):
            cells.set(target)
    np.testing.assert_array_equal(cells.conductance(), before)
    assert cells.energy == 0 and not cells.pulses.any()
    for label in (9.0, np.nan, "2"):
        with pytest.raises(ValidationError, match="label"):
            bend_of_label(label, 64)
    with pytest.raises(ValidationError, match="crossed"):
        sp.devices.ExponentialPulses.of_labels(8.9, 1.0, levels_up=2.0)
    with pytest.raises(ValidationError, match="g_high"):
        sp.devices.SoftBounds(g_low=1.0)
    with pytest.raises(ValidationError, match="spread"):
        cells_of(sp.devices.SoftBounds(g_high=sp.Uniform(1e-5, 2e-5)), (3, 3))
