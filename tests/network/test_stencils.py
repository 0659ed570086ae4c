"""Convolution, transposed convolution and pooling: edges, engines and files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")
F = torch.nn.functional


def through(rule: Any, shape: tuple[int, ...], values: np.ndarray) -> np.ndarray:
    """What arrives by the edges of a rule."""
    found = rule.edges(shape, rule.target_shape(shape))
    weights = 1.0 if found.weights is None else found.weights
    result = np.zeros(int(np.prod(rule.target_shape(shape))))
    np.add.at(result, found.post, weights * values.ravel()[found.pre])
    return result


@st.composite
def convolutions(draw: Any) -> tuple[Any, tuple[int, ...], Any]:
    """A rule, a shape it fits, and the same in PyTorch."""
    whole = lambda a, b: draw(st.integers(a, b))  # noqa: E731
    rng = np.random.default_rng(whole(0, 10**6))
    groups, axes = whole(1, 3), whole(1, 2)
    into, out = whole(1, 2), whole(1, 2) * groups
    stride, pool = (tuple(whole(1, 3) for _ in range(axes)) for _ in range(2))
    padding = tuple(whole(0, 2) for _ in range(axes))
    extent = tuple(whole(1, 3) for _ in range(axes))
    sides = tuple(
        (max(whole(1, 5), k - 2 * p)) * w + whole(0, w - 1)
        for k, p, w in zip(extent, padding, pool)
    )
    shape = (into * groups, *sides)
    if draw(st.booleans()):
        kernel = rng.normal(size=(out, into, *extent))
        rule = sp.Convolution(kernel, stride, padding, groups, pool)
        conv, mean = (F.conv1d, F.avg_pool1d) if axes == 1 else (F.conv2d, F.avg_pool2d)

        def expected(x: Any) -> Any:
            return conv(mean(x, pool), torch.tensor(kernel), None, stride, padding, 1, groups)
    else:
        kernel = rng.normal(size=(into * groups, out // groups, *extent))
        widest = [((n - 1) * s + k - 1) // 2 for n, s, k in zip(sides, stride, extent)]
        padding = tuple(map(min, padding, widest))
        extra = tuple(whole(0, s - 1) for s in stride)
        rule = sp.TransposedConvolution(kernel, stride, padding, extra, groups)
        turn = F.conv_transpose1d if axes == 1 else F.conv_transpose2d

        def expected(x: Any) -> Any:
            return turn(x, torch.tensor(kernel), None, stride, padding, extra, groups)

    return rule, shape, expected


@settings(max_examples=60, deadline=None)
@given(convolutions(), st.integers(0, 2**31))
def test_edges_are_those_of_deep_learning_libraries(case: Any, seed: int) -> None:
    rule, shape, expected = case
    x = np.random.default_rng(seed).normal(size=shape)
    made = expected(torch.tensor(x)[None])[0]
    assert rule.target_shape(shape) == tuple(made.shape)
    assert np.allclose(through(rule, shape, x).reshape(made.shape), made.numpy(), atol=1e-12)
    assert type(rule).from_dict(rule.to_dict()).target_shape(shape) == tuple(made.shape)


RULES = [
    (sp.Convolution(np.ones((4, 2, 3, 3)), padding=1), (2, 6, 5)),
    (sp.Convolution(np.ones((16, 4, 3, 3)), padding=(1, 0), stride=(2, 1)), (4, 6, 5)),
    (sp.Convolution(np.ones((4, 1, 3, 2)), (1, 2), groups=2, pool=(2, 1)), (2, 7, 6)),
    (sp.Convolution(np.ones((3, 2, 3)), 2, 1, pool=2), (2, 11)),
    (sp.TransposedConvolution(np.ones((4, 2, 3, 2)), 2, (1, 0), (1, 0), groups=2), (4, 3, 4)),
    (sp.TransposedConvolution(np.ones((2, 3, 4)), 3), (2, 5)),
    (sp.Pooling((3, 2), stride=(1, 2)), (2, 5, 6)),
    (sp.Pooling((2,)), (3, 9)),
]


def network(rule: Any, shape: tuple[int, ...], seed: int) -> sp.Network:
    if not isinstance(rule, sp.Pooling):
        kernel = np.random.default_rng(seed).normal(size=rule.kernel.shape)
        rule = type(rule).from_dict(rule.to_dict() | {"kernel": kernel})
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", shape, sp.SpikeSource()))
    lif = sp.NeuronModel(
        "v[t+1] = 0.8*v : 1", threshold="v >= 1", reset="v -= 1",
        dimensionless=True, default_synapse="Delta",
    )  # fmt: skip
    b = net.add(sp.Population("b", rule.target_shape(shape), lif))
    net.connect(a, b, rule, sp.Delta(weight=0.5, delay=0.0))
    net.record(b, "spikes")
    return net


@pytest.mark.parametrize("rule, shape", RULES, ids=lambda v: type(v).__name__)
def test_engines_agree_on_every_bit(rule: Any, shape: tuple[int, ...], tmp_path: Any) -> None:
    """Reference, compiled and deterministic torch; and what was saved is what was meant."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(7)
    x = rng.random((20, int(np.prod(shape)))) < 0.3
    when, ids = np.nonzero(x)
    rasters = []
    for on in ("cpu", "reference", "torch"):
        net = network(rule, shape, 3)
        if on == "torch":
            net.drive(net["a"], sp.ExternalSpikes(weight=1.0))
            module = net.compile("torch", dt=1.0, deterministic=True)
            sent = module(torch.tensor(x[:, None].astype(np.float32))).spikes["b"]
            rasters.append(sent[:, 0].detach().numpy())
            continue
        net.drive(net["a"], sp.SpikeTrains(when + 1.0, ids))
        if on == "cpu":
            net = sp.load(net.save(tmp_path / "net"))
        spikes = net.run(20.0, on=on, dt=1.0)["b"]
        raster = np.zeros((20, net["b"].size))
        raster[np.round(np.asarray(spikes.times)).astype(int) - 1, np.asarray(spikes.ids)] = 1
        rasters.append(raster)
    assert rasters[0].any()
    assert np.array_equal(rasters[0], rasters[1])
    assert np.array_equal(rasters[0], rasters[2])


