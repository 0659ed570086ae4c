"""Chips and the six links of each, on boards of 48 or on a torus; some of them may be dead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import ValidationError

__all__ = ["BOARD", "LINKS", "Machine", "opposite"]

#: East, north-east, north, west, south-west, south: as routers number them.
LINKS = ((1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1))
#: First and last column of each of the 8 rows of a board.
_PATCH = ((0, 4), (0, 5), (0, 6), (0, 7), (1, 7), (2, 7), (3, 7), (4, 7))
#: Chips of a board.
BOARD = sum(last - first + 1 for first, last in _PATCH)
#: Three boards make a square of this side.
_TRIAD = 12


def opposite(link: int) -> int:
    """The link that leads back."""
    return (link + 3) % 6


@dataclass(frozen=True)
class Machine:
    """Chips that work, numbered outwards from the first.

    Attributes
    ----------
    at
        Column and row of each chip, int64[chips, 2].
    near
        The chip at the end of each of its links, -1 where there is none, int64[chips, 6].
    width, height
        Of the grid.
    wraps
        Whether its edges are joined.
    """

    at: np.ndarray
    near: np.ndarray
    width: int
    height: int
    wraps: bool

    @classmethod
    def boards(
        cls,
        count: int = 1,
        dead_chips: Iterable[tuple[int, int]] = (),
        dead_links: Iterable[tuple[int, int, int]] = (),
    ) -> Machine:
        """As many boards of 48 chips: one by itself, or a torus of three or more.

        Parameters
        ----------
        count
            Boards; more than one are rounded up to threes, and these to a rectangle.
        dead_chips, dead_links
            Columns and rows of chips; of links, the link's number too. A link is dead both ways.
        """
        if count <= 1:
            places = [(x, y) for y, (a, b) in enumerate(_PATCH) for x in range(a, b + 1)]
            return cls._of(places, 8, 8, False, dead_chips, dead_links)
        triads = -(-count // 3)
        high = int(np.sqrt(triads))
        wide = -(-triads // high)
        return cls.torus(wide * _TRIAD, high * _TRIAD, dead_chips, dead_links)

    @classmethod
    def torus(
        cls,
        width: int,
        height: int,
        dead_chips: Iterable[tuple[int, int]] = (),
        dead_links: Iterable[tuple[int, int, int]] = (),
    ) -> Machine:
        """A rectangle whose edges are joined."""
        places = [(x, y) for y in range(height) for x in range(width)]
        return cls._of(places, width, height, True, dead_chips, dead_links)

    @classmethod
    def _of(
        cls, places: list[tuple[int, int]], width: int, height: int, wraps: bool,
        dead_chips: Iterable[tuple[int, int]], dead_links: Iterable[tuple[int, int, int]],
    ) -> Machine:  # fmt: skip
        gone = {(int(x), int(y)) for x, y in dead_chips}
        number = {at: k for k, at in enumerate(at for at in places if at not in gone)}
        near = np.full((len(number), 6), -1, np.int64)
        for (x, y), k in number.items():
            for link, (dx, dy) in enumerate(LINKS):
                there = ((x + dx) % width, (y + dy) % height) if wraps else (x + dx, y + dy)
                near[k, link] = number.get(there, -1)
        for x, y, link in dead_links:
            here = number.get((int(x), int(y)), -1)
            if here >= 0 and (there := near[here, link]) >= 0:
                near[here, link] = near[there, opposite(link)] = -1
        if not number:
            raise ValidationError("SpiNNaker", "has no chip that works", "one at least")
        order = _outwards(near)
        back = np.full(len(near) + 1, -1, np.int64)
        back[order] = np.arange(len(order))
        at = np.array(list(number), np.int64)
        return cls(at[order], back[near[order]], width, height, wraps)

    @property
    def size(self) -> int:
        """How many chips can be reached from the first."""
        return len(self.at)

    @cached_property
    def number(self) -> dict[tuple[int, int], int]:
        """The chip at a column and row."""
        return {(int(x), int(y)): k for k, (x, y) in enumerate(self.at)}

    def vector(self, here: int, there: int) -> tuple[int, int]:
        """Columns and rows from one chip to another, by the shortest way."""
        dx, dy = (int(d) for d in self.at[there] - self.at[here])
        if not self.wraps:
            return dx, dy
        ways = [
            (x, y)
            for x in (dx % self.width, dx % self.width - self.width)
            for y in (dy % self.height, dy % self.height - self.height)
        ]
        return min(ways, key=lambda way: (_length(*way), way))

    def distance(self, here: int, there: int) -> int:
        """Links between two chips, if all worked."""
        return _length(*self.vector(here, there))

    def path(self, here: int, there: int) -> list[int] | None:
        """Chips on the way, both ends among them: the diagonal first, then along one direction.

        None if a chip or a link on it does not work.
        """
        dx, dy = self.vector(here, there)
        diagonal = min(abs(dx), abs(dy)) if dx * dy > 0 else 0
        turn = 1 if dx > 0 else -1
        dx, dy = dx - turn * diagonal, dy - turn * diagonal
        links = [1 if turn > 0 else 4] * diagonal
        links += [0 if dx > 0 else 3] * abs(dx) + [2 if dy > 0 else 5] * abs(dy)
        chips = [here]
        for link in links:
            after = int(self.near[chips[-1], link])
            if after < 0:
                return None
            chips.append(after)
        return chips

    def detour(self, begins: Iterable[int], there: int) -> list[int]:
        """Chips on a shortest way that works from any of some chips to another.

        Raises
        ------
        ValidationError
            If there is none.
        """
        goals, onward, queue = set(begins), {there: -1}, deque([there])
        while queue:
            chip = queue.popleft()
            if chip in goals:
                path = [chip]
                while onward[path[-1]] >= 0:
                    path.append(onward[path[-1]])
                return path
            for before in self.near[chip].tolist():
                if before >= 0 and before not in onward:
                    onward[before] = chip
                    queue.append(before)
        raise ValidationError("SpiNNaker", f"no way to chip {tuple(self.at[there].tolist())}",
                              "links that work", "leave that chip out")  # fmt: skip

    def link(self, here: int, there: int) -> int:
        """The link that leads from a chip to its neighbour."""
        return int(np.flatnonzero(self.near[here] == there)[0])


def _length(dx: int, dy: int) -> int:
    return max(abs(dx), abs(dy)) if dx * dy > 0 else abs(dx) + abs(dy)


def _outwards(near: np.ndarray) -> np.ndarray:
    """Chips in the order in which they are reached from the first."""
    seen, queue = {0: None}, deque([0])
    while queue:
        for chip in near[queue.popleft()].tolist():
            if chip >= 0 and chip not in seen:
                seen[chip] = None
                queue.append(chip)
    return np.array(list(seen), np.int64)
