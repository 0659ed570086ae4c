"""Kernels for CUDA devices, as far as they can be tested without one; and with one, on it.

Triton's interpreter runs them on the processor, where they must give the bits of Numba's; its
compiler makes machine code of them, which is read and not run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import MissingExtraError, ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")

import triton_checks as checks  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from trained_nets import blobs, layered  # noqa: E402

from spikestack.training import cells, homes  # noqa: E402
from spikestack.training import device_products as device  # noqa: E402
from spikestack.training.images import PoolProduct  # noqa: E402
from spikestack.training.products import ListedProduct  # noqa: E402

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="the extra gpu (Triton) is not installed"
)
needs_device = pytest.mark.skipif(
    not torch.cuda.is_available() or importlib.util.find_spec("triton") is None,
    reason="there is no CUDA device, or Triton is not installed",
)


def asked(check: str, *names: str, interpret: bool = True) -> dict[str, Any]:
    """What `triton_checks` finds, in a process of its own."""
    path = Path(__file__).with_name("triton_checks.py")
    places = [str(Path(sp.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in places if p)}
    environment.pop("TRITON_INTERPRET", None)
    if interpret:
        environment["TRITON_INTERPRET"] = "1"
    made = subprocess.run(
        [sys.executable, str(path), check, *names], env=environment, capture_output=True,
        text=True, timeout=500, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-3000:]
    found: dict[str, Any] = json.loads(made.stdout)
    return found


@needs_triton
@pytest.mark.parametrize(
    "names",
    [
        ("LIF",),
        *(pytest.param((n,), marks=pytest.mark.slow)
          for n in ("everything", "AdaptiveDiscreteLIF", "AdEx", "Izhikevich", "GLIF", "MAT2",
                    "EscapeLIF", "IntegerLIF", "FewSpike",
                    "AdaptiveLIF", "DivisiveUnit")),
    ],
    ids=lambda names: names[0],
)  # fmt: skip
def test_kernels_give_the_bits_of_numbas(names: tuple[str, ...]) -> None:
    """Spikes, states, and all gradients, in either precision; LIF with a refractory period."""
    for found in asked("cells", *names).values():
        for precision in found.values():
            assert precision["sent"] > 0
            assert precision["apart"] == [0.0] * len(precision["apart"])


@needs_triton
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(checks.NETWORKS))
def test_networks_train_to_the_same_bits(name: str) -> None:
    """Under autograd: layers, loops, states handed on, learned delays and time constants."""
    (found,) = asked("networks", name).values()
    assert all(found["sent"].values())
    assert set(found["apart"].values()) == {0.0}


@needs_triton
@pytest.mark.slow
def test_elementary_functions_to_the_bit() -> None:
    (found,) = asked("elementary", "all").values()
    assert found == dict.fromkeys(
        ("exp32", "log32", "floor32", "exp64", "log64", "floor64", "words"), True
    )


@needs_triton
@pytest.mark.slow
@pytest.mark.parametrize("name", ["LIF", "AdEx", "everything"])
def test_machine_code_rounds_every_operation_once(name: str) -> None:
    """It compiles for devices of two generations, without approximations or contraction."""
    (found,) = asked("code", name, interpret=False).values()
    for kernel, made in found.items():
        assert made["bytes"] > 1000 and not made["inexact"], kernel


class Recorder:
    """In place of compiled kernels: computes nothing, but checks where arrays are."""

    def __init__(self, *_: Any) -> None:
        pass

    def forward(self, run: Any, arrived: tuple[Any, ...], *_: Any) -> None:
        self._check(run, arrived)

    def backward(self, run: Any, *given: Any) -> None:
        self._check(run, [*given[:3], *given[3], given[4]])

    @staticmethod
    def _check(run: Any, given: Any) -> None:
        arrays = [run.scalars, run.rows, run.keys, run.states, run.counters, run.periods]
        for array in [*arrays, *run.kept, *run.marks, *given]:
            assert array is None or (array.device.type == "meta" and array.is_contiguous())


@pytest.mark.parametrize("name", ["layers", "loop", "convolution"])
def test_every_tensor_is_on_the_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training step on a device that holds shapes only, and refuses to mix with another."""
    monkeypatch.setitem(homes.KERNELS, "meta", "triton")
    monkeypatch.setattr(cells, "TritonKernels", Recorder)
    monkeypatch.setattr("spikestack.training.module.refuse", lambda *_: None)
    make, how, inputs = checks.NETWORKS[name]
    module = make().compile("torch", dt=1.0, **how)
    with FakeTensorMode(allow_non_fake_inputs=True):
        module = module.to("meta")
        module.dropout("hidden", 0.2) if name != "loop" else None
        first = module(torch.rand(5, 3, inputs))
        given = torch.rand(5, 3, inputs, device="meta", requires_grad=True)
        second = module(given, state=first.state.detach())
        for loss in ("readout", "tet", "max", "softmax sum"):
            cost = sp.training.LOSSES[loss](second, torch.zeros(3, dtype=torch.int64).to("meta"))
        assert cost.device.type == "meta"
        cost.backward()
        learned = [given, *(p for p in module.parameters() if p.requires_grad)]
        assert all(p.grad.device.type == "meta" for p in learned)


