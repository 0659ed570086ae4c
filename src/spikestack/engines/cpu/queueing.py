"""Delivery through queues, for networks whose accumulators or synapses outgrow the caches.

A spike's whole row of synapses is read (or computed) once, in order, and every synapse appended to
the queue of the step in which it arrives; a step then adds its queue to the accumulators. Memory is
only ever read and written in sequence, but for the accumulators of one step, so that the cost of an
event hardly depends on how many neurons there are and how far delays spread. A queue is a chain of
chunks from a common pool.
"""

# mypy: disable-error-code="call-arg"
from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ...program.program import Program
from .delivery import CARRIES, FIRST_GROUP, FIRST_ROW, GROUPS, NARROW, POPULATION
from .intrinsics import prefetch
from .plan import Plan
from .procedural import FIRST, LAST, generate

__all__ = ["CHUNK", "Queue", "chunks_needed", "drain", "enqueue", "grown", "new_queue", "requeue"]

#: ``words[at]`` is one synaptic event: the accumulator's place in its block, and above `block_bits`
#: bits a code of the weight, ``base + step * code``; in a two-column array the two apart. There is
#: a queue for each step and block of accumulators: ``links[c]`` is the chunk after chunk c,
#: ``heads[b]`` the first chunk of queue b or -1, ``ends[b]`` where its next word goes, ``free`` the
#: first free chunk and the number of free ones. ``recode[c]`` makes codes of channel c codes of the
#: queue: (base, step).
Queue = namedtuple("Queue", "words links heads ends free recode base step block_bits blocks span")

CHUNK = 1024
_BITS = 10
_LINE = 16
#: Accumulators that a queue is for, at most: what the processor's caches hold while it is added.
_BLOCK_BITS = 20


