"""One step of a chip, packet by packet: links, cores that receive, buffers that fill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.compiling import njit
from .scheduler import pop, push, scheduler

__all__ = ["Packets", "Step", "simulate"]

_NONE = -1
# What is known of packets, links and cores while a step runs, a column of a table each: rows are
# near in memory, and compiled functions take three arrays in place of thirty.
#: Of a packet: its ends, times, the part of its way before it, since when it waits, who is behind
#: it, results, how many links it takes.
_SOURCE, _TARGET, _BEFORE, _WORK, _AT, _END, _SINCE, _AFTER, _WAITED, _DROPPED, _WAY = range(11)
#: Of a link.
_HEAD, _TAIL, _BUSY, _LENGTH, _TIME, _LOAD = range(6)
#: Of a core: first and last of those that it is to send, that wait in its buffer, that wait for
#: room in it; what is in the buffer; the packet that goes out next; whether it is idle, waits until
#: one that it sent has come, has done all; the time for what is last; results.
_SENDS, _BUFFER, _STALLED, _HELD, _DOING, _IDLE, _WAITS, _ENDED = 0, 2, 4, 6, 7, 8, 9, 10
_REST, _FINISHED, _MOST = 11, 12, 13
#: Of all: room of a buffer, whether packets are lost, whether cores go on; the longest queue.
_CAPACITY, _DROPS, _PIPELINED, _LONGEST = range(4)


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
    count, cores = len(packets.source), len(rest)
    queue = scheduler(4 * count + 4 * cores + 16)
    of_packets = np.zeros((count, 11), np.int64)
    columns = (packets.source, packets.target, packets.before, packets.work, packets.starts[:-1],
               packets.starts[1:])  # fmt: skip
    for column, values in enumerate(columns):
        of_packets[:, column] = values
    of_packets[:, _WAY] = np.diff(packets.starts)
    of_links, of_cores = np.zeros((len(times), 6), np.int64), np.zeros((cores, 14), np.int64)
    of_links[:, _TIME], of_links[:, _HEAD] = times, _NONE
    of_cores[:, [_SENDS, _BUFFER, _STALLED, _DOING]] = _NONE
    of_cores[:, _IDLE], of_cores[:, _ENDED], of_cores[:, _REST] = 1, rest <= 0, rest
    of_all = np.array([capacity, drops, pipelined, 0], np.int64)
    _run(queue, packets.links, of_packets, of_links, of_cores, of_all)
    return Step(
        of_cores[:, _FINISHED], of_packets[:, _DROPPED] > 0, of_packets[:, _WAITED],
        of_links[:, _LOAD], int(of_all[_LONGEST]), of_cores[:, _MOST],
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _append(item: int, line: np.ndarray, first: int, packets: np.ndarray) -> None:
    """Put a packet at the end of a queue, whose first and last stand at `first` of a row."""
    packets[item, _AFTER] = _NONE
    if line[first] == _NONE:
        line[first] = item
    else:
        packets[line[first + 1], _AFTER] = item
    line[first + 1] = item


@njit(cache=True, nogil=True)
def _first(line: np.ndarray, first: int, packets: np.ndarray) -> int:
    item = line[first]
    line[first] = packets[item, _AFTER]
    return int(item)


@njit(cache=True, nogil=True)
def _run(
    queue: np.ndarray, ways: np.ndarray, packets: np.ndarray, links: np.ndarray,
    cores: np.ndarray, every: np.ndarray,
) -> None:  # fmt: skip
    """The loop over events: packets move on, cores end, cores are poked."""
    count, ends = len(packets), len(packets) + len(cores)
    for p in range(count):
        if packets[p, _SOURCE] >= 0:
            _append(p, cores[packets[p, _SOURCE]], _SENDS, packets)
    for core in range(len(cores)):
        push(queue, 0, ends + core)
    for p in range(count):
        if packets[p, _SOURCE] < 0:
            packets[p, _AT] = packets[p, _END]
            push(queue, 0, p)
    while True:
        now, what = pop(queue)
        if what < 0:
            break
        arrived, core = _NONE, _NONE
        if what < count:
            arrived = _moved(what, now, queue, ways, packets, links, every)
        elif what < ends:
            core = what - count
            arrived = _ended(cores[core], now, queue, ways, packets, links, every)
        else:
            core = what - ends
        if arrived != _NONE:
            _arrive(arrived, now, queue, ways, packets, links, cores, every)
        if core != _NONE and cores[core, _IDLE]:
            _work(core, now, queue, ways, packets, links, cores)


@njit(cache=True, nogil=True)
def _moved(
    p: int, now: int, queue: np.ndarray, ways: np.ndarray, packets: np.ndarray,
    links: np.ndarray, every: np.ndarray,
) -> int:  # fmt: skip
    """A packet is at the end of a link: it goes on, or has arrived; then it keeps the link."""
    link = _NONE
    if packets[p, _AT] < packets[p, _END]:
        link = ways[packets[p, _AT]]
        packets[p, _AT] += 1
    if packets[p, _AT] == packets[p, _END]:
        return p
    _release(links[link], now, queue, packets)
    _go(p, now, queue, ways, packets, links, every)
    return _NONE


@njit(cache=True, nogil=True)
def _ended(
    core: np.ndarray, now: int, queue: np.ndarray, ways: np.ndarray, packets: np.ndarray,
    links: np.ndarray, every: np.ndarray,
) -> int:  # fmt: skip
    """A core has done something: a packet of its own goes out, and has arrived if it is there."""
    core[_IDLE] = 1
    core[_FINISHED] = max(core[_FINISHED], now)
    p = core[_DOING]
    if p < 0:
        return _NONE
    if not every[_PIPELINED]:
        core[_WAITS] = 1
    if packets[p, _AT] == packets[p, _END]:
        return int(p)
    _go(p, now, queue, ways, packets, links, every)
    return _NONE


@njit(cache=True, nogil=True)
def _go(
    p: int, now: int, queue: np.ndarray, ways: np.ndarray, packets: np.ndarray,
    links: np.ndarray, every: np.ndarray,
) -> None:  # fmt: skip
    """A packet wants its next link: it takes it, or waits for it."""
    link = links[ways[packets[p, _AT]]]
    link[_LOAD] += 1
    if link[_BUSY]:
        packets[p, _SINCE] = now
        _append(p, link, _HEAD, packets)
        link[_LENGTH] += 1
        every[_LONGEST] = max(every[_LONGEST], link[_LENGTH])
        return
    link[_BUSY] = 1
    push(queue, now + link[_TIME], p)


@njit(cache=True, nogil=True)
def _release(link: np.ndarray, now: int, queue: np.ndarray, packets: np.ndarray) -> None:
    """Let the next packet onto a link that has become free."""
    if link[_HEAD] == _NONE:
        link[_BUSY] = 0
        return
    p = _first(link, _HEAD, packets)
    link[_LENGTH] -= 1
    packets[p, _WAITED] += now - packets[p, _SINCE]
    push(queue, now + link[_TIME], p)


@njit(cache=True, nogil=True)
def _arrive(
    p: int, now: int, queue: np.ndarray, ways: np.ndarray, packets: np.ndarray,
    links: np.ndarray, cores: np.ndarray, every: np.ndarray,
) -> None:  # fmt: skip
    """A packet is at its target: it is taken into the buffer, waits for room, or is lost."""
    core = cores[packets[p, _TARGET]]
    full = core[_HELD] >= every[_CAPACITY]
    if full and not (every[_DROPS] and packets[p, _SOURCE] >= 0):
        packets[p, _SINCE] = now
        _append(p, core, _STALLED, packets)
        return
    if full:
        packets[p, _DROPPED] = 1
    else:
        _take(p, core, packets)
    _done(p, now, queue, ways, packets, links, cores)
    if not full:
        push(queue, now, len(packets) + len(cores) + packets[p, _TARGET])


@njit(cache=True, nogil=True)
def _take(p: int, core: np.ndarray, packets: np.ndarray) -> None:
    """Put a packet into a buffer."""
    core[_HELD] += 1
    core[_MOST] = max(core[_MOST], core[_HELD])
    _append(p, core, _BUFFER, packets)


@njit(cache=True, nogil=True)
def _done(
    p: int, now: int, queue: np.ndarray, ways: np.ndarray, packets: np.ndarray,
    links: np.ndarray, cores: np.ndarray,
) -> None:  # fmt: skip
    """A packet has arrived or is lost: its last link is free, its sender may go on."""
    source = packets[p, _SOURCE]
    if source < 0:
        return
    core = cores[source]
    # A way without links keeps none: such a packet was never on one.
    if packets[p, _WAY]:
        _release(links[ways[packets[p, _END] - 1]], now, queue, packets)
    core[_FINISHED] = max(core[_FINISHED], now)
    if core[_WAITS]:
        core[_WAITS] = 0
        push(queue, now, len(packets) + len(cores) + source)


@njit(cache=True, nogil=True)
def _work(
    core: int, now: int, queue: np.ndarray, ways: np.ndarray, packets: np.ndarray,
    links: np.ndarray, cores: np.ndarray,
) -> None:  # fmt: skip
    """A core that is idle takes the next thing: a packet that waits, or its own neurons."""
    own, end = cores[core], len(packets) + core
    if own[_BUFFER] != _NONE:
        p = _first(own, _BUFFER, packets)
        own[_HELD] -= 1
        own[_IDLE], own[_DOING] = 0, _NONE
        push(queue, now + packets[p, _WORK], end)
        if own[_STALLED] != _NONE:
            q = _first(own, _STALLED, packets)
            packets[q, _WAITED] += now - packets[q, _SINCE]
            _take(q, own, packets)
            _done(q, now, queue, ways, packets, links, cores)
    elif own[_WAITS]:
        return
    elif own[_SENDS] != _NONE:
        p = _first(own, _SENDS, packets)
        own[_IDLE], own[_DOING] = 0, p
        push(queue, now + packets[p, _BEFORE], end)
    elif not own[_ENDED]:
        own[_ENDED], own[_IDLE], own[_DOING] = 1, 0, _NONE
        push(queue, now + own[_REST], end)
