"""A compiled network: its spikes are the engine's, its gradients right, what it learns stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import MissingExtraError, UnknownNameError, ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")

DT, STEPS, TRIALS = 1.0, 60, 3


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32)
    yield
    torch.set_num_threads(before[0])
    torch.set_default_dtype(before[1])


def layered(kind: str = "plain") -> sp.Network:
    """Two layers, or the same with something more difficult."""
    rng = np.random.default_rng(4)
    net = sp.Network(seed=1)
    source = net.add(sp.Population("in", (1, 6, 6) if kind == "image" else 36, sp.SpikeSource()))
    model: Any = sp.LIF(tau_refrac=2.0)
    if kind == "adaptive":
        model = sp.AdEx()
    size: Any = (2, 4, 4) if kind == "image" else 20
    hidden = net.add(sp.Population("hidden", size, model))
    out = net.add(sp.Population("out", 4, sp.LIF(tau_refrac=0.0)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="x")
    current = sp.ExponentialCurrent if kind in ("synapse", "adaptive") else sp.Delta
    strength = 40.0 if kind == "adaptive" else 1.0
    late = rng.integers(0, 4, 36 * 20).astype(float) if kind == "delays" else 0.0
    if kind == "image":
        rule: Any = sp.Convolution(rng.normal(1.0, 4.0, (2, 1, 3, 3)))
    elif kind == "sparse":
        rule = sp.FixedProbability(0.2)
        strength = 6.0
    else:
        rule = sp.Dense(rng.normal(0.5, 2.0, (36, 20)))
    settings = {"tau_syn": 4.0} if kind == "synapse" else {}
    net.connect(source, hidden, rule, current(weight=strength, delay=late, **settings))
    to_out = rng.normal(1.0, 5.0, (hidden.size, 4))
    net.connect(hidden, out, sp.Dense(to_out), sp.Delta(weight=1.0, delay=2.0))
    if kind == "recurrent":
        inner = rng.normal(0.0, 3.0, (20, 20))
        net.connect(hidden, hidden, sp.Dense(inner), sp.Delta(weight=1.0, delay=1.0), name="inner")
        back = rng.normal(0.0, 3.0, (4, 20))
        net.connect(out, hidden, sp.Dense(back), sp.Delta(weight=1.0, delay=3.0), name="back")
    net.record(hidden, "spikes")
    net.record(out, "spikes", "v")
    return net


KINDS = ("plain", "recurrent", "delays", "sparse", "image", "synapse", "adaptive")


def noise(seed: int = 0, rate: float = 0.25) -> Any:
    return (
        torch.rand(STEPS, TRIALS, 36, generator=torch.Generator().manual_seed(seed)) < rate
    ) + 0.0


def engine(net: sp.Network, x: Any, precision: str = "float32") -> dict[str, np.ndarray]:
    """Spikes as the compiled engine has them."""
    sim = sp.Simulation(net, dt=DT, trials=x.shape[1], precision=precision)
    for trial in range(x.shape[1]):
        step, unit = np.nonzero(x[:, trial].numpy())
        sim.inject("x", times=(step + 1) * DT, ids=unit, trial=trial)
    sim.advance(len(x) * DT)
    made = {}
    for name, record in sim.recording().spikes.items():
        made[name] = np.zeros((len(x), x.shape[1], net[name].size))
        made[name][np.rint(record.times / DT).astype(int) - 1, record.trials, record.ids] = 1
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_spikes_are_the_engines(kind: str, precision: str) -> None:
    module = layered(kind).compile("torch", DT, deterministic=True, precision=precision)
    x = noise()
    with torch.no_grad():
        made = module(x)
    expected = engine(layered(kind), x, precision)
    assert expected["hidden"].sum() > 20 and expected["out"].sum() > 0
    for name, spikes in expected.items():
        assert np.array_equal(made.spikes[name].numpy(), spikes)


@pytest.mark.parametrize("kind", ["plain", "recurrent", "delays"])
def test_pieces_are_the_whole(kind: str) -> None:
    module, x = layered(kind).compile("torch", DT), noise()
    with torch.no_grad():
        whole = module(x)
        first = module(x[:23])
        rest = module(x[23:], state=first.state)
    for name in ("hidden", "out"):
        joined = torch.cat([first.spikes[name], rest.spikes[name]])
        assert torch.equal(joined, whole.spikes[name])


@pytest.mark.parametrize("kind", ["plain", "recurrent", "delays", "sparse", "image"])
def test_gradients_are_those_of_a_smooth_readout(kind: str) -> None:
    """Of the last layer's weights and the readout's time constant, by finite differences."""
    net = layered(kind)
    plain = net.projections["hidden->out"]
    rng = np.random.default_rng(0)
    smooth = sp.Network(seed=1)
    source = smooth.add(sp.Population("in", plain.pre.size, sp.SpikeSource()))
    read = sp.LIF(tau_refrac=0.0, v_thresh=1e6)
    out = smooth.add(sp.Population("out", 4, read))
    smooth.drive(source, sp.ExternalSpikes(weight=1.0), name="x")
    matrix = rng.normal(1.0, 5.0, (plain.pre.size, 4))
    smooth.connect(source, out, sp.Dense(matrix), sp.Delta(weight=1.0, delay=2.0))
    smooth.record(out, "v")
    module = smooth.compile("torch", DT, train=["weights", "out.tau_m"], precision="float64")
    x = (torch.rand(20, 2, plain.pre.size, dtype=torch.float64) < 0.3) + 0.0
    aim = torch.randn(20, 2, 4, dtype=torch.float64)

    def loss() -> Any:
        return (module(x)["out.v"] * aim).sum()

    loss().backward()
    for parameter in module.parameters():
        flat = parameter.data.view(-1)
        for place in {0, len(flat) // 2, len(flat) - 1}:
            step = 1e-5 * max(1.0, abs(float(flat[place])))
            with torch.no_grad():
                flat[place] += step
                up = float(loss())
                flat[place] -= 2 * step
                down = float(loss())
                flat[place] += step
            expected = (up - down) / (2 * step)
            assert float(parameter.grad.view(-1)[place]) == pytest.approx(expected, rel=1e-5)


def test_a_loop_has_the_gradients_of_layers() -> None:
    """A network without feedback, computed step by step, against layer by layer."""
    alone = layered("plain").compile("torch", DT)
    rng = np.random.default_rng(4)
    looped = layered("plain")
    looped.frozen = False
    back = np.zeros((4, 20))
    looped.connect(
        looped["out"], looped["hidden"], sp.Dense(back + 0.0), sp.Delta(weight=1.0), name="back"
    )
    together = looped.compile("torch", DT)
    assert max(map(len, together.rounds)) == 2 and max(map(len, alone.rounds)) == 1
    x, weigh = noise(), torch.from_numpy(rng.normal(size=(STEPS, TRIALS, 4))).float()
    for module in (alone, together):
        made = module(x)
        ((made["out.v"] + made.spikes["out"]) * weigh).sum().backward()
    for name in alone.weights:
        a, b = alone.weights[name].grad, together.weights[name].grad
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-3 * float(a.abs().max()))


@pytest.mark.parametrize("kind", ["plain", "recurrent", "delays", "sparse", "image", "synapse"])
def test_what_is_learned_stays(kind: str, tmp_path: Any) -> None:
    """After a few steps of training the description, saved and loaded, gives the same spikes."""
    train = ["weights", "hidden.tau_m"] + (
        ["hidden.ExponentialCurrent.tau_syn"] if kind == "synapse" else []
    )
    module = layered(kind).compile("torch", DT, train=train)
    optimiser = torch.optim.Adam(module.parameters(), 0.05)
    x = noise(3)
    for _ in range(3):
        loss = (module(x)["out.v"] - 1.0).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert not np.array_equal(
        module.weights["in->hidden"].detach(),
        layered(kind).compile("torch", DT).weights["in->hidden"].detach(),
    )
    network = sp.load(module.trained().save(tmp_path / "trained.spk"))
    again = network.compile("torch", DT, deterministic=True)
    expected = engine(sp.load(tmp_path / "trained.spk"), x)
    with torch.no_grad():
        made = again(x)
        here = module(x)
    assert expected["hidden"].sum() > 0
    for name, spikes in expected.items():
        assert np.array_equal(made.spikes[name].numpy(), spikes)
        assert (here.spikes[name].numpy() != spikes).mean() < 0.01


def test_the_same_in_every_step_is_computed_once() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("pixels", 5, sp.GradedReLU()))
    out = net.add(sp.Population("out", 3, sp.LIF(tau_refrac=0.0)))
    net.drive(source, sp.ExternalSpikes(weight=1.0))
    net.connect(
        source,
        out,
        sp.Dense(np.random.default_rng(0).normal(1, 3, (5, 3))),
        sp.Delta(weight=1.0, delay=0.0),
    )
    net.record(out, "v")
    module = net.compile("torch", DT, precision="float64")
    image = torch.rand(2, 5, dtype=torch.float64)
    held = module(image, steps=9)
    held["out.v"].sum().backward()
    once = module.weights["pixels->out"].grad.clone()
    module.zero_grad()
    every = module(image.expand(9, 2, 5))
    every["out.v"].sum().backward()
    assert torch.allclose(held["out.v"], every["out.v"], rtol=1e-12)
    assert torch.allclose(once, module.weights["pixels->out"].grad, rtol=1e-10)


def test_what_cannot_be_trained_is_named() -> None:
    net = sp.Network(seed=1)
    p = net.add(sp.Population("p", 3, sp.LIF()))
    net.drive(p, sp.Poisson(10.0, weight=1.0), name="noise")
    with pytest.raises(ValidationError, match=r"noise.*ExternalSpikes"):
        net.compile()
    with pytest.raises(UnknownNameError, match="hiden"):
        layered().compile(train=["hiden.tau_m"])
    with pytest.raises(UnknownNameError, match="tau"):
        layered().compile(train=["hidden.tau"])
    with pytest.raises(ValidationError, match="engine"):
        layered().compile("jax")
    with pytest.raises(ValidationError, match="steps"):
        layered().compile()(torch.zeros(2, 36))
    with pytest.raises(ValidationError, match="shape"):
        layered().compile()(torch.zeros(4, 2, 35))


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [n for n in sys.modules if n.startswith("spikestack.training.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"spikestack\[train\]"):
        layered().compile()
