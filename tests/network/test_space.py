"""Positions, rules by distance, rules by expression; values that depend on the pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import (
    EquationError,
    FileFormatError,
    MemoryLimitError,
    SpikestackError,
    UnknownNameError,
    ValidationError,
)
from spikestack.network.pairing import PairSearch
from spikestack.numerics.random import stream_key, uniform
from spikestack.program.edge_list import EdgeList, edge_list
from spikestack.program.lower import lower


def population(name: str, n: int, place: Any = None) -> sp.Population:
    """Some LIF neurons at some place."""
    return sp.Population(name, n, sp.LIF(i_offset=1.0), positions=place)


def edges_of(net: sp.Network) -> EdgeList:
    """The edges of the network's first projection."""
    return edge_list(lower(net, 0.1, "float64", 1).edges[0])


def joined(rule: sp.Rule, a: Any, b: Any = None, seed: int = 7, synapse: Any = None) -> sp.Network:
    """A network of one projection, of a population with itself or with another."""
    net = sp.Network(seed)
    net.add(a)
    if b is not None:
        net.add(b)
    net.connect(a, b or a, rule, synapse or sp.Delta(), name="p")
    return net


def displacement(pre: np.ndarray, post: np.ndarray, period: tuple[float, ...]) -> np.ndarray:
    """All pairs: (n_pre, n_post, dims)."""
    step = post[None] - pre[:, None]
    for axis, length in enumerate(period):
        if length:
            step[..., axis] -= length * np.rint(step[..., axis] / length)
    return step


def draws(n: int, m: int, seed: int = 7, name: str = "p") -> np.ndarray:
    """The number in [0, 1) of each pair."""
    i, j = np.meshgrid(np.arange(n, dtype=np.uint64), np.arange(m, dtype=np.uint64), indexing="ij")
    return np.asarray(uniform(stream_key(seed, name, "edges"), (i << np.uint64(32)) | j))


def test_positions_are_read_back() -> None:
    """Grids around their center; drawn ones within the box, by seed and name; views; arrays."""
    net = sp.Network(5)
    grid = net.add(population("g", 6, sp.Grid((2, 3), spacing=(10.0, 1.0), center=(100.0, 0.0))))
    assert net.positions("g").tolist() == [
        [95, -1], [95, 0], [95, 1], [105, -1], [105, 0], [105, 1]
    ]  # fmt: skip
    assert net.positions(grid[[5, 0]]).tolist() == [[105, 1], [95, -1]]
    place = sp.RandomPositions(("1 mm", 50.0, 20.0), center=(0.0, 0.0, 30.0))
    net.add(population("r", 4000, place))
    at = net.positions("r")
    assert at.shape == (4000, 3) and at.dtype == np.float64
    for axis, (extent, center) in enumerate(((1000.0, 0.0), (50.0, 0.0), (20.0, 30.0))):
        fraction = (at[:, axis] - center) / extent + 0.5
        assert fraction.min() >= 0 and fraction.max() < 1
        assert abs(fraction.mean() - 0.5) < 5 / np.sqrt(12 * 4000)
    assert abs(np.corrcoef(at.T) - np.eye(3)).max() < 0.08
    twin, other = sp.Network(5), sp.Network(6)
    for again in (twin, other):
        again.add(population("r", 4000, place))
    assert np.array_equal(twin.positions("r"), at)
    assert not np.array_equal(other.positions("r"), at)
    net.add(population("line", 3, [0.0, 2.0, 5.0]))
    assert net.positions("line").tolist() == [[0.0], [2.0], [5.0]]


