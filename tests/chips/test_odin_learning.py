"""ODIN's synapses that learn in runs of networks: against the core by hand, and its Verilog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.kernels.odin import Parameters, changed_weight
from spikestack.chips.kernels.odin_core import ODINCore
from spikestack.chips.kernels.odin_learning import run_learning_events
from spikestack.chips.replaying.odin import read
from spikestack.errors import SpikestackError, UnknownNameError, ValidationError

VECTORS = Path(__file__).parent.parent / "vectors" / "chips" / "odin_lif_sdsp.npz"
Rule = sp.chips.SDSPRule
NOW = sp.Delta(weight=1.0, delay=0.0)


def summing(**given: Any) -> sp.NeuronModel:
    return sp.NeuronModel("v[t+1] = v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
                          default_synapse="Delta", **given)  # fmt: skip


def driven(net: sp.Network, name: str, size: int, rate: float, seed: int) -> Any:
    source = net.add(sp.Population(name, size, sp.SpikeSource()))
    at, ids = np.nonzero(np.random.default_rng(seed).random((80, size)) < rate)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids), name=f"{name}, given")
    return source


def network(seed: int = 0, **model: Any) -> sp.Network:
    """Inputs that excite and inputs that inhibit, both learning, then a layer that learns, too."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=3)
    up, down = driven(net, "up", 20, 0.2, seed), driven(net, "down", 6, 0.1, seed + 1)
    one, two = (
        net.add(sp.Population(n, k, summing(**model))) for n, k in (("one", 12), ("two", 5))
    )
    for pre, post, sign in ((up, one, 1), (down, one, -1), (one, two, 1)):
        weights = sign * rng.integers(0, 8, (pre.size, post.size)) / 28
        net.connect(pre, post, sp.Dense(weights), NOW, name=f"{pre.name} to {post.name}")
    for population in (up, down, one, two):
        net.record(population, "spikes")
    net.record(one, "v")
    return net


RULE = Rule(0.4, 1, 4, 6, calcium_leak=3, drift=40.0, w_max=0.25)
RULES = {"up to one": RULE, "down to one": RULE,
         "one to two": Rule(0.3, 1, 7, 5, calcium_leak=2, drift=40.0, w_max=0.25)}  # fmt: skip
#: Rows: up, down, one, two.
AT = {"up": 0, "down": 20, "one": 26, "two": 38}


def core() -> ODINCore:
    """The same network as a crossbar: thresholds 28, that of the potential 12 and 9."""
    net, n = network(), 43
    synapses = np.zeros((n, n), int)
    for name in RULES:
        pre, post = (AT[p] for p in name.split(" to "))
        weights = np.rint(28 * np.abs(net.projections[name].rule.matrix)).astype(int)
        synapses[pre : pre + len(weights), post : post + weights.shape[1]] = 8 + weights
    one, two = (np.isin(np.arange(n), np.arange(*ends)) for ends in ((26, 38), (38, 43)))

    def of(first: int, second: int) -> np.ndarray:
        return np.where(one, first, np.where(two, second, 0))

    parameters = Parameters(0, False, np.where(one | two, 28, 255), one | two, of(12, 9), of(1, 1),
                            of(4, 7), of(6, 5), of(3, 2))  # fmt: skip
    inhibits = np.isin(np.arange(n), np.arange(20, 26))
    return ODINCore(parameters, synapses, inhibits)


def test_a_run_is_the_core_driven_by_hand() -> None:
    """Spikes, potentials, weights, cycles."""
    run = network().run(80, on=sp.chips.ODIN(learning=RULES))
    crossbar, fired, potentials = core(), [], []
    before = crossbar.synapses.copy()
    for step in range(1, 81):
        sent = [AT[n] + int(i) for n in ("up", "down")
                for i in sorted(run[n].ids[run[n].steps == step])]  # fmt: skip
        fired += [(step, k) for k in (crossbar.spike(sent, most=1024) if sent else [])]
        crossbar.reference()
        if step % 40 == 0:
            crossbar.drift()
        potentials.append(crossbar.neurons.v[26:38].copy())
    found = [(int(t), AT[n] + int(i)) for n in ("one", "two")
             for t, i in zip(run[n].steps, run[n].ids, strict=True)]  # fmt: skip
    assert sorted(fired) == sorted(found) and len(found) > 100
    assert np.array_equal(run.integers["one", "v"].values[0], potentials)
    for name, made in run.synapses.items():
        pre, post = (AT[p] for p in name.split(" to "))
        weights = crossbar.synapses[pre + made.pre, post + made.post] & 7
        assert np.array_equal(made.weights, weights * (-1 if "down" in name else 1)), name
        moved = weights != before[pre + made.pre, post + made.post] & 7
        assert moved.mean() > 0.2, name
        assert made.unit == pytest.approx(1 / 28) and made.tags is None
    # On the chip no event is sent for neurons without synapses.
    silent = 513 * len(run["two"].ids)
    assert run.mapped.chip.cycles(run).sum() == crossbar.cycles - silent
    counted = {n: run.ledger.total(n) for n in ("time references", "bistability events")}
    assert counted == {"time references": 80, "bistability events": 2}
    events = {n: len(run[n].ids) for n in ("up", "down", "one")}
    assert run.ledger.total("learning updates") == 12 * (events["up"] + events["down"]) + (
        5 * events["one"]
    )  # fmt: skip


