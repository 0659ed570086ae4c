"""Vibration, muscles and slow scalars: what they say, in one piece or many."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.sensors.bearing import FAULTS, Bearing, BearingFault
from spikestack.sensors.emg import EMG
from spikestack.sensors.envelope import Envelope
from spikestack.sensors.periodicity import periodicity
from spikestack.sensors.resonator_bank import ResonatorBank


def tone(hertz: float, rate: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)


def joined(parts: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    t, unit = (np.concatenate([getattr(p, name) for p in parts]) for name in ("t", "unit"))
    return t, unit


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=5), st.integers(0, 2**31))
def test_pieces_are_felt_as_the_whole(lengths: list[int], seed: int) -> None:
    """Of all of them, to the bit."""
    rng = np.random.default_rng(seed)
    signal = np.cumsum(rng.normal(0, 1.0, (sum(lengths), 2)), axis=0) + 9.81
    cuts = np.cumsum(lengths)[:-1]
    for sensor, x in (
        (ResonatorBank(2, 8, 5.0, 500.0, 2000.0), signal),
        (Envelope(50.0, 400.0, 20.0, 2000.0, 2), signal),
        (Envelope(50.0, 400.0, 20.0, 2000.0, 2, sp.BSA(low=0.0, high=5.0, taps=7)), signal),
        (EMG(2, 2000.0), 40.0 * signal),
    ):
        whole = sensor.feel(x)
        parts = [sensor.push(piece) for piece in np.split(x, cuts)]
        if hasattr(sensor, "finish"):
            parts.append(sensor.finish())
        t, unit = joined(parts)
        assert np.array_equal(t, whole.t) and np.array_equal(unit, whole.unit)


def test_resonators_peak_at_their_centres() -> None:
    """Gain 1 there, 3 dB less at the edges of the band, nothing of a constant."""
    bank = ResonatorBank(1, 12, 5.0, 500.0, 2000.0, q=4.0)
    pulse = np.zeros(40_000)
    pulse[1] = 1.0
    answer = np.abs(np.fft.rfft(bank.resonance(pulse)[:, 0], axis=0))
    hertz = np.fft.rfftfreq(len(pulse), 1 / 2000.0)
    peaks = hertz[answer.argmax(axis=0)]
    assert peaks == pytest.approx(bank.frequencies, rel=0.02)
    assert answer.max(axis=0) == pytest.approx(np.ones(12), rel=1e-3)
    for c in (0, 5, 9):
        inside = hertz[answer[:, c] >= np.sqrt(0.5)]
        assert np.ptp(inside) == pytest.approx(bank.frequencies[c] / 4.0, rel=0.01, abs=0.1)
    assert not bank.resonance(np.full(100, 9.81)).any()
    assert len(bank.feel(np.full(4000, 9.81))) == 0


def test_each_tone_is_felt_in_its_channel_and_on_its_axis() -> None:
    bank = ResonatorBank(3, 16, 5.0, 500.0, 2000.0)
    for axis, hertz in ((0, 12.0), (1, 60.0), (2, 300.0)):
        signal = np.zeros((4000, 3))
        signal[:, axis] = 0.5 * tone(hertz, 2000.0, 2.0)
        counts = bank.feel(signal).counts().reshape(3, 16)
        assert counts.sum() == counts[axis].sum() > 0
        nearest = np.argmin(np.abs(np.log(bank.frequencies / hertz)))
        assert abs(int(counts[axis].argmax()) - int(nearest)) <= 1
        quiet = bank.feel(0.1 * signal)
        assert len(quiet) == 0


def test_the_envelope_of_a_tone_is_its_amplitude() -> None:
    rate = 8000.0
    t = np.arange(16_000) / rate
    slow = 1.0 + 0.5 * np.sin(2 * np.pi * 4.0 * t)
    sensor = Envelope(800.0, 1200.0, 60.0, rate, encoder=sp.SendOnDelta(0.1))
    signal = slow * np.sin(2 * np.pi * 1000.0 * t) + 5.0 * np.sin(2 * np.pi * 50.0 * t) + 3.0
    size = sensor.envelope(signal)[:, 0]
    late = int(0.006 * rate)  # of the filters
    error = size[4000:] - slow[4000 - late : -late]
    assert np.abs(error).max() < 0.06
    events = sensor.feel(signal)
    back = sp.SendOnDelta(0.1).decode(events, len(signal), 1e3 / rate)
    assert np.abs(back - size).max() <= 0.1 * (1 + 1e-9)


def test_a_bearing_is_struck_as_its_shape_says() -> None:
    """Rates by hand: 9 balls of 7.94 on 39.04, 29 Hz; rolling of both rings adds up to 9 turns."""
    rates = Bearing().rates(29.0)
    assert rates["outer"] + rates["inner"] == pytest.approx(9 * 29.0)
    assert rates["outer"] == pytest.approx(103.96, abs=0.01)
    assert rates["cage"] == pytest.approx(rates["outer"] / 9)
    assert rates["ball"] == pytest.approx(136.69, abs=0.01)
    fault = BearingFault("outer", slip=0.0, noise=0.0, seed=3)
    times, sizes = fault.impacts(2.0)
    assert np.diff(times) == pytest.approx(1e3 / fault.fault_rate) and (sizes == 1.0).all()
    # Each blow is where the record begins to ring: between one and the next it has died away.
    ring = fault.record(2.0) - tone(29.0, 12_000.0, 2.0)
    loud = np.flatnonzero(np.abs(ring) > 0.3)
    onsets = loud[np.diff(loud, prepend=-1000) > 60] / 12.0
    assert len(onsets) == len(times) and np.abs(onsets - times).max() < 0.2


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("shaft", [17.0, 29.0])
def test_the_fault_is_found_from_events(fault: str, shaft: float) -> None:
    """Within 1 % of the true rate, in 4 seconds, from up events of the envelope alone."""
    machine = BearingFault(fault, shaft, strength=1.5, noise=0.25, seed=7)
    sensor = Envelope(2000.0, 4000.0, 600.0, machine.rate, encoder=sp.SendOnDelta(0.25))
    events = sensor.feel(machine.record(4.0))
    ups = events[events.unit == 0]
    found = periodicity(ups, 0.6 * machine.fault_rate, 1.7 * machine.fault_rate)
    assert found.best == pytest.approx(machine.fault_rate, rel=0.01)
    # And none where there is no damage.
    sound = BearingFault(fault, shaft, strength=0.0, noise=0.25, seed=7)
    silent = sensor.feel(sound.record(4.0))
    ups = silent[silent.unit == 0]
    if len(ups) > 3:
        none = periodicity(ups, 0.6 * machine.fault_rate, 1.7 * machine.fault_rate)
        assert none.power.max() < 0.2 * found.power.max()


@pytest.mark.parametrize("fault", [*FAULTS, "none"])
def test_the_example_names_the_damaged_part(fault: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    script = Path(__file__).resolve().parents[2] / "examples" / "vibration.py"
    figure = tmp_path / "vibration.png"
    result = runpy.run_path(str(script))["main"](["--fault", fault, "--out", str(figure)])
    assert result["found"] == fault and figure.stat().st_size > 10_000
    assert result["rate_hz"] == pytest.approx(result["true_rate_hz"], rel=0.01)


def test_periodicity_is_a_direct_sum() -> None:
    t = np.sort(np.random.default_rng(1).uniform(0, 2000.0, 40))
    found = periodicity(t, 3.0, 30.0, harmonics=2)
    direct = sum(
        np.abs(np.exp(2e-3j * np.pi * h * found.frequency[:, None] * t).sum(axis=1)) ** 2 / 40
        for h in (1, 2)
    )
    assert found.power == pytest.approx(direct, rel=1e-6, abs=1e-9)
    assert periodicity(np.arange(0.0, 1000.0, 50.0), 12.0, 38.0).best == pytest.approx(
        20.0, rel=0.01
    )


def emg(rate: float = 2000.0, seconds: float = 4.0) -> np.ndarray:
    """uV: rest, weak, strong, rest; a second each, on an offset of 2 mV."""
    rng = np.random.default_rng(3)
    size = np.repeat([2.0, 60.0, 200.0, 2.0], int(rate * seconds / 4))
    return 2000.0 + size * rng.normal(size=len(size))


def test_effort_is_a_rate_and_rest_is_silent() -> None:
    events = EMG(1, 2000.0, step=30.0).feel(emg())
    effort = [int((events.between(a, a + 700).unit == 2).sum()) for a in (300, 1300, 2300, 3300)]
    assert effort[0] <= 1 and effort[3] <= 1 and 0 < 2.5 * effort[1] < effort[2]
    crossings = [int((events.between(a, a + 700).unit < 2).sum()) for a in (300, 1300, 2300)]
    assert crossings[0] == 0 and 0 < crossings[1] < crossings[2]
    ups, downs = events.counts()[:2]
    assert abs(int(ups) - int(downs)) < 10
    fewer = EMG(1, 2000.0, step="0.04 mV").feel(emg())
    assert (fewer.unit < 2).sum() < (events.unit < 2).sum()


def test_effort_is_as_fast_as_it_says() -> None:
    """A tone of 250 uV is half of full: 100 Hz."""
    events = EMG(1, 2000.0, full=500.0, most=200.0).feel(250.0 * tone(120.0, 2000.0, 3.0))
    assert (events.between(1000.0, 3000.0).unit == 2).sum() == pytest.approx(200, rel=0.02)


def test_a_heartbeat_says_that_nothing_happens() -> None:
    coder = sp.HeartbeatDelta(d=0.5, start=20.0, at_least_every=60_000.0)
    still = np.full(600, 20.2)
    still[300:] = 21.1
    events = coder.encode(still, dt=1000.0)
    assert events.counts().tolist() == [2, 0, 9]
    gaps = np.diff(events.t, prepend=0)
    assert gaps.max() <= 60_000_000
    assert np.abs(coder.decode(events, 600, 1000.0) - still).max() <= 0.5


def test_hysteresis_keeps_noise_silent() -> None:
    """Noise across a level: steps without it, few with it."""
    x = 20.0 + 0.6 * np.sin(np.arange(2000)) * np.linspace(0.8, 1.0, 2000)
    counts = [
        int(sp.HeartbeatDelta(0.5, 20.0, h).encode(x, 100.0).counts()[:2].sum()) for h in (0, 0.8)
    ]
    assert counts[0] > 500 and counts[1] <= 2


def test_what_cannot_be() -> None:
    for wrong in (
        lambda: ResonatorBank(0),
        lambda: ResonatorBank(high=1000.0),
        lambda: ResonatorBank(3).feel(np.zeros((10, 2))),
        lambda: Envelope(400.0, 100.0, 10.0, 2000.0),
        lambda: Envelope(100.0, 400.0, 10.0, 2000.0).push(np.zeros((5, 3))),
        lambda: Envelope(100.0, 400.0, 10.0, 2000.0, channels=0),
        lambda: EMG(rate=50.0),
        lambda: EMG(step=0.0),
        lambda: EMG().push([np.nan]),
        lambda: Bearing(ball=50.0),
        lambda: BearingFault(slip=0.5),
        lambda: BearingFault(resonance=9000.0),
        lambda: BearingFault().record(0.0),
        lambda: periodicity([1.0, 2.0], 1.0, 2.0),
        lambda: periodicity([1.0, 2.0, 1e12], 1.0, 2000.0),
    ):
        with pytest.raises(ValidationError):
            wrong()
    with pytest.raises(UnknownNameError):
        BearingFault("cage")
