"""What happens to packets that branch, event by event."""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit
from .branches import AGAIN, AROUND, NONE, QUEUE, THROWN, Branches, Sent, State, TreeSettings
from .scheduler import pop, push

__all__ = ["run"]


@njit(cache=True, nogil=True)
def run(
    trees: Branches, sent: Sent, settings: TreeSettings, s: State, finished: np.ndarray,
    begun: np.ndarray, lost: np.ndarray, loads: np.ndarray, free: np.ndarray,
    buffered: np.ndarray, counts: np.ndarray,
) -> int:  # fmt: skip
    """The loop over events: packets cross, cores end, timers ring, software sends again."""
    items, cores, links = len(s.at), len(s.idle), len(s.busy)
    done, poke, ring = items, items + cores, items + 2 * cores
    open_, again = ring + links, ring + 2 * links
    waited = 0
    _begin(sent, s, done, poke, open_)
    while True:
        now, what = pop(s.queue)
        if what < 0:
            break
        arrived, core = NONE, NONE
        if what < done:
            link = s.at[what]
            free[link] = now
            waited += _release(link, now, settings, s, loads)
            arrived = _crossed(what, now, trees, settings, s, loads, counts, ring)
        elif what < poke:
            core = what - done
            s.idle[core] = True
            finished[core] = max(finished[core], now)
            if s.doing[core] >= 0:
                arrived = s.first_item[s.doing[core]]
        elif what < ring:
            core = what - poke
        elif what < open_:
            waited += _rings(what - ring, now, trees, settings, s, lost, loads, counts, ring, again)
        elif what < again:
            free[what - open_] = now
            waited += _release(what - open_, now, settings, s, loads)
        else:
            item = what - again
            _request(item, s.at[item], now, settings, s, loads, counts, ring)
        if arrived != NONE:
            _arrive(arrived, now, trees, settings, s, lost, loads, buffered, counts,
                    ring, poke)  # fmt: skip
        if core != NONE and s.idle[core]:
            _work(core, now, sent, s, begun, done)
    return waited


@njit(cache=True, nogil=True, inline="always")
def _begin(sent: Sent, s: State, done: int, poke: int, open_: int) -> None:
    """Links and cores that are still busy, and all others' first look at what there is to do."""
    for link in range(len(s.busy)):
        if sent.links[link] > 0:
            s.busy[link] = True
            push(s.queue, sent.links[link], open_ + link)
    for core in range(len(s.idle)):
        if sent.cores[core] > 0:
            s.idle[core] = False
            push(s.queue, sent.cores[core], done + core)
        else:
            push(s.queue, 0, poke + core)


@njit(cache=True, nogil=True, inline="always")
def _request(
    item: int, link: int, now: int, settings: TreeSettings, s: State, loads: np.ndarray,
    counts: np.ndarray, ring: int,
) -> None:  # fmt: skip
    """A packet wants a link: it takes it, or waits for it."""
    s.at[item] = link
    if not s.busy[link]:
        s.busy[link] = True
        loads[link] += 1
        push(s.queue, now + settings.crossing, item)
        return
    s.since[item], s.waiting[item], s.after[item] = now, True, NONE
    if s.heads[link] == NONE:
        s.heads[link] = item
    else:
        s.after[s.tails[link]] = item
    s.tails[link] = item
    s.lengths[link] += 1
    counts[QUEUE] = max(counts[QUEUE], s.lengths[link])
    if not s.timer[link]:
        s.timer[link] = True
        push(s.queue, now + settings.wait, ring + link)


@njit(cache=True, nogil=True, inline="always")
def _leave(link: int, now: int, s: State) -> int:
    """Take the first packet out of the queue of a link; how long it has waited."""
    item = s.heads[link]
    s.heads[link] = s.after[item]
    s.lengths[link] -= 1
    s.waiting[item] = False
    return int(now - s.since[item])


@njit(cache=True, nogil=True, inline="always")
def _release(link: int, now: int, settings: TreeSettings, s: State, loads: np.ndarray) -> int:
    """Let the next packet onto a link that has become free; how long it has waited."""
    item = s.heads[link]
    if item == NONE:
        s.busy[link] = False
        return 0
    loads[link] += 1
    push(s.queue, now + settings.crossing, item)
    return _leave(link, now, s)


