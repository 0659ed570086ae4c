"""The dynamic vision sensor: counts and times in closed form, rates of noise, bandwidth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import SpikestackError, ValidationError
from spikestack.sensors.dvs import (
    DVS,
    ESIM,
    V2E,
    DriftingGrating,
    Flicker,
    Frames,
    LabelledEvents,
    MovingBar,
    MovingTexture,
    Ramp,
    Voltmeter,
    saccades,
)
from spikestack.sensors.dvs.crossing import first_crossing, signal

QUIET = {"mismatch": 0, "leak": 0, "shot": 0, "noise_spread": 0, "refractory": 0}
#: Logarithmic throughout, and as fast as in full light.
PLAIN = {"linear_below": 0, "dark": 1e9, **QUIET}


def equal(a: LabelledEvents, b: LabelledEvents) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in a.columns)


def joined(parts: list[LabelledEvents]) -> LabelledEvents:
    columns = {n: np.concatenate([getattr(p, n) for p in parts]) for n in LabelledEvents.columns}
    return LabelledEvents(**columns, width=parts[0].width, height=parts[0].height)


@pytest.mark.parametrize("made", [ESIM, V2E])
def test_ramps_are_counted_and_timed_exactly(made: type[DVS]) -> None:
    """Each pixel has floor(contrast/threshold) events, at multiples of threshold/slope."""
    slope = np.linspace(-9, 9, 200).reshape(10, 20) + 0.013
    settings_ = {"eps": 1e-12} if made is ESIM else {"cutoff": 0, **PLAIN}
    sensor = made(20, 10, threshold_on=0.21, threshold_off=0.17, **settings_)
    events = sensor.record(Ramp(20, 10, slope), 0, 1000.5)
    contrast = slope * 1.0005
    expected = np.floor(np.where(slope > 0, contrast / 0.21, -contrast / 0.17))
    counts = events.counts().reshape(2, 10, 20)
    assert np.array_equal(counts.sum(axis=0), expected)
    assert np.array_equal(counts[1] > 0, (slope > 0) & (expected > 0))
    ninth = events[(events.x == 19) & (events.y == 9)].t
    times = np.arange(1, len(ninth) + 1) * 0.21 / slope[9, 19] * 1e6
    assert np.abs(ninth - np.floor(times + 1e-4)).max() == 0


def test_contrast_of_whole_thresholds_reaches_the_last() -> None:
    """Five times 0.2 is 1, whatever the rounding of sums."""
    video = 100 * np.exp([[[0.0]], [[1.0]], [[0.0]]])
    events = ESIM(1, 1, eps=1e-12, full_scale=1.0).record(Frames(video, 10.0))
    assert events.p.tolist() == [1] * 5 + [0] * 4
    assert events.t.tolist() == [2000, 4000, 6000, 8000, 10000, 12000, 14000, 16000, 18000]


@given(
    st.lists(st.floats(0, 60), max_size=6),
    st.sampled_from(["ESIM", "V2E", "noisy", "two poles", "held", "Voltmeter"]),
)
@settings(max_examples=40, deadline=None)
def test_pieces_are_one_recording(cuts: list[float], which: str) -> None:
    sensor: DVS = {
        "ESIM": ESIM(9, 7, mismatch=0.03, refractory=0.4),
        "V2E": V2E(9, 7),
        "noisy": V2E.preset("noisy", 9, 7, shot=50, hot_pixels=0.1),
        "two poles": V2E(9, 7, poles=2, cutoff=50, shot=50, refractory=3),
        "held": V2E(9, 7, while_refractory="held", refractory=3, leak=10),
        "Voltmeter": Voltmeter.preset("noisy", 9, 7),
    }[which]
    scene = MovingTexture(9, 7, velocity=(120.0, 31.0), seed=2)
    whole = sensor.record(scene, 1.7, 60)
    stream = sensor.stream(scene, 1.7)
    pieces = joined([stream.advance(max(t, 1.7)) for t in [*sorted(cuts), 60]])
    assert len(whole) > 50 and equal(whole, pieces)


def test_frames_pushed_one_by_one() -> None:
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, (8, 6, 5)).astype(np.uint8)
    sensor = V2E(5, 6, seed=4)
    whole = sensor.record(Frames(video, 11.3))
    live = sensor.live(video[0])
    parts = [live.push(frame, 11.3 * k) for k, frame in enumerate(video) if k]
    assert len(whole) > 100 and equal(whole, joined(parts))
    with pytest.raises(ValidationError, match="after one at"):
        live.push(video[0], 3.0)


def test_events_come_between_frames_not_at_them() -> None:
    video = np.array([[[20]], [[250]]], np.uint8)
    assert np.diff(ESIM(1, 1).record(Frames(video, 33.0)).t).std() < 1.0


@pytest.mark.parametrize("rule", ["lost", "kept", "held"])
@pytest.mark.parametrize("made", [ESIM, V2E])
def test_refractory_period_is_never_violated(made: type[DVS], rule: str) -> None:
    more = {"shot": 200, "leak": 20} if made is V2E else {}
    sensor = made(12, 10, refractory=2.0, while_refractory=rule, threshold_on=0.05, **more)
    scene = DriftingGrating(12, 10, speed=400.0, contrast=0.8)
    events = sensor.record(scene, 0, 300)
    pixel = events.y.astype(int) * 12 + events.x
    order = np.lexsort((events.t, pixel))
    gap, same = np.diff(events.t[order]), np.diff(pixel[order]) == 0
    assert len(events) > 3000 and gap[same].min() >= 2000
    assert rule == "held" or gap[same].min() < 2010


def within(count: int, expected: float) -> bool:
    return abs(count - expected) < 3 * np.sqrt(expected)


def test_rates_of_leak_and_noise() -> None:
    """In still light, each cause makes the events that it is set to make."""
    still = Frames(np.zeros((1, 60, 60), np.uint8), 1.0)
    dark = V2E(60, 60, leak=0.4, shot=3.0, noise_spread=0, mismatch=0, refractory=0, seed=1)
    made = V2E.record(dark, still, 0, 20e3).made_by()
    light = 1 + (0.25 - 1) * 20 / 275
    assert within(made["shot"], 3600 * 20 * 3.0 * light)
    leaks = V2E(60, 60, **{**QUIET, "leak": 0.4}).record(still, 0, 20e3)
    assert within(len(leaks), 3600 * 20 * 0.4) and leaks.made_by()["leak"] == len(leaks)
    assert (leaks.p == 1).all() and np.unique(leaks.t).size > 0.99 * len(leaks)
    spread = V2E(60, 60, **{**QUIET, "shot": 3.0, "noise_spread": 0.3}).record(still, 0, 20e3)
    counts = spread.counts().reshape(2, -1).sum(axis=0)
    assert 0.25 < np.log10(np.maximum(counts, 1)).std() < 0.35
    assert within(int((spread.p == 1).sum()), len(spread) / 2)


def test_noise_is_poisson_and_less_in_light() -> None:
    shot = {**QUIET, "shot": 40.0}
    scene = Frames(np.full((1, 30, 30), 255, np.uint8), 1.0)
    events = V2E(30, 30, **shot).record(scene, 0, 5000)
    assert within(len(events), 900 * 5 * 40 * 0.25)
    counts = events.counts().reshape(2, -1).sum(axis=0)
    assert 0.85 < counts.var() / counts.mean() < 1.15


def test_hot_pixels() -> None:
    scene = Frames(np.full((1, 40, 40), 99, np.uint8), 1.0)
    sensor = V2E(40, 40, **QUIET, hot_pixels=0.02, hot_rate=50.0)
    events = sensor.record(scene, 0, 2000)
    hot = np.count_nonzero(events.counts())
    assert 15 < hot < 55 and within(len(events), hot * 100) and (events.label == 3).all()


def test_mismatch_is_found_by_slow_ramps() -> None:
    sensor = ESIM(50, 40, mismatch=0.03, threshold_on=0.3, eps=1e-12)
    counts = sensor.record(Ramp(50, 40, 30.0, 1e-3), 0, 1000).counts()[2000:]
    thresholds = 30.0 / counts
    assert abs(thresholds.mean() - 0.3) < 0.003 and abs(thresholds.std() - 0.03) < 0.003


def amplitude(frequency: float, contrast: float = 1.0, **parameters: Any) -> float:
    """Gain of the filter for a sine, from the events of the last of many periods."""
    sensor = V2E(1, 1, threshold_on=0.01, threshold_off=0.01, **{**PLAIN, **parameters})
    events = sensor.record(Flicker(1, 1, frequency, contrast), 0, 21e3 / frequency)
    last = events.between(20e3 / frequency, 21e3 / frequency)
    return len(last) * 0.01 / 4 / contrast


@pytest.mark.parametrize("poles", [1, 2])
def test_bandwidth(poles: int) -> None:
    """-3 dB within 3 % of where it is declared, and the slope of one pole or two beyond."""
    at = np.array([0.9, 1.0, 1.1]) * 40.0
    gains = [amplitude(f, cutoff=40.0, poles=poles) for f in at]
    assert abs(np.interp(np.sqrt(0.5), gains[::-1], at[::-1]) - 40.0) < 0.03 * 40.0
    far = amplitude(240.0, cutoff=40.0, poles=poles)
    inner = 40.0 * (1.0 if poles == 1 else 1 / np.sqrt(np.sqrt(2) - 1))
    assert abs(far - (1 + (240.0 / inner) ** 2) ** (-poles / 2)) < 0.02
    assert amplitude(4.0, cutoff=0) == pytest.approx(1.0, abs=0.02)


def test_bandwidth_falls_with_light() -> None:
    """A tenth of the light, without a dark floor: a tenth of the bandwidth."""
    settings_ = dict(cutoff=400.0, linear_below=0, dark=1e-6, full_scale=1000.0)
    assert abs(amplitude(40.0, 0.2, **settings_) - np.sqrt(0.5)) < 0.04  # light 100 of 1000


@given(
    st.tuples(*[st.floats(-3, 3)] * 3),
    st.floats(-5, 5), st.floats(1e-2, 30), st.floats(0.05, 1), st.sampled_from([1, 2]),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_first_crossings_are_first(
    start: tuple[float, float, float], b: float, rate: float, level: float, poles: int
) -> None:
    """Against a search on a fine grid."""
    r, (x1, x2, a) = rate * 1e-3, start
    b *= 1e-3
    lag = b / r
    d, e = x1 - a + lag, 0.0
    if poles == 2:
        d, e = x2 - a + 2 * lag, d * r
    a -= poles * lag
    a -= signal(a, b, d, e, r, 0.0)
    span = 1000.0
    t = np.linspace(0, span, 20001)
    u = a + b * t + (d + e * t) * np.exp(-r * t)
    when, sign = first_crossing(a, b, d, e, r, 0.0, span, u[0], u[-1], level, level)
    beyond = np.flatnonzero(np.abs(u) >= level)
    if len(beyond):
        k = beyond[0]
        assert t[k - 1] - 1e-2 <= when <= t[k] + 1e-2 and sign == np.sign(u[k])
    elif sign:
        assert np.abs(u).max() > 0.999 * level


def test_brownian_passage() -> None:
    """Sides and times as theory has them, for a drift that noise can overcome; any steps."""
    k = dict(k1=0.0, k3=0.0, k5=0.0, k4=2e-6, k6=2e-3)
    sensor = Voltmeter(60, 60, **k, threshold_on=1.0, threshold_off=0.6)
    still = Frames(np.full((1, 60, 60), 80, np.uint8), 1.0)
    s2, mu, a, b = 4e-6, 2e-6, 1.0, 0.6
    up = (np.exp(2 * mu * b / s2) - 1) / (np.exp(2 * mu * b / s2) - np.exp(-2 * mu * a / s2))
    mean_us = (up * a - (1 - up) * b) / mu
    events = sensor.record(still, 0, 8000)
    share = (events.p == 1).mean()
    assert abs(share - up) < 4 * np.sqrt(up * (1 - up) / len(events))
    counts = events.counts().reshape(2, -1).sum(axis=0)
    # Renewal: events in T are T/mean + (var/mean^2 - 1)/2.
    assert counts.mean() == pytest.approx(8e6 / mean_us, rel=0.03)
    fine = [sensor.live(np.full((60, 60), 80))]
    finer = joined([fine[0].push(np.full((60, 60), 80), 2.0 * n) for n in range(1, 500)])
    assert len(finer) == pytest.approx(len(events) / 8, rel=0.05)


def test_voltmeter_without_noise_counts_ramps() -> None:
    video = np.linspace(50, 150, 11).reshape(-1, 1, 1)
    sensor = Voltmeter.preset("ideal", 1, 1)
    expected = 5.265 * sum(10 / (m + 20) for m in range(55, 150, 10))
    assert len(sensor.record(Frames(video, 20.0))) == int(expected)


def test_seeds_and_presets() -> None:
    scene = MovingBar(30, 20, speed=300.0)
    one, again = (V2E.preset("noisy", 30, 20, seed=3).record(scene, 0, 200) for _ in range(2))
    other = V2E.preset("noisy", 30, 20, seed=4).record(scene, 0, 200)
    assert equal(one, again) and not equal(one, other)
    for kind in (ESIM, V2E, Voltmeter):
        for name in kind.presets:
            assert kind.preset(name, 30, 20).record(scene, 0, 100).is_signal.any()


def test_a_bar_is_seen_where_it_is() -> None:
    """ON at its leading edge, OFF at its trailing one."""
    scene = MovingBar(40, 5, bar=6.0, speed=200.0, light=3.0)
    events = ESIM(40, 5).record(scene, 0, 200)
    edge = (events.x + 0.5) - 0.2e-3 * events.t
    assert abs(edge[events.p == 1]).max() <= 0.51 and abs(edge[events.p == 0] + 6).max() <= 0.51


def test_labels_follow_the_events() -> None:
    events = V2E(8, 8, shot=100).record(MovingTexture(8, 8), 0, 500)
    cut = events[events.label == 2].between(100, 400)
    assert isinstance(cut, LabelledEvents) and (cut.label == 2).all() and len(cut)
    assert sum(events.made_by().values()) == len(events.unlabelled()) == len(events)


def test_saccades_look_like_those_of_nmnist() -> None:
    y, x = np.mgrid[:28, :28]
    digit = np.clip(255 - 60 * abs(np.hypot(x - 14, y - 14) - 7), 0, 255)  # a nought
    events = saccades(digit)
    assert isinstance(events, LabelledEvents) and events.width == 34
    assert 1500 < len(events) < 9000 and events.t[-1] < 300_000
    per = np.histogram(events.t, [0, 100_000, 200_000, 300_000])[0]
    assert per.min() > 0.2 * len(events)
    many = saccades(np.stack([digit, digit]))
    assert not equal(many[0], many[1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: ESIM(0, 5),
        lambda: ESIM(5, 5, threshold_on=0),
        lambda: ESIM(5, 5, threshold_on=np.ones(3)),
        lambda: ESIM(5, 5, thresholds=1),
        lambda: V2E(5, 5, poles=1.5),
        lambda: V2E(5, 5, cutoff="3 mV"),
        lambda: V2E(5, 5, while_refractory="ignored"),
        lambda: V2E.preset("tidy", 5, 5),
        lambda: Frames(np.zeros((3, 4)), 1.0),
        lambda: Frames(np.full((2, 4, 4), -1.0), 1.0),
        lambda: Frames(np.full((2, 4, 4), np.nan), 1.0),
        lambda: Frames(np.zeros((3, 4, 4)), [0, 2, 1]),
        lambda: ESIM(5, 5).record(MovingBar(6, 5), 0, 10),
        lambda: ESIM(5, 5).record(MovingBar(5, 5)),
        lambda: ESIM(5, 5).record(MovingBar(5, 5), 10, 5),
        lambda: ESIM(5, 5).record(MovingBar(5, 5), 0, 5, step=0),
        lambda: DriftingGrating(5, 5, contrast=1.0),
        lambda: saccades(np.zeros(3)),
    ],
)
def test_what_cannot_be_meant_is_refused(make: Any) -> None:
    with pytest.raises(SpikestackError):
        make()


def test_public_names() -> None:
    assert sp.V2E is V2E and sp.DVS is DVS
    assert "threshold_on=0.4" in repr(sp.ESIM(4, 4, threshold_on="0.4"))
