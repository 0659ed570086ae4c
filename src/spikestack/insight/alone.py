"""One neuron computed again by itself, as it was and as it would have been without each cause.

Its states at the beginning of the window and all that reached it are known, so its equations can
be followed alone, by the operations of the reference engine. Every cause has a row of its own, in
which it is left out; the neuron's own spikes are kept as they were, so that a row tells what the
cause did, not what a different past would have done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.interpreting import interpret
from ..numerics.random import hash32, step_words
from ..program.populations import INJECTED
from ..program.tac import Code
from .replaying import Moment

__all__ = ["Followed", "Removal", "follow"]

_FLIPPED = {"lt": "gt", "le": "ge"}


@dataclass(frozen=True)
class Removal:
    """What is left out in one row: arrivals (steps, receptors, quanta) or one drive's current."""

    steps: np.ndarray
    receptor: int = -1
    quanta: np.ndarray | None = None
    current: str = ""


@dataclass(frozen=True)
class Followed:
    """The last step of the window, by row; row 0 is the neuron as it was.

    Attributes
    ----------
    exact
        Whether row 0 ended with the very bits of the run.
    states
        What the last step began with, of row 0.
    reached
        States after propagation, arrivals and refractory hold, before any reset (states, rows).
    left, right
        Both sides of the spike condition, or None if it is no single comparison.
    fires
        Whether each row spikes in the last step.
    refractory
        Steps of refractoriness left before the last step.
    arrived
        Quanta that arrived in the last step, by receptor.
    """

    exact: bool
    states: np.ndarray
    reached: np.ndarray
    left: np.ndarray | None
    right: np.ndarray | None
    fires: np.ndarray
    refractory: int
    arrived: np.ndarray


def follow(moment: Moment, removals: list[Removal]) -> Followed:
    """Follow the neuron through the window, once for each removal and once as it was."""
    return _Alone(moment, removals).run()


