"""How the compiled engine will lay out a program's synapses; decided before any is drawn.

The synapses that leave a population form *channels*, whose synapses are stored alike: in 4 bytes if
the place of the target and a short code for the weight fit into them, else in two whole numbers of
the accumulators' size. The synapses of one source whose delays fall into the same group of `width`
neighbouring delays stand together: a *bucket*. Few delays to a group make buckets short, which
costs a look-up for each; many make the accumulators large, as one row of them is needed for every
delay of a group, which costs cache misses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from ...errors import ValidationError
from ...numerics.rows import EXPLICIT
from ...program.edge_values import ARRAY, CONSTANT, TABLE, greatest, to_quanta
from ...program.program import EdgeProgram, Program
from .aligned import padded

__all__ = ["Channel", "Partition", "Plan", "make_plan"]

WORD_BITS = 32
#: Delays in a group, and delays that queues can tell apart, at most, as powers of two; shared
#: weights that leave one population.
_MOST_WIDTH, _MOST_QUEUES, _MOST_SHARED = 6, 14, 4
#: Nanoseconds, measured on an AMD EPYC with 1 MB of second-level cache for each core: looking a
#: bucket up, by bytes of synapses; adding a synapse, by bytes of accumulators; reading a synapse of
#: two numbers instead of one; passing a synapse through a queue; computing one.
_BUCKET = ((2**18, 10.0), (2**24, 35.0), (2**27, 50.0), (2**31, 60.0), (2**32, 110.0))
_ADD = (
    (2**15, 0.6), (2**17, 0.7), (2**18, 0.8), (2**19, 1.0), (2**20, 1.3), (2**21, 1.6),
    (2**22, 2.5), (2**23, 5.0), (2**24, 8.0), (2**26, 10.0),
)  # fmt: skip
_WIDE, _QUEUE, _GENERATE = 0.7, 3.6, 9.0
#: Queues are added block by block, which caches hold.
_QUEUE_ADD = 1.6
#: Arrays of more weights are not searched for a common measure.
_MOST_SEARCHED = 2**22


@dataclass(frozen=True)
class Partition:
    """One thread's share: neurons ``low[k]`` to ``high[k]`` of population k.

    ``acc_base[k]`` is where the accumulators of population k begin, ``width[k]`` for each receptor;
    `size` is how many there are in all.
    """

    low: np.ndarray
    high: np.ndarray
    width: np.ndarray
    acc_base: np.ndarray
    size: int


@dataclass(frozen=True)
class Channel:
    """Synapses of one population that are stored alike.

    A weight is ``base + step * code`` quanta. Delays run from `least` to `most` steps.
    """

    pre: int
    edges: tuple[int, ...]
    least: int
    most: int
    base: int
    step: int
    code_bits: int
    narrow: bool
    procedural: bool = False

    @property
    def scheme(self) -> str:
        """In words."""
        if self.procedural:
            return "procedural"
        if not self.narrow:
            return "two numbers each"
        return f"4 bytes, weight in {self.code_bits} bits" if self.code_bits else "4 bytes, shared"


@dataclass(frozen=True)
class Plan:
    """The layout.

    Attributes
    ----------
    parts
        The threads' shares.
    channels
        Narrow ones first.
    index_bits
        Bits of an accumulator's place in its row.
    width_bits
        Bits of a delay's place in its group: a bucket holds ``2**width_bits`` delays.
    queued
        Whether spikes go through queues (see `queueing`); a group then holds all delays.
    cost
        Expected nanoseconds for each synaptic event.
    """

    parts: tuple[Partition, ...]
    channels: tuple[Channel, ...]
    index_bits: int
    width_bits: int
    queued: bool
    cost: float

    @cached_property
    def place_bits(self) -> int:
        """Bits of an accumulator's place among all rows."""
        return self.index_bits + self.width_bits

    @property
    def ring_bits(self) -> int:
        """Steps for which there are rows of accumulators, as a power of two."""
        return 0 if self.queued else self.width_bits


