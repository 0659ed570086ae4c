"""Encoders: what each decoder gives back is as near as promised, in one piece or many."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.sensors.encoders.base import Encoder
from spikestack.sensors.events import UnitEvents

DT = 2.0  # ms
#: One or more of each kind, for values from 0 to 1 that begin at 0 and move by 0.2 at most.
ENCODERS = {
    "poisson": sp.PoissonCode(rate=300.0),
    "regular": sp.RegularCode(rate=300.0, window=20.0),
    "regular fast": sp.RegularCode(rate=3000.0, window=5.0),
    "latency": sp.LatencyCode(),
    "membrane": sp.LatencyCode(curve="membrane", theta=0.2, tau=1.0),
    "phase": sp.PhaseCode(),
    "angle": sp.PhaseCode(style="angle"),
    "burst": sp.BurstCode(shortest=0.1, longest=0.5),
    "held burst": sp.BurstCode(every=20),
    "rank order": sp.RankOrderCode(),
    "population": sp.PopulationCode(),
    "mass": sp.PopulationCode(read="mass"),
    "send on delta": sp.SendOnDelta(d=0.03),
    "heartbeat": sp.HeartbeatDelta(d=0.03, hysteresis=0.01, at_least_every=10.0),
    "step forward": sp.StepForward(d=0.2),
    "several steps": sp.StepForward(d=0.05, most=4),
    "threshold": sp.ThresholdBased(d=0.05),
    "moving window": sp.MovingWindow(d=0.05),
    "bsa": sp.BSA(taps=5),
    "sigma-delta": sp.SigmaDeltaCode(),
    "lif": sp.LIFCode(),
    "interval": sp.IntervalCode(),
    "synchrony": sp.SynchronyCode(units=20),
}
BOUNDED = [name for name, coder in ENCODERS.items() if coder.bound(DT) is not None]
signals = st.integers(1, 60).flatmap(
    lambda n: hnp.arrays(np.float64, (n, 2), elements=st.floats(-0.2, 0.2))
)


def walk(changes: np.ndarray) -> np.ndarray:
    """A signal from 0 to 1 that moves by at most 0.2 at a time."""
    made, x = [], np.zeros(2)
    for change in changes:
        x = np.clip(x + change, 0.0, 1.0)
        made.append(x)
    return np.array(made)


def noise(n: int = 200, seed: int = 0, channels: int = 2) -> np.ndarray:
    return walk(np.random.default_rng(seed).uniform(-0.2, 0.2, (n, channels)))


def same(a: UnitEvents, b: UnitEvents) -> bool:
    return a.units == b.units and np.array_equal(a.t, b.t) and np.array_equal(a.unit, b.unit)


@pytest.mark.parametrize("name", BOUNDED)
@settings(max_examples=60, deadline=None)
@given(changes=signals)
def test_never_further_off_than_promised(name: str, changes: np.ndarray) -> None:
    coder, x = ENCODERS[name], walk(changes)
    back = coder.decode(coder.encode(x, DT), len(x), DT)
    assert back.shape == x.shape
    assert np.abs(back - coder.reference(x, DT)).max() <= coder.bound(DT) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("name", BOUNDED)
def test_promises_are_no_larger_than_they_must_be(name: str) -> None:
    """Some signal comes within a factor of ten of the bound."""
    coder, worst = ENCODERS[name], 0.0
    for seed in range(20):
        x = noise(seed=seed)
        back = coder.decode(coder.encode(x, DT), len(x), DT)
        worst = max(worst, np.abs(back - coder.reference(x, DT)).max())
    assert worst > 0.1 * coder.bound(DT)


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 120), max_size=6), seed=st.integers(0, 99))
def test_pieces_give_the_events_of_the_whole(name: str, cuts: list[int], seed: int) -> None:
    coder, x = ENCODERS[name], noise(120, seed)
    stream = coder.stream(DT, 2)
    parts = [stream.push(piece) for piece in np.split(x, sorted(cuts))] + [stream.finish()]
    t, unit = (np.concatenate([getattr(p, a) for p in parts]) for a in ("t", "unit"))
    assert same(UnitEvents(t, unit, coder.per_channel * 2), coder.encode(x, DT))


@pytest.mark.parametrize("name", ENCODERS)
def test_channels_do_not_meddle(name: str) -> None:
    """But in a rank order, which is between channels."""
    if name == "rank order":
        pytest.skip("channels are compared")
    coder, x = ENCODERS[name], noise()
    both = coder.encode(x, DT)
    mine = both[both.unit < coder.per_channel]
    alone = coder.encode(x[:, 0], DT)
    assert np.array_equal(mine.t, alone.t) and np.array_equal(mine.unit, alone.unit)
    assert coder.decode(alone, len(x), DT).shape == (len(x),)


@pytest.mark.parametrize("name", ENCODERS)
def test_bad_signals_are_refused(name: str) -> None:
    coder = ENCODERS[name]
    for bad in ([0.0, np.nan], [np.inf], "abc", np.zeros((2, 2, 2)), np.zeros((3, 0)), [1j]):
        with pytest.raises(ValidationError):
            coder.encode(bad, DT)
    assert len(coder.encode([], DT)) == 0
    assert coder.decode(coder.encode([], DT), 0, DT).shape == (0,)
    with pytest.raises(ValidationError):
        coder.encode([0.5], -1.0)
    with pytest.raises(ValidationError, match="after finish"):
        stream = coder.stream(DT)
        stream.finish()
        stream.push([0.5])


@pytest.mark.parametrize(
    "coder",
    [
        sp.SendOnDelta(d=0.0),
        sp.SendOnDelta(d=[1.0, 2.0, 3.0]),
        sp.HeartbeatDelta(hysteresis=-0.1),
        sp.HeartbeatDelta(at_least_every=0.0),
        sp.StepForward(d=-1.0),
        sp.StepForward(most=0),
        sp.PoissonCode(rate=2000.0),
        sp.PoissonCode(low=1.0, high=1.0),
        sp.LatencyCode(theta=0.0),
        sp.LatencyCode(curve="odd"),
        sp.PhaseCode(phases=0),
        sp.PhaseCode(style="odd"),
        sp.BurstCode(longest=500.0),
        sp.RankOrderCode(m=1.0),
        sp.PopulationCode(beta=9.0),
        sp.MovingWindow(window=0),
        sp.BSA(taps=0),
        sp.IntervalCode(shortest=1.0),
        sp.SigmaDeltaCode(scale=0.0),
        sp.LIFCode(tau=float("nan")),
    ],
    ids=lambda c: f"{type(c).__name__}",
)
def test_bad_parameters_are_named(coder: Encoder) -> None:
    with pytest.raises(ValidationError, match=type(coder).__name__):
        coder.encode(noise(), DT)


def test_steps_in_several_units() -> None:
    """An interval of 2 ms is a rate of 500 Hz."""
    coder, x = sp.SendOnDelta(d=0.05), noise()
    assert same(coder.encode(x, "500 Hz"), coder.encode(x, 2.0))
    assert same(coder.encode(x, "2000 us"), coder.encode(x, 2.0))
    with pytest.raises(ValidationError):
        coder.encode(x, "3 mV")


def test_each_channel_may_have_its_own_step() -> None:
    x = noise() * [1.0, 100.0]
    coder = sp.SendOnDelta.fitted(x, DT, share=0.02)
    back = coder.decode(coder.encode(x, DT), len(x), DT)
    assert (np.abs(back - x) <= coder.d * (1 + 1e-9)).all()


@settings(max_examples=60, deadline=None)
@given(
    x=hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-1e6, 1e6)),
    d=st.floats(0.5, 1e5),
)
def test_send_on_delta_follows_any_jump(x: np.ndarray, d: float) -> None:
    """Never further off than d, whatever the signal."""
    coder = sp.SendOnDelta(d=d, start=float(x[0]))
    assert np.abs(coder.decode(coder.encode(x, 1.0), len(x), 1.0) - x).max() <= d * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(changes=signals)
def test_errors_that_add_up_do_so_no_faster_than_stated(changes: np.ndarray) -> None:
    """Threshold-based and moving-window codes feed nothing back."""
    x = walk(changes)
    s, k = np.abs(np.diff(np.vstack([np.zeros(2), x]), axis=0)).max(), np.arange(1, len(x) + 1)
    for coder, slope in (
        (sp.ThresholdBased(d=0.05), max(0.05, s - 0.05)),
        (sp.MovingWindow(d=0.05), s + 0.05),
    ):
        off = np.abs(coder.decode(coder.encode(x, DT), len(x), DT) - x).max(axis=1)
        assert (off <= k * slope + 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(changes=signals, threshold=st.floats(0.0, 0.9))
def test_every_spike_of_bsa_makes_the_error_smaller(changes: np.ndarray, threshold: float) -> None:
    x = walk(changes)[:, 0]
    coder = sp.BSA(taps=5, threshold=threshold)
    events = coder.encode(x, DT)
    off = np.abs(coder.decode(events, len(x), DT) - x).sum()
    assert off <= x.sum() - threshold * len(events) + 1e-9


def test_bsa_finds_the_spikes_of_a_filtered_train() -> None:
    """Where they are at least a filter's length apart, and the threshold is high."""
    coder = sp.BSA(taps=8, threshold=0.95)
    spikes = np.zeros(200)
    spikes[np.cumsum(np.random.default_rng(1).integers(8, 15, 13))] = 1
    x = np.convolve(spikes, coder.filter)[:200]
    found = coder.encode(x, 1.0)
    assert np.abs(coder.decode(found, 200, 1.0) - x).max() < 1e-9
    assert np.array_equal(found.t, 1000 * np.flatnonzero(spikes))


