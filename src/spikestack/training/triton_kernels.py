"""A population's Triton kernels: compiled when first launched, on the device of their arrays."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from ..engines.cpu.cache import kernel_module
from .differentiate import Step
from .printer import Shape, kept_names
from .triton_printer import arguments, source

if TYPE_CHECKING:
    from .cells import Run

__all__ = ["BLOCK", "HOW", "TritonKernels"]

#: Lanes of a program, one for each of its threads.
BLOCK = 128
#: Every operation rounds once: no product and sum in one. One stage: what is kept may take the
#: place of what arrived, which must not be fetched ahead.
HOW: dict[str, Any] = {"num_warps": BLOCK // 32, "num_stages": 1, "enable_fp_fusion": False}


class TritonKernels:
    """Both kernels of a population.

    Parameters
    ----------
    step, shape
        See `printer.source`.
    block
        Lanes of a program.
    """

    def __init__(self, step: Step, shape: Shape, block: int = BLOCK) -> None:
        self.module = kernel_module(source(step, shape))
        self.block = block
        self.names = {back: arguments(step, shape, back) for back in (False, True)}
        self.kept = list(kept_names(step))

    def forward(self, run: Run, arrived: tuple[Any, ...], first: int, last: int) -> None:
        """Advance; see `Cell.forward`."""
        given = {f"a{r}": a for r, a in enumerate(arrived)}
        given |= {"states": run.states, "counters": run.counters, "periods": run.periods}
        given |= {"out": run.out, "traces": run.traces}
        self._launch(False, run, given, run.traces, first, last)

    def backward(
        self, run: Run, grad_out: Any, grad_traces: Any, grad_states: Any,
        grad_arrived: tuple[Any, ...], grad_params: Any, first: int, last: int,
    ) -> None:  # fmt: skip
        """Go back; see `Cell.backward`."""
        given = {f"b{r}": b for r, b in enumerate(grad_arrived)}
        given |= {"grad_out": grad_out, "grad_traces": grad_traces, "grad_states": grad_states}
        given |= {"grad_params": grad_params}
        self._launch(True, run, given, grad_traces, first, last)

    def _launch(
        self, back: bool, run: Run, given: dict[str, Any], traces: Any, first: int, last: int
    ) -> None:
        lanes = run.states.shape[1]
        marks = sum(name.startswith("w") for name in self.kept)
        numbers = [name for name in self.kept if name.startswith("u")]
        given |= dict(zip(numbers, run.kept)) | {f"w{k}": run.marks[k] for k in range(marks)}
        given |= {"scalars": run.scalars, "rows": run.rows, "keys": run.keys}
        given |= {"first": first, "last": last, "clock": run.clock, "lanes": lanes}
        given |= {"width": run.width, "total": traces.shape[1] * lanes if len(traces) else 0}
        # Where a kernel has no use for an array, any will do.
        made = [run.states if given[n] is None else given[n] for n in self.names[back]]
        kernel = self.module.backward if back else self.module.forward
        place = run.states.device
        with torch.cuda.device(place) if place.type == "cuda" else nullcontext():
            kernel[(-(-lanes // self.block),)](*made, BLOCK=self.block, **HOW)
