"""Better partitions of large graphs by exchange, in memory for pins, not for nodes times parts.

Each net lists the parts that it touches. Nodes note where they would like to go; one that finds a
wish in the other direction changes places with it.
"""

from __future__ import annotations

import numpy as np

from ...engines.cpu.intrinsics import prefetch
from ...numerics.compiling import njit

__all__ = ["exchange", "recorded"]

_FREE = -1
#: How many wishes, and how many nodes at random, are looked at for an exchange.
_WISHES, _TRIED = 16, 4
#: Nets whose records are fetched ahead.
_AHEAD = 12


@njit(cache=True, nogil=True)
def recorded(
    starts: np.ndarray,
    pins: np.ndarray,
    nets: np.ndarray,
    weights: np.ndarray,
    parts: np.ndarray,
    n_parts: int,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Write for every net how many parts it touches, its weight, and each part with its count.

    Returns
    -------
    int32 array
        The records; weights are float32 in the same bits.
    int32 array
        Where the record of each of `nets` begins, halved.
    int
        How many parts are touched in all.
    """
    records = np.empty(2 * (len(pins) + len(starts) - 1), np.int32)
    floats = records.view(np.float32)
    place, last = np.empty(n_parts, np.int64), np.full(n_parts, -1, np.int64)
    touched = 0
    for e in range(len(starts) - 1):
        first = 2 * (starts[e] + e)
        at = first + 2
        for p in range(starts[e], starts[e + 1]):
            b = parts[pins[p]]
            if last[b] != e:
                last[b], place[b] = e, at + 1
                records[at], records[at + 1] = b, 0
                at += 2
            records[place[b]] += 1
        records[first], floats[first + 1] = (at - first) // 2 - 1, weights[e]
        touched += records[first]
    where = np.empty(len(nets), np.int32)
    for q in range(len(nets)):
        where[q] = starts[nets[q]] + nets[q]
    return records, where, touched


@njit(cache=True, nogil=True)
def _moved(
    v: int, here: int, there: int, node_starts: np.ndarray, where: np.ndarray, records: np.ndarray
) -> None:
    for q in range(node_starts[v], node_starts[v + 1]):
        first = 2 * np.int64(where[q])
        found = False
        end = first + 2 + 2 * records[first]
        p = first + 2
        while p < end:
            b = records[p]
            if b == there:
                records[p + 1] += 1
                found = True
            elif b == here:
                records[p + 1] -= 1
                if records[p + 1] == 0:
                    end -= 2
                    records[p], records[p + 1] = records[end], records[end + 1]
                    continue
            p += 2
        if not found:
            records[end], records[end + 1] = there, 1
            end += 2
        records[first] = (end - first) // 2 - 1


@njit(cache=True, nogil=True)
def _change(
    v: int, here: int, there: int, node_starts: np.ndarray, where: np.ndarray, records: np.ndarray
) -> float:
    floats = records.view(np.float32)
    total = 0.0
    last = node_starts[v + 1] - 1
    for q in range(node_starts[v], last + 1):
        prefetch(records, 2 * np.int64(where[min(q + _AHEAD, last)]))  # type: ignore[call-arg]
        first = 2 * np.int64(where[q])
        found, alone = False, False
        for p in range(first + 2, first + 2 + 2 * records[first], 2):
            if records[p] == there:
                found = True
            elif records[p] == here:
                alone = records[p + 1] == 1
        if alone:
            total -= floats[first + 1]
        if not found:
            total += floats[first + 1]
    return total


@njit(cache=True, nogil=True)
def _wished(
    v: int,
    here: int,
    node_starts: np.ndarray,
    where: np.ndarray,
    records: np.ndarray,
    near: np.ndarray,
    seen: np.ndarray,
) -> tuple[float, int, float, int, float]:
    """What leaving costs where no net is; the two best parts, and what each saves of that.

    `near` is all 0, and left so; `seen` has room for all parts.
    """
    floats = records.view(np.float32)
    leaving, n_seen = 0.0, 0
    last = node_starts[v + 1] - 1
    for q in range(node_starts[v], last + 1):
        prefetch(records, 2 * np.int64(where[min(q + _AHEAD, last)]))  # type: ignore[call-arg]
        first = 2 * np.int64(where[q])
        weight = floats[first + 1]
        leaving += weight
        for p in range(first + 2, first + 2 + 2 * records[first], 2):
            b = records[p]
            if b == here:
                if records[p + 1] == 1:
                    leaving -= weight
                continue
            if near[b] == 0.0:
                seen[n_seen] = b
                n_seen += 1
            near[b] += weight
    one, two = -1, -1
    most, more = np.float32(0.0), np.float32(0.0)
    for i in range(n_seen):
        b = seen[i]
        saved = near[b]
        near[b] = 0.0
        if saved > most:
            two, more = one, most
            one, most = b, saved
        elif saved > more:
            two, more = b, saved
    return leaving, one, float(most), two, float(more)


@njit(cache=True, nogil=True)
def _slot(here: int, there: int, mask: int) -> int:
    mixed = (np.uint64(here) << np.uint64(32)) + np.uint64(there)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    return int((mixed >> np.uint64(24)) & np.uint64(mask))


@njit(cache=True, nogil=True)
def _forget(v: int, heads: np.ndarray, links: np.ndarray, wishes: np.ndarray) -> None:
    """Take the wish of v out of its chain."""
    if wishes[v, 0] < 0:
        return
    before, after = links[v, 0], links[v, 1]
    if before >= 0:
        links[before, 1] = after
    else:
        heads[wishes[v, 0]] = after
    if after >= 0:
        links[after, 0] = before
    wishes[v, 0] = -1


@njit(cache=True, nogil=True)
def _wish(
    v: int, here: int, there: int, heads: np.ndarray, links: np.ndarray, wishes: np.ndarray
) -> None:
    slot = _slot(here, there, len(heads) - 1)
    after = heads[slot]
    links[v, 0], links[v, 1] = -1, after
    if after >= 0:
        links[after, 0] = v
    heads[slot] = v
    wishes[v, 0], wishes[v, 1] = slot, there


@njit(cache=True, nogil=True)
def _partner(
    here: int,
    there: int,
    draw: int,
    parts: np.ndarray,
    members: np.ndarray,
    held: np.ndarray,
    heads: np.ndarray,
    links: np.ndarray,
    wishes: np.ndarray,
    gains: np.ndarray,
) -> tuple[int, float]:
    """Who of `there` would best go to `here`, -1 for nobody, and what that is thought to cost."""
    if held[there] < members.shape[1]:
        return _FREE, 0.0
    best, least = -2, np.inf
    u = heads[_slot(there, here, len(heads) - 1)]
    for _ in range(_WISHES):
        if u < 0:
            break
        if parts[u] == there and wishes[u, 1] == here and gains[u, 0] < least:
            best, least = u, gains[u, 0]
        u = links[u, 1]
    if best >= 0 and least < 0.0:
        return best, least
    for k in range(_TRIED):
        u = members[there, (draw + k * 7919) % held[there]]
        if gains[u, 1] < least:
            best, least = u, gains[u, 1]
    return best, least


@njit(cache=True, nogil=True)
def _fits(
    v: int, u: int, here: int, there: int, loads: np.ndarray, used: np.ndarray, limits: np.ndarray
) -> bool:
    for d in range(len(limits)):
        more = loads[v, d] - (loads[u, d] if u >= 0 else np.float32(0.0))
        if more > 0 and used[there, d] + more > limits[d]:
            return False
        if more < 0 and used[here, d] - more > limits[d]:
            return False
    return True


@njit(cache=True, nogil=True)
def _seat(
    v: int, u: int, here: int, there: int, members: np.ndarray, places: np.ndarray, held: np.ndarray
) -> None:
    """Put v where u was, or at the end of `there`; u where v was, or nobody."""
    place = places[v]
    if u >= 0:
        members[here, place], members[there, places[u]] = u, v
        places[v], places[u] = places[u], place
        return
    held[here] -= 1
    last = members[here, held[here]]
    members[here, place], places[last] = last, place
    members[there, held[there]], places[v] = v, held[there]
    held[there] += 1


@njit(cache=True, nogil=True)
def _load(v: int, u: int, here: int, there: int, loads: np.ndarray, used: np.ndarray) -> None:
    for d in range(loads.shape[1]):
        taken = loads[v, d] - (loads[u, d] if u >= 0 else np.float32(0.0))
        used[there, d] += taken
        used[here, d] -= taken


@njit(cache=True, nogil=True)
def _tried(
    v: int,
    u: int,
    here: int,
    there: int,
    gain: float,
    temperature: float,
    chance: float,
    node_starts: np.ndarray,
    where: np.ndarray,
    records: np.ndarray,
) -> tuple[float, bool]:
    """Let v and u, if it is a node, change parts; undo it if that is no good."""
    _moved(v, here, there, node_starts, where, records)
    change = gain
    if u >= 0:
        change += _change(u, there, here, node_starts, where, records)
    worth = change < -1e-6
    if not worth and temperature > 0.0:
        worth = chance < np.exp(-change / temperature)
    if not worth:
        _moved(v, there, here, node_starts, where, records)
    elif u >= 0:
        _moved(u, there, here, node_starts, where, records)
    return change, worth


@njit(cache=True, nogil=True)
def exchange(
    order: np.ndarray,
    chances: np.ndarray,
    temperature: float,
    graph: tuple[np.ndarray, np.ndarray, np.ndarray],
    records: np.ndarray,
    parts: np.ndarray,
    seats: tuple[np.ndarray, np.ndarray, np.ndarray],
    chains: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    used: np.ndarray,
    limits: np.ndarray,
) -> tuple[float, int]:
    """Let every node try the two parts that would suit it best.

    Parameters
    ----------
    order, chances
        In which nodes try, and a number in (0, 1) for each: an exchange that costs c is made where
        the number is below exp(-c / temperature).
    graph
        `node_starts` of a `Hypergraph`, where its records begin, and `loads`.
    records, parts
        From `recorded`, and the part of each node; both are changed in place, as is all below.
    seats
        Nodes by part and place (int32), each one's place, and how many there are in each part.
    chains
        Wishes: first in each chain (as many as a power of two), the one before and the one after
        each node, chain and part of each node's wish, what each one's move would change there and
        where none of its nets is.
    used, limits
        Of the resources by part (float32), and how much there is.

    Returns
    -------
    float, int
        Change of the cost, and number of exchanges.
    """
    node_starts, where, loads = graph
    members, places, held = seats
    heads, links, wishes, gains = chains
    near, seen = np.zeros(len(used), np.float32), np.empty(len(used), np.int32)
    total, done = 0.0, 0
    for i in range(len(order)):
        v = order[i]
        here = parts[v]
        if node_starts[v] == node_starts[v + 1]:
            gains[v, 1] = 0.0
            continue
        leaving, one, most, two, more = _wished(v, here, node_starts, where, records, near, seen)
        _forget(v, heads, links, wishes)
        gains[v, 1] = leaving
        for turn in range(2):
            there = one if turn == 0 else two
            if there < 0:
                break
            gain = leaving - (most if turn == 0 else more)
            draw = np.int64(chances[i] * 1048576.0) + turn
            u, back = _partner(here, there, draw, parts, members, held, heads, links, wishes, gains)
            if u == -2 or gain + back > 3.0 * temperature + 1e-6:
                continue
            if not _fits(v, u, here, there, loads, used, limits):
                continue
            change, worth = _tried(
                v, u, here, there, gain, temperature, chances[i], node_starts, where, records
            )
            if not worth:
                if u >= 0:
                    gains[u, 1] = max(gains[u, 1], change - gain)
                continue
            if u >= 0:
                _forget(u, heads, links, wishes)
                parts[u] = here
            parts[v] = there
            _seat(v, u, here, there, members, places, held)
            _load(v, u, here, there, loads, used)
            total += change
            done += 1
            break
        if parts[v] == here and one >= 0:
            gains[v, 0] = leaving - most
            _wish(v, here, one, heads, links, wishes)
    return total, done
