"""Fano factor, local variation, spectra and correlograms: closed forms, and elephant as oracle."""

from __future__ import annotations

import numpy as np
import pytest

from spikestack.errors import ValidationError
from spikestack.recording import SpikeRecord, Trace

from .helpers import DT, random_record

T = 200_000.0


def poisson(rate: float = 20.0, size: int = 20, t_stop: float = T) -> SpikeRecord:
    """A Bernoulli spike in each step of 0.1 ms, which is Poisson but for a 500th."""
    rng = np.random.default_rng(1)
    steps = round(t_stop / DT)
    number = rng.binomial(steps, rate * DT / 1000.0, size)
    trains = [1 + rng.choice(steps, n, replace=False) for n in number]
    return SpikeRecord(
        population="p",
        size=size,
        dt=DT,
        steps=np.concatenate(trains),
        ids=np.repeat(np.arange(size), number),
        t_stop=t_stop,
    )


def clock(period: float = 10.0, t_stop: float = 1000.0) -> SpikeRecord:
    steps = np.arange(round(period / DT), round(t_stop / DT) + 1, round(period / DT))
    return SpikeRecord(
        population="c", size=1, dt=DT, steps=steps, ids=np.zeros(len(steps), int), t_stop=t_stop
    )


def test_poisson_process() -> None:
    record = poisson()
    assert np.isclose(record.fano_factor(100.0).mean(), 1.0, atol=0.02)
    assert np.isclose(record.local_variation().mean(), 1.0, atol=0.02)
    frequencies, power = record.spectrum(1.0)
    assert np.isclose(power[2:-1].mean(), 2 * 20.0 / 20, rtol=0.05)
    assert np.isclose(frequencies[1], 1.0) and np.isclose(frequencies[-1], 500.0)
    _, counts = record.cross_correlogram(0, 1, bin=5.0, max_lag=50.0)
    assert np.isclose(counts.mean(), 0.02 * 0.02 * T * 5.0, rtol=0.15)


def test_clock() -> None:
    record = clock()
    assert record.fano_factor(50.0).tolist() == [0.0]
    assert record.local_variation().tolist() == [0.0]
    lags, counts = record.cross_correlogram(0, 0, bin=1.0, max_lag=25.0)
    assert lags[counts > 0].tolist() == [-20.0, -10.0, 10.0, 20.0]
    assert counts[counts > 0].tolist() == [98, 99, 99, 98]
    frequencies, power = record.spectrum(1.0, segment=500.0)
    assert frequencies[power > 0.5 * power.max()].min() == 100.0


def test_alternating_intervals() -> None:
    """Of intervals a, b, a, ... the local variation is 3 ((a - b)/(a + b))**2."""
    steps = np.cumsum(np.tile([10, 30], 50))
    record = SpikeRecord(
        population="a", size=2, dt=DT, steps=steps, ids=np.zeros(100, int), t_stop=400.0
    )
    variation = record.local_variation()
    assert np.isclose(variation[0], 0.75) and np.isnan(variation[1])


def test_trials_stay_apart() -> None:
    """Counts are compared over trials; no interval or lag joins two of them."""
    record = SpikeRecord(
        population="a",
        size=1,
        dt=DT,
        steps=[10, 20, 10, 20, 30],
        ids=np.zeros(5, int),
        trials=[0, 0, 1, 1, 1],
        t_stop=10.0,
        n_trials=2,
    )
    assert np.isclose(record.fano_factor(10.0)[0], 0.25 / 2.5)
    _, counts = record.cross_correlogram(0, 0, bin=1.0, max_lag=3.0)
    assert counts.tolist() == [0, 1, 3, 0, 3, 1, 0]


def test_sinusoid() -> None:
    """The peak stands at the frequency, and holds half the squared amplitude."""
    steps = np.arange(1, 40_001)
    values = 3.0 * np.sin(2 * np.pi * 40.0 * steps * DT / 1000.0) - 60.0
    trace = Trace(
        population="a",
        variable="v",
        unit="mV",
        dt=DT,
        steps=steps,
        ids=[4],
        values=values[None, :, None],
    )
    frequencies, power = trace.spectrum(segment=500.0)
    assert frequencies[power[0].argmax()] == 40.0
    assert np.isclose(power[0].sum() * frequencies[1], 3.0**2 / 2, rtol=1e-3)


def test_mistakes_are_named() -> None:
    record = random_record(number=60)
    for call in (
        lambda: record.fano_factor(80.0),
        lambda: record.fano_factor(0.01),
        lambda: record.spectrum(50.0),
        lambda: record.spectrum(1.0, segment=1e9),
        lambda: record.spectrum(1.0, segment=float("nan")),
        lambda: record.cross_correlogram(0, 77),
        lambda: record.cross_correlogram(0, 1, max_lag=-5.0),
        lambda: record.cross_correlogram(0, 1, other=random_record("b", n_trials=2)),
    ):
        with pytest.raises(ValidationError):
            call()


def test_elephant_agrees() -> None:
    neo = pytest.importorskip("neo")
    pq = pytest.importorskip("quantities")
    elephant = pytest.importorskip("elephant")
    from elephant import conversion, spectral, spike_train_correlation, statistics

    assert elephant
    record = poisson(t_stop=20_000.0, size=3)
    trains = [neo.SpikeTrain(record.train(i), units="ms", t_stop=20_000.0) for i in range(3)]
    for i, train in enumerate(trains):
        intervals = statistics.isi(train)
        assert np.isclose(statistics.lv(intervals), record.local_variation()[i])
        assert np.isclose(statistics.cv(intervals), record.cv()[i])
        windows = [train.time_slice(t * pq.ms, (t + 500) * pq.ms) for t in range(0, 20_000, 500)]
        factor = statistics.fanofactor(windows)
        assert np.isclose(factor, record.fano_factor(500.0)[i], rtol=1e-2)
    binned = conversion.BinnedSpikeTrain(trains[:2], bin_size=DT * pq.ms, tolerance=1e-4)
    theirs, _ = spike_train_correlation.cross_correlation_histogram(
        binned[0], binned[1], window=[-200, 200]
    )
    ours = record.cross_correlogram(0, 1, bin=DT, max_lag=200 * DT)
    assert np.array_equal(np.asarray(theirs.magnitude).ravel(), ours[1])
    rng = np.random.default_rng(3)
    samples = rng.normal(size=20_000)
    trace = Trace(
        population="a",
        variable="v",
        unit="mV",
        dt=1.0,
        steps=np.arange(20_000),
        ids=[0],
        values=samples[None, :, None],
    )
    signal = neo.AnalogSignal(samples, units="mV", sampling_rate=1000 * pq.Hz)
    frequencies, power = spectral.welch_psd(signal, len_segment=1000, frequency_resolution=None)
    ours_f, ours_p = trace.spectrum(segment=1000.0)
    assert np.allclose(ours_f, frequencies.magnitude)
    assert np.allclose(ours_p[0], np.asarray(power.magnitude).ravel())
