"""Every plasticity rule: equal bits on both engines, alone and several on one projection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.equations.catalogue import collect

RULES = collect("spikestack.plasticity", sp.PlasticityRule)
SHORT_TERM = {"TsodyksMarkram", "StochasticRelease"}
#: Where amplitudes are not shares of w_max, and what makes a rule act within a tenth of a second.
SETTINGS = {
    "RewardSTDP": {"A_plus": 0.01, "A_minus": 0.015},
    "MSTDP": {"gamma": 0.01},
    "MSTDPET": {"gamma": 0.01},
    "BCM": {"eta": 1e-4},
    "GraupnerBrunel": {"tau": 2e3},
    "SynapticScaling": {"interval": 20.0},
    "WeightNormalization": {"interval": 20.0, "total": 2.0},
}
WAYS = (("reference", 1, (95.0,)), ("cpu", 1, (95.0,)), ("cpu", 2, (33.3, 61.7)))


def learning(
    rules: object, modulator: object = None, size: int = 12, delay: object = None
) -> sp.Network:
    """Cells that are driven hard, some of it by synapses that learn, and a modulator."""
    net, rng = sp.Network(seed=5), np.random.default_rng(5)
    sources, dopamine = (
        net.add(sp.Population(name, n, sp.SpikeSource())) for name, n in (("a", size), ("da", 3))
    )
    cells = net.add(sp.Population("b", size, sp.AdEx(i_offset=0.9)))
    for side in (sources, dopamine):
        ids = np.repeat(np.arange(side.size), 12)
        net.drive(side, sp.SpikeTrains(rng.choice(np.arange(1, 900), len(ids)) * 0.1, ids))
    net.drive(cells, sp.Poisson(800.0, synapse=sp.ExponentialCurrent(weight=0.3)))
    net.record(cells, "spikes")
    synapse = sp.ExponentialCurrent(
        weight=sp.Uniform(0.2, 0.8),
        delay=sp.Uniform(0.1, 2.0) if delay is None else delay,
        dendritic_delay=sp.Uniform(0.0, 1.5),
    )
    given = dopamine if modulator == "dopamine" else modulator
    net.connect(
        sources, cells, sp.FixedProbability(0.6), synapse, plasticity=rules, modulator=given
    )
    return net


def of_catalogue(name: str) -> sp.Network:
    """The network with one rule, and the modulator that it listens to."""
    rule = RULES[name](**SETTINGS.get(name, {}))
    if rule.is_modulated:
        return learning(rule, "dopamine")
    if "signal" in rule.on_pre + rule.every:
        return learning(rule, sp.Signal([0.0, 30.0, 60.0], [1.0, -1.0, 2.0]))
    return learning(rule)


def outcome(
    net: sp.Network, on: str, threads: int, pieces: tuple[float, ...], **settings: object
) -> list[np.ndarray]:
    """Weights, variables and traces in the end, and the spikes."""
    sim = sp.Simulation(net, on=on, threads=threads, **settings)
    for piece in pieces:
        sim.advance(piece)
    spikes = sim.recording().spikes["b"]
    found = sim.engine.state().learned[0]
    traces = (found.source, found.target, found.modulator, found.sources, found.targets)
    return [found.states, *traces, found.modulators, spikes.times, spikes.ids]


def assert_alike(make: object, **settings: object) -> list[np.ndarray]:
    """The same bits for all engines, threads and pieces; they are returned."""
    first, *others = (outcome(make(), *way, **settings) for way in WAYS)
    for other in others:
        for mine, theirs in zip(other, first, strict=True):
            assert np.array_equal(mine, theirs)
    assert len(first[-1]) > 20
    return first


@pytest.mark.parametrize("name", sorted(RULES))
@pytest.mark.parametrize("precision", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_engines_agree_to_the_bit(name: str, precision: str) -> None:
    weights = assert_alike(lambda: of_catalogue(name), precision=precision)[0][0, 0]
    begin = of_catalogue(name).connections("a->b").weight
    changed = np.abs(weights - begin).max()
    assert changed < 1e-7 if name in SHORT_TERM else changed > 1e-5


COMPOSED = {
    "learning and normalising": lambda: [
        sp.AdditiveSTDP(),
        sp.WeightNormalization(interval=10.0, total=3.0),
        sp.SynapticScaling(interval=7.0, beta=0.1),
    ],
    "short and long": lambda: [sp.TsodyksMarkram(), sp.AdditiveSTDP()],
    "the same names twice": lambda: [
        sp.AdditiveSTDP(A_plus=0.02, tau_plus=5.0),
        sp.AdditiveSTDP(A_minus=0.03, tau_plus=40.0),
    ],
    "noise, chance and lags": lambda: [
        sp.GraupnerBrunel(interval=2.0),
        sp.StochasticRelease(),
        sp.GraupnerBrunel(interval=3.0, D=5.0),
    ],
    "voltage and reward": lambda: [sp.ClopathSTDP(), sp.RewardSTDP(A_plus=0.1, A_minus=0.1)],
}


@pytest.mark.parametrize("case", COMPOSED)
def test_rules_compose_alike_everywhere(case: str) -> None:
    rules = COMPOSED[case]()
    modulator = "dopamine" if any(r.is_modulated for r in rules) else None
    assert_alike(lambda: learning(COMPOSED[case](), modulator))


def test_trials_and_states_of_composed_rules(tmp_path: Path) -> None:
    def make() -> sp.Network:
        return learning(COMPOSED["noise, chance and lags"]())

    whole = outcome(make(), "reference", 1, (50.0,), trials=2)
    assert not np.array_equal(whole[0][0], whole[0][1])
    sim = sp.Simulation(make(), threads=2, trials=2)
    sim.advance(21.3)
    sim.save(tmp_path / "state.spk")
    other = sp.Simulation(make(), trials=2)
    other.restore(tmp_path / "state.spk")
    other.advance(28.7)
    assert np.array_equal(other.engine.state().learned[0].states, whole[0])


def everything(seed: int) -> sp.Network:
    """Three projections with rules on parts of populations, one of them recurrent."""
    net = sp.Network(seed=seed)
    a = net.add(sp.Population("a", 9, sp.PoissonSource(rate=80.0)))
    b = net.add(sp.Population("b", 11, sp.AdEx(i_offset=0.8)))
    net.drive(b, sp.Poisson(800.0, synapse=sp.ExponentialCurrent(weight=0.3)))
    net.record(b, "spikes")
    synapse = sp.ExponentialCurrent(
        weight=sp.Uniform(0.1, 0.3), delay=sp.Uniform(0.1, 3.0), dendritic_delay=sp.Uniform(0, 2.0)
    )
    reward = sp.RewardSTDP(A_plus=0.01, A_minus=0.01, interval=0.3)
    net.connect(
        *(a[2:8], b[:7], sp.FixedProbability(0.7), synapse),
        plasticity=[reward, sp.PreCenteredSTDP()],
        modulator=b,
        modulator_delay=7.3,
    )
    net.connect(
        *(b, b, sp.FixedProbability(0.3), synapse, "recurrent"),
        plasticity=[
            sp.ClopathSTDP(),
            sp.StochasticRelease(),
            sp.WeightNormalization(total=0.5, interval=5.0),
        ],
    )
    net.connect(
        *(a, b[3:], sp.AllToAll(), synapse, "third"),
        plasticity=[sp.MSTDPET(gamma=0.01, interval=0.5), sp.GraupnerBrunel(tau=1000.0)],
        modulator=sp.Signal([0.0, 10.05, 20.0], [1.0, -1.0, 3.0]),
    )
    return net


def test_everything_at_once() -> None:
    first = None
    for on, threads, pieces in (
        ("reference", 1, (60.0,)),
        ("cpu", 2, (0.1, 33.3, 26.6)),
        ("cpu", 3, (20.0, 40.0)),
    ):
        sim = sp.Simulation(everything(1), on=on, threads=threads, trials=2)
        for piece in pieces:
            sim.advance(piece)
        spikes = sim.recording().spikes["b"]
        found = [spikes.times, spikes.ids, *(one.states for one in sim.engine.state().learned)]
        first = first or found
        assert len(spikes.times) > 100
        assert all(np.array_equal(x, y) for x, y in zip(found, first, strict=True))


def adding(step: float, **declared: object) -> sp.PlasticityRule:
    return sp.PlasticityRule(parameters={"step": f"{step} nA"}, w_max=100.0, **declared)


def doubling(**declared: object) -> sp.PlasticityRule:
    return sp.PlasticityRule(w_max=100.0, **declared)


def one_synapse(rules: list[sp.PlasticityRule], duration: float = 12.0) -> float:
    """The weight of a synapse, 1 nA at first, after a spike of its source at 2 ms."""
    net = sp.Network()
    a, b = (net.add(sp.Population(name, 1, sp.SpikeSource())) for name in "ab")
    net.drive(a, sp.SpikeTrains([[2.0]]))
    net.connect(a, b, sp.OneToOne(), sp.Delta(weight=1.0, delay=1.0), plasticity=rules)
    found = []
    for on in ("reference", "cpu"):
        sim = sp.Simulation(net, on=on)
        sim.advance(duration)
        found.append(float(sim.connections("a->b").weight[0]))
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("event", ["on_pre", "every"])
def test_rules_act_in_their_order(event: str) -> None:
    more = {"interval": 10.0} if event == "every" else {}
    add, double = adding(0.5, **{event: "w += step"}, **more), doubling(**{event: "w *= 2"}, **more)
    assert one_synapse([add, double]) == 3.0
    assert one_synapse([double, add]) == 2.5


def test_each_rule_keeps_its_own_bounds_and_interval() -> None:
    up = sp.PlasticityRule(every="w += step", interval=2.0, w_max=4.0, parameters={"step": "1 nA"})
    down = sp.PlasticityRule(
        every="w -= step", interval=3.0, w_min=0.5, w_max=9.0, parameters={"step": "1 nA"}
    )
    # 2: 2; 3: 1; 4: 2; 6: 3, 2; 8: 3; 9: 2; 10: 3; 12: 4, 3.
    assert one_synapse([up, down]) == 3.0
    # 8: 4; 9: 3; 10: 4; 12: 4 still, then 3; the other way round 3, then 4.
    assert one_synapse([up, up, down]) == 3.0
    assert one_synapse([down, up, up]) == 4.0


def test_a_round_is_before_the_spikes_of_its_moment() -> None:
    rule = adding(0.5, every="w += step", on_pre="w *= 2", interval=3.0)
    assert one_synapse([rule], 3.5) == 3.0


def modulated() -> sp.Network:
    return learning(
        [sp.RewardSTDP(A_plus=0.01, A_minus=0.01), sp.WeightNormalization(total=3.0)], "dopamine"
    )


def signalled() -> sp.Network:
    return learning(
        [sp.TsodyksMarkram(), sp.MSTDPET(gamma=0.01)], sp.Signal([0.0, 30.0], [1.0, -0.5])
    )


@pytest.mark.parametrize("make", [modulated, signalled])
def test_files_keep_rules_modulators_and_signals(make: object, tmp_path: Path) -> None:
    net = make()
    loaded = sp.load(net.save(tmp_path / "net.spk"))
    assert loaded.fingerprint == net.fingerprint
    way = ("cpu", 1, (60.0,))
    for mine, theirs in zip(outcome(loaded, *way), outcome(make(), *way)):
        assert np.array_equal(mine, theirs)
    other = learning([sp.TsodyksMarkram()])
    assert other.fingerprint != net.fingerprint
