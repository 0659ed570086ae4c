"""Senses fused: closed forms, and networks that sum what read-outs say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.sensors.events import UnitEvents
from spikestack.sensors.fusion.cues import sharpness
from spikestack.sensors.fusion.readout import log_softmax


def channels(seed: int, n: int = 200, units: int = 10, most: int = 90_000) -> UnitEvents:
    rng = np.random.default_rng(seed)
    return UnitEvents.sorted(
        t=rng.integers(0, most, n), unit=rng.integers(0, units, n), units=units
    )


def softmax(rows: np.ndarray) -> np.ndarray:
    high = np.exp(rows)
    return np.asarray(high / high.sum(axis=1, keepdims=True))


def test_late_fusion_is_the_rule_of_bayes() -> None:
    rng = np.random.default_rng(1)
    eye, ear = (np.log(rng.dirichlet(np.ones(4), 20)) for _ in range(2))
    prior = np.array([0.1, 0.2, 0.3, 0.4])
    product = np.exp(eye) * np.exp(ear) * prior
    product /= product.sum(axis=1, keepdims=True)
    assert np.allclose(np.exp(sp.late_fusion({"eye": eye, "ear": ear}, prior=prior)), product)
    # A constant for each sample says nothing; weights are powers.
    shifted = sp.late_fusion({"eye": eye + 7.0, "ear": ear}, {"ear": 2.0})
    assert np.allclose(np.exp(shifted), softmax(eye + 2 * ear))


def test_late_fusion_of_gaussians_has_the_fused_variance() -> None:
    """Log likelihoods on a grid add up to the normal of summed precisions."""
    grid = np.linspace(-8.0, 8.0, 4001)
    cues = {"eye": (0.4, 0.5), "ear": (-0.3, 2.0), "skin": (0.1, 1.0)}
    said = {name: -((grid[None] - m) ** 2) / (2 * v) for name, (m, v) in cues.items()}
    posterior = np.exp(sp.late_fusion(said))[0]
    mean = float(posterior @ grid)
    means, variances = np.array(list(cues.values())).T
    best, variance = sp.combine_cues(means, variances)
    assert mean == pytest.approx(float(best), abs=1e-6)
    assert posterior @ (grid - mean) ** 2 == pytest.approx(float(variance), abs=1e-6)


def test_a_sense_that_is_missing_says_nothing() -> None:
    eye, ear = np.log([[0.7, 0.3], [0.2, 0.8]]), np.array([[np.nan, np.nan], [0.0, -1.0]])
    fused = sp.late_fusion({"eye": eye, "ear": ear})
    assert np.allclose(fused[0], eye[0]) and not np.allclose(fused[1], eye[1])
    assert np.allclose(sp.late_fusion({"eye": eye, "ear": ear}, {"ear": [1.0, 0.0]}), eye)


@pytest.mark.parametrize("true", [0.3, 1.0, 3.0])
def test_sharpness_is_found(true: float) -> None:
    """Labels drawn from probabilities that are sharper, or less so, than was said."""
    rng = np.random.default_rng(2)
    said = rng.normal(size=(20_000, 5)) * 2
    labels = (np.cumsum(softmax(true * said), axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert sharpness(said, labels) == pytest.approx(true, rel=0.05)


def test_a_gate_goes_by_spikes() -> None:
    """Few spikes: right three times less often than is said; many: twice as sure as is said."""
    rng = np.random.default_rng(3)
    said, spikes = rng.normal(size=(20_000, 4)), np.repeat([10, 1000], 10_000)
    true = np.where(spikes == 10, 0.5, 2.0)[:, None]
    labels = (np.cumsum(softmax(true * said), axis=1) < rng.random((20_000, 1))).sum(axis=1)
    gate = sp.RateGate.fit(said, labels, spikes, groups=2)
    assert gate([10, 1000]) == pytest.approx([0.5, 2.0], rel=0.1)
    assert gate([0, 10**6]) == pytest.approx(gate([10, 1000]))
    between = gate(np.array([100]))
    assert 0.5 < between[0] < 2.0


def test_naive_bayes_in_closed_form() -> None:
    counts = np.array([[3, 0], [1, 2], [0, 5]])
    readout = sp.SpikingReadout.naive_bayes(counts, np.array([0, 0, 1]), prior=1.0)
    mean = np.array([[5 / 3, 3 / 3], [1 / 2, 6 / 2]])  # (class, unit)
    assert np.allclose(readout.weights, np.log(mean).T)
    assert np.allclose(readout.bias, -mean.sum(axis=1))


def test_many_poisson_samples_bring_the_true_log_odds() -> None:
    rng = np.random.default_rng(4)
    rates = rng.uniform(0.5, 4.0, (3, 12))
    labels = rng.integers(0, 3, 60_000)
    counts = rng.poisson(rates[labels])
    true = counts @ np.log(rates).T - rates.sum(axis=1)
    best = float((true.argmax(axis=1) == labels).mean())
    for readout in (
        sp.SpikingReadout.naive_bayes(counts, labels),
        sp.SpikingReadout.fit(counts, labels, penalty=1e-7, bias=True, most=300),
    ):
        odds = readout.evidence(counts[:500])
        assert np.allclose(np.exp(log_softmax(odds)), np.exp(log_softmax(true[:500])), atol=0.08)
        found = float((readout.evidence(counts).argmax(axis=1) == labels).mean())
        assert best - 0.005 < found <= best + 0.002


def test_without_a_bias_silence_says_nothing() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 300)
    counts = rng.poisson(np.array([[1, 5, 2], [4, 1, 1], [2, 2, 6]])[labels])
    readout = sp.SpikingReadout.fit(counts, labels)
    assert (readout.bias == 0).all() and (readout.evidence(np.zeros((1, 3))) == 0).all()
    assert (readout.evidence(counts).argmax(axis=1) == labels).mean() > 0.8


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 5]), st.sampled_from([1.0, 5.0]))
def test_slots_keep_units_apart(seed: int, slots: int, grid: float) -> None:
    events = channels(seed, n=60, units=4, most=70_000)
    made = sp.time_slots(events, slots, 10.0, grid)
    wanted = set()
    for t, unit in zip(events.t.tolist(), events.unit.tolist(), strict=True):
        step = max(int(np.ceil(t / (1000 * grid))), 1)
        slot = int((step - 1) * grid // 10.0)
        if slot < slots:
            wanted.add((int(step * grid * 1000), slot * 4 + unit))
    assert made.units == 4 * slots and len(made) == len(wanted)
    assert set(zip(made.t.tolist(), made.unit.tolist(), strict=True)) == wanted


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_networks_say_what_read_outs_say(on: str) -> None:
    """Early, late, and one that is missing, all as trials of one network."""
    rng = np.random.default_rng(6)
    pairs = []
    for k in range(6):
        senses = {"eye": channels(k), "ear": sp.time_slots(channels(k + 50), 2, 30.0)}
        eye = sp.time_slots(senses["eye"], 3, 30.0)
        pairs.append(sp.join_sensors({"eye": eye, "ear": senses["ear"]}))
    lanes = pairs[0].lanes
    pairs[2] = sp.join_sensors({"ear": sp.split_sensors(pairs[2])["ear"]}, lanes)
    early = sp.SpikingReadout(rng.normal(size=(50, 4)), rng.normal(size=4))
    own = {lane.name: early[lane.slice] for lane in lanes}
    net = sp.Network(seed=1)
    senses_ = net.add(sp.Population("senses", 50, sp.SpikeSource()))
    net.drive(senses_, sp.spike_trials(pairs))
    parts = [(senses_[lane.slice], own[lane.name] * w) for lane, w in zip(lanes, (0.5, 2.0))]
    net.record(sp.evidence(net, "early", (senses_, early)), "v", interval=90.0)
    net.record(sp.evidence(net, "late", *parts), "v", interval=90.0)
    result = net.run(90.0, dt=1.0, trials=6, on=on)
    counts = np.array([pair.counts() for pair in pairs])
    found = result["early", "v"].values[:, -1]
    assert np.allclose(found, early.evidence(counts), atol=1e-3)
    late = sum(
        own[lane.name].evidence(counts[:, lane.slice]) * w for lane, w in zip(lanes, (0.5, 2.0))
    )
    assert np.allclose(result["late", "v"].values[:, -1], late, atol=1e-3)


def test_senses_drop_out_as_often_as_asked() -> None:
    sensors = {"eye": channels(1), "ear": channels(2), "skin": channels(3)}
    kept = [sp.drop_sense(sensors, 0.3, seed=4, sample=k) for k in range(4000)]
    assert all(kept) and all(part[n] is sensors[n] for part in kept for n in part)
    # Of what would be none at all (0.027), one stays: a third each.
    for name in sensors:
        gone = np.mean([name not in part for part in kept])
        assert gone == pytest.approx(0.3 - 0.027 / 3, abs=0.03)
    assert list(sp.drop_sense(sensors, 0.3, seed=4, sample=7)) == list(kept[7])
    again = [list(sp.drop_sense(sensors, 0.3, seed=5, sample=k)) for k in range(50)]
    assert again != [list(part) for part in kept[:50]]
    assert list(sp.drop_sense(sensors, {"eye": 1.0})) == ["ear", "skin"]
    assert list(sp.drop_sense(sensors, 0.0)) == ["eye", "ear", "skin"]


ROWS = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sp.late_fusion({}), ValidationError, "no senses"),
        (lambda: sp.late_fusion({"a": [1.0]}), ValidationError, "shape"),
        (lambda: sp.late_fusion({"a": [[np.nan, 1.0]]}), ValidationError, "NaN"),
        (lambda: sp.late_fusion({"a": ROWS, "b": ROWS[:2]}), ValidationError, "as the others"),
        (lambda: sp.late_fusion({"a": ROWS}, {"a": -1.0}), ValidationError, "0 or more"),
        (lambda: sp.late_fusion({"a": ROWS}, {"b": 1.0}), UnknownNameError, "'b'"),
        (lambda: sp.late_fusion({"a": ROWS}, prior=[1.0, 0.0]), ValidationError, "above 0"),
        (lambda: sharpness(ROWS, [0, 1, 2]), ValidationError, "below the number"),
        (lambda: sp.RateGate.fit(ROWS, [0, 1, 0], [1, 2]), ValidationError, "each sample"),
        (lambda: sp.SpikingReadout.fit([[1, 2]], [0.5]), ValidationError, "whole numbers"),
        (lambda: sp.SpikingReadout.fit([[-1, 2]], [0]), ValidationError, "0 or more"),
        (lambda: sp.SpikingReadout.fit([[1, 2]], [0]), ValidationError, "at least 2"),
        (lambda: sp.SpikingReadout.fit([[1, 2]], [0], 2, 0.0), ValidationError, "above 0"),
        (lambda: sp.SpikingReadout(ROWS, [1.0]), ValidationError, "classes"),
        (lambda: sp.SpikingReadout(ROWS, [1.0, 1.0]).evidence([[1]]), ValidationError, "samples"),
        (lambda: sp.time_slots(channels(1), 0, 10.0), ValidationError, "1 or more"),
        (lambda: sp.time_slots(channels(1), 2, 10.0, 3.0), ValidationError, "whole steps"),
        (lambda: sp.time_slots(channels(1), 2, "5 mV"), ValidationError, "ms"),
        (lambda: sp.spike_trials([]), ValidationError, "one size"),
        (lambda: sp.drop_sense({}), ValidationError, "none of 0"),
        (lambda: sp.drop_sense({"a": channels(1)}, 1.0), ValidationError, "none of 1"),
        (lambda: sp.drop_sense({"a": channels(1)}, 1.5), ValidationError, "0 to 1"),
        (lambda: sp.drop_sense({"a": channels(1)}, {"b": 0.5}), UnknownNameError, "'b'"),
        (lambda: sp.evidence(sp.Network(), "e"), ValidationError, "nothing"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    make: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()
