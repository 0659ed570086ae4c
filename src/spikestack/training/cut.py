"""The cheapest set of values from which others can be computed again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["cheapest_cut"]

_ENDLESS = 1 << 40


def cheapest_cut(
    args: Sequence[Sequence[int]], lost: Iterable[int], needed: Iterable[int],
    cost: Mapping[int, int],
) -> list[int]:  # fmt: skip
    """Which values of straight-line code to keep, so that those `needed` can be computed again.

    A minimum cut that separates the needed values from those that are lost, by augmenting paths
    (Edmonds and Karp 1972), each value being an edge of the capacity of its cost. Among equally
    cheap cuts it is the one nearest to the needed values.

    Parameters
    ----------
    args
        By value, those that it is computed from, all of them before it.
    lost
        Values that cannot be computed again unless kept.
    needed
        Values that must be had.
    cost
        Of keeping a value; whole numbers.

    Returns
    -------
    list
        Values to keep, ascending.
    """
    n = len(args)
    source, sink = 2 * n, 2 * n + 1
    room: list[dict[int, int]] = [{} for _ in range(2 * n + 2)]

    def join(a: int, b: int, capacity: int) -> None:
        room[a][b] = capacity
        room[b].setdefault(a, 0)

    for i, uses in enumerate(args):
        join(2 * i, 2 * i + 1, cost[i])
        for a in uses:
            join(2 * a + 1, 2 * i, _ENDLESS)
    for i in lost:
        join(source, 2 * i, _ENDLESS)
    for i in needed:
        join(2 * i + 1, sink, _ENDLESS)
    while path := _path(room, source, sink):
        least = min(room[a][b] for a, b in path)
        for a, b in path:
            room[a][b] -= least
            room[b][a] += least
    after = _reaching(room, sink)
    return [i for i in range(n) if 2 * i + 1 in after and 2 * i not in after]


def _path(room: list[dict[int, int]], source: int, sink: int) -> list[tuple[int, int]]:
    """A shortest path with room on all of it, as edges; empty if there is none."""
    came: dict[int, int] = {source: source}
    queue = deque([source])
    while queue and sink not in came:
        a = queue.popleft()
        for b, left in room[a].items():
            if left > 0 and b not in came:
                came[b] = a
                queue.append(b)
    if sink not in came:
        return []
    path, at = [], sink
    while at != source:
        path.append((came[at], at))
        at = came[at]
    return path


def _reaching(room: list[dict[int, int]], sink: int) -> set[int]:
    """Nodes from which there is still room all the way to the sink."""
    back: list[list[int]] = [[] for _ in room]
    for a, out in enumerate(room):
        for b, left in out.items():
            if left > 0:
                back[b].append(a)
    found, queue = {sink}, deque([sink])
    while queue:
        for a in back[queue.popleft()]:
            if a not in found:
                found.add(a)
                queue.append(a)
    return found
