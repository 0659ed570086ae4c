"""Rules that act at intervals: homeostasis, sliding thresholds, calcium."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp


def joined(
    rule: object,
    pre: list[list[float]],
    post: list[list[float]],
    connect: sp.Rule | None = None,
    **synapse: object,
) -> sp.Network:
    """Neurons that fire as they are told, joined by synapses that learn."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", len(pre), sp.SpikeSource()))
    b = net.add(sp.Population("b", len(post), sp.SpikeSource()))
    for side, trains in ((a, pre), (b, post)):
        net.drive(side, sp.SpikeTrains(trains))
    given = {"weight": 0.01, "delay": 1.0} | synapse
    net.connect(a, b, connect or sp.OneToOne(), sp.Delta(**given), plasticity=rule)
    return net


def weights(net: sp.Network, *until: float, **settings: object) -> np.ndarray:
    """Weights at some times, a row each."""
    sim = sp.Simulation(net, **{"on": "reference", "precision": "float64"} | settings)
    rows = []
    for time in until:
        sim.advance(time - sim.time)
        rows.append(sim.connections("a->b").weight)
    return np.array(rows)


def regular(every: float, until: float) -> list[float]:
    return list(np.round(np.arange(every, until, every), 1))


def test_scaling_grows_the_weights_of_silent_targets_and_shrinks_those_of_busy_ones() -> None:
    rule = sp.SynapticScaling(rate=5.0, beta=0.1, tau=50.0, interval=20.0)
    net = joined(rule, [[], []], [[], regular(10.0, 200.0)])
    silent, busy = weights(net, 200.0)[0]
    # 1 + beta rate interval, ten times.
    assert silent == pytest.approx(0.01 * (1 + 0.1 * 0.005 * 20) ** 10, rel=1e-9)
    times, expected = np.arange(10.0, 195.0, 10.0), 0.01
    for now in np.arange(20.0, 201.0, 20.0):
        # A spike of the moment of a change is not seen by it.
        rate = np.exp(-(now - times[times < now]) / 50).sum() / 50
        expected *= 1 + 0.1 * (0.005 - rate) * 20
    assert busy == pytest.approx(expected, rel=1e-9) and busy < 0.004


@pytest.mark.parametrize("begin", [0.02, 0.25])
def test_scaling_settles_at_its_rate(begin: float) -> None:
    rule = sp.SynapticScaling(rate=5.0, beta=0.3, tau=2000.0)
    assert settled(rule, begin, 60_000.0) == pytest.approx(5.0, abs=0.5)


@pytest.mark.parametrize("begin", [0.07, 0.12])
def test_a_sliding_threshold_settles_the_rate(begin: float) -> None:
    """A little above `rate`: at (1 + sqrt(1 + 2/n))/2 times it, were firing irregular."""
    rule = sp.BCM(rate=10.0, tau=300.0, tau_theta=1000.0, eta=2e-8)
    rate = settled(rule, begin, 90_000.0)
    most = 5.0 * (1 + np.sqrt(1 + 2 / (0.010 * 300.0)))
    assert 10.0 < rate < most


def settled(rule: sp.PlasticityRule, begin: float, duration: float) -> float:
    """The rate (Hz) in the last third of a cell whose only input are synapses that learn."""
    net = sp.Network(seed=6)
    a = net.add(sp.Population("a", 200, sp.PoissonSource(rate=10.0)))
    b = net.add(sp.Population("b", 1, sp.LIF(tau_refrac=2.0)))
    synapse = sp.ExponentialCurrent(weight=begin, delay=1.0)
    net.connect(a, b, sp.AllToAll(), synapse, plasticity=rule)
    net.record(b, "spikes")
    sim = sp.Simulation(net, dt=0.5)
    sim.advance(duration)
    times = sim.recording().spikes["b"].times
    return float((times > 2 / 3 * duration).sum() / (duration / 3000))


@pytest.mark.parametrize("on", ["reference", "cpu"])
@pytest.mark.parametrize(("low", "high", "total"), [(0.0, 0.02, 0.3), (-0.02, 0.0, -0.3)])
def test_sums_are_kept(on: str, low: float, high: float, total: float) -> None:
    """From the first interval on, and after spikes have taught them otherwise."""
    rng = np.random.default_rng(2)
    trains = [[sorted(rng.choice(1500, 8, replace=False) * 0.1 + 1) for _ in range(n)]
              for n in (40, 6)]  # fmt: skip
    drawn = rng.uniform(low, high, (40, 6))
    learning = sp.AdditiveSTDP(w_min=-1.0, w_max=0.1, A_plus=0.01, A_minus=0.01)
    keeping = sp.WeightNormalization(w_min=-1.0, w_max=1.0, total=total, interval=20.0)
    alone = joined(keeping, *trains, sp.AllToAll(), weight=drawn)
    both = joined([learning, keeping], *trains, sp.AllToAll(), weight=drawn)
    begin, first, last = weights(alone, 19.9, 20.0, 150.0, on=on).reshape(3, 40, 6)
    assert np.allclose(begin, drawn, rtol=1e-12)
    assert np.allclose(first, drawn * total / drawn.sum(axis=0), rtol=1e-9)
    assert np.allclose(last, first, rtol=1e-9)
    found = weights(both, 20.0, 39.9, 60.0, 159.9, 160.0, on=on).reshape(5, 40, 6)
    sums = found.sum(axis=1)
    assert np.abs(sums[[0, 2, 4]] - total).max() < 1e-9
    assert np.abs(sums[[1, 3]] - total).min() > 1e-5
    assert not np.allclose(found[0], found[4], rtol=1e-3)


