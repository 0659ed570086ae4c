"""Events to structured arrays and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import ValidationError


@given(st.integers(0, 2**32 - 1), st.integers(0, 200))
def test_there_and_back(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    camera = sp.CameraEvents(
        t=np.sort(rng.integers(0, 10**9, n)), x=rng.integers(0, 640, n), y=rng.integers(0, 480, n),
        p=rng.integers(0, 2, n), width=640, height=480,
    )  # fmt: skip
    array = camera.to_structured()
    assert array.dtype.names == ("x", "y", "t", "p") and array.dtype["x"] == np.int16
    again = sp.CameraEvents.from_structured(array, width=640, height=480)
    assert all(np.array_equal(getattr(again, k), getattr(camera, k)) for k in "txyp")
    units = sp.UnitEvents(t=camera.t, unit=rng.integers(0, 700, n), units=700)
    array = units.to_structured()
    assert array.dtype.names == ("t", "x", "p")
    again = sp.UnitEvents.from_structured(array, units=700)
    assert np.array_equal(again.unit, units.unit) and again.units == 700


def test_names_and_orders_of_others() -> None:
    kind = [("ts", "<f8"), ("polarity", "i1"), ("y", "u2"), ("x", "u2")]
    array = np.array([(20.0, -1, 3, 4), (10.0, 1, 1, 2)], kind)
    events = sp.CameraEvents.from_structured(array)
    assert events.t.tolist() == [10, 20] and events.x.tolist() == [2, 4]
    assert events.p.tolist() == [1, 0] and (events.width, events.height) == (5, 4)


@pytest.mark.parametrize("array", [3, np.zeros(4), np.zeros(2, [("t", "i8"), ("x", "i4")])])
def test_what_is_no_event(array: object) -> None:
    with pytest.raises(ValidationError, match="from_structured"):
        sp.CameraEvents.from_structured(array)


def test_pixels_beyond_sixteen_bits() -> None:
    events = sp.CameraEvents(t=[0], x=[40_000], y=[0], p=[1])
    with pytest.raises(ValidationError, match="x reaches 40000"):
        events.to_structured()