def test_poisson_spikes_are_poisson() -> None:
    """Mean and variance of counts over a constant value; another seed, other spikes."""
    coder = sp.PoissonCode(rate=100.0, seed=3)
    x = np.full((200_000, 2), 0.5)
    events = coder.encode(x, 1.0)
    counts = events.counts()
    assert np.abs(counts - 10_000).max() < 5 * np.sqrt(10_000 * 0.95)
    per_second = np.bincount(events[events.unit == 0].t // 1_000_000, minlength=200)
    assert 0.75 < per_second.var() / (50 * 0.95) < 1.3
    assert not same(events, sp.PoissonCode(rate=100.0, seed=4).encode(x, 1.0))
    assert (
        abs(
            np.corrcoef(
                *np.array(
                    [
                        np.bincount(events[events.unit == c].t // 1000, minlength=200_000)
                        for c in (0, 1)
                    ]
                )
            )[0, 1]
        )
        < 0.01
    )


def test_poisson_decoder_is_right_on_average() -> None:
    coder = sp.PoissonCode(low=-1.0, high=3.0, rate=200.0, window=50.0)
    for value in (-0.5, 1.0, 2.5):
        back = coder.decode(coder.encode(np.full(100_000, value), 1.0), 100_000, 1.0)[50:]
        share = (value + 1) / 4
        assert abs(back.mean() - value) < 0.03
        wanted = 4 * np.sqrt(share * (1 - share * 0.2) / (200.0 * 0.05))
        assert back.std() == pytest.approx(wanted, rel=0.1)


@settings(max_examples=40, deadline=None)
@given(x=hnp.arrays(np.float64, (5, 7), elements=st.floats(0, 1)))
def test_rank_order_keeps_the_order(x: np.ndarray) -> None:
    coder = sp.RankOrderCode(m=0.8)
    back = coder.decode(coder.encode(x, DT), 5, DT)
    order = np.argsort(-x, axis=1, kind="stable")
    assert np.array_equal(np.argsort(-back, axis=1, kind="stable"), order)
    series = 0.8 ** order.astype(float)
    assert np.allclose(coder.decode(coder.encode(series, DT), 5, DT), series)


@settings(max_examples=40, deadline=None)
@given(changes=signals)
def test_intervals_tell_what_the_signal_was_when_they_began(changes: np.ndarray) -> None:
    coder, x = sp.IntervalCode(shortest=3.0, longest=11.0), walk(changes)
    events = coder.encode(x, DT)
    back = coder.decode(events, len(x), DT)
    for c in (0, 1):
        train = events[events.unit == c].t[:-1]
        at = ((train + 0.5) / (DT * 1000)).astype(int)
        assert np.abs(back[at, c] - x[at, c]).max(initial=0.0) <= coder.quantum()


def test_synchrony_leaves_rates_alone() -> None:
    """Every unit spikes once a frame, whatever the value."""
    coder = sp.SynchronyCode(units=30)
    for value in (0.0, 0.4, 1.0):
        assert (coder.encode(np.full(50, value), DT).counts() == 50).all()


def test_events_drive_a_network() -> None:
    x = noise(channels=1)[:, 0]
    coder = sp.SendOnDelta(d=0.1)
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", coder.per_channel, sp.LIF()))
    net.drive(cells, coder.encode(x, DT).spike_trains(start=0, weight=50.0))
    net.record(cells, "spikes")
    assert len(net.run(400.0, on="reference")["cells"]) > 10


def test_the_best_encoder_meets_the_wish_with_fewest_events() -> None:
    t = np.arange(2000) * DT
    x = np.sin(2 * np.pi * t / 700.0) + 0.3 * np.sin(2 * np.pi * t / 90.0)
    choice = sp.choose_encoder(x, DT, snr=25.0)
    assert choice.best.snr >= 25.0
    assert all(t.events >= choice.best.events for t in choice.tried if t.snr >= 25.0)
    front = choice.front
    assert all(a.events < b.events and a.snr < b.snr for a, b in pairwise(front))
    events = choice.best.encoder.encode(x, DT)
    assert len(events) == choice.best.events
    off = choice.best.encoder.decode(events, len(x), DT) - x
    assert 10 * np.log10(x.var() / (off**2).mean()) == pytest.approx(choice.best.snr, abs=1e-6)
    assert type(sp.choose_encoder(x, DT, events=0.2).best.encoder) is not None


def test_what_cannot_be_had_is_said() -> None:
    with pytest.raises(ValidationError, match="dB"):
        sp.choose_encoder(noise(channels=1), DT, snr=500.0)
    with pytest.raises(ValidationError):
        sp.choose_encoder(np.ones(50), DT)


def test_the_front_is_drawn(tmp_path: Any) -> None:
    figure = sp.choose_encoder(noise(channels=1), DT, snr=10.0).plot()
    figure.savefig(tmp_path / "front.png")
    assert (tmp_path / "front.png").stat().st_size > 5000