def new_queue(plan: Plan, program: Program) -> Queue:
    """Empty queues for one partition."""
    size = 1 << plan.index_bits
    block_bits = min(plan.index_bits, _BLOCK_BITS)
    blocks, span = size >> block_bits, 1 << plan.width_bits
    base, step, bits = _common_code(plan)
    carries = any(program.populations[c.pre].emit_type != "none" for c in plan.channels)
    # Codes of channels with two numbers for each synapse are weights, which may be negative.
    unsigned = all(c.narrow for c in plan.channels)
    narrow = unsigned and not carries and bits + block_bits <= 32
    if not narrow:
        base, step = 0, 1
    recode = np.array(
        [((c.base - base) // step, c.step // step) for c in plan.channels], dtype=np.int64
    )
    queue = Queue(
        np.empty(0, np.uint32) if narrow else np.empty((0, 2), program.accumulator),
        np.empty(0, np.int64),
        np.full(span * blocks, -1, np.int64),
        np.zeros(span * blocks, np.int64),
        np.array([-1, 0], np.int64),
        recode.reshape(-1, 2),
        *(base, step, block_bits, blocks, span),
    )
    return grown(queue, 2 * span * blocks)


def _common_code(plan: Plan) -> tuple[int, int, int]:
    """Base and step of which all channels' weights are made, and the bits that codes then take."""
    channels = plan.channels
    base = min((c.base for c in channels), default=0)
    step = math.gcd(*(c.step for c in channels), *(c.base - base for c in channels))
    top = max((c.base + c.step * ((1 << c.code_bits) - 1) for c in channels), default=0)
    return base, max(step, 1), ((top - base) // max(step, 1)).bit_length()


def grown(queue: Queue, chunks: int) -> Queue:
    """The queue with at least `chunks` free chunks."""
    more = chunks - int(queue.free[1])
    if more <= 0:
        return queue
    old = len(queue.links)
    more = max(more, old // 2)
    words = np.empty(((old + more) * CHUNK, *queue.words.shape[1:]), queue.words.dtype)
    words[: old * CHUNK] = queue.words
    links = np.concatenate([queue.links, np.arange(old + 1, old + more + 1)])
    links[-1] = queue.free[0]
    free = np.array([old, queue.free[1] + more], np.int64)
    return queue._replace(words=words, links=links, free=free)


@njit(cache=True, error_model="numpy")
def _new_chunk(queue: Any, b: int) -> int:
    """Chain a free chunk to queue b; return where its first word goes."""
    chunk = queue.free[0]
    queue.free[0], queue.free[1] = queue.links[chunk], queue.free[1] - 1
    queue.links[chunk] = -1
    if queue.heads[b] < 0:
        queue.heads[b] = chunk
    else:
        queue.links[(queue.ends[b] - 1) >> _BITS] = chunk
    return chunk << _BITS


@njit(cache=True, error_model="numpy", forceinline=True)
def _put(words: Any, at: int, place: int, code: int, bits: int) -> None:
    i = np.uint64(at)
    if words.ndim == 1:
        words[i] = np.uint32((code << bits) | place)
    else:
        words[i, 0], words[i, 1] = place, code


@njit(cache=True, error_model="numpy")
def _append_row(
    table: Any, queue: Any, c: int, rows: Any, step: int, value: float, after: int
) -> None:
    """Append a stored row whose shortest delay ends in `step`; only what arrives past `after`.

    `rows` is (this row, the next one), of which the latter is fetched from memory meanwhile.
    """
    channels, words, ends = table.channels, queue.words, queue.ends
    narrow, wide = table.narrow, table.wide
    carries, is_narrow = channels[c, CARRIES], channels[c, NARROW]
    base, scale, bits = queue.recode[c, 0], queue.recode[c, 1], queue.block_bits
    span, blocks, inside = queue.span - 1, queue.blocks, (np.int64(1) << queue.block_bits) - 1
    within = (np.uint64(1) << np.uint64(table.place_bits)) - np.uint64(1)
    shift, index_bits = np.uint64(table.place_bits), np.int64(table.index_bits)
    low = (np.int64(1) << index_bits) - 1
    first, last = table.rows[rows[0]], table.rows[rows[0] + 1]
    ahead = table.rows[rows[1]] - first
    for line in range(first, last, _LINE):
        if is_narrow:
            prefetch(narrow, line + ahead)
        else:
            prefetch(wide, 2 * (line + ahead))
            prefetch(wide, 2 * (line + ahead) + _LINE)
        for e in range(line, min(line + _LINE, last)):
            if is_narrow:
                word = np.uint64(narrow[e])
                place, code = np.int64(word & within), base + scale * np.int64(word >> shift)
            else:
                place, code = np.int64(wide[e, 0]), base + scale * np.int64(wide[e, 1])
            if carries:
                code = np.int64(np.rint(np.float64(code) * value))
            arrival, index = step + (place >> index_bits), place & low
            if arrival > after:
                b = np.uint64((arrival & span) * blocks + (index >> bits))
                at = ends[b]
                if at & (CHUNK - 1) == 0:
                    at = _new_chunk(queue, np.int64(b))
                _put(words, at, index & inside, code, bits)
                ends[b] = at + 1


@njit(cache=True, error_model="numpy")
def _append_made(
    table: Any, queue: Any, rules: Any, c: int, i: int, step: int, value: float, after: int
) -> None:
    """Compute the row of a source and append it, as `_append_row` does a stored one."""
    channels, words, ends = table.channels, queue.words, queue.ends
    targets, codes, steps = rules.targets, rules.codes, rules.steps
    carries, bits = channels[c, CARRIES], queue.block_bits
    base, scale = queue.recode[c, 0], queue.recode[c, 1]
    span, blocks, inside = queue.span - 1, queue.blocks, (np.int64(1) << queue.block_bits) - 1
    first = step - table.delays[channels[c, FIRST_GROUP]]
    for j in range(rules.of_channel[c, FIRST], rules.of_channel[c, LAST]):
        count = generate(rules, j, i)
        for e in range(count):
            index, code = targets[e], base + scale * codes[e]
            if carries:
                code = np.int64(np.rint(np.float64(code) * value))
            arrival = first + steps[e]
            if index >= 0 and arrival > after:
                b = np.uint64((arrival & span) * blocks + (index >> bits))
                at = ends[b]
                if at & (CHUNK - 1) == 0:
                    at = _new_chunk(queue, np.int64(b))
                _put(words, at, index & inside, code, bits)
                ends[b] = at + 1


@njit(cache=True, error_model="numpy")
def enqueue(table: Any, queue: Any, rules: Any, log: Any, step: int, slot: int) -> None:
    """Append the rows of spikes whose shortest delay is over in `step`, logged in `slot`.

    `rules` is None where all synapses are stored.
    """
    channels, starts, ids = table.channels, log.starts, log.ids
    for c in range(len(channels)):
        if channels[c, GROUPS] == 0:
            continue
        k, row = channels[c, POPULATION], channels[c, FIRST_ROW]
        past = slot - table.delays[channels[c, FIRST_GROUP]]
        for q in range(starts.shape[0]):
            end = starts[q, past, k + 1]
            for s in range(starts[q, past, k], end):
                i, value = np.int64(ids[q, s]), 1.0
                if channels[c, CARRIES]:
                    value = np.float64(log.values[q, s])
                if rules is not None and rules.of_channel[c, FIRST] >= 0:
                    _append_made(table, queue, rules, c, i, step, value, step - 1)
                    continue
                following = np.int64(ids[q, s + 1]) if s + 1 < end else i
                rows = (row + i, row + following)
                _append_row(table, queue, c, rows, step, value, step - 1)


@njit(cache=True, error_model="numpy")
def drain(queue: Any, acc: Any, step: int) -> None:
    """Add the queues of a step to the accumulators and give their chunks back."""
    heads, ends, links, free = queue.heads, queue.ends, queue.links, queue.free
    for block in range(queue.blocks):
        b = (step & (queue.span - 1)) * queue.blocks + block
        start, chunk = block << queue.block_bits, heads[b]
        while chunk >= 0:
            following, first = links[chunk], chunk << _BITS
            end = first + CHUNK if following >= 0 else ends[b]
            _add_words(
                queue.words, first, end, acc, start, queue.block_bits, queue.base, queue.step
            )
            links[chunk] = free[0]
            free[0], free[1] = chunk, free[1] + 1
            chunk = following
        heads[b], ends[b] = -1, 0


@njit(cache=True, error_model="numpy")
def _add_words(
    words: Any, first: int, end: int, acc: Any, start: int, bits: int, base: int, step: int
) -> None:
    if words.ndim == 1:
        inside, shift = (np.uint64(1) << np.uint64(bits)) - np.uint64(1), np.uint64(bits)
        for e in range(first, end):
            word = np.uint64(words[np.uint64(e)])
            acc[np.uint64(start) + (word & inside)] += base + step * np.int64(word >> shift)
    else:
        for e in range(first, end):
            acc[np.uint64(start) + np.uint64(words[np.uint64(e), 0])] += words[np.uint64(e), 1]


@njit(cache=True, error_model="numpy")
def chunks_needed(table: Any, queue: Any, rules: Any, log: Any, slot: int) -> int:
    """A bound on the chunks that the step after the one logged in `slot` will fill."""
    channels, words = table.channels, 0
    for c in range(len(channels)):
        if channels[c, GROUPS] == 0:
            continue
        k, row = channels[c, POPULATION], channels[c, FIRST_ROW]
        past = slot + 1 - table.delays[channels[c, FIRST_GROUP]]
        for q in range(log.starts.shape[0]):
            first, end = log.starts[q, past, k], log.starts[q, past, k + 1]
            if rules is not None and rules.of_channel[c, FIRST] >= 0:
                words += (end - first) * rules.longest[c]
                continue
            for s in range(first, end):
                i = row + np.int64(log.ids[q, s])
                words += table.rows[i + 1] - table.rows[i]
    return (words >> _BITS) + len(queue.heads)


@njit(cache=True, error_model="numpy")
def requeue(table: Any, queue: Any, rules: Any, log: Any, done: int, history: int) -> None:
    """Queue what spikes in flight bring after step `done`, the last of `history` logged steps."""
    for c in range(len(table.channels)):
        facts = table.channels[c]
        if facts[GROUPS] == 0:
            continue
        k, delay = facts[POPULATION], table.delays[facts[FIRST_GROUP]]
        for slot in range(1, history):
            step = done - (history - 1 - slot) + delay
            if step > done:
                continue
            for q in range(log.starts.shape[0]):
                for s in range(log.starts[q, slot, k], log.starts[q, slot, k + 1]):
                    i, value = np.int64(log.ids[q, s]), 1.0
                    if facts[CARRIES]:
                        value = np.float64(log.values[q, s])
                    if rules is not None and rules.of_channel[c, FIRST] >= 0:
                        _append_made(table, queue, rules, c, i, step, value, done)
                    else:
                        row = facts[FIRST_ROW] + i
                        _append_row(table, queue, c, (row, row), step, value, done)
