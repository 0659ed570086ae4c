"""Procedural connectivity: the synapses of a source are computed whenever it spikes, never stored.

They are functions of the network's seed, so they are the very synapses that would be stored.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ...numerics import edges as enumerators
from ...numerics.compiling import njit
from ...numerics.rows import fill_row
from ...program.program import Program
from .fill import row_codes, row_steps
from .lookup import lookup_of, place_of_targets
from .plan import Channel, Partition

__all__ = ["FIRST", "LAST", "Rules", "generate", "own_scratch", "rules_of"]

FIRST, LAST = range(2)
#: Columns of `facts`: the rule's numbers, then where the parts of `whole` begin and end, then the
#: share of targets, and for delay, dendritic delay and weight the kind and the parts of `cuts`.
(
    KIND, N_PRE, N_POST, LOW, HIGH, PLACE, BASE, STEP,
    INTS, ROW_START, COLUMN, OWN, MOVED_SLOT, MOVED_SOURCE, VIEW, POST, LOOKUP,
) = range(17)  # fmt: skip
_PARTS = tuple(range(INTS, LOOKUP + 1))
_VALUES = ("delay", "dendritic", "weight")
#: By projection: `facts`, `parts` of `whole` (begin and end), and of each value its kind, its part
#: of `cuts` and `aliases`, its key and its six parameters; by channel its projections, or -1, and
#: its longest row. The last five are scratch: what `generate` writes.
Rules = namedtuple(
    "Rules",
    "facts parts whole kinds shares cuts aliases keys reals scales of_channel longest "
    "targets ordinals levels steps codes",
)


class _Store:
    """Arrays one after the other, and where each begins and ends."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self.size = 0

    def add(self, array: np.ndarray) -> tuple[int, int]:
        first = self.size
        self.arrays.append(array)
        self.size += len(array)
        return first, self.size

    def joined(self, dtype: type) -> np.ndarray:
        return np.concatenate([np.zeros(0, dtype), *self.arrays]).astype(dtype)


def rules_of(program: Program, channels: tuple[Channel, ...], part: Partition) -> Rules | None:
    """What is needed to compute the procedural synapses onto one partition; None if none are."""
    edges = [(c, program.edges[j]) for c in channels if c.procedural for j in c.edges]
    if not edges:
        return None
    n = len(edges)
    facts, parts = np.zeros((n, 17), np.int64), np.zeros((n, 17, 2), np.int64)
    kinds, shares = np.zeros((n, 3), np.int64), np.zeros((n, 3, 2), np.int64)
    keys, reals, scales = np.zeros((n, 4), np.uint64), np.zeros((n, 3, 6)), np.zeros((n, 2))
    whole, cuts, aliases = _Store(), _Store(), _Store()
    for row, (channel, edge) in enumerate(edges):
        rule, k = edge.rule, edge.post
        place = part.acc_base[k] + edge.receptor * part.width[k] - part.low[k]
        facts[row, : STEP + 1] = (
            *(rule.kind, rule.n_pre, rule.n_post, part.low[k], part.high[k]),
            *(place, channel.base, channel.step),
        )
        view = np.full(program.populations[edge.pre].size, -1, dtype=np.int64)
        view[edge.pre_ids] = np.arange(len(edge.pre_ids))
        arrays = (
            *(rule.ints, rule.row_start, rule.column, rule.own, rule.moved_slot),
            *(rule.moved_source, view, place_of_targets(edge)),
            lookup_of(edge, channel.base, channel.step),
        )
        for at, array in zip(_PARTS, arrays):
            parts[row, at] = whole.add(array)
        keys[row, 3], scales[row] = rule.key, (edge.dt, edge.quantum)
        for v, name in enumerate(_VALUES):
            spec = getattr(edge, name)
            kinds[row, v], keys[row, v], reals[row, v] = spec.kind, spec.key, spec.params
            shares[row, v] = cuts.add(spec.cut)
            aliases.add(spec.alias)
    of_channel, longest = _extents(program, channels)
    widest = max(1, *(enumerators.max_row(e.rule) for _, e in edges))
    return Rules(
        *(facts, parts, whole.joined(np.int64), kinds, shares, cuts.joined(np.uint32)),
        *(aliases.joined(np.int32), keys, reals, scales, of_channel, longest),
        np.empty(widest, np.int64),
        np.empty(widest, np.uint64),
        *(np.empty(widest, np.int64) for _ in range(3)),
    )


def own_scratch(rules: Rules | None) -> Rules | None:
    """The same rules with scratch of their own, as every thread needs that computes at a time."""
    if rules is None:
        return None
    names = ("targets", "ordinals", "levels", "steps", "codes")
    return rules._replace(**{name: np.empty_like(getattr(rules, name)) for name in names})


def _extents(program: Program, channels: tuple[Channel, ...]) -> tuple[np.ndarray, np.ndarray]:
    of_channel = np.full((len(channels), 2), -1, np.int64)
    longest, at = np.zeros(len(channels), np.int64), 0
    for c, channel in enumerate(channels):
        if channel.procedural:
            of_channel[c] = at, at + len(channel.edges)
            at += len(channel.edges)
            longest[c] = sum(enumerators.max_row(program.edges[j].rule) for j in channel.edges)
    return of_channel, longest


@njit(cache=True, error_model="numpy")
def _part(rules: Any, j: int, name: int) -> Any:
    return rules.whole[rules.parts[j, name, 0] : rules.parts[j, name, 1]]


@njit(cache=True, error_model="numpy")
def _value(rules: Any, j: int, v: int) -> Any:
    first, last = rules.shares[j, v, 0], rules.shares[j, v, 1]
    none = rules.reals[j, v, :0]
    cut, alias = rules.cuts[first:last], rules.aliases[first:last]
    return rules.kinds[j, v], rules.reals[j, v], none, rules.keys[j, v], cut, alias


@njit(cache=True, error_model="numpy")
def generate(rules: Any, j: int, i: int) -> int:
    """Compute the synapses of neuron `i` in projection `j`; return how many there are.

    ``rules.targets`` then has the accumulators (-1 for another partition's), ``rules.steps`` the
    delays and ``rules.codes`` the codes of the weights.
    """
    facts = rules.facts[j]
    s = _part(rules, j, VIEW)[i]
    if s < 0:
        return 0
    targets, ordinals, levels = rules.targets, rules.ordinals, rules.levels
    count = fill_row(
        facts[KIND],
        facts[N_PRE],
        facts[N_POST],
        rules.keys[j, 3],
        _part(rules, j, INTS),
        _part(rules, j, ROW_START),
        _part(rules, j, COLUMN),
        _part(rules, j, OWN),
        _part(rules, j, MOVED_SLOT),
        _part(rules, j, MOVED_SOURCE),
        s,
        targets,
        ordinals,
    )
    dt, quantum = rules.scales[j, 0], rules.scales[j, 1]
    delay, dendritic = _value(rules, j, 0), _value(rules, j, 1)
    row_steps(delay, dendritic, dt, ordinals, count, levels, rules.steps)
    coding = (quantum, facts[BASE], facts[STEP], _part(rules, j, LOOKUP))
    row_codes(_value(rules, j, 2), coding, ordinals, count, levels, rules.codes)
    post, low, high, place = _part(rules, j, POST), facts[LOW], facts[HIGH], facts[PLACE]
    for e in range(count):
        target = post[targets[e]] if len(post) > 0 else targets[e]
        targets[e] = place + target if low <= target < high else -1
    return count
