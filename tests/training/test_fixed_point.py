"""States of a fixed point: a chip's integers on every engine, and gradients straight through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.equations.fixed_point import ROUNDINGS
from spikestack.errors import UnknownNameError, ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")

STEPS, TRIALS = 40, 3
COARSE = sp.FixedPoint(12, 6, decay_bits=4)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network() -> sp.Network:
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    source = net.add(sp.Population("in", 12, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", 16, sp.DiscreteLIF(beta=0.83)))
    out = net.add(sp.Population("out", 3, sp.LeakyIntegrator(beta=0.9)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="x")
    at_once = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, hidden, sp.Dense(rng.normal(0.1, 0.3, (12, 16))), at_once)
    net.connect(hidden, out, sp.Dense(rng.normal(size=(16, 3))), at_once)
    net.record(hidden, "spikes")
    net.record(out, "v")
    return net


def noise() -> Any:
    return (torch.rand(STEPS, TRIALS, 12, generator=torch.Generator().manual_seed(1)) < 0.3) + 0.0


def simulated(net: sp.Network, x: Any, engine: str) -> Any:
    sim = sp.Simulation(net, dt=1.0, trials=TRIALS, on=engine)
    for trial in range(TRIALS):
        step, unit = np.nonzero(x[:, trial].numpy())
        sim.inject("x", times=step + 1.0, ids=unit, trial=trial)
    sim.advance(float(STEPS))
    record = sim.recording().spikes["hidden"]
    made = np.zeros((STEPS, TRIALS, 16))
    made[np.rint(record.times).astype(int) - 1, record.trials, record.ids] = 1
    return made


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_spikes_are_the_engines(rounding: str, tmp_path: Any) -> None:
    form = sp.FixedPoint(12, 6, rounding, decay_bits=4)
    train = ["weights", "hidden.beta"]
    module = network().compile("torch", 1.0, train=train, weight_bits=5, state_format=form,
                               deterministic=True)  # fmt: skip
    x = noise()
    optimiser = torch.optim.Adam(module.parameters(), 0.01)
    for _ in range(3):
        optimiser.zero_grad()
        module(x)["out.v"].square().mean().backward()
        optimiser.step()
    trained = sp.load(module.trained().save(tmp_path / "few.spk"))
    assert trained["hidden"].model.state_format == {"*": form}
    assert "state_format=FixedPoint" in repr(trained["hidden"].model)
    with torch.no_grad():
        made = module(x).spikes["hidden"].numpy()
        free = trained.compile("torch", 1.0, state_format={"hidden": None}, deterministic=True)
        assert not np.array_equal(made, free(x).spikes["hidden"].numpy())
    assert 50 < made.sum() < made.size / 2
    for engine in ("cpu", "reference"):
        assert np.array_equal(simulated(trained, x, engine), made)


@pytest.mark.parametrize("engine", ["cpu", "reference"])
def test_the_integers_of_a_chip(engine: str) -> None:
    """Loihi's membrane: 12-bit decay, rounded towards 0, then the input; 24 bits in all."""
    decay, weights = 300, np.array([-70_001, 3, 901, 1_500_000])
    form = sp.FixedPoint(24, 0, "zero", decay_bits=12)
    model = sp.LeakyIntegrator(beta=0.92678, state_format=form)
    assert round(0.92678 * 4096) == 4096 - decay
    net = sp.Network()
    source = net.add(sp.Population("in", 1, sp.SpikeSource()))
    chip = net.add(sp.Population("chip", 4, model))
    net.drive(source, sp.SpikeTrains([[t + 1.0 for t in range(60) if t % 7]]))
    at_once = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, chip, sp.Dense(weights[None].astype(float)), at_once)
    net.record(chip, "v")
    made = net.run(60.0, dt=1.0, on=engine, precision="float64")["chip", "v"].values[0]
    v = np.zeros(4, np.int64)
    for t in range(60):
        v = np.sign(v) * (np.abs(v * (4096 - decay)) >> 12) + (weights if t % 7 else 0)
        v = np.clip(v, -(2**23), 2**23 - 1)
        assert np.array_equal(made[t].astype(np.int64), v)
    assert made.max() == 2**23 - 1


def integrator(form: Any) -> Any:
    net = sp.Network()
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator(beta=0.9)))
    net.drive(out, sp.ExternalSpikes(weight=1.0), name="x")
    net.record(out, "v")
    return net.compile("torch", 1.0, precision="float64", train=["out.beta"], state_format=form)


