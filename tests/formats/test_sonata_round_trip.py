"""SONATA: what is written is read back as the same network, whatever it is made of."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import ValidationError

from .sonata_networks import many_models

pytest.importorskip("h5py")
sonata = sp.formats.sonata
FEW = settings(max_examples=10, deadline=None)

finite = st.floats(-1e3, 1e3, allow_nan=False).map(lambda x: round(x, 6))
positive = st.floats(1e-3, 1e3).map(lambda x: round(x, 6)).filter(bool)


def read_back(net: sp.Network, folder: Path, **settings: Any) -> sonata.SonataSimulation:
    """What `write` and `read` make of a network."""
    found = sonata.read(sonata.write(net, folder, **settings))
    assert isinstance(found, sonata.SonataSimulation)
    return found


def per_neuron(draw: Any, values: st.SearchStrategy[float], n: int) -> Any:
    """One number, or one for each neuron."""
    if draw(st.booleans()):
        return draw(values)
    return np.array(draw(st.lists(values, min_size=n, max_size=n)))


@st.composite
def networks(draw: Any) -> sp.Network:
    """Populations of LIF neurons, sources, and given edges among them."""
    net = sp.Network(seed=draw(st.integers(0, 2**53 - 1)))
    names = draw(
        st.lists(
            st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1)
            .filter(lambda t: not {"/", "$"} & set(t) and t not in (".", ".."))
            .map(lambda t: t[:20]),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    kind = draw(st.sampled_from([sp.ExponentialCurrent, sp.AlphaCurrent, sp.Delta]))
    for name in names:
        n = draw(st.integers(1, 6))
        place = None
        if draw(st.booleans()):
            dims = draw(st.integers(1, 3))
            flat = draw(st.lists(finite, min_size=n * dims, max_size=n * dims))
            place = sp.Positions(np.array(flat).reshape(n, dims))
        model: sp.NeuronModel = sp.SpikeSource()
        if draw(st.booleans()):
            model = sp.LIF(
                tau_m=per_neuron(draw, positive, n),
                cm=per_neuron(draw, positive, n),
                v_thresh=draw(finite),
                i_offset=draw(finite),
            )
        net.add(sp.Population(name, n, model, place))
    tau = {} if kind is sp.Delta else {"tau_syn": draw(positive)}
    for k in range(draw(st.integers(0, 3))):
        pre = net[draw(st.sampled_from(names))]
        post = net[draw(st.sampled_from(names))]
        space = [p.positions.dims for p in (pre, post) if p.positions]
        if post.model.label == "SpikeSource" or len(set(space)) > 1:
            continue
        n = draw(st.integers(1, 8))
        ends = [
            np.array(draw(st.lists(st.integers(0, p.size - 1), min_size=n, max_size=n)), np.int64)
            for p in (pre, post)
        ]
        weight = per_neuron(draw, finite, n)
        delay = per_neuron(draw, st.floats(0.1, 50.0), n)
        net.connect(
            pre, post, sp.FromArrays(*ends), kind(weight=weight, delay=delay, **tau), name=f"p{k}"
        )
    for name in names:
        if net[name].model.label == "SpikeSource" and draw(st.booleans()):
            steps = draw(st.lists(st.integers(1, 900), min_size=1, max_size=5, unique=True))
            ids = [draw(st.integers(0, net[name].size - 1)) for _ in steps]
            trains = sp.SpikeTrains(np.sort(steps) * 0.1, np.array(ids))
            net.drive(net[name], trains, name=name)
        elif net[name].model.label == "LIF" and draw(st.booleans()):
            times = np.array([0.0, 10.0, 25.0])[draw(st.integers(0, 1)) :]
            levels = np.append(draw(st.lists(positive, min_size=len(times) - 1,
                                             max_size=len(times) - 1)), 0.0)  # fmt: skip
            net.drive(net[name], sp.StepCurrent(times, levels), name=f"to {name}")
    return net


@FEW
@given(networks())
def test_same_network(net: sp.Network) -> None:
    """The fingerprint, which covers all numbers, names, edges and inputs, comes back."""
    with tempfile.TemporaryDirectory() as folder:
        found = read_back(net, Path(folder) / "net", duration=90.0)
    assert found.network.fingerprint == net.fingerprint
    assert found.notes == ()
    assert found.duration == 90.0
    assert found.dt == 0.1


@FEW
@given(networks())
def test_other_units(net: sp.Network) -> None:
    """In NEST's units numbers come back to the last bit or two, edges and their order exactly."""
    with tempfile.TemporaryDirectory() as folder:
        found = read_back(net, Path(folder) / "net", target="nest").network
    assert set(found.populations) == set(net.populations)
    for name, population in net.populations.items():
        assert type(found[name].model) is type(population.model)
        for key, value in population.model.values.items():
            np.testing.assert_allclose(found[name].model.values[key], value, rtol=1e-15)
    merged = {k: p for k, p in found.projections.items() if k in net.projections}
    for name, projection in merged.items():
        mine = net.projections[name]
        np.testing.assert_array_equal(projection.rule.pre, mine.rule.pre)
        np.testing.assert_array_equal(projection.rule.post, mine.rule.post)
        np.testing.assert_allclose(projection.synapse.weight, mine.synapse.weight, rtol=1e-15)
        np.testing.assert_array_equal(projection.synapse.delay, mine.synapse.delay)
    assert set(merged) == set(net.projections)