def partitions(program: Program, count: int) -> tuple[Partition, ...]:
    """Cut every population into `count` contiguous shares that begin at whole cache lines."""
    sizes = np.array([pop.size for pop in program.populations], dtype=np.int64)
    receptors = np.array([len(pop.receptors) for pop in program.populations])
    bounds = [np.minimum(padded(sizes * p // count), sizes) for p in range(count + 1)]
    made = []
    for low, high in pairwise(bounds):
        width = padded(high - low)
        ends = np.cumsum(width * receptors)
        made.append(Partition(low, high, width, np.concatenate([[0], ends[:-1]]), int(ends[-1])))
    return tuple(made)


def make_plan(
    program: Program, count: int, width_bits: int | None = None, procedural: bool = False
) -> Plan:
    """Choose the layout that should cost least on `count` threads.

    Parameters
    ----------
    program
        What to lay out.
    count
        Partitions.
    width_bits
        To set the groups of delays instead of choosing them; -1 for queues.
    procedural
        Whether synapses that follow rules are computed at every spike instead of being stored.

    Raises
    ------
    ValidationError
        If synapses are to be computed where spikes act without delay, or delays differ by more
        than 16,384 steps.
    """
    parts = partitions(program, count)
    size = max(p.size for p in parts)
    index_bits = max(1, (size - 1).bit_length())
    static = [e for e in program.edges if not e.plastic]
    span = max((e.max_delay - e.min_delay + 1 for e in static), default=1)
    for k in range(len(program.populations)):
        leaving = [e for e in program.edges if e.pre == k and not e.plastic]
        if leaving:
            first, last = min(e.min_delay for e in leaving), max(e.max_delay for e in leaving)
            span = max(span, last - first + 1)
    span_bits = (span - 1).bit_length()
    queued = span_bits <= _MOST_QUEUES and all(e.min_delay > 0 for e in static)
    if procedural:
        _check_procedural(queued)
        channels = _channels(program, WORD_BITS - index_bits - span_bits, True)
        cost = _queue_cost(program, channels, count, size)
        return Plan(parts, channels, index_bits, span_bits, True, cost)
    found = []
    widths = range(min(_MOST_WIDTH, span_bits) + 1) if width_bits is None else [width_bits]
    for bits in widths:
        if bits >= 0:
            channels = _channels(program, WORD_BITS - index_bits - bits)
            cost = _cost(program, channels, count, size, bits)
            found.append(Plan(parts, channels, index_bits, bits, False, cost))
    if queued and (width_bits is None or width_bits < 0):
        channels = _channels(program, WORD_BITS - index_bits - span_bits)
        cost = _queue_cost(program, channels, count, size)
        found.append(Plan(parts, channels, index_bits, span_bits, True, cost))
    return min(found, key=lambda plan: plan.cost)


def _check_procedural(queued: bool) -> None:
    if not queued:
        raise ValidationError(
            "run, connectivity",
            "'procedural' with spikes that act without delay, or delays very far apart",
            f"delays of at least a step that differ by at most {2**_MOST_QUEUES:,} steps",
            "use connectivity='stored'",
        )


def is_procedural(edge: EdgeProgram) -> bool:
    """Whether a projection's synapses can be computed: they follow rules, not lists."""
    kinds = (edge.weight.kind, edge.delay.kind, edge.dendritic.kind)
    return edge.rule.kind != EXPLICIT and ARRAY not in kinds


def _channels(program: Program, room: int, procedural: bool = False) -> tuple[Channel, ...]:
    """The channels of all populations, given `room` bits for codes of weights."""
    made: list[Channel] = []
    for k in range(len(program.populations)):
        leaving = [j for j, e in enumerate(program.edges) if e.pre == k and not e.plastic]
        if procedural and (made_up := [j for j in leaving if is_procedural(program.edges[j])]):
            made.append(replace(_channel(program, k, made_up, WORD_BITS), procedural=True))
            leaving = [j for j in leaving if j not in made_up]
        if leaving:
            made += _stored_channels(program, k, leaving, room)
    return tuple(sorted(made, key=lambda c: not c.narrow))


def _stored_channels(program: Program, k: int, leaving: list[int], room: int) -> list[Channel]:
    joint = _channel(program, k, leaving, room)
    if joint.narrow:
        return [joint]
    constants: dict[int, list[int]] = {}
    for j in leaving:
        edge = program.edges[j]
        if edge.weight.kind == CONSTANT:
            quanta = int(to_quanta(edge.weight.params[0], edge.quantum))
            constants.setdefault(quanta, []).append(j)
    rest = [j for j in leaving if program.edges[j].weight.kind != CONSTANT]
    groups = [*constants.values(), rest] if len(constants) <= _MOST_SHARED else [leaving]
    return [_channel(program, k, group, room) for group in groups if group]


def _channel(program: Program, k: int, members: list[int], room: int) -> Channel:
    edges = [program.edges[j] for j in members]
    ranges = [_range_of_weights(e) for e in edges]
    base = min(low for low, _, _ in ranges)
    step = math.gcd(*(s for _, _, s in ranges), *(low - base for low, _, _ in ranges))
    top = max(high for _, high, _ in ranges)
    bits = ((top - base) // step).bit_length() if step else 0
    narrow = bits <= room
    least, most = min(e.min_delay for e in edges), max(e.max_delay for e in edges)
    if not narrow:
        base, step = 0, 1
    return Channel(k, tuple(members), least, most, base, step, bits, narrow)


def _range_of_weights(edge: EdgeProgram) -> tuple[int, int, int]:
    """Least and greatest weight in quanta, and a measure of which all are whole multiples apart."""
    spec, quantum = edge.weight, edge.quantum
    low, high, _, _ = greatest(spec)
    first, last = int(to_quanta(low, quantum)), int(to_quanta(high, quantum))
    if spec.kind == TABLE:
        measure = spec.params[1] / quantum
        return first, last, int(measure) if measure >= 1 else 1
    if spec.kind == ARRAY and spec.array.size <= _MOST_SEARCHED:
        quanta = np.unique(np.rint(spec.array / quantum).astype(np.int64))
        return first, last, int(np.gcd.reduce(quanta - first)) if len(quanta) else 0
    return first, last, 0 if first == last else 1


def _cost(
    program: Program, channels: tuple[Channel, ...], count: int, size: int, width_bits: int
) -> float:
    """Expected nanoseconds for each synaptic event, if all sources are equally active."""
    add = _by_size(_ADD, (size << width_bits) * np.dtype(program.accumulator).itemsize)
    total = events = 0.0
    bucket = _by_size(_BUCKET, _bytes_of_synapses(program, channels) / count)
    for channel in channels:
        edges = [program.edges[j] for j in channel.edges]
        expected = sum(e.expected_edges for e in edges)
        groups = max(1.0, max(_spread(e) for e in edges) / 2**width_bits)
        length = expected / program.populations[channel.pre].size / count / groups
        events += expected
        total += expected * (add + (0.0 if channel.narrow else _WIDE)) + bucket * (
            expected / max(length, 1e-9)
        )
    return total / events if events else add


def _queue_cost(program: Program, channels: tuple[Channel, ...], count: int, size: int) -> float:
    """Expected nanoseconds for each event that goes through a queue."""
    add = _by_size(_ADD, size * np.dtype(program.accumulator).itemsize)
    rows = sum(program.populations[c.pre].size for c in channels)
    edges = sum(program.edges[j].expected_edges for c in channels for j in c.edges)
    row = _by_size(_BUCKET, _bytes_of_synapses(program, channels) / count)
    cost = _QUEUE + min(add, _QUEUE_ADD) + row * rows * count / max(edges, 1.0)
    return cost + (_GENERATE if any(c.procedural for c in channels) else 0.0)


def _bytes_of_synapses(program: Program, channels: tuple[Channel, ...]) -> float:
    wide = 2 * np.dtype(program.accumulator).itemsize
    return sum(
        program.edges[j].expected_edges * (4 if c.narrow else wide)
        for c in channels
        for j in c.edges
        if not c.procedural
    )


def _by_size(costs: tuple[tuple[int, float], ...], size: float) -> float:
    """The cost at a size between those measured."""
    sizes, found = zip(*costs)
    return float(np.interp(math.log2(size + 1), np.log2(sizes), found))


def _spread(edge: EdgeProgram) -> float:
    """Over how many steps most of the delays are spread."""
    sd = math.hypot(greatest(edge.delay)[3], greatest(edge.dendritic)[3]) / edge.dt
    span = edge.max_delay - edge.min_delay + 1
    varied = ARRAY in (edge.delay.kind, edge.dendritic.kind)
    return float(span) if varied or sd == 0 else min(span, 1.0 + 4.0 * sd)
