"""Structural plasticity while running: rules act between steps, and what they did is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engines.base import AbstractEngine
from .engines.structure import Changed, restructured
from .program.edge_list import EdgeList
from .program.program import Program
from .recording import Records, StructureRecord

__all__ = ["Restructuring"]


class Restructuring:
    """When synapses are formed and removed, and which were.

    Rules act at the end of each step that is a multiple of their interval, once all spikes of the
    step are known, so that what they see and do does not depend on how a run is cut into pieces.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.which = [k for k, plastic in enumerate(program.plastic) if plastic.structure]
        self._steps = [rule.steps for k in self.which for rule in program.plastic[k].structure]

    def begin(self, engine: AbstractEngine, step: int) -> None:
        """Begin to record."""
        self._first = step
        self._counts = {k: len(self.edges(engine, k).pre) for k in self.which}
        self._changes: dict[int, list[tuple[int, Changed]]] = {k: [] for k in self.which}

    def next_stop(self, step: int) -> int:
        """The next step after `step` at whose end a rule acts."""
        return min(((step // steps + 1) * steps for steps in self._steps), default=2**62)

    def act(self, engine: AbstractEngine, step: int) -> None:
        """Let the rules act that are due at the end of `step`."""
        if all(step % steps for steps in self._steps):
            return
        for k in self.which:
            plastic = self.program.plastic[k]
            if all(step % rule.steps for rule in plastic.structure):
                continue
            learned = engine.learned(k)
            if not learned.control[0, 0]:
                continue
            changed, changes = restructured(self.program, plastic, learned, step)
            self._changes[k] += [(step, change) for change in changes]
            if changed.edges is not learned.edges or changed.elements:
                engine.relearn(k, changed)

    def edges(self, engine: AbstractEngine, k: int) -> EdgeList:
        """The present synapses of a projection on which structural rules act."""
        edges = engine.learned(k).edges
        assert edges is not None
        return edges

    def facts(self) -> list[dict[str, Any]]:
        """Of each projection on which structural rules act: name, dt, and synapses at first."""
        return [
            {"projection": self._name(k), "dt": self.program.dt, "initial": self._counts[k]}
            for k in self.which
        ]

    def take(self) -> list[dict[str, Any]]:
        """The columns of `StructureRecord` for each projection, which are forgotten here."""
        taken = [self._columns(k) for k in self.which]
        self._changes = {k: [] for k in self.which}
        return taken

    def records(self, step: int) -> Records:
        """What was formed and removed since `begin`, by projection."""
        span: dict[str, Any] = {
            "t_start": self._first * self.program.dt,
            "t_stop": step * self.program.dt,
        }
        made = {
            self._name(k): StructureRecord(**facts, **span, **self._columns(k))
            for k, facts in zip(self.which, self.facts())
        }
        return Records("projections whose synapses change", made)

    def _name(self, k: int) -> str:
        return self.program.edges[self.program.plastic[k].edge].name

    def _columns(self, k: int) -> dict[str, Any]:
        steps, pre, post, created = ([np.zeros(0, np.int64)] for _ in range(4))
        for when, change in self._changes[k]:
            for ends, came in ((change.removed, False), (change.created, True)):
                steps.append(np.full(len(ends[0]), when))
                pre.append(ends[0])
                post.append(ends[1])
                created.append(np.full(len(ends[0]), came))
        return {
            "steps": np.concatenate(steps),
            "pre": np.concatenate(pre).astype(np.int32),
            "post": np.concatenate(post).astype(np.int32),
            "created": np.concatenate(created).astype(bool),
        }
