"""The many ways in which models say the same: each is read rightly, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import spikestack as sp  # noqa: E402
from spikestack.conversion.folding import folded  # noqa: E402
from spikestack.conversion.forward import forward  # noqa: E402
from spikestack.conversion.tracing import traced  # noqa: E402
from spikestack.errors import ValidationError  # noqa: E402

from .models import settled  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _single() -> Any:
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    yield


class Of(nn.Module):
    """A forward pass as a function of the layers and the input."""

    def __init__(self, how: Callable[..., Any], **layers: Any) -> None:
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.how = how

    def forward(self, x: Any) -> Any:
        return self.how(self, x)


class Shifted(nn.Module):
    """An array is added to six channels of six by six."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.conv, self.by = nn.Conv2d(2, 6, 3), nn.Parameter(torch.randn(shape))

    def forward(self, x: Any) -> Any:
        return F.relu(self.conv(x) + self.by)


class Optional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(6, 3)

    def forward(self, x: Any, mask: Any = None) -> Any:
        return F.relu(self.a(x))


class Both(nn.Module):
    def forward(self, x: Any, y: Any) -> Any:
        return x + y


def overwriting(model: Any, x: Any) -> Any:
    before = model.a(x)
    return torch.relu_(before) + before


def dense(how: Callable[..., Any]) -> Of:
    return Of(how, a=nn.Linear(6, 6))


def image(how: Callable[..., Any]) -> Of:
    return Of(how, a=nn.Conv2d(2, 3, 3))


shared = nn.Linear(6, 6)
norm = nn.BatchNorm1d(6)

MAPPED = {
    "a module used twice": nn.Sequential(shared, norm, nn.ReLU(), shared, norm, nn.ReLU()),
    "weighted sums": dense(lambda m, x: F.relu(torch.add(m.a(x), x, alpha=2.0))),
    "weighted differences": dense(lambda m, x: F.relu(torch.sub(m.a(x), x, alpha=2.0))),
    "less twice a number": dense(lambda m, x: F.relu(torch.sub(m.a(x), 0.5, alpha=2.0))),
    "from a number": dense(lambda m, x: F.relu(torch.rsub(m.a(x), 1.0)) + F.relu(1 - x)),
    "negative": dense(lambda m, x: F.relu(-m.a(x))),
    "clamp_min": dense(lambda m, x: m.a(x).clamp_min(0)),
    "threshold": nn.Sequential(nn.Linear(6, 6), nn.Threshold(0.0, 0.0)),
    "hardtanh": nn.Sequential(nn.Linear(6, 6), nn.Hardtanh(0.0, 0.5)),
    "matrix": dense(lambda m, x: F.relu(x @ m.a.weight.t())),
    "detached": dense(lambda m, x: F.relu(m.a(x.to(torch.float32))).detach()),
    "a tuple of one": dense(lambda m, x: (F.relu(m.a(x)),)),
    "an input with a default": Optional(),
    "double precision": nn.Sequential(nn.Linear(6, 4), nn.ReLU()).double(),
    "by channel": Shifted(6, 1, 1),
    "by channel and sample": Shifted(1, 6, 1, 1),
    "torch.max_pool2d": image(lambda m, x: torch.max_pool2d(F.relu(m.a(x)), 2)),
}  # fmt: skip

