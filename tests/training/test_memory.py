"""Spikes kept as bytes, gradients written in place or made late: the same results as without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.training.calling import Call  # noqa: E402

LAYERS = [sp.Conv(4), "lif", sp.Pool(2), sp.Conv(6), "lif", sp.Conv(5), "lif", sp.Linear(3)]


@pytest.fixture(autouse=True)
def _defaults() -> Any:
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)
    torch.manual_seed(3)


def compiled(precision: str = "float64") -> Any:
    net = sp.layered((2, 8, 8), [*LAYERS, "readout"], gain=3.0)
    return net.compile("torch", dt=1.0, precision=precision)


def events(steps: int = 12, trials: int = 3) -> Any:
    return (torch.rand(steps, trials, 128) < 0.2).float()


def gradients(module: Any) -> list[Any]:
    made = [p.grad.clone() for p in module.parameters()]
    for p in module.parameters():
        p.grad = None
    return made


def cost(module: Any, x: Any, rates: float) -> Any:
    """A loss of the readout and, if asked, of what hidden layers send."""
    out = module(x)
    loss = out[f"{list(module.names)[-1]}.v"].square().mean()
    for name in list(module.names)[:-1] if rates else ():
        loss = loss + rates * (out.spikes[name].mean(0) - 0.1).square().sum()
    return loss


@pytest.mark.parametrize("rates", [0.0, 0.3])
def test_bytes_change_nothing(monkeypatch: Any, rates: float) -> None:
    module, x = compiled(), events()
    value = cost(module, x, rates)
    value.backward()
    found = gradients(module)
    assert sum(cell.shape.packed for cell in module._cells.values()) == 4
    monkeypatch.setattr(Call, "_packs", lambda self, k: False)
    expected = cost(module, x, rates)
    expected.backward()
    assert torch.equal(value, expected)
    for a, b in zip(found, gradients(module)):
        assert b.abs().max() > 0
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def test_hidden_spikes_are_numbers_when_looked_at() -> None:
    module, x = compiled("float32"), events()
    out = module(x)
    for name, spikes in out.spikes.items():
        assert spikes.dtype == torch.float32 and spikes.shape[:2] == (12, 3)
        assert set(spikes.unique().tolist()) <= {0.0, 1.0}, name
    assert set(dict(out.spikes)) == set(out.spikes) and "nothing" not in out.spikes


def test_a_graph_may_be_retained() -> None:
    """Backward passes of a retained graph add up; after the last one there is nothing left."""
    module, x = compiled(), events()
    loss = cost(module, x, 0.3)
    loss.backward(retain_graph=True)
    once = gradients(module)
    loss.backward(retain_graph=True)
    loss.backward()
    for a, b in zip(once, gradients(module)):
        torch.testing.assert_close(2 * a, b, rtol=1e-10, atol=1e-12)
    with pytest.raises(RuntimeError, match=r"backward|second time"):
        loss.backward()


def test_a_pass_that_stops_half_way_leaves_nothing_behind() -> None:
    module, x = compiled(), events()
    last = list(module.parameters())[-1]
    loss = cost(module, x, 0.0)
    torch.autograd.grad(loss, [last], retain_graph=True)
    loss.backward()
    found = gradients(module)
    cost(module, x, 0.0).backward()
    for a, b in zip(found, gradients(module)):
        assert torch.equal(a, b)


def graded() -> Any:
    net = sp.Network(seed=1)
    sources = net.add(sp.Population("sources", 6, sp.GradedReLU()))
    cells = net.add(sp.Population("cells", 5, sp.DiscreteLIF(beta=0.9)))
    net.drive(sources, sp.ExternalSpikes(weight=1.0))
    matrix = np.random.default_rng(0).normal(size=(6, 5))
    net.connect(sources, cells, sp.Dense(matrix), sp.Delta(weight=1.0, delay=0.0))
    return net.compile("torch", dt=1.0)


def test_inputs_that_pass_unchanged_stay_the_callers() -> None:
    """They are not copied, yet nothing done to what comes out, or to an array, reaches others."""
    module = graded()
    x = np.abs(np.random.default_rng(1).normal(size=(7, 2, 6))).astype(np.float32)
    given = torch.from_numpy(x.copy())
    module(given).spikes["cells"].sum().backward()
    (expected,) = gradients(module)
    out = module(given)
    out.spikes["sources"].zero_()
    assert torch.equal(given, torch.from_numpy(x))
    out.spikes["cells"].sum().backward()
    assert torch.equal(gradients(module)[0], expected)
    loss = module(x).spikes["cells"].sum()
    x[:] = 0
    loss.backward()
    assert torch.equal(gradients(module)[0], expected)
    loss = module(given).spikes["cells"].sum()
    given.zero_()
    with pytest.raises(RuntimeError, match="inplace"):
        loss.backward()


def test_negative_inputs_are_rectified() -> None:
    module, x = graded(), torch.randn(7, 2, 6)
    assert torch.equal(module(x).spikes["sources"], x.clamp(min=0))
