"""Touch: each kind of afferent answers to what it should, in pieces too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.errors import ValidationError
from spikestack.sensors.touch import AFFERENTS, Skin


def press(rate: float = 2000.0) -> np.ndarray:
    """Half a second of rest, a fast rise, a second of hold, a fast fall; one taxel of three."""
    force = np.zeros((int(2.5 * rate), 3))
    up, down = int(0.5 * rate), int(1.5 * rate)
    force[up:down, 1] = 1.0
    ramp = int(0.05 * rate)
    force[up : up + ramp, 1] = np.linspace(0, 1, ramp)
    force[down : down + ramp, 1] = np.linspace(1, 0, ramp)
    return force


def times_of(events: object, afferent: str, taxel: int, taxels: int = 3) -> np.ndarray:
    return events.t[events.unit == AFFERENTS.index(afferent) * taxels + taxel] / 1e6


def test_each_afferent_answers_to_its_own() -> None:
    events = Skin(3, rate=2000.0).feel(press())
    assert set(np.unique(events.unit % 3)) == {1}
    held, on, off = (times_of(events, name, 1) for name in AFFERENTS[:3])
    assert len(held) > 20 and held.min() > 0.5 and held.max() < 1.62
    assert len(on) and ((on > 0.5) & (on < 0.6)).all()
    assert len(off) and ((off > 1.5) & (off < 1.6)).all()


def test_slow_fibres_fire_faster_the_harder_the_press() -> None:
    counts = []
    for force in (0.2, 0.6, 1.0, 2.0):
        events = Skin(1, rate=1000.0).feel(np.full((2000, 1), force))
        counts.append(len(times_of(events, "SA1", 0, 1)))
    assert counts[0] == 0 and counts[1] < counts[2] < counts[3]
    # Leaky integrate-and-fire with drive 2 and threshold 1: tau ln 2 and the refractory period.
    events = Skin(1, rate=20_000.0).feel(np.full((20_000, 1), 1.0))
    between = np.diff(times_of(events, "SA1", 0, 1))
    assert between == pytest.approx(20e-3 * np.log(2) + 2.5e-3, rel=0.01)


def test_vibration_is_for_the_fast_fibres() -> None:
    t = np.arange(8000) / 4000.0
    counts = {}
    for hertz in (2.0, 200.0):
        events = Skin(1, rate=4000.0, gains=(0.0, 0.0, 0.0, 20.0)).feel(
            0.3 * np.sin(2 * np.pi * hertz * t)[:, None]
        )
        counts[hertz] = len(events)
    assert counts[2.0] == 0 and counts[200.0] > 100


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.integers(0, 2**31))
def test_pieces_are_felt_as_the_whole(lengths: list[int], seed: int) -> None:
    force = np.cumsum(np.random.default_rng(seed).normal(0, 0.05, (sum(lengths), 4)), axis=0)
    skin = Skin(4)
    whole = skin.feel(force)
    pieces = [skin.push(piece) for piece in np.split(force, np.cumsum(lengths)[:-1])]
    assert np.array_equal(np.concatenate([p.t for p in pieces]), whole.t)
    assert np.array_equal(np.concatenate([p.unit for p in pieces]), whole.unit)


def test_what_cannot_be() -> None:
    for wrong in (
        lambda: Skin(0),
        lambda: Skin(3, gains=(1.0, 2.0)),
        lambda: Skin(3, tau=0.0),
        lambda: Skin(3).feel(np.zeros((5, 2))),
        lambda: Skin(1).feel([[np.inf]]),
    ):
        with pytest.raises(ValidationError):
            wrong()
