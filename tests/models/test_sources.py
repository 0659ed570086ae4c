"""Sources of spikes, rates that change, currents by equations, trains from files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import FileFormatError, ValidationError


def spikes(model: sp.NeuronModel, size: int, ms: float, **how: object) -> sp.Recording:
    net = sp.Network(seed=9)
    p = net.add(sp.Population("p", size, model))
    net.record(p, "spikes")
    return net.run(ms, **how)


def rate_of(result: sp.Recording, size: int, ms: float) -> float:
    return float(len(result["p"]) / size / ms * 1000)


def intervals(result: sp.Recording) -> np.ndarray:
    record = result["p"]
    order = np.lexsort((record.times, record.ids))
    ids, gaps = record.ids[order], np.diff(record.times[order])
    return np.asarray(gaps[ids[1:] == ids[:-1]])


def test_poisson_source() -> None:
    """Rate and coefficient of variation of a Poisson process on a grid."""
    result = spikes(sp.PoissonSource(rate=50.0), 500, 2000.0)
    assert rate_of(result, 500, 2000) == pytest.approx(
        1000 * (1 - math.exp(-0.005)) / 0.1, rel=0.02
    )
    gaps = intervals(result)
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("order", [2.0, 5.0])
def test_gamma_source(order: float) -> None:
    """Intervals of mean 1/rate and coefficient of variation 1/sqrt(order)."""
    gaps = intervals(spikes(sp.GammaSource(rate=40.0, order=order), 300, 3000.0))
    assert gaps.mean() == pytest.approx(25.0, rel=0.03)
    assert gaps.std() / gaps.mean() == pytest.approx(1 / math.sqrt(order), abs=0.02)


def test_regular_source() -> None:
    """The stated times, also when the interval is no whole number of steps."""
    result = spikes(sp.RegularSource(interval=7.03, first=2.0), 2, 300.0)
    expected = 2.0 + 7.03 * np.arange(43)
    mine = result["p"].times[result["p"].ids == 1]
    assert len(mine) == 43 and np.abs(mine - expected).max() <= 0.0501


def test_correlated_source() -> None:
    """Rates, and the correlation of counts between trains."""
    result = spikes(sp.CorrelatedSource(rate=20.0, correlation=0.3), 30, 60_000.0, dt=0.5)
    counts = np.zeros((30, 3000))
    np.add.at(counts, (result["p"].ids, np.minimum(result["p"].times // 20, 2999).astype(int)), 1)
    assert counts.sum() / 30 / 60 == pytest.approx(20.0, rel=0.05)
    matrix = np.corrcoef(counts)
    assert matrix[np.triu_indices(30, 1)].mean() == pytest.approx(0.3, abs=0.04)


def test_sinusoidal_source() -> None:
    """The rate follows the sine."""
    model = sp.SinusoidalPoissonSource(rate=100.0, modulation=0.8, frequency=4.0)
    result = spikes(model, 400, 2000.0)
    phase = result["p"].times % 250.0
    counts = np.histogram(phase, bins=10, range=(0, 250))[0] / (400 * 8 * 0.025)
    centres = (np.arange(10) + 0.5) / 10
    expected = 100 * (1 + 0.8 * np.sin(2 * np.pi * centres) * np.sinc(0.1))
    assert np.abs(counts / expected - 1).max() < 0.1


def test_inhomogeneous_poisson(tmp_path: Path) -> None:
    """Counts in each piece, rates shared or by neuron, on both engines, and from a file."""
    rates = np.array([[0.0, 400.0], [1000.0, 0.0], [200.0, 200.0]])
    net = sp.Network(seed=2)
    p = net.add(sp.Population("p", 200, sp.SpikeSource()))
    by_neuron = np.repeat(rates, 100, axis=1)
    net.drive(p, sp.InhomogeneousPoisson([10.0, 40.0, 70.0], by_neuron, weight=1.0, stop=100.0))
    q = net.add(sp.Population("q", 100, sp.SpikeSource()))
    net.drive(q, sp.InhomogeneousPoisson([0.0, 50.0], [300.0, 0.0], weight=1.0))
    net.record(p, "spikes")
    net.record(q, "spikes")
    result = net.run(120.0)
    for half in (0, 1):
        times = result["p"].times[result["p"].ids // 100 == half]
        counts = np.histogram(times, bins=[0.05, 10.05, 40.05, 70.05, 100.05, 121])[0]
        # A spike source passes on at most one spike in a step.
        seen = 1000 * (1 - np.exp(-rates[:, half] * 1e-4)) / 0.1 * 100 * 0.03
        assert np.abs(counts[1:4] - seen).max() < 5 * math.sqrt(seen.max())
        assert counts[0] == counts[4] == 0
    assert result["q"].times.max() <= 50.0
    assert result.same_spikes(net.run(120.0, on="reference"))
    assert result.same_spikes(sp.load(net.save(tmp_path / "net")).run(120.0, threads=2))


@pytest.mark.parametrize(
    ("times", "rates", "word"),
    [
        ([], [], "1 to"),
        ([5.0, 5.0], [1.0, 1.0], "ascending"),
        ([0.0, 5.0], [1.0], "shape"),
        ([0.0], [-1.0], "Hz"),
        ([0.0], [math.nan], "finite"),
        ([[0.0]], [1.0], "shape"),
    ],
)
def test_rates_that_cannot_be_meant(times: list, rates: list, word: str) -> None:
    """Refused when they are given."""
    with pytest.raises(ValidationError, match=word):
        sp.InhomogeneousPoisson(times, rates)


def current_of(given: object, ms: float, size: int = 4, **how: object) -> np.ndarray:
    """The current that arrives: x follows i_syn within a step."""
    net = sp.Network(seed=6)
    p = net.add(sp.Population("p", size, sp.NeuronModel("x[t+1] = i_syn : nA")))
    net.drive(p, given)
    net.record(p, "x")
    return np.asarray(net.run(ms, **how)["p", "x"].values)[0]


def test_sinusoidal_current() -> None:
    """Its value at the beginning of every step, on from start to stop."""
    given = sp.SinusoidalCurrent(
        amplitude=2.0, frequency=25.0, phase=0.3, offset=0.5, start=5.0, stop=30.0
    )
    x = current_of(given, 50.0, precision="float64")[:, 0]
    t = np.arange(500) * 0.1
    expected = 0.5 + 2 * np.sin(2 * np.pi * 0.025 * t + 0.3)
    assert np.allclose(x, np.where((t > 4.95) & (t < 29.95), expected, 0.0), atol=1e-12)


def test_noise_current() -> None:
    """Mean, deviation, and how long a value is held."""
    x = current_of(sp.NoiseCurrent(mean=0.4, sd=0.2, interval=0.5), 100.0, size=200)
    assert abs(x.mean() - 0.4) < 0.01 and abs(x.std() - 0.2) < 0.01
    assert np.array_equal(x[0::5], x[4::5]) and (x[4:-1:5] != x[5::5]).mean() > 0.99


def test_ornstein_uhlenbeck_current() -> None:
    """Deviation and correlation time."""
    x = current_of(sp.OrnsteinUhlenbeckCurrent(mean=1.0, sd=0.3, tau=2.0), 60.0, size=2000)[100:]
    assert abs(x.mean() - 1) < 0.01 and abs(x.std() - 0.3) < 0.01
    lag = np.mean((x[20:] - 1) * (x[:-20] - 1)) / 0.09
    assert lag == pytest.approx(math.exp(-1), abs=0.03)


def test_white_noise_current() -> None:
    """On a LIF neuron: variance sigma^2 tau/(2 C^2) of the free potential."""
    net = sp.Network(seed=1)
    p = net.add(sp.Population("p", 3000, sp.LIF(tau_m=5.0, v_thresh=1000.0)))
    net.drive(p, sp.WhiteNoiseCurrent(sigma=2.0))
    net.record(p, "v", interval=5.0)
    v = net.run(60.0)["p", "v"].values[0, 6:]
    assert v.std() == pytest.approx(math.sqrt(4.0 * 5.0 / 2), rel=0.02)


def test_current_of_ones_own(tmp_path: Path) -> None:
    """A chirp in one declaration; arrays by neuron of a view; back from a file."""
    from spikestack.network.currents.base import CurrentModel

    class Chirp(CurrentModel):
        current = "amplitude*sin(rate*t*t)"
        amplitude = sp.Parameter(1.0, "nA")
        rate = sp.Parameter(0.01, "1/ms^2")

    net = sp.Network(seed=6)
    p = net.add(sp.Population("p", 5, sp.NeuronModel("x[t+1] = i_syn : nA")))
    net.drive(p[[4, 1]], Chirp(amplitude=[3.0, 2.0]))
    net.record(p, "x")
    x = net.run(20.0, precision="float64")["p", "x"].values[0]
    wave = np.sin(0.01 * (np.arange(200) * 0.1) ** 2)
    assert np.allclose(x, wave[:, None] * np.array([0, 2.0, 0, 0, 3.0]))
    again = sp.load(net.save(tmp_path / "net"))
    assert again.fingerprint == net.fingerprint
    assert np.array_equal(again.run(20.0, precision="float64")["p", "x"].values[0], x)


@pytest.mark.parametrize("kind", ["npz", "npy", "gdf", "csv"])
def test_trains_from_files(tmp_path: Path, kind: str) -> None:
    """The kinds that other tools write."""
    times, ids = np.array([1.0, 2.5, 2.5, 7.0]), np.array([1, 1, 3, 2])
    path = tmp_path / f"trains.{kind}"
    if kind == "npz":
        np.savez(path, times=times, ids=ids)
    elif kind == "npy":
        np.save(path, np.stack([ids, times], axis=1))
    elif kind == "gdf":
        path.write_text("".join(f"{i}\t{t}\n" for i, t in zip(ids, times)))
    else:
        path.write_text(
            "# a comment\ntime_ms,sender\n" + "".join(f"{t},{i}\n" for i, t in zip(ids, times))
        )
    net = sp.Network()
    p = net.add(sp.Population("p", 3, sp.SpikeSource()))
    net.drive(p, sp.SpikeTrains.from_file(path, weight=1.0, first_id=1))
    net.record(p, "spikes")
    result = net.run(10.0)
    assert sorted(zip(result["p"].times.round(6), result["p"].ids)) == sorted(zip(times, ids - 1))


@pytest.mark.parametrize("text", ["", "1 2\n3\n", "a b c\nx y\n", "1 nan\n", "0.5 2\n", "\x00\x01"])
def test_files_without_trains(tmp_path: Path, text: str) -> None:
    """An empty file is no train; a damaged one is refused with its path."""
    path = tmp_path / "bad.dat"
    path.write_text(text)
    if not text:
        assert len(sp.SpikeTrains.from_file(path).times) == 0
        return
    with pytest.raises(FileFormatError, match=r"bad\.dat"):
        sp.SpikeTrains.from_file(path)
    with pytest.raises(FileFormatError, match="absent"):
        sp.SpikeTrains.from_file(tmp_path / "absent.npz")
