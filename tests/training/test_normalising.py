"""Normalisation, dropout, sums and products of spikes; what they become in a description."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")


def lif() -> sp.NeuronModel:
    return sp.NeuronModel(
        "v[t+1] = 0.8*v : 1", threshold="v >= 1", reset="v -= 1",
        dimensionless=True, default_synapse="Delta",
    )  # fmt: skip


def through() -> sp.Delta:
    return sp.Delta(weight=1.0, delay=0.0)


def small(transposed: bool = False) -> sp.Network:
    """Convolution, then a matrix."""
    rng = np.random.default_rng(1)
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", (2, 5, 5), sp.SpikeSource()))
    rule: Any = sp.Convolution(rng.normal(size=(4, 2, 3, 3)), padding=1)
    if transposed:
        rule = sp.TransposedConvolution(rng.normal(size=(2, 2, 3, 3)), padding=1, groups=2)
    b = net.add(sp.Population("b", (4, 5, 5), lif()))
    c = net.add(sp.Population("c", 3, lif()))
    net.connect(a, b, rule, through())
    net.connect(b, c, sp.Dense(rng.normal(size=(100, 3)) / 5), through())
    net.drive(a, sp.ExternalSpikes(weight=1.0), name="in")
    net.record(c, "v")
    return net


def events(shape: tuple[int, ...] = (12, 3, 50)) -> Any:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(3)) < 0.3).float()


def test_batch_norm_is_that_of_pytorch() -> None:
    torch.set_num_threads(1)
    module = small().compile("torch", dt=1.0)
    module.normalise("a->b")
    with torch.no_grad():
        module.layers.norms["p0"].gain.uniform_(0.5, 2.0)
        module.layers.norms["p0"].shift.uniform_(-1.0, 1.0)
    norm = torch.nn.BatchNorm2d(4)
    norm.load_state_dict({
        "weight": module.layers.norms["p0"].gain, "bias": module.layers.norms["p0"].shift,
        "running_mean": torch.zeros(4), "running_var": torch.ones(4),
        "num_batches_tracked": torch.tensor(0),
    })  # fmt: skip
    x = torch.randn(12 * 3, 100)
    made = module.layers.normalised("a->b", x)
    assert torch.allclose(made, norm(x.reshape(-1, 4, 5, 5)).reshape(x.shape), atol=1e-5)
    assert torch.allclose(module.layers.norms["p0"].mean, norm.running_mean)


@pytest.mark.parametrize("kind", ["batch", "tdBN", "weights"])
@pytest.mark.parametrize("transposed", [False, True])
def test_folded_network_does_the_same(kind: str, transposed: bool) -> None:
    """Spikes of the module at rest from training, of its description in torch, and on the cpu."""
    torch.set_num_threads(1)
    module = small(transposed).compile("torch", dt=1.0)
    for name in ("a->b", "b->c"):
        module.normalise(name, kind)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.02)
    x = events()
    for _ in range(20):
        optimiser.zero_grad()
        (module(x).traces["c.v"] - 0.5).square().mean().backward()
        optimiser.step()
    module.eval()
    expected = module(x)
    assert expected.spikes["b"].any()
    net = module.trained()
    again = net.compile("torch", dt=1.0)(x)
    assert (again.spikes["b"] != expected.spikes["b"]).float().mean() < 1e-3
    assert torch.allclose(again.traces["c.v"], expected.traces["c.v"], atol=1e-3)
    when, ids = np.nonzero(x[:, 0].numpy())
    plain = module.trained()
    plain.drive(plain["a"], sp.SpikeTrains(when + 1.0, ids), name="given")
    plain.record(plain["b"], "spikes")
    found = plain.run(12.0, dt=1.0)["b"]
    raster = np.zeros((12, 100))
    raster[np.round(np.asarray(found.times)).astype(int) - 1, np.asarray(found.ids)] = 1
    assert (raster != expected.spikes["b"][:, 0].detach().numpy()).mean() < 1e-3


def test_dropout_silences_whole_neurons() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    module = small().compile("torch", dt=1.0)
    rest = module(events()).traces["c.v"]
    module.dropout("b", 0.9)
    spikes = module(events()).spikes["b"].reshape(12, -1)
    seen = module.layers.dropped(1, spikes, {})
    assert np.allclose(seen[spikes > 0].unique().detach(), [0.0, 10.0])
    active = (seen > 0).any(0)
    assert torch.equal(seen[:, active] > 0, spikes[:, active] > 0)
    assert not torch.allclose(module(events()).traces["c.v"], rest)
    module.eval()
    assert torch.equal(module(events()).traces["c.v"], rest)


def test_shortcut_and_attention_have_exact_gradients() -> None:
    """A relay adds, a gate multiplies, and gradients are those of a sum and of a product."""
    torch.set_num_threads(1)
    net = sp.Network(seed=1)
    q, k = (net.add(sp.Population(n, 4, sp.Relay())) for n in "qk")
    total = net.add(sp.Population("sum", 4, sp.Relay()))
    both = net.add(sp.Population("product", 4, sp.Gate()))
    for source in (q, k):
        net.connect(source, total, sp.OneToOne(), through())
    net.connect(q, both, sp.OneToOne(), through())
    net.connect(k, both, sp.OneToOne(), sp.Delta(weight=1.0, delay=0.0, compartment="gate"))
    net.drive(q, sp.ExternalSpikes(weight=1.0), name="q")
    net.drive(k, sp.ExternalSpikes(weight=1.0), name="k")
    module = net.compile("torch", dt=1.0)
    x = torch.tensor([[[0.0, 1.0, 2.0, -1.0]]], requires_grad=True)
    y = torch.tensor([[[0.0, 0.0, 3.0, 1.0]]], requires_grad=True)
    out = module({"q": x, "k": y})
    assert torch.equal(out.spikes["sum"], x + y)
    assert torch.equal(out.spikes["product"], x * y)
    (out.spikes["sum"].sum() + 2 * out.spikes["product"].sum()).backward()
    assert torch.equal(x.grad, 1 + 2 * y.detach())
    assert torch.equal(y.grad, 1 + 2 * x.detach())


def test_what_cannot_be_is_refused() -> None:
    module = small().compile("torch", dt=1.0)
    with pytest.raises(UnknownNameError, match="a->b"):
        module.normalise("a->c")
    with pytest.raises(ValidationError, match="tdBN"):
        module.normalise("a->b", "layer")
    with pytest.raises(ValidationError, match="below 1"):
        module.dropout("b", 1.0)