@pytest.mark.parametrize(("spikes", "sign"), [(1, -1), (2, -1), (3, 1), (4, 1)])
def test_a_threshold_parts_depression_from_potentiation(spikes: int, sign: int) -> None:
    """With counts that last, w changes by eta x y (y - theta) at every interval."""
    rule = sp.BCM(tau=1e12, tau_theta=1e12, eta=1e-4, w_max=0.02, initial={"theta": 2.5})
    post = [2.0 + 0.5 * k for k in range(spikes)]
    found = weights(joined(rule, [[2.0]], [post]), 9.9, 10.0, 50.0)[:, 0]
    step = 1e-4 * 0.02 * spikes * (spikes - 2.5) * 10.0
    assert found - 0.01 == pytest.approx([0.0, step, 5 * step], abs=1e-12)
    assert np.sign(step) == sign


def calcium(
    rule: sp.GraupnerBrunel, pre: list[float], post: list[float], axon: float, back: float
) -> float:
    """The efficacy, 0.5 at first, at 400 ms at the synapse, by Euler's scheme."""
    v = rule.values
    rho = 0.5
    for now in np.arange(1.0, 400.5):
        here = now - back
        c = 0.0
        for times, late, amount in (
            (pre, axon + v["D"], v["C_pre"]),
            (post, back, v["C_post"]),
        ):
            past = here - np.asarray(times) - late
            c += amount * np.exp(-past[past > 1e-6] / v["tau_ca"]).sum()
        drift = -rho * (1 - rho) * (v["rho_star"] - rho)
        drift += v["gamma_p"] * (1 - rho) * (c > v["theta_p"])
        drift -= v["gamma_d"] * rho * (c > v["theta_d"])
        rho = min(max(rho + drift / v["tau"], 0.0), 1.0)
    return rho


@pytest.mark.parametrize("preset", [None, "hippocampal slices", "cortical slices"])
@pytest.mark.parametrize(("axon", "back"), [(1.0, 0.0), (0.1, 2.5)])
def test_calcium_without_noise_is_eulers_scheme(
    preset: str | None, axon: float, back: float
) -> None:
    given = {"sigma": 0.0, "w_max": 0.02}
    if preset is None:
        rule = sp.GraupnerBrunel(**given)
    else:
        # A delay of the source's calcium is a whole number of steps.
        late = round(sp.GraupnerBrunel.parameter_sets[preset]["D"], 1)
        rule = sp.GraupnerBrunel.preset(preset, **given, D=late)
    rng = np.random.default_rng(3)
    pre, post = ([sorted(rng.choice(3500, 40, replace=False) * 0.1 + 1) for _ in range(5)]
                 for _ in range(2))  # fmt: skip
    net = joined(rule, pre, post, delay=axon, dendritic_delay=back)
    found = weights(net, 400.0)[0] / 0.02
    expected = [calcium(rule, x, y, axon, back) for x, y in zip(pre, post)]
    assert np.abs(np.array(expected) - 0.5).max() > 0.01
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("interval", [0.5, 2.0])
def test_noise_of_calcium_has_its_variance(interval: float) -> None:
    """2 sigma^2 t/tau while calcium is above both thresholds, whatever the interval."""
    size, duration = 3000, 100.0
    rule = sp.GraupnerBrunel(
        interval=interval, sigma=0.05, tau=1000.0, theta_d=-1.0, theta_p=-1.0,
        gamma_d=0.0, gamma_p=0.0, w_max=0.02,
    )  # fmt: skip
    net = joined(rule, [[]], [[]] * size, sp.AllToAll())
    rho = weights(net, duration)[0] / 0.02
    # The drift away from one half adds its share.
    expected = 2 * 0.05**2 * duration / 1000 * (1 + 0.25 * duration / 1000)
    assert abs(rho.mean() - 0.5) < 4 * np.sqrt(expected / size)
    assert rho.var() == pytest.approx(expected, rel=4.5 * np.sqrt(2 / size))
    assert abs(np.corrcoef(rho[:-1], rho[1:])[0, 1]) < 4.5 / np.sqrt(size)
