"""Weights of few bits, and neurons that look back a few steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.training.parallel import sliding_psn  # noqa: E402
from spikestack.training.quantising import quantised  # noqa: E402


@given(st.integers(3, 8), st.floats(1e-3, 1e3), st.integers(0, 99))
def test_levels(bits: int, size: float, seed: int) -> None:
    w = torch.randn(40, generator=torch.Generator().manual_seed(seed)) * size
    q = quantised(w, bits)
    levels = 2 ** (bits - 1) - 1
    assert len(torch.unique(q)) <= 2 * levels + 1
    fine = 2.0 ** np.ceil(np.log2(float(w.abs().max()) / levels))
    assert torch.equal(q / fine, torch.round(q / fine))
    assert float((q - w).abs().max()) <= fine / 2 * (1 + 1e-6)


def network() -> sp.Network:
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    source = net.add(sp.Population("in", 12, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", 16, sp.DiscreteLIF()))
    out = net.add(sp.Population("out", 3, sp.LeakyIntegrator()))
    net.drive(source, sp.ExternalSpikes(weight=1.0))
    at_once = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, hidden, sp.Dense(rng.normal(0.2, 0.4, (12, 16))), at_once)
    net.connect(hidden, out, sp.Dense(rng.normal(size=(16, 3))), at_once)
    net.record(out, "v")
    return net


def test_a_network_of_few_bits_learns_and_stays(tmp_path: Any) -> None:
    torch.manual_seed(0)
    module = network().compile("torch", 1.0, weight_bits={"in->hidden": 3, "hidden->out": 4})
    x = (torch.rand(15, 60, 12) < 0.3) + 0.0
    y = (x[:, :, :4].sum((0, 2)) > x[:, :, 4:8].sum((0, 2))).long()
    optimiser = torch.optim.Adam(module.parameters(), 0.02)
    losses = []
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(module(x)["out.v"].mean(0), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]
    trained = sp.load(module.trained().save(tmp_path / "few.spk"))
    matrix = trained.projections["in->hidden"].rule.matrix
    assert len(np.unique(matrix)) <= 7
    with torch.no_grad():
        same = trained.compile("torch", 1.0)(x)["out.v"]
        assert torch.allclose(same, module(x)["out.v"], atol=1e-5)


def test_refusals() -> None:
    with pytest.raises(UnknownNameError, match="hiden"):
        network().compile(weight_bits={"hiden": 4})
    with pytest.raises(ValidationError, match="2 to 16"):
        network().compile(weight_bits=1)
    with pytest.raises(ValidationError, match="1 to 32"):
        sliding_psn(0)
    with pytest.raises(ValidationError, match="weights"):
        sliding_psn(3, [1.0])


def test_a_sliding_neuron_is_a_convolution_in_time() -> None:
    net = sp.Network(seed=1)
    taps = [0.7, -0.4, 0.5]
    p = net.add(sp.Population("p", 4, sliding_psn(3, taps)))
    net.drive(p, sp.ExternalSpikes(weight=1.0))
    module = net.compile("torch", 1.0, train=["p.w0", "p.w1", "p.w2"], precision="float64")
    x = torch.randn(20, 2, 4, dtype=torch.float64) * 2
    made = module(x).spikes["p"]
    padded = torch.cat([torch.zeros(2, 2, 4, dtype=torch.float64), x])
    h = sum(w * padded[2 - k : 22 - k] for k, w in enumerate(taps))
    assert torch.equal(made, (h >= 1.0).double()) and made.sum() > 5
    made.sum().backward()
    slope = 1.0 / (1.0 + 5.0 * (h - 1.0).abs()) ** 2
    for k in range(3):
        expected = float((slope * padded[2 - k : 22 - k]).sum())
        assert float(module.values[f"p:w{k}"].grad) == pytest.approx(expected, rel=1e-6)
