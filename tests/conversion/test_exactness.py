"""What theory promises of converted networks, held exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

import spikestack as sp  # noqa: E402
from spikestack.conversion import QCFS  # noqa: E402

from .models import dyadic  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _single() -> Any:
    torch.set_default_dtype(torch.float32)
    yield


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("steps", [1, 7, 16])
def test_count_of_a_constant_input(steps: int, half: bool) -> None:
    """floor((a T + v_0)/theta), for any a from 0 to theta."""
    a = np.arange(0, 65) / 64 * 1.5
    net = sp.Network()
    v = 0.75 if half else 0.0
    p = net.add(sp.Population("p", len(a), sp.IntegrateAndFire(theta=1.5, drive=a, v=v)))
    net.record(p, "spikes")
    counts = net.run(float(steps), dt=1.0)["p"].counts()
    assert np.array_equal(counts, np.floor((a * steps + v) / 1.5).astype(int))


def inputs(n: int, size: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 17, (n, size)).astype(np.float32) / 16


@pytest.mark.parametrize("levels", [4, 8])
def test_one_layer_of_qcfs_is_exact(levels: int) -> None:
    """T = L, constant input: outputs to the last bit, though all layers work at once."""
    model = dyadic((6, 40, 5), lambda: QCFS(levels, 2.0))
    x = inputs(50, 6)
    made = sp.convert(model, x, steps=levels)
    with torch.no_grad():
        assert np.array_equal(made.run(x).outputs, model(torch.tensor(x)).double().numpy())


@pytest.mark.parametrize("neuron", ["plain", "signed", "burst"])
def test_layers_in_turn_are_exact(neuron: str) -> None:
    """Three layers of QCFS: each fires when all of its input has come."""
    model = dyadic((6, 30, 30, 20, 5), lambda: QCFS(4, 2.0))
    x = inputs(40, 6)
    made = sp.convert(model, x, steps=4, in_turn=True, neuron=neuron)
    with torch.no_grad():
        wanted = model(torch.tensor(x)).double().numpy()
    if neuron == "burst":  # may go beyond L spikes: exact where nothing is clipped
        wide = dyadic((6, 30, 30, 20, 5), lambda: QCFS(64, 32.0))
        made = sp.convert(wide, x, steps=64, in_turn=True, neuron=neuron)
        with torch.no_grad():
            wanted = wide(torch.tensor(x)).double().numpy()
    assert made.total_steps == 3 * made.plan.steps
    assert np.array_equal(made.run(x).outputs, wanted)
    assert max(layer.unevenness for layer in made.report.layers) == 0
    assert made.report.output == 0 and made.report.agreement == 1


def test_signed_neurons_come_to_rest_at_the_rounded_sum() -> None:
    """Whatever the order in which it comes: after the input, the sum is round(total/theta)."""
    rng = np.random.default_rng(0)
    kicks = rng.integers(-16, 17, (12, 60)) / 8
    net = sp.Network()
    p = net.add(sp.Population("p", 60, sp.SignedIntegrateAndFire(v=0.5)))
    net.drive(p, sp.ExternalSpikes(weight=1.0), name="in")
    net.record(p, "spikes")
    run = sp.Simulation(net, dt=1.0)
    for k, row in enumerate(kicks):
        run.inject("in", np.arange(60), np.full(60, k + 1.0), counts=row)
    run.advance(60.0)
    found = run.recording()["p"]
    total = np.bincount(found.ids, found.values, 60)
    assert np.array_equal(total, np.maximum(np.floor(kicks.sum(0) + 0.5), 0))
    assert (found.values < 0).any()


def test_bursts_pass_a_lump_on_at_once() -> None:
    net = sp.Network()
    p = net.add(sp.Population("p", 3, sp.BurstIntegrateAndFire(v=[3.5, 7.0, 0.5])))
    net.record(p, "spikes")
    found = net.run(3.0, dt=1.0)["p"]
    assert found.ids.tolist() == [0, 1, 1]
    assert found.values.tolist() == [3, 5, 2]


def test_greatest_of_running_sums() -> None:
    """At any time what was sent in all is the greatest of what came in all."""
    rng = np.random.default_rng(2)
    came = rng.random((30, 4)) < [0.2, 0.5, 0.5, 0.3]
    net = sp.Network()
    a = net.add(sp.Population("a", 4, sp.SpikeSource()))
    m = net.add(sp.Population("m", 1, sp.MaxUnit()))
    net.drive(a, sp.SpikeTrains([np.flatnonzero(c) + 1.0 for c in came.T], weight=1.0))
    for k, place in enumerate(("", "b", "c", "d")):
        synapse = sp.Delta(weight=1.0, delay=0.0, compartment=place)
        net.connect(a[k : k + 1], m, sp.OneToOne(), synapse, f"a{k}")
    net.record(m, "spikes")
    found = net.run(30.0, dt=1.0)["m"]
    sent = np.zeros(30)
    sent[found.steps - 1] = found.values
    assert np.array_equal(sent.cumsum(), came.cumsum(0).max(1))
    assert set(found.values) == {1.0}


def test_against_a_loop_of_our_own() -> None:
    """All layers at once, by a plain loop over time, counts and outputs alike."""
    model = dyadic((6, 30, 20, 5), lambda: QCFS(8, 2.0))
    x = inputs(20, 6)
    answer = sp.convert(model, x, steps=12).run(x)
    layers = [m for m in model if isinstance(m, torch.nn.Linear)]
    weights = [m.weight.detach().double().numpy() for m in layers]
    biases = [m.bias.detach().double().numpy() for m in layers]
    v = [np.full((20, len(b)), 1.0) for b in biases[:-1]] + [np.zeros((20, 5))]
    spikes = 0
    for t in range(12):
        rate = x.astype(float)
        for k, (w, b) in enumerate(zip(weights, biases)):
            v[k] += rate @ w.T + b
            if k < 2:
                fires = v[k] >= 2.0
                v[k] -= 2.0 * fires
                rate = 2.0 * fires
                spikes += fires.sum(1)
        assert np.allclose(answer.history[t], v[-1] / (t + 1), atol=1e-6)
    assert np.array_equal(answer.spikes, spikes)