MASKS = [
    (sp.Disc(25.0), lambda x: (x**2).sum(-1) <= 625),
    (
        sp.Disc(20.0, anchor=(10.0, -5.0)),
        lambda x: ((x - [10, -5]) ** 2).sum(-1) <= 400,
    ),
    (sp.Annulus(10.0, 30.0), lambda x: ((x**2).sum(-1) >= 100) & ((x**2).sum(-1) <= 900)),
    (
        sp.Box((-5.0, -20.0), (30.0, 10.0)),
        lambda x: ((x >= [-5, -20]) & (x <= [30, 10])).all(-1),
    ),
    (
        sp.Ellipse((30.0, 10.0), angle=90.0),
        lambda x: (x[..., 0] / 10) ** 2 + (x[..., 1] / 30) ** 2 <= 1,
    ),
    (sp.Disc(400.0), lambda x: np.ones(x.shape[:-1], bool)),
    (None, lambda x: np.ones(x.shape[:-1], bool)),
]


@pytest.mark.parametrize("periodic", [False, True, (True, False)], ids=str)
@pytest.mark.parametrize("case", range(len(MASKS)))
def test_masks_against_all_pairs(case: int, periodic: Any) -> None:
    """The edges are those that going through all pairs finds, whatever the cells."""
    mask, inside = MASKS[case]
    place = sp.RandomPositions((100.0, 80.0), periodic=periodic)
    a, b = population("a", 150, place), population("b", 90, place)
    net = joined(sp.ByDistance("0.9 - d/200", mask), a, b)
    step = displacement(net.positions("a"), net.positions("b"), place.period)
    d = np.sqrt((step**2).sum(-1))
    expected = np.nonzero(inside(step) & (draws(150, 90) < 0.9 - d / 200))
    found = edges_of(net)
    assert len(found.pre) > 20
    assert np.array_equal(found.pre, expected[0]) and np.array_equal(found.post, expected[1])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_cells_against_all_pairs(data: st.DataObject) -> None:
    """Any dimension, sizes, clusters, positions on borders, extents and radii."""
    dims = data.draw(st.integers(1, 3))
    extent = tuple(data.draw(st.sampled_from([1.0, 7.0, 100.0, 1e4])) for _ in range(dims))
    periodic = tuple(data.draw(st.booleans()) for _ in range(dims))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    sides = []
    for name in ("a", "b"):
        n = data.draw(st.integers(1, 60))
        share = rng.random((n, dims)) ** data.draw(st.sampled_from([1, 6]))
        # Multiples of an eighth put neurons exactly on borders and at equal distances.
        share = np.round(share * 8) / 8 if data.draw(st.booleans()) else share
        at = np.clip(share, 0, 1) * extent
        sides.append(population(name, n, sp.Positions(at, extent=extent, periodic=periodic)))
    radius = data.draw(st.sampled_from([0.0, 0.4, 3.0, 60.0, 2e4]))
    net = joined(sp.ByDistance(1.0, sp.Disc(radius)), *sides)
    a, b = net.positions("a"), net.positions("b")
    period = tuple(e if p else 0.0 for e, p in zip(extent, periodic))
    d = np.sqrt((displacement(a, b, period) ** 2).sum(-1))
    assert np.array_equal(
        np.stack([edges_of(net).pre, edges_of(net).post]), np.stack(np.nonzero(d <= radius))
    )


def test_threads_and_order_change_nothing() -> None:
    """The same edges for any number of threads; a pair's draw does not depend on other neurons."""
    place = sp.RandomPositions((500.0, 500.0), periodic=True)
    rules = [
        sp.ByDistance("exp(-d/30)", sp.Disc(80.0), autapses=False),
        sp.ByDistance("exp(-d/30)", sp.Disc(80.0), in_degree=5),
    ]
    for rule in rules:
        net = joined(rule, population("a", 3000, place))
        search: PairSearch = rule._search(net.projections["p"].ends)
        one = search.rows(threads=1)
        for threads in (2, 5):
            other = search.rows(threads=threads)
            assert np.array_equal(one.starts, other.starts) and np.array_equal(one.post, other.post)
    small = population("a", 40, place)
    view = joined(sp.Where("true_pre >= 0", p=0.5, true_pre=0.0), small)
    part = sp.Network(7)
    part.add(small)
    part.connect(small[:10], small[:7], sp.Where("i >= 0", p=0.5), sp.Delta(), name="p")
    whole, cut = edges_of(view), edges_of(part)
    kept = (whole.pre < 10) & (whole.post < 7)
    assert np.array_equal(whole.pre[kept], cut.pre) and np.array_equal(whole.post[kept], cut.post)


