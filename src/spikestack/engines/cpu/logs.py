"""The spike logs of one trial: what the step loop writes, read back as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ...program.program import Program
from ..state import Spikes
from .driver import Log
from .plan import Partition

__all__ = ["MOST_STEPS", "TrialLog"]

#: Steps in one call of the step loop, at most: what the logs' index is sized for.
MOST_STEPS = 2048
_LEAST_LOG = 4096


class TrialLog:
    """The logs of all partitions in one trial, and the spikes in flight that they hold.

    Parameters
    ----------
    program
        What runs.
    parts
        One log for each.
    order
        In which a step goes through the populations.
    trial
        Whose spikes.
    history
        Steps that synapses look back, and one more.
    """

    def __init__(
        self,
        program: Program,
        parts: tuple[Partition, ...],
        order: np.ndarray,
        trial: int,
        history: int,
    ) -> None:
        self.program, self.parts, self.order = program, parts, order
        self.trial, self.history = trial, history
        self.offsets = np.array([program.populations[k].offset for k in order])
        self.emits = np.array([program.populations[k].emit_type != "none" for k in order])
        self.largest = max(int((p.high - p.low).sum()) for p in parts)
        self.log = self._empty(max(_LEAST_LOG, 4 * self.largest))

    def put(self, flight: Spikes, step: int) -> None:
        """Put spikes in flight where their own thread would have logged them by `step`."""
        n, log = len(self.order), self._empty(self.log.capacity + len(flight))
        recent = flight.since(step - self.history)
        mine = recent.trials == self.trial
        steps, ids, values = recent.steps[mine], recent.ids[mine], recent.values[mine]
        all_offsets = np.array([p.offset for p in self.program.populations])
        which = np.searchsorted(all_offsets, ids, side="right") - 1
        for q, part in enumerate(self.parts):
            at = 0
            for slot in range(self.history):
                now = steps == step - self.history + 1 + slot
                for j, k in enumerate(self.order):
                    log.starts[q, slot, j] = at
                    if now.any():
                        local = ids - all_offsets[k]
                        use = now & (which == k) & (local >= part.low[k]) & (local < part.high[k])
                        count = int(use.sum())
                        log.ids[q, at : at + count] = local[use]
                        if log.values.size:
                            log.values[q, at : at + count] = values[use]
                        at += count
                log.starts[q, slot, n] = at
        self.log = log

    def collect(self, done: int, ran: int) -> Spikes:
        """The spikes of the last `ran` steps, which followed step `done`."""
        return self._read(self.history, ran, done + 1)

    def in_flight(self, step: int) -> Spikes:
        """The spikes up to `step` that may not have reached all their targets."""
        # Slot 0 is the step that no synapse looks back to any more.
        return self._read(1, self.history - 1, step - self.history + 2)

    def compact(self, ran: int) -> None:
        """Keep the last steps of each log, moved to its front; make it larger if they fill it."""
        log, n = self.log, len(self.order)
        kept = log.starts[:, ran : ran + self.history].copy()
        first, last = kept[:, 0, 0], kept[:, -1, n]
        most = int((last - first).max(initial=0))
        capacity = log.capacity
        while capacity < 2 * most + 2 * self.largest:
            capacity *= 2
        new = log if capacity == log.capacity else self._empty(capacity, log.starts)
        for q, (a, b) in enumerate(zip(first, last)):
            new.ids[q, : b - a] = log.ids[q, a:b].copy()
            if log.values.size:
                new.values[q, : b - a] = log.values[q, a:b].copy()
            new.starts[q, : self.history] = kept[q] - a
        self.log = new

    def _empty(self, capacity: int, starts: np.ndarray | None = None) -> Log:
        team, n = len(self.parts), len(self.order)
        if starts is None:
            starts = np.zeros((team, self.history + MOST_STEPS, n + 1), dtype=np.int64)
        # Values stand for what spikes carry; where none does, they take no room.
        room = capacity if self.emits.any() else 0
        values = np.zeros((team, room), dtype=self.program.dtype)
        return Log(np.zeros((team, capacity), np.int32), values, starts, capacity)

    def _read(self, slot: int, steps: int, first_step: int) -> Spikes:
        log = self.log
        total = int((log.starts[:, slot + steps - 1, -1] - log.starts[:, slot, 0]).sum())
        if steps == 0 or total == 0:
            return Spikes.none()
        made = Spikes(
            np.empty(total, np.int64),
            np.full(total, self.trial, np.int32),
            np.empty(total, np.int64),
            np.ones(total),
        )
        order = np.argsort(self.offsets)
        window = log.starts[:, slot : slot + steps]
        facts = (order, self.offsets, self.emits)
        _merge(window, log.ids, log.values, facts, first_step, made.steps, made.ids, made.values)
        return made


@njit(cache=True, nogil=True, error_model="numpy")
def _merge(
    starts: Any,
    ids: Any,
    values: Any,
    facts: Any,
    first_step: int,
    steps_out: Any,
    ids_out: Any,
    values_out: Any,
) -> None:
    """Write the spikes of all partitions sorted by step and index."""
    order, offsets, emits = facts
    at = 0
    for i in range(starts.shape[1]):
        for k in order:
            for q in range(starts.shape[0]):
                for s in range(starts[q, i, k], starts[q, i, k + 1]):
                    steps_out[at] = first_step + i
                    ids_out[at] = np.int64(ids[q, s]) + offsets[k]
                    if emits[k]:
                        values_out[at] = np.float64(values[q, s])
                    at += 1
