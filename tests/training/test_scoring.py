"""Losses, readouts, scores, early answers, initial weights, checkpointed gradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")
torch.set_num_threads(1)

from trained_nets import blobs, layered  # noqa: E402

from spikestack.training import (  # noqa: E402
    LOSSES,
    at_least,
    at_most,
    back_propagate,
    check_activity,
    early_exit,
    fluctuation_driven,
    kaiming,
    readout,
    van_rossum,
)
from spikestack.training.chunks import pieces  # noqa: E402
from spikestack.training.initial import response  # noqa: E402
from spikestack.training.losses import READOUTS, output_signal  # noqa: E402
from spikestack.training.module import Output  # noqa: E402


def made(steps: int = 7, trials: int = 4, classes: int = 3) -> Output:
    rng = np.random.default_rng(1)
    trace = torch.tensor(rng.normal(size=(steps, trials, classes)), requires_grad=True)
    spikes = torch.tensor((rng.random((steps, trials, 5)) < 0.3) * 1.0, requires_grad=True)
    return Output({"hidden": spikes}, {"out.v": trace, "hidden.v": spikes})


def test_the_output_that_is_read() -> None:
    output = made()
    assert output_signal(output)[1] == "mean"
    assert torch.equal(readout(output), output["out.v"].mean(0))
    assert torch.equal(readout(output, "hidden"), output["hidden"].sum(0))
    assert torch.equal(readout(Output({"hidden": output["hidden"]})), output["hidden"].sum(0))
    with pytest.raises(ValidationError, match=r"a\.v, b\.v"):
        readout(Output({}, {"a.v": output["out.v"], "b.v": output["out.v"]}))


@pytest.mark.parametrize("kind", sorted(READOUTS))
def test_readouts_after_each_step_are_those_of_shorter_runs(kind: str) -> None:
    output = made()
    signal = (output["hidden"] if kind == "first" else output["out.v"]).detach()
    each = READOUTS[kind](signal, True)
    for t in range(1, len(signal) + 1):
        assert torch.allclose(each[t - 1], READOUTS[kind](signal[:t], False)), (kind, t)


@pytest.mark.parametrize("name", sorted({*LOSSES} - {"latency"}))
def test_losses_have_the_gradient_they_claim(name: str) -> None:
    torch.manual_seed(0)
    labels = torch.tensor([0, 2, 1, 1])
    x = torch.randn(6, 4, 3, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda x: LOSSES[name](Output({}, {"out.v": x}), labels), (x,))


def test_losses_by_hand() -> None:
    x = torch.zeros(4, 1, 2, dtype=torch.float64)
    x[:, 0, 0] = torch.tensor([0.0, 1.0, 2.0, 1.0])
    output, label = Output({}, {"out.v": x}), torch.tensor([0])

    def entropy(difference: float) -> float:
        return math.log1p(math.exp(-difference))

    assert float(LOSSES["mean membrane"](output, label)) == pytest.approx(entropy(1.0))
    assert float(LOSSES["rate"](output, label)) == pytest.approx(entropy(4.0))
    assert float(LOSSES["max"](output, label)) == pytest.approx(entropy(2.0))
    assert float(LOSSES["last"](output, label)) == pytest.approx(entropy(1.0))
    each = np.mean([entropy(d) for d in (0.0, 1.0, 2.0, 1.0)])
    pull = float(((x - 1) ** 2).mean())
    assert float(LOSSES["tet"](output, label)) == pytest.approx(0.999 * each + 0.001 * pull)


def test_who_fires_first() -> None:
    spikes = torch.zeros(6, 1, 3, dtype=torch.float64)
    spikes[3, 0, 0] = spikes[1, 0, 1] = spikes[4, 0, 1] = 1
    spikes.requires_grad_()
    output = Output({"out": spikes})
    assert readout(output, kind="first").tolist() == [[-3.0, -1.0, -6.0]]
    LOSSES["latency"](output, torch.tensor([0])).backward()
    found = spikes.grad[:, 0]
    # More of a spike at its time is an earlier spike: good for class 0, bad for the others.
    assert found[3, 0] < 0 and found[1, 1] > 0 and (found[:, 2] > 0).all()
    assert found[:, 0].count_nonzero() == 1 and found[:, 1].count_nonzero() == 1


def test_van_rossum() -> None:
    steps = 200
    one, two = torch.zeros(steps, 1, 1), torch.zeros(steps, 1, 1)
    one[20], two[30] = 1.0, 1.0
    nothing = torch.zeros_like(one)
    assert float(van_rossum(one, one)) == 0
    assert float(van_rossum(one, nothing)) == pytest.approx(0.5, rel=1e-4)
    assert float(van_rossum(one, two, tau=10.0)) == pytest.approx(1 - math.exp(-1), rel=1e-4)


def test_regularisers() -> None:
    spikes = torch.zeros(5, 2, 3)
    spikes[0, :, 0], spikes[:, :, 1] = 1.0, 1.0
    output = Output({"a": spikes})
    assert float(at_least(2.0, strength=1.0)(output)) == pytest.approx(1 + 0 + 4)
    assert float(at_most(1.5, "a", strength=2.0)(output)) == pytest.approx(2 * 0.5**2)


def test_scores_and_early_answers() -> None:
    fitted = sp.fit(layered(), blobs(), validate=blobs(60, seed=9), steps=10, epochs=12, batch=16,
                    lr=1e-2, check=False)  # fmt: skip
    scores = sp.evaluate(fitted.module, blobs(60, seed=8), steps=10, batch=7)
    whole = sp.evaluate(fitted.module, blobs(60, seed=8), steps=10)
    assert (scores.found == whole.found).all() and scores.spikes == whole.spikes
    assert scores.confusion.sum() == 60 and np.trace(scores.confusion) / 60 == scores.accuracy
    assert scores.accuracy_at[-1] == scores.accuracy and len(scores.accuracy_at) == 10
    shorter = sp.evaluate(fitted.module, blobs(60, seed=8), steps=4)
    assert shorter.accuracy == scores.accuracy_at[3]
    assert shorter.spikes_per_sample == pytest.approx(scores.spikes_until[:, 3].mean())
    rule = early_exit(fitted.validation, tolerance=0.02)
    on_validation = rule.score(fitted.validation)
    assert on_validation.accuracy >= fitted.validation.accuracy - 0.02
    found = rule.score(scores)
    assert 1 <= found.steps < 10 and found.spikes < scores.spikes_per_sample
    patient = type(rule)(2.0).score(scores)
    assert (patient.accuracy, patient.steps, patient.undecided) == (scores.accuracy, 10, 1)


def test_operations_are_events_times_synapses() -> None:
    module = layered(recurrent=True).compile("torch")
    inputs, labels = blobs(12)
    scores = sp.evaluate(module, ((inputs > 0.5).astype(np.float32), labels), steps=6)
    sent = module(torch.tensor(inputs > 0.5), steps=6)["hidden"].count_nonzero() / 12
    assert scores.operations["back"] == (pytest.approx(12 * float(sent)), 0.0)
    assert scores.operations["pixels->hidden"][1] == 0
    assert sp.evaluate(module, (inputs, labels), steps=6).multiplications > 0


@pytest.mark.parametrize("steps", [1, 2, 9, 20])
@pytest.mark.parametrize("delay", [0.0, 2.0])
def test_checkpointed_gradients_are_plain_ones(steps: int, delay: float) -> None:
    net = layered(recurrent=True, delay=delay, scale=1.5)
    inputs, labels = blobs(20)
    moving = torch.tensor(inputs) * torch.rand(steps, 20, 1, generator=torch.Generator())
    where = torch.tensor(labels)
    module = net.compile("torch", precision="float64", train=("weights", "hidden.beta"))

    def loss(output: Output) -> Any:
        return LOSSES["readout"](output, where) + at_most(0.1, "hidden", strength=0.1)(output)

    value = loss(module(moving))
    value.backward()
    plain = {n: p.grad.clone() for n, p in module.named_parameters() if p.grad is not None}
    for length in (None, 1, 3, steps):
        module.zero_grad(set_to_none=True)
        feeds = {"ExternalSpikes->pixels": moving}
        found, _ = back_propagate(module, feeds, steps, loss, length=length)
        assert torch.allclose(found, value.detach(), rtol=1e-12)
        for name, grad in plain.items():
            mine = dict(module.named_parameters())[name].grad
            assert torch.allclose(mine, grad, rtol=1e-9, atol=1e-12), (name, length)


def test_truncated_gradients_end_where_they_should() -> None:
    """What the pieces of a run give whose states are handed on without their history."""
    module = layered(recurrent=True).compile("torch", precision="float64")
    inputs, labels = blobs(20)
    moving, where = torch.tensor(inputs).repeat(7, 1, 1), torch.tensor(labels)
    back_propagate(module, {"ExternalSpikes->pixels": moving}, 7,
                   lambda out: LOSSES["readout"](out, where), length=3, truncate=True)  # fmt: skip
    found = {n: p.grad.clone() for n, p in module.named_parameters()}
    module.zero_grad(set_to_none=True)
    state, traces = None, []
    for first, last in pieces(7, 3):
        output = module(moving[first:last], state=state)
        state = output.state.detach()
        traces.append(output["out.v"])
    LOSSES["readout"](Output({}, {"out.v": torch.cat(traces)}), where).backward()
    for name, parameter in module.named_parameters():
        assert torch.allclose(parameter.grad, found[name], rtol=1e-9, atol=1e-12)


def test_pieces_cover_the_run() -> None:
    for steps in (1, 2, 10, 99, 100):
        cut = pieces(steps)
        assert [a for a, _ in cut] == [0, *(b for _, b in cut[:-1])] and cut[-1][1] == steps
        assert len(cut) <= math.ceil(math.sqrt(steps))


def test_responses_are_measured() -> None:
    module = layered().compile("torch")
    found = response(module, module.links[0])
    assert np.allclose(found, 0.9 ** np.arange(len(found)), rtol=1e-6) and len(found) > 40
    net = sp.Network(seed=1)
    a, b = (
        net.add(sp.Population("a", 3, sp.SpikeSource())),
        net.add(sp.Population("b", 2, sp.LIF())),
    )
    net.drive(a, sp.ExternalSpikes(weight=1.0))
    net.connect(a, b, sp.AllToAll(), sp.ExponentialCurrent(weight=0.1, delay=1.0))
    biological = net.compile("torch", dt=1.0)
    psp = response(biological, biological.links[0])
    assert psp[0] < psp.max() and psp[-1] < 0.01 * psp.max()
    fluctuation_driven(biological, 500.0)


def test_fluctuations_reach_threshold_as_often_as_said() -> None:
    """Potentials of neurons driven by Poisson spikes have the spread that was asked for."""
    net = layered(200, 300, readout=True)
    module = net.compile("torch")
    made = fluctuation_driven(module, {"pixels": 30.0, "hidden": 20.0}, xi=2.0)
    rng = np.random.default_rng(3)
    spikes = (rng.random((400, 3, 200)) < 0.03).astype(np.float64)
    arrived = spikes @ module.weights["pixels->hidden"].detach().numpy().astype(np.float64)
    v, seen = np.zeros(arrived.shape[1:]), []
    for row in arrived:
        v = 0.9 * v + row
        seen.append(v)
    assert np.std(seen[100:], axis=0).mean() == pytest.approx(0.5, rel=0.1)
    assert set(made) == {"pixels->hidden", "hidden->out"}
    before = {n: p.detach().clone() for n, p in module.named_parameters()}
    fluctuation_driven(module, {"pixels": 30.0, "hidden": 20.0}, xi=2.0)
    assert all(torch.equal(before[n], p) for n, p in module.named_parameters())


def test_measured_inputs_scale_the_weights() -> None:
    inputs, _ = blobs()
    weak, strong = (layered(scale=s).compile("torch") for s in (1.0, 30.0))
    for module, factor in ((weak, 1.0), (strong, 0.01)):
        fluctuation_driven(module, inputs=torch.tensor(inputs * factor), steps=20, xi=1.0)
        activity = check_activity(module, torch.tensor(inputs * np.float32(factor)), 20)
        assert not activity.problems and 1 < activity.layers["hidden"].rate < 500


@pytest.mark.parametrize("last", [sp.Linear(30), sp.Conv(30)])
def test_pooled_layers_are_driven_as_strongly(last: object) -> None:
    """The spread is that of potentials, whether kernels see sources or means of them."""
    rng = np.random.default_rng(1)
    events = torch.tensor((rng.random((60, 8, 128)) < 0.1).astype(np.float32))
    for pool in (1, 2, 4):
        layers = [sp.Pool(pool)] * (pool > 1) + [last, "lif", sp.Linear(2), "readout"]
        net = sp.layered((2, 8, 8), layers, seed=1)
        net.record(net["layer1"], "v")
        module = net.compile("torch")
        fluctuation_driven(module, inputs=events, xi=4.0)
        v = module(events)["layer1.v"].detach()
        assert float(v.square().mean().sqrt()) == pytest.approx(0.25, rel=0.35)


def test_the_fallback() -> None:
    module = layered(100, 50).compile("torch")
    bounds = kaiming(module, 1.0)
    assert bounds["pixels->hidden"] == pytest.approx(0.1)
    assert float(module.weights["pixels->hidden"].detach().abs().max()) <= 0.1


def test_loud_and_silent_layers_are_named() -> None:
    inputs = torch.tensor(blobs()[0])
    silent = check_activity(layered(scale=1e-4).compile("torch"), inputs, 10)
    assert [p for p in silent.problems if "'hidden'" in p and "silent" in p]
    net = layered()
    module = net.compile("torch")
    with torch.no_grad():
        module.weights["pixels->hidden"].fill_(50.0)
    assert "fire in nearly every step" in str(check_activity(module, inputs, 10))
