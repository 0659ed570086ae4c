"""What a structural rule sees of a projection, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..numerics.random import bits64, stream_key, uniform

#: How often a source is drawn anew where it could not be taken.
_ROUNDS = 32
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Change:
    """What a structural rule does in one round.

    Attributes
    ----------
    removed : int64
        Places of synapses that go.
    pre, post : int64
        Sources and targets of synapses that come.
    """

    removed: np.ndarray = field(default_factory=lambda: _NONE)
    pre: np.ndarray = field(default_factory=lambda: _NONE)
    post: np.ndarray = field(default_factory=lambda: _NONE)


@dataclass(frozen=True)
class Wiring:
    """The synapses of a projection at one moment, and what a structural rule may know.

    Attributes
    ----------
    pre, post : int64
        Source and target of each synapse, by index in their populations; sorted by source.
    weights
        Coherent, in the precision of the run.
    sources, targets : int64
        The neurons that the projection joins, ascending.
    sizes
        Of both populations.
    same
        Whether both are one, so that a neuron could be joined to itself.
    autapses, multapses
        Whether a neuron may be joined to itself, and to another several times.
    source_traces, target_traces
        The rule's traces by name: float64, for every neuron of the population.
    elements : float64
        What the rule keeps between its rounds; it may be written to.
    values
        The rule's parameters, coherent.
    seed, name, place, step
        What draws are keyed by: the network's seed, the projection, the rule's place, and the step.
    """

    pre: np.ndarray
    post: np.ndarray
    weights: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    sizes: tuple[int, int]
    same: bool
    autapses: bool
    multapses: bool
    source_traces: Mapping[str, np.ndarray]
    target_traces: Mapping[str, np.ndarray]
    elements: np.ndarray
    values: Mapping[str, float]
    seed: int
    name: str
    place: int
    step: int

    def uniform(self, purpose: str, count: int) -> np.ndarray:
        """Numbers in [0, 1) for one purpose in this round; the same whenever they are asked for."""
        stream = stream_key(self.seed, self.name, f"structure {self.place} {purpose}")
        key = bits64(stream, self.step)
        return np.asarray(uniform(key, np.arange(count, dtype=np.uint64)))

    def picked(self, purpose: str, owners: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Which of some synapses a random choice takes: of owner k's, ``counts[k]`` at random.

        Parameters
        ----------
        purpose
            Of the draws.
        owners : int64
            Whose each synapse is.
        counts : int64
            How many to take, by owner; all where there are fewer.

        Returns
        -------
        numpy.ndarray of bool
            For each synapse.
        """
        order = np.lexsort((self.uniform(purpose, len(owners)), owners))
        sizes = np.bincount(owners, minlength=len(counts))
        first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        rank = np.empty(len(owners), np.int64)
        rank[order] = np.arange(len(owners)) - first[owners[order]]
        return rank < counts[owners]

    def allowed(self, pre: np.ndarray, post: np.ndarray, formed: np.ndarray) -> np.ndarray:
        """Which of the pairs may be joined now.

        Parameters
        ----------
        pre, post : int64
            The pairs; of two alike only the first may, unless pairs may be joined repeatedly.
        formed : int64
            Keys of pairs that have been joined in this round, as `keys` gives them.
        """
        good = np.ones(len(pre), bool)
        if self.same and not self.autapses:
            good &= pre != post
        if self.multapses:
            return good
        keys = self.keys(pre, post)
        good &= ~_within(keys, self._present) & ~_within(keys, np.sort(formed))
        places = np.flatnonzero(good)
        first = np.unique(keys[places], return_index=True)[1]
        good[:] = False
        good[places[first]] = True
        return good

    def keys(self, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """A number for each pair (int64)."""
        return post * self.sizes[0] + pre

    @cached_property
    def _present(self) -> np.ndarray:
        return np.sort(self.keys(self.pre, self.post))

    def new_sources(self, post: np.ndarray, activity: np.ndarray, share: float) -> np.ndarray:
        """A random new source for each of some targets, -1 where none was found.

        Parameters
        ----------
        post : int64
            The targets.
        activity : float64
            Of every neuron of the source population, not negative.
        share
            Of the choices made in proportion to `activity`; the others take any source alike.
        """
        pre, formed = np.full(len(post), -1, np.int64), _NONE
        if not len(self.sources):
            return pre
        steps = np.cumsum(activity[self.sources])
        share = share if steps[-1] > 0 else 0.0
        waiting = np.arange(len(post))
        for attempt in range(_ROUNDS):
            if not len(waiting):
                break
            u = self.uniform(f"source {attempt}", len(post))[waiting]
            chosen = self._choose(u, share, steps)
            good = self.allowed(chosen, post[waiting], formed)
            pre[waiting[good]] = chosen[good]
            formed = np.concatenate([formed, self.keys(chosen[good], post[waiting[good]])])
            waiting = waiting[~good]
        return pre

    def _choose(self, u: np.ndarray, share: float, steps: np.ndarray) -> np.ndarray:
        """Sources by one number each: the first `share` of [0, 1) is for choices by activity."""
        last = len(self.sources) - 1
        places = np.zeros(len(u), np.int64)
        by_activity = u < share
        if share > 0:
            at = u[by_activity] / share * steps[-1]
            places[by_activity] = np.searchsorted(steps, at, side="right")
        if share < 1:
            rest = (u[~by_activity] - share) / (1.0 - share)
            places[~by_activity] = (rest * (last + 1)).astype(np.int64)
        return self.sources[np.minimum(places, last)]


def _within(keys: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """Which of `keys` are among some that ascend."""
    if not len(ascending):
        return np.zeros(len(keys), bool)
    # In order, as the search then goes through memory in order too.
    order = np.argsort(keys)
    at = np.minimum(np.searchsorted(ascending, keys[order]), len(ascending) - 1)
    found = np.empty(len(keys), bool)
    found[order] = ascending[at] == keys[order]
    return found
