"""Parallel spiking neurons: as described on engines, and as matrices over time while training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.training import masked_psn  # noqa: E402

STEPS, TRIALS, ORDER = 9, 4, 3


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def table(order: int = ORDER, steps: int = STEPS) -> np.ndarray:
    rng = np.random.default_rng(7)
    full = np.tril(rng.normal(0.3, 0.6, (steps, steps)))
    return full * (np.subtract.outer(np.arange(steps), np.arange(steps)) < order)


def network(order: int = ORDER) -> sp.Network:
    rng = np.random.default_rng(2)
    levels = rng.uniform(0.5, 1.2, STEPS)
    net = sp.Network(seed=1)
    source = net.add(sp.Population("in", 10, sp.SpikeSource()))
    model = masked_psn(STEPS, order, table(order), levels)
    hidden = net.add(sp.Population("hidden", 12, model))
    out = net.add(sp.Population("out", 3, sp.LeakyIntegrator()))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="x")
    at_once = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, hidden, sp.Dense(rng.normal(0.3, 0.8, (10, 12))), at_once)
    net.connect(hidden, out, sp.Dense(rng.normal(size=(12, 3))), at_once)
    net.record(hidden, "spikes", "v", "x2")
    net.record(out, "v")
    return net


def events(steps: int = STEPS) -> Any:
    drawn = torch.rand(steps, TRIALS, 10, generator=torch.Generator().manual_seed(3))
    return (drawn < 0.35) + 0.0


class Plain(torch.nn.Module):
    """Fang et al. 2023, eqs 7 to 9: H = (W * M) X, S = step(H - B), by autograd."""

    def __init__(self, weights: Any, thresholds: Any, mask: Any) -> None:
        super().__init__()
        self.w, self.b = torch.nn.Parameter(weights), torch.nn.Parameter(thresholds)
        self.mask = mask

    def forward(self, x: Any) -> Any:
        h = torch.einsum("tu,ubn->tbn", self.w * self.mask, x) - self.b[:, None, None]
        size = self.b[0].item()
        slope = (1 / (1 + 5 * (h / size).abs()) ** 2).detach() / size
        return ((h >= 0).to(h.dtype) - slope * h).detach() + slope * h


def mask_of(kind: str, share: float) -> Any:
    if kind == "full":
        return torch.ones(STEPS, STEPS, dtype=torch.float64)
    apart = np.subtract.outer(np.arange(STEPS), np.arange(STEPS))
    inside = torch.tensor(((apart >= 0) & (apart < ORDER)).astype(float))
    return share * inside + (1 - share)


@pytest.mark.parametrize(("kind", "share"), [("masked", 1.0), ("gradual", 0.6), ("full", 0.0)])
def test_it_is_the_published_neuron(kind: str, share: float) -> None:
    """Spikes and all gradients are those of the plain product under autograd."""
    module = network().compile("torch", 1.0, precision="float64")
    module.parallel("hidden", kind)
    module.sharpen(share)
    with torch.no_grad():
        drawn = torch.Generator().manual_seed(0)
        extra = torch.randn(STEPS, STEPS, dtype=torch.float64, generator=drawn)
        module.values["hidden:over_time"] += 0.3 * extra
    begin = module.values["hidden:over_time"].detach().clone()
    plain = Plain(begin, module.values["hidden:thresholds"].detach().clone(), mask_of(kind, share))
    weights = module.weights["in->hidden"].detach().clone().requires_grad_()
    x, aim = events().double(), torch.randn(STEPS, TRIALS, 12, dtype=torch.float64)
    made, expected = module(x).spikes["hidden"], plain(x @ weights)
    assert torch.equal(made, expected.round()) and 0.1 < made.mean() < 0.9
    (made * aim).sum().backward()
    (expected * aim).sum().backward()
    for a, b in ((module.values["hidden:over_time"], plain.w),
                 (module.values["hidden:thresholds"], plain.b),
                 (module.weights["in->hidden"], weights)):  # fmt: skip
        assert torch.allclose(a.grad, b.grad, rtol=1e-9, atol=1e-12) and a.grad.any()


def test_the_matrix_is_the_description() -> None:
    """Kernels from the equations, with the table as parameters, and one product agree."""
    names = ["w0_0", "w2_5", "w1_8", "theta_4"]
    slow = network().compile("torch", 1.0, train=["weights", *(f"hidden.{n}" for n in names)],
                             precision="float64")  # fmt: skip
    fast = network().compile("torch", 1.0, precision="float64")
    fast.parallel("hidden")
    x = events()
    made = [m(x) for m in (slow, fast)]
    for name in ("hidden", "hidden.v", "hidden.x2", "out.v"):
        assert torch.allclose(made[0][name], made[1][name])
    for out in made:
        out["out.v"].square().sum().backward()
    table_grad = fast.values["hidden:over_time"].grad
    for name in names[:3]:
        lag, t = (int(part) for part in name[1:].split("_"))
        found = float(slow.values[f"hidden:{name}"].grad)
        assert found == pytest.approx(float(table_grad[t, t - lag]), rel=1e-5)
    found = float(slow.values["hidden:theta_4"].grad)
    assert found == pytest.approx(float(fast.values["hidden:thresholds"].grad[4]), rel=1e-5)
    assert torch.allclose(slow.weights["in->hidden"].grad, fast.weights["in->hidden"].grad)


def simulated(net: sp.Network, x: Any, engine: str) -> Any:
    sim = sp.Simulation(net, dt=1.0, trials=TRIALS, on=engine)
    for trial in range(TRIALS):
        step, unit = np.nonzero(x[:, trial].numpy())
        sim.inject("x", times=step + 1.0, ids=unit, trial=trial)
    sim.advance(float(len(x)))
    record = sim.recording().spikes["hidden"]
    made = np.zeros((len(x), TRIALS, 12))
    made[np.rint(record.times).astype(int) - 1, record.trials, record.ids] = 1
    return made


@pytest.mark.parametrize("kind", ["masked", "gradual"])
def test_what_is_learned_runs_on_every_engine(kind: str, tmp_path: Any) -> None:
    module = network().compile("torch", 1.0, deterministic=True)
    module.parallel("hidden", kind)
    x = events()
    optimiser = torch.optim.Adam(module.parameters(), 0.02)
    losses = []
    for k in range(20):
        module.sharpen(k / 10)
        loss = (module(x)["out.v"] - 1.0).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    module.eval()
    trained = sp.load(module.trained().save(tmp_path / "psn.spk"))
    assert trained["hidden"].model.values["w1_4"] != network()["hidden"].model.values["w1_4"]
    with torch.no_grad():
        made = module(x).spikes["hidden"].numpy()
    assert made.sum() > 20
    for engine in ("cpu", "reference"):
        assert np.array_equal(simulated(trained, x, engine), made)
    again = trained.compile("torch", 1.0, deterministic=True)
    again.parallel("hidden")
    with torch.no_grad():
        assert np.array_equal(again(x).spikes["hidden"].numpy(), made)
        assert np.array_equal(again(x[:5]).spikes["hidden"].numpy(), made[:5])


def test_it_is_silent_after_its_steps() -> None:
    made = simulated(network(), events(STEPS + 6), "cpu")
    assert made[:STEPS].any(axis=(1, 2)).sum() > 3 and not made[STEPS:].any()


def test_fit_learns_what_is_long_past(tmp_path: Any) -> None:
    """Which of two inputs fired in the first step, told from the last spikes alone."""
    rng, steps = np.random.default_rng(0), 8
    net = sp.Network(seed=1)
    source = net.add(sp.Population("in", 2, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", 16, masked_psn(steps, 8)))
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator(beta=0.0)))
    net.drive(source, sp.ExternalSpikes(weight=1.0))
    at_once = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, hidden, sp.Dense(rng.normal(0, 0.7, (2, 16))), at_once)
    net.connect(hidden, out, sp.Dense(rng.normal(0, 0.3, (16, 2))), at_once)
    net.record(out, "v")
    x = (rng.random((200, steps, 2)) < 0.2).astype(np.float32)
    y = rng.integers(0, 2, 200)
    x[:, 0] = np.eye(2)[y]
    module = net.compile("torch", 1.0)
    module.parallel("hidden")
    fitted = sp.fit(module, (x, y), loss="last", epochs=25, batch=20, lr=0.02, seed=0,
                    progress=False, check=False)  # fmt: skip
    weights = module.values["hidden:over_time"].detach()
    assert not torch.allclose(weights[7], torch.tensor(0.5) ** torch.arange(7.0, -1, -1))
    scores = sp.evaluate(fitted.module, (x, y), loss="last")
    assert scores.accuracy > 0.95
    same = module.trained().compile("torch", 1.0)
    assert sp.evaluate(same, (x, y), loss="last").accuracy == scores.accuracy


def test_refusals() -> None:
    for given, says in (((0,), "1 to 256"), ((9, 10), "1 to 9"), ((64, 32), "smaller table"),
                        ((2, 1, np.ones((2, 2))), "future"), ((2, 2, np.ones(3)), "finite"),
                        ((2, 2, None, [1.0]), "thresholds")):  # fmt: skip
        with pytest.raises(ValidationError, match=says):
            masked_psn(*given)
    module = network().compile("torch", 1.0)
    with pytest.raises(UnknownNameError, match="hiden"):
        module.parallel("hiden")
    with pytest.raises(ValidationError, match="masked_psn"):
        module.parallel("out")
    with pytest.raises(ValidationError, match="'gradual'"):
        module.parallel("hidden", "partly")
    module.parallel("hidden", "full")
    with pytest.raises(ValidationError, match="later steps"):
        module.trained()
    with pytest.raises(ValidationError, match="5 steps; exactly 9"):
        module(events(5))
    masked = network().compile("torch", 1.0)
    masked.parallel("hidden")
    with pytest.raises(ValidationError, match="at most 9"):
        masked(events(10))
    first = masked(events(4))
    with pytest.raises(ValidationError, match="from a state"):
        masked(events(4), state=first.state)
    rounded = network().compile("torch", 1.0, state_format=sp.FixedPoint(12, 6))
    with pytest.raises(ValidationError, match="masked_psn"):
        rounded.parallel("hidden")
