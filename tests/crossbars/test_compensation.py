"""Compensation: each way does what it is for, named in a description or called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.crossbars import CrossbarArray, calibrate_outputs, read_often, train_perceptron
from spikestack.crossbars.compensation.drift import drift_gain
from spikestack.crossbars.compensation.remapping import partnered
from spikestack.crossbars.realising import array_of
from spikestack.errors import ValidationError

RNG = np.random.default_rng(8)
WEIGHTS = RNG.normal(size=(60, 20))
X = RNG.uniform(-1, 1, (300, 60)).astype(np.float32)
DAY = 86_400.0


def array(*names: str, weights: Any = WEIGHTS, **options: Any) -> CrossbarArray:
    """A matrix on phase-change memory."""
    return CrossbarArray(weights, sp.Crossbar(sp.devices.PCM(), compensation=names, **options))


def error(made: CrossbarArray, x: np.ndarray = X) -> float:
    """Root mean square of the error of products over that of the exact ones."""
    exact = x @ made.target
    return float(np.sqrt(np.mean((made.product(x) - exact) ** 2) / np.mean(exact**2)))


def test_drift_is_taken_back() -> None:
    """A day costs a third of all outputs; a factor for all brings back most, for each some more."""
    lost = {}
    for names in ((), ("global drift",), ("column drift",)):
        made = array(*names)
        assert (made.gain == 1.0).all()
        made.wait("86400 s")
        lost[names] = error(made), made.gain
    assert lost[()][0] > 0.28 and (lost[()][1] == 1).all()
    assert lost["global drift",][0] < 0.6 * lost[()][0]
    whole, single = lost["global drift",][1], lost["column drift",][1]
    assert np.ptp(whole) == 0 and 1.3 < whole[0] < 1.7
    assert np.ptp(single) > 0 and single.mean() == pytest.approx(whole[0], rel=0.03)


def test_columns_that_drift_apart() -> None:
    """Where the outputs drift by different factors, one for each is what helps."""
    errors = {}
    for names in (("global drift",), ("column drift",)):
        made = array(*names, programming="exact", read_noise=False)
        for tile in made.tiles:  # half of the outputs lie on cells that are lowered once more
            g = tile.cells.conductance()
            g[:, : g.shape[1] // 2] *= 0.5
            tile.cells.set(g)
        made.refresh()
        made.wait(0.0)
        errors[names] = error(made)
    assert errors["column drift",] < 0.02 and errors["global drift",] > 0.2


def test_age_is_compensated() -> None:
    """An array described as aged has its drift taken back, and is what waiting makes of it."""
    waited = array("global drift", read_noise=False)
    waited.wait(DAY)
    aged = array("global drift", read_noise=False, age="86400 s")
    assert np.array_equal(waited.gain, aged.gain) and aged.gain[0] > 1.3
    aged.reprogram()
    assert (aged.gain == 1.0).all()


def test_drift_gain() -> None:
    """Ratios of means, or of each; outputs that say nothing are left alone."""
    then, now = np.array([2.0, 4.0, 0.0]), np.array([1.0, 4.0, 0.0])
    assert drift_gain(then, now) == pytest.approx(6 / 5)
    assert drift_gain(then, now, by_column=True).tolist() == [2.0, 1.0, 1.0]
    assert (drift_gain(then, np.zeros(3)) == 1.0).all()


def test_calibration() -> None:
    """Factors take away what transistors take; terms what errors make of inputs of one sign."""
    wires: dict[str, Any] = {"r_access": 1e4, "read_noise": False, "programming": "exact"}
    plain, made = array(**wires), array("calibration", **wires)
    assert made.gain.min() > 1.0 and error(made) < 0.9 * error(plain)
    # A calibration that does not repeat itself, with drift on top of it.
    both = array("calibration", "global drift", **wires)
    both.wait(DAY)
    assert both.gain == pytest.approx(made.gain * (both.gain[0] / made.gain[0]))
    assert both.gain[0] > 1.3 * made.gain[0]
    pixels = np.abs(X)
    noisy = array()
    before = error(noisy, pixels[150:])
    calibrate_outputs(noisy, pixels[:150])
    assert error(noisy, pixels[150:]) < 0.8 * before
    with pytest.raises(ValidationError, match="two vectors"):
        calibrate_outputs(noisy, pixels[0])


@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_redundancy(encoding: str) -> None:
    """Errors of programming fall with the root of the number of copies, noise of reading too."""
    errors, noise = [], []
    for copies in (1, 4):
        names = ("redundancy",) if copies > 1 else ()
        made = array(*names, copies=copies, encoding=encoding, programming="statistics")
        errors.append(np.std(made.weights() - WEIGHTS))
        many = made.product(np.broadcast_to(X[0], (4000, 60)))
        noise.append(many.std(axis=0).mean())
    if encoding == "differential":
        assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)
        assert noise[0] / noise[1] == pytest.approx(2.0, rel=0.1)
    else:  # the reference column has no copies
        assert errors[0] / errors[1] > 1.2 and noise[0] / noise[1] > 1.2
    single, double = array(), array("redundancy")
    assert double.tiles[0].shape == (60, 2 * single.tiles[0].shape[1])
    cells = [made.costs().part("cells").count for made in (single, double)]
    assert cells[1] == 2 * cells[0]


@pytest.mark.parametrize("options", [
    {}, {"encoding": "offset"}, {"slices": 2, "bits_per_cell": 3}, {"rows": 32, "columns": 17},
    {"copies": 2},
])  # fmt: skip
def test_remapping_changes_nothing_but_errors(options: dict[str, Any]) -> None:
    """Products are those of the same matrix; where cells are stuck, errors are far less."""
    names = ("remapping", "redundancy") if "copies" in options else ("remapping",)
    exact = {"programming": "exact", "read_noise": False, **options}
    whole, plain = array(*names, **exact), array(*names[1:], **exact)
    assert np.array_equal(whole.weights(), plain.weights())
    faults = {"stuck_low": 0.05, "stuck_high": 0.03}
    hit, mapped = array(*names[1:], **exact, **faults), array(*names, **exact, **faults)
    assert np.abs(mapped.product(X) - X @ mapped.weights()).max() < 1e-4
    off = [np.sqrt(np.mean((a.weights() - plain.weights()) ** 2)) for a in (hit, mapped)]
    assert off[1] < (0.85 if "encoding" in options else 0.6) * off[0]
    healthy = ~mapped.tiles[0].cells.stuck
    assert healthy.mean() == pytest.approx(0.92, abs=0.03)
    assert mapped.errors().levels == pytest.approx(plain.errors().levels, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_partners(seed: int) -> None:
    """Where one cell of a pair is stuck, the difference that is asked for is right; else nothing
    is touched."""
    rng = np.random.default_rng(seed)
    parts = (4, 3, 2, 2, 1)
    targets, held = rng.uniform(0, 1, (2, 4, 12))
    stuck = rng.uniform(size=(4, 12)) < 0.3
    made = partnered(targets, held, stuck, parts).reshape(parts)
    found = np.where(stuck.reshape(parts), held.reshape(parts), made)
    both = stuck.reshape(parts).all(axis=3)
    wanted = -np.diff(targets.reshape(parts), axis=3)[:, :, :, 0]
    np.testing.assert_allclose(-np.diff(found, axis=3)[:, :, :, 0][~both], wanted[~both])
    none = ~np.repeat(stuck.reshape(parts).any(axis=3, keepdims=True), 2, axis=3)
    assert np.array_equal(made[none], targets.reshape(parts)[none])


def test_reading_often() -> None:
    """Noise falls with the root of the number of readings; the median forgets what is far off."""
    made = array()
    x = np.broadcast_to(X[0], (2000, 60))
    once, mean = made.product(x).std(axis=0), read_often(made, x, 9).std(axis=0)
    median = read_often(made, x, 9, "median").std(axis=0)
    assert np.mean(once / mean) == pytest.approx(3.0, rel=0.05)
    assert np.mean(once / median) == pytest.approx(3.0 / 1.228, rel=0.06)  # by order statistics
    for bad in ({"reads": 0}, {"reads": 1.5}, {"reads": True}, {"how": "mode"}):
        with pytest.raises(ValidationError):
            read_often(made, x, **bad)


def test_in_a_network() -> None:
    """Projections have what is named: a day later their weights are nearly those of the first."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 40, sp.PoissonSource(rate=50.0)))
    b = net.add(sp.Population("b", 30, sp.LIF()))
    means = []
    for names in ((), ("column drift",)):
        made = net.connect(
            a, b, sp.AllToAll(), sp.ExponentialCurrent(weight=1.0), name=f"w{len(names)}",
            realised_by=sp.Crossbar(sp.devices.PCM(), age=DAY, compensation=names),
        )  # fmt: skip
        means.append(array_of(made).weights().mean())
    assert means[0] < 0.75 and means[1] == pytest.approx(1.0, abs=0.03)


