"""What spikes do to weights, against closed forms: windows, rewards, triplets, short-term rules."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp

DT = 0.1


def pairs(
    rule: sp.PlasticityRule,
    pre: list[list[float]],
    post: list[list[float]],
    delay: object = 1.0,
    back: object = 0.0,
    dopamine: list[float] | None = None,
    signal: sp.Signal | None = None,
) -> sp.Network:
    """Pairs of neurons that fire as they are told, each joined by a synapse of 0.5 mV."""
    net = sp.Network(seed=1)
    a, b = (net.add(sp.Population(name, len(pre), sp.SpikeSource())) for name in "ab")
    for side, trains in ((a, pre), (b, post)):
        net.drive(side, sp.SpikeTrains(trains))
    modulator = signal
    if dopamine is not None:
        modulator = net.add(sp.Population("d", 1, sp.SpikeSource()))
        net.drive(modulator, sp.SpikeTrains([dopamine]))
    synapse = sp.Delta(weight=0.5, delay=delay, dendritic_delay=back)
    net.connect(
        a, b, sp.OneToOne(), synapse, plasticity=rule, modulator=modulator, modulator_delay=2.0
    )
    return net


def change(
    net: sp.Network, duration: float, on: str = "reference", precision: str = "float64"
) -> np.ndarray:
    sim = sp.Simulation(net, dt=DT, on=on, precision=precision)
    sim.advance(duration)
    return sim.connections("a->b").weight - 0.5


APART = np.array([-25.0, -20.1, -20.0, -19.9, -5.0, 0.0, 0.1, 5.0, 19.9, 20.0, 20.1, 25.0])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("delay", "back"), [(1.0, 0.0), (0.1, 2.5), (3.0, 1.0)])
def test_a_window_is_20_ms_long_at_the_synapse(delay: float, back: float, precision: str) -> None:
    """Its end is included; spikes that meet are not paired."""
    rule = sp.WindowedSTDP(A_plus=0.01, A_minus=0.02)
    post = 400.0 + delay - back + APART
    net = pairs(rule, [[400.0]] * len(APART), post[:, None].tolist(), delay, back)
    far = np.abs(APART)
    expected = np.where(APART > 0, 0.01, np.where(APART < 0, -0.02, 0.0)) * np.exp(-far / 20)
    expected[far > 20.05] = 0.0
    found = change(net, 440.0, precision=precision)
    assert np.abs(found - expected).max() < (1e-12 if precision == "float64" else 2e-6)


def test_in_a_window_only_the_nearest_spike_counts() -> None:
    rule = sp.WindowedSTDP(A_plus=0.01, A_minus=0.02)
    net = pairs(rule, [[10.0, 20.0], [30.0]], [[26.0], [12.0, 24.0]])
    expected = [0.01 * np.exp(-5 / 20), -0.02 * np.exp(-7 / 20)]
    assert change(net, 60.0) == pytest.approx(expected, rel=1e-9)


def test_anti_hebbian_signs() -> None:
    rule = sp.AntiHebbianSTDP(A_plus=0.01, A_minus=0.02, tau_plus=10.0, tau_minus=30.0)
    net = pairs(rule, [[10.0], [20.0]], [[17.0], [15.0]])
    expected = [-0.02 * np.exp(-6 / 30), 0.01 * np.exp(-6 / 10)]
    assert change(net, 60.0) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("post", "amplitude"), [(16.0, 0.2), (6.0, -0.3)])
def test_dopamine_turns_a_tag_into_a_change(post: float, amplitude: float) -> None:
    """dw = c n tau (1 - exp(-t/tau)), 1/tau = 1/tau_c + 1/tau_n, c and n as dopamine arrives."""
    given = {"A_plus": 0.2, "A_minus": 0.3, "tau_c": 400.0, "tau_n": 50.0, "w_min": -5.0}
    tag = amplitude * np.exp(-5 / 20)
    tau = 1 / (1 / 400 + 1 / 50)
    tagged = max(post, 11.0)
    exact = tag * np.exp(-(32 - tagged) / 400) / 50 * tau * (1 - np.exp(-(150 - 32) / tau))
    made = [
        change(pairs(sp.RewardSTDP(interval=h, **given), [[10.0]], [[post]], dopamine=[30.0]), 150)
        for h in (0.0, 5.0)
    ]
    assert made[0] == pytest.approx([exact], rel=1e-9)
    # With longer intervals it is off by less than their share of tau_n.
    assert made[1] == pytest.approx([exact], rel=0.1)


def test_a_signal_counts_as_a_concentration() -> None:
    rule = sp.RewardSTDP(A_plus=0.2, tau_c=400.0, per_signal=0.003, baseline=0.001)
    signal = sp.Signal([20.0, 40.0], [2.0, 0.0])
    tag = 0.2 * np.exp(-5 / 20)
    at = [np.exp(-(t - 16) / 400) for t in (16, 20, 40, 100)]
    exact = tag * 400 * (0.006 * (at[1] - at[2]) - 0.001 * (at[0] - at[3]))
    found = change(pairs(rule, [[10.0]], [[16.0]], signal=signal), 100.0)
    assert found == pytest.approx([exact], rel=1e-9)


def test_reward_at_the_moment_of_a_spike() -> None:
    """MSTDP: gamma r A exp(-d/tau), by the reward as the later spike of each pair reaches it."""
    rule = sp.MSTDP(gamma=0.1, A_plus=1.0, A_minus=-0.5)
    signal = sp.Signal([0.0, 50.0, 90.0], [2.0, -1.0, 0.0])
    pre, post = [[10.0], [20.0], [60.0], [95.0]], [[16.0], [15.0], [66.0], [98.0]]
    expected = [
        0.1 * 2.0 * np.exp(-5 / 20),
        0.1 * 2.0 * -0.5 * np.exp(-6 / 20),
        0.1 * -1.0 * np.exp(-5 / 20),
        0.0,
    ]
    found = change(pairs(rule, pre, post, signal=signal), 120.0)
    assert found == pytest.approx(expected, rel=1e-9)


def test_reward_after_an_eligibility() -> None:
    """MSTDPET: the sum over steps of gamma r z dt, where z fades from one to the next."""
    rule = sp.MSTDPET(gamma=0.1, A_plus=1.0, tau_z=25.0)
    signal = sp.Signal([20.0, 40.0], [1.0, 0.0])
    z = np.exp(-5 / 20) / 25 * np.exp(-(np.arange(20.0, 39.95, DT) - 16) / 25)
    found = change(pairs(rule, [[10.0]], [[16.0]], signal=signal), 60.0)
    assert found == pytest.approx([0.1 * z.sum() * DT], rel=1e-9)


def triplets(pre: np.ndarray, post: np.ndarray, p: dict[str, float]) -> float:
    """The sum over all pairs and triplets of spikes."""

    def trace(at: np.ndarray, spikes: np.ndarray, tau: float) -> np.ndarray:
        past = at[:, None] - spikes
        return np.where(past > 1e-9, np.exp(-np.maximum(past, 0) / tau), 0.0).sum(axis=1)

    up = trace(post, pre, 16.8) * (p["A2_plus"] + p["A3_plus"] * trace(post, post, p["tau_y"]))
    slow = trace(pre, pre, p.get("tau_x", 101.0))
    down = trace(pre, post, 33.7) * (p["A2_minus"] + p["A3_minus"] * slow)
    return float(up.sum() - down.sum())


@pytest.mark.parametrize("name", sorted(sp.TripletSTDP.parameter_sets))
def test_frequency_decides_the_sign_of_triplets(name: str) -> None:
    """60 pairings, 10 ms apart, at 0.1 to 50 Hz: Pfister and Gerstner 2006, figure 3."""
    rates = np.array([0.1, 10.0, 20.0, 40.0, 50.0])
    begin = np.rint(np.arange(60) * 1000 / rates[:, None]) + 20
    pre = np.concatenate([begin, begin])
    post = np.concatenate([begin + 10, begin - 10])
    values = sp.TripletSTDP.parameter_sets[name]
    # In thousandths, lest weights make the targets fire, and far from the bounds.
    tenth = {k: v / 10 for k, v in values.items() if k.startswith("A")}
    rule = sp.TripletSTDP.preset(name, w_min=-0.01, w_max=0.01, **tenth)
    net = sp.Network()
    a, b = (net.add(sp.Population(side, 10, sp.SpikeSource())) for side in "ab")
    for side, trains, late in ((a, pre, 0), (b, post, 1)):
        net.drive(side, sp.SpikeTrains((trains + late).tolist()))
    net.connect(a, b, sp.OneToOne(), sp.Delta(weight=0.0, delay=1.0), plasticity=rule)
    sim = sp.Simulation(net, dt=1.0, precision="float64")
    sim.advance(591_000.0)
    found = 1000 * sim.connections("a->b").weight.reshape(2, 5)
    exact = [triplets(x, y, values) for x, y in zip(pre, post)]
    assert found.ravel() == pytest.approx(exact, rel=1e-9)
    if name.startswith("visual cortex"):
        before, after = found
        assert abs(before[0]) < 0.01 and after[0] < -0.25
        assert (np.diff(before) > 0).all() and after[1] < -0.2
        assert before[3] > 0.4 and after[3] > 0.1 and (after[3:] > after[0] + 0.4).all()
    else:
        assert found[0, 0] > 0.1 and found[1, 0] < 0.0


def delivered(
    rule: sp.PlasticityRule, times: list[float], size: int = 1, threads: int = 1
) -> np.ndarray:
    """What each spike of one source delivers to each of its targets, which keep nothing."""
    target = sp.NeuronModel(
        "v[t+1] = 0*v : mV", threshold="v >= never", reset="v = v", parameters={"never": "1e3 mV"}
    )
    net = sp.Network(seed=4)
    a, b = (
        net.add(sp.Population("a", 1, sp.SpikeSource())),
        net.add(sp.Population("b", size, target)),
    )
    net.drive(a, sp.SpikeTrains([times]))
    net.connect(a, b, sp.AllToAll(), sp.Delta(weight=0.5, delay=1.0), plasticity=rule)
    net.record(b, "v")
    result = net.run(times[-1] + 2.0, dt=1.0, precision="float64", threads=threads)
    return result["b", "v"].values[0][np.asarray(times, int)]


TIMES = [3.0, 20.0, 70.0, 75.0, 76.0, 140.0, 400.0, 410.0, 1200.0]


@pytest.mark.parametrize(("u", "rec", "fac"), [(0.5, 800.0, 1.0), (0.05, 100.0, 1000.0)])
def test_short_term_plasticity_is_the_published_recursion(u: float, rec: float, fac: float) -> None:
    """u+ = u e + U (1 - u e), R+ = 1 + (R - R u - 1) e, after each interval; u R is delivered."""
    found = delivered(sp.TsodyksMarkram(U=u, tau_rec=rec, tau_fac=fac), TIMES)[:, 0]
    used, left, expected = u, 1.0, []
    for k, time in enumerate(TIMES):
        if k:
            apart = time - TIMES[k - 1]
            left = 1 + (left - left * used - 1) * np.exp(-apart / rec)
            used = used * np.exp(-apart / fac) + u * (1 - used * np.exp(-apart / fac))
        expected.append(0.5 * used * left)
    assert found == pytest.approx(expected, rel=1e-9)


def test_chance_releases_what_short_term_plasticity_delivers_on_average() -> None:
    given = {"U": 0.3, "tau_rec": 150.0, "tau_fac": 300.0}
    size = 4000
    found = delivered(sp.StochasticRelease(**given), TIMES, size, threads=2) / 0.5
    again = delivered(sp.StochasticRelease(**given), TIMES, size)
    assert np.array_equal(found * 0.5, again)
    assert set(np.unique(found)) == {0.0, 1.0}
    mean = delivered(sp.TsodyksMarkram(**given), TIMES)[:, 0] / 0.5
    error = np.sqrt(mean * (1 - mean) / size)
    assert (np.abs(found.mean(axis=1) - mean) < 4.5 * error).all()
    # Neighbours are no more alike than chance has it, nor are spikes long apart.
    for one, other in ((found[0, :-1], found[0, 1:]), (found[0], found[-1])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(size)
