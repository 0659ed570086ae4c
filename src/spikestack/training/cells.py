"""A population over many steps: forward and back, in compiled kernels.

On the processor lanes are split over threads; on a device one launch takes them all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from ..engines.cpu.cache import kernel_module
from ..program.program import PopulationProgram
from ..program.tac import Code
from .differentiate import Step, differentiate
from .homes import HOST, Home
from .printer import BLOCK, Shape, source
from .simplify import fed_state, never_refractory
from .surrogates import Surrogate
from .threads import shared
from .triton_kernels import TritonKernels

__all__ = ["Cell", "Run"]

_DOUBLE = {torch.float32: False, torch.float64: True}


@dataclass
class Run:
    """What kernels share over a run: everything but the arrivals and gradients.

    Arrays are those of the population's home.

    Attributes
    ----------
    clock
        Step at which the first begins.
    width
        Neurons of a trial.
    scalars, rows
        Parameters that are single numbers, by place, and by lane.
    keys
        uint64 (trials, streams); on a device their bits as int64.
    states, counters
        By lane; changed in place.
    """

    clock: int
    width: int
    scalars: Any
    rows: Any
    keys: Any
    states: Any
    counters: Any
    periods: Any
    out: Any = None
    kept: tuple[Any, ...] = ()
    marks: tuple[Any, ...] = ()
    traces: Any = field(default_factory=lambda: np.zeros((0, 0, 0)))


class Cell:
    """The kernels of one population.

    Parameters
    ----------
    population
        As lowered.
    surrogate, scale, detach
        See `differentiate`.
    wanted
        Places of parameters whose gradients are asked for.
    traced
        Places of states given back at every step.
    dt
        ms.
    dtype
        torch.float32 or torch.float64.
    fed
        Place of the state that is given at every step, after the arrivals; None for none.
    held
        Receptors at which the same arrives in every step.
    home
        Where its arrays are.
    packed
        Whether to store spikes as bytes; they must be 0 or 1. On the processor only.
    forward_only
        Whether no gradients are asked for; arrivals are not written over then. Likewise.
    """

    def __init__(
        self,
        population: PopulationProgram,
        surrogate: Surrogate,
        *,
        scale: float = 1.0,
        detach: bool = True,
        wanted: tuple[int, ...] = (),
        rows: frozenset[int] = frozenset(),
        traced: tuple[int, ...] = (),
        dt: float = 1.0,
        dtype: torch.dtype = torch.float32,
        fed: int | None = None,
        held: frozenset[int] = frozenset(),
        home: Home = HOST,
        packed: bool = False,
        forward_only: bool = False,
    ) -> None:
        self.home, self.launched = home, home.kernels == "triton"
        self.population, self.wanted, self.traced, self.dtype = population, wanted, traced, dtype
        wide = _DOUBLE[dtype]
        precision = "float64" if wide else "float32"
        n_ref = population.n_ref
        self.receptors = len(population.receptors) + (fed is not None)
        self.counts = n_ref is not None and bool(np.any(np.asarray(n_ref) > 0))
        self.code: Code = population.code
        if n_ref is not None and not self.counts:
            self.code = never_refractory(population.code, precision)
        if fed is not None:
            self.code = fed_state(self.code, fed, len(population.receptors))
        self.step: Step = differentiate(
            self.code, self.receptors, surrogate,
            scale=scale, detach=detach, wanted=wanted, precision=precision,
        )  # fmt: skip
        self.rows = tuple(sorted(rows))
        first = next((i for i in self.step.saved if not self.step.is_boolean(i)), None)
        self.shape = Shape(
            rows=frozenset(rows),
            traced=traced,
            counter=self.counts,
            wide=wide,
            sends=self.step.out is not None,
            streams=population.streams.shape[1],
            dt=dt,
            in_place=first is not None
            and self.receptors > 0
            and 0 not in held
            and not forward_only,
            held=held,
            packed=packed,
            forward_only=forward_only,
        )
        self.kernels: Any = None
        if self.launched:
            self.kernels = TritonKernels(self.step, self.shape)
        else:
            self.kernels = kernel_module(source(self.step, self.shape))
        saved = () if forward_only else self.step.saved
        marks = sum(self.step.is_boolean(i) for i in saved)
        self.n_marks, self.n_kept = marks, len(saved) - marks

    @property
    def real(self) -> type:
        """NumPy's name of the precision."""
        return np.float64 if self.shape.wide else np.float32

    @property
    def kept_bytes(self) -> int:
        """Bytes for each neuron and step that the backward pass needs, spikes apart."""
        return self.n_marks + self.n_kept * (8 if self.shape.wide else 4)

    def prepare(self, run: Run, steps: int, first_arrivals: Any) -> None:
        """Make room for what a forward pass leaves behind."""
        lanes, empty = run.states.shape[1], self.home.empty
        kept = [empty((steps, lanes), self.real) for _ in range(self.n_kept)]
        if self.shape.in_place and first_arrivals is not None:
            kept[0] = first_arrivals
        run.kept = tuple(kept)
        run.marks = tuple(empty((steps, lanes), np.uint8) for _ in range(self.n_marks))
        kind = np.uint8 if self.shape.packed else self.real
        run.out = empty((steps, lanes), kind) if self.shape.sends else None
        run.traces = empty((len(self.traced), steps, lanes), self.real)

    def forward(self, run: Run, arrived: tuple[Any, ...], first: int, last: int) -> None:
        """Advance from step `first` to `last` of `arrived`, each (steps, lanes); see `Shape`."""
        if self.launched:
            self.kernels.forward(run, arrived, first, last)
            return
        kind = np.uint8 if self.shape.packed else self.real
        out = run.out if run.out is not None else np.empty((0, 0), kind)

        def work(low: int, high: int) -> None:
            self.kernels.forward(
                first, last, low, high, run.clock, run.width, _some(arrived, self.real),
                run.scalars, run.rows, run.keys, run.states, run.counters, run.periods, out,
                _some(run.kept, self.real), _some(run.marks, np.uint8), run.traces,
            )  # fmt: skip

        lanes = run.states.shape[1]
        shared(work, lanes, lanes * (last - first), grain=BLOCK)

    def room_back(self, run: Run, steps: int, rows: list[int]) -> tuple[Any, ...]:
        """Room for gradients of arrivals of so many `rows`; 0 where nothing will be written."""
        lanes, made, home = run.states.shape[1], [], self.home
        for r, count in enumerate(rows):
            if count == 1 != steps:
                made.append(home.zeros((1, lanes), self.real))
            elif self.step.arrivals[r] is None:
                made.append(home.zeros((steps, lanes), self.real))
            elif r == 0 and self.shape.in_place and not self.launched:
                made.append(run.kept[0])
            else:
                made.append(home.empty((steps, lanes), self.real))
        return tuple(made)

    def again(self, run: Run) -> Run:
        """The run with a copy of what `backward` overwrites, for another pass over the original."""
        if self.launched or not self.n_kept:
            return run
        return replace(run, kept=(run.kept[0].copy(), *run.kept[1:]))

    def backward(
        self,
        run: Run,
        grad_out: Any,
        grad_traces: Any,
        grad_states: Any,
        grad_arrived: tuple[Any, ...],
        grad_params: Any,
        first: int,
        last: int,
    ) -> None:
        """Go back from step `last` to `first`; `grad_states` is changed in place.

        `grad_arrived` is what `room_back` gave, `grad_out` (last - first, lanes), or
        (1, lanes) for the same in all steps.
        """
        if self.launched:
            if grad_out is not None and len(grad_out) < last - first:
                grad_out = grad_out.expand(last - first, -1).contiguous()
            self.kernels.backward(
                run, grad_out, grad_traces, grad_states, grad_arrived, grad_params, first, last
            )
            return
        given = grad_out if grad_out is not None else np.empty((0, 0), self.real)

        def work(low: int, high: int) -> None:
            self.kernels.backward(
                first, last, low, high, run.clock, run.width, run.scalars, run.rows, run.keys,
                _some(run.kept, self.real), _some(run.marks, np.uint8), given, grad_traces,
                grad_states, _some(grad_arrived, self.real), grad_params,
            )  # fmt: skip

        lanes = run.states.shape[1]
        shared(work, lanes, lanes * (last - first), grain=BLOCK)


def _some(arrays: tuple[np.ndarray, ...], kind: Any) -> tuple[np.ndarray, ...]:
    """A tuple that is never empty, since compiled code cannot index one that is."""
    return arrays or (np.empty((0, 0), kind),)
