"""The one form of events: sorted, whole, sized, and on its way into a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.sensors.events import CameraEvents, UnitEvents, merge
from spikestack.sensors.files.base import Columns, EventFormat, Header


def camera(n: int = 40, seed: int = 0) -> CameraEvents:
    rng = np.random.default_rng(seed)
    columns = {"x": rng.integers(0, 6, n), "y": rng.integers(0, 4, n), "p": rng.integers(0, 2, n)}
    return CameraEvents.sorted(t=rng.integers(0, 9000, n), **columns, width=6, height=4)


def test_columns_have_their_types_and_cannot_be_written() -> None:
    events = camera()
    assert [events.t.dtype, events.x.dtype, events.p.dtype] == [np.int64, np.uint16, np.uint8]
    with pytest.raises(ValueError, match="read-only"):
        events.t[0] = 5
    assert events.size == 48 and events.shape == (2, 4, 6)
    again = np.unravel_index(events.unit, events.shape)
    assert all(np.array_equal(a, b) for a, b in zip(again, (events.p, events.y, events.x)))
    assert events.counts().sum() == 40


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(0, 60), st.integers(0, 60))
def test_cutting_by_time(times: list[int], start: int, stop: int) -> None:
    events = UnitEvents.sorted(t=np.array(times, int), unit=np.arange(len(times)), units=64)
    cut = events.between(start / 1000, stop / 1000)
    kept = sorted(((t, u) for u, t in enumerate(times) if start <= t < stop))
    assert list(zip(cut.t.tolist(), cut.unit.tolist())) == kept
    assert cut.units == 64


def test_merging_keeps_every_event_in_order() -> None:
    parts = [camera(30, 1), camera(50, 2)]
    both = merge(parts)
    assert len(both) == 80 and (np.diff(both.t) >= 0).all()
    assert np.array_equal(both.counts(), parts[0].counts() + parts[1].counts())
    with pytest.raises(ValidationError, match="geometries"):
        merge([parts[0], UnitEvents([1], [0])])
    with pytest.raises(ValidationError, match="0 parts"):
        merge([])


def test_another_clock() -> None:
    events = UnitEvents(np.arange(5) * 10**9, np.zeros(5), units=1)
    moved = events.shifted(offset=2.5, drift=20e-6)
    assert np.array_equal(moved.t, np.arange(5) * (10**9 + 20_000) + 2500)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"t": [5, 3], "x": [0, 0], "y": [0, 0], "p": [0, 1]}, "goes back from 5 to 3"),
        ({"t": [5], "x": [0, 1], "y": [0], "p": [0]}, "shape"),
        ({"t": [5], "x": [70_000], "y": [0], "p": [0]}, "whole numbers from 0 to 65535"),
        ({"t": [5.5], "x": [0], "y": [0], "p": [0]}, "whole numbers"),
        ({"t": [5], "x": [7], "y": [0], "p": [0], "width": 7}, "a pixel is at 7"),
        ({"t": [5], "x": [7], "y": [0], "p": [2]}, "OFF"),
    ],
)
def test_what_cannot_be(columns: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CameraEvents(**columns)


def test_events_drive_a_population() -> None:
    events = camera()
    net = sp.Network(seed=1)
    pixels = net.add(sp.Population("pixels", events.shape, sp.SpikeSource()))
    net.drive(pixels, events.spike_trains())
    net.record(pixels, "spikes")
    spikes = net.run(10.0)["pixels"]
    steps = np.maximum(np.rint((events.t - events.t[0] + 1) / 100), 1).astype(int)
    wanted = sorted(set(zip(steps.tolist(), events.unit.tolist())))
    assert sorted(zip(spikes.steps.tolist(), spikes.ids.tolist())) == wanted


def test_a_format_that_is_only_read_says_so(tmp_path: Path) -> None:
    class ReadOnly(EventFormat):
        name = "read-only"

        def matches(self, head: bytes, suffix: str) -> bool:
            return False

        def header(self, file: BinaryIO) -> Header:
            return Header()

        def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
            return iter(())

    with (tmp_path / "a").open("wb") as file, pytest.raises(ValidationError, match="not written"):
        ReadOnly().write(file, camera())
