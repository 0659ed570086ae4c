"""Measures a case of ours in this process: request on stdin, rows on stdout, one line of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

from ...version import __version__
from .clock import peak_of, times_of
from .ours import Step, convolutional, loop, population, products

OURS = "Spikestack"


def main() -> None:
    """Measure what stdin asks for."""
    asked = json.load(sys.stdin)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(json.dumps({"rows": measure(asked)}))


def measure(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of a case: ours for each number of threads, and what stands beside it on one."""
    step, others = steps_of(asked["case"], asked["shape"], asked["beside"])
    peak = peak_of(step, step.rest)
    jobs: list[tuple[str, int, Step]] = [(OURS, n, step) for n in asked["threads"]]
    jobs += [(tool, 1, other) for tool, other in others.items()]
    times = times_of([_with_threads(n, job) for _, n, job in jobs], asked["repeat"])
    return [
        {
            "tool": tool, "version": __version__ if tool == OURS else torch.__version__,
            "threads": threads, "cpu_ms": cpu, "wall_ms": wall,
            "peak_bytes": peak if (tool, threads) == (OURS, 1) else None,
        }
        for (tool, threads, _), (cpu, wall) in zip(jobs, times)
    ]  # fmt: skip


def steps_of(
    case: str, shape: dict[str, int], beside: Sequence[str]
) -> tuple[Step, dict[str, Step]]:
    """Our step, and those of what is beside it."""
    size = shape["steps"], shape["batch"]
    if case == "conv":
        module = convolutional(shape["side"])
        x = (torch.rand(*size, 2 * shape["side"] ** 2) < 0.05).float()
        y = torch.randint(0, 10, (shape["batch"],))

        def loss() -> Any:
            return torch.nn.functional.cross_entropy(module(x)["layer3.v"].mean(0), y)

        return Step(loss, list(module.parameters())), {}
    module = population(case, shape["neurons"])
    x = torch.randn(*size, shape["neurons"]).clamp(min=0)

    def spikes() -> Any:
        return module(x).spikes["cells"].sum()

    ours = Step(spikes, list(module.parameters()))
    weights = module.weights["sources->cells"].detach().clone().requires_grad_()
    scale = module.scales[module.names.index("cells")]
    made = {}
    for tool in beside:
        if tool.startswith("products"):
            own = {} if tool == "products" else {"product": torch.matmul}
            made[tool] = products(weights, x, **own)
        else:
            hoisted = tool.endswith("hoisted")
            made[tool] = Step(partial(_fired, case, x, weights, scale, hoisted), [weights])
    return ours, made


def _fired(*given: Any) -> Any:
    return loop(*given).sum()


def _with_threads(threads: int, step: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> None:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        step()

    return run


if __name__ == "__main__":
    main()
