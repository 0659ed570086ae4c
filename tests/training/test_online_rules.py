"""e-prop, OTTT, SLTT, DECOLLE: what they must equal, what they keep, what they refuse."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import spikestack as sp

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.training.rules import DECOLLE, OTTT, SLTT, EProp, OnlineRule  # noqa: E402

CLASSES = torch.tensor([0, 1, 2, 0])


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def discrete(equations: str = "v[t+1] = beta*v : 1", **more: Any) -> sp.NeuronModel:
    return sp.NeuronModel(
        equations, dimensionless=True, default_synapse="Delta",
        **{"parameters": {"beta": 0.9}, **more},
    )  # fmt: skip


def soft() -> sp.NeuronModel:
    return discrete(threshold="v >= 1", reset="v -= 1")


def hard() -> sp.NeuronModel:
    return discrete(threshold="v >= 1", reset="v = 0")


def jump(weight: Any) -> sp.Synapse:
    return sp.Delta(weight=weight, delay=0.0)


def current(weight: Any) -> sp.Synapse:
    return sp.ExponentialCurrent(weight=weight, delay=0.0)


def leaky() -> sp.NeuronModel:
    return sp.NeuronModel(
        "dv/dt = -v/tau_m + i_syn/cm : mV", parameters={"tau_m": "20 ms", "cm": "1 nF"}
    )


def module(sizes: tuple[int, ...], models: Any, *, scale: float = 1.0, synapse: Any = jump,
           recurrent: bool = False, dt: float = 1.0, **settings: Any) -> Any:  # fmt: skip
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    pops = [net.add(sp.Population(f"p{k}", n, m())) for k, (n, m) in enumerate(zip(sizes, models))]
    net.drive(pops[0], sp.ExternalSpikes(weight=1.0))
    for k, (a, b) in enumerate(itertools.pairwise(pops)):
        weights = scale * rng.normal(0.15, 0.4, (a.size, b.size))
        net.connect(a, b, sp.Dense(np.ones_like(weights)), synapse(weights), name=f"w{k}")
    if recurrent:
        weights = rng.normal(0, 0.3, (sizes[1], sizes[1]))
        rule = sp.Dense(np.ones_like(weights))
        net.connect(pops[1], pops[1], rule, sp.Delta(weight=weights, delay=1.0), name="own")
    net.record(pops[-1], "v")
    return net.compile("torch", dt=dt, **{"precision": "float64", **settings})


def spikes(steps: int, sources: int = 6) -> Any:
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(steps, 4, sources, generator=generator) < 0.4).double()


def through_time(m: Any, inputs: Any) -> tuple[float, dict[str, Any]]:
    """Loss and gradients by back-propagation; each step has its loss."""
    m.zero_grad()
    (answers,) = m(inputs).traces.values()
    loss = sum(torch.nn.functional.cross_entropy(a, CLASSES) for a in answers) / len(answers)
    loss.backward()
    found = {n: p.grad.clone() for n, p in m.weights.items()}
    m.zero_grad()
    return float(loss.detach()), found


def same(m: Any, expected: dict[str, Any], tol: float = 1e-10) -> None:
    for name, parameter in m.weights.items():
        size = float(expected[name].abs().max())
        assert size > 1e-4, name
        assert float((parameter.grad - expected[name]).abs().max()) <= tol * size, name


NEURONS = {
    "soft": (soft, jump, 1.0, 1.0, {}),
    "hard": (hard, jump, 1.0, 1.0, {}),
    "LIF": (lambda: sp.LIF(tau_refrac=2.0), current, 8.0, 1.0, {}),
    "AdaptiveLIF": (sp.AdaptiveLIF, current, 8.0, 1.0, {"detach_reset": False}),
    "Izhikevich": (sp.Izhikevich, current, 8.0, 0.25, {}),
    "AdEx": (sp.AdEx, current, 8.0, 0.25, {}),
}


@pytest.mark.parametrize("name", NEURONS)
def test_eprop_without_recurrence_is_back_propagation_through_time(name: str) -> None:
    model, synapse, scale, dt, settings = NEURONS[name]
    end = discrete if synapse is jump else leaky
    m = module((6, 8, 3), (sp.SpikeSource, model, end), scale=scale, synapse=synapse, dt=dt,
               **settings)  # fmt: skip
    loss, expected = through_time(m, spikes(40))
    assert np.isclose(EProp(m).gradients(spikes(40), CLASSES), loss, rtol=1e-12)
    same(m, expected)


def test_eprop_follows_the_published_traces_of_adaptive_neurons() -> None:
    """Bellec et al. 2020, with the adaptation decaying before the threshold is compared."""
    text = "v[t+1] = beta*v : 1\na[t+1] = rho*a : 1"
    alif = lambda: discrete(  # noqa: E731
        text, threshold="v >= 1 + b*a", reset="v -= 1; a += 1",
        parameters={"beta": 0.9, "rho": 0.97, "b": 0.4},
    )  # fmt: skip
    memoryless = lambda: discrete("v[t+1] = 0 : 1", parameters={})  # noqa: E731
    m = module((6, 5, 3), (sp.SpikeSource, alif, memoryless), surrogate="triangle")
    x = spikes(30)
    EProp(m).gradients(x, CLASSES)
    w, out = (m.weights[n].detach().numpy() for n in ("w0", "w1"))
    v, a, e_v = np.zeros((4, 5)), np.zeros((4, 5)), np.zeros((4, 6))
    e_a, grad = np.zeros((4, 6, 5)), np.zeros((6, 5))
    for s in x.numpy():
        u, a = 0.9 * v + s @ w, 0.97 * a
        z = u - 1 - 0.4 * a
        psi, fired = np.maximum(0, 1 - np.abs(z)), z >= 0
        e_v = 0.9 * e_v + s
        e = psi[:, None] * (e_v[:, :, None] - 0.4 * 0.97 * e_a)
        e_a = 0.97 * e_a + e
        v, a = u - fired, a + fired
        y = torch.tensor(fired @ out)
        of_y = (torch.softmax(y, 1) - torch.nn.functional.one_hot(CLASSES, 3)).numpy() / 4 / 30
        grad += np.einsum("bie,be->ie", e, of_y @ out.T)
    assert np.abs(grad).max() > 1e-4
    assert np.allclose(m.weights["w0"].grad.numpy(), grad, rtol=1e-9, atol=1e-14)


def test_eprop_learns_recurrent_weights() -> None:
    """From what neurons sent a step before; random feedback reaches layers far from the output."""
    m = module((6, 8, 3), (sp.SpikeSource, soft, discrete), recurrent=True)
    EProp(m).gradients(spikes(30), CLASSES)
    _, expected = m.weights["own"].grad.clone(), through_time(m, spikes(30))[1]
    EProp(m).gradients(spikes(30), CLASSES)
    cosine = torch.nn.functional.cosine_similarity
    for name in ("own", "w0"):
        likeness = cosine(m.weights[name].grad.reshape(-1), expected[name].reshape(-1), dim=0)
        assert 0.5 < likeness < 1 - 1e-9
    deep = module((6, 8, 5, 3), (sp.SpikeSource, soft, soft, discrete))
    EProp(deep, feedback="random").gradients(spikes(30), CLASSES)
    assert all(p.grad.abs().max() > 0 for p in deep.parameters())


@pytest.mark.parametrize("rule", [OTTT, SLTT])
def test_one_step_is_back_propagation(rule: Any) -> None:
    m = module((6, 8, 5, 3), (sp.SpikeSource, soft, hard, discrete), scale=2.0)
    loss, expected = through_time(m, spikes(1))
    assert np.isclose(rule(m).gradients(spikes(1), CLASSES), loss, rtol=1e-12)
    same(m, expected)


def test_ottt_of_a_convolution_is_that_of_the_same_edges() -> None:
    """Where traces are those of sources, any kind of projection learns."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", (1, 5, 5), sp.SpikeSource()))
    h = net.add(sp.Population("h", (2, 3, 3), soft()))
    o = net.add(sp.Population("o", 3, discrete()))
    net.drive(a, sp.ExternalSpikes(weight=1.0))
    rng = np.random.default_rng(0)
    net.connect(a, h, sp.Convolution(rng.normal(0.2, 0.4, (2, 1, 3, 3))), jump(1.0), name="c")
    net.connect(h, o, sp.Dense(np.ones((18, 3))), jump(rng.normal(0, 0.3, (18, 3))), name="w")
    net.record(o, "v")
    m = net.compile("torch", precision="float64")
    _, expected = through_time(m, spikes(1, 25))
    OTTT(m).gradients(spikes(1, 25), CLASSES)
    same(m, expected)
    with pytest.raises(sp.errors.ValidationError, match=r"'c'.*no full matrix"):
        EProp(m).gradients(spikes(2, 25), CLASSES)