class _Alone:
    def __init__(self, moment: Moment, removals: list[Removal]) -> None:
        self.moment, self.removals = moment, removals
        self.program = moment.program
        self.p = self.program.populations[moment.population]
        self.rows = len(removals) + 1
        self.dtype = self.program.dtype
        self.params = [
            np.asarray(v if np.ndim(v) == 0 else v[moment.neuron]).astype(self.dtype)[()]
            for v in self.p.values
        ]
        self.state = np.repeat(moment.state[:, None], self.rows, axis=1)
        self.counter = moment.counter
        self._sort_removals()

    def _sort_removals(self) -> None:
        """All removed arrivals by step: rows, receptors, quanta."""
        found: dict[int, list[tuple[int, int, int]]] = {}
        whole = np.zeros((self.moment.step - self.moment.first, len(self.p.receptors)), np.int64)
        for row, removal in enumerate(self.removals, start=1):
            if removal.quanta is None:
                continue
            for step, quanta in zip(removal.steps.tolist(), removal.quanta.tolist()):
                found.setdefault(step, []).append((row, removal.receptor, quanta))
                whole[step - self.moment.first - 1, removal.receptor] += quanta
        self.removed, self.whole = found, whole

    def run(self) -> Followed:
        first, last = self.moment.first, self.moment.step
        for step in range(first + 1, last):
            self._advance(step)
        self._prepare(last)
        before, counter = self.state[:, 0].copy(), self.counter
        values = self._advance(last)
        code = self.p.code
        reached = np.stack([self._wide(values[_unreset(code, s)]) for s in code.stores])
        left, right = _sides(code, values)
        fires = np.zeros(self.rows, bool) if code.spike is None else self.natural
        return Followed(
            self.state[:, 0].tobytes() == self.moment.end.tobytes(),
            before,
            reached,
            None if left is None else self._wide(left),
            None if right is None else self._wide(right),
            fires,
            counter,
            self.whole[last - first - 1],
        )

    def _wide(self, value: Any) -> np.ndarray:
        return np.array(np.broadcast_to(value, (self.rows,)))

    def _prepare(self, step: int) -> None:
        """Set what is injected during a step, and what comes through gap junctions."""
        if INJECTED in self.p.states:
            self.state[self.p.states.index(INJECTED)] = self._injected(step - 1)
        for gap in self.program.gaps:
            if gap.population == self.moment.population:
                # Of a window of one step; what others were at is known from the run alone.
                self.state[gap.current] = self.moment.end[gap.current]

    def _advance(self, step: int) -> list[Any]:
        """One step in all rows; returns the value of every instruction."""
        self._prepare(step)
        arrived = np.repeat(self.whole[step - self.moment.first - 1][:, None], self.rows, axis=1)
        for row, receptor, quanta in self.removed.get(step, ()):
            arrived[receptor, row] -= quanta
        code = self.p.code
        values = interpret(code, self._loads(step, arrived))
        if code.spike is not None:
            self.natural = self._wide(values[code.spike])
            # As it was, so that rows differ by their causes alone.
            forced = self.natural[0]
            for position, ins in enumerate(code.instructions):
                if ins.op == "select" and ins.args[0] == code.spike:
                    values[position] = values[ins.args[1] if forced else ins.args[2]]
            if forced or self.p.n_ref is not None:
                n_ref = self.p.n_ref if np.ndim(self.p.n_ref) == 0 else self._own(self.p.n_ref)
                self.counter = int(n_ref or 0) if forced else max(self.counter - 1, 0)
        self.state = np.stack([self._wide(values[s]) for s in code.stores])
        return values

    def _own(self, array: Any) -> Any:
        return array[self.moment.neuron]

    def _loads(self, step: int, arrived: np.ndarray) -> dict[str, Callable[[Any], Any]]:
        dtype, p, trial = self.dtype, self.p, self.moment.trial

        def uniform(key: Any, index: int) -> Any:
            drawn = hash32(np.array([index], np.uint32), *step_words(key, step)).astype(dtype)
            most = dtype(1.0 - 2.0**-24)
            return np.minimum((drawn + dtype(0.5)) * dtype(2.0**-32), most)[0]

        return {
            "const": dtype,
            "state": lambda i: self.state[i],
            "param": lambda i: self.params[i],
            "arrivals": lambda r: (
                arrived[r].astype(self.program.accumulator).astype(dtype)
                * dtype(p.receptors[r].quantum)
            ),
            "refractory": lambda _: np.full(self.rows, self.counter > 0),
            "time": lambda end: dtype((step - 1 + end) * self.program.dt),
            "uniform": lambda k: uniform(p.streams[trial, k], self.moment.neuron),
            "common": lambda k: uniform(p.streams[trial, k], 0),
        }

    def _injected(self, step: int) -> np.ndarray:
        """The injected current by row, from the step on that begins at `step`."""
        totals = np.zeros(self.rows)
        for drive in self.program.current_drives:
            place = np.flatnonzero(drive.ids == self.moment.neuron)
            if drive.population != self.moment.population or not len(place):
                continue
            amplitude = drive.amplitude(step)
            own = float(amplitude if np.ndim(amplitude) == 0 else amplitude[place[0]])
            keep = [True, *(removal.current != drive.name for removal in self.removals)]
            totals += np.where(keep, own, 0.0)
        return totals.astype(self.dtype)


def _unreset(code: Code, store: int) -> int:
    """The position of a state's value before the reset."""
    ins = code.instructions[store]
    return ins.args[2] if ins.op == "select" and ins.args[0] == code.spike else store


def _sides(code: Code, values: list[Any]) -> tuple[Any, Any]:
    """Both sides of the spike condition, the one that must be greater first."""
    if code.spike is None:
        return None, None
    ins = code.instructions[code.spike]
    if ins.op == "and":
        others = [code.instructions[a] for a in ins.args]
        if others[1].op != "not" or code.instructions[others[1].args[0]].op != "refractory":
            return None, None
        ins = others[0]
    if ins.op in ("ge", "gt"):
        return values[ins.args[0]], values[ins.args[1]]
    if ins.op in _FLIPPED:
        return values[ins.args[1]], values[ins.args[0]]
    return None, None
