"""Spike records: what they accept, and their statistics against plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.errors import ValidationError
from spikestack.recording import SpikeRecord

from .helpers import DT, random_record


def record_of(spikes: list[tuple[int, int, int]], **more: Any) -> SpikeRecord:
    trials, steps, ids = zip(*spikes) if spikes else ((), (), ())
    given_values = {"population": "p", "size": 4, "dt": 0.5, "t_stop": 20.0, "n_trials": 3} | more
    return SpikeRecord(
        steps=np.array(steps), ids=np.array(ids), trials=np.array(trials), **given_values
    )


RECORDS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 3)), unique=True, max_size=80
)


def trains_of(spikes: list[tuple[int, int, int]], trial: int, i: int) -> list[float]:
    return [step * 0.5 for t, step, n in sorted(spikes) if (t, n) == (trial, i)]


@given(RECORDS)
def test_trains_and_intervals_against_loops(spikes: list[tuple[int, int, int]]) -> None:
    record = record_of(spikes)
    assert list(zip(record.trials, record.steps, record.ids)) == sorted(spikes)
    everything = []
    for trial in range(3):
        for i in range(4):
            train = trains_of(spikes, trial, i)
            assert record.train(i, trial).tolist() == train
            everything += np.diff(train).tolist()
    assert record.isi().tolist() == everything
    for i in range(4):
        own = [d for trial in range(3) for d in np.diff(trains_of(spikes, trial, i))]
        assert record.isi(i).tolist() == own
        expected = np.std(own) / np.mean(own) if len(own) >= 3 else math.nan
        assert record.cv()[i] == pytest.approx(expected, nan_ok=True, abs=1e-12)


@given(RECORDS, st.integers(0, 39), st.integers(1, 40))
def test_rates_in_windows_against_loops(
    spikes: list[tuple[int, int, int]], first: int, length: int
) -> None:
    last = min(first + length, 40)
    record = record_of(spikes)
    for i in range(4):
        inside = [
            s for _, s, n in spikes if n == i and (first < s or first == s == 0) and s <= last
        ]
        expected = len(inside) / 3 / ((last - first) * 0.5e-3)
        assert record.rates(first * 0.5, last * 0.5)[i] == pytest.approx(expected)
    assert record.rate(first * 0.5, last * 0.5) == pytest.approx(
        record.rates(first * 0.5, last * 0.5).mean()
    )


@given(RECORDS, st.integers(1, 60))
def test_rate_over_time_counts_each_spike_once(
    spikes: list[tuple[int, int, int]], width: int
) -> None:
    record = record_of(spikes)
    centres, rates = record.rate_over_time(width * 0.5)
    edges = np.minimum(np.arange(len(centres) + 1) * width, 40) * 0.5
    np.testing.assert_allclose(centres, (edges[1:] + edges[:-1]) / 2)
    counts = rates * np.diff(edges) * 1e-3 * 4 * 3
    expected = np.zeros(len(centres))
    for _, step, _ in spikes:
        expected[max(step - 1, 0) // width] += 1
    np.testing.assert_allclose(counts, expected, atol=1e-9)


@settings(max_examples=25)
@given(RECORDS, st.randoms())
def test_order_given_does_not_matter(spikes: list[tuple[int, int, int]], random: Any) -> None:
    shuffled = random.sample(spikes, len(spikes))
    assert record_of(spikes).same_spikes(record_of(shuffled))


def test_adjacent_windows_share_no_spike() -> None:
    record = random_record(number=500)
    parts = [(0.0, 33.3), (33.3, 50.0), (50.0, 100.0)]
    counts = sum(record.rates(a, b) * (b - a) / 1000 for a, b in parts)
    np.testing.assert_allclose(counts, record.counts())


def test_values_follow_their_spikes() -> None:
    record = SpikeRecord(
        population="p", size=3, dt=1.0, t_stop=9.0,
        steps=[5, 2, 5], ids=[1, 0, 0], values=np.array([0.5, 1.5, 2.5]),
    )  # fmt: skip
    assert record.values is not None
    assert record.values.tolist() == [1.5, 2.5, 0.5]
    assert record.to_pandas().columns.tolist() == ["time_ms", "neuron", "trial", "value"]
    assert record.to_numpy()["value"].tolist() == [1.5, 2.5, 0.5]


def test_subset_recorded() -> None:
    record = record_of([(0, 1, 1), (0, 3, 3), (1, 3, 3)], recorded=np.array([1, 3]))
    assert record.counts().tolist() == [1, 2]
    assert record.counts(trial=1).tolist() == [0, 1]
    assert record.rates().tolist() == pytest.approx([1 / 3 / 0.02, 2 / 3 / 0.02])
    assert record.rate() == pytest.approx(0.5 * 3 / 3 / 0.02)
    assert record.cv().shape == (2,)
    assert "2 of 4" in repr(record)
    with pytest.raises(ValidationError, match="neuron 0 was not recorded"):
        record.train(0)
    with pytest.raises(ValidationError, match="not recorded"):
        record.isi(2)
    with pytest.raises(ValidationError, match="not in `recorded`"):
        record_of([(0, 1, 0)], recorded=np.array([1, 3]))


def test_nobody_recorded_gives_nan() -> None:
    record = record_of([], recorded=np.zeros(0, int))
    assert math.isnan(record.rate())
    assert np.isnan(record.rate_over_time(1.0)[1]).all()


def test_no_spikes() -> None:
    record = record_of([])
    assert (len(record), record.times.size, record.isi().size) == (0, 0, 0)
    assert record.rates().tolist() == [0.0] * 4
    assert np.isnan(record.cv()).all()
    assert not record.rate_over_time(5.0)[1].any()
    assert record.train(0).size == 0
    assert record.to_pandas().empty
    assert record


def test_zero_length_run_has_no_rate() -> None:
    record = record_of([], t_stop=0.0)
    assert np.isnan(record.rates()).all()
    assert record.rate_over_time(5.0)[1].size == 0
    assert "rate –" in repr(record)


def test_one_neuron_regular_spikes() -> None:
    steps = np.arange(10, 1001, 10)
    record = SpikeRecord(population="one", size=1, dt=0.1, steps=steps, ids=steps * 0, t_stop=100.0)
    assert record.rate() == pytest.approx(1000.0)
    np.testing.assert_allclose(record.isi(), 1.0)
    assert record.cv()[0] == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(record.rate_over_time(5.0)[1], 1000.0)


def test_few_intervals_have_no_variation() -> None:
    record = record_of([(0, s, 0) for s in (1, 3, 9)])
    assert math.isnan(record.cv()[0])
    assert record.cv(min_intervals=2)[0] == pytest.approx(0.5)


def test_late_start() -> None:
    record = record_of([(0, 30, 1)], t_start=10.0)
    assert record.duration == 10.0
    assert record.rates()[1] == pytest.approx(1 / 3 / 0.01)
    assert record.rate_over_time(5.0)[0].tolist() == [12.5, 17.5]


def test_types_are_those_promised_and_read_only() -> None:
    record = random_record()
    assert (record.steps.dtype, record.ids.dtype, record.trials.dtype) == ("i8", "i4", "i4")
    assert record.times.dtype == np.float64
    np.testing.assert_array_equal(record.times, record.steps * DT)
    with pytest.raises(ValueError, match="read-only"):
        record.ids[0] = 1
    with pytest.raises(AttributeError):
        record.size = 3  # type: ignore[misc]


def test_arrays_given_stay_writable() -> None:
    steps, ids = np.array([1, 2]), np.array([0, 1], np.int32)
    SpikeRecord(population="p", size=2, dt=1.0, steps=steps, ids=ids, t_stop=5.0)
    assert steps.flags.writeable and ids.flags.writeable


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"size": 0}, "size"),
        ({"size": 2**31}, "size"),
        ({"shape": (3, 2)}, "shape"),
        ({"dt": 0.0}, "dt"),
        ({"dt": math.nan}, "dt"),
        ({"t_stop": math.inf}, "t_stop"),
        ({"t_stop": -1.0}, "t_start <= t_stop"),
        ({"ids": [0, 4]}, "ids.*must be from 0 to 3"),
        ({"ids": [0, -1]}, "ids"),
        ({"ids": [0]}, "one entry a spike"),
        ({"ids": [0.5, 1.0]}, "whole numbers"),
        ({"steps": [1, 21]}, "steps.*to 20"),
        ({"steps": [[1, 2]]}, "dimensions"),
        ({"trials": [0, 1]}, "trials"),
        ({"values": np.array(["a", "b"])}, "values"),
        ({"values": np.array([1.0])}, "one entry a spike"),
        ({"recorded": [1, 0]}, "ascending"),
        ({"recorded": [0, 4]}, "recorded"),
        ({"ids": [0, 2**40]}, "too large"),
    ],
)
def test_impossible_records_are_refused(change: dict[str, Any], match: str) -> None:
    fields = {
        "population": "p",
        "size": 4,
        "dt": 1.0,
        "steps": [1, 2],
        "ids": [0, 1],
        "t_stop": 20.0,
    }
    with pytest.raises(ValidationError, match=match):
        SpikeRecord(**(fields | change))


@pytest.mark.parametrize(
    "window", [(5.0, 5.0), (8.0, 5.0), (-1.0, 5.0), (0.0, 21.0), (0.0, math.nan)]
)
def test_windows_must_lie_inside(window: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="window"):
        record_of([]).rate(*window)


@pytest.mark.parametrize("width", [0.0, -1.0, 0.1, math.nan, math.inf])
def test_bins_must_hold_a_step(width: float) -> None:
    with pytest.raises(ValidationError, match="at least one step"):
        record_of([]).rate_over_time(width)


@pytest.mark.parametrize("trial", [-1, 3])
def test_trials_must_exist(trial: int) -> None:
    for ask in (
        lambda r: r.train(0, trial),
        lambda r: r.counts(trial),
        lambda r: r.raster(trial=trial),
    ):
        with pytest.raises(ValidationError, match="trial"):
            ask(record_of([]))


@pytest.mark.parametrize(
    "change",
    [
        {"population": "q"},
        {"n_trials": 4},
        {"dt": 0.25, "t_stop": 10.0},
        {"recorded": np.array([0, 1])},
        {"values": np.array([1.0, 2.0])},
    ],
)
def test_same_spikes_notices(change: dict[str, Any]) -> None:
    spikes = [(0, 1, 0), (0, 2, 1)]
    assert record_of(spikes).same_spikes(record_of(spikes))
    assert not record_of(spikes).same_spikes(record_of(spikes, **change))
    assert not record_of(spikes).same_spikes(record_of(spikes[:1]))


def test_wide_keys_sort_stably() -> None:
    from spikestack.recording.statistics import stable_order

    rng = np.random.default_rng(1)
    for high in (1, 10, 2**16, 2**17, 2**40):
        keys = rng.integers(0, high, 3000)
        np.testing.assert_array_equal(stable_order(keys), np.argsort(keys, kind="stable"))


def test_html_escapes_names() -> None:
    shown = random_record("<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
