"""How a step's results depend on what it begins with, computed beside it by one compiled kernel.

Derived like the backward step (`differentiate`), one result at a time. What comes out the same for
all neurons and steps is told apart from what changes: traces of the former are shared by all
synapses of a source.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engines.cpu.cache import kernel_module
from ...engines.interpreting import interpret
from ...program.tac import Code, Instruction
from ..cells import Run
from ..differentiate import Step, _Adjoint
from ..printer import BLOCK, Shape, source
from ..simplify import fed_state, never_refractory
from ..surrogates import Surrogate
from ..threads import shared

__all__ = ["Entry", "Place", "Tangents"]


class Place(int):
    """Where a derivative that changes from neuron to neuron and step to step is found."""


#: A derivative: always 0, always the same, or changing.
Entry = float | Place


class Tangents:
    """One population's step with its derivatives.

    Parameters
    ----------
    population
        As lowered.
    surrogate, scale
        See `differentiate`.
    reset
        What a spike does to the potential, and to all that input reaches without spikes:
        ``"detached"`` (as it happens, but not as something that the spike does) or ``"ignored"``
        (as if there was no spike, nor a refractory period). What a spike does to other variables,
        as to adaptive thresholds, counts.
    whole
        Whether the reset counts entirely, as something that the spike does.
    fed
        Place of a state that is given in every step.
    observed
        The state that is read; None for the spikes.

    Attributes
    ----------
    states
        By new state and old state: `Entry`.
    arrivals
        By new state and receptor.
    seen, seen_arrivals
        Of what is read: by old state, by receptor.
    """

    def __init__(
        self, population: Any, surrogate: Surrogate, scale: float, *, reset: str = "detached",
        whole: bool = False, fed: int | None = None, observed: int | None = None, dt: float = 1.0,
        wide: bool = False,
    ) -> None:  # fmt: skip
        self.population, self.wanted = population, ()
        precision = "float64" if wide else "float32"
        self.real: type = np.float64 if wide else np.float32
        n_ref = population.n_ref
        self.counts = n_ref is not None and bool(np.any(np.asarray(n_ref) > 0))
        code: Code = population.code
        if n_ref is not None and not self.counts:
            code = never_refractory(code, precision)
        self.receptors = len(population.receptors) + (fed is not None)
        if fed is not None:
            code = fed_state(code, fed, len(population.receptors))
        self.rows = tuple(k for k, v in enumerate(population.values) if np.ndim(v))
        self._derive(code, surrogate, scale, reset, whole, observed, precision)
        self.shape = Shape(
            rows=frozenset(self.rows), traced=(), counter=self.counts, wide=wide,
            sends=self.step.out is not None, streams=population.streams.shape[1], dt=dt,
            held=frozenset(range(self.receptors)),
        )  # fmt: skip
        self.kernels = kernel_module(source(self.step, self.shape))

    def _derive(
        self, code: Code, surrogate: Surrogate, scale: float, reset: str, whole: bool,
        observed: int | None, precision: str,
    ) -> None:  # fmt: skip
        adjoint = _Rows(code, surrogate, scale, reset == "ignored", precision)
        n = len(code.stores)
        adjoint.passing = adjoint.selects if whole else adjoint.beside_input(self.receptors)
        rows = [adjoint.row(store, self.receptors) for store in code.stores]
        if observed is not None:
            rows.append(rows[observed])
        elif adjoint.out is not None:
            rows.append(adjoint.row(adjoint.out, self.receptors))
        else:
            rows.append(([None] * n, [None] * self.receptors))
        made = tuple(adjoint.builder.instructions)
        places: dict[int, Place] = {}
        known = self._constants(made)

        def entry(p: int | None) -> Entry:
            if p is None:
                return 0.0
            if p in known:
                return known[p]
            return places.setdefault(p, Place(len(places)))

        entries = [([entry(p) for p in s], [entry(p) for p in a]) for s, a in rows]
        self.states, self.arrivals = [s for s, _ in entries[:-1]], [a for _, a in entries[:-1]]
        self.seen, self.seen_arrivals = entries[-1]
        self.step = Step(
            made, code.stores, code.spike, adjoint.out, tuple(places), (), (None,) * n,
            (None,) * self.receptors, {},
        )  # fmt: skip

    def _constants(self, made: tuple[Instruction, ...]) -> dict[int, float]:
        """Values that are the same for all neurons, in all steps."""
        same: list[bool] = []
        for ins in made:
            load = ins.op == "const" or (ins.op == "param" and ins.data not in self.rows)
            same.append(load if not ins.args else all(same[a] for a in ins.args))
        order = [i for i, fixed in enumerate(same) if fixed]
        place = {old: k for k, old in enumerate(order)}
        code = Code(
            tuple(
                Instruction(made[i].op, tuple(place[a] for a in made[i].args), made[i].data)
                for i in order
            ), (), None, None,
        )  # fmt: skip
        values = interpret(
            code, {"const": float, "param": lambda k: float(self.population.values[int(k)])}
        )
        return {i: float(v) for i, v in zip(order, values)}

    def advance(self, run: Run, arrived: tuple[np.ndarray, ...]) -> None:
        """One step; leaves `run.out` and, in `run.kept`, derivatives by `Place`, by lane."""
        lanes = run.states.shape[1]
        if run.out is None:
            run.out = np.zeros((1, lanes), self.real)
            run.kept = tuple(np.empty((1, lanes), self.real) for _ in self.step.saved)
        nothing = (np.empty((0, 0), self.real),)

        def work(low: int, high: int) -> None:
            self.kernels.forward(
                0, 1, low, high, run.clock, run.width, arrived or nothing, run.scalars, run.rows,
                run.keys, run.states, run.counters, run.periods, run.out, run.kept or nothing,
                (np.empty((0, 0), np.uint8),), np.empty((0, 0, 0), self.real),
            )  # fmt: skip

        shared(work, lanes, lanes, grain=BLOCK)
        run.clock += 1


class _Rows(_Adjoint):
    """Derivatives of one result at a time."""

    def __init__(
        self, code: Code, surrogate: Surrogate, scale: float, ignored: bool, precision: str
    ) -> None:
        super().__init__(code, surrogate, scale, True, precision)
        self.ignored = ignored
        self.passing: frozenset[int] = frozenset()
        self.selects = frozenset(
            i for i, ins in enumerate(self.builder.instructions)
            if ins.op == "select" and ins.args[0] in self.cone and i != self.out
        )  # fmt: skip

    def row(self, result: int, receptors: int) -> tuple[list[int | None], list[int | None]]:
        """Positions of derivatives of a value, by state and by receptor."""
        self.sums = {}
        self.add(result, self.builder.const(1.0))
        states: list[int | None] = [None] * len(self.code.stores)
        arrivals: list[int | None] = [None] * receptors
        for i in range(self.size - 1, -1, -1):
            d, ins = self.sums.get(i), self.builder.instructions[i]
            if d is None:
                continue
            if ins.op == "state":
                states[int(ins.data or 0)] = d
            elif ins.op == "arrivals":
                arrivals[int(ins.data or 0)] = d
            elif ins.args:
                self._pass_on(i, ins, d)
        return states, arrivals

    def beside_input(self, receptors: int) -> frozenset[int]:
        """Resets of states that input does not reach but by spikes."""
        rows = [self.row(store, receptors) for store in self.code.stores]
        reached = {k for k, (_, a) in enumerate(rows) if any(p is not None for p in a)}
        while more := {
            k for k, (s, _) in enumerate(rows)
            if k not in reached and any(s[m] is not None for m in reached)
        }:  # fmt: skip
            reached |= more
        within = self._within([self.code.stores[k] for k in reached])
        return self.selects - within

    def _within(self, results: list[int]) -> frozenset[int]:
        found = set(results)
        for i in range(self.size - 1, -1, -1):
            if i in found:
                found |= set(self.builder.instructions[i].args)
        return frozenset(found)

    def _select(self, i: int, ins: Instruction, d: int) -> None:
        condition, _, no = ins.args
        if i in self.passing:
            self.detach = False
            super()._select(i, ins, d)
            self.detach = True
            return
        resets = i in self.selects or self.builder.instructions[condition].op == "refractory"
        if self.ignored and resets:
            self.add(no, d)
            return
        super()._select(i, ins, d)
