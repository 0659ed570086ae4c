"""Correlations of spike counts: closed forms, NumPy's coefficients, and what leaves them alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikestack.errors import ValidationError
from spikestack.recording import SpikeRecord
from spikestack.recording.statistics import BLOCK

BIN = 2.0


def record_of(counts: np.ndarray, dt: float = 1.0, **more: Any) -> SpikeRecord:
    """A record whose neurons (rows) have these counts in bins of 2 ms, from step 1 on."""
    ids, bins = (np.repeat(index, counts[counts > 0]) for index in np.nonzero(counts))
    width = round(BIN / dt)
    given_values = {"population": "p", "size": len(counts), "t_stop": BIN * counts.shape[1]} | more
    return SpikeRecord(dt=dt, steps=bins * width + 1 + bins % width, ids=ids, **given_values)


COUNTS = st.lists(st.lists(st.integers(0, 3), min_size=12, max_size=12), min_size=2, max_size=6)


def numpy_coefficients(counts: np.ndarray) -> np.ndarray:
    varying = counts[counts.std(axis=1) > 0]
    if len(varying) < 2:
        return np.zeros(0)
    return np.corrcoef(varying)[np.triu_indices(len(varying), 1)]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(COUNTS)
def test_against_numpy(rows: list[list[int]]) -> None:
    """The coefficients of `numpy.corrcoef`, none outside [-1, 1]."""
    counts = np.array(rows)
    found = record_of(counts).correlations()
    assert found.dtype == np.float64
    assert np.all(np.abs(found) <= 1)
    np.testing.assert_allclose(found, numpy_coefficients(counts), atol=1e-12)


@given(COUNTS, st.permutations(range(12)))
def test_order_of_bins_does_not_matter(rows: list[list[int]], order: list[int]) -> None:
    """Counts have no order in time."""
    counts = np.array(rows)
    shuffled = record_of(counts[:, order]).correlations()
    np.testing.assert_array_equal(shuffled, record_of(counts).correlations())


@given(COUNTS)
def test_trials_follow_one_another(rows: list[list[int]]) -> None:
    """Bins dealt out to three trials give the same coefficients as bins in a row."""
    counts = np.array(rows)
    ids, bins = (np.repeat(index, counts[counts > 0]) for index in np.nonzero(counts))
    apart = SpikeRecord(
        population="p", size=len(counts), dt=1.0, n_trials=3, t_stop=4 * BIN,
        steps=2 * (bins % 4) + 2, ids=ids, trials=bins // 4,
    )  # fmt: skip
    np.testing.assert_array_equal(apart.correlations(), record_of(counts).correlations())


def test_no_bin_spans_two_trials() -> None:
    """A rest of 1 ms at the end of each trial is left out, not filled from the next trial."""
    steps, trials = np.array([1, 4, 5, 2, 5, 5]), np.array([0, 0, 0, 1, 1, 1])
    record = SpikeRecord(
        population="p", size=2, dt=1.0, n_trials=2, t_stop=5.0,
        steps=steps, ids=np.array([0, 1, 0, 0, 1, 0]), trials=trials,
    )  # fmt: skip
    expected = np.corrcoef([[1, 0, 1, 0], [0, 1, 0, 0]])[0, 1]
    assert record.correlations()[0] == pytest.approx(expected)


def test_equal_trains_have_one_and_opposite_ones_minus_one() -> None:
    """Exactly: the sums are whole numbers."""
    train = np.random.default_rng(1).poisson(0.7, 999)
    opposite = train.max() - train
    found = record_of(np.array([train, train, opposite])).correlations()
    assert found.tolist() == [1.0, -1.0, -1.0]


def test_neurons_that_never_vary_are_left_out() -> None:
    """Silent ones, and those with one spike in each bin."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(1.0, (5, 40))
    counts[1], counts[3] = 0, 1
    found = record_of(counts).correlations()
    np.testing.assert_allclose(found, numpy_coefficients(counts), atol=1e-12)
    assert len(found) == 3


def test_more_bins_than_are_held_at_a_time() -> None:
    """The sums over blocks are those over all bins."""
    counts = np.random.default_rng(10).poisson(0.5, (3, 2 * BLOCK + 7))
    found = record_of(counts).correlations()
    np.testing.assert_allclose(found, numpy_coefficients(counts), atol=1e-12)


@pytest.mark.parametrize("spikes", [0, 1])
def test_fewer_than_two_active_neurons_have_no_pair(spikes: int) -> None:
    counts = np.zeros((4, 10), int)
    counts[2, 3] = spikes
    assert record_of(counts).correlations().shape == (0,)