@pytest.mark.parametrize("target", ["pynn", "nest"])
def test_same_spikes(tmp_path: Path, target: str) -> None:
    """Every model that a target has templates for fires as before."""
    net = many_models()
    if target == "pynn":
        smaller = sp.Network(seed=net.seed)
        left = ("squid",)
        for name, population in net.populations.items():
            if name not in left:
                smaller.add(population)
        for projection in net.projections.values():
            ends = projection.pre.population.name, projection.post.population.name
            if not set(ends) & set(left):
                smaller.connect(
                    projection.pre, projection.post, projection.rule, projection.synapse
                )
        for drive in net.drives.values():
            smaller.drive(drive.target, drive.input)
        for name in smaller.populations:
            if name != "src":
                smaller.record(smaller[name], "spikes")
        net = smaller
        net.populations["traub"].model = sp.TraubMiles(v=-65.0, m=0.0, h=1.0, n=0.0)
    found = read_back(net, tmp_path / "net", target=target, duration=100.0)
    ours = net.run(100.0, precision="float64", progress=False)
    theirs = found.run(precision="float64", progress=False)
    assert sum(len(r) for r in ours.spikes.values()) > 100
    assert ours.same_spikes(theirs)


def test_rules_and_draws(tmp_path: Path) -> None:
    """What is ruled or drawn is written as the engines have it; the network stays open."""
    net = sp.Network(seed=3)
    v = sp.Normal(-65.0, 3.0, low=-80.0, high=-51.0)
    a = net.add(sp.Population("a", 50, sp.LIF(v=v, tau_m=sp.Uniform(10.0, 20.0), i_offset=0.9)))
    b = net.add(sp.Population("b", 20, sp.AdEx(i_offset=sp.Normal(0.6, 0.1))))
    weight, delay = sp.Normal(0.2, 0.05), sp.Uniform(0.5, 3.0)
    synapse = sp.ExponentialCurrent(
        weight=weight, delay=delay, dendritic_delay=0.5, tau_syn=sp.Uniform(2.0, 4.0)
    )
    net.connect(a, a, sp.FixedProbability(0.2), synapse)
    net.connect(a[10:30], b[[3, 1, 2]], sp.AllToAll(), sp.ExponentialConductance(weight=0.01))
    net.connect(b, a[5:25], sp.OneToOne(), sp.ExponentialCurrent(weight=0.3, tau_syn=9.0))
    with pytest.raises(ValidationError, match="differ in time, not by the sign"):
        sonata.write(net, tmp_path / "no")
    net.projections.popitem()
    net.connect(b, a[5:25], sp.OneToOne(), sp.ExponentialCurrent(weight=-0.3, tau_syn=9.0))
    for population in (a, b):
        net.record(population, "spikes")
    found = read_back(net, tmp_path / "net", duration=80.0)
    assert not net.frozen
    ours = net.run(80.0, precision="float64", progress=False)
    assert ours.same_spikes(found.run(precision="float64", progress=False))
    for name in net.projections:
        mine, theirs = (n.connections(name, precision="float64") for n in (net, found.network))
        for column in ("pre", "post", "weight", "delay"):
            np.testing.assert_array_equal(getattr(mine, column), getattr(theirs, column))
    assert min(len(r) for r in ours.spikes.values()) > 20


