"""One step of a chip, packet by packet: links, cores that receive, buffers that fill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.compiling import njit
from .scheduler import pop, push, scheduler

__all__ = ["Packets", "Step", "simulate"]

_NONE = -1


@dataclass(frozen=True)
class Packets:
    """The packets of a step, those of a core in the order in which it sends them.

    Attributes
    ----------
    source, target
        Cores; -1 for the host, whose packets are there from the beginning (int64).
    before
        What the source does before it sends each, in ps (int64).
    work
        What the target does about each, in ps (int64).
    starts, links
        The ways: packet p takes ``links[starts[p]:starts[p + 1]]``.
    """

    source: np.ndarray
    target: np.ndarray
    before: np.ndarray
    work: np.ndarray
    starts: np.ndarray
    links: np.ndarray


@dataclass(frozen=True)
class Step:
    """What came of a step.

    Attributes
    ----------
    finished
        When each core has done all, and all that it sent has arrived, in ps (int64).
    dropped
        Which packets were lost.
    waited
        How long each packet waited for links and buffers, in ps (int64).
    loads
        Packets over each link (int64).
    queue, buffered
        The longest queue at any link, the most spikes in each core's buffer.
    """

    finished: np.ndarray
    dropped: np.ndarray
    waited: np.ndarray
    loads: np.ndarray
    queue: int
    buffered: np.ndarray


def simulate(
    packets: Packets,
    rest: np.ndarray,
    times: np.ndarray,
    capacity: int,
    drops: bool,
    pipelined: bool,
) -> Step:
    """Run one step.

    A core does one thing at a time: what waits in its buffer first, then its own neurons. Links
    carry one packet at a time, others wait in order of arrival. A packet whose target has a full
    buffer is lost, or keeps its last link until there is room.

    Parameters
    ----------
    packets
        Of the step.
    rest
        What each core has to do after its last packet, in ps (int64).
    times
        Of a packet over each link, in ps (int64).
    capacity
        Spikes that a buffer holds.
    drops
        Whether a packet is lost where a buffer is full.
    pipelined
        Whether a core goes on while its packet travels; if not, as in the simple model of time, it
        waits until the packet is there.
    """
    p = packets
    count = len(p.source)
    queue = scheduler(4 * count + 4 * len(rest) + 16)
    finished, buffered = np.zeros(len(rest), np.int64), np.zeros(len(rest), np.int64)
    loads, waited = np.zeros(len(times), np.int64), np.zeros(count, np.int64)
    dropped = np.zeros(count, np.bool_)
    longest = _simulate(
        p.source, p.target, p.before, p.work, p.starts, p.links, rest, times, capacity, drops,
        pipelined, queue, finished, dropped, waited, loads, buffered,
    )  # fmt: skip
    return Step(finished, dropped, waited, loads, int(longest), buffered)


@njit(cache=True, nogil=True)
def _append(item: int, line: int, heads: np.ndarray, tails: np.ndarray, after: np.ndarray) -> None:
    after[item] = _NONE
    if heads[line] == _NONE:
        heads[line] = item
    else:
        after[tails[line]] = item
    tails[line] = item


@njit(cache=True, nogil=True)
def _first(line: int, heads: np.ndarray, after: np.ndarray) -> int:
    item = heads[line]
    heads[line] = after[item]
    return int(item)


@njit(cache=True, nogil=True)
def _release(
    link: int,
    now: int,
    times: np.ndarray,
    lines: tuple[np.ndarray, np.ndarray, np.ndarray],
    busy: np.ndarray,
    lengths: np.ndarray,
    since: np.ndarray,
    waited: np.ndarray,
    queue: np.ndarray,
) -> None:
    """Let the next packet onto a link that has become free."""
    heads, _, after = lines
    if heads[link] == _NONE:
        busy[link] = False
        return
    p = _first(link, heads, after)
    lengths[link] -= 1
    waited[p] += now - since[p]
    push(queue, now + times[link], p)


@njit(cache=True, nogil=True)
def _lines(count: int, items: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    none = np.full(count, _NONE, np.int64)
    return none, none.copy(), np.full(items, _NONE, np.int64)


@njit(cache=True, nogil=True)
def _simulate(  # noqa: PLR0915 - one loop over events; its state would be passed on otherwise
    source: np.ndarray,
    target: np.ndarray,
    before: np.ndarray,
    work: np.ndarray,
    starts: np.ndarray,
    links: np.ndarray,
    rest: np.ndarray,
    times: np.ndarray,
    capacity: int,
    drops: bool,
    pipelined: bool,
    queue: np.ndarray,
    finished: np.ndarray,
    dropped: np.ndarray,
    waited: np.ndarray,
    loads: np.ndarray,
    buffered: np.ndarray,
) -> int:
    count, cores = len(source), len(rest)
    at = starts[:-1].copy()
    on_links, stalled, buffers = (
        _lines(len(times), count),
        _lines(cores, count),
        _lines(cores, count),
    )
    sending = _lines(cores, count)
    busy_links, lengths = np.zeros(len(times), np.bool_), np.zeros(len(times), np.int64)
    since = np.zeros(count, np.int64)
    held = np.zeros(cores, np.int64)
    # What a core does: nothing, its own work (then which packet goes out), or a packet.
    doing = np.full(cores, _NONE, np.int64)
    idle, waiting, ended = np.ones(cores, np.bool_), np.zeros(cores, np.bool_), rest <= 0
    longest = 0
    for p in range(count):
        if source[p] >= 0:
            _append(p, source[p], sending[0], sending[1], sending[2])
    for c in range(cores):
        push(queue, 0, count + cores + c)
    for p in range(count):
        if source[p] < 0:
            at[p] = starts[p + 1]
            push(queue, 0, p)
    while True:
        now, what = pop(queue)
        if what < 0:
            break
        arrived, core = _NONE, _NONE
        if what < count:
            p = what
            link = links[at[p]] if at[p] < starts[p + 1] else _NONE
            if link != _NONE:
                at[p] += 1
            if at[p] == starts[p + 1]:
                arrived = p
            else:
                _release(link, now, times, on_links, busy_links, lengths, since, waited, queue)
                _go(p, now, links[at[p]], times, on_links, busy_links, lengths, since, loads, queue)
                longest = max(longest, lengths[links[at[p]]])
        elif what < count + cores:
            core = what - count
            idle[core] = True
            finished[core] = max(finished[core], now)
            p = doing[core]
            if p >= 0 and not pipelined:
                waiting[core] = True
            if p >= 0 and starts[p] == starts[p + 1]:
                arrived = p
            elif p >= 0:
                _go(p, now, links[at[p]], times, on_links, busy_links, lengths, since, loads, queue)
                longest = max(longest, lengths[links[at[p]]])
        else:
            core = what - count - cores
        if arrived != _NONE:
            p = arrived
            to = target[p]
            full = held[to] >= capacity
            if full and not (drops and source[p] >= 0):
                since[p] = now
                _append(p, to, stalled[0], stalled[1], stalled[2])
            else:
                if full:
                    dropped[p] = True
                else:
                    held[to] += 1
                    buffered[to] = max(buffered[to], held[to])
                    _append(p, to, buffers[0], buffers[1], buffers[2])
                _done(
                    p,
                    now,
                    source,
                    starts,
                    links,
                    times,
                    on_links,
                    busy_links,
                    lengths,
                    since,
                    waited,
                    waiting,
                    finished,
                    queue,
                    count + cores,
                )
                if not full:
                    push(queue, now, count + cores + to)
        if core == _NONE or not idle[core]:
            continue
        if buffers[0][core] != _NONE:
            p = _first(core, buffers[0], buffers[2])
            held[core] -= 1
            idle[core], doing[core] = False, _NONE
            push(queue, now + work[p], count + core)
            if stalled[0][core] != _NONE:
                q = _first(core, stalled[0], stalled[2])
                waited[q] += now - since[q]
                held[core] += 1
                _append(q, core, buffers[0], buffers[1], buffers[2])
                _done(
                    q,
                    now,
                    source,
                    starts,
                    links,
                    times,
                    on_links,
                    busy_links,
                    lengths,
                    since,
                    waited,
                    waiting,
                    finished,
                    queue,
                    count + cores,
                )
        elif not waiting[core] and sending[0][core] != _NONE:
            p = _first(core, sending[0], sending[2])
            idle[core], doing[core] = False, p
            push(queue, now + before[p], count + core)
        elif not waiting[core] and not ended[core]:
            ended[core], idle[core], doing[core] = True, False, _NONE
            push(queue, now + rest[core], count + core)
    return longest


@njit(cache=True, nogil=True)
def _go(
    p: int,
    now: int,
    link: int,
    times: np.ndarray,
    lines: tuple[np.ndarray, np.ndarray, np.ndarray],
    busy: np.ndarray,
    lengths: np.ndarray,
    since: np.ndarray,
    loads: np.ndarray,
    queue: np.ndarray,
) -> None:
    """A packet wants a link: it takes it, or waits for it."""
    loads[link] += 1
    if busy[link]:
        since[p] = now
        _append(p, link, lines[0], lines[1], lines[2])
        lengths[link] += 1
        return
    busy[link] = True
    push(queue, now + times[link], p)


@njit(cache=True, nogil=True)
def _done(
    p: int,
    now: int,
    source: np.ndarray,
    starts: np.ndarray,
    links: np.ndarray,
    times: np.ndarray,
    lines: tuple[np.ndarray, np.ndarray, np.ndarray],
    busy: np.ndarray,
    lengths: np.ndarray,
    since: np.ndarray,
    waited: np.ndarray,
    waiting: np.ndarray,
    finished: np.ndarray,
    queue: np.ndarray,
    pokes: int,
) -> None:
    """A packet has arrived or is lost: its last link is free, its sender may go on."""
    if source[p] < 0:
        return
    if starts[p + 1] > starts[p]:
        link = links[starts[p + 1] - 1]
        _release(link, now, times, lines, busy, lengths, since, waited, queue)
    finished[source[p]] = max(finished[source[p]], now)
    if waiting[source[p]]:
        waiting[source[p]] = False
        push(queue, now, pokes + source[p])
