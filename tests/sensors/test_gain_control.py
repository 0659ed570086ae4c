"""Slow gain control of the cascade: time constants, spread, compression, rest, pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.errors import ValidationError
from spikestack.sensors.cochlea import CARFAC
from spikestack.sensors.cochlea.gain_control import GainControl

RATE = 16000.0


def tone(amplitude: float, seconds: float = 0.4, frequency: float = 1000.0) -> np.ndarray:
    n = np.arange(int(seconds * RATE))
    return amplitude * np.sin(2 * np.pi * frequency * n / RATE)


@pytest.mark.parametrize("stage", range(4))
def test_stages_follow_a_step_with_their_time_constants(stage: int) -> None:
    control = GainControl(5, RATE, stage_gain=0.0)
    tau, every = 2.0 * 4.0**stage, 8 * 2**stage
    levels = []
    for _ in range(int(4 * tau / (every / RATE * 1e3))):
        control.push(np.ones((every, 5)))
        levels.append(control.levels[stage, 2])
    times = np.arange(1, len(levels) + 1) * every / RATE * 1e3
    reached = np.interp(1 - np.exp(-1), np.r_[0.0, levels], np.r_[0.0, times])
    assert reached == pytest.approx(tau, rel=0.05)


def test_a_constant_gives_itself() -> None:
    control = GainControl(7, RATE)
    control.push(np.full((int(3 * RATE), 7), 0.3))
    assert control.levels[0] == pytest.approx(np.full(7, 0.3), rel=1e-3)


@pytest.mark.parametrize("stage", range(4))
def test_levels_spread_to_neighbours_and_more_to_higher_ones(stage: int) -> None:
    control = GainControl(201, RATE, stage_gain=0.0)
    row = np.zeros((int(RATE), 201))
    row[:, 100] = 1.0
    control.push(row)
    level, place = control.levels[stage], np.arange(201) - 100.0
    mean = np.average(place, weights=level)
    wanted = 0.65 * np.sqrt(2.0) ** stage
    assert level.min() >= 0 and level.sum() == pytest.approx(1.0, rel=1e-2)
    assert mean == pytest.approx(wanted, rel=0.15)
    # The spread within a time constant, and that of the times themselves, over which means shift.
    spread = (1.0 + 1.65**2) * 2.0**stage + wanted**2
    assert np.average((place - mean) ** 2, weights=level) == pytest.approx(spread, rel=0.2)


def test_the_ear_compresses_levels_with_gain_control() -> None:
    moved = {}
    for damping in (None, 0.0, 1.0):
        ear = CARFAC(damping=damping)
        peaks = [np.abs(ear.vibration(tone(a))[4800:]).max() for a in (1e-4, 1e-3, 1e-2, 1e-1)]
        moved[damping] = 20 * np.log10(peaks)
    assert np.ptp(moved[1.0]) == pytest.approx(60.0, abs=0.5)
    # Of 60 dB, gain control leaves half; what outer hair cells do alone leaves much more.
    assert 10.0 < np.ptp(moved[None]) < 35.0
    assert np.ptp(moved[0.0]) > np.ptp(moved[None]) + 8.0
    assert (moved[None] <= moved[0.0]).all() and (moved[None] >= moved[1.0]).all()


def test_a_loud_sound_damps_its_channels_and_the_ear_recovers() -> None:
    ear = CARFAC()
    ear.push(tone(0.02))
    damping = ear.control.levels[0].copy()
    near = np.abs(np.log2(ear.frequencies / 1000.0)) < 0.3
    far = np.abs(np.log2(ear.frequencies / 1000.0)) > 1.5
    assert damping[near].max() > 0.2 and damping[near].max() > 5 * damping[far].max()
    ear.push(np.zeros(int(2 * RATE)))
    assert np.abs(ear.control.levels).max() < 1e-3 * damping.max()
    soft = ear.push(tone(1e-3))
    assert len(soft) == pytest.approx(len(ear.hear(tone(1e-3))), rel=0.02)


def test_onsets_are_greater_than_what_follows() -> None:
    moved = np.abs(CARFAC().vibration(tone(0.1))).max(axis=1)
    assert moved[:480].max() > 1.5 * moved[4800:].max()


def test_silence_is_stable() -> None:
    ear = CARFAC()
    assert len(ear.push(np.zeros(int(2 * RATE)))) == 0
    assert np.abs(ear.control.levels).max() < 1e-12
    # A sound too loud for any ear, of all frequencies.
    loud = ear.vibration(np.random.default_rng(0).normal(0, 100.0, 8000))
    assert np.isfinite(loud).all()


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 21), min_size=1, max_size=40), st.integers(0, 2**31))
def test_short_pieces_carry_the_phase_of_gain_control(lengths: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).normal(0, 0.3, sum(lengths))
    ear = CARFAC(low=800.0)
    whole = ear.push(sound)
    levels = ear.control.levels.copy()
    ear.reset()
    pieces = [ear.push(cut) for cut in np.split(sound, np.cumsum(lengths)[:-1])]
    assert np.array_equal(ear.control.levels, levels)
    assert np.array_equal(np.concatenate([p.t for p in pieces]), whole.t)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CARFAC(damping=1.5),
        lambda: CARFAC(damping=float("nan")),
        lambda: GainControl(4, RATE, stage_gain=-1.0),
    ],
)
def test_what_cannot_be(wrong: object) -> None:
    with pytest.raises(ValidationError):
        wrong()
