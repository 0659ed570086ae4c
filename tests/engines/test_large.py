"""Queues and computed synapses: what large networks use gives the same bits on small ones."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.engines.cpu import engine as cpu_engine
from spikestack.engines.cpu import queueing
from spikestack.engines.cpu.plan import make_plan
from spikestack.errors import MemoryLimitError, ValidationError
from spikestack.program.lower import lower
from spikestack.program.memory import memory_needed


def current(weight: object, delay: object, **more: float) -> sp.ExponentialCurrent:
    return sp.ExponentialCurrent(weight=weight, delay=delay, tau_syn=3.0, **more)


def network(seed: int = 3) -> sp.Network:
    """Every rule, drawn and listed weights, long and short delays, two partitions' worth."""
    net = sp.Network(seed=seed)
    cell = sp.LIF(v_rest=-60.0, v=sp.Normal(-55, 5), i_offset=0.6)
    a, b, c = (
        net.add(sp.Population(name, n, cell)) for name, n in (("a", 70), ("b", 50), ("c", 9))
    )
    net.connect(a, b, sp.FixedTotalNumber(900), current(sp.Normal(0.2, 0.05), sp.Uniform(0.1, 4.0)))
    net.connect(a, a, sp.FixedInDegree(10), current(0.1, sp.Normal(1.5, 0.75, low=0.1)))
    net.connect(b, c, sp.FixedOutDegree(3, autapses=False), current(sp.Uniform(0.1, 0.2), 0.3))
    net.connect(b[10:40], a[5:25], sp.FixedInDegree(4, multapses=False), current(0.1, 1.0))
    weights = np.random.default_rng(0).normal(-0.1, 0.3, 50 * 70)
    net.connect(b, a, sp.AllToAll(), current(weights, 0.7), name="listed")
    net.connect(c, a, sp.FixedProbability(0.4), current(sp.LogNormal(-3.0, 2.0), 2.0))
    net.connect(c, b, sp.FixedInDegree(4), current(0.3, 2.1, dendritic_delay=0.5))
    net.drive(a, sp.Poisson(2000.0, weight=0.1))
    for p in (a, b, c):
        net.record(p, "spikes", "v")
    return net


def same(slow: sp.Recording, fast: sp.Recording) -> bool:
    return slow.same_spikes(fast) and all(
        np.array_equal(slow[name, "v"].values, fast[name, "v"].values) for name in "abc"
    )


def queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_engine, "make_plan", partial(make_plan, width_bits=-1))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_queues_and_computed_synapses(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    """Stored in queues and procedural, on one to three threads: the reference engine's bits."""
    slow = network().run(60.0, on="reference", precision=precision)
    assert sum(len(r) for r in slow.spikes.values()) > 200
    for threads in (1, 2, 3):
        how = {"threads": threads, "precision": precision}
        fast = network().run(60.0, connectivity="procedural", **how)
        assert same(slow, fast)
        schemes = [c["scheme"] for c in fast.provenance["engine_details"]["channels"]]
        assert "procedural" in schemes and any(s != "procedural" for s in schemes)
        with monkeypatch.context() as patch:
            queued(patch)
            assert same(slow, network().run(60.0, **how))


@pytest.mark.parametrize("how", ["queues", "procedural"])
def test_trials_at_once(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Threads that run different trials share synapses and rules, and nothing that they write."""

    def net() -> sp.Network:
        made = sp.Network(seed=1)
        cell = sp.LIF(v=sp.Uniform(-65.0, -50.0), i_offset=1.5)
        p = made.add(sp.Population("p", 2000, cell))
        synapse = current(sp.Normal(0.01, 0.002), sp.Uniform(0.5, 5.0))
        made.connect(p, p, sp.FixedInDegree(100), synapse)
        made.record(p, "spikes")
        return made

    slow = net().run(40.0, threads=1, trials=4)
    assert len(slow["p"]) > 5000
    if how == "queues":
        queued(monkeypatch)
    options = {"connectivity": "procedural"} if how == "procedural" else {}
    assert slow.same_spikes(net().run(40.0, threads=2, trials=4, **options))


@pytest.mark.slow
def test_busy_state_fits_into_queues(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Many spikes in flight along several channels are queued again when a state is restored."""
    net = sp.Network(seed=1)
    p = net.add(sp.Population("p", 1000, sp.LIF(i_offset=50.0, tau_refrac=1.0)))
    for k in range(4):
        synapse = current(1e-3 * (1 + k * 0.37), sp.Uniform(0.5, 9.0))
        net.connect(p, p, sp.FixedInDegree(60), synapse, name=f"p{k}")
    weights = np.random.default_rng(0).normal(0.0, 1e-4, 10**6)
    net.connect(p, p, sp.AllToAll(), current(weights, 8.0), name="listed")
    net.record(p, "spikes")
    whole = net.run(30.0)
    queued(monkeypatch)
    sim = sp.Simulation(net)
    assert len(sim.engine.plan.channels) > 1
    sim.advance(20.0)
    sim.save(tmp_path / "state")
    other = sp.Simulation(net)
    other.restore(tmp_path / "state")
    other.advance(10.0)
    times = whole["p"].times
    assert np.array_equal(other.recording()["p"].times, times[times > 20.0 + 1e-9])


@pytest.mark.slow
def test_computed_synapses_of_a_large_network() -> None:
    """100,000 neurons with 1,000 synapses each: stored and computed, the same spikes."""
    net = sp.Network(seed=1)
    p = net.add(sp.Population("p", 100_000, sp.LIF(v=sp.Uniform(-65.0, -50.0), i_offset=1.0)))
    synapse = current(sp.Normal(0.001, 0.0001), sp.Normal(1.5, 0.75, low=0.1))
    net.connect(p, p, sp.FixedInDegree(1000), synapse)
    net.record(p, "spikes")
    stored = net.run(15.0, threads=2)
    assert len(stored["p"]) > 10_000
    assert stored.same_spikes(net.run(15.0, threads=2, connectivity="procedural"))


def test_queues_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst that needs far more room than a queue begins with."""
    net = sp.Network()
    p = net.add(sp.Population("p", 1500, sp.LIF(i_offset=1e3, cm=0.1, tau_refrac=3.0)))
    net.connect(p, p, sp.FixedInDegree(200), current(1e-3, sp.Uniform(0.1, 9.0)))
    net.record(p, "spikes")
    slow = net.run(12.0)
    queued(monkeypatch)
    sim = sp.Simulation(net, threads=2)
    before = [w.queue_bytes for w in sim.engine.workers[0]]
    sim.advance(12.0)
    assert min(w.queue_bytes for w in sim.engine.workers[0]) > max(before)
    assert sim.recording().same_spikes(slow)
    for worker in sim.engine.workers[0]:
        held = sum(queueing.CHUNK for head in worker.queue.heads if head >= 0)
        assert held or len(slow["p"])


@pytest.mark.parametrize("how", ["queues", "procedural"])
def test_states_pass_to_queues_and_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """A state saved from buckets goes on in queues, and one from queues in buckets."""
    whole = network().run(50.0)
    options = {"connectivity": "procedural"} if how == "procedural" else {}
    for first in (True, False):
        with monkeypatch.context() as patch:
            if first and how == "queues":
                queued(patch)
            sim = sp.Simulation(network(), threads=2, **(options if first else {}))
            sim.advance(20.0)
            sim.save(tmp_path / "state")
        with monkeypatch.context() as patch:
            if not first and how == "queues":
                queued(patch)
            other = sp.Simulation(network(), threads=1, **({} if first else options))
            other.restore(tmp_path / "state")
            other.advance(30.0)
        late = other.recording()
        for name in "abc":
            times = whole[name].times
            assert np.array_equal(late[name].times, times[times > 20.0 + 1e-9])


def test_values_that_spikes_carry_in_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products of weight and value are formed before they are queued."""
    model = sp.NeuronModel(
        "v[t+1] = 0.9*v : 1",
        threshold="v > 1",
        reset="v = v - 1",
        emit="v",
        emit_type="float",
        emit_limit=4.0,
        dimensionless=True,
        default_synapse="Delta",
    )
    net = sp.Network(seed=5)
    p = net.add(sp.Population("p", 40, model))
    net.drive(p, sp.Poisson(2000.0, weight=0.7))
    drawn = sp.Delta(weight=sp.Normal(0.05, 0.01), delay=sp.Uniform(0.1, 1.5))
    net.connect(p, p, sp.FixedInDegree(5), drawn)
    net.record(p, "spikes", "v")
    slow = net.run(20.0, on="reference")
    assert len(slow["p"]) > 50
    found = [net.run(20.0, threads=2, connectivity="procedural")]
    queued(monkeypatch)
    found.append(net.run(20.0))
    for fast in found:
        assert slow.same_spikes(fast)
        assert np.array_equal(slow["p", "v"].values, fast["p", "v"].values)


def test_a_large_network_gets_queues() -> None:
    """Chosen by the plan where accumulators outgrow the caches and delays spread."""
    net = sp.Network()
    p = net.add(sp.Population("p", 1_000_000, sp.LIF()))
    net.connect(p, p, sp.FixedInDegree(1000), current(0.1, sp.Uniform(0.1, 20.0)))
    assert make_plan(lower(net, 0.1, "float32", 1), 1).queued
    small = sp.Network()
    p = small.add(sp.Population("p", 10_000, sp.LIF()))
    small.connect(p, p, sp.FixedInDegree(1000), current(0.1, 1.5))
    assert not make_plan(lower(small, 0.1, "float32", 1), 1).queued


def test_procedural_needs_a_delay() -> None:
    """Spikes that act at once cannot be queued: refused, with a way out."""
    net = sp.Network()
    a, b = (net.add(sp.Population(name, 5, sp.LIF())) for name in "ab")
    net.connect(a, b, sp.AllToAll(), sp.Delta(weight=1.0, delay=0.0))
    with pytest.raises(ValidationError, match="stored"):
        sp.Simulation(net, connectivity="procedural")
    with pytest.raises(ValidationError, match="procedural"):
        sp.Simulation(net, connectivity="sparse")


def test_memory_check_proposes_procedural(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit stored but would fit computed is refused with that advice."""
    net = sp.Network()
    p = net.add(sp.Population("p", 100_000, sp.LIF()))
    net.connect(p, p, sp.FixedInDegree(1000), current(0.1, 1.5))
    stored = memory_needed(net, 0.1).total
    computed = memory_needed(net, 0.1, procedural=True).total
    assert 4e8 < stored < 6e8 and computed < 0.2 * stored
    monkeypatch.setattr("spikestack.program.memory.available_memory", lambda: 2 * 10**8)
    with pytest.raises(MemoryLimitError, match="connectivity='procedural'"):
        sp.Simulation(net)
    monkeypatch.setattr("spikestack.program.memory.available_memory", lambda: 6 * 10**7)
    with pytest.raises(MemoryLimitError, match="larger machine"):
        sp.Simulation(net)


def test_samples_that_would_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first step, and the simulation can still be used."""
    net = sp.Network()
    p = net.add(sp.Population("p", 1000, sp.LIF()))
    net.record(p, "v")
    sim = sp.Simulation(net)
    monkeypatch.setattr("spikestack.program.memory.available_memory", lambda: 2 * 10**8)
    with pytest.raises(MemoryLimitError, match="interval"):
        sim.advance(10_000.0)
    assert sim.advance(10.0)
