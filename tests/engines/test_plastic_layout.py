"""Plastic synapses are laid out, and read back, as their definition by sorting says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.engines.cpu.plastic_layout import (
    PlasticPart,
    in_order,
    pairs_of,
    plastic_parts,
    share_of,
)
from spikestack.errors import ValidationError
from spikestack.program.compact_edges import CompactEdges, compact_edges, compact_weights
from spikestack.program.edge_list import edge_list, edge_weights
from spikestack.program.lower import lower

N = 70
RULES = (
    sp.OneToOne(),
    sp.AllToAll(autapses=False),
    sp.FixedProbability(0.3),
    sp.FixedInDegree(7, autapses=False),
    sp.FixedInDegree(7, multapses=False),
    sp.FixedOutDegree(5),
    sp.FixedTotalNumber(500),
    sp.FixedTotalNumber(100, autapses=False, multapses=False),
    sp.FromArrays(np.array([5, 3, 3, 0, 5]), np.array([1, 1, 1, 2, 0])),
)
DELAYS = (
    (1.5, 0.0),
    (0.0, 1.5),
    (sp.Uniform(0.1, 4.0), 0.7),
    (1.0, sp.Normal(1.0, 0.4, low=0.0)),
    (sp.Normal(1.5, 0.5, low=0.1, high=6.0), sp.Uniform(0.0, 2.0)),
    (sp.LogNormal(0.0, 2.0, low=0.1, high=500.0), 0.0),
)
WEIGHTS = (0.3, sp.Normal(0.4, 0.05), sp.Uniform(0.1, 0.3), sp.LogNormal(-1.0, 3.0))


def lowered(rule: int, delay: int, weight: int, view: bool, seed: int, precision: str):
    """The edges of a projection, as the engines get them."""
    net = sp.Network(seed=seed)
    a = net.add(sp.Population("a", N, sp.LIF()))
    pre, post = (a, a) if not view else (a[[9, 5, 3, *range(20, 30)]], a[[7, 5, *range(10, 21)]])
    axonal, dendritic = DELAYS[delay]
    synapse = sp.Delta(weight=WEIGHTS[weight], delay=axonal, dendritic_delay=dendritic)
    net.connect(pre, post, RULES[rule], synapse)
    return lower(net, 0.1, precision, 1).edges[0]


@given(
    st.integers(0, len(RULES) - 1),
    st.integers(0, len(DELAYS) - 1),
    st.integers(0, len(WEIGHTS) - 1),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from(["float32", "float64"]),
)
@settings(max_examples=60, deadline=None)
def test_compact_edges_are_the_edges(rule, delay, weight, view, seed, precision) -> None:
    edge = lowered(rule, delay, weight, view, seed, precision)
    listed, dtype = edge_list(edge), np.dtype(precision)
    for threads in (1, 3):
        found = compact_edges(edge, N, threads)
        assert np.array_equal(found.pre, listed.pre) and np.array_equal(found.post, listed.post)
        assert found.post.dtype == found.pre.dtype == np.int32
        assert (listed.delays == found.delays).all()
        assert (listed.dendritic == found.dendritic).all()
        weights = compact_weights(edge, dtype, threads)
        assert weights.dtype == dtype
        assert np.array_equal(weights, edge_weights(edge).astype(dtype))
    assert isinstance(found.delays, int) == (delay < 2)
    assert isinstance(found.dendritic, int) == (delay not in (3, 4))


def defined(pre, post, delays, dendritic, size: int, low: int, high: int):
    """What the layout of one thread has to be: stable sorts of whole numbers."""
    key = (delays << 32) | dendritic
    distinct, pair_of = np.unique(key, return_inverse=True)
    count = max(1, len(distinct))
    index = np.flatnonzero((post >= low) & (post < high))
    index = index[np.argsort(pre[index] * count + pair_of[index], kind="stable")]
    pre, post, pair = pre[index], post[index], pair_of[index]
    order = np.argsort((post - low) * count + pair, kind="stable")
    rows = np.searchsorted(pre * count + pair, np.arange(size * count + 1))
    by_target = ((post - low) * count + pair)[order]
    cols = np.searchsorted(by_target, np.arange((high - low) * count + 1))
    return index, post, rows, order, pre[order], cols


def columns_of(n: int, size: int, spread: int, back: int, seed: int):
    """Random edges, as int64 columns."""
    rng = np.random.default_rng(seed)
    pre, post = np.sort(rng.integers(0, size, n)), rng.integers(0, size, n)
    dendritic = rng.integers(0, back + 1, n)
    return pre, post, dendritic + 1 + rng.integers(0, spread + 1, n), dendritic


@given(
    st.integers(0, 300),
    st.integers(1, 20),
    st.sampled_from([0, 3, 400_000]),
    st.sampled_from([0, 2, 100]),
    st.lists(st.integers(0, 20), max_size=2),
    st.integers(0, 9),
)
@settings(max_examples=80, deadline=None)
def test_layout_is_that_of_stable_sorts(n, size, spread, back, cuts, seed) -> None:
    pre, post, delays, dendritic = columns_of(n, size, spread, back, seed)
    scalar = n > 0 and spread == 0 and back == 0
    edges = CompactEdges.of(pre, post, size, 1 if scalar else delays, 0 if scalar else dendritic)
    bounds = sorted([0, size, *(min(c, size) for c in cuts)])
    ranges = list(itertools.pairwise(bounds))
    pairs, parts = plastic_parts(edges, ranges)
    found = np.unique(np.stack([delays, dendritic]), axis=1).T if n else [[1, 0]]
    assert np.array_equal(pairs, found) and pairs.dtype == np.int64
    for (low, high), part in zip(ranges, parts):
        index, *wanted = defined(pre, post, delays, dendritic, size, low, high)
        names = ("posts", "rows", "places", "pres", "cols")
        for name, array in zip(names, wanted):
            got = getattr(part, name)
            assert np.array_equal(got, array), name
            assert got.dtype == (np.int64 if name in ("rows", "cols") else np.uint32)
            assert got.flags.c_contiguous
        given_index = np.arange(n) if part.index is None else part.index
        assert np.array_equal(given_index, index)
    values = np.arange(n, dtype=np.float32)
    shares = [share_of(part, values) for part in parts]
    assert np.array_equal(in_order(parts, shares), values)


def test_nothing_is_kept_where_the_layout_is_the_list() -> None:
    edges = CompactEdges.of(*columns_of(50, 9, 0, 0, 1)[:2], 9, 15, 0)
    (part,) = plastic_parts(edges, [(0, 9)])[1]
    assert part.index is None and np.shares_memory(part.posts, edges.post)
    values = np.arange(50.0)
    assert not np.shares_memory(in_order([part], [values]), values)
    assert len(pairs_of(edges)[1]) == 0


def test_too_many_for_a_thread_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from spikestack.engines.cpu import plastic_layout

    def many(starts, post, pair_of, count, low, high, rows, cols) -> None:
        rows[-1] = 2**32

    monkeypatch.setattr(plastic_layout, "count_part", many)
    edges = CompactEdges.of(*columns_of(50, 9, 0, 0, 1)[:2], 9, 15, 0)
    with pytest.raises(ValidationError, match="more threads"):
        plastic_parts(edges, [(0, 9)], "Projection 'a->a'.plasticity")


def test_parts_are_empty_where_there_is_nothing() -> None:
    none = np.zeros(0, np.int64)
    pairs, parts = plastic_parts(CompactEdges.of(none, none, 4, none, none), [(0, 2), (2, 4)])
    assert np.array_equal(pairs, [[1, 0]])
    assert all(isinstance(p, PlasticPart) and len(p.rows) == 5 and len(p.cols) == 3 for p in parts)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("rule", range(len(RULES)))
def test_weights_begin_as_described_and_are_read_as_they_were(rule: int, threads: int) -> None:
    """A snapshot of the moment of asking, in the order of the description, on both engines."""
    net = sp.Network(seed=8)
    a = net.add(sp.Population("a", N, sp.LIF(i_offset=1.0, v=sp.Uniform(-65.0, -50.0))))
    synapse = sp.ExponentialCurrent(
        weight=sp.Uniform(0.1, 0.2), delay=sp.Uniform(0.1, 2.0), dendritic_delay=0.5
    )
    net.connect(a, a, RULES[rule], synapse, plasticity=sp.MultiplicativeSTDP(w_max=0.3, rate=0.1))
    sim = sp.Simulation(net, threads=threads)
    begin = edge_weights(sim.program.edges[0]).astype(np.float32)
    asked = sim.connections("a->a")
    sim.advance(40.0)
    other = sp.Simulation(net, on="reference")
    other.advance(40.0)
    now = sim.connections("a->a").weight
    assert np.array_equal(asked.weight, begin) and not np.array_equal(now, begin)
    assert np.array_equal(now, other.connections("a->a").weight)
    assert np.array_equal(now, sim.engine.state().learned[0].weights[0])