def test_weights_that_learn() -> None:
    """Pulses are compensated by nothing, and that is said."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 4, sp.PoissonSource(rate=50.0)))
    b = net.add(sp.Population("b", 3, sp.LIF()))
    net.connect(
        a, b, sp.AllToAll(), sp.Delta(weight=0.2), plasticity=sp.QuerliozSTDP(),
        realised_by=sp.Crossbar(sp.devices.SoftBounds(), compensation="column drift"),
    )  # fmt: skip
    with pytest.raises(ValidationError, match="learn by pulses"):
        net.run(1.0)


def test_description() -> None:
    """Copies are checked, and part of the plain data."""
    bar = sp.Crossbar("PCM", compensation="redundancy", copies=3)
    assert sp.Crossbar.from_dict(bar.to_dict()).copies == 3
    for bad in (0, 17, 1.5, True):
        with pytest.raises(ValidationError, match="copies"):
            sp.Crossbar("PCM", copies=bad)


def digits() -> tuple[np.ndarray, ...]:
    """Images of 64 pixels from 0 to 1, 1,297 to train and 500 to test."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    x, y = (data.data / 16.0)[order], data.target[order]
    return x[:1297], y[:1297], x[1297:], y[1297:]


@pytest.mark.slow
def test_digits() -> None:
    """On phase-change memory: at most one point lost at once, and two after a day; stuck cells
    cost little with remapping, and less with the faulty arrays in the loop of training."""
    x, y, test, labels = digits()
    net = train_perceptron(x, y, noise=0.05, epochs=30)
    exact = net.accuracy(test, labels)
    assert exact > 0.96
    lost, later = [], []
    for seed in range(4):
        bar = sp.Crossbar(sp.devices.PCM(), compensation=("column drift",), seed=seed)
        made = net.on(bar)
        lost.append(exact - made.accuracy(test, labels))
        made.wait(DAY)
        later.append(exact - made.accuracy(test, labels))
    assert np.mean(lost) <= 0.01 and np.mean(later) <= 0.02
    faulty: dict[str, Any] = {"stuck_low": 0.0168, "stuck_high": 0.0832, "seed": 1}
    plain = net.on(sp.Crossbar("PCM", **faulty)).accuracy(test, labels)
    mapped = sp.Crossbar("PCM", compensation="remapping", **faulty)
    assert plain < exact - 0.1 and net.on(mapped).accuracy(test, labels) > exact - 0.05
    bar = sp.Crossbar("PCM", **faulty)
    aware = train_perceptron(x, y, crossbar=bar, start=net, epochs=4, rate=1e-3)
    assert aware.on(bar).accuracy(test, labels) > plain + 0.07