def test_kernel_statistics() -> None:
    """Edges by distance are binomial with the kernel's probability; the estimate fits."""
    place = sp.RandomPositions((1000.0, 1000.0), periodic=True)
    net = joined(sp.ByDistance("0.8*exp(-d/60)", sp.Disc(200.0)), population("a", 2000, place))
    found = edges_of(net)
    at = net.positions("a")
    d = np.sqrt((displacement(at, at, (1000.0, 1000.0)) ** 2).sum(-1))
    for low in range(0, 200, 20):
        pairs = (d >= low) & (d < low + 20)
        p = 0.8 * np.exp(-d[pairs] / 60)
        count = pairs[found.pre, found.post].sum()
        assert abs(count - p.sum()) < 4.5 * np.sqrt((p * (1 - p)).sum())
    assert d[found.pre, found.post].max() <= 200
    assert net.projections["p"].expected_edges == pytest.approx(len(found.pre), rel=0.05)


@pytest.mark.parametrize("side", ["in_degree", "out_degree"])
def test_fixed_degrees_by_distance(side: str) -> None:
    """Exact degrees, no partner twice, near partners in proportion to the kernel."""
    place = sp.RandomPositions((100.0,), periodic=True)
    near = far = 0
    for seed in range(40):
        rule = sp.ByDistance(
            "where(d < 10, 3.0, 1.0)",
            sp.Disc(20.0),
            autapses=False,
            **{side: 1},  # type: ignore[arg-type]
        )
        net = joined(rule, population("a", 200, place), seed=seed)
        found = edges_of(net)
        counted = found.post if side == "in_degree" else found.pre
        assert (np.bincount(counted, minlength=200) == 1).all()
        assert (found.pre != found.post).all()
        at = net.positions("a")
        d = np.abs(displacement(at, at, (100.0,))[found.pre, found.post, 0])
        near, far = near + (d < 10).sum(), far + (d >= 10).sum()
    # As many neurons within 10 um as from 10 to 20, three times as likely.
    assert near / (near + far) == pytest.approx(0.75, abs=0.02)
    many = joined(sp.ByDistance(1.0, sp.Disc(20.0), **{side: 12}), population("a", 200, place))  # type: ignore[arg-type]
    found = edges_of(many)
    assert len(np.unique(found.pre * 200 + found.post)) == len(found.pre) == 12 * 200
    few = joined(sp.ByDistance(1.0, sp.Disc(1.0), **{side: 50}), population("a", 200, place))  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="possible partners"):
        edges_of(few)


def test_where() -> None:
    """Conditions of indices, of arrays of either side, of positions; probabilities of them."""
    n, m = 30, 20
    i, j = np.meshgrid(np.arange(n), np.arange(m), indexing="ij")
    kind_a, kind_b = np.arange(n) % 3, np.arange(m) % 3
    line = np.linspace(0.0, 29.0, n)
    a, b = population("a", n, line), population("b", m)
    u = draws(n, m)
    cases = [
        (sp.Where("abs(i - j) <= 3 and i != j"), (abs(i - j) <= 3) & (i != j)),
        (sp.Where("i >= 0", p=0.3), u < 0.3),
        (sp.Where("i >= 0", p="scale*i/n_pre", scale=0.5), u < 0.5 * i / n),
        (
            sp.Where("kind_pre == kind_post", kind_pre=kind_a, kind_post=kind_b),
            kind_a[:, None] == kind_b[None],
        ),
        (sp.Where("x_pre < cut or j == n_post - 1", cut=4.5), (i < 4.5) | (j == m - 1)),
        (sp.Where("not (i < 5) and floor(i/2)*2 == i", p=1), (i >= 5) & (i % 2 == 0)),
        (sp.Where("tanh(i - 10) > 0.5 and clip(j, 3, 8)**2 == 64"), (i > 10) & (j >= 8)),
    ]
    for rule, expected in cases:
        found = edges_of(joined(rule, a, b))
        assert np.array_equal(np.stack([found.pre, found.post]), np.stack(np.nonzero(expected)))


