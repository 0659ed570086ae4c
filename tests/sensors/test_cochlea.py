"""Cochleas: tuning, bandwidth, causality, levels, pieces, and two ears."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.errors import ValidationError
from spikestack.sensors.cochlea import CARFAC, DAS1, Gammatone, MelDelta, interaural_delay
from spikestack.sensors.cochlea.ganglion import Ganglion
from spikestack.sensors.cochlea.scales import erb

RATE = 16000.0


def tone(frequency: float, seconds: float = 0.3, amplitude: float = 0.1) -> np.ndarray:
    n = np.arange(int(seconds * RATE))
    return amplitude * np.sin(2 * np.pi * frequency * n / RATE)


def responses(ear: object) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and the gain of every channel at each, from impulse responses."""
    impulse = np.zeros(32768)
    impulse[0] = 1.0 / ear.gain
    spectrum = np.abs(np.fft.rfft(ear.vibration(impulse), axis=0))
    return np.fft.rfftfreq(len(impulse), 1 / RATE), spectrum


def test_gammatones_peak_at_their_centres_and_are_as_wide_as_they_should_be() -> None:
    ear = Gammatone(24, 100.0, 6000.0)
    frequency, gain = responses(ear)
    for c, centre in enumerate(ear.frequencies):
        top = gain[:, c].argmax()
        assert frequency[top] == pytest.approx(centre, rel=0.03)
        assert gain[top, c] == pytest.approx(1.0, rel=0.02)
        above = frequency[gain[:, c] >= gain[top, c] / np.sqrt(2)]
        wanted = 2 * 1.019 * erb(centre) * np.sqrt(2**0.25 - 1)
        assert above[-1] - above[0] == pytest.approx(wanted, rel=0.1)


def test_the_cascade_is_tuned_and_compresses() -> None:
    ear = CARFAC(damping=0.2)
    assert (np.diff(ear.frequencies) > 0).all()
    middle = len(ear.frequencies) // 2
    centre = ear.frequencies[middle]
    peaks = []
    for amplitude in (1e-3, 1.0):
        moved = np.abs(ear.vibration(tone(centre, 0.2, amplitude))[1600:]).max(axis=0)
        assert abs(int(moved.argmax()) - middle) <= 4
        peaks.append(moved.max() / amplitude)
    assert peaks[0] > 1.2 * peaks[1]


@pytest.mark.parametrize("kind", [Gammatone, CARFAC, DAS1])
def test_nothing_is_heard_before_it_sounds(kind: type) -> None:
    ear = kind(rate=RATE)
    late = np.concatenate([np.zeros(2000), tone(1000.0)])
    assert not ear.vibration(late)[:2000].any()
    events = ear.hear(late)
    assert len(events) > 50 and events.t[0] > 2000 / RATE * 1e6
    assert len(ear.hear(np.zeros(4000))) == 0


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=6), st.integers(0, 2**31))
def test_pieces_of_a_sound_are_heard_as_the_whole(lengths: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).normal(0, 0.1, sum(lengths))
    for ear in (Gammatone(8), CARFAC(low=500.0), DAS1(12), MelDelta(rate=RATE)):
        whole = ear.hear(sound)
        cuts = np.split(sound, np.cumsum(lengths)[:-1])
        pieces = [ear.push(cut) for cut in cuts]
        ear.reset()
        assert np.array_equal(np.concatenate([p.t for p in pieces]), whole.t)
        assert np.array_equal(np.concatenate([p.unit for p in pieces]), whole.unit)


def test_louder_sounds_make_more_spikes_up_to_a_limit() -> None:
    ear = Gammatone(16, low=900.0, high=1100.0, ganglion=Ganglion((0.02, 0.05, 0.2)))
    counts = [len(ear.hear(tone(1000.0, 0.5, 10 ** (db / 20)))) for db in range(-80, 21, 10)]
    assert all(b >= a for a, b in pairwise(counts))
    assert counts[0] < 0.05 * counts[-1] and counts[-1] < 1.4 * counts[-2]


def test_fibres_rest_after_a_spike() -> None:
    ear = Gammatone(16, ganglion=Ganglion((0.05,), refractory=2.0))
    events = ear.hear(tone(500.0, 0.3, 1.0))
    for unit in np.unique(events.unit):
        assert np.diff(events.t[events.unit == unit]).min(initial=2000) >= 2000


def test_a_chirp_runs_along_the_channels() -> None:
    n = np.arange(int(RATE))
    chirp = 0.3 * np.sin(2 * np.pi * (200 * n / RATE + 1900 * (n / RATE) ** 2))
    ear = Gammatone(32, 150.0, 5000.0)
    loudest = [np.abs(p).max(axis=0).argmax() for p in np.split(ear.vibration(chirp), 20)]
    assert all(b >= a for a, b in pairwise(loudest)) and loudest[-1] > loudest[0] + 10


@pytest.mark.parametrize("delay", [-6, 0, 3, 9])
def test_two_ears_find_a_direction(delay: int) -> None:
    rng = np.random.default_rng(4)
    sound = np.convolve(rng.normal(0, 0.3, 16000), np.hanning(9) / 4, "same")
    left, right = sound[20:15000], sound[20 - delay : 15000 - delay]
    ear = Gammatone(32, 200.0, 1500.0)
    found, centres, counts = interaural_delay(ear.hear(left), ear.hear(right))
    assert found == pytest.approx(delay * 1e6 / RATE, abs=40)
    assert counts.sum() > 0 and len(centres) == len(counts)


def test_delta_modulation_follows_the_bands() -> None:
    front = MelDelta(rate=RATE)
    sound = np.concatenate([tone(1000.0, 0.3), np.zeros(4000), tone(1000.0, 0.2, 0.5)])
    events, levels = front.hear(sound), front.energies(sound)
    up = np.zeros(front.bands)
    np.add.at(up, events.unit % front.bands, np.where(events.unit < front.bands, 1.0, -1.0))
    begin = np.rint(levels[0])
    assert np.abs(begin + up - levels[-1]).max() <= 1.0 + 1e-9


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Gammatone(high=8000.0),
        lambda: Gammatone(channels=0),
        lambda: Gammatone(gain=-1.0),
        lambda: Gammatone().hear(np.zeros((2, 5))),
        lambda: Gammatone().hear([0.0, np.nan]),
        lambda: Ganglion(thresholds=()),
        lambda: MelDelta(hop=0),
        lambda: interaural_delay(Gammatone(4).hear([0.0]), Gammatone(5).hear([0.0])),
    ],
)
def test_what_cannot_be(wrong: object) -> None:
    with pytest.raises(ValidationError):
        wrong()


def test_silicon_ears_differ_by_chance_and_have_four_pulses() -> None:
    one, other, ideal = DAS1(seed=1), DAS1(seed=2), DAS1(mismatch=0.0)
    sound = tone(1000.0, 0.2, 0.05)
    events = one.hear(sound)
    assert events.units == 256 and len(events) > 100
    counts = events.counts().reshape(64, 4)
    assert (np.diff(counts.sum(axis=0)) <= 0).all()
    assert not np.array_equal(counts.ravel(), other.hear(sound).counts())
    moved = np.abs(ideal.vibration(tone(1000.0)))[1600:].max(axis=0)
    assert ideal.frequencies[moved.argmax()] == pytest.approx(1000.0, rel=0.25)