def test_gradients_pass_straight_through() -> None:
    """Each step's derivative is the decay as it was rounded, and 1 for what arrives."""
    module = integrator(sp.FixedPoint(10, 2, decay_bits=3))
    beta = round(0.9 * 8) / 8
    x = torch.rand(6, 1, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    v = module(x)["out.v"]
    assert torch.equal(4 * v, torch.round(4 * v)) and v.detach().max() > 1
    v[-1].sum().backward()
    expected = beta ** torch.arange(5, -1, -1, dtype=torch.float64)
    assert torch.allclose(x.grad[:, 0, 0], expected)
    earlier = v.detach()[:-1, 0]
    slope = (earlier * expected[1:, None]).sum()
    assert float(module.values["out:beta"].grad) == pytest.approx(float(slope))


def test_states_stay_in_their_range_and_gradients_end_there() -> None:
    form = sp.FixedPoint(6, 2)
    module = integrator(form)
    assert (form.lowest, form.highest) == (-8.0, 7.75)
    x = torch.zeros(5, 1, 2, dtype=torch.float64)
    x[0, 0, 0], x[0, 0, 1] = 100.0, -100.0
    x.requires_grad_()
    v = module(x)["out.v"]
    assert v[0, 0].tolist() == [7.75, -8.0]
    v[-1].sum().backward()
    assert not x.grad[0].any() and x.grad[1:].all()


def test_each_variable_has_its_format() -> None:
    """The current of a receptor in eighths, the potential as it is."""
    net = sp.Network()
    model = sp.LIF(state_format={"ExponentialCurrent.i": sp.FixedPoint(8, 3)})
    p = net.add(sp.Population("p", 1, model))
    net.drive(p, sp.SpikeTrains([[1.0, 4.0]], synapse=sp.ExponentialCurrent(weight=0.6)))
    net.record(p, "v", "ExponentialCurrent.i")
    found = {engine: net.run(20.0, dt=1.0, on=engine) for engine in ("cpu", "reference")}
    assert "exact, in 8 bits: ExponentialCurrent.i" in str(found["cpu"].report())
    i = found["cpu"]["p", "ExponentialCurrent.i"].values
    v = found["cpu"]["p", "v"].values
    assert np.array_equal(8 * i, np.round(8 * i)) and len(np.unique(i)) > 3
    assert not np.array_equal(8 * v, np.round(8 * v))
    assert np.array_equal(found["reference"]["p", "v"].values, v)


def test_models_made_of_others_keep_the_format() -> None:
    made = sp.adaptive_threshold(sp.LIF(state_format=COARSE))
    assert made.state_format == {"*": COARSE}
    plain, rounded = (sp.Network(seed=1) for _ in range(2))
    for net, form in ((plain, None), (rounded, COARSE)):
        net.add(sp.Population("p", 3, sp.LIF(state_format=form)))
    assert plain.fingerprint != rounded.fingerprint


def test_refusals() -> None:
    for given in ({"bits": 1}, {"bits": 40}, {"bits": 8, "fraction": 1.5},
                  {"bits": 8, "rounding": "up"}, {"bits": 8, "decay_bits": 0}):  # fmt: skip
        with pytest.raises(ValidationError, match="FixedPoint"):
            sp.FixedPoint(**given)
    with pytest.raises(ValidationError, match="state_format"):
        network().compile("torch", 1.0, state_format=12)
    with pytest.raises(UnknownNameError, match="hiden"):
        network().compile("torch", 1.0, state_format={"hiden": COARSE})
    with pytest.raises(UnknownNameError, match="'u'"):
        network().compile("torch", 1.0, state_format={"hidden": {"u": COARSE}})
    with pytest.raises(ValidationError, match="float64"):
        network().compile("torch", 1.0, state_format=sp.FixedPoint(32, 15))
    wide = network().compile("torch", 1.0, state_format=sp.FixedPoint(32, 15), precision="float64")
    assert module_rounds(wide, 15)


def module_rounds(module: Any, fraction: int) -> bool:
    v = module(noise())["out.v"].detach() * 2.0**fraction
    return bool(torch.equal(v, torch.round(v)))


@pytest.mark.slow
def test_digits_with_four_bits_of_weight_and_twelve_of_state() -> None:
    """Within two points of single precision, chosen by nothing: the last epoch of both."""
    datasets = pytest.importorskip("sklearn.datasets")
    pixels, labels = datasets.load_digits(return_X_y=True)
    x = (pixels / 16).astype(np.float32)
    rng = np.random.default_rng(3)
    order = rng.permutation(len(x))
    learn, test = order[:1400], order[1400:]

    def net() -> sp.Network:
        made, rng = sp.Network(seed=1), np.random.default_rng(1)
        first = made.add(sp.Population("pixels", 64, sp.GradedReLU()))
        middle = made.add(sp.Population("hidden", 256, sp.DiscreteLIF(beta=0.9)))
        last = made.add(sp.Population("digits", 10, sp.LeakyIntegrator(beta=0.9)))
        made.drive(first, sp.ExternalSpikes(weight=1.0))
        for pre, post in ((first, middle), (middle, last)):
            bound = 1 / np.sqrt(pre.size)
            weights = rng.uniform(-bound, bound, (pre.size, post.size))
            made.connect(pre, post, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
        made.record(last, "v")
        return made

    few = {"weight_bits": 4, "state_format": sp.FixedPoint(12, 7, "nearest", decay_bits=8)}
    accuracy = []
    for settings in ({}, few):
        module = net().compile("torch", 1.0, **settings)
        sp.fit(module, (x[learn], labels[learn]), steps=15, epochs=12, batch=64, lr=2e-3, seed=0)
        scores = sp.evaluate(module, (x[test], labels[test]), steps=15)
        accuracy.append(scores.accuracy)
    assert accuracy[0] > 0.96 and accuracy[1] > accuracy[0] - 0.02, accuracy
