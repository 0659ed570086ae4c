"""Residual blocks and spike-driven attention: trained, described, saved, simulated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp

torch = pytest.importorskip("torch", reason="the extra train is not installed")

STEPS, TRIALS = 8, 30


def at_once(**more: Any) -> sp.Delta:
    return sp.Delta(weight=1.0, delay=0.0, **more)


def residual() -> sp.Network:
    """Two blocks that add spikes (SEW, ADD), normalised, and a readout."""
    rng, net = np.random.default_rng(2), sp.Network(seed=1)
    source = net.add(sp.Population("image", (2, 6, 6), sp.SpikeSource()))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    before = net.add(sp.Population("stem", (4, 6, 6), sp.DiscreteLIF()))
    net.connect(source, before, sp.Convolution(rng.normal(size=(4, 2, 3, 3)), padding=1), at_once())
    for k in (1, 2):
        branch = net.add(sp.Population(f"branch{k}", (4, 6, 6), sp.DiscreteLIF()))
        total = net.add(sp.Population(f"total{k}", (4, 6, 6), sp.Relay()))
        kernel = rng.normal(size=(4, 4, 3, 3)) / 3
        net.connect(before, branch, sp.Convolution(kernel, padding=1), at_once())
        net.connect(branch, total, sp.OneToOne(), at_once())
        net.connect(before, total, sp.OneToOne(), at_once())
        before = total
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator()))
    net.connect(before, out, sp.Dense(rng.normal(size=(144, 2)) / 12), at_once())
    net.record(out, "v")
    return net


def attention(tokens: int = 6, width: int = 8) -> sp.Network:
    """V times LIF(sum over channels of Q times K), and a readout (Yao et al. 2023)."""
    rng, net = np.random.default_rng(3), sp.Network(seed=1)
    source = net.add(sp.Population("image", (tokens, 12), sp.SpikeSource()))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    size = tokens * width
    made = {}
    for name in "qkv":
        made[name] = net.add(sp.Population(name, (tokens, width), sp.DiscreteLIF()))
        each = np.kron(np.eye(tokens), rng.normal(0.3, 0.5, (12, width)))
        pre, post = np.nonzero(np.kron(np.eye(tokens), np.ones((12, width))))
        weights = sp.Delta(weight=each[pre, post], delay=0.0)
        net.connect(source, made[name], sp.FromArrays(pre, post), weights)
    agree = net.add(sp.Population("agree", (tokens, width), sp.Gate()))
    net.connect(made["q"], agree, sp.OneToOne(), at_once())
    net.connect(made["k"], agree, sp.OneToOne(), at_once(compartment="gate"))
    mask = net.add(sp.Population("mask", tokens, sp.DiscreteLIF()))
    sums = np.kron(np.eye(tokens), np.ones((width, 1)))
    net.connect(agree, mask, sp.Dense(sums), at_once())
    masked = net.add(sp.Population("masked", (tokens, width), sp.Gate()))
    net.connect(made["v"], masked, sp.OneToOne(), at_once())
    net.connect(mask, masked, sp.Dense(sums.T), at_once(compartment="gate"))
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator()))
    net.connect(masked, out, sp.Dense(rng.normal(size=(size, 2)) / 4), at_once())
    net.record(out, "v")
    return net


@pytest.mark.parametrize("kind", ["residual", "attention"])
def test_deep_networks(kind: str, tmp_path: Any) -> None:
    """They learn; what was learned is a description that gives the same answers on the engine."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32)
    net = residual() if kind == "residual" else attention()
    module = net.compile("torch", 1.0, train=[n for n in net.projections if n != "agree->mask"])
    if kind == "residual":
        for name in ("image->stem", "stem->branch1", "total1->branch2"):
            module.normalise(name, "tdBN")
    rng = np.random.default_rng(5)
    y = np.arange(TRIALS) % 2
    rates = np.where(rng.random((2, 72)) < 0.5, 0.1, 0.5)
    x = torch.tensor((rng.random((STEPS, TRIALS, 72)) < rates[y]).astype(np.float32))
    optimiser = torch.optim.Adam(module.parameters(), 0.01)
    losses = []
    for _ in range(25):
        loss = torch.nn.functional.cross_entropy(module(x)["out.v"].mean(0), torch.tensor(y))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    module.eval()
    trained = sp.load(module.trained().save(tmp_path / "deep.spk"))
    with torch.no_grad():
        learned = module(x)["out.v"].numpy()
        exact = trained.compile("torch", 1.0, deterministic=True)(x)["out.v"].numpy()
    sim = sp.Simulation(trained, dt=1.0, trials=TRIALS)
    for trial in range(TRIALS):
        step, unit = np.nonzero(x[:, trial].numpy())
        sim.inject("events", times=step + 1.0, ids=unit, trial=trial)
    sim.advance(float(STEPS))
    on_engine = np.asarray(sim.recording()["out", "v"].values).swapaxes(0, 1)
    assert np.allclose(on_engine, exact, atol=1e-4 * np.abs(exact).max())
    same = learned.mean(0).argmax(1) == on_engine.mean(0).argmax(1)
    assert same.mean() > 0.9
