"""The description: rules, views, files, fingerprints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse, stats
from scipy.signal import correlate2d

import spikestack as sp
from spikestack.network.rules import Rule
from spikestack.program.edge_list import EdgeList, edge_list


def edges_of(net: sp.Network, k: int = 0) -> EdgeList:
    """The edges of a network's projection number k."""
    return edge_list(sp.Simulation(net).program.edges[k])


def joined(rule: Rule, n: int = 12, m: int | None = None, seed: int = 0) -> EdgeList:
    """Edges of one rule between two populations, or of one with itself."""
    net = sp.Network(seed)
    a = net.add(sp.Population("a", n, sp.LIF()))
    b = net.add(sp.Population("b", m, sp.LIF())) if m else a
    net.connect(a, b, rule, sp.Delta())
    return edges_of(net)


def test_fixed_rules() -> None:
    """One-to-one and all-to-all, with and without self-connections."""
    assert (
        joined(sp.OneToOne()).pre.tolist() == joined(sp.OneToOne()).post.tolist() == list(range(12))
    )
    assert len(joined(sp.AllToAll()).pre) == 144
    loose = joined(sp.AllToAll(autapses=False))
    assert len(loose.pre) == 132 and (loose.pre != loose.post).all()


@pytest.mark.parametrize("autapses", [True, False])
@pytest.mark.parametrize("multapses", [True, False])
def test_exact_totals(autapses: bool, multapses: bool) -> None:
    """In-degrees, out-degrees and totals are exact; forbidden edges never occur."""
    settings = {"autapses": autapses, "multapses": multapses}
    for seed in range(5):
        into = joined(sp.FixedInDegree(7, **settings), 30, seed=seed)
        assert (np.bincount(into.post, minlength=30) == 7).all()
        out = joined(sp.FixedOutDegree(7, **settings), 30, seed=seed)
        assert (np.bincount(out.pre, minlength=30) == 7).all()
        total = joined(sp.FixedTotalNumber(200, **settings), 30, seed=seed)
        assert len(total.pre) == 200
        for found in (into, out, total):
            pairs = found.pre * 30 + found.post
            assert autapses or (found.pre != found.post).all()
            assert multapses or len(np.unique(pairs)) == len(pairs)
            if multapses and found is total:
                assert len(np.unique(pairs)) < len(pairs)


RULES = [
    sp.FixedProbability(0.3),
    sp.FixedInDegree(4),
    sp.FixedInDegree(4, multapses=False),
    sp.FixedOutDegree(4),
    sp.FixedOutDegree(4, multapses=False),
    sp.FixedTotalNumber(40),
    sp.FixedTotalNumber(40, multapses=False),
]


@pytest.mark.parametrize("autapses", [True, False])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_pair_is_equally_likely(rule: Rule, autapses: bool) -> None:
    """Chi-square over the pairs of a small network, pooled over 300 seeds."""
    n, seeds = 10, 300
    settings = {k: v for k, v in rule.to_dict().items() if k != "kind"} | {"autapses": autapses}
    rule = type(rule)(**settings)
    counts = np.zeros((n, n))
    for seed in range(seeds):
        net = sp.Network(seed)
        a = net.add(sp.Population("a", n, sp.LIF()))
        net.connect(a, a, rule, sp.Delta())
        from spikestack.program.lower import lower

        found = edge_list(lower(net, 0.1, "float32", 1).edges[0])
        np.add.at(counts, (found.pre, found.post), 1)
    allowed = np.ones((n, n), bool) if autapses else ~np.eye(n, dtype=bool)
    assert counts[~allowed].sum() == 0
    observed = counts[allowed]
    expected = observed.mean()
    # With replacement or not, the variance of a pair's count is at most that of a Poisson number.
    statistic = ((observed - expected) ** 2 / expected).sum()
    limit = stats.chi2.ppf(1 - 1e-4, len(observed) - 1)
    assert statistic < limit


def test_views_and_explicit_edges() -> None:
    """Indices of views are mapped to indices of the population; given order keeps its weights."""
    net = sp.Network()
    a = net.add(sp.Population("a", (4, 5), sp.LIF()))
    b = net.add(sp.Population("b", 6, sp.LIF()))
    weights = np.array([0.5, 0.25, 0.75])
    net.connect(a[1:3, 0], b[[5, 1]], sp.FromArrays([1, 0, 1], [0, 1, 1]), sp.Delta(weight=weights))
    found = edges_of(net)
    quantum = sp.Simulation(net).program.edges[0].quantum
    rows = sorted(zip(found.pre.tolist(), found.post.tolist(), (found.weights * quantum).tolist()))
    assert rows == [(5, 1, 0.25), (10, 1, 0.75), (10, 5, 0.5)]


