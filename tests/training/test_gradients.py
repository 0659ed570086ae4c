"""Compiled gradients of every neuron of the catalogue against autograd through a plain loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.equations.catalogue import collect
from spikestack.neurons.base import NeuronModel
from spikestack.program.lower import lower

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.training.cells import Cell, Run  # noqa: E402
from spikestack.training.oracle import unrolled  # noqa: E402
from spikestack.training.simplify import never_refractory  # noqa: E402
from spikestack.training.surrogates import SURROGATES, Surrogate  # noqa: E402

MODELS = collect("spikestack.neurons", NeuronModel)


def population(model: NeuronModel, lanes: int, dt: float) -> Any:
    net = sp.Network(seed=3)
    p = net.add(sp.Population("p", lanes, model))
    if model.names_used() & {"i_syn"} or model.default_synapse == "Delta":
        net.drive(p, sp.ExternalSpikes(weight=1.0))
    return lower(net, dt, "float64", 1).populations[0]


def both(
    pop: Any, arrivals: list[Any], surrogate: Surrogate, scale: float, detach: bool, dt: float,
    wanted: tuple[int, ...] = (),
) -> tuple[Any, Any]:  # fmt: skip
    """(spikes, states, gradients) of the compiled kernels and of the plain loop."""
    steps, lanes = arrivals[0].shape
    rows = frozenset(k for k, v in enumerate(pop.values) if np.ndim(v))
    traced = tuple(range(len(pop.states)))
    cell = Cell(
        pop, surrogate, scale=scale, detach=detach, wanted=wanted, rows=rows, traced=traced,
        dt=dt, dtype=torch.float64,
    )  # fmt: skip
    initial = np.stack([np.broadcast_to(v, lanes).astype(float) for v in pop.initial])
    periods = np.zeros(lanes, np.int32) if pop.n_ref is None else np.broadcast_to(
        np.asarray(pop.n_ref), lanes).astype(np.int32)  # fmt: skip
    scalars = np.array([0.0 if np.ndim(v) else v for v in pop.values])
    values = np.array([pop.values[k] for k in sorted(rows)]).reshape(len(rows), lanes)
    counters = np.zeros(lanes, np.int32)
    run = Run(0, lanes, scalars, values, pop.streams, initial.copy(), counters, periods.copy())
    given = [a.numpy().copy() for a in arrivals]
    cell.prepare(run, steps, given[0])
    cell.forward(run, tuple(given), 0, steps)
    rng = np.random.default_rng(9)
    weigh_out = rng.normal(size=(steps, lanes))
    weigh_traces = rng.normal(size=run.traces.shape)
    grads = cell.room_back(run, steps, [steps] * len(arrivals))
    grad_states, grad_params = np.zeros_like(initial), np.zeros((len(wanted), lanes))
    cell.backward(
        run, weigh_out if run.out is not None else None, weigh_traces, grad_states, grads,
        grad_params, 0, steps,
    )  # fmt: skip
    made = run.out, run.traces, [*grads, grad_states, grad_params.sum(1)]

    code = cell.code
    free = [torch.tensor(a.numpy(), requires_grad=True) for a in arrivals]
    start = [torch.tensor(v, requires_grad=True) for v in initial]
    params = [torch.tensor(np.asarray(v, float), requires_grad=True) for v in pop.values]
    sent, states, _ = unrolled(
        code, free, start, params, surrogate, scale=scale, detach=detach, dt=dt,
        periods=torch.tensor(periods) if cell.counts else None,
    )  # fmt: skip
    loss = sum((torch.tensor(w) * s).sum() for w, s in zip(weigh_traces, states))
    if sent is not None:
        loss = loss + (torch.tensor(weigh_out) * sent).sum()
    loss.backward()
    zero = lambda x: np.zeros(x.shape) if x.grad is None else x.grad.numpy()  # noqa: E731
    expected = [
        *(zero(a) for a in free),
        np.stack([zero(s) for s in start]),
        np.array([zero(params[k]).sum() for k in wanted]),
    ]
    out = None if sent is None else sent.detach().numpy()
    return made, (out, np.stack([s.detach().numpy() for s in states]), expected)


def close(a: Any, b: Any, what: str, tol: float = 1e-9) -> None:
    size = max(np.abs(b).max(initial=0.0), 1e-12)
    assert np.abs(np.asarray(a) - b).max(initial=0.0) <= tol * size, what


def _slow_unless(fast: set[str]) -> list[Any]:
    """Every kernel must be compiled, so that few models are enough in the fast run."""
    return [
        pytest.param(name, marks=() if name in fast else pytest.mark.slow)
        for name in sorted(MODELS)
    ]


@pytest.mark.parametrize("name", _slow_unless({"LIF", "AdEx", "Izhikevich", "DivisiveUnit"}))
def test_every_neuron_with_its_resets(name: str) -> None:
    check_neuron(name, detach=False)


@pytest.mark.parametrize("name", _slow_unless({"LIF", "GLIF", "FewSpike", "AdaptiveDiscreteLIF"}))
def test_every_neuron(name: str) -> None:
    check_neuron(name, detach=True)


@pytest.mark.parametrize("detach", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_states_of_a_fixed_point(detach: bool) -> None:
    """Of the neuron and of its receptor, rounded towards 0, decays as well."""
    form = sp.FixedPoint(18, 8, "zero", decay_bits=7)
    check_neuron("LIF", detach, state_format=form)


def check_neuron(name: str, detach: bool, **settings: Any) -> None:
    """Spikes, states and gradients, those of parameters included, as by the plain loop."""
    torch.set_default_dtype(torch.float64)
    dt, lanes, steps = 0.05 if name == "PinskyRinzel" else 0.5, 7, 60
    pop = population(MODELS[name](**settings), lanes, dt)
    if pop.streams.shape[1]:
        pytest.skip("draws random numbers, which the plain loop does not")
    if name in {"IntegerLIF", "BurstIntegrateAndFire"} and detach:
        pytest.skip("the plain loop passes the rounding in a reset, too: see the test below")
    if not pop.receptors:
        pytest.skip("takes nothing in")
    drive = (MODELS[name].fires_at or 1.0) * 2.0
    rng = np.random.default_rng(5)
    arrivals = [torch.tensor(rng.random((steps, lanes)) * drive) for _ in pop.receptors]
    wanted = tuple(range(len(pop.params)))
    made, expected = both(pop, arrivals, SURROGATES["fast sigmoid"], 10.0, detach, dt, wanted)
    if expected[0] is not None:
        assert np.array_equal(made[0], expected[0])
    close(made[1], expected[1], "states")
    for k, (a, b) in enumerate(zip(made[2], expected[2])):
        close(a, b, f"gradient {k}", 1e-7)


def test_a_whole_number_of_spikes() -> None:
    """Straight through the rounding within its range; the reset counts as given (I-LIF)."""
    torch.set_default_dtype(torch.float64)
    steps, lanes, beta = 30, 5, 0.8
    pop = population(sp.IntegerLIF(beta=beta, most=3.0), lanes, 1.0)
    rng = np.random.default_rng(2)
    x = rng.normal(0.8, 1.5, (steps, lanes))
    cell = Cell(pop, SURROGATES["boxcar"].with_(width=1e-9), dtype=torch.float64)
    run = Run(
        0, lanes, np.array([float(v) for v in pop.values]), np.zeros((0, lanes)), pop.streams,
        np.zeros((1, lanes)), np.zeros(lanes, np.int32), np.zeros(lanes, np.int32),
    )  # fmt: skip
    given = x.copy()
    cell.prepare(run, steps, given)
    cell.forward(run, (given,), 0, steps)
    v, u, s = np.zeros(lanes), np.empty_like(x), np.empty_like(x)
    for t in range(steps):
        u[t] = beta * v + x[t]
        s[t] = np.clip(np.floor(u[t] + 0.5), 0, 3)
        v = u[t] - s[t]
    assert run.out is not None and np.allclose(run.out, s) and s.max() == 3
    weigh, expected = rng.normal(size=x.shape), np.empty_like(x)
    (grad,) = cell.room_back(run, steps, [steps])
    cell.backward(
        run, weigh, np.zeros((0, steps, lanes)), np.zeros((1, lanes)), (grad,),
        np.zeros((0, lanes)), 0, steps,
    )  # fmt: skip
    later = np.zeros(lanes)
    for t in reversed(range(steps)):
        inside = (np.floor(u[t] + 0.5) >= 0) & (np.floor(u[t] + 0.5) <= 3) & (u[t] >= 0.5)
        expected[t] = weigh[t] * inside + later
        later = beta * expected[t]
    close(grad, expected, "gradient")


@pytest.mark.parametrize("name", sorted(MODELS))
def test_smooth_version_by_finite_differences(name: str) -> None:
    """The plain loop itself, with a smooth function in place of spikes, along some direction."""
    torch.set_default_dtype(torch.float64)
    dt, lanes, steps = 0.05 if name == "PinskyRinzel" else 0.5, 3, 25
    pop = population(MODELS[name](), lanes, dt)
    if pop.streams.shape[1] or not pop.receptors:
        pytest.skip("draws random numbers, or takes nothing in")
    if name in {"IntegerLIF", "BurstIntegrateAndFire", "SignedIntegrateAndFire"}:
        pytest.skip("what is sent jumps from one whole number to the next")
    code = pop.code if pop.n_ref is None else never_refractory(pop.code, "float64")
    rng = np.random.default_rng(1)
    size = MODELS[name].fires_at or 1.0
    given = [torch.tensor(rng.random((steps, lanes)) * size) for _ in pop.receptors]
    ways = [torch.tensor(rng.normal(size=(steps, lanes)) * size) for _ in pop.receptors]
    values = [torch.tensor(np.asarray(v, float)) for v in pop.values]
    initial = [torch.tensor(np.broadcast_to(v, lanes).astype(float)) for v in pop.initial]
    weigh = torch.tensor(rng.normal(size=(steps, lanes)))

    def loss(amount: Any) -> Any:
        sent, states, _ = unrolled(
            code, [g + amount * w for g, w in zip(given, ways)], initial, values,
            SURROGATES["sigmoid"], scale=10.0, detach=False, dt=dt,
            smooth=lambda z: torch.sigmoid(4.0 * z),
        )  # fmt: skip
        total = sum((weigh * s).sum() * 1e-2 for s in states)
        return total if sent is None else total + (weigh * sent).sum()

    amount = torch.zeros((), requires_grad=True)
    (slope,) = torch.autograd.grad(loss(amount), amount)
    step = 1e-6
    with torch.no_grad():
        expected = float(loss(step) - loss(-step)) / (2 * step)
    assert float(slope) == pytest.approx(expected, rel=1e-4, abs=1e-6)