def test_sltt_at_some_steps() -> None:
    """Chosen anew in every call, and each step once in all."""
    m = module((6, 8, 3), (sp.SpikeSource, soft, discrete))
    SLTT(m).gradients(spikes(12), CLASSES)
    whole = m.weights["w0"].grad.clone()
    m.zero_grad()
    SLTT(m, learned_steps=12).gradients(spikes(12), CLASSES)
    assert torch.equal(whole, m.weights["w0"].grad)
    m.zero_grad()
    rule, found = SLTT(m, learned_steps=3), []
    for _ in range(2):
        rule.gradients(spikes(12), CLASSES)
        found.append(m.weights["w0"].grad.clone())
    assert not torch.equal(found[1], 2 * found[0])


def test_decolle_is_local() -> None:
    """What a layer learns does not depend on the weights behind it."""
    found = []
    for factor in (1.0, -2.0):
        m = module((6, 8, 5, 3), (sp.SpikeSource, soft, soft, discrete))
        m.weights["w2"].data *= factor
        DECOLLE(m).gradients(spikes(20), CLASSES)
        found.append([m.weights[n].grad for n in ("w0", "w1")])
    assert all(torch.equal(a, b) and a.abs().max() > 0 for a, b in zip(*found))


@pytest.mark.parametrize("rule", [EProp, OTTT, SLTT, DECOLLE])
def test_each_learns(rule: Any) -> None:
    """Four patterns of held values in a few dozen updates, and the module has learned them."""
    m = module((6, 20, 3), (sp.GradedReLU, soft, discrete), scale=0.7, precision="float32")
    inputs = torch.rand(4, 6, generator=torch.Generator().manual_seed(2))
    learner = rule(m)
    optimiser = torch.optim.Adam(m.parameters(), lr=0.02)
    for _ in range(60):
        optimiser.zero_grad()
        loss = learner.gradients(inputs, CLASSES, steps=15)
        optimiser.step()
    assert learner.outputs.argmax(1).tolist() == CLASSES.tolist() and loss < 0.9
    assert torch.allclose(
        m(inputs, steps=15)["p2.v"].mean(0), learner.answers(inputs, 15), atol=1e-5
    )


