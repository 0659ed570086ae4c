"""The ear that made SHD: membrane, filter, fibres, pieces, and what it hears."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from spikestack.errors import ValidationError
from spikestack.sensors.cochlea import Lauscher, shd_clip
from spikestack.sensors.cochlea import bushy_cells as cells
from spikestack.sensors.cochlea.basilar_membrane import best_frequencies, response
from spikestack.sensors.cochlea.block_filter import BlockFilter


def tone(frequency: float, rate: float, seconds: float = 0.3) -> np.ndarray:
    return 0.1 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def direct(frequency: float, place: float) -> complex:
    """The formulas of the model, with an integral computed by other means."""
    w, alpha, depth, mass, stiff = 2 * np.pi * frequency, 3.0, 0.1, 0.05, 1e9

    def impedance(x: float) -> complex:
        damping = 0.15 * np.sqrt(stiff * mass) * np.exp(-alpha * x / 2)
        return stiff * np.exp(-alpha * x) - 3500.0 - mass * w**2 - 1j * w * damping

    def g(x: float) -> complex:
        return w / np.sqrt(depth * impedance(x))

    def pressure(x: float) -> complex:
        total = 2 * g(0.0) / alpha + integrate.quad(g, 0.0, x, complex_func=True, limit=200)[0]
        return np.sqrt(total / g(x)) * special.hankel1(0, total)

    z = 2 * w / alpha * np.sqrt(2 / (depth * stiff))
    window = 1j * special.j0(z) + special.y0(z)
    window *= np.sqrt(2 * stiff / depth) / (special.j1(z) - 1j * special.y1(z))
    return 2 * w / impedance(place) * pressure(place) / pressure(0.0) * window


@pytest.mark.parametrize("frequency", [90.0, 440.0, 3000.0, 9000.0])
def test_the_membrane_moves_as_the_formulas_say(frequency: float) -> None:
    found = response(np.array([frequency]), 71)[0]
    for channel in (0, 20, 45, 70):
        wanted = np.conj(direct(frequency, 3.5 * (70 - channel) / 70))
        assert abs(found[channel] - wanted) < 1e-6 * np.abs(found).max()


def test_places_follow_the_sound_and_low_ones_later() -> None:
    frequency = np.fft.rfftfreq(8192, 1 / 48000)
    spectrum = response(np.maximum(frequency, 1.0), 36)
    spectrum *= (0.5 + 0.5 * np.cos(2 * np.pi * frequency / 48000))[:, None]
    moved = np.fft.irfft(spectrum, axis=0)
    energy = moved**2 / (moved**2).sum(axis=0)
    # What there is before zero is the fading, a few samples long.
    assert energy[4096:-40].sum(axis=0).max() < 1e-3
    peaks = energy[:4096].argmax(axis=0)[:25]
    assert (np.diff(peaks) <= 0).all() and peaks[0] > 10e-3 * 48000
    best = best_frequencies(36)
    assert (np.diff(best) > 0).all() and 90 < best[0] < 110 and best[-1] > 20e3


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 150), st.integers(0, 2**31))
def test_block_filters_convolve(taps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ringing = np.exp(-np.arange(taps)[:, None] / np.array([60.0, 20.0, 3.0]))
    responses = rng.normal(size=(taps, 3)) * ringing
    stream = BlockFilter(responses, 32, lost=0.0).stream()
    signal = rng.normal(size=32 * 8)
    found = np.concatenate([stream.apply(block) for block in np.split(signal, 8)])
    for c in range(3):
        wanted = np.convolve(signal, responses[:, c])[: len(signal)]
        assert found[:, c] == pytest.approx(wanted, abs=1e-4)


@settings(deadline=None, max_examples=50)
@given(st.floats(1e-9, 1 - 1e-9), st.integers(0, 40), st.floats(0.0, 1.0))
def test_counts_of_fibres_are_binomial(u: float, n: int, p: float) -> None:
    found = cells._binomial(u, n, p)
    assert 0 <= found <= n
    assert stats.binom.cdf(found, n, p) >= u - 1e-9
    assert found == 0 or stats.binom.cdf(found - 1, n, p) <= u + 1e-9


def test_forty_fibres_that_rest_fire_as_fibres_one_by_one() -> None:
    chance, steps, rest, channels = 0.05, 4000, 16, 50
    key = cells.stream_key(3, "lauscher", "fibres")
    free, fired = np.full(channels, 40, np.int32), np.zeros((rest, channels), np.int32)
    counts, drawn = np.zeros((steps, channels)), np.empty(channels, np.uint32)
    for n in range(steps):
        cells._draw(*cells.step_words(key, n), drawn)
        cells._count(np.full(channels, chance), drawn, free, fired[n % rest])
        counts[n] = fired[n % rest]
        assert (free + fired.sum(axis=0) == 40).all()
    # A renewal process: the mean interval is rest - 1 + 1/chance steps.
    rate = 40.0 / (rest - 1 + 1 / chance)
    assert counts[500:].mean() == pytest.approx(rate, rel=0.02)
    # One by one: intervals of renewal processes add up to counts of less than Poisson variance.
    rng, last, alone = np.random.default_rng(0), np.full((channels, 40), -rest), []
    for n in range(steps):
        now = (n - last >= rest) & (rng.random((channels, 40)) < chance)
        last[now] = n
        alone.append(now.sum(axis=1))
    sums = [np.sum(np.reshape(c[500:4000], (35, 100, channels)), axis=1) for c in (counts, alone)]
    assert sums[0].var() == pytest.approx(sums[1].var(), rel=0.2)


def test_in_silence_hair_cells_are_at_rest_and_few_channels_fire() -> None:
    ear = cells.BushyCells(200, 16000.0, 0)
    before = ear._levels[:3].copy()
    steps, units = ear.fire(np.zeros((16000, 200), np.float32), 0)
    assert ear._levels[:3] == pytest.approx(before, rel=1e-9)
    assert 0.3 < len(steps) / 200 < 5.0 and len(np.unique(units)) > 60


@settings(deadline=None, max_examples=8)
@given(
    st.lists(st.integers(0, 900), min_size=1, max_size=6),
    st.integers(0, 2**31),
    st.sampled_from([8000.0, 16000.0]),
)
def test_pieces_of_a_sound_are_heard_as_the_whole(
    lengths: list[int], seed: int, rate: float
) -> None:
    sound = np.random.default_rng(seed).normal(0, 0.1, sum(lengths))
    ear = Lauscher(40, rate, seed=seed)
    whole = ear.hear(sound)
    pieces = [ear.push(cut) for cut in np.split(sound, np.cumsum(lengths)[:-1])]
    pieces.append(ear.finish())
    assert np.array_equal(np.concatenate([p.t for p in pieces]), whole.t)
    assert np.array_equal(np.concatenate([p.unit for p in pieces]), whole.unit)
    assert not len(whole) or whole.t[-1] <= len(sound) / rate * 1e6 + 1
    assert np.array_equal(ear.hear(sound).t, whole.t)


def test_seeds_tell_ears_apart() -> None:
    sound = tone(600.0, 16000.0)
    one, other = (Lauscher(60, seed=s).hear(sound) for s in (1, 2))
    assert not np.array_equal(one.t[:50], other.t[:50])
    assert len(one) == pytest.approx(len(other), rel=0.2)


@pytest.mark.parametrize("frequency", [300.0, 1000.0, 3000.0])
def test_a_tone_is_heard_by_channels_near_it(frequency: float) -> None:
    for rate in (8000.0, 16000.0):
        ear = Lauscher(120, rate)
        counts = ear.hear(tone(frequency, rate)).counts()
        octaves = np.log2(ear.frequencies / frequency)
        # A travelling wave passes the channels above its place, and not those below.
        near = counts[np.abs(octaves) < 0.2].mean()
        assert near > 10 and counts[octaves < -0.7].mean() < near / 5
        moved = np.abs(ear.vibration(tone(frequency, rate))[-800:]).max(axis=0)
        assert ear.frequencies[moved.argmax()] == pytest.approx(frequency, rel=0.1)


def test_a_sound_of_few_samples_moves_the_membrane_as_one_of_many() -> None:
    slow = Lauscher(50, 8000.0).vibration(tone(700.0, 8000.0))
    fast = Lauscher(50, 16000.0).vibration(tone(700.0, 16000.0))
    assert slow.shape == fast.shape
    assert np.abs(slow - fast)[1600:].max() < 0.01 * np.abs(fast).max()


def test_louder_sounds_make_more_spikes_up_to_a_limit() -> None:
    ear = Lauscher(80, gain=1.0)
    counts = [len(ear.hear(a * tone(1000.0, 16000.0))) for a in (0.0, 0.3, 3.0, 30.0, 300.0)]
    assert counts[1] > counts[0] and counts[2] > 1.5 * counts[1] and counts[3] > counts[2]
    assert counts[4] < 2.5 * counts[3]


def test_clips_are_as_loud_as_those_of_shd() -> None:
    clip = shd_clip(np.random.default_rng(0).normal(0, 0.01, 8000))
    assert np.sqrt(np.mean(clip**2)) == pytest.approx(0.3 * np.sqrt(3 / 8), rel=0.05)
    assert clip[0] == 0 and clip[-1] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Lauscher(1),
        lambda: Lauscher(700.0),
        lambda: Lauscher(rate=1000.0),
        lambda: Lauscher(rate=float("nan")),
        lambda: Lauscher(20, gain=0.0),
        lambda: Lauscher(20).push([0.0, np.inf]),
        lambda: shd_clip(np.zeros(10)),
        lambda: shd_clip([]),
    ],
)
def test_what_cannot_be(wrong: object) -> None:
    with pytest.raises(ValidationError):
        wrong()