@pytest.mark.parametrize(
    "rule",
    [
        sp.ByDistance(0.5, sp.Disc(30.0)),
        sp.FixedInDegree(5),
        sp.FixedProbability(0.2),
        sp.AllToAll(autapses=False),
        sp.FromArrays([3, 1, 3, 0], [0, 5, 2, 3]),
        sp.Where("i < 9 and j < 9"),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_values_of_pairs(rule: sp.Rule) -> None:
    """Weights and delays by distance and index, with any rule, which leave its edges alone."""
    place = sp.RandomPositions((100.0, 100.0), periodic=True)
    synapse = sp.Delta(
        weight=sp.Expression("0.25*exp(-d/w) + g_pre", w=50.0, g_pre=np.arange(40.0)),
        delay=sp.Expression("1.0 + d/30"),
        dendritic_delay=sp.Normal(2.0, 0.5, low=0.5, high=4.0),
    )
    plain = sp.Delta(dendritic_delay=sp.Normal(2.0, 0.5, low=0.5, high=4.0), delay=1.0)
    net = joined(rule, population("a", 40, place), synapse=synapse)
    before = edges_of(joined(rule, population("a", 40, place), synapse=plain))
    found = edges_of(net)
    assert np.array_equal(found.pre, before.pre) and np.array_equal(found.post, before.post)
    at = net.positions("a")
    d = np.sqrt((displacement(at, at, place.period) ** 2).sum(-1))[found.pre, found.post]
    quantum = lower(net, 0.1, "float64", 1).edges[0].quantum
    assert np.allclose(found.weights * quantum, 0.25 * np.exp(-d / 50) + found.pre, atol=1e-9)
    assert np.array_equal(found.delays - before.delays + 10, np.floor((1.0 + d / 30) / 0.1 + 0.5))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_engines_agree(precision: str) -> None:
    """The same spikes on both engines, stored and procedural, for one thread and two."""
    place = sp.Grid((12, 12), spacing=10.0, periodic=True)
    net = joined(
        sp.ByDistance("exp(-d/25)", sp.Disc(45.0), autapses=False),
        sp.Population("a", 144, sp.LIF(i_offset=sp.Uniform(1.0, 2.0)), positions=place),
        synapse=sp.ExponentialCurrent(
            weight=sp.Expression("0.1*exp(-d/20)"), delay=sp.Expression("0.5 + d/20")
        ),
    )
    net.record(net["a"], "spikes")
    settings = {"precision": precision, "progress": False}
    expected = net.run(60.0, on="reference", **settings)["a"]
    assert len(expected) > 100
    for extra in ({"threads": 1}, {"threads": 2}, {"connectivity": "procedural"}):
        found = net.run(60.0, **settings, **extra)["a"]
        assert np.array_equal(found.times, expected.times)
        assert np.array_equal(found.ids, expected.ids)


def test_files(tmp_path: Path) -> None:
    """What is saved comes back with the same fingerprint and edges."""
    place = sp.RandomPositions((100.0, 100.0), periodic=(True, False))
    net = sp.Network(3)
    a = net.add(population("a", 50, place))
    b = net.add(population("b", 25, sp.Positions(np.zeros((25, 2)), (100.0, 5.0), (True, False))))
    c = net.add(population("c", 8, sp.Grid((8,), periodic=True)))
    synapse = sp.Delta(weight=sp.Expression("kind*d", kind=2.0), delay=sp.Expression("1 + d/9"))
    masks = (sp.Disc(30.0, anchor=(1.0, 2.0)), sp.Annulus(1.0, 20.0), sp.Box(-9.0, 9.0))
    for k, mask in enumerate((*masks, sp.Ellipse((20.0, 5.0), 30.0), None)):
        net.connect(a, b, sp.ByDistance("q*exp(-d/9)", mask, q=0.5), synapse, name=f"{k}")
    net.connect(a, a, sp.ByDistance(0.5, sp.Disc(50.0), in_degree=3), synapse)
    net.connect(c, c[2:5], sp.Where("k_pre > j", p="0.1*i", k_pre=np.arange(8)), sp.Delta())
    again = sp.load(net.save(tmp_path / "net.spk"))
    assert isinstance(again, sp.Network)
    assert again.fingerprint == net.fingerprint
    for name, other in zip(net.populations, again.populations):
        assert np.array_equal(net.positions(name), again.positions(other))
    first, second = (lower(n, 0.1, "float32", 1) for n in (net, again))
    for x, y in zip(first.edges, second.edges):
        left, right = edge_list(x), edge_list(y)
        assert np.array_equal(left.post, right.post) and np.array_equal(left.weights, right.weights)
    moved = sp.Network(3)
    moved.add(population("a", 50, sp.RandomPositions((100.0, 101.0))))
    still = sp.Network(3)
    still.add(population("a", 50, sp.RandomPositions((100.0, 100.0))))
    assert moved.fingerprint != still.fingerprint


def test_rules_of_ones_own(tmp_path: Path) -> None:
    """A class in a script is saved by name and read back; a taken name is refused."""
    from dataclasses import dataclass

    @dataclass(frozen=True, eq=False)
    class Shifted(sp.ListedRule):
        by: int = 1

        def expected_edges(self, n_pre: int, n_post: int) -> float:
            return n_pre

        def list_edges(self, ends: sp.Ends) -> sp.Edges:
            pre = np.arange(ends.n_pre)
            return sp.Edges(pre, (pre + self.by) % ends.n_post)

    net = joined(Shifted(3), population("a", 10))
    path = net.save(tmp_path / "own.spk")
    again = sp.load(path)
    assert isinstance(again, sp.Network)
    assert edges_of(again).post.tolist() == [3, 4, 5, 6, 7, 8, 9, 0, 1, 2]
    del sp.Rule.known["Shifted"]
    with pytest.raises(FileFormatError, match="Shifted"):
        sp.load(path)
    with pytest.raises(ValidationError, match="name of its own"):
        type("OneToOne", (sp.ListedRule,), {})

    @dataclass(frozen=True, eq=False)
    class Beyond(Shifted):
        def list_edges(self, ends: sp.Ends) -> sp.Edges:
            return sp.Edges(np.array([0]), np.array([ends.n_post]))

    with pytest.raises(ValidationError, match="0 to 9"):
        edges_of(joined(Beyond(), population("a", 10)))


PLANE, TORUS = sp.RandomPositions((9.0, 9.0)), sp.RandomPositions((9.0, 9.0), periodic=True)
BAD = [
    (lambda: population("a", 5, sp.Grid((2, 2))), "4 points"),
    (lambda: population("a", 5, np.zeros((4, 2))), "4 positions"),
    (lambda: population("a", 5, np.zeros((5, 4))), "(5, 4)"),
    (lambda: population("a", 2, [0.0, np.nan]), "finite"),
    (lambda: population("a", 2, "here"), "numbers"),
    (lambda: population("a", 4, sp.Grid), "Grid(...)"),
    (lambda: sp.Grid((2, 2), spacing=0.0), "> 0"),
    (lambda: sp.Grid((2, 2), spacing=(1.0, 2.0, 3.0)), "2 lengths"),
    (lambda: sp.Grid((2, 2), periodic=(True,)), "True or False"),
    (lambda: sp.RandomPositions((1.0, "3 mV")), "mV"),
    (lambda: sp.Positions([[1.0, 2.0]], periodic=True), "extent"),
    (lambda: population("a", 2, sp.Positions([0.0, 9.0], 5.0, True)), "one period"),
    (lambda: sp.Disc(-1.0), "Disc.radius"),
    (lambda: sp.Annulus(5.0, 2.0), ">= 5"),
    (lambda: sp.Box((0.0, 5.0), (1.0, 2.0)), "low <= high"),
    (lambda: sp.ByDistance(1.5), "0 to 1"),
    (lambda: sp.ByDistance("d < 3"), "a number is needed"),
    (lambda: sp.ByDistance("exp(-d/q)"), "unknown name 'q'"),
    (lambda: sp.ByDistance("exp(-d)", s=3.0), "not used"),
    (lambda: sp.ByDistance("exp(-d/(3*um))"), "holds the unit cm"),
    (lambda: sp.ByDistance(0.5, 300.0), "mask"),  # type: ignore[arg-type]
    (lambda: sp.ByDistance(0.5, in_degree=2, out_degree=2), "one of them"),
    (lambda: sp.Where("i + j"), "a condition is needed"),
    (lambda: sp.Where("__import__('os')"), "__import__"),
    (lambda: sp.Expression("k", k=[1.0, 2.0]), "_pre"),
    (lambda: sp.Expression("i", i=3.0), "meaning already"),
    (lambda: sp.Expression("k_pre", k_pre=["a", "b"]), "numbers"),
    (lambda: sp.Delta(weight=sp.Expression("d < 3")), "a number is needed"),
    (lambda: sp.LIF(tau_m=sp.Expression("d")), "tau_m"),
    (lambda: joined(sp.ByDistance(0.5, sp.Disc(3.0)), population("a", 5)), "no positions"),
    (lambda: joined(sp.ByDistance("d"), population("a", 5)), "no positions"),
    (lambda: joined(sp.Where("y_pre > 0"), population("a", 2, [0.0, 1.0])), "'y_pre'"),
    (lambda: joined(sp.Where("i in j"), population("a", 2)), "comparison"),
    (lambda: joined(sp.AllToAll(), population("a", 5, PLANE), population("b", 5, TORUS)), "repeat"),
    (lambda: joined(sp.AllToAll(), population("a", 5, PLANE), population("b", 2, [0, 1])), "2 dim"),
    (lambda: joined(sp.Where("k_pre > 0", k_pre=[1, 2]), population("a", 5)), "2 values"),
    (
        lambda: joined(
            sp.AllToAll(), population("a", 5), synapse=sp.Delta(weight=sp.Expression("d"))
        ),
        "no positions",
    ),
    (lambda: edges_of(joined(sp.Where("i >= 0", "0/(i - j)"), population("a", 5))), "not a number"),
    (
        lambda: edges_of(
            joined(sp.AllToAll(), population("a", 5), synapse=sp.Delta(delay=sp.Expression("i-j")))
        ),
        "i = 0, j = 1",
    ),
    (
        lambda: edges_of(
            joined(sp.AllToAll(), population("a", 5), synapse=sp.Delta(weight=sp.Expression("1/i")))
        ),
        "i = 0, j = 0",
    ),
    (lambda: joined(sp.ByDistance("d"), population("a", 10**6, PLANE)), "give a mask"),
    (lambda: sp.Network().positions("a"), "'a'"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_input(case: int) -> None:
    """Refused by name, with what is wrong."""
    make, words = BAD[case]
    with pytest.raises((ValidationError, EquationError, UnknownNameError)) as caught:
        make()
    assert words in str(caught.value)


def test_a_weight_of_pairs_for_an_input_is_refused() -> None:
    """An input has no sources."""
    net = sp.Network()
    a = net.add(population("a", 3))
    with pytest.raises(SpikestackError):
        net.drive(a, sp.Poisson(5.0, synapse=sp.Delta(weight=sp.Expression("j"))))


def test_too_large_is_refused_before_it_is_made() -> None:
    """The memory check knows from a sample how many edges there will be."""
    place = sp.RandomPositions((100.0, 100.0))
    net = joined(sp.ByDistance("0.9", sp.Disc(90.0)), population("a", 300_000, place))
    with pytest.raises(MemoryLimitError, match="synapses"):
        net.run(1.0)