def test_random_sources(tmp_path: Path) -> None:
    """Sources that fire at random are refused, or written as the spikes that they fire."""
    net = sp.Network(seed=9)
    src = net.add(sp.Population("src", 40, sp.SpikeSource()))
    own = net.add(sp.Population("own", 10, sp.PoissonSource(rate=50.0)))
    a = net.add(sp.Population("a", 10, sp.LIF()))
    net.drive(src, sp.Poisson(80.0), name="noise")
    for pre in (src, own):
        net.connect(pre, a, sp.FixedInDegree(8), sp.ExponentialCurrent(weight=1.0))
    net.record(a, "spikes")
    with pytest.raises(ValidationError, match="random spikes of own, src"):
        sonata.write(net, tmp_path / "no")
    assert not (tmp_path / "no").exists()
    found = read_back(net, tmp_path / "net", sample=True, duration=200.0)
    ours = net.run(200.0, precision="float64", progress=False)
    assert len(ours["a"]) > 20
    assert ours.same_spikes(found.run(precision="float64", progress=False))


def test_views_and_currents(tmp_path: Path) -> None:
    """Currents into some neurons, constant ones, probes of some: node sets, inputs, reports."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", (3, 4), sp.LIF(v_rest=-70.0)))
    net.drive(a[[7, 2, 5]], sp.StepCurrent([10.0, 20.0, 40.0], [1.0, -0.5, 2.0]), name="some")
    net.drive(a, sp.ConstantCurrent(0.9), name="all")
    net.drive(a[1:], sp.StepCurrent([0.0, 30.0, 35.0], [0.2, 0.0, 0.3]), name="gap")
    net.record(a[[3, 9]], "v", interval=0.5)
    found = read_back(net, tmp_path / "net", duration=60.0)
    assert found.network["a"].shape == (3, 4)
    assert [tuple(p.target.ids) for p in found.network.probes if p.variable == "v"] == [(3, 9)]
    assert found.circuit.node_set("some") == {"a": pytest.approx([2, 5, 7])}
    sets = json.loads((tmp_path / "net" / "node_sets.json").read_text())
    assert sets["gap"] == {"population": "a", "node_id": list(range(4, 12))}
    net.record(a, "spikes")
    ours = net.run(60.0, precision="float64", progress=False)
    theirs = found.run(precision="float64", progress=False)
    assert ours.same_spikes(theirs) and len(ours["a"]) > 10
    np.testing.assert_array_equal(ours["a", "v"].values, theirs["a", "v"].values)


def test_gain_of_izhikevich(tmp_path: Path) -> None:
    """Izhikevich's gain is 1000 there: another one is put into the current, or refused."""
    net = sp.Network()
    cell = sp.Izhikevich.preset("fast_spiking", i_offset=10.0)
    a = net.add(sp.Population("a", 3, cell))
    net.record(a, "spikes")
    found = read_back(net, tmp_path / "net", duration=100.0)
    assert found.network["a"].model.values["gain"] == 1000.0
    assert found.network["a"].model.values["i_offset"] == 0.01
    ours = net.run(100.0, precision="float64", progress=False)
    assert len(ours["a"]) > 5
    assert ours.same_spikes(found.run(precision="float64", progress=False))
    other = sp.Network()
    other.drive(other.add(sp.Population("a", 3, cell)), sp.ConstantCurrent(1.0))
    with pytest.raises(ValidationError, match="gain other than 1000 in pynn:Izhikevich"):
        sonata.write(other, tmp_path / "no")
