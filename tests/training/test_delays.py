"""Delays that learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")


def network(delays: Any, rule: str = "matrix", size: int = 6) -> sp.Network:
    rng = np.random.default_rng(1)
    net = sp.Network(seed=2)
    source = net.add(sp.Population("in", size, sp.SpikeSource()))
    out = net.add(sp.Population("out", 3, sp.LeakyIntegrator(beta=0.7)))
    net.drive(source, sp.ExternalSpikes(weight=1.0))
    matrix = rng.normal(size=(size, 3))
    if rule == "list":
        pre, post = np.nonzero(np.ones((size, 3)) - np.eye(size, 3))
        rule_, weight = sp.FromArrays(pre, post), matrix[pre, post]
        delays = delays[: len(pre)] if np.ndim(delays) else delays
        net.connect(source, out, rule_, sp.Delta(weight=weight, delay=delays))
    else:
        net.connect(source, out, sp.Dense(matrix), sp.Delta(weight=1.0, delay=delays))
    net.record(out, "v")
    return net


@pytest.mark.parametrize("rule", ["matrix", "list"])
@pytest.mark.parametrize("which", ["delay", "axonal_delay"])
def test_sharp_delays_are_shifts(rule: str, which: str) -> None:
    """Oracle: at whole positions and no width, it is the network with those delays."""
    each = np.repeat(np.arange(6) % 4, 3).astype(float)
    if rule == "list":
        pre, _ = np.nonzero(np.ones((6, 3)) - np.eye(6, 3))
        each = (pre % 4).astype(float)
    plain = network(each, rule).compile("torch", 1.0, precision="float64")
    learns = network(each, rule).compile(
        "torch", 1.0, train=["weights", f"in->out.{which}"], precision="float64"
    )
    x = (torch.rand(30, 2, 6, dtype=torch.float64) < 0.3) + 0.0
    expected = plain(x)["out.v"]
    learns.eval()
    assert torch.allclose(learns(x)["out.v"], expected, rtol=1e-12)
    learns.train()
    assert not torch.allclose(learns(x)["out.v"], expected, rtol=1e-2)
    learns.sharpen(1.0)
    for delays in learns.delays.values():
        delays.width.fill_(0.05)
    assert torch.allclose(learns(x)["out.v"], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("which", ["delay", "axonal_delay"])
def test_gradients(which: str) -> None:
    module = network(2.0).compile(
        "torch", 1.0, train=["weights", f"in->out.{which}"], precision="float64"
    )
    steps = module.delays["in->out"].steps
    with torch.no_grad():
        steps += torch.rand_like(steps)
    x = (torch.rand(25, 2, 6, dtype=torch.float64) < 0.3) + 0.0
    aim = torch.randn(25, 2, 3, dtype=torch.float64)

    def loss() -> Any:
        return (module(x)["out.v"] * aim).sum()

    loss().backward()
    flat, grad = steps.data.view(-1), steps.grad.view(-1)
    for place in (0, 3, len(flat) - 1):
        with torch.no_grad():
            flat[place] += 1e-5
            up = float(loss())
            flat[place] -= 2e-5
            down = float(loss())
            flat[place] += 1e-5
        assert float(grad[place]) == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("which", ["delay", "axonal_delay"])
def test_delays_are_found(which: str, tmp_path: Any) -> None:
    """A teacher's delays, from what it does alone; and the description keeps them."""
    torch.manual_seed(0)
    teacher = np.repeat([1.0, 4.0, 7.0, 2.0, 5.0, 3.0], 3)
    aim = network(teacher).compile("torch", 1.0, train=[])
    module = network(4.0).compile("torch", 1.0, train=[f"in->out.{which}"])
    optimiser = torch.optim.Adam(module.parameters(), 0.15)
    rounds = 150
    for k in range(rounds):
        x = (torch.rand(40, 8, 6) < 0.15) + 0.0
        module.sharpen(2.0 * k / rounds)
        with torch.no_grad():
            wanted = aim(x)["out.v"]
        loss = (module(x)["out.v"] - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found = module.delays["in->out"].rounded()
    assert (found == teacher).mean() > 0.8
    module.eval()
    again = sp.load(module.trained().save(tmp_path / "delays.spk")).compile("torch", 1.0)
    with torch.no_grad():
        assert torch.allclose(again(x)["out.v"], module(x)["out.v"], atol=1e-5)


def test_pieces_and_refusals() -> None:
    module = network(3.0).compile("torch", 1.0, train=["in->out.delay"], longest_delay=6.0)
    x = (torch.rand(20, 2, 6) < 0.3) + 0.0
    with torch.no_grad():
        whole = module(x)["out.v"]
        first = module(x[:9])
        rest = module(x[9:], state=first.state)
    assert torch.allclose(torch.cat([first["out.v"], rest["out.v"]]), whole, atol=1e-6)
    with pytest.raises(ValidationError, match="longest_delay"):
        network(3.0).compile("torch", 1.0, longest_delay=2.0)
    net = sp.Network()
    p = net.add(sp.Population("p", 2, sp.DiscreteLIF()))
    net.connect(p, p, sp.Dense(np.ones((2, 2))), sp.Delta(weight=1.0), name="inner")
    with pytest.raises(ValidationError, match="inner"):
        net.compile(train=["inner.delay"])
