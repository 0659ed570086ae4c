"""What is asked of Triton kernels, by a process of its own: Triton decides when it is imported
whether it interprets kernels (TRITON_INTERPRET=1), on tensors of the processor, or compiles them.

Run as ``python triton_checks.py CHECK NAME...``; prints a dict as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import torch
import trained_nets

import spikestack as sp
from spikestack.equations.catalogue import collect
from spikestack.neurons.base import NeuronModel
from spikestack.program.lower import lower
from spikestack.training import homes
from spikestack.training.cells import Cell, Run
from spikestack.training.surrogates import SURROGATES

#: One of a user's own, in which every operation occurs.
EVERYTHING = """
    w[t+1] = where(v > 0.5 and not (v > 2 or w < -1), 0.9*w + 0.1*v, w/(1 + abs(w))) : 1
    drawn = 0.1*sqrt(abs(v) + rand) + 0.1*log(1.5 + common)                          : 1
    v[t+1] = beta*v + drawn + 0.01*floor(3*v)*exp(-abs(w)) + 0.1*w + 0.002*t         : 1
"""


def everything() -> NeuronModel:
    return NeuronModel(
        EVERYTHING, threshold="v >= 1", reset="v -= 1", dimensionless=True,
        parameters={"beta": 0.8}, default_synapse="Delta",
    )  # fmt: skip


MODELS: dict[str, Any] = {
    **collect("spikestack.neurons", NeuronModel), "everything": everything,
}  # fmt: skip
LANES, STEPS, DT = 37, 40, 0.5


def population(name: str, precision: str) -> Any:
    model = MODELS[name](tau_refrac=2.0) if name == "LIF" else MODELS[name]()
    net = sp.Network(seed=3)
    p = net.add(sp.Population("p", LANES, model))
    if model.names_used() & {"i_syn"} or model.default_synapse == "Delta":
        net.drive(p, sp.ExternalSpikes(weight=1.0))
    return lower(net, DT, precision, 1).populations[0]


def cell_of(pop: Any, precision: str, home: homes.Home) -> Cell:
    return Cell(
        pop, SURROGATES["fast sigmoid"], scale=10.0, detach=False, home=home, dt=DT,
        wanted=tuple(range(len(pop.params))), traced=tuple(range(len(pop.states))),
        rows=frozenset(k for k, v in enumerate(pop.values) if np.ndim(v)),
        dtype=getattr(torch, precision),
    )  # fmt: skip


def run_cell(name: str, precision: str, home: homes.Home) -> list[np.ndarray]:
    """What was sent, traces, gradients of arrivals, states and parameters."""
    real, pop = np.dtype(precision).type, population(name, precision)
    cell = cell_of(pop, precision, home)
    n_ref = 0 if pop.n_ref is None else np.asarray(pop.n_ref)
    rows = [np.broadcast_to(pop.values[k], LANES) for k in cell.rows]
    initial = np.stack([np.broadcast_to(v, LANES) for v in pop.initial]).astype(real)
    run = Run(
        0, LANES, home.put(np.array([0.0 if np.ndim(v) else v for v in pop.values], real)),
        home.put(np.array(rows, real).reshape(len(rows), LANES)), home.put(pop.streams),
        home.put(initial.copy()), home.zeros((LANES,), np.int32),
        home.put(np.broadcast_to(n_ref, LANES).astype(np.int32)),
    )  # fmt: skip
    rng = np.random.default_rng(5)
    drive = (getattr(MODELS[name], "fires_at", None) or 1.0) * 2.0
    given = tuple(
        home.put((rng.random((STEPS, LANES)) * drive).astype(real)) for _ in pop.receptors
    )
    cell.prepare(run, STEPS, given[0])
    cell.forward(run, given, 0, STEPS)
    weigh = home.put(rng.normal(size=(STEPS, LANES)).astype(real))
    weigh_traces = home.put(rng.normal(size=run.traces.shape).astype(real))
    grads = cell.room_back(run, STEPS, [STEPS] * len(given))
    states = home.zeros(initial.shape, real)
    params = home.zeros((len(cell.wanted), LANES), real)
    out = run.out
    cell.backward(
        run, None if out is None else weigh, weigh_traces, states, grads, params, 0, STEPS
    )
    made = (run.traces, *grads, states, params, *(() if out is None else (out,)))
    return [np.asarray(torch.as_tensor(x).cpu()) for x in made]


def compare_cells(name: str, device: str = "cpu") -> dict[str, Any]:
    """Of both precisions: spikes, and the largest difference relative to the largest value."""
    made: dict[str, Any] = {}
    for precision in ("float32", "float64"):
        ours = run_cell(name, precision, homes.HOST)
        theirs = run_cell(name, precision, homes.DeviceHome(torch.device(device)))
        apart = [_apart(a, b) for a, b in zip(ours, theirs)]
        made[precision] = {"sent": float(np.abs(ours[-1]).sum()), "apart": apart}
    return made


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    if np.array_equal(a, b, equal_nan=True):
        return 0.0
    return float(np.abs(a - b).max(initial=0.0) / max(np.abs(a).max(initial=0.0), 1e-30))


def convolved() -> sp.Network:
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    pixels = net.add(sp.Population("pixels", (2, 8, 8), sp.GradedReLU()))
    hidden = net.add(sp.Population("hidden", (4, 8, 8), trained_nets.lif()))
    small = net.add(sp.Population("small", (4, 4, 4), trained_nets.lif()))
    out = net.add(sp.Population("out", 3, trained_nets.lif(spiking=False)))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    at_once = {"weight": 1.0, "delay": 0.0}
    kernel = rng.normal(size=(4, 2, 3, 3)) / 3
    net.connect(pixels, hidden, sp.Convolution(kernel, padding=1), sp.Delta(**at_once))
    net.connect(hidden, small, sp.Pooling(2), sp.Delta(weight=0.5, delay=0.0))
    net.connect(small, out, sp.Dense(rng.normal(size=(64, 3)) / 4), sp.Delta(**at_once))
    net.record(out, "v")
    return net


def biological() -> sp.Network:
    """Currents, delays, a list of edges, parameters of each neuron."""
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    pixels = net.add(sp.Population("pixels", 6, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", 10, sp.LIF(tau_m=np.linspace(10, 20, 10))))
    out = net.add(sp.Population("out", 3, sp.AdEx()))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    strong = sp.ExponentialCurrent(weight=2.0, delay=1.0, tau_syn=5.0)
    net.connect(pixels, hidden, sp.Dense(rng.random(size=(6, 10))), strong)
    late = sp.ExponentialCurrent(weight=3.0, delay=2.0, tau_syn=5.0)
    net.connect(hidden, out, sp.FixedProbability(0.1), late)
    net.record(out, "v")
    net.record(hidden, "v")
    return net


#: By name: a description, settings of compile, inputs.
NETWORKS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "layers": (lambda: trained_nets.layered(delay=1.0), {}, 6),
    "still": (trained_nets.layered, {}, 6),
    "loop": (lambda: trained_nets.layered(recurrent=True, scale=1.5), {}, 6),
    "convolution": (convolved, {}, 128),
    "delays": (trained_nets.layered, {"train": ["weights", "hidden->out.delay"]}, 6),
    "parameters": (biological, {"train": ["weights", "hidden.tau_m", "out.tau_w"]}, 6),
}


def train_once(name: str, device: str) -> dict[str, Any]:
    """Spikes, traces and gradients of two calls, one from the other's state.

    "still" is shown the same in all steps.
    """
    make, how, inputs = NETWORKS[name]
    module = make().compile("torch", dt=1.0, **how).to(device)
    x = 1.5 * (torch.rand(12, 4, inputs, generator=torch.Generator().manual_seed(0)) < 0.4).float()
    x = (x[0] if name == "still" else x).requires_grad_()
    first = module(x, 12)
    second = module(x, 12, state=first.state)
    traces = [*first.traces.values(), *second.traces.values()]
    loss = sum((t**2).sum() for t in traces) + sum(s.sum() for s in second.spikes.values())
    loss.backward()
    made = {**second.spikes, **second.traces}
    made |= {n: p.grad for n, p in module.named_parameters() if p.grad is not None}
    made["inputs"] = x.grad
    return {n: t.detach().cpu().numpy() for n, t in made.items()}


def compare_networks(name: str) -> dict[str, Any]:
    """The same step by Numba's kernels and, on the processor too, by Triton's."""
    ours = train_once(name, "cpu")
    homes.KERNELS["cpu"] = "triton"
    theirs = train_once(name, "cpu")
    homes.KERNELS["cpu"] = "numba"
    return {
        "apart": {n: _apart(a, theirs[n]) for n, a in ours.items()},
        "sent": {n: float(np.abs(a).sum()) for n, a in ours.items()},
    }


def compile_for(name: str) -> dict[str, Any]:
    """Machine code for two generations of devices: its size, and what rounds otherwise."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from spikestack.training.triton_kernels import BLOCK, HOW
    from spikestack.training.triton_printer import arguments

    made: dict[str, Any] = {}
    for precision in ("float32", "float64"):
        cell = cell_of(
            population(name, precision), precision, homes.DeviceHome(torch.device("cpu"))
        )
        kinds = {"keys": "*i64", "counters": "*i32", "periods": "*i32"}
        numbers = ("first", "last", "clock", "lanes", "width", "total")
        kinds |= dict.fromkeys(numbers, "i32")
        real = "*fp64" if precision == "float64" else "*fp32"
        for back in (False, True):
            names = arguments(cell.step, cell.shape, back)
            signature = {n: kinds.get(n, "*u8" if n[0] == "w" and n[1:].isdigit() else real)
                         for n in names}  # fmt: skip
            kernel = cell.kernels.module.backward if back else cell.kernels.module.forward
            source = ASTSource(
                kernel, {**signature, "BLOCK": "constexpr"}, constexprs={"BLOCK": BLOCK}
            )
            for version in (80, 90):
                found = triton.compile(
                    source, target=GPUTarget("cuda", version, 32), options=dict(HOW)
                )
                text = found.asm["ptx"]
                inexact = [w for w in ("fma.rn", ".approx", "div.full", ".ftz") if w in text]
                made[f"{precision} {'back' if back else 'forward'} {version}"] = {
                    "bytes": len(found.asm["cubin"]), "inexact": inexact,
                }  # fmt: skip
    return made


