"""From spikes on cores to a ledger, piece by piece."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..program.lower import lower
from ..program.program import Program
from .ledger import Ledger, gathered
from .mapping.cores import MappedNetwork
from .tallying import COUNTED, arrivals_of, fan_out

__all__ = ["Counter", "count_spikes"]


class Counter:
    """Counts what spikes of a mapped network do, in the order of time.

    Parameters
    ----------
    mapped
        Who is where.
    program
        The quantised network lowered: its numbers of neurons are those of `add`.
    says
        Populations that say themselves how many of their neurons were driven; of others a neuron
        is driven in a step in which anything reaches it.
    """

    def __init__(
        self, mapped: MappedNetwork, program: Program, says: set[str] | None = None
    ) -> None:
        self.mapped, self.cores = mapped, len(mapped.cores)
        offsets = {p.name: p.offset for p in program.populations}
        self.fan = fan_out(mapped, offsets, sum(p.size for p in program.populations))
        self.arrivals = arrivals_of(mapped, program, says or set())
        self.sent = np.zeros(len(self.fan.core), np.int64)
        self._counts: list[np.ndarray] = []
        self._driven: list[np.ndarray] = []

    def add(
        self, steps: np.ndarray, ids: np.ndarray, rows: int, driven: np.ndarray | None = None
    ) -> None:
        """Count a piece of `rows` steps.

        Parameters
        ----------
        steps
            Of each spike, from 0 on within the piece (int64).
        ids
            Its neuron, as in the program (int64).
        rows
            How many steps the piece has.
        driven
            Neurons that say so, int64[rows, cores].
        """
        self.sent += np.bincount(ids, minlength=len(self.sent))
        self._counts.append(self.fan.tally(steps, ids, rows, self.cores))
        made = np.zeros((rows, self.cores), np.int64) if driven is None else driven.copy()
        if self.arrivals is not None:
            made += self.arrivals.add(steps, ids, rows)
        self._driven.append(made)
        self.last_driven = made

    def ledger(self, words_out: int = 0) -> Ledger:
        """Everything that was counted; `words_out` the host read besides."""
        empty = np.zeros((len(COUNTED), 0, self.cores), np.int64)
        counts = np.concatenate([empty, *self._counts], axis=1)
        driven = np.concatenate([empty[0], *self._driven])
        held = np.array([int(core.used["neurons"]) for core in self.mapped.cores], np.int64)
        by_step = {name: counts[k] for k, name in enumerate(COUNTED)}
        by_step |= {"accesses": np.tile(held, (len(driven), 1)), "driven updates": driven}
        by_step["idle updates"] = by_step["accesses"] - driven
        by_step["busy cores"] = (driven > 0).astype(np.int64)
        if words_out and len(driven):
            by_step["host words out"] = by_step["host words out"].copy()
            by_step["host words out"][-1, 0] += words_out
        totals = {name: counted.sum(0) for name, counted in by_step.items()}
        first = np.zeros(self.cores, np.int64)
        first[0] = len(driven)
        totals |= {"steps": first, "barriers": first}
        return Ledger(totals, by_step, self._packets())

    def _packets(self) -> np.ndarray:
        """Between which cores packets went."""
        fan = self.fan
        source = np.repeat(np.arange(len(fan.core)), np.diff(fan.starts))
        used = self.sent[source] > 0
        rows = np.stack([fan.core[source], fan.to, self.sent[source]], axis=1)
        return gathered(rows[used])


def count_spikes(
    mapped: MappedNetwork,
    spikes: Mapping[str, tuple[np.ndarray, np.ndarray]],
    steps: int,
    driven: np.ndarray | None = None,
    words_out: int = 0,
) -> Ledger:
    """The ledger of a run that some other kernel has made.

    Parameters
    ----------
    mapped
        Who is where.
    spikes
        By population, sources outside among them: step of each spike from 0 on, and index of its
        neuron; in any order.
    steps
        How many the run has.
    driven
        Neurons of each core to which anything was done, int64[steps, cores]; by default those that
        a spike reaches.
    words_out
        What the host read besides spikes that it is sent.
    """
    program = lower(mapped.quantised.network, mapped.quantised.dt, "float64", 1)
    offsets = {p.name: p.offset for p in program.populations}
    says = set(mapped.core_of) if driven is not None else set()
    counter = Counter(mapped, program, says)
    none = np.zeros(0, np.int64)
    at = np.concatenate([none, *(np.asarray(s, np.int64) for s, _ in spikes.values())])
    ids = np.concatenate(
        [none, *(np.asarray(i, np.int64) + offsets[n] for n, (_, i) in spikes.items())]
    )
    order = np.argsort(at, kind="stable")
    counter.add(at[order], ids[order], steps, driven)
    return counter.ledger(words_out)
