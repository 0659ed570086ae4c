"""Clocks brought together, sensors in one queue, cues combined."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.sensors.alignment import match_syncs
from spikestack.sensors.events import CameraEvents, Events, UnitEvents, merge
from spikestack.sensors.fusion import JoinedEvents


def camera(seed: int, n: int = 200, most: int = 50_000) -> CameraEvents:
    rng = np.random.default_rng(seed)
    where = {"x": rng.integers(0, 6, n), "y": rng.integers(0, 4, n), "p": rng.integers(0, 2, n)}
    return CameraEvents.sorted(t=rng.integers(0, most, n), **where, width=6, height=4)


def channels(seed: int, n: int = 150, units: int = 10, most: int = 50_000) -> UnitEvents:
    rng = np.random.default_rng(seed)
    return UnitEvents.sorted(
        t=rng.integers(0, most, n), unit=rng.integers(0, units, n), units=units
    )


def same(a: Events, b: Events) -> bool:
    columns = all(np.array_equal(getattr(a, n), getattr(b, n)) for n in a.columns)
    return columns and type(a) is type(b) and a._geometry() == b._geometry()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 10**5), min_size=2, max_size=30, unique=True),
    st.integers(-(10**9), 10**9),
    st.integers(-20, 20),
    st.integers(0, 10**13),
)
def test_exact_clocks_are_found_exactly(at: list[int], offset: int, parts: int, begin: int) -> None:
    """Times that are multiples of 100 ms, and drifts of 10 ppm: whole microseconds all over."""
    own = begin // 10**5 * 10**5 + np.sort(at) * 10**5
    drift = parts * 1e-5
    clock = sp.fit_clock(own, own + own // 10**5 * parts + offset)
    assert clock.drift == pytest.approx(drift, abs=1e-12)
    assert clock.used.all() and clock.residual < 1e-3
    there = clock(UnitEvents(own, np.zeros(len(own))))
    assert np.abs(there.t - (own + own // 10**5 * parts + offset)).max() <= 1


def test_jitter_averages_out() -> None:
    rng = np.random.default_rng(1)
    own = np.sort(rng.integers(0, 600_000_000, 2000))
    other = own * (1 + 35e-6) + 12_345 + rng.normal(0, 100, 2000)
    clock = sp.fit_clock(own, np.rint(other).astype(np.int64))
    # Four standard errors of a straight line: 100 us / sqrt(n), over the spread of times.
    assert clock.drift == pytest.approx(35e-6, abs=4 * 100 / np.sqrt(2000) / own.std())
    assert clock.offset == pytest.approx(12.345, abs=4 * 2 * 0.1 / np.sqrt(2000))
    assert clock.residual == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("n", [12, 60, 1500])
def test_wrong_pairs_are_left_out(n: int) -> None:
    rng = np.random.default_rng(n)
    own = np.cumsum(rng.integers(200_000, 900_000, n))
    other = own + np.rint(own * 50e-6).astype(np.int64) - 777_000
    wrong = rng.permutation(n)[: n // 6]
    other[wrong] += rng.integers(20_000, 10**8, len(wrong)) * rng.choice([-1, 1], len(wrong))
    clock = sp.fit_clock(own, other)
    assert set(np.flatnonzero(~clock.used)) == set(wrong)
    # Rounding to whole us alone: four standard errors of the line through what is left.
    assert clock.drift == pytest.approx(50e-6, abs=4 * 0.3 / own.std() / np.sqrt(n / 2))
    assert clock.offset == pytest.approx(-777.0, abs=2e-3)


def test_one_pair_gives_an_offset() -> None:
    clock = sp.fit_clock([10**6], [10**6 + 2500])
    assert (clock.offset, clock.drift) == (2.5, 0.0)


def test_syncs_that_are_missing_on_either_side() -> None:
    rng = np.random.default_rng(3)
    true = np.cumsum(rng.integers(30_000, 700_000, 200))
    seen = true[rng.random(200) < 0.8]
    stray = rng.integers(0, true[-1], 10)
    own = np.sort(np.concatenate([seen, stray]))
    other_true = true[rng.random(200) < 0.8]
    other = np.rint(other_true * (1 + 40e-6)).astype(np.int64) + 5_000_000
    x, y = match_syncs(own, other)
    both = np.intersect1d(seen, other_true)
    assert len(np.intersect1d(x, both)) == len(both)
    clock = sp.fit_clock(x, y)
    assert clock.drift == pytest.approx(40e-6, abs=1e-8)
    assert clock.offset == pytest.approx(5000.0, abs=2e-3)


def test_sensors_come_to_one_clock() -> None:
    rng = np.random.default_rng(4)
    flashes = np.cumsum(rng.integers(10_000, 90_000, 40))
    truth = {"eye": camera(1, most=2 * 10**6), "ear": channels(2, most=2 * 10**6)}
    clocks = {"eye": (0.0, 0.0), "ear": (-321.5, 80e-6)}
    sensors = {name: truth[name].shifted(*clocks[name]) for name in truth}
    syncs = {n: UnitEvents(flashes, flashes * 0).shifted(*clocks[n]) for n in truth}
    aligned = sp.align(sensors, syncs)
    assert aligned.reference == "eye" and aligned.clocks["eye"].offset == 0.0
    assert same(aligned.events["eye"], truth["eye"])
    assert np.abs(aligned.events["ear"].t - truth["ear"].t).max() <= 2
    by_ear = sp.align(sensors, syncs, reference="ear")
    assert np.abs(by_ear.events["eye"].t - truth["eye"].shifted(*clocks["ear"]).t).max() <= 2


def test_joined_and_split_again() -> None:
    sensors: dict[str, Events] = {"eye": camera(1), "ear": channels(2), "skin": channels(3, 0, 5)}
    joined = sp.join_sensors(sensors)
    assert joined.units == 48 + 10 + 5 and len(joined) == 350
    assert joined.lane("ear").slice == slice(48, 58)
    back = sp.split_sensors(joined)
    assert list(back) == list(sensors) and all(same(back[n], sensors[n]) for n in sensors)
    part = sp.split_sensors(joined.between(10.0, 20.0))
    assert all(same(part[n], sensors[n].between(10.0, 20.0)) for n in sensors)
    without = sp.join_sensors({"ear": sensors["ear"]}, lanes=joined.lanes)
    assert without.units == 63 and same(sp.split_sensors(without)["ear"], sensors["ear"])
    assert same(
        merge([without, sp.join_sensors({"eye": sensors["eye"]}, joined.lanes)])[:0], joined[:0]
    )


def test_a_queue_drives_a_network() -> None:
    joined = sp.join_sensors({"eye": camera(1), "ear": channels(2)})
    net = sp.Network(seed=1)
    senses = net.add(sp.Population("senses", joined.units, sp.SpikeSource()))
    net.drive(senses, joined.spike_trains())
    net.record(senses[joined.lane("ear").slice], "spikes")
    spikes = net.run(51.0)["senses"]
    assert 140 <= len(spikes) <= 150 and spikes.ids.min() >= 48


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1500, 20_000), st.integers(1500, 20_000))
def test_a_buffer_gives_what_joining_gives(seed: int, first: int, second: int) -> None:
    """Pieces of unlike lengths, whichever sensor is behind being read next."""
    sensors: dict[str, Events] = {"eye": camera(seed), "ear": channels(seed + 1)}
    lengths = {"eye": first, "ear": second}
    buffer = sp.AlignmentBuffer(sp.lanes_of(sensors), delay=20.0)
    read, parts = {"eye": 0, "ear": 0}, []
    while (name := min(read, key=lambda n: read[n])) and read[name] < 50_000:
        stop = read[name] + lengths[name]
        buffer.push(name, sensors[name].between(read[name] / 1000, stop / 1000))
        buffer.heard(name, stop / 1000)
        read[name] = stop
        parts.append(buffer.pop())
    parts.append(buffer.flush())
    assert buffer.late_events == {"eye": 0, "ear": 0}
    assert all(a.t[-1] <= b.t[0] for a, b in pairwise(p for p in parts if len(p)))
    whole = sp.join_sensors(sensors)
    for name in whole.columns:
        assert np.array_equal(
            np.concatenate([getattr(p, name) for p in parts]), getattr(whole, name)
        )


def test_a_silent_sensor_holds_back_no_longer_than_the_delay() -> None:
    lanes = sp.lanes_of({"ear": channels(1), "skin": channels(2)})
    for late, times in (("drop", [35_000]), ("clamp", [30_000, 35_000])):
        buffer = sp.AlignmentBuffer(lanes, delay=10.0, late=late)
        buffer.push("ear", UnitEvents([0, 20_000, 40_000], [1, 2, 3], 10))
        out = buffer.pop()
        assert out.t.tolist() == [0, 20_000] and buffer.reached == 30_000
        buffer.push("skin", UnitEvents([15_000, 35_000], [4, 5], 10))
        assert buffer.late_events == {"ear": 0, "skin": 1}
        assert buffer.pop().t.tolist() == times[:-1]
        rest = buffer.flush()
        assert rest.t.tolist() == [35_000, 40_000] and rest.unit.tolist() == [15, 3]
        assert len(buffer.flush()) == 0


def test_a_buffer_sets_clocks() -> None:
    events = channels(1)
    buffer = sp.AlignmentBuffer(
        sp.lanes_of({"ear": events}), clocks={"ear": sp.fit_clock([0, 10], [500, 510])}
    )
    buffer.push("ear", events)
    assert np.array_equal(buffer.flush().t, events.t + 500)


def decoded(queue: JoinedEvents, tuning: dict[str, np.ndarray], grid: np.ndarray) -> float:
    """The most likely position, from the counts of some lanes of Poisson units."""
    counts, likelihood = queue.counts(), np.zeros(len(grid))
    for name, rates in tuning.items():
        likelihood += counts[queue.lane(name).slice] @ np.log(rates) - rates.sum(axis=0)
    return float(grid[likelihood.argmax()])


def test_two_cues_are_as_good_as_they_can_be() -> None:
    """Positions read from Poisson spikes of two sensors: v = 1/(1/v1 + 1/v2)."""
    rng, trials, where = np.random.default_rng(7), 1500, 0.3
    centres, grid = np.linspace(-10, 10, 81), np.linspace(-3, 3, 601)
    bump = np.exp(-((grid[None] - centres[:, None]) ** 2) / 2) + 1e-9
    tuning = {"eye": 8.0 * bump, "hand": 3.0 * bump}
    at = np.abs(grid - where).argmin()
    found: dict[str, list[float]] = {"eye": [], "hand": [], "both": []}
    for _ in range(trials):
        sensors: dict[str, Events] = {}
        for name, rates in tuning.items():
            units = np.repeat(np.arange(81), rng.poisson(rates[:, at]))
            times = rng.integers(0, 1000, len(units))
            sensors[name] = UnitEvents.sorted(t=times, unit=units, units=81)
        queue = sp.join_sensors(sensors)
        found["both"].append(decoded(queue, tuning, grid))
        for name, rates in tuning.items():
            found[name].append(decoded(queue, {name: rates}, grid))
    variance = {name: float(np.var(values)) for name, values in found.items()}
    # One standard error of each variance is its sqrt(2/trials): 3.7 %.
    optimum = 1 / (1 / variance["eye"] + 1 / variance["hand"])
    assert variance["both"] == pytest.approx(optimum, rel=0.15)
    assert variance["both"] < 0.9 * min(variance["eye"], variance["hand"])
    cues = np.array([found["eye"], found["hand"]])
    spread = np.array([[variance["eye"]], [variance["hand"]]])
    values, least = sp.combine_cues(cues, spread)
    assert least == pytest.approx(optimum) and np.var(values) == pytest.approx(optimum, rel=0.15)
    alone, same_variance = sp.combine_cues([0.5, np.nan], [2.0, np.inf])
    assert (alone, same_variance) == (0.5, 2.0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sp.fit_clock([], []), ValidationError, "0 and 0"),
        (lambda: sp.fit_clock([1, 2], [1]), ValidationError, "2 and 1"),
        (lambda: sp.fit_clock([1.5], [1.0]), ValidationError, "whole us"),
        (lambda: match_syncs([1], []), ValidationError, "some of both"),
        (lambda: match_syncs([1], [2], within="1 mV"), ValidationError, "fit ms"),
        (lambda: sp.align({}, {}), ValidationError, "no sensors"),
        (lambda: sp.align({"a": channels(1)}, {}), UnknownNameError, "'a'"),
        (lambda: sp.align({"a": channels(1)}, {}, "b"), UnknownNameError, "'b'"),
        (lambda: sp.join_sensors({}), ValidationError, "0 sensors"),
        (lambda: sp.join_sensors({"a": [1, 2]}), ValidationError, "list"),
        (
            lambda: sp.join_sensors({"b": channels(1)}, sp.lanes_of({"a": channels(1)})),
            UnknownNameError,
            "'b'",
        ),
        (
            lambda: sp.join_sensors({"a": channels(1, units=11)}, sp.lanes_of({"a": channels(1)})),
            ValidationError,
            "11",
        ),
        (lambda: sp.split_sensors(channels(1)), ValidationError, "UnitEvents"),
        (lambda: sp.combine_cues([1.0, 2.0], [0.0, 1.0]), ValidationError, "above 0"),
        (lambda: sp.AlignmentBuffer((), late="keep"), ValidationError, "'drop'"),
        (lambda: sp.AlignmentBuffer(()).push("a", channels(1)), UnknownNameError, "'a'"),
    ],
)
def test_what_cannot_be(make: Callable[[], object], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_pieces_of_one_sensor_go_forward() -> None:
    buffer = sp.AlignmentBuffer(sp.lanes_of({"ear": channels(1)}))
    buffer.push("ear", UnitEvents([5000], [1], 10))
    with pytest.raises(ValidationError, match="goes back"):
        buffer.push("ear", UnitEvents([4000], [1], 10))
