"""Synthetic sets: what is said of them is true of their events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spikestack.errors import UnknownNameError, ValidationError
from spikestack.sensors import datasets
from spikestack.sensors.encoders.send_on_delta import SendOnDelta

MAKERS: dict[str, Any] = {
    "bars": datasets.synthetic_motion,
    "gratings": lambda n, seed=0: datasets.synthetic_motion(n, seed, scene="gratings"),
    "sounds": datasets.synthetic_sounds,
    "touch": datasets.synthetic_touch,
    "patterns": datasets.synthetic_patterns,
}


def same(a: Any, b: Any) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in a.columns
    )


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_seed_makes_the_same_and_more_are_only_added(name: str) -> None:
    few, more, other = (MAKERS[name](*n).events() for n in ((9,), (12,), (9, 1)))
    assert len(few) == 9 and few.content == MAKERS[name](9).content != other.content
    for k in range(9):
        assert same(few[k][0], more[k][0]) and few[k][1] == more[k][1] == k % len(few.names)
        assert len(few[k][0]) > 5 and few[k][0].t[-1] < few.duration * 1000
        assert not same(few[k][0], other[k][0])
    assert all(np.array_equal(v, more.truth[key][:9]) for key, v in few.truth.items())
    with pytest.raises(ValidationError):
        MAKERS[name](0)


def test_bars_move_as_fast_and_where_they_say() -> None:
    made = datasets.synthetic_motion(8, seed=3, size=24)
    assert made.names == ("right", "down", "left", "up")
    for k, (events, _) in enumerate(made):
        on = events[events.p == 1]
        first = np.full((2, 24), np.inf)  # when each column and row was first seen brighter
        np.minimum.at(first[0], on.x, on.t)
        np.minimum.at(first[1], on.y, on.t)
        turn = np.radians(made.truth["direction"][k])
        along = 0 if abs(np.cos(turn)) > 0.5 else 1
        seen = np.flatnonzero(np.isfinite(first[along]))[2:-2]
        slope = np.polyfit(first[along][seen] * 1e-6, seen, 1)[0]
        sign = np.cos(turn) if along == 0 else np.sin(turn)
        assert np.isclose(slope, sign * made.truth["speed"][k], rtol=1e-3)


def test_gratings_drift_as_fast_and_where_they_say() -> None:
    made = datasets.synthetic_motion(8, seed=3, scene="gratings", size=24)
    for k, (events, label) in enumerate(made):
        on = events[events.p == 1]
        speed, turn = made.truth["speed"][k], np.radians(45.0 * label)

        # Seen from the grating, ON events are all on one flank of it: half of the circle is free.
        def free(v: float, on: Any = on, turn: float = turn) -> float:
            along = (on.x + 0.5) * np.cos(turn) + (on.y + 0.5) * np.sin(turn) - v * on.t * 1e-6
            phase = np.sort(along / 8.0 % 1.0)
            return float(np.diff(phase, append=phase[0] + 1.0).max())

        tried = [free(v * speed) for v in (-1.0, 0.0, 0.8, 0.9, 1.0, 1.1, 1.25)]
        assert np.argmax(tried) == 4 and tried[4] > 0.5


def test_sounds_begin_and_glide_as_they_say() -> None:
    made = datasets.synthetic_sounds(12, seed=5)
    for k, (sound, label) in enumerate(made):
        loud = np.flatnonzero(np.abs(sound) > 0.005) / 8.0
        begin, end = made.truth["onset"][k], made.truth["onset"][k] + made.truth["length"][k]
        assert begin < loud[0] < begin + 8 and end - 8 < loud[-1] < end
        half = [sound[int(8 * a) : int(8 * b)] for a, b in ((begin, begin + 60), (end - 60, end))]
        spectra = [np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2 for part in half]
        middle = [float((s * np.arange(len(s))).sum() / s.sum()) for s in spectra]
        name = made.names[label]
        assert (middle[1] > 1.5 * middle[0]) == (name == "rising")
        assert (middle[0] > 1.5 * middle[1]) == (name == "falling")


def test_force_rises_as_it_says_and_crosses_levels_when_it_must() -> None:
    made = datasets.synthetic_touch(10, seed=2)
    d = 0.02
    for k, (force, label) in enumerate(made):
        onset, peak, rise = (made.truth[key][k] for key in ("onset", "peak", "rise"))
        slide = made.names[label].startswith("slide")
        taxel = made.truth["place"][k] if not slide else 5 * (made.names[label] == "slide left")
        assert force.shape == (400, 6) and force.max() <= peak
        ups = SendOnDelta(d=d).encode(force[:, taxel], dt=1.0)
        ups = ups.t[ups.unit == 0] * 1e-3
        exact = onset + rise / peak * d * np.arange(1, len(ups) + 1)
        assert np.abs(ups - exact).max() <= 1.0 + rise / peak * d  # a sample and a level
        order = np.argmax(force > 0.25 * peak, axis=0)
        if slide:
            assert (np.diff(order) * (1 if label == 3 else -1) > 0).all()


def test_patterns_tell_nothing_but_by_time() -> None:
    exact = datasets.synthetic_patterns(10, jitter=0.0)
    moved = datasets.synthetic_patterns(400, jitter="1 ms")
    for k in range(5):
        assert same(exact[k][0], exact[k + 5][0])
        assert not same(exact[k][0], exact[(k + 1) % 5][0])
    apart = []
    for events, label in moved:
        assert (events.counts() == 2).all() and events.t.min() >= 0 and events.t.max() < 100_000
        template = exact[label][0]
        # Of each unit, first with first and second with second.
        order = [np.lexsort((e.t, e.unit)) for e in (events, template)]
        apart.append(events.t[order[0]] - template.t[order[1]])
    assert np.isclose(np.concatenate(apart).std(), 1000.0, rtol=0.05)
    noisy = datasets.synthetic_patterns(50, lost=0.25, noise=7)
    counts = np.array([len(events) for events, _ in noisy])
    assert abs(counts.mean() - (0.75 * 40 + 7)) < 1.5 and counts.std() > 1


def test_settings_that_cannot_be() -> None:
    with pytest.raises(UnknownNameError, match="bars"):
        datasets.synthetic_motion(4, scene="cars")
    for wrong in ({"jitter": -1.0}, {"lost": 1.5}, {"units": 0}, {"noise": -1}, {"seed": 0.5}):
        with pytest.raises(ValidationError):
            datasets.synthetic_patterns(4, **wrong)