REFUSED = {
    "softmax over samples": (nn.Sequential(shared, nn.Softmax(0)), "softmax over axis 0"),
    "softmax over columns": (image(lambda m, x: m.a(x).softmax(-1)), "softmax over axis -1"),
    "by column": (Shifted(6), r"'add': arithmetic with an array of shape \(6,\)"),
    "by place": (Shifted(6, 6, 6), "one for each channel"),
    "rounded": (dense(lambda m, x: torch.div(m.a(x), 2, rounding_mode="floor")), "rounding_mode"),
    "dropout that stays": (dense(lambda m, x: F.dropout(m.a(x))), "training=self.training"),
    "overwritten": (dense(overwriting), "'add': .*acts in place"),
    "random": (dense(lambda m, x: m.a(x) + torch.rand(1)), "'model': .*or is random"),
    "leaky": (nn.Sequential(shared, nn.LeakyReLU()), "'_1': LeakyReLU .*use ReLU"),
    "two outputs": (dense(lambda m, x: (m.a(x), x)), "returns one of them"),
    "two inputs": (Both(), "'y': fails on the data"),
    "several tensors": (dense(lambda m, x: m.a(x).chunk(2, 1)[0]), "'chunk': chunk .*each part"),
    "transposed": (nn.Sequential(nn.ConvTranspose2d(2, 3, 2)), "ConvTranspose2d has no"),
    "upsampled": (nn.Sequential(nn.Upsample(scale_factor=2)), "Upsample has no"),
    "permuted": (image(lambda m, x: m.a(x).permute(0, 2, 3, 1)), "permute .*channels first"),
    "recurrent": (Of(lambda m, x: m.a(x)[0], a=nn.LSTM(6, 3)), "LSTM .*recurrent spiking"),
}  # fmt: skip


def example(model: Any) -> Any:
    flat = any(isinstance(m, nn.Linear | nn.LSTM) for m in model.modules()) or type(model) is Both
    return torch.rand(24, *((6,) if flat else (2, 8, 8))) * 2 - 0.5


@pytest.mark.parametrize("name", MAPPED)
def test_the_same_numbers(name: str) -> None:
    """As a graph, before and after it is simplified."""
    model, x = MAPPED[name].eval(), example(MAPPED[name])
    graph = traced(model, x)
    with torch.no_grad():
        wanted = model(x.double() if "double" in name else x)
    wanted = (wanted[0] if isinstance(wanted, tuple) else wanted).numpy()
    for made in (graph, folded(graph)):
        assert np.allclose(forward(made, x), wanted, atol=1e-5)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name: str) -> None:
    """What cannot be mapped, or would be mapped wrongly."""
    model, told = REFUSED[name]
    with pytest.raises(ValidationError, match=told):
        traced(model, example(model))


def test_batch_norm_after_max_pooling() -> None:
    """Where gains are positive it may as well come before."""
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d(2), nn.BatchNorm2d(3), nn.ReLU())
    x = torch.rand(24, 2, 8, 8)
    model = settled(model, x)
    graph = folded(traced(model, x))
    assert [n.kind for n in graph.nodes.values()] == ["input", "convolution", "rectify", "greatest"]
    with torch.no_grad():
        assert np.allclose(forward(graph, x), model(x).numpy(), atol=1e-5)
    model[2].weight.data[0] = -1.0
    with pytest.raises(ValidationError, match="may be negative"):
        folded(traced(model, x))


@pytest.mark.parametrize(
    "data",
    [[], "text", None, [[1.0, 2.0], [3.0]], np.full((4, 6), np.nan), np.zeros((0, 6)),
     np.full((4, 6), 1e7)],
    ids=["empty", "text", "none", "ragged", "nan", "no samples", "huge"],
)  # fmt: skip
def test_data_are_checked(data: Any) -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(ValidationError, match="convert, data"):
        sp.convert(model, data)


def test_weights_are_checked() -> None:
    """Those of a training that went astray."""
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU())
    model[0].weight.data[0, 0] = float("nan")
    with pytest.raises(ValidationError, match="'_0': gives NaN"):
        sp.convert(model, np.ones((4, 6)))


def test_layers_that_are_silent() -> None:
    """A channel, or all of them, that no sample wakes."""
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    x = np.random.default_rng(0).random((8, 6))
    for silent in (slice(0, 1), slice(None)):
        model[2].bias.data[silent] = -100.0
        for method in ("max", "percentile", "balanced", "calibrated"):
            made = sp.convert(model, x, method=method, steps=8)
            assert np.abs(made.run(x).outputs - made.original(x)).max() < 0.2
