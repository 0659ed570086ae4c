"""Synapses read back are those that run: all rules, views, filters, and both precisions."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.program.edge_list import edge_list

N = 60
RULES = {
    "one to one": sp.OneToOne(),
    "all to all": sp.AllToAll(),
    "all others": sp.AllToAll(autapses=False),
    "probability": sp.FixedProbability(0.3),
    "probability, no autapses": sp.FixedProbability(0.3, autapses=False),
    "in-degree": sp.FixedInDegree(7),
    "in-degree, no autapses": sp.FixedInDegree(7, autapses=False),
    "in-degree, distinct": sp.FixedInDegree(7, autapses=False, multapses=False),
    "out-degree": sp.FixedOutDegree(5),
    "out-degree, distinct": sp.FixedOutDegree(5, autapses=False, multapses=False),
    "number": sp.FixedTotalNumber(500),
    "number, distinct": sp.FixedTotalNumber(100, autapses=False, multapses=False),
}
WEIGHTS = (0.4, sp.Normal(0.4, 0.05), sp.Uniform(0.1, 0.3), sp.LogNormal(-1.0, 3.0))


def every_rule(views: bool) -> sp.Network:
    """A projection of every kind, with delays of two parts and every kind of weight."""
    net = sp.Network(seed=3)
    a = net.add(sp.Population("a", N, sp.LIF()))
    pre, post = (a[[5, 3, 9, 1, *range(20, 30)]], a[[7, 5, 9, 3, 50, 51, *range(10, 20)]])
    for i, (name, rule) in enumerate(RULES.items()):
        synapse = sp.ExponentialCurrent(
            weight=WEIGHTS[i % 4], delay=sp.Normal(1.5, 0.5, low=0.1), dendritic_delay=0.3
        )
        if not views:
            net.connect(a, a, rule, synapse, name=name)
        elif name != "one to one":
            net.connect(pre, post, rule, synapse, name=name)
    return net


@pytest.mark.parametrize("views", [False, True])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_equal_to_the_definition(views: bool, precision: str) -> None:
    """The reference engine's list of edges defines what there is, and in which order."""
    sim = sp.Simulation(every_rule(views), on="reference", precision=precision)
    for edge in sim.program.edges:
        found, listed = sim.connections(edge.name), edge_list(edge)
        dtype = sim.program.dtype
        assert found.pre.dtype == found.post.dtype == np.int32
        assert found.weight.dtype == found.delay.dtype == dtype
        assert np.array_equal(found.pre, listed.pre), edge.name
        assert np.array_equal(found.post, listed.post), edge.name
        assert np.array_equal(found.weight, (listed.weights * edge.quantum).astype(dtype))
        assert np.array_equal(found.delay, (listed.delays * edge.dt).astype(dtype))


@pytest.mark.parametrize(
    ("pre", "post"), [(5, None), (None, [5, 9]), ([1, 3, 50], slice(0, 20)), ([], None)]
)
def test_filters(pre: object, post: object) -> None:
    """A filter leaves those of the whole that fit, in their order."""
    sim = sp.Simulation(every_rule(False))
    for name in sim.network.projections:
        whole, part = sim.connections(name), sim.connections(name, pre=pre, post=post)
        keep = np.ones(len(whole), bool)
        for chosen, column in ((pre, whole.pre), (post, whole.post)):
            if chosen is not None:
                keep &= np.isin(column, np.arange(N)[chosen if chosen != [] else slice(0)])
        assert len(part) == keep.sum()
        for column in ("pre", "post", "weight", "delay"):
            assert np.array_equal(getattr(part, column), getattr(whole, column)[keep]), name


def test_description_engines_and_schemes_agree() -> None:
    """One answer, asked of the description or of any simulation."""
    whole = every_rule(False).connections("in-degree").to_numpy()
    for settings in ({}, {"on": "reference"}, {"connectivity": "procedural", "threads": 2}):
        other = sp.Simulation(every_rule(False), **settings).connections("in-degree").to_numpy()
        assert all(np.array_equal(whole[name], other[name]) for name in whole)


def test_spikes_arrive_as_the_columns_say() -> None:
    """A kick to one source reaches just its targets, after their delays, with their weights."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 1, sp.SpikeSource()))
    b = net.add(sp.Population("b", 30, sp.LIF(tau_m=1e6)))
    synapse = sp.Delta(weight=sp.Uniform(0.1, 0.9), delay=sp.Uniform(1.0, 3.0))
    net.connect(a, b, sp.FixedProbability(0.5), synapse, name="p")
    net.drive(a, sp.SpikeTrains([[1.0]]))
    net.record(b, "v")
    sim = sp.Simulation(net)
    sim.advance(10.0)
    v, found = sim.recording()["b", "v"], sim.connections("p", pre=0)
    jumps = np.diff(v.values[0].astype(float), axis=0)
    assert set(found.post) == set(np.flatnonzero(jumps.max(axis=0) > 0.05))
    for post, weight, delay in zip(found.post, found.weight, found.delay):
        step = int(jumps[:, post].argmax())
        assert np.isclose(v.times[step + 1], 1.0 + delay, atol=1e-4)
        assert np.isclose(jumps[step, post], weight, atol=1e-3)


def test_matrix_and_table() -> None:
    """Multiple synapses of a pair are summed; their delays have no place in a matrix."""
    found = every_rule(False).connections("number")
    dense = np.zeros((N, N))
    np.add.at(dense, (found.pre, found.post), found.weight)
    assert np.allclose(found.matrix().toarray(), dense)
    with pytest.raises(ValidationError, match="several times"):
        found.matrix("delay")
    table = found.to_dataframe()
    assert list(table.columns) == ["pre", "post", "weight", "delay"] and len(table) == 500


def test_weights_are_in_their_own_unit() -> None:
    """Given 400 pA, they are read back as 0.4 nA; of conductances in uS."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 3, sp.LIF()))
    net.connect(a, a, sp.OneToOne(), sp.ExponentialCurrent(weight="400 pA", delay=1.0))
    found = net.connections("a->a")
    assert found.weight_unit == "nA" and np.allclose(found.weight, 0.4)


def test_mistakes_are_named() -> None:
    net = every_rule(False)
    with pytest.raises(UnknownNameError, match="in-degree"):
        net.connections("in degree")
    for pre in (N, -N - 1, "all", [0.5], True):
        with pytest.raises(ValidationError):
            net.connections("number", pre=pre)
    with pytest.raises(ValidationError, match="weight or delay"):
        net.connections("number").matrix("post")
    with pytest.raises(ValueError, match="read-only"):
        net.connections("number").weight[0] = 1.0