@pytest.mark.parametrize("density", [0.02, 0.4])
@pytest.mark.parametrize("rule, shape", RULES, ids=lambda v: type(v).__name__)
def test_gradients(rule: Any, shape: tuple[int, ...], density: float) -> None:
    """Products and their transposes and derivatives, against the list of edges."""
    torch.set_num_threads(1)
    module = network(rule, shape, 5).compile("torch", dt=1.0)
    ((_, product),) = module.links[0].parts
    weights = (module.weights["a->b"] * module.links[0].share).detach()
    n, m = int(np.prod(shape)), int(np.prod(rule.target_shape(shape)))
    rng = np.random.default_rng(2)
    x = torch.tensor(((rng.random((9, n)) < density) * rng.normal(size=(9, n))).astype(np.float32))
    g = torch.tensor(rng.normal(size=(9, m)).astype(np.float32))
    matrix = product.arrivals(product.seen(torch.eye(n)), weights)
    assert torch.allclose(product.arrivals(product.seen(x), weights), x @ matrix, atol=1e-4)
    assert torch.allclose(product.back(g, weights), g @ matrix.t(), atol=1e-4)
    learned = product.weights(product.seen(x), g, weights)
    direction = torch.randn(weights.shape, generator=torch.Generator().manual_seed(1))
    moved = product.arrivals(product.seen(x), direction)
    assert torch.allclose((learned * direction).sum(), (moved * g).sum(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("make, word", [
    (lambda: sp.Convolution(np.ones((4, 2, 3, 3)), stride=(1, 2, 3)), "stride"),
    (lambda: sp.Convolution(np.ones((4, 2, 3)), padding=(1, 1)), "axes"),
    (lambda: sp.Convolution(np.ones((4, 2, 3, 3)), groups=3), "groups"),
    (lambda: sp.Convolution(np.ones((4, 2, 3, 3)), pool=0), "pool"),
    (lambda: sp.TransposedConvolution(np.ones((4, 2, 3, 3)), extra=1), "extra"),
    (lambda: sp.Convolution(np.ones((4, 2, 3, 3))).target_shape((3, 9, 9)), "channels"),
    (lambda: sp.Convolution(np.ones((4, 2, 3))).target_shape((2, 9, 9)), "length"),
    (lambda: sp.Pooling((2, "x")), "window"),
])  # fmt: skip
def test_what_does_not_fit_is_said(make: Any, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        make()


def test_a_target_of_the_wrong_shape_is_refused_when_connected() -> None:
    net = sp.Network()
    a = net.add(sp.Population("a", (1, 5, 5), sp.SpikeSource()))
    b = net.add(sp.Population("b", (1, 5, 5), sp.LIF()))
    with pytest.raises(ValidationError, match="target has shape"):
        net.connect(a, b, sp.Convolution(np.ones((3, 3))), sp.Delta(weight=1.0))
