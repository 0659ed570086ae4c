"""Better partitions by exchange: two nodes change places, or one takes a free place.

Places are as many as a part may hold, so that a part is never too full. `touching[e, b]` counts the
nodes of net e in part b; from it follows at once what any node would cost in any part.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit

__all__ = ["all_changes", "count_touching", "sweep"]

_FREE = -1


@njit(cache=True, nogil=True)
def count_touching(
    starts: np.ndarray, pins: np.ndarray, parts: np.ndarray, n_parts: int
) -> np.ndarray:
    """How many nodes of each net are in each part, uint16[nets, parts]."""
    touching = np.zeros((len(starts) - 1, n_parts), np.uint16)
    for e in range(len(starts) - 1):
        for p in range(starts[e], starts[e + 1]):
            touching[e, parts[pins[p]]] += 1
    return touching


@njit(cache=True, nogil=True, fastmath=True)
def _changes(
    v: int,
    here: int,
    node_starts: np.ndarray,
    nets: np.ndarray,
    weights: np.ndarray,
    touching: np.ndarray,
    made: np.ndarray,
) -> None:
    """How the cost would change if `v` went from `here` to each part, into `made`."""
    left = np.float32(0.0)
    made[:] = 0.0
    for q in range(node_starts[v], node_starts[v + 1]):
        e = nets[q]
        weight = weights[e]
        row = touching[e]
        for b in range(len(made)):
            made[b] += weight if row[b] == 0 else np.float32(0.0)
        if row[here] == 1:
            left += weight
    for b in range(len(made)):
        made[b] -= left
    made[here] = 0.0


@njit(cache=True, nogil=True)
def all_changes(
    parts: np.ndarray,
    node_starts: np.ndarray,
    nets: np.ndarray,
    weights: np.ndarray,
    touching: np.ndarray,
) -> np.ndarray:
    """What every node would change in every part, float32[nodes, parts]."""
    made = np.zeros((len(parts), touching.shape[1]), np.float32)
    for v in range(len(parts)):
        _changes(v, parts[v], node_starts, nets, weights, touching, made[v])
    return made


@njit(cache=True, nogil=True, fastmath=True)
def _change(
    v: int,
    here: int,
    there: int,
    node_starts: np.ndarray,
    nets: np.ndarray,
    weights: np.ndarray,
    touching: np.ndarray,
) -> float:
    total = 0.0
    for q in range(node_starts[v], node_starts[v + 1]):
        e = nets[q]
        if touching[e, here] == 1:
            total -= weights[e]
        if touching[e, there] == 0:
            total += weights[e]
    return total


@njit(cache=True, nogil=True)
def _move(
    v: int,
    here: int,
    there: int,
    node_starts: np.ndarray,
    nets: np.ndarray,
    touching: np.ndarray,
    parts: np.ndarray,
) -> None:
    for q in range(node_starts[v], node_starts[v + 1]):
        e = nets[q]
        touching[e, here] -= 1
        touching[e, there] += 1
    parts[v] = there


@njit(cache=True, nogil=True)
def _fits(
    v: int,
    u: int,
    here: int,
    there: int,
    loads: np.ndarray,
    used: np.ndarray,
    limits: np.ndarray,
) -> bool:
    """Whether no part is fuller than it may be, or fuller than it was, when v and u change."""
    for d in range(len(limits)):
        more = loads[v, d] - (loads[u, d] if u >= 0 else np.float32(0.0))
        if more > 0 and used[there, d] + more > limits[d]:
            return False
        if more < 0 and used[here, d] - more > limits[d]:
            return False
    return True


@njit(cache=True, nogil=True)
def _partner(
    here: int, there: int, members: np.ndarray, changes: np.ndarray
) -> tuple[int, np.float32]:
    """The place in `there` whose node would best go to `here`, and what that changes."""
    place, best = -1, np.float32(np.inf)
    for s in range(members.shape[1]):
        u = members[there, s]
        change = np.float32(0.0) if u == _FREE else changes[u, here]
        if change < best:
            best, place = change, s
    return place, best


@njit(cache=True, nogil=True)
def _exchange(
    v: int,
    here: int,
    there: int,
    place: int,
    chance: float,
    temperature: float,
    node_starts: np.ndarray,
    nets: np.ndarray,
    weights: np.ndarray,
    touching: np.ndarray,
    parts: np.ndarray,
    members: np.ndarray,
    places: np.ndarray,
    changes: np.ndarray,
) -> tuple[float, bool]:
    """Put v into a place of another part, and who is there into its; undo it if that is no good.

    Returns the change of the cost, and whether it was made.
    """
    u = members[there, place]
    change = _change(v, here, there, node_starts, nets, weights, touching)
    _move(v, here, there, node_starts, nets, touching, parts)
    back = 0.0
    if u != _FREE:
        back = _change(u, there, here, node_starts, nets, weights, touching)
        change += back
    worth = change < -1e-6
    if not worth and temperature > 0.0:
        worth = chance < np.exp(-change / temperature)
    if not worth:
        _move(v, there, here, node_starts, nets, touching, parts)
        if u != _FREE and back > changes[u, here]:
            changes[u, here] = back
        return change, False
    members[there, place] = v
    members[here, places[v]] = u
    if u != _FREE:
        _move(u, there, here, node_starts, nets, touching, parts)
        places[u] = places[v]
        _changes(u, here, node_starts, nets, weights, touching, changes[u])
    places[v] = place
    _changes(v, there, node_starts, nets, weights, touching, changes[v])
    return change, True


@njit(cache=True, nogil=True)
def sweep(
    order: np.ndarray,
    chances: np.ndarray,
    temperature: float,
    graph: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    touching: np.ndarray,
    parts: np.ndarray,
    members: np.ndarray,
    places: np.ndarray,
    changes: np.ndarray,
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
        `node_starts`, `nets`, `weights` and `loads` of a `Hypergraph`.
    touching, parts, members, places, changes, used
        The partition, changed in place: nodes by net and part, part of each node, nodes by part and
        place (int32[parts, places], -1 where free), place of each node, `all_changes` (approximate
        between a node's turns), and what is used of each resource (float32[parts, resources]).
    limits
        Of the resources, float32.

    Returns
    -------
    float, int
        Change of the cost, and number of exchanges.
    """
    node_starts, nets, weights, loads = graph
    total, done = 0.0, 0
    wanted = np.empty(touching.shape[1], np.float32)
    for i in range(len(order)):
        v = order[i]
        here = parts[v]
        _changes(v, here, node_starts, nets, weights, touching, changes[v])
        wanted[:] = changes[v]
        wanted[here] = np.inf
        for _ in range(2):
            there = np.argmin(wanted)
            gain = wanted[there]
            wanted[there] = np.inf
            place, back = _partner(here, there, members, changes)
            if not gain + back <= 3.0 * temperature:
                break
            u = members[there, place]
            if not _fits(v, u, here, there, loads, used, limits):
                continue
            change, worth = _exchange(
                v, here, there, place, chances[i], temperature, node_starts, nets, weights,
                touching, parts, members, places, changes,
            )  # fmt: skip
            if not worth:
                continue
            for d in range(len(limits)):
                more = loads[v, d] - (loads[u, d] if u != _FREE else np.float32(0.0))
                used[there, d] += more
                used[here, d] -= more
            total += change
            done += 1
            break
    return total, done
