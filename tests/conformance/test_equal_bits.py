"""The guarantee: reference = cpu, for any threads and any cutting of the run, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.equations.catalogue import collect
from spikestack.network.currents.base import CurrentModel
from spikestack.neurons.base import NeuronModel
from spikestack.recording import Recording
from spikestack.synapses.base import Synapse

MODELS = collect("spikestack.neurons", NeuronModel)
SYNAPSES = collect("spikestack.synapses", Synapse)
CURRENTS = collect("spikestack.network.currents", CurrentModel)


def same(a: Recording, b: Recording) -> bool:
    """Spikes and every traced value equal to the last bit."""
    traces = all(
        np.array_equal(a.traces[p][x].values, b.traces[p][x].values)
        for p in a.traces
        for x in a.traces[p]
    )
    return a.same_spikes(b) and traces and set(a.traces) == set(b.traces)


def one_model(name: str, method: str | None = None) -> sp.Network:
    """Some neurons of one model, driven by current and noise, coupled to each other."""
    net = sp.Network(seed=3)
    settings = {"method": method} if method else {}
    p = net.add(sp.Population("p", 37, MODELS[name](**settings)))
    current = p.model.fires_at
    if current is None:
        if p.model.default_synapse == "Delta":
            net.drive(p, sp.Poisson(300.0))
            for other in p.model.compartments:
                source = net.add(sp.Population(other, 37, sp.SpikeSource()))
                net.drive(source, sp.Poisson(300.0))
                net.connect(source, p, sp.OneToOne(), sp.Delta(weight=1.0, compartment=other))
    else:
        net.drive(p, sp.ConstantCurrent(sp.Uniform(0.5 * current, 2 * current)))
        net.drive(p, sp.Poisson(500.0, weight=0.05))
        net.connect(
            p,
            p,
            sp.FixedInDegree(5),
            sp.ExponentialCurrent(weight=sp.Normal(0.1, 0.05), delay=sp.Uniform(0.1, 2.0)),
        )
    net.record(p, "spikes", *p.model.block.states)
    return net


def _models_and_precisions() -> list[Any]:
    """All of them in single precision; in double, but for a few, in the slow run."""
    quick = {"LIF", "AdEx", "Izhikevich", "HodgkinHuxley", "GLIF", "FewSpike"}
    return [
        pytest.param(name, precision, marks=[pytest.mark.slow] * later)
        for name in sorted(MODELS)
        for precision in ("float32", "float64")
        for later in [precision == "float64" and name not in quick]
    ]


@pytest.mark.parametrize(("name", "precision"), _models_and_precisions())
def test_every_model(name: str, precision: str) -> None:
    """Both engines, one and two threads, in both precisions."""
    runs = [
        one_model(name).run(60.0, on=on, threads=threads, precision=precision)
        for on, threads in (("reference", 1), ("cpu", 1), ("cpu", 2))
    ]
    # Only what has a threshold fires.
    assert len(runs[0]["p"]) > 2 or not MODELS[name].threshold
    assert same(runs[0], runs[1])
    assert same(runs[0], runs[2])


@pytest.mark.parametrize("method", ["euler", "rk4"])
@pytest.mark.parametrize("name", ["LIF", "AdEx", "HodgkinHuxley"])
def test_every_scheme(name: str, method: str) -> None:
    """Stated schemes too."""
    net = one_model(name, method)
    assert same(net.run(30.0, on="reference", dt=0.02), net.run(30.0, threads=2, dt=0.02))


@pytest.mark.parametrize("kind", sorted(SYNAPSES))
def test_every_synapse(kind: str) -> None:
    """Each receptor, alone and beside another of its kind with other parameters."""
    net = sp.Network(seed=5)
    p = net.add(sp.Population("p", 50, sp.LIF(i_offset=1.1)))
    settings = [{}, {"tau_syn": 3.3}] if "tau_syn" in SYNAPSES[kind]().parameters else [{}]
    for k, values in enumerate(settings):
        delay = {} if SYNAPSES[kind].continuous else {"delay": 1.0 + k}
        synapse = SYNAPSES[kind](weight=0.02 * (k + 1), **delay, **values)
        net.connect(p, p, sp.FixedProbability(0.2), synapse, name=f"{k}")
    net.record(p, "spikes", "v")
    assert same(net.run(80.0, on="reference"), net.run(80.0, threads=2))


@pytest.mark.parametrize("precision", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", sorted(CURRENTS))
def test_every_current(kind: str, precision: str) -> None:
    """Currents by equations, into all neurons and into some, for all the time and for a while."""

    def net() -> sp.Network:
        made = sp.Network(seed=5)
        p = made.add(sp.Population("p", 50, sp.LIF(i_offset=1.0)))
        made.drive(p, CURRENTS[kind](), name="all")
        made.drive(p[[40, 3, 9]], CURRENTS[kind](start=5.0, stop=20.0), name="some")
        made.record(p, "spikes", "v")
        return made

    slow = net().run(60.0, on="reference", precision=precision, trials=2)
    assert len(slow["p"]) > 10
    for threads in (1, 2, 3):
        assert same(slow, net().run(60.0, threads=threads, precision=precision, trials=2))


def balanced() -> sp.Network:
    """A small network with every kind of input, heterogeneous parameters, several delays."""
    net = sp.Network(seed=11)
    exc = net.add(
        sp.Population(
            "exc",
            (8, 10),
            sp.LIF(
                tau_m=sp.Normal(20.0, 3.0, low=5.0),
                tau_refrac=sp.Uniform(0.5, 3.0),
                v=sp.Uniform(-65.0, -50.0),
                i_offset=0.6,
            ),
        )
    )
    inh = net.add(sp.Population("inh", 20, sp.LIF(tau_m=10.0, i_offset=1.7)))
    syn = sp.ExponentialCurrent
    net.connect(
        exc,
        exc,
        sp.FixedTotalNumber(600),
        syn(weight=sp.LogNormal(-3.0, 0.5), delay=sp.Normal(1.5, 0.75, low=0.1)),
    )
    net.connect(exc, inh, sp.FixedInDegree(30, autapses=False), syn(weight=0.2, delay=0.8))
    net.connect(
        inh,
        exc,
        sp.FixedProbability(0.3),
        syn(tau_syn=8.0, weight=-0.1, delay=sp.Uniform(0.1, 5.0)),
    )
    net.connect(inh, inh, sp.FixedOutDegree(4, multapses=False, autapses=False), syn(weight=-0.1))
    net.drive(exc, sp.Poisson(sp.Uniform(200.0, 900.0), weight=0.15))
    net.drive(inh[5:15], sp.Poisson(60_000.0, weight=0.002), name="fast")
    net.drive(exc[:3], sp.SpikeTrains([[5.0, 5.0, 9.1], [], [30.0]], weight=3.0))
    net.drive(exc[2:6, :3], sp.StepCurrent([10.0, 20.0], [0.3, -0.1]))
    for population in (exc, inh):
        net.record(population, "spikes")
    net.record(exc[[7, 3, 60]], "v", interval=0.7)
    net.record(inh[:4], "v", "ExponentialCurrent.i")
    return net


def in_pieces(net: sp.Network, pieces: list[float], folder: Path, **settings: object) -> Recording:
    """The same run cut up, each piece in a new simulation restored from a file."""
    sim = sp.Simulation(net, **settings)
    parts = []
    for k, piece in enumerate(pieces):
        sim.advance(piece)
        parts.append(sim.drain())
        path = folder / f"{k}.state"
        sim.save(path)
        sim = sp.Simulation(net, **settings)
        sim.restore(path)
    return Recording.join(*parts)


@pytest.mark.parametrize("precision", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_threads_and_pieces(precision: str, tmp_path: Path) -> None:
    """One run, pieces of it, and pieces through files, on both engines."""
    net = balanced()
    whole = net.run(60.0, on="reference", precision=precision)
    assert len(whole["exc"]) > 30 and len(whole["inh"]) > 30
    for how in ({"threads": 1}, {"threads": 2}, {"threads": 3}, {"on": "reference"}):
        assert same(whole, net.run(60.0, precision=precision, **how))
        cut = in_pieces(net, [0.1, 12.3, 0.0, 17.6, 30.0], tmp_path, precision=precision, **how)
        assert same(whole, cut)


def test_payloads_and_zero_delays_in_pieces(tmp_path: Path) -> None:
    """Values of spikes in flight, and levels within a step, survive cutting and threads."""
    sender = sp.NeuronModel(
        "v[t+1] = 0.9*v : 1",
        threshold="v > 1",
        reset="v = v - 1",
        emit="v",
        emit_type="float",
        emit_limit=4.0,
        dimensionless=True,
        default_synapse="Delta",
    )
    net = sp.Network(seed=4)
    late = net.add(sp.Population("late", 30, sp.LIF(tau_m=5.0)))
    early = net.add(sp.Population("early", 40, sender))
    net.drive(early, sp.Poisson(2000.0, weight=0.7))
    net.connect(early, late, sp.FixedInDegree(6), sp.Delta(weight=1.5, delay=0.0), name="now")
    slow = sp.Delta(weight=1.5, delay=sp.Uniform(0.5, 4.0))
    net.connect(early, late, sp.FixedInDegree(6), slow, name="slow")
    net.record(early, "spikes")
    net.record(late, "spikes", "v")
    whole = net.run(30.0, on="reference")
    assert len(whole["early"]) > 50 and len(whole["late"]) > 20
    for how in ({"threads": 1}, {"threads": 2}, {"on": "reference"}):
        assert same(whole, net.run(30.0, **how))
        assert same(whole, in_pieces(net, [7.3, 0.1, 22.6], tmp_path, **how))


def test_states_pass_between_engines(tmp_path: Path) -> None:
    """A state that one engine saved goes on in the other, with any number of threads."""
    net = balanced()
    whole = net.run(40.0)
    sim = sp.Simulation(net, on="reference")
    sim.advance(20.0)
    sim.save(tmp_path / "half")
    for how in ({"threads": 2}, {"threads": 1}, {"on": "reference"}):
        other = sp.Simulation(net, **how)
        other.restore(tmp_path / "half")
        other.advance(20.0)
        assert other.time == pytest.approx(40.0)
        late = other.recording()
        wanted = whole["exc"].steps > 200
        assert np.array_equal(late["exc"].steps, whole["exc"].steps[wanted])
        assert np.array_equal(late["exc"].ids, whole["exc"].ids[wanted])


def test_trials_are_runs_of_their_own() -> None:
    """Trials are independent, equal on both engines, and do not depend on their number."""
    net = balanced()
    three = net.run(30.0, trials=3, on="reference")
    assert same(three, net.run(30.0, trials=3, threads=2))
    assert same(three, net.run(30.0, trials=3, threads=4))
    one = net.run(30.0)
    first = three["exc"].trials == 0
    assert np.array_equal(one["exc"].steps, three["exc"].steps[first])
    assert not np.array_equal(three["exc"].counts(0), three["exc"].counts(1))


def test_order_of_building_does_not_matter() -> None:
    """Names key the randomness, not the order in which things were added."""

    def build(order: list[str]) -> sp.Network:
        net = sp.Network(seed=2)
        for name in order:
            net.add(sp.Population(name, 30, sp.LIF(v=sp.Uniform(-65.0, -50.0))))
        for name in order:
            net.drive(net[name], sp.Poisson(2000.0, weight=0.2))
            other = "b" if name == "a" else "a"
            net.connect(
                net[name], net[other], sp.FixedProbability(0.3), sp.ExponentialCurrent(weight=0.1)
            )
            net.record(net[name], "spikes")
        return net

    one, two = build(["a", "b"]), build(["b", "a"])
    assert one.fingerprint == two.fingerprint
    assert one.run(50.0)["a"].same_spikes(two.run(50.0)["a"])


def test_zero_weights_change_nothing() -> None:
    """A projection of weight 0 leaves every bit alone."""
    plain, padded = balanced(), balanced()
    padded.connect(
        padded["inh"],
        padded["exc"],
        sp.AllToAll(),
        sp.ExponentialCurrent(tau_syn=8.0, weight=0.0),
        name="nothing",
    )
    assert plain.run(30.0).same_spikes(padded.run(30.0))


@st.composite
def networks(draw: st.DrawFn) -> sp.Network:
    """Random small networks: sizes, models, rules, weights, delays, inputs."""
    net = sp.Network(seed=draw(st.integers(0, 10**6)))
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    models = [
        sp.LIF(v=sp.Uniform(-65.0, -50.0), tau_refrac=1.0),
        sp.Izhikevich(),
        sp.AdEx(method="euler"),
    ]
    for name in names:
        net.add(sp.Population(name, draw(st.integers(1, 40)), draw(st.sampled_from(models))))
        rate = draw(st.floats(0.0, 5000.0))
        net.drive(net[name], sp.Poisson(rate, weight=draw(st.floats(-0.1, 1.0))))
        net.record(net[name], "spikes", "v")
    for k in range(draw(st.integers(0, 4))):
        pre, post = net[draw(st.sampled_from(names))], net[draw(st.sampled_from(names))]
        rule = draw(
            st.sampled_from(
                [
                    sp.AllToAll(),
                    sp.FixedProbability(0.2),
                    sp.FixedInDegree(3),
                    sp.FixedOutDegree(2),
                    sp.FixedTotalNumber(25),
                    sp.FixedProbability(1.0),
                ]
            )
        )
        weight = draw(st.sampled_from([0.3, -0.5, sp.Normal(0.2, 0.3), sp.Uniform(-0.2, 0.4)]))
        delay = draw(st.sampled_from([0.1, 1.5, 7.0, sp.Uniform(0.1, 3.0)]))
        kind = draw(st.sampled_from([sp.ExponentialCurrent, sp.AlphaCurrent, sp.Delta]))
        net.connect(pre, post, rule, kind(weight=weight, delay=delay), name=f"p{k}")
    return net


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(networks(), st.sampled_from(["float32", "float64"]))
def test_random_networks(net: sp.Network, precision: str) -> None:
    """Whatever the network: the same bits on both engines, for 1 and 2 threads."""
    slow = net.run(20.0, on="reference", precision=precision)
    for threads in (1, 2):
        assert same(slow, net.run(20.0, threads=threads, precision=precision))
