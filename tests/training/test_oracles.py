"""Ten things that must hold of any trainer of spiking networks: two of them here, the others named.

An implementer's checklist; each is a test of its own, where the part it is about is tested.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import spikestack as sp

torch = pytest.importorskip("torch", reason="the extra train is not installed")

TESTS = Path(__file__).parent.parent

#: What must hold, by number: the file below tests/ and the names of the tests that hold it.
ORACLES = {
    1: ("training/test_gradients.py", "test_every_neuron", "test_every_neuron_with_its_resets"),
    2: ("training/test_gradients.py", "test_smooth_version_by_finite_differences"),
    3: ("conversion/test_exactness.py", "test_count_of_a_constant_input"),
    4: ("training/test_eventprop.py", "test_gradients_are_those_of_finite_differences"),
    5: ("conversion/test_exactness.py", "test_one_layer_of_qcfs_is_exact"),
    6: ("training/test_oracles.py", "test_6_one_input_decays_as_a_power"),
    7: ("training/test_normalising.py", "test_batch_norm_is_that_of_pytorch"),
    8: ("training/test_online_rules.py", "test_one_step_is_back_propagation",
        "test_eprop_without_recurrence_is_back_propagation_through_time"),
    9: ("training/test_delays.py", "test_sharp_delays_are_shifts"),
    10: ("training/test_oracles.py", "test_10_threads_change_nothing"),
}  # fmt: skip


@pytest.mark.parametrize("number", ORACLES)
def test_each_is_held_by_a_test(number: int) -> None:
    file, *names = ORACLES[number]
    found = re.findall(r"^def (test_\w+)", (TESTS / file).read_text(encoding="utf-8"), re.M)
    assert set(names) <= set(found)


@pytest.mark.parametrize("model", [sp.DiscreteLIF, sp.LeakyIntegrator])
@pytest.mark.parametrize("engine", ["torch", "cpu", "reference"])
def test_6_one_input_decays_as_a_power(engine: str, model: Any) -> None:
    """A single input w in the first step, and no spike: v[t] = w beta^t."""
    steps, w, beta = 60, 0.7, 0.93
    net = sp.Network()
    p = net.add(sp.Population("p", 1, model(beta=beta)))
    net.record(p, "v")
    if engine == "torch":
        net.drive(p, sp.ExternalSpikes(weight=w), name="x")
        x = torch.zeros(steps, 1, 1)
        x[0] = 1.0
        with torch.no_grad():
            v = net.compile("torch", 1.0, precision="float64")(x)["p.v"].numpy()
    else:
        net.drive(p, sp.SpikeTrains([[1.0]], synapse=sp.Delta(weight=w)))
        v = net.run(float(steps), dt=1.0, on=engine, precision="float64")["p", "v"].values
    assert np.allclose(v.ravel(), w * beta ** np.arange(steps), rtol=1e-12, atol=0.0)


def several(seed: int) -> sp.Network:
    """An image, a convolution, a layer that feeds back on itself, and a readout."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("in", (2, 8, 8), sp.SpikeSource()))
    image = net.add(sp.Population("image", (4, 6, 6), sp.DiscreteLIF()))
    hidden = net.add(sp.Population("hidden", 128, sp.AdaptiveDiscreteLIF()))
    out = net.add(sp.Population("out", 10, sp.LeakyIntegrator()))
    net.drive(source, sp.ExternalSpikes(weight=1.0))
    at_once = sp.Delta(weight=1.0, delay=0.0)
    kernel = rng.normal(0.1, 0.3, (4, 2, 3, 3))
    net.connect(source, image, sp.Convolution(kernel), at_once)
    net.connect(image, hidden, sp.Dense(rng.normal(0.02, 0.1, (144, 128))), at_once)
    inner = sp.Dense(rng.normal(0, 0.08, (128, 128)))
    net.connect(hidden, hidden, inner, sp.Delta(weight=1.0, delay=1.0), name="inner")
    net.connect(hidden, out, sp.Dense(rng.normal(0, 0.1, (128, 10))), at_once)
    net.record(out, "v")
    return net


@pytest.mark.parametrize("deterministic", [True, False])
def test_10_threads_change_nothing(deterministic: bool) -> None:
    """One thread or two: the same spikes; the same gradients too, to the last bit if asked for.

    Else libraries add up the gradient of a kernel in as many parts as there are threads.
    """
    x = (torch.rand(20, 32, 128, generator=torch.Generator().manual_seed(5)) < 0.2) + 0.0
    before = torch.get_num_threads(), numba.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            train = ["weights", "image.beta", "hidden.beta"]
            module = several(3).compile("torch", 1.0, train=train,
                                        deterministic=deterministic)  # fmt: skip
            made = module(x)
            made["out.v"].square().mean().backward()
            grads = [p.grad for p in module.parameters()]
            found.append([*(made.spikes[n] for n in ("image", "hidden")), *grads])
    finally:
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])
    assert all(s.sum() > 100 for s in found[0][:2]) and all(g.any() for g in found[0][2:])
    for k, (one, two) in enumerate(zip(*found)):
        exact = deterministic or k < 2
        assert torch.equal(one, two) if exact else torch.allclose(one, two, rtol=1e-4, atol=1e-5)