def test_matrices() -> None:
    """Dense and sparse matrices give the same product."""
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(8, 5)) * (rng.random((8, 5)) < 0.4)
    results = []
    for rule, weight in (
        (sp.Dense(matrix), 1.0),
        (sp.FromSparse(sparse.csr_array(matrix)), 1.0),
        (sp.AllToAll(), matrix),
    ):
        net = sp.Network()
        a = net.add(sp.Population("a", 8, sp.SpikeSource()))
        b = net.add(sp.Population("b", 5, sp.LIF(v_rest=0.0, v=0.0, v_thresh=1e6, tau_m=1e9)))
        net.connect(a, b, rule, sp.Delta(weight=weight))
        net.drive(a[::2], sp.SpikeTrains([[1.0]] * 4))
        net.record(b, "v")
        results.append(net.run(3.0, precision="float64")["b", "v"].values[0, -1])
        assert np.allclose(results[-1], matrix[::2].sum(axis=0), atol=1e-7)


def test_convolution_and_pooling() -> None:
    """As SciPy's correlation; sum pooling as a sum."""
    rng = np.random.default_rng(2)
    image, kernel = rng.random((7, 6)) < 0.5, rng.normal(size=(3, 3))
    for rule, expected in (
        (sp.Convolution(kernel), correlate2d(image, kernel, "valid")),
        (sp.Convolution(kernel, padding=1), correlate2d(image, kernel, "same")),
        (sp.Convolution(kernel, stride=2), correlate2d(image, kernel, "valid")[::2, ::2]),
        (sp.Pooling(3), image[:6].reshape(2, 3, 2, 3).sum(axis=(1, 3))),
    ):
        net = sp.Network()
        a = net.add(sp.Population("a", image.shape, sp.SpikeSource()))
        cell = sp.LIF(v_rest=0.0, v=0.0, v_thresh=1e6, tau_m=1e9)
        b = net.add(sp.Population("b", (1, *expected.shape), cell))
        net.connect(a, b, rule, sp.Delta(weight=1.0))
        ids = np.flatnonzero(image)
        net.drive(a, sp.SpikeTrains(np.full(len(ids), 1.0), ids))
        net.record(b, "v")
        v = net.run(3.0, precision="float64")["b", "v"].values[0, -1]
        assert np.allclose(v.reshape(expected.shape), expected, atol=1e-6)


def test_convolution_of_channels() -> None:
    """(out, in, height, width), summed over in channels."""
    rng = np.random.default_rng(3)
    image, kernel = rng.random((2, 5, 5)) < 0.5, rng.normal(size=(3, 2, 2, 2))
    rule = sp.Convolution(kernel)
    found = rule.edges((2, 5, 5), rule.target_shape((2, 5, 5)))
    result = np.zeros(3 * 4 * 4)
    np.add.at(result, found.post, found.weights * image.ravel()[found.pre])
    expected = [
        sum(correlate2d(image[i], kernel[o, i], "valid") for i in range(2)) for o in range(3)
    ]
    assert np.allclose(result.reshape(3, 4, 4), expected)


def test_distributions_of_weights_and_delays() -> None:
    """Kolmogorov-Smirnov against the laws, cut off by redrawing or clipped."""
    laws = [
        (sp.Normal(0.2, 0.1), stats.norm(0.2, 0.1)),
        (sp.Normal(0.2, 0.1, low=0.0), stats.truncnorm(-2, np.inf, 0.2, 0.1)),
        (sp.Uniform(-1.0, 3.0), stats.uniform(-1.0, 4.0)),
        (sp.LogNormal(-1.0, 0.5), stats.lognorm(0.5, scale=np.exp(-1.0))),
    ]
    for weight, law in laws:
        net = sp.Network(seed=1)
        a = net.add(sp.Population("a", 100, sp.LIF()))
        net.connect(a, a, sp.FixedInDegree(80), sp.Delta(weight=weight))
        quantum = sp.Simulation(net, precision="float64").program.edges[0].quantum
        found = edge_list(sp.Simulation(net, precision="float64").program.edges[0])
        assert stats.kstest(found.weights * quantum, law.cdf).pvalue > 1e-3
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 100, sp.LIF()))
    delay = sp.Normal(1.0, 0.5, low=0.5, outside="clip")
    net.connect(a, a, sp.FixedInDegree(80), sp.Delta(delay=delay))
    delays = edges_of(net).delays
    assert delays.min() == 5 and (delays == 5).mean() == pytest.approx(0.184, abs=0.02)