def test_independent_poisson_trains() -> None:
    """Mean 0, spread 1/sqrt(bins)."""
    bins = 4000
    counts = np.random.default_rng(3).poisson(0.05, (120, bins))
    found = record_of(counts).correlations()
    assert len(found) == 120 * 119 // 2
    assert abs(found.mean()) < 4 / math.sqrt(bins * len(found))
    assert found.std() == pytest.approx(1 / math.sqrt(bins), rel=0.05)


@pytest.mark.parametrize("shared", [0.1, 0.4, 0.8])
def test_common_input(shared: float) -> None:
    """Poisson trains that share a part of their spikes correlate by that part."""
    rng = np.random.default_rng(4)
    own = rng.poisson(0.3 * (1 - shared), (15, 20_000))
    found = record_of(own + rng.poisson(0.3 * shared, 20_000)).correlations()
    np.testing.assert_allclose(found, shared, atol=5 / math.sqrt(20_000))


def test_windows_and_widths() -> None:
    """A window is half open like that of `rates`, and bins start where it does."""
    counts = np.random.default_rng(5).poisson(1.0, (4, 60))
    record = record_of(counts, dt=0.5)
    part = record.correlations(t_start=20.0, t_stop=100.9)
    np.testing.assert_allclose(part, numpy_coefficients(counts[:, 10:50]), atol=1e-12)
    wide = counts.reshape(4, 20, 3).sum(axis=2)
    np.testing.assert_allclose(record.correlations(6.0), numpy_coefficients(wide), atol=1e-12)


def test_late_start() -> None:
    counts = np.random.default_rng(6).poisson(1.0, (4, 60))
    record = record_of(counts)
    later = SpikeRecord(
        population="p", size=4, dt=1.0, steps=record.steps + 500, ids=record.ids,
        t_start=500.0, t_stop=620.0,
    )  # fmt: skip
    np.testing.assert_array_equal(later.correlations(), record.correlations())


def test_neurons_are_drawn_reproducibly() -> None:
    """The same for the same seed, others for another; silent neurons take nobody's place."""
    counts = np.random.default_rng(7).poisson(0.5, (60, 80))
    counts[::2] = 0
    record = record_of(counts)
    found = record.correlations(max_neurons=10)
    assert len(found) == 45
    np.testing.assert_array_equal(found, record.correlations(max_neurons=10))
    assert not np.array_equal(found, record.correlations(max_neurons=10, seed=1))
    other = record_of(counts, population="q").correlations(max_neurons=10)
    assert not np.array_equal(found, other)
    everyone = record.correlations(max_neurons=30)
    assert len(everyone) == 30 * 29 // 2
    assert np.isin(found, everyone).all()


@settings(max_examples=25)
@given(st.integers(2, 12), st.integers(-(2**70), 2**70))
def test_the_draw_depends_on_the_recorded_neurons_alone(number: int, seed: int) -> None:
    """Recording a part draws from it, and each neuron is drawn about as often as others."""
    counts = np.random.default_rng(8).poisson(1.0, (12, 50))
    counts[:3] = 0
    part = record_of(counts, recorded=np.arange(3, 12))
    whole = record_of(counts)
    asked = {"max_neurons": number, "seed": seed}
    np.testing.assert_array_equal(part.correlations(**asked), whole.correlations(**asked))


def test_every_neuron_is_drawn_equally_often() -> None:
    """Pairs of 8 neurons over 700 seeds: each of 28 within 4 standard deviations of 25."""
    record = record_of(np.random.default_rng(9).poisson(1.0, (8, 50)))
    found = [record.correlations(max_neurons=2, seed=seed)[0] for seed in range(700)]
    values, often = np.unique(found, return_counts=True)
    assert len(values) == 28
    assert np.all(np.abs(often - 25) < 4 * math.sqrt(25))


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"bin": 0.0}, "at least one step"),
        ({"bin": math.nan}, "at least one step"),
        ({"bin": 0.4}, "at least one step"),
        ({"bin": 41.0}, "must fit into the window of 40 ms"),
        ({"bin": 6.0, "t_start": 5.0, "t_stop": 10.0}, "window of 5 ms"),
        ({"t_stop": 41.0}, "must be a part of"),
        ({"t_start": 7.0, "t_stop": 7.0}, "must be a part of"),
        ({"max_neurons": 1}, "max_neurons.*>= 2"),
        ({"max_neurons": 2.5}, "max_neurons.*whole"),
        ({"seed": 0.5}, "seed.*whole"),
        ({"seed": True}, "seed.*whole"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        record_of(np.ones((3, 20), int)).correlations(**asked)
