"""Representations of camera events: the same sums as direct loops, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import MemoryLimitError, MissingExtraError, ValidationError
from spikestack.numerics import functions
from spikestack.sensors.events import CameraEvents

W, H = 9, 6
EVENTS = st.lists(
    st.tuples(
        st.integers(-500, 40_000),
        st.integers(0, W - 1),
        st.integers(0, H - 1),
        st.integers(0, 1),
    ),
    max_size=60,
)
Rows = list[tuple[int, int, int, int]]


def made(rows: Rows) -> CameraEvents:
    rows = sorted(rows, key=lambda row: row[0])
    t, x, y, p = np.array(rows, np.int64).reshape(-1, 4).T
    return CameraEvents(t, x, y, p, W, H)


def rows_of(events: CameraEvents) -> Rows:
    return list(zip(*(getattr(events, name).tolist() for name in events.columns)))


exact = settings(max_examples=60, deadline=None)


@exact
@given(EVENTS, st.integers(1, 9000), st.integers(0, 8999), st.booleans())
def test_frames_of_equal_time(rows: Rows, length: int, overlap: int, signed: bool) -> None:
    events, overlap = made(rows), overlap % length
    frames = sp.EventFrames(length / 1000, overlap=overlap / 1000, signed=signed)(events)
    wanted, k = [], 0
    first = events.t[0] if len(events) else 0
    while True:
        begin = first + k * (length - overlap)
        counts = np.zeros((2, H, W), np.int32)
        for t, x, y, p in rows_of(events):
            counts[p, y, x] += begin <= t < begin + length
        wanted.append(counts[1] - counts[0] if signed else counts)
        k += 1
        if k > 40 or not len(events) or begin + length > events.t[-1]:
            break
    assert np.array_equal(frames[:k], wanted) and (k > 40 or len(frames) == k)


@exact
@given(EVENTS, st.integers(1, 20), st.integers(0, 19))
def test_frames_of_equal_count(rows: Rows, count: int, overlap: int) -> None:
    events, step = made(rows), count - overlap % count
    maker = sp.EventFrames(count=count, overlap=overlap % count)
    frames = maker(events)
    for k, frame in enumerate(frames):
        some = events[k * step : k * step + count]
        assert np.array_equal(frame, some.counts().reshape(2, H, W))
    assert len(events) <= (len(frames) - 1) * step + count
    assert len(frames) == 1 or len(events) > (len(frames) - 2) * step + count
    assert all(np.array_equal(a, b) for a, b in zip(maker.each(events), frames, strict=True))


@exact
@given(EVENTS, st.integers(2, 7), st.booleans())
def test_voxel_grid(rows: Rows, bins: int, signed: bool) -> None:
    events = made(rows)
    wanted = np.zeros((2, bins, H, W), np.float32)
    if len(events):
        first, last = int(events.t[0]), int(events.t[-1])
        scale = (bins - 1) / max(last - first, 1)
        for t, x, y, p in rows_of(events):
            for b in range(bins):
                weight = max(0.0, 1.0 - abs(b - (t - first) * scale))
                sign = -1.0 if signed and not p else 1.0
                wanted[0 if signed else p, b, y, x] += np.float32(sign * weight)
    found = sp.VoxelGrid(bins, signed=signed)(events)
    wanted = wanted[0] if signed else wanted
    # 1 - |b - s| and s - floor(s) differ in the last place of a double.
    assert np.allclose(found, wanted, rtol=0, atol=1e-6)
    assert found.shape == wanted.shape and found.dtype == np.float32
    if not signed:
        assert found.sum(dtype=float) == pytest.approx(len(events), abs=1e-4)


@exact
@given(EVENTS, st.lists(st.integers(-1000, 60_000), min_size=1, max_size=4))
def test_time_surface(rows: Rows, moments: list[int]) -> None:
    events, moments, tau = made(rows), sorted(moments), 7.5
    wanted = np.zeros((len(moments), 2, H, W), np.float32)
    for k, moment in enumerate(moments):
        for t, x, y, p in rows_of(events):
            if t <= moment:
                wanted[k, p, y, x] = functions.exp(-float(moment - t) * (1e-3 / tau))
    found = sp.TimeSurface(tau, at=np.array(moments) / 1000)(events)
    assert np.array_equal(found, wanted)
    if len(events):
        last = sp.TimeSurface(tau, at=int(events.t[-1]) / 1000)(events)
        assert np.array_equal(sp.TimeSurface(tau)(events), last)


@exact
@given(EVENTS, st.integers(1, 9), st.integers(0, 3))
def test_averaged_time_surfaces(rows: Rows, cell: int, radius: int) -> None:
    events, tau = made(rows), 10.0
    seen, side = rows_of(events), 2 * radius + 1
    wanted = np.zeros((-(-H // cell), -(-W // cell), 2, side, side))
    count = np.zeros(wanted.shape[:3])
    for i, (t, x, y, p) in enumerate(seen):
        v, u = y // cell, x // cell
        count[v, u, p] += 1
        for t_j, x_j, y_j, p_j in seen[:i]:
            dx, dy = x_j - x, y_j - y
            same = (y_j // cell, x_j // cell, p_j) == (v, u, p)
            if same and max(abs(dx), abs(dy)) <= radius:
                wanted[v, u, p, dy + radius, dx + radius] += math.exp((t_j - t) / tau / 1000)
    wanted /= np.maximum(count, 1)[..., None, None]
    found = sp.AveragedTimeSurfaces(cell, radius, tau)(events)
    assert found.shape == wanted.shape
    assert np.allclose(found, wanted, rtol=1e-6, atol=1e-30)


@exact
@given(EVENTS, st.integers(1, 3))
def test_speed_invariant_surface(rows: Rows, radius: int) -> None:
    events = made(rows)
    wanted = np.zeros((2, H, W), int)
    for _, x, y, p in rows_of(events):
        value = wanted[p, y, x]
        for r in range(max(y - radius, 0), min(y + radius + 1, H)):
            for c in range(max(x - radius, 0), min(x + radius + 1, W)):
                if (r, c) != (y, x) and wanted[p, r, c] >= max(value, 1):
                    wanted[p, r, c] -= 1
        wanted[p, y, x] = (2 * radius + 1) ** 2
    found = sp.SpeedInvariantSurface(radius)(events)
    assert np.array_equal(found, wanted)
    slower = CameraEvents(events.t * 7, events.x, events.y, events.p, W, H)
    assert np.array_equal(sp.SpeedInvariantSurface(radius)(slower), found)


@exact
@given(EVENTS, st.integers(1, 4), st.integers(-1000, 60_000))
def test_recent_events(rows: Rows, k: int, now: int) -> None:
    events = made(rows)
    found = sp.TimeOrderedRecentEvents(k, shortest=0.15, longest=20.0, at=now / 1000)(events)
    assert found.shape == (2, k, H, W)
    for p, y, x in np.ndindex(2, H, W):
        ages = [now - t for t, *place in rows_of(events) if place == [x, y, p] and t <= now]
        ages = (ages[::-1] + [10**9] * k)[:k]
        wanted = [max(0.0, math.log((1 + min(age, 20_000)) / 151)) for age in ages]
        assert np.allclose(found[p, :, y, x], wanted, atol=1e-6)


@exact
@given(EVENTS, st.integers(1, 7), st.integers(0, 20), st.integers(1, 20))
def test_stacked_sparse_and_packed(rows: Rows, bins: int, start: int, length: int) -> None:
    events, begin, end = made(rows), start * 1000, (start + length) * 1000
    wanted = np.zeros((bins, 2, H, W), int)
    for t, x, y, p in rows_of(events):
        if begin <= t < end:
            wanted[bins * (t - begin) // (end - begin), p, y, x] += 1
    stacked = sp.StackedHistogram(bins, start=start, stop=start + length)(events)
    assert stacked.dtype == np.uint8 and np.array_equal(stacked, np.minimum(wanted, 255))
    sparse = sp.SparseFrames(bins, start=start, stop=start + length)(events)
    assert np.array_equal(sparse.dense(), wanted)
    assert len(sparse.values) == np.count_nonzero(wanted) and (sparse.values > 0).all()
    packed = sp.PackedFrames(3.0)(events)
    frames = sp.EventFrames(3.0)(events)
    assert packed.shape == (len(frames), 2, H, 2)
    assert np.array_equal(sp.unpack_frames(packed, W), frames > 0)


@exact
@given(
    EVENTS,
    st.floats(0.5, 9.0),
    st.sampled_from([0.01, 0.25, 1.0, 40.0]),
    st.integers(1, 7),
    st.booleans(),
)
def test_event_graph(rows: Rows, radius: float, speed: float, most: int, same: bool) -> None:
    events = made(rows)
    graph = sp.EventGraph(radius, speed, most, same)(events)
    wanted, apart = [], []
    for i, (t, x, y, p) in enumerate(rows_of(events)):
        found = []
        for j, (s, u, v, q) in enumerate(rows_of(events)[:i]):
            ago = float(t - s) * (speed * 1e-3)
            d = float((v - y) ** 2 + (u - x) ** 2) + ago * ago
            if d <= radius * radius and (p == q or not same):
                found.append((d, -j))
        for d, j in sorted(found)[:most]:
            wanted.append((-j, i))
            apart.append(np.float32(math.sqrt(d)))
    assert graph.edges.T.tolist() == [list(pair) for pair in wanted]
    assert graph.distance.tolist() == apart and graph.nodes == len(events)
    assert len(graph.degree()) == len(events) and graph.degree().max(initial=0) <= most


def test_a_byte_does_not_run_over() -> None:
    events = made([(t, 1, 2, 1) for t in range(300)])
    assert sp.StackedHistogram(1)(events).max() == 255


def test_the_end_of_a_voxel_grid_counts() -> None:
    events = made([(0, 0, 0, 1), (5000, 1, 0, 1), (10_000, 2, 0, 1), (10_001, 3, 0, 1)])
    grid = sp.VoxelGrid(3, start=0, stop=10)(events)
    assert grid[:, 0, :4].T.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_spans_beside_the_recording_are_empty() -> None:
    events = made([(5000, 1, 1, 1), (6000, 2, 2, 0)])
    for span in ({"stop": 1}, {"start": 9}, {"start": 0, "stop": 2}):
        assert not sp.StackedHistogram(4, **span)(events).any()
        assert not sp.VoxelGrid(4, **span)(events).any()
        assert not len(sp.SparseFrames(4, **span)(events).values)


def test_long_recordings_keep_their_microseconds() -> None:
    """10 years after the epoch, where float32 counts minutes and int32 has long run over."""
    base = 10 * 365 * 86_400 * 10**6
    events = made([(0, 1, 1, 1), (3000, 2, 2, 0)])
    late = CameraEvents(events.t + base, events.x, events.y, events.p, W, H)
    for one in (sp.TimeSurface(5.0), sp.VoxelGrid(4), sp.StackedHistogram(4), sp.EventFrames(1.0)):
        assert np.array_equal(one(late), one(events))


def test_a_sparse_tensor_of_torch() -> None:
    sparse = sp.SparseFrames(3)(made([(0, 1, 1, 1), (9, 1, 1, 1), (9, 2, 1, 0)]))
    try:
        import torch
    except ImportError:
        with pytest.raises(MissingExtraError, match="train"):
            sparse.torch()
        return
    tensor = sparse.torch()
    assert tensor.is_coalesced() and torch.equal(tensor.to_dense(), torch.tensor(sparse.dense()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda e: sp.EventFrames(), "either"),
        (lambda e: sp.EventFrames(1.0, count=3), "either"),
        (lambda e: sp.EventFrames(1.0, overlap=1.0), "below"),
        (lambda e: sp.EventFrames(count=3, overlap=3), "from 0 to 2"),
        (lambda e: sp.EventFrames("3 mV"), "fit ms"),
        (lambda e: sp.VoxelGrid(1), "from 2"),
        (lambda e: sp.TimeSurface(tau=-1.0), "at least"),
        (sp.TimeSurface(at=[2.0, 1.0]), "goes back"),
        (sp.TimeSurface(at=float("nan")), "finite"),
        (sp.StackedHistogram(3, start=2.0, stop=1.0), "start before stop"),
        (lambda e: sp.TimeOrderedRecentEvents(shortest=9.0, longest=8.0), "below"),
        (lambda e: sp.unpack_frames(sp.PackedFrames()(e), 30), "30 bits"),
        (lambda e: sp.VoxelGrid()(e.unit), "CameraEvents"),
    ],
)
def test_what_cannot_be(make: Callable[[CameraEvents], Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make(made([(0, 1, 1, 1)]))


def test_what_would_not_fit_is_refused_before_it_is_made() -> None:
    events = made([(0, 1, 1, 1), (10**14, 1, 1, 1)])
    with pytest.raises(MemoryLimitError, match="between"):
        sp.EventFrames(1.0)(events)
    assert next(iter(sp.EventFrames(1.0).each(events))).sum() == 1