def full() -> sp.Network:
    """A network that uses every kind of part."""
    net = sp.Network(seed=9)
    own = sp.NeuronModel(
        "dv/dt = (v_rest - v + r*i_syn)/tau_m : mV",
        threshold="v > v_rest + 10*mV",
        reset="v = v_rest",
        name="Mine",
        parameters=dict(v_rest="-65 mV", r="10 MOhm", tau_m=sp.Parameter(20.0, "ms", low=0)),
        tau_m=sp.Normal(20.0, 2.0, low=5.0),
    )
    a = net.add(sp.Population("a", (4, 5), own))
    b = net.add(sp.Population("b", 15, sp.AdEx(method="euler", v=sp.Uniform(-70.0, -60.0))))
    net.connect(a, b, sp.FixedInDegree(4), sp.ExponentialCurrent(weight=sp.Normal(0.3, 0.1)))
    net.connect(
        b[2:8],
        a,
        sp.FixedProbability(0.2, autapses=False),
        sp.AlphaCurrent(delay=sp.Uniform(0.1, 2.0)),
    )
    net.connect(a[:, 1], b, sp.FromArrays([0, 3], [1, 2]), sp.Delta(weight=[1.0, 2.0]), name="few")
    net.connect(
        a, a, sp.FromSparse(sparse.eye_array(20)), sp.Delta(dendritic_delay=0.5), name="eye"
    )
    net.drive(a, sp.Poisson(np.linspace(100.0, 9000.0, 20), weight=0.2))
    net.drive(b, sp.SpikeTrains([[1.0], [2.0, 3.0]], weight=0.7))
    net.drive(b[3:], sp.StepCurrent([2.0, 8.0], [1.5, 0.0]))
    net.drive(b, sp.ConstantCurrent(sp.Uniform(0.5, 1.0)))
    net.record(a, "spikes", "v", interval=0.5)
    net.record(b[[1, 7]], "v", "w", "ExponentialCurrent.i")
    net.record(b, "spikes")
    return net


def test_files(tmp_path: Path) -> None:
    """A saved network is the same network: fingerprint, spikes and traces to the bit."""
    net = full()
    again = sp.load(net.save(tmp_path / "net.spk"))
    assert again.fingerprint == net.fingerprint
    one, two = net.run(25.0), again.run(25.0)
    assert len(one["a"]) > 10 and len(one["b"]) > 10
    assert one.same_spikes(two)
    assert np.array_equal(one["b", "w"].values, two["b", "w"].values)
    third = sp.load(again.save(tmp_path / "again.spk"))
    assert third.fingerprint == net.fingerprint


def test_fingerprint_covers_what_shapes_spikes() -> None:
    """Probes do not count; weights, seeds, equations do."""
    base = full()
    probed = full()
    probed.record(probed["a"], "ExponentialCurrent.i")
    assert base.fingerprint == probed.fingerprint == full().fingerprint
    other = full()
    other.seed = 10
    assert other.fingerprint != base.fingerprint
    more = full()
    more.drive(more["a"], sp.ConstantCurrent(0.0), name="extra")
    assert more.fingerprint != base.fingerprint


def test_import_is_light() -> None:
    """`import spikestack` pulls in NumPy at most, in half a second."""
    code = (
        "import sys, time; t = time.process_time(); import spikestack; "
        "heavy = {'numba', 'scipy', 'matplotlib', 'torch', 'pandas', 'rich'} & set(sys.modules);"
        "assert not heavy, heavy; assert time.process_time() - t < 0.5"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_public_names_are_complete() -> None:
    """Every listed name resolves, and everything a package folder declares is listed."""
    for name in sp.__all__:
        assert getattr(sp, name) is not None
    from spikestack.equations.catalogue import collect
    from spikestack.neurons.base import NeuronModel
    from spikestack.synapses.base import Synapse

    models = collect("spikestack.neurons", NeuronModel) | collect("spikestack.synapses", Synapse)
    assert set(models) <= set(dir(sp))
    assert all(getattr(sp, name) is model for name, model in models.items())


def test_pint_quantities() -> None:
    """Quantities are converted at the door."""
    pint = pytest.importorskip("pint")
    u = pint.UnitRegistry()
    assert sp.LIF(tau_m=0.02 * u.second).values["tau_m"] == pytest.approx(20.0)
    assert sp.LIF(cm=250 * u.picofarad).values["cm"] == pytest.approx(0.25)
    assert sp.Poisson(2 * u.kilohertz).rate == pytest.approx(2000.0)
    assert sp.Delta(weight=1 * u.mV, delay=1500 * u.microsecond).delay == pytest.approx(1.5)
    with pytest.raises(sp.errors.UnitError, match=r"LIF\.tau_m"):
        sp.LIF(tau_m=3 * u.mV)
    model = sp.NeuronModel(
        "dv/dt = (i_syn*r - v)/tau : mV", parameters={"r": 10 * u.megaohm, "tau": "5 ms"}
    )
    assert model.values["r"] == pytest.approx(10.0)


def test_units_are_equal_however_written() -> None:
    """Numbers, texts and units of another scale mean the same."""
    for text in ("20 ms", "0.02 s", "20000 us"):
        assert sp.LIF(tau_m=text).values["tau_m"] == pytest.approx(20.0)
    assert sp.ExponentialCurrent(weight="87.8 pA").weight == pytest.approx(0.0878)
    model = sp.NeuronModel("dv/dt = -v/tau : mV", parameters={"tau": sp.Parameter(0.02, "s")})
    net = sp.Network()
    net.add(sp.Population("p", 1, model))
    net.populations["p"].model.initial_values["v"] = 1.0
    net.record(net["p"], "v")
    assert net.run(20.0, precision="float64")["p", "v"].of(0)[-1] == pytest.approx(np.exp(-1.0))
