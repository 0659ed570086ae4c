"""Synapses that come and go: equal bits, the record, what each rule promises, refusals."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.engines.state import initial_state
from spikestack.engines.structure import restructured
from spikestack.errors import FileFormatError, SpikestackError
from spikestack.plasticity.wiring import Change, Wiring
from spikestack.program.lower import lower
from spikestack.storage import read_archive, write_archive

NAME = "cells->cells"
QUICK = {"tau_calcium": 50.0, "nu_axonal": 300.0, "nu_dendritic": 300.0, "interval": 2.0}
REPLACING = {"turnover": 0.05, "interval": 3.0, "by_activity": 0.5}
GROWING = {"epsilon_axonal": 50.0, "epsilon_dendritic": 60.0, **QUICK}
RULES: dict[str, list[Any]] = {
    "pruning": [sp.MultiplicativeSTDP(w_max=0.3, rate=0.1), sp.Pruning(threshold=0.07, interval=2)],
    "rewiring": [sp.Rewiring(**REPLACING)],
    "growth": [sp.HomeostaticGrowth(**GROWING)],
    "all": [
        sp.AdditiveSTDP(w_max=0.3, A_plus=0.05),
        sp.Pruning(threshold=0.03, interval=7.0),
        sp.Rewiring(weakest=0.02, w_new=0.12, interval=3.0),
        sp.HomeostaticGrowth(any_source=True, max_in_degree=60, **GROWING),
    ],
}


def recurrent(rule: Any, delay: Any = 1.5, connect: Any = None, seed: int = 2) -> sp.Network:
    """A network whose spikes depend on who is joined to whom."""
    net = sp.Network(seed=seed)
    cells = net.add(sp.Population("cells", 60, sp.LIF(i_offset=0.6, v=sp.Uniform(-65.0, -50.0))))
    synapse = sp.ExponentialCurrent(
        weight=sp.Uniform(0.05, 0.15), delay=delay, dendritic_delay=sp.Uniform(0.1, 1.0)
    )
    connect = connect or sp.FixedInDegree(20, autapses=False, multapses=False)
    net.connect(cells, cells, connect, synapse, plasticity=rule)
    net.drive(cells, sp.Poisson(300.0, synapse=sp.ExponentialCurrent(weight=0.3)))
    net.record(cells, "spikes")
    return net


def outcome(sim: sp.Simulation) -> list[np.ndarray]:
    """Spikes, synapses, and what became of them."""
    result = sim.recording()
    changes = result.structure[NAME]
    columns = changes.steps, changes.pre, changes.post, changes.created
    spikes = result["cells"]
    return [spikes.times, spikes.ids, *sim.connections(NAME).to_numpy().values(), *columns]


def ran(net: sp.Network, *pieces: float, **how: Any) -> sp.Simulation:
    sim = sp.Simulation(net, **how)
    for piece in pieces:
        sim.advance(piece)
    return sim


def replayed(begin: set[tuple[int, int]], changes: Any) -> set[tuple[int, int]]:
    """Pairs that are joined, by the record."""
    pairs = set(begin)
    for pre, post, created in zip(changes.pre, changes.post, changes.created):
        pair = int(pre), int(post)
        assert (pair in pairs) != created
        (pairs.add if created else pairs.remove)(pair)
    return pairs


def pairs_of(found: Any) -> set[tuple[int, int]]:
    return set(zip(found.pre.tolist(), found.post.tolist()))


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("delay", [1.5, sp.Uniform(0.5, 9.0)])
def test_engines_threads_and_pieces_agree_to_the_bit(name: str, delay: Any) -> None:
    make = partial(recurrent, RULES[name], delay)
    slow = outcome(ran(make(), 40, on="reference"))
    assert slow[-1].sum() > 20 or name == "pruning"
    assert (~slow[-1]).sum() > 20
    for threads, pieces in ((1, [40]), (2, [7, 0.1, 2.9, 30])):
        fast = outcome(ran(make(), *pieces, threads=threads))
        assert all(np.array_equal(a, b) for a, b in zip(slow, fast, strict=True))


def test_in_double_precision_too() -> None:
    make = partial(recurrent, RULES["all"], sp.Uniform(0.5, 3.0))
    slow, fast = (
        outcome(ran(make(), 20, on=on, precision="float64", threads=2))
        for on in ("reference", "cpu")
    )
    assert all(np.array_equal(a, b) for a, b in zip(slow, fast, strict=True))


def test_projections_beside_one_that_is_rewired_go_on() -> None:
    def both() -> sp.Network:
        net = recurrent(RULES["all"], sp.Uniform(0.5, 3.0))
        cells, rule = net["cells"], sp.MSTDPET(w_max=0.3, gamma=0.01)
        synapse = sp.ExponentialCurrent(weight=0.05, delay=sp.Uniform(0.5, 2.0))
        signal = sp.Signal([0, 7.5, 22.0], [1, -2, 3])
        how = {"plasticity": rule, "modulator": signal}
        net.connect(cells, cells, sp.FixedProbability(0.2), synapse, "judged", **how)
        how = {"plasticity": sp.Rewiring(turnover=0.1, interval=5.0)}
        net.connect(
            cells[:30], cells[30:], sp.FixedInDegree(5), sp.Delta(weight=0.1), "more", **how
        )
        return net

    sims = [
        ran(both(), *pieces, on=on, threads=threads)
        for on, threads, pieces in (("reference", 1, [30]), ("cpu", 1, [30]), ("cpu", 2, [11, 19]))
    ]
    assert sims[0].connections("judged").weight.std() > 1e-5
    for sim in sims[1:]:
        for found, wanted in zip(outcome(sim), outcome(sims[0]), strict=True):
            assert np.array_equal(found, wanted)
        for name in ("judged", "more"):
            ours, theirs = (one.connections(name).to_numpy() for one in (sim, sims[0]))
            assert all(np.array_equal(ours[key], theirs[key]) for key in ours)


def test_structure_shapes_the_spikes() -> None:
    rewired, fixed = (
        ran(recurrent([sp.AdditiveSTDP(w_max=0.3), *more]), 40).recording()["cells"]
        for more in ([sp.Rewiring(turnover=0.2, interval=5.0)], [])
    )
    assert rewired.train(0).size
    early = [np.sum(spikes.times <= 5.0) for spikes in (rewired, fixed)]
    assert early[0] == early[1] and not rewired.same_spikes(fixed)


@pytest.mark.parametrize("name", RULES)
def test_a_saved_state_goes_on_alike(name: str, tmp_path: Path) -> None:
    make = partial(recurrent, RULES[name], sp.Uniform(0.5, 3.0))
    whole = ran(make(), 40)
    sim = ran(make(), 21.3, threads=2)
    sim.save(tmp_path / "state.spk")
    for on in ("cpu", "reference"):
        other = sp.Simulation(make(), on=on)
        other.restore(tmp_path / "state.spk")
        begin = pairs_of(other.connections(NAME))
        other.advance(18.7)
        for found, wanted in zip(outcome(other)[2:6], outcome(whole)[2:6], strict=True):
            assert np.array_equal(found, wanted)
        changes = other.recording().structure[NAME]
        assert changes.initial == len(begin)
        assert replayed(begin, changes) == pairs_of(other.connections(NAME))


@pytest.mark.parametrize("column", ["edge_pre_0", "edge_delays_0", "elements0_0"])
def test_a_damaged_state_is_refused(column: str, tmp_path: Path) -> None:
    sim = ran(recurrent(RULES["growth"]), 5)
    sim.save(tmp_path / "state.spk")
    header, arrays = read_archive(tmp_path / "state.spk", "state")
    wrong = arrays[column].copy()
    wrong[0] = np.nan if column.startswith("elements") else 10_000
    write_archive(tmp_path / "bad.spk", "state", header, {**arrays, column: wrong})
    with pytest.raises(FileFormatError, match="damaged"):
        sim.restore(tmp_path / "bad.spk")
    sim.advance(5)


@pytest.mark.parametrize("name", RULES)
def test_the_record_replays_to_the_present(name: str, tmp_path: Path) -> None:
    sim = sp.Simulation(recurrent(RULES[name]))
    begin = pairs_of(sim.connections(NAME))
    sim.advance(30)
    result, now = sim.recording(), sim.connections(NAME)
    changes = result.structure[NAME]
    assert replayed(begin, changes) == pairs_of(now)
    times, counts = changes.counts()
    assert counts[0] == len(begin) and counts[-1] == len(now) and times[0] == 0.0
    result.save(tmp_path / "run.spk")
    again = sp.open_recording(tmp_path / "run.spk").structure[NAME]
    for column in ("steps", "pre", "post", "created", "initial", "t_stop"):
        assert np.array_equal(getattr(again, column), getattr(changes, column))


def test_a_recording_on_disk_keeps_the_record(tmp_path: Path) -> None:
    whole = ran(recurrent(RULES["growth"]), 30).recording().structure[NAME]
    sim = ran(recurrent(RULES["growth"]), 7.3, 12.7, 10, to=tmp_path / "run")
    for made in (sim.recording(), sp.open_recording(tmp_path / "run", verify=True)):
        changes = made.structure[NAME]
        for column in ("steps", "pre", "post", "created", "initial", "t_stop"):
            assert np.array_equal(getattr(changes, column), getattr(whole, column))


def test_the_record_is_cut_and_joined_with_the_recording() -> None:
    sim = ran(recurrent(RULES["growth"]), 12)
    first = sim.drain()
    sim.advance(18)
    joined = sp.Recording.join(first, sim.drain())
    whole = ran(recurrent(RULES["growth"]), 30).recording()
    for part in (joined, whole):
        cut = part.between(12.0, 30.0).structure[NAME]
        assert np.array_equal(part.structure[NAME].pre, whole.structure[NAME].pre)
        assert cut.initial == first.structure[NAME].counts()[1][-1]
        assert len(cut) + len(first.structure[NAME]) == len(whole.structure[NAME])


@given(st.floats(0.0, 1.0), st.floats(0.0, 0.5), st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_rewiring_keeps_in_degrees_and_makes_no_pair_twice(
    turnover: float, weakest: float, seed: int
) -> None:
    if turnover == weakest == 0:
        return
    rule = sp.Rewiring(turnover=turnover, weakest=weakest, by_activity=0.3)
    program = lower(recurrent(rule, seed=seed), 0.1, "float32", 1)
    before = initial_state(program).learned[0]
    learned, (changed,) = restructured(program, program.plastic[0], before, 1000)
    degrees = [np.bincount(one.edges.post, minlength=60) for one in (before, learned)]
    assert np.array_equal(*degrees)
    keys = learned.edges.post * 60 + learned.edges.pre
    assert len(np.unique(keys)) == len(keys) and (learned.edges.pre != learned.edges.post).all()
    assert (np.diff(learned.edges.pre) >= 0).all()
    assert len(changed.removed[0]) >= int(weakest * 1200) * 0.9


def test_a_full_target_keeps_its_synapses() -> None:
    net = recurrent(sp.Rewiring(turnover=1.0, interval=1.0), connect=sp.AllToAll(autapses=False))
    sim = ran(net, 5)
    assert len(sim.recording().structure[NAME]) == 0
    assert len(sim.connections(NAME)) == 60 * 59


def test_new_synapses_have_the_weight_and_delays_that_were_said() -> None:
    sim = ran(recurrent(sp.Rewiring(turnover=1.0, w_new=0.031, interval=4.0), sp.Uniform(1, 3)), 4)
    found = sim.connections(NAME)
    assert (found.weight == np.float32(0.031)).mean() > 0.95
    assert 1.1 <= found.delay.min() < 1.4 and 3.6 < found.delay.max() <= 4.0
    assert len(np.unique(found.delay)) > 20


def test_active_sources_are_chosen() -> None:
    net = sp.Network(seed=3)
    pre = net.add(sp.Population("pre", 40, sp.SpikeSource()))
    post = net.add(sp.Population("post", 50, sp.LIF()))
    times = np.tile(np.arange(5.0, 95.0, 5.0), 4)
    net.drive(pre, sp.SpikeTrains(times, np.repeat([3, 7, 20, 31], 18)))
    rule = sp.Rewiring(turnover=0.5, by_activity=1.0, interval=100.0)
    net.connect(
        pre, post, sp.FixedInDegree(4, multapses=False), sp.Delta(weight=0.1), plasticity=rule
    )
    changes = ran(net, 100).recording().structure["pre->post"]
    assert changes.n_created > 50
    assert set(changes.pre[changes.created]) == {3, 7, 20, 31}


@given(st.floats(0.05, 0.16))
@settings(max_examples=8, deadline=None)
def test_pruning_removes_the_weak_and_only_them(threshold: float) -> None:
    rule = sp.Pruning(threshold=threshold)
    program = lower(recurrent(rule), 0.1, "float32", 1)
    before = initial_state(program).learned[0]
    learned, _ = restructured(program, program.plastic[0], before, 1000)
    strong = before.weights[0] >= np.float32(threshold)
    assert np.array_equal(learned.weights[0], before.weights[0][strong])
    for column in ("pre", "post", "delays", "dendritic"):
        kept = getattr(before.edges, column)[strong]
        assert np.array_equal(getattr(learned.edges, column), kept)


class Swap(sp.StructuralRule):
    """Once, the only synapse is replaced by one from neuron 1."""

    w_new = sp.WeightParameter(0.5)

    def change(self, wiring: Wiring) -> Change:
        """See `StructuralRule.change`."""
        return Change(np.flatnonzero(wiring.pre == 0), np.array([1]), np.array([0]))


def two_and_one(rule: sp.StructuralRule) -> sp.Network:
    """Two neurons that fire as told; the first is joined to one that sums up."""
    net = sp.Network(seed=1)
    pre = net.add(sp.Population("pre", 2, sp.SpikeSource()))
    post = net.add(sp.Population("post", 1, sp.LIF(tau_m=1e9)))
    net.drive(pre, sp.SpikeTrains([3.0, 7.0, 7.0, 9.0], [0, 0, 1, 1]))
    synapse = sp.Delta(weight=1.0, delay=5.0)
    net.connect(pre, post, sp.FromArrays([0], [0]), synapse, plasticity=rule)
    net.record(post, "v")
    return net


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_what_arrives_later_meets_the_synapses_of_then(on: str) -> None:
    """A spike in flight is lost with its synapse, and delivered by one that came meanwhile."""
    v = ran(two_and_one(Swap(interval=10.0)), 9.9, 8.0, on=on).recording()["post", "v"]
    jumps = np.diff(v.values[0, :, 0])
    at = np.flatnonzero(jumps > 0.1)
    assert v.times[at + 1] == pytest.approx([8.0, 12.0, 14.0])
    assert jumps[at] == pytest.approx([1.0, 0.5, 0.5], abs=1e-3)


def test_a_rule_that_asks_for_too_much_is_refused() -> None:
    class Hoard(Swap):
        def change(self, wiring: Wiring) -> Change:
            return Change(pre=np.array([1]), post=np.array([0]))

    class Stranger(Swap):
        def change(self, wiring: Wiring) -> Change:
            return Change(np.array([0]), np.array([7]), np.array([0]))

    for rule, words in ((Hoard, "2 synapses"), (Stranger, "does not join")):
        with pytest.raises(SpikestackError, match=words):
            ran(two_and_one(rule(interval=1.0)), 2)


def test_growth_brings_rates_to_the_set_point() -> None:
    net = sp.Network(seed=4)
    inputs = net.add(sp.Population("inputs", 200, sp.PoissonSource(rate=15.0)))
    cells = net.add(sp.Population("cells", 10, sp.LIF(tau_refrac=2.0)))
    growth = sp.HomeostaticGrowth(
        any_source=True,
        epsilon_dendritic=8.0,
        eta_dendritic=-8.0,
        nu_dendritic=2.0,
        tau_calcium=2000.0,
        w_new=0.25,
        max_in_degree=150,
    )
    synapse = sp.ExponentialCurrent(weight=0.25, delay=1.0)
    net.connect(inputs, cells, sp.FixedProbability(0.08), synapse, plasticity=growth)
    net.record(cells, "spikes")
    sim = ran(net, 60_000)
    result = sim.recording()
    early, late = (result["cells"].rates(*span) for span in ((0, 2000), (40_000, 60_000)))
    assert early.mean() < 3.0
    assert np.abs(late - 8.0).max() < 2.5 and abs(late.mean() - 8.0) < 1.0
    degrees = np.bincount(sim.connections("inputs->cells").post, minlength=10)
    assert 30 < degrees.mean() < 40


def test_silent_sources_lose_their_synapses() -> None:
    net = sp.Network(seed=4)
    rates = np.where(np.arange(60) < 30, 30.0, 0.0)
    inputs = net.add(sp.Population("inputs", 60, sp.PoissonSource(rate=rates)))
    cells = net.add(sp.Population("cells", 20, sp.LIF(i_offset=0.5)))
    growth = sp.HomeostaticGrowth(
        tau_calcium=500.0,
        eta_axonal=10.0,
        epsilon_axonal=60.0,
        nu_axonal=8.0,
        nu_dendritic=8.0,
        epsilon_dendritic=15.0,
        eta_dendritic=-15.0,
        w_new=0.1,
    )
    synapse = sp.ExponentialCurrent(weight=0.1, delay=1.0)
    rule = sp.FixedProbability(0.3)
    net.connect(inputs, cells, rule, synapse, plasticity=growth)
    sim = ran(net, 4000)
    found = sim.connections("inputs->cells")
    assert (found.pre < 30).all() and len(found) > 20


def test_chosen_connections_and_matrices_are_those_of_now() -> None:
    sim = ran(recurrent(RULES["all"], sp.Uniform(1, 3)), 20)
    whole = sim.connections(NAME)
    some = sim.connections(NAME, pre=[1, 5], post=slice(0, 30))
    keep = np.isin(whole.pre, [1, 5]) & (whole.post < 30)
    for column in ("pre", "post", "weight", "delay"):
        assert np.array_equal(getattr(some, column), getattr(whole, column)[keep])
    assert len(some) and whole.matrix().sum() == pytest.approx(whole.weight.sum(), rel=1e-5)


def test_views_are_rewired_within_themselves() -> None:
    net = sp.Network(seed=6)
    cells = net.add(sp.Population("cells", 40, sp.LIF()))
    rule = sp.Rewiring(turnover=0.5, interval=1.0)
    synapse = sp.Delta(weight=0.1, delay=1.0)
    net.connect(cells[5:20], cells[30:40], sp.FixedInDegree(5), synapse, plasticity=rule)
    found = ran(net, 5).connections(NAME)
    assert set(found.pre) <= set(range(5, 20)) and set(found.post) <= set(range(30, 40))
    assert (np.bincount(found.post, minlength=40)[30:] == 5).all()


@pytest.mark.parametrize("name", RULES)
def test_rules_survive_a_file(name: str, tmp_path: Path) -> None:
    net = recurrent(RULES[name])
    loaded = sp.load(net.save(tmp_path / "net.spk"))
    assert loaded.fingerprint == net.fingerprint
    assert loaded.fingerprint != recurrent([*RULES[name], sp.Pruning(threshold=0.02)]).fingerprint
    for found, wanted in zip(outcome(ran(loaded, 10)), outcome(ran(net, 10)), strict=True):
        assert np.array_equal(found, wanted)


def test_the_record_draws_itself() -> None:
    pytest.importorskip("matplotlib")
    changes = ran(recurrent(RULES["all"]), 20).recording().structure[NAME]
    figure = changes.plot(width=5)
    labels = [ax.get_ylabel() for ax in figure.axes]
    assert labels == ["synapses", "changes"]
    figure.canvas.draw()


def test_the_network_as_it_has_become_has_its_present_synapses() -> None:
    sim = ran(recurrent(RULES["growth"], sp.Uniform(1, 3)), 20)
    now, again = sim.connections(NAME), sim.learned().connections(NAME)
    assert len(now) != 1200
    for column in ("pre", "post", "delay"):
        assert np.array_equal(getattr(now, column), getattr(again, column))
    assert np.allclose(now.weight, again.weight, atol=1e-6)


def test_frozen_synapses_stay() -> None:
    sim = sp.Simulation(recurrent(RULES["rewiring"]))
    sim.freeze()
    sim.advance(10)
    assert len(sim.recording().structure[NAME]) == 0
    sim.thaw()
    sim.advance(10)
    assert len(sim.recording().structure[NAME]) > 20


def test_weights_are_recorded_as_histograms_only() -> None:
    net = recurrent(RULES["all"])
    net.record(net.projections[NAME], "w", interval=2.0, bins=np.linspace(0, 0.3, 7))
    result = ran(net, 20).recording()
    totals = result.traces[NAME]["w histogram"].values[0].sum(axis=1)
    times, counts = result.structure[NAME].counts()
    wanted = counts[np.searchsorted(times, np.arange(2, 21, 2) + 0.05) - 1]
    assert totals.tolist() == wanted.tolist() and len(set(wanted)) > 3
    net = recurrent(RULES["all"])
    net.record(net.projections[NAME], "w", interval=2.0)
    with pytest.raises(SpikestackError, match="histograms"):
        sp.Simulation(net)


BAD: dict[str, tuple[Any, str]] = {
    "order": (lambda: recurrent([sp.Pruning(), sp.AdditiveSTDP(w_max=1.0)]), "rules of weights"),
    "trials": (lambda: sp.Simulation(recurrent(sp.Pruning()), trials=2), "one trial"),
    "nothing": (lambda: recurrent(sp.Rewiring()), "replaces nothing"),
    "set points": (lambda: sp.HomeostaticGrowth(eta_axonal=5, epsilon_axonal=5), "not below"),
    "interval": (lambda: sp.Simulation(recurrent(sp.Pruning(interval=0.25))), "multiple"),
    "no interval": (lambda: sp.Pruning(interval=0), "interval"),
    "new weight": (
        lambda: recurrent([sp.AdditiveSTDP(w_max=0.2), sp.Rewiring(turnover=0.1, w_new=0.3)]),
        "outside the bounds",
    ),
    "unknown": (lambda: sp.Rewiring(turnover=0.1, chance=0.1), "chance"),
    "array": (lambda: sp.Rewiring(turnover=np.ones(3)), "one number"),
    "no rule": (lambda: recurrent(["prune"]), "a rule such as"),
    "procedural": (
        lambda: sp.Simulation(recurrent(sp.Pruning()), connectivity="procedural"),
        "plastic",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_meant_is_refused_with_a_reason(case: str) -> None:
    make, words = BAD[case]
    with pytest.raises(SpikestackError, match=words):
        make()
