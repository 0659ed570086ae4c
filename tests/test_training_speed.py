"""What `bench train` compares does the same work, and its rows say what was measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from spikestack.cli import app

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.benchmarks.training import CASES, TrainSession, TrainSettings  # noqa: E402
from spikestack.benchmarks.training.clock import peak_of, times_of  # noqa: E402
from spikestack.benchmarks.training.ours import loop, population, products  # noqa: E402
from spikestack.training.multiplying import dot  # noqa: E402

PEER = """#!{python}
import json, sys
asked = json.load(sys.stdin)
if asked["tool"] == "norse":
    sys.exit("no such library")
print("chatter")
print(json.dumps({{"version": "9.9", "cpu_ms": 5.0, "wall_ms": 6.0, "peak_bytes": 1000}}))
"""


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """The machine may be crowded."""
    torch.set_num_threads(1)


@pytest.mark.parametrize("case", ["adaptive", "izhikevich"])
@pytest.mark.parametrize("hoisted", [True, False])
def test_the_loop_is_the_same_network(case: str, hoisted: bool) -> None:
    """Spikes and gradients of the loop that ours is measured against are ours."""
    module = population(case, 24)
    torch.manual_seed(0)
    x = torch.randn(60, 3, 24).clamp(min=0)
    ours = module(x).spikes["cells"]
    ours.sum().backward()
    weights = module.weights["sources->cells"]
    own = weights.detach().clone().requires_grad_()
    scale = module.scales[module.names.index("cells")]
    theirs = loop(case, x, own, scale, hoisted)
    theirs.sum().backward()
    assert 0.005 < float(ours.detach().mean()) < 0.5
    assert (ours == theirs).float().mean() > 0.999
    same = torch.nn.functional.cosine_similarity(weights.grad.ravel(), own.grad.ravel(), dim=0)
    assert float(same) > 0.9999 and torch.isfinite(own.grad).all()


@pytest.mark.parametrize("product", [dot, torch.matmul])
def test_products_are_those_of_the_layer(product: Callable[..., object]) -> None:
    """Of the shape of the weights, over all rows."""
    weights = torch.zeros(6, 6, requires_grad=True)
    x = torch.ones(4, 2, 6)
    step = products(weights, x, product)
    step()
    assert (weights.grad == 8.0).all()
    step.rest()
    assert weights.grad is None


def test_peak_of_a_step() -> None:
    """The bytes that a step takes and gives back."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of memory is measured on Linux alone")
    # What the system takes back meanwhile, as it may when others need memory, is missing.
    peaks = [peak_of(lambda: np.ones(6_000_000).sum(), lambda: None) for _ in range(3)]
    found = [peak for peak in peaks if peak is not None]
    if not found:
        pytest.skip("the mark of the peak cannot be set back here")
    assert 40e6 < max(found) < 80e6


def test_turns() -> None:
    """Steps take turns; two of each are not measured."""
    seen: list[str] = []
    found = times_of([lambda: seen.append("a"), lambda: seen.append("b")], 3)
    assert seen == ["a", "b"] * 5 and all(len(pair) == 2 for pair in found)


def test_rows(tmp_path: Path) -> None:
    """Ours, what stands beside, and peers, one of which fails, which is told."""
    peer = tmp_path / "python"
    peer.write_text(PEER.format(python=sys.executable))
    peer.chmod(0o755)
    told: list[str] = []
    session = TrainSession(TrainSettings((1,), 1, quick=True), told.append)
    rows = list(session.rows(["dense"], ["snntorch", "norse"], str(peer)))
    assert [row["tool"] for row in rows] == [
        "Spikestack",
        "products",
        "products, torch.matmul",
        "snnTorch",
    ]
    assert session.failed and any("Norse on dense: failed: no such library" in t for t in told)
    ours, *_, theirs = rows
    assert ours["cpu_ms"] > 0 and ours["cpu_to_ours"] == 1.0
    assert theirs["cpu_to_ours"] == pytest.approx(5.0 / ours["cpu_ms"])
    assert theirs["version"] == "9.9" and theirs["neurons"] == CASES["dense"].quick["neurons"]


def test_command() -> None:
    """One line of JSON for each row; wrong names are refused."""
    run = CliRunner().invoke
    done = run(app, ["bench", "train", "--quick", "--case", "adaptive", "--threads", "1", "--json"])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["tool"] for row in rows][:2] == ["Spikestack", "PyTorch loop"]
    for wrong in (["--case", "dens"], ["--against", "nest"], ["--peer-python", "/no/python"]):
        assert run(app, ["bench", "train", *wrong]).exit_code == 2