def test_weights_may_change_in_every_step() -> None:
    m = module((6, 8, 3), (sp.SpikeSource, soft, discrete))
    optimiser = torch.optim.SGD(m.parameters(), lr=0.5)
    before, calls = m.weights["w0"].detach().clone(), []

    def update() -> None:
        optimiser.step()
        optimiser.zero_grad()
        calls.append(m.weights["w0"].detach().clone())

    OTTT(m, skip=2).gradients(spikes(10), CLASSES, each_step=update)
    assert len(calls) == 8 and not torch.equal(calls[0], calls[-1])
    assert not torch.equal(before, calls[-1])


MEASURE = """
import resource, torch, numpy as np, sys
sys.path.insert(0, {folder!r})
from test_online_rules import *
torch.set_num_threads(1)
m = module((100, 100, 10), (sp.GradedReLU, soft, discrete), precision="float32")
learner = {rule}(m)
x, y, peak = torch.rand(32, 100), torch.arange(32) % 10, []
for steps in (50, 1500):
    learner.gradients(x, y, steps=steps)
    peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(peak[1] - peak[0])
"""


@pytest.mark.parametrize("rule", ["EProp", "OTTT"])
def test_memory_does_not_grow_with_time(rule: str) -> None:
    """Potentials of 1,500 steps alone would be 18 MiB."""
    folder = str(__file__).rsplit("/", 1)[0]
    program = MEASURE.format(folder=folder, rule=rule)
    command = [sys.executable, "-c", program]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert float(made.stdout) < 5.0


def test_what_cannot_be_is_refused_by_name() -> None:
    errors = sp.errors
    m = module((6, 8, 5, 3), (sp.SpikeSource, soft, soft, discrete))
    with pytest.raises(errors.ValidationError, match=r"'p1'.*feedback='random'"):
        EProp(m)
    slow = module((6, 8, 3), (sp.SpikeSource, sp.LIF, leaky), synapse=current)
    with pytest.raises(errors.ValidationError, match=r"'p1'.*within a step"):
        OTTT(slow)
    with pytest.raises(errors.UnknownNameError, match="did you mean 'p3'"):
        OTTT(m, output="p33")
    with pytest.raises(errors.UnknownNameError, match="loss"):
        OTTT(m, loss="hinge")
    trained = module((6, 8, 3), (sp.SpikeSource, soft, discrete), train=["weights", "p1.beta"])
    with pytest.raises(errors.ValidationError, match="weights only"):
        EProp(trained)
    assert issubclass(DECOLLE, OnlineRule)