@njit(cache=True, nogil=True, inline="always")
def _crossed(
    item: int, now: int, trees: Branches, settings: TreeSettings, s: State, loads: np.ndarray,
    counts: np.ndarray, ring: int,
) -> int:  # fmt: skip
    """A packet is at the end of a link: the item that has arrived, -1 halfway round a triangle."""
    if s.phase[item] != 1:
        return item
    s.phase[item] = 2
    counts[AROUND] += 1
    second = trees.second[_link_of(item, trees, s)]
    _request(item, second, now, settings, s, loads, counts, ring)
    return NONE


@njit(cache=True, nogil=True, inline="always")
def _link_of(item: int, trees: Branches, s: State) -> int:
    """The link that a packet is to take by its tree."""
    packet = s.packet[item]
    return int(trees.link[s.root[packet] + item - s.first_item[packet]])


@njit(cache=True, nogil=True, inline="always")
def _rings(
    link: int, now: int, trees: Branches, settings: TreeSettings, s: State, lost: np.ndarray,
    loads: np.ndarray, counts: np.ndarray, ring: int, again: int,
) -> int:  # fmt: skip
    """Packets that have waited long enough for a link go round it, or are dropped."""
    waited = 0
    while s.heads[link] != NONE and s.since[s.heads[link]] + settings.wait <= now:
        item = s.heads[link]
        waited += _leave(link, now, s)
        own = _link_of(item, trees, s)
        if s.phase[item] == 0 and settings.around and trees.via[own] >= 0:
            s.phase[item] = 1
            _request(item, trees.via[own], now, settings, s, loads, counts, ring)
        elif settings.again >= 0:
            s.phase[item], s.at[item] = 0, own
            counts[AGAIN] += 1
            push(s.queue, now + settings.again, again + item)
        else:
            counts[THROWN] += 1
            _throw(item, trees, s, lost)
    if s.heads[link] == NONE:
        s.timer[link] = False
    else:
        push(s.queue, s.since[s.heads[link]] + settings.wait, ring + link)
    return waited


@njit(cache=True, nogil=True, inline="always")
def _throw(item: int, trees: Branches, s: State, lost: np.ndarray) -> None:
    """A packet is lost, for all cores behind it."""
    packet = s.packet[item]
    first, root = s.first_item[packet], s.root[packet]
    given = s.first_give[packet] - trees.gives[root]
    s.thrown[item] = True
    for k in range(item, s.first_item[packet + 1]):
        node = root + k - first
        if k > item and s.thrown[first + trees.parent[node] - root]:
            s.thrown[k] = True
        if s.thrown[k]:
            for g in range(trees.gives[node], trees.gives[node + 1]):
                lost[given + g] = True


@njit(cache=True, nogil=True, inline="always")
def _arrive(
    item: int, now: int, trees: Branches, settings: TreeSettings, s: State,
    lost: np.ndarray, loads: np.ndarray, buffered: np.ndarray, counts: np.ndarray, ring: int,
    poke: int,
) -> None:  # fmt: skip
    """A packet is at a router: it goes on by all links of its tree, and to cores."""
    packet = s.packet[item]
    root = s.root[packet]
    node = root + item - s.first_item[packet]
    for k in range(trees.children[node]):
        child = trees.child[node] + k
        at = s.first_item[packet] + child - root
        _request(at, trees.link[child], now, settings, s, loads, counts, ring)
    for g in range(trees.gives[node], trees.gives[node + 1]):
        core, give = trees.core[g], s.first_give[packet] + g - trees.gives[root]
        if s.held[core] >= settings.buffer:
            lost[give] = True
            continue
        s.held[core] += 1
        buffered[core] = max(buffered[core], s.held[core])
        s.buffer_after[give] = NONE
        if s.buffer_heads[core] == NONE:
            s.buffer_heads[core] = give
        else:
            s.buffer_after[s.buffer_tails[core]] = give
        s.buffer_tails[core] = give
        push(s.queue, now, poke + core)


@njit(cache=True, nogil=True, inline="always")
def _work(core: int, now: int, sent: Sent, s: State, begun: np.ndarray, done: int) -> None:
    """A core that is idle takes the next thing, if there is any."""
    s.doing[core] = NONE
    give = s.buffer_heads[core]
    if give != NONE:
        s.buffer_heads[core] = s.buffer_after[give]
        s.held[core] -= 1
        s.idle[core], begun[give] = False, now
        push(s.queue, now + sent.work[give], done + core)
    elif s.next[core] < sent.starts[core + 1]:
        s.doing[core] = s.next[core]
        s.next[core] += 1
        s.idle[core] = False
        push(s.queue, now + sent.before[s.doing[core]], done + core)
    elif not s.ended[core]:
        s.ended[core], s.idle[core] = True, False
        push(s.queue, now + sent.rest[core], done + core)
