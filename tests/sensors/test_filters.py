"""Filters of camera events: against direct loops, in pieces, and on labelled noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.equations.catalogue import collect
from spikestack.errors import ValidationError
from spikestack.sensors.events import CameraEvents, UnitEvents
from spikestack.sensors.filters.base import EventFilter, kept

W, H = 7, 5


def camera(seed: int, n: int = 400, most: int = 60_000) -> CameraEvents:
    rng = np.random.default_rng(seed)
    where = {"x": rng.integers(0, W, n), "y": rng.integers(0, H, n), "p": rng.integers(0, 2, n)}
    return CameraEvents.sorted(t=rng.integers(0, most, n), **where, width=W, height=H)


def near(events: CameraEvents, i: int, reach: int = 1) -> list[int]:
    """Events before event i at another pixel within reach."""
    x, y = events.x.astype(int), events.y.astype(int)
    apart = np.maximum(abs(x[:i] - x[i]), abs(y[:i] - y[i]))
    return np.flatnonzero((apart > 0) & (apart <= reach)).tolist()


def background(events: CameraEvents, dt: int, k: int = 1, same: bool = False) -> list[bool]:
    out = []
    for i in range(len(events)):
        found = [j for j in near(events, i) if events.t[i] - events.t[j] <= dt]
        found = [j for j in found if not same or events.p[j] == events.p[i]]
        out.append(len({(events.x[j], events.y[j]) for j in found}) >= k)
    return out


def refractory(events: CameraEvents, period: int, apart: bool, cell: int = 1) -> list[bool]:
    last: dict[Any, int] = {}
    out = []
    for t, x, y, p in zip(*(getattr(events, c).tolist() for c in events.columns)):
        key = (x // cell, y // cell, p if apart else 0)
        out.append(key not in last or t - last[key] >= period)
        if out[-1]:
            last[key] = t
    return out


def alternation(events: CameraEvents) -> list[bool]:
    last: dict[Any, int] = {}
    out = []
    for x, y, p in zip(events.x.tolist(), events.y.tolist(), events.p.tolist()):
        out.append(last.get((x, y)) != p)
        last[x, y] = p
    return out


def row_column(events: CameraEvents, dt: int, cell: int) -> list[bool]:
    rows: dict[int, int] = {}
    cols: dict[int, int] = {}
    out = []
    for i, (x, y) in enumerate(zip(events.x.tolist(), events.y.tolist())):
        u, v = x // cell, y // cell
        seen = [rows.get(v + k) for k in (-1, 0, 1)] + [cols.get(u + k) for k in (-1, 0, 1)]
        out.append(False)
        for j in seen:
            if j is None or events.t[i] - events.t[j] > dt:
                continue
            a, b = int(events.x[j]), int(events.y[j])
            beside = abs(a // cell - u) <= 1 and abs(b // cell - v) <= 1
            out[-1] |= beside and (a, b) != (x, y)
        rows[v] = cols[u] = i
    return out


def hot(events: CameraEvents, window: int, sigmas: float) -> list[bool]:
    number = events.t // window
    counts = {
        k: np.bincount(events[number == k].unit % (W * H), minlength=W * H) for k in set(number)
    }
    out = []
    for k, unit in zip(number, events.unit % (W * H)):
        c = counts.get(k - 1, np.zeros(W * H))
        out.append(not (c[unit] > c.mean() + sigmas * c.std() and c[unit] > 1))
    return out


def integrated(events: CameraEvents, factor: int, threshold: int) -> list[bool]:
    total: dict[Any, int] = {}
    out = []
    for x, y, p in zip(events.x.tolist(), events.y.tolist(), events.p.tolist()):
        key, sign = (x // factor, y // factor), 1 if p else -1
        total[key] = total.get(key, 0) + sign
        out.append(total[key] == sign * threshold)
        if out[-1]:
            total[key] = 0
    return out


CASES: list[tuple[EventFilter, Callable[[CameraEvents], list[bool]]]] = [
    (sp.BackgroundActivity(0.4), partial(background, dt=400)),
    (sp.SpatioTemporalCorrelation(1.5, k=3), partial(background, dt=1500, k=3)),
    (
        sp.SpatioTemporalCorrelation(1.5, k=2, same_polarity=True),
        partial(background, dt=1500, k=2, same=True),
    ),
    (sp.RowColumnActivity(0.8), partial(row_column, dt=800, cell=1)),
    (sp.RowColumnActivity(0.8, cell=2), partial(row_column, dt=800, cell=2)),
    (sp.RefractoryFilter(3.0), partial(refractory, period=3000, apart=False)),
    (sp.RefractoryFilter(3.0, by_polarity=True), partial(refractory, period=3000, apart=True)),
    (sp.DownSample(3, 1.0), partial(refractory, period=1000, apart=True, cell=3)),
    (sp.DifferentialDownSample(3, 2), partial(integrated, factor=3, threshold=2)),
    (sp.DifferentialDownSample(2), partial(integrated, factor=2, threshold=4)),
    (sp.PolarityAlternation(), alternation),
    (sp.HotPixel(7.0, sigmas=1.0), partial(hot, window=7000, sigmas=1.0)),
]
FILTERS = [
    *(case[0] for case in CASES),
    sp.Flicker(20.0, 2000.0, tolerance=0.9, periods=1),
    sp.RateLimiter(2e3, window=7.0),
    sp.Crop(1, 2, 4, 3),
    sp.PixelMask(np.arange(W * H).reshape(H, W) % 3 > 0),
    sp.Transpose(flip_x=True),
    sp.FilterChain(sp.Crop(1, 0, 6, 5), sp.RefractoryFilter(1.0), sp.DownSample(2, 2.0)),
]


@pytest.mark.parametrize(("one", "loop"), CASES, ids=[repr(one)[:40] for one, _ in CASES])
def test_against_a_direct_loop(one: EventFilter, loop: Any) -> None:
    for seed in range(3):
        events = camera(seed)
        wanted = loop(events)
        assert one.mask(events).tolist() == wanted
        assert 0 < sum(wanted) < len(wanted)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 400), max_size=4))
def test_pieces_give_what_the_whole_gives(seed: int, cuts: list[int]) -> None:
    events = camera(seed)
    for one in FILTERS:
        state = one.start(W, H)
        edges = [0, *sorted(cuts), len(events)]
        parts = [one(events[a:b], state) for a, b in pairwise(edges)]
        whole = one(events)
        for name in events.columns:
            joined = np.concatenate([getattr(part, name) for part in parts])
            assert np.array_equal(joined, getattr(whole, name)), one
        assert state.seen == len(events) and state.last == events.t[-1]
        assert (whole.width, whole.height) == one.size(W, H)


UNITS = 12


def cochlea(seed: int, n: int = 400) -> UnitEvents:
    rng = np.random.default_rng(seed)
    return UnitEvents.sorted(
        t=rng.integers(0, 60_000, n), unit=rng.integers(0, UNITS, n), units=UNITS
    )


def in_company(events: UnitEvents, dt: int, reach: int, k: int) -> list[bool]:
    out = []
    for i, (t, unit) in enumerate(zip(events.t.tolist(), events.unit.tolist())):
        before = zip(events.t[:i].tolist(), events.unit[:i].tolist())
        out.append(len({u for s, u in before if t - s <= dt and 0 < abs(u - unit) <= reach}) >= k)
    return out


def as_row(events: UnitEvents) -> CameraEvents:
    """Units as a camera of one row, all of one polarity."""
    zero = np.zeros(len(events), int)
    return CameraEvents(events.t, events.unit, zero, zero, events.units, 1)


OF_UNITS: list[tuple[EventFilter, Callable[[UnitEvents], Any]]] = [
    (sp.NeighbouringUnits(0.4), partial(in_company, dt=400, reach=1, k=1)),
    (sp.NeighbouringUnits(2.0, reach=3, k=4), partial(in_company, dt=2000, reach=3, k=4)),
    (
        sp.RefractoryFilter(3.0),
        lambda events: refractory(as_row(events), period=3000, apart=False),
    ),
    (sp.HotPixel(7.0, sigmas=1.0), lambda events: sp.HotPixel(7.0, 1.0).mask(as_row(events))),
    (sp.RateLimiter(2e3, 7.0), lambda events: sp.RateLimiter(2e3, 7.0).mask(as_row(events))),
    (sp.SelectUnits(range(3, 9)), lambda events: (events.unit >= 3) & (events.unit < 9)),
    (sp.SelectUnits([7, 0, 2]), lambda events: np.isin(events.unit, [7, 0, 2])),
    (
        sp.FilterChain(sp.SelectUnits([7, 0, 2, 5]), sp.RefractoryFilter(2.0)),
        lambda events: sp.RefractoryFilter(2.0).mask(events) & np.isin(events.unit, [7, 0, 2, 5]),
    ),
]


@pytest.mark.parametrize(("one", "loop"), OF_UNITS, ids=[repr(one)[:40] for one, _ in OF_UNITS])
def test_units_against_a_direct_loop_and_in_pieces(one: EventFilter, loop: Any) -> None:
    for seed in range(3):
        events = cochlea(seed)
        wanted = np.asarray(loop(events))
        assert one.mask(events).tolist() == wanted.tolist() and 0 < wanted.sum() < len(wanted)
        state, whole = one.start(UNITS, 1), one(events)
        parts = [one(events[a:b], state) for a, b in pairwise([0, 0, 130, 131, 400])]
        assert np.array_equal(np.concatenate([part.unit for part in parts]), whole.unit)
        assert np.array_equal(whole.t, events.t[wanted]) and whole.units == one.size(UNITS, 1)[0]


def test_selected_units_are_numbered_anew_and_hot_ones_go() -> None:
    events = cochlea(1)
    chosen = sp.SelectUnits([7, 0, 2])(events)
    old = events.unit[np.isin(events.unit, [7, 0, 2])]
    assert np.array_equal(np.array([7, 0, 2])[chosen.unit], old) and chosen.units == 3
    noisy = UnitEvents.sorted(
        t=np.r_[events.t, np.arange(500)], unit=np.r_[events.unit, np.full(500, 4)], units=UNITS
    )
    hot = sp.hot_units(noisy, sigmas=3.0)
    assert np.flatnonzero(hot).tolist() == [4]
    left = sp.SelectUnits(~hot)(noisy)
    assert left.units == 11 and len(left) == (events.unit != 4).sum()


def test_every_filter_is_tried() -> None:
    tried = {type(one) for one in FILTERS} | {type(one) for one, _ in OF_UNITS}
    assert tried == set(collect("spikestack.sensors.filters", EventFilter).values())
    assert all(dataclasses.is_dataclass(kind) for kind in tried - {sp.FilterChain})


def test_what_is_kept_is_what_a_mask_would_leave() -> None:
    events = camera(1)
    for share in (0.0, 0.3, 1.0):
        mask = np.random.default_rng(2).random(len(events)) < share
        for name in events.columns:
            assert np.array_equal(getattr(kept(events, mask), name), getattr(events[mask], name))
    assert np.array_equal(sp.BackgroundActivity().mask(events[::2]), background(events[::2], 5000))


def test_places() -> None:
    events = camera(3)
    cut = sp.Crop(1, 2, 4, 3)(events)
    inside = (events.x >= 1) & (events.x < 5) & (events.y >= 2) & (events.y < 5)
    assert np.array_equal(cut.x, events.x[inside] - 1) and cut.shape == (2, 3, 4)
    turned = sp.Transpose(flip_x=True)(events)
    picture = events.counts().reshape(events.shape)
    assert np.array_equal(turned.counts().reshape(turned.shape), np.rot90(picture, -1, (1, 2)))
    cells = sp.DownSample(3)(events)
    assert cells.shape == (2, 2, 3) and len(cells) == len(events)
    assert np.array_equal(cells.x, events.x // 3)
    both = sp.FilterChain(sp.Crop(1, 2, 4, 3), sp.DownSample(2, 1.0))
    again = sp.DownSample(2, 1.0)(cut)
    assert np.array_equal(both(events).unit, again.unit)
    assert both.mask(events).sum() == len(again)


def test_hot_pixels_of_a_recording() -> None:
    events = camera(4, 2000)
    loud = CameraEvents.sorted(
        t=np.concatenate([events.t, np.arange(500) * 100]),
        **{n: np.concatenate([getattr(events, n), np.full(500, 1)]) for n in "xyp"},
        width=W,
        height=H,
    )
    found = sp.hot_pixels(loud, sigmas=4.0)
    assert np.argwhere(found).tolist() == [[1, 1]]
    assert np.array_equal(sp.hot_pixels(loud, sigmas=None, top=1), found)
    left = sp.PixelMask(~found)(loud)
    assert not ((left.x == 1) & (left.y == 1)).any()
    assert len(left) == np.count_nonzero((events.x != 1) | (events.y != 1))


def test_flicker_goes_and_motion_stays() -> None:
    """A lamp at 100 Hz with 2 % of jitter, and a pixel that turns bright at random."""
    rng = np.random.default_rng(5)
    on = np.arange(100) * 10_000 + rng.integers(-100, 100, 100) + 1000
    lamp = np.concatenate([on, on + 30, on + 5000])
    moving = np.cumsum(rng.exponential(40_000, 50)).astype(int)
    t = np.concatenate([lamp, moving, moving + 2000])
    p = np.concatenate([np.repeat([1, 1, 0], 100), np.repeat([1, 0], 50)])
    x = np.repeat([0, 3], [300, 100])
    events = CameraEvents.sorted(t=t, x=x, y=np.zeros(400, int), p=p, width=4, height=1)
    passed = sp.Flicker()(events)
    assert np.count_nonzero(passed.x == 0) <= 12
    assert np.count_nonzero(passed.x == 3) == 100
    assert np.count_nonzero(sp.Flicker(300.0, 500.0)(events).x == 0) == 300


def test_the_limit_holds_and_drops_evenly() -> None:
    events = camera(6, 20_000, 1_000_000)
    limit = sp.RateLimiter("5000 Hz", window=20.0, seed=3)
    passed = limit(events)
    assert np.bincount(passed.t // 20_000).max() <= limit.most == 100
    assert len(passed) > 0.9 * 50 * 100
    late = passed.t[passed.t > 20_000] % 20_000
    assert abs(np.mean(late < 10_000) - 0.5) < 0.05
    assert np.array_equal(limit.mask(events), limit.mask(events))
    other = dataclasses.replace(limit, seed=4).mask(events)
    assert 0.05 < np.mean(other != limit.mask(events)) < 0.6
    assert sp.RateLimiter(1e6).mask(events).all()


def bar_in_noise(seed: int, speed: int, repeats: int) -> tuple[CameraEvents, np.ndarray]:
    """A bar, 8 pixels wide, runs for 1 s over 96 x 72 pixels, round and round; noise of 5 Hz each.

    Each pixel has `repeats` ON events when the bar comes and OFF events when it goes, half a ms
    apart, each late by an exponential time of half a ms on the average.
    """
    rng, width, height, duration = np.random.default_rng(seed), 96, 72, 1e6
    y, step, again = np.meshgrid(*map(np.arange, (height, speed, repeats)), indexing="ij")
    parts = []
    for lag, p in ((0, 1), (8, 0)):
        t = (step + lag) / speed * 1e6 + again * 500 + rng.exponential(500, step.shape)
        parts.append((t.ravel(), step.ravel() % width, y.ravel(), np.full(t.size, p)))
    n = rng.poisson(5.0 * width * height)
    noise = [rng.integers(0, most, n) for most in (width, height, 2)]
    parts.append((rng.uniform(0, duration, n), *noise))
    t, x, y, p = (np.concatenate(column) for column in zip(*parts))
    order = np.argsort(t, kind="stable")
    order = order[t[order] < duration]
    label = np.arange(len(t)) < len(t) - n
    columns = {"t": t[order].astype(np.int64), "x": x[order], "y": y[order], "p": p[order]}
    return CameraEvents(**columns, width=width, height=height), label[order]


@pytest.mark.parametrize(("speed", "repeats", "least"), [(256, 3, 0.95), (128, 1, 0.88)])
def test_signal_is_told_from_noise(speed: int, repeats: int, least: float) -> None:
    """Areas over dt, on three drawings; slow bars of single events are harder."""
    for seed in range(3):
        events, label = bar_in_noise(seed, speed, repeats)
        background = sp.roc(sp.BackgroundActivity, events, label)
        two = sp.roc(lambda dt: sp.SpatioTemporalCorrelation(dt, k=2), events, label)
        alike = sp.roc(lambda dt: sp.SpatioTemporalCorrelation(dt, 2, True), events, label)
        lines = sp.roc(sp.RowColumnActivity, events, label)
        assert 0.65 < lines.auc < background.auc < two.auc < alike.auc
        assert background.auc >= least and alike.auc >= 0.96
        assert (np.diff(two.signal_kept) >= 0).all() and (np.diff(two.noise_kept) >= 0).all()
        assert 0.5 < background.best < 50


def test_labels_by_chance_give_one_half() -> None:
    events, label = bar_in_noise(0, 256, 1)
    chance = np.random.default_rng(1).random(len(label)) < 0.5
    assert abs(sp.roc(sp.BackgroundActivity, events, chance).auc - 0.5) < 0.03


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sp.BackgroundActivity(0.0), "a time of at least"),
        (lambda: sp.BackgroundActivity("5 mV"), "unit must fit"),
        (lambda: sp.SpatioTemporalCorrelation(k=9), "from 1 to 8"),
        (lambda: sp.SpatioTemporalCorrelation(k=True), "whole number"),
        (lambda: sp.Flicker(200.0, 100.0), "below"),
        (lambda: sp.RateLimiter(float("nan")), "above 0"),
        (lambda: sp.DifferentialDownSample(2, 0), "from 1"),
        (lambda: sp.NeighbouringUnits(k=3), "from 1 to 2"),
        (lambda: sp.NeighbouringUnits()(camera(1)), "got CameraEvents; UnitEvents"),
        (lambda: sp.SelectUnits([1, 1]), "each once"),
        (lambda: sp.SelectUnits([12])(cochlea(1)), "0 to 11"),
        (lambda: sp.SelectUnits(np.ones(3, bool))(cochlea(1)), "3, of 12"),
        (lambda: sp.FilterChain(sp.Crop(), sp.RefractoryFilter())(cochlea(1)), "CameraEvents"),
        (lambda: sp.HotPixel(sigmas=-1.0), "0 or more"),
        (lambda: sp.PixelMask(np.ones((3, 3))), "bool"),
        (lambda: sp.PixelMask(np.ones((3, 3), bool))(camera(1)), "shape"),
        (lambda: sp.Crop(5, 0, 4, 4)(camera(1)), "within 7 x 5"),
        (sp.FilterChain, "one filter"),
        (lambda: sp.BackgroundActivity()(UnitEvents([1], [0])), "CameraEvents"),
        (lambda: sp.BackgroundActivity()(camera(1), sp.BackgroundActivity().start(3, 3)), "3 x 3"),
        (lambda: sp.roc(sp.BackgroundActivity, camera(1), np.ones(400, bool)), "some of each"),
        (lambda: sp.roc(sp.BackgroundActivity, camera(1), np.ones(4)), "bool"),
    ],
)
def test_what_cannot_be(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make()


def test_time_must_not_go_back_between_pieces() -> None:
    one, events = sp.BackgroundActivity(), camera(1)
    state = one.start(W, H)
    one(events[200:], state)
    with pytest.raises(ValidationError, match="goes back"):
        one(events[:200], state)


def test_flicker_within_a_cell_cancels() -> None:
    n = 100
    events = CameraEvents(np.arange(n), np.arange(n) % 2, np.zeros(n, int), np.arange(n) % 2, 2, 2)
    assert len(sp.DifferentialDownSample(2, 2)(events)) == 0
    bright = CameraEvents(events.t, events.x, events.y, np.ones(n, int), 2, 2)
    made = sp.DifferentialDownSample(2)(bright)
    assert made.t.tolist() == list(range(3, n, 4)) and made.shape == (2, 1, 1)


def test_no_events_pass_through() -> None:
    nothing = CameraEvents([], [], [], [], W, H)
    for one in FILTERS:
        assert len(one(nothing)) == 0
        assert len(one(CameraEvents([], [], [], [], W, H), one.start(W, H))) == 0


def test_memory_grows_with_lines_not_pixels() -> None:
    lines, pixels = (
        sp.RowColumnActivity().start(1280, 720),
        sp.BackgroundActivity().start(1280, 720),
    )
    assert lines.nbytes == 5 * 8 * (1280 + 720 + 4) and pixels.nbytes == 8 * 1282 * 722