def golden(references: bool) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Vectors of spike events, or of time references without leak, below the threshold."""
    data = read(VECTORS)
    x, y = (
        {str(n): data[part][:, k].astype(np.int64) for k, n in enumerate(data[names])}
        for part, names in (("X", "cols_in"), ("Y", "cols_out"))
    )
    rows = (x["syn_event"] > 0) & (x["time_ref"] == references)
    if references:
        rows &= (x["leak_en"] == 0) & (x["v"] < x["thr"])
    return {k: c[rows] for k, c in x.items()}, {k: c[rows] for k, c in y.items()}


@pytest.mark.parametrize("references", [False, True])
def test_neuron_and_synapse_are_those_of_the_verilog(references: bool) -> None:
    """Each golden vector is a neuron of its own, with a synapse, from a source of its own."""
    x, y = golden(references)
    n = len(x["v"])
    columns = ("ca_en", "thetamem", "ca_theta1", "ca_theta2", "ca_theta3", "ca_leak")
    rule = np.concatenate([np.zeros((n, 6), np.int64), np.stack([x[k] for k in columns], axis=1)])
    v, calcium, waited = (
        np.concatenate([np.zeros(n, np.int64), x[k]]) for k in ("v", "calcium", "caleak_cnt")
    )
    theta = np.concatenate([np.full(n, 255), x["thr"]])
    given = np.zeros(0, np.int64) if references else np.arange(n)
    starts = np.concatenate([np.arange(n + 1), np.full(n, n)])
    weights, none = x["w"].copy(), np.zeros(0, np.int64)
    at, ids = np.zeros(n, np.int64), np.zeros(n, np.int64)
    found, dropped = run_learning_events(
        0 * given, given, starts, n + np.arange(n), weights, np.where(x["sign_inh"] > 0, -1, 1),
        np.ones(n, np.bool_), v, theta, rule, calcium, waited, np.array([references]),
        np.zeros(1, np.bool_), np.zeros(4 * n, np.int64), none, at, ids,
        np.zeros((1, 0), np.int64), np.zeros(1, np.int64),
    )  # fmt: skip
    assert n > 600 and dropped == 0
    fired = np.zeros(n, np.int64)
    fired[ids[:found] - n] = 1
    assert np.array_equal(v[n:], y["v_next"]) and np.array_equal(fired, y["spike"])
    assert np.array_equal(calcium[n:], y["calcium_next"])
    assert np.array_equal(waited[n:], y["caleak_cnt_next"])
    if not references:
        yes, up, down = np.ones(n, bool), y["up"] > 0, y["down"] > 0
        expected = changed_weight(x["w"] + 8, yes, ~yes, up, down) - 8
        assert np.array_equal(weights, expected) and (expected != x["w"]).sum() > 100


def taught(drift: float | None) -> np.ndarray:
    """Inputs 0 to 7 come near the threshold, of 100, and 8 to 15 when the target is silenced."""
    net = sp.Network(seed=1)
    sizes = {"inputs": 16, "teacher": 1, "silence": 1}
    made = {n: net.add(sp.Population(n, k, sp.SpikeSource())) for n, k in sizes.items()}
    cell = net.add(sp.Population("cell", 1, summing()))
    times: dict[str, list[tuple[int, int]]] = {n: [] for n in sizes}
    for start in range(0, 600, 100):
        # By 7 each the teacher makes the cell fire three times, and then brings it to 42.
        times["teacher"] += [(start + t, 0) for t in range(1, 52)]
        times["inputs"] += [(start + 52, i) for i in range(8)]
        times["silence"] += [(start + t, 0) for t in (*range(53, 67), *range(69, 75))]
        times["inputs"] += [(start + 68, i) for i in range(8, 16)]
    for n, events in times.items():
        at, ids = (np.array(column) for column in zip(*events, strict=True))
        net.drive(made[n], sp.SpikeTrains(times=at.astype(float), ids=ids), name=n)
    start = np.tile([3, 4], 8)[:, None] / 100
    net.connect(made["inputs"], cell, sp.Dense(start), NOW, name="learned")
    for n, weight in (("teacher", 0.07), ("silence", -0.07)):
        net.connect(made[n], cell, sp.AllToAll(), sp.Delta(weight=weight, delay=0.0))
    net.record(cell, "spikes")
    rule = Rule(0.3, 1, 7, 7, calcium_leak=25, w_max=0.07, drift=drift)
    run = net.run(600, on=sp.chips.ODIN(learning={"learned": rule}))
    assert len(run["cell"].ids) == 18
    return np.asarray(run.synapses["learned"].weights)


def test_a_network_learns_a_pattern() -> None:
    weights = taught(None)
    assert (weights[:8] == 7).all() and (weights[8:] == 0).all(), weights


def test_without_spikes_weights_drift_to_the_nearer_end() -> None:
    """Before anything else: of 3 and 4 the one falls, the other rises, and learning goes on."""
    weights = taught(150.0)
    assert (weights[:8] == 7).all() and (weights[8:] == 0).all(), weights
    net = sp.Network(seed=1)
    source, cell = driven(net, "up", 8, 0.0, 0), net.add(sp.Population("cell", 1, summing()))
    net.connect(source, cell, sp.Dense(np.arange(8)[:, None] / 28), NOW, name="learned")
    for steps, expected in ((9, range(8)), (10, [0, 0, 1, 2, 5, 6, 7, 7]), (40, [0] * 4 + [7] * 4)):
        rule = Rule(0.4, 0, 0, 0, drift=10.0)
        run = net.run(steps, on=sp.chips.ODIN(learning={"learned": rule}))
        assert run.synapses["learned"].weights.tolist() == list(expected)


def test_a_rule_that_never_acts_changes_nothing() -> None:
    never = Rule(0.4, 0, 0, 0, w_max=0.25)
    still = network().run(80, on=sp.chips.ODIN(learning=dict.fromkeys(RULES, never)))
    plain = network().run(80, on=sp.chips.ODIN())
    assert still.same_spikes(plain) and len(plain["two"].ids) > 20
    assert np.array_equal(still["one", "v"].values, plain["one", "v"].values)
    for name in RULES:
        made = still.synapses[name]
        weights = 28 * network().projections[name].rule.matrix[made.pre, made.post]
        assert np.allclose(made.weights, weights)
    assert still.ledger.total("dense events") == plain.ledger.total("dense events")


def test_a_bound_at_0_is_the_chips() -> None:
    bounded = network(after_arrivals="v = max(v, 0)")
    chip = sp.chips.ODIN(learning=RULES)
    run, plain = bounded.run(80, on=chip), network().run(80, on=chip)
    assert run.same_spikes(plain)
    for name in RULES:
        assert np.array_equal(run.synapses[name].weights, plain.synapses[name].weights)


def test_twins_of_targets_learn_the_same() -> None:
    """`one` excites and inhibits `two`, so that it has a twin, whose synapses learn beside."""
    net = network()
    rng = np.random.default_rng(5)
    net.connect(net["one"], net["two"], sp.FromArrays(*np.nonzero(rng.random((12, 5)) < 0.5)),
                sp.Delta(weight=-2 / 28, delay=0.0), name="holds back")  # fmt: skip
    rules = {"up to one": RULE, "down to one": RULE}
    run = net.run(80, on=sp.chips.ODIN(learning=rules))
    alone = network().run(80, on=sp.chips.ODIN(learning=rules))
    assert "one (inhibits)" in run.mapped.core_of and set(run.synapses) == set(rules)
    assert np.array_equal(run["one"].ids, alone["one"].ids)
    for name in rules:
        assert np.array_equal(run.synapses[name].weights, alone.synapses[name].weights)
    once, twice = (r.ledger.total("learning updates") for r in (alone, run))
    assert twice == 2 * once > 0


def test_energy_and_time_of_learning() -> None:
    run = network().run(80, on=sp.chips.ODIN(learning=RULES))
    bill = run.bill("parts")
    # 512 and 32,768 cycles, at what a cycle of a spike event takes: 256 operations in 513.
    cycle = 256 * 8.43e-12 / 513
    assert bill.dynamic["time references"] == pytest.approx(80 * 512 * cycle, rel=1e-4)
    assert bill.dynamic["bistability events"] == pytest.approx(2 * 32_768 * cycle, rel=1e-4)
    assert bill.dynamic["learning updates"] == 0.0
    lasts = run.step_seconds
    cycles = run.mapped.chip.cycles(run)
    assert np.allclose(lasts, cycles / 75e6)
    assert lasts.argmax() in (39, 79) and 0.43e-3 < lasts.max() < 0.6e-3
    assert run.bill().dynamic.keys() == {"dense events"}


def test_a_weight_of_nothing_can_learn() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 2, sp.SpikeSource()))
    net.drive(source, sp.SpikeTrains(times=np.array([1.0, 2, 3]), ids=[0, 0, 1]))
    cell = net.add(sp.Population("cell", 1, summing()))
    net.connect(source[:1], cell, sp.AllToAll(), sp.Delta(weight=0.5, delay=0.0))
    net.connect(source, cell, sp.FromArrays(np.array([1]), np.array([0])),
                sp.Delta(weight=0.0, delay=0.0), name="learned")  # fmt: skip
    rule = Rule(0.0, 1, 7, 7, w_max=0.5)
    run = net.run(5, on=sp.chips.ODIN(learning={"learned": rule}))
    assert run.synapses["learned"].weights.tolist() == [1]
    assert run.ledger.total("messages in") == 3


def test_what_subtracts_its_threshold_is_refused() -> None:
    """A spike of the chip sets the potential to 0."""
    net = sp.Network(seed=1)
    model = sp.NeuronModel("v[t+1] = v : 1", threshold="v >= 1", reset="v = v - 1",
                           dimensionless=True, default_synapse="Delta")  # fmt: skip
    source, cell = driven(net, "up", 2, 0.1, 0), net.add(sp.Population("cell", 1, model))
    net.connect(source, cell, sp.AllToAll(), sp.Delta(weight=0.5, delay=0.0))
    with pytest.raises(ValidationError, match=r"'cell' subtracts at a spike.*reset to a value"):
        sp.chips.ODIN().quantise(net)


def changed(**given: Any) -> dict[str, Any]:
    return {"up to one": RULE} | given


@pytest.mark.parametrize(("rules", "says"), [
    ({"nobody": RULE}, "nobody"), ({"up to one": "SDSP"}, "a SDSPRule"), ([RULE], "a dict"),
    (changed(**{"down to one": Rule(0.4, 1, 4, 6, drift=40.0, w_max=0.25)}), "learns otherwise"),
    (changed(**{"one to two": Rule(0.3, 1, 7, 5, w_max=0.25)}), "reference or drift"),
    ({"up to one": Rule(0.4, 1, 4, 6, w_max=0.1)}, r"begins at 0\.25"),
    ({"up to one": Rule(99.0, 1, 4, 6, w_max=0.25)}, "theta_mem"),
    ({"up to one": Rule("3 mV", 1, 4, 6, w_max=0.25)}, "mV"),
])  # fmt: skip
def test_rules_must_fit_the_network(rules: Any, says: str) -> None:
    with pytest.raises(SpikestackError, match=says):
        sp.chips.ODIN(learning=rules).quantise(network())


def test_synapses_that_learn_have_a_crossing_and_a_sign() -> None:
    net = network()
    net.connect(net["up"], net["one"], sp.AllToAll(),
                sp.Delta(weight=0.25, delay=0.0), name="again")  # fmt: skip
    with pytest.raises(ValidationError, match="one synapse at each crossing"):
        sp.chips.ODIN(learning={"up to one": RULE}).quantise(net)
    net = network()
    net.connect(net["one"], net["two"], sp.Dense(np.tile([0.1, -0.1, 0, 0, 0], (12, 1))), NOW,
                name="both")  # fmt: skip
    with pytest.raises(ValidationError, match="both signs"):
        sp.chips.ODIN(learning={"both": RULE}).quantise(net)
    low = Rule(0.001, 1, 4, 6, w_max=0.02)
    net = sp.Network(seed=1)
    source, cell = driven(net, "up", 2, 0.1, 0), net.add(sp.Population("cell", 1, summing()))
    net.connect(source, cell, sp.AllToAll(), sp.Delta(weight=0.02, delay=0.0), name="learned")
    with pytest.raises(ValidationError, match=r"a threshold of 350 where 0\.02 is 7"):
        sp.chips.ODIN(learning={"learned": low}).quantise(net)


@pytest.mark.parametrize(("given", "says"), [
    ((0.1, 8, 1, 1), "theta_1"), ((0.1, 1, -1, 1), "theta_2"), ((0.1, 1, 1, 2.5), "theta_3"),
])  # fmt: skip
def test_levels_are_of_three_bits(given: tuple[Any, ...], says: str) -> None:
    with pytest.raises(ValidationError, match=f"SDSPRule.{says}.*0 to 7"):
        Rule(*given)
    for name, value in (("calcium_leak", 32), ("reference", 0), ("drift", -1.0), ("w_max", 0)):
        with pytest.raises(ValidationError, match=f"SDSPRule.{name}"):
            Rule(0.1, 1, 1, 1, **{name: value})
    with pytest.raises(UnknownNameError):
        sp.chips.ODIN(learnings={})