def test_products_of_devices_are_those_of_processors() -> None:
    """Lists of edges and pooling; they agree to rounding (1e-5 of the largest, float32)."""
    torch.manual_seed(1)
    rng = np.random.default_rng(2)
    pre, post = rng.integers(0, 9, 40), rng.integers(0, 7, 40)
    product = ListedProduct(pre, post, rng.permutation(40), (9, 7))
    x, g, w = torch.rand(5, 9), torch.rand(5, 7), torch.randn(40)
    ends, sources, places = product._on(torch.device("cpu"))[1], *product._on(x.device)[::2]
    close = {"rtol": 1e-5, "atol": 1e-5}
    there = device.scattered(x, w[places], sources, ends, 7)
    torch.testing.assert_close(there, product.arrivals(x, w), **close)
    there = device.gathered(g, w[places], sources, ends, 9)
    torch.testing.assert_close(there, product.back(g, w), **close)
    whole = torch.zeros(40)
    whole[places] = device.paired(x, g, sources, ends)
    torch.testing.assert_close(whole, product.weights(x, g, w), **close)
    for shape, windows, strides in (((2, 6, 7), (2, 2), (2, 2)), ((3, 7, 8), (3, 2), (2, 1))):
        pool = PoolProduct(shape, windows, strides)
        images = torch.rand(4, int(np.prod(shape)))
        sums = pool.seen(images)
        torch.testing.assert_close(device.pooled(images, shape, windows, strides), sums, **close)
        grad = torch.rand_like(sums)
        spread = device.unpooled(grad, shape, windows, strides)
        torch.testing.assert_close(spread, pool.back(grad, torch.tensor(1.0)), **close)


def test_what_cannot_move_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    module = layered().compile("torch")
    with pytest.raises(ValidationError, match="meta"):
        module.to("meta")
    if not torch.cuda.is_available():
        with pytest.raises(ValidationError, match="to, device"):
            module.to("cuda")
    monkeypatch.setitem(homes.KERNELS, "meta", "triton")
    monkeypatch.setitem(sys.modules, "triton", None)
    with pytest.raises(MissingExtraError, match=r"spikestack\[gpu\]"):
        module.to("meta")
    with pytest.raises(ValidationError, match="deterministic"):
        layered().compile("torch", deterministic=True).to("meta")
    assert module.device.type == "cpu"
    assert {p.device.type for p in module.parameters()} == {"cpu"}


def test_rules_refuse_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    from spikestack.training.rules import EProp

    module = layered().compile("torch")
    monkeypatch.setattr(module, "device", torch.device("meta"))
    with pytest.raises(ValidationError, match="learning rule"):
        EProp(module)


def test_the_processor_needs_no_triton(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "triton", None)
    module = layered().compile("torch").to("cpu")
    module(torch.rand(4, 2, 6))["out.v"].sum().backward()
    assert all(p.grad is not None for p in module.parameters())


@needs_device
@pytest.mark.parametrize("name", ["LIF", "AdaptiveDiscreteLIF", "AdEx", "Izhikevich", "everything"])
def test_kernels_on_a_device(name: str) -> None:
    """Numba's bits, since every operation rounds once."""
    for precision in checks.compare_cells(name, "cuda").values():
        assert precision["apart"] == [0.0] * len(precision["apart"])


@needs_device
@pytest.mark.parametrize("name", sorted(checks.NETWORKS))
def test_a_training_step_on_a_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on the processor: products are summed in another order (1e-3 of the largest)."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    ours, theirs = (checks.train_once(name, place) for place in ("cpu", "cuda"))
    for key, made in ours.items():
        assert checks._apart(made, theirs[key]) < 1e-3, key


@needs_device
def test_fit_on_a_device(tmp_path: Path) -> None:
    data = blobs()
    how: dict[str, Any] = {"steps": 8, "epochs": 4, "progress": False, "check": False}
    fitted = sp.fit(layered(), data, validate=data, device="cuda", folder=tmp_path, **how)
    assert fitted.module.device.type == "cuda" and fitted.validation is not None
    assert fitted.validation.accuracy > 0.8
    again = sp.evaluate(fitted.module.trained().compile("torch"), data, steps=8)
    assert abs(again.accuracy - fitted.validation.accuracy) < 0.05