def test_training_refuses() -> None:
    """Bad input is said."""
    x, y = np.zeros((10, 4)), np.zeros(10, int)
    for bad in (
        {"x": np.zeros(3)}, {"labels": y[:5]}, {"labels": y - 1}, {"labels": y + 0.5},
        {"noise": -1}, {"epochs": 0}, {"batch": 1.5}, {"rate": 0}, {"crossbar": "PCM"},
        {"x": np.full((10, 4), np.nan)},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            train_perceptron(**{"x": x, "labels": y, "epochs": 1, **bad})
    start = train_perceptron(x, y, hidden=(3,), epochs=1)
    with pytest.raises(ValidationError, match="layers"):
        train_perceptron(x, y, hidden=(4,), start=start)
    with pytest.raises(ValidationError, match="Crossbar"):
        start.on("PCM")  # type: ignore[arg-type]


def test_picture() -> None:
    """Lines by name; numbers that do not fit are refused."""
    from spikestack.crossbars import draw_accuracy

    shown = draw_accuracy([0, 10, 100], {"a": np.full((2, 3), 0.9)}, exact=0.95)
    assert shown.axes[0].get_xscale() == "log" and len(shown.axes[0].lines) == 2
    assert draw_accuracy([0, 0.1], {"a": [[0.9, 0.8]]}, against="faults").axes
    for call in (
        lambda: draw_accuracy([0], {}), lambda: draw_accuracy([0], {"a": [[0.1, 0.2]]}),
        lambda: draw_accuracy([0], {"a": [[0.1]]}, against="x"),
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            call()