def elementary(_: str) -> dict[str, Any]:
    """exp, log and random words against the interpreted ones, to the bit."""
    import triton
    import triton.language as tl

    from spikestack.numerics import functions, random_compiled
    from spikestack.training import triton_functions as ours

    @triton.jit
    def each(given, made, function: tl.constexpr, N: tl.constexpr):
        at = tl.arange(0, N)
        tl.store(made + at, function(tl.load(given + at)))

    @triton.jit
    def words(keys, made, mix: tl.constexpr, scatter: tl.constexpr, N: tl.constexpr):
        at = tl.arange(0, N)
        bits = mix(tl.load(keys + at).to(tl.uint64, bitcast=True), (at + 1).to(tl.uint64))
        tl.store(made + at, scatter(at.to(tl.uint32), bits).to(tl.int64))

    rng, n, made = np.random.default_rng(1), 4096, {}
    for bits, real in ((32, np.float32), (64, np.float64)):
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-320, -1e-40, 1.0, 89.0, -104.0])
        x = np.concatenate([special, rng.normal(size=n - 10) * 50]).astype(real)
        for name, given in (("exp", x), ("log", x), ("floor", x), ("floor", x.round())):
            found = torch.empty(n, dtype=torch.from_numpy(given).dtype)
            each[(1,)](torch.from_numpy(given), found, getattr(ours, f"{name}{bits}"), N=n)
            expected = np.asarray(
                (np.floor if name == "floor" else getattr(functions, name))(given)
            )
            a, b = (np.where(np.isnan(v), 7, v.view(f"i{bits // 8}"))
                    for v in (found.numpy(), expected))  # fmt: skip
            made[f"{name}{bits}"] = bool(np.array_equal(a, b)) and made.get(f"{name}{bits}", True)
    keys = rng.integers(0, 2**63, n, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    found = torch.empty(n, dtype=torch.int64)
    words[(1,)](torch.from_numpy(keys.view(np.int64)), found, ours.bits64, ours.hash32, N=n)
    expected = [
        random_compiled.hash32(np.uint32(k), *random_compiled.step_words(key, k + 1))
        for k, key in enumerate(keys)
    ]
    made["words"] = found.tolist() == [int(w) for w in expected]
    return made


CHECKS = {
    "cells": compare_cells, "networks": compare_networks, "code": compile_for,
    "elementary": elementary,
}  # fmt: skip

if __name__ == "__main__":
    torch.set_num_threads(1)
    check, *names = sys.argv[1:]
    print(json.dumps({name: CHECKS[check](name) for name in names}))
