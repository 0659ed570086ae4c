"""The routers of one chip or of several side by side, and the ways of packets between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ValidationError
from ...numerics.compiling import njit
from ..faults import Faults
from ..mapping.mesh import TRIANGULAR, Mesh

if TYPE_CHECKING:
    from ..chip import Chip

__all__ = ["WAYS", "Fabric", "Paths", "fabric_of"]

#: Directions of links, (x, y): along rows, along columns, along the diagonal of triangular meshes.
WAYS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1))


@dataclass(frozen=True)
class Paths:
    """The links that packets take, for pairs of routers.

    Attributes
    ----------
    starts, links
        Pair k takes ``links[starts[k]:starts[k + 1]]`` (int64): router times `len(WAYS)` and way.
    """

    starts: np.ndarray
    links: np.ndarray

    def hops(self, fabric: Fabric) -> np.ndarray:
        """Links along rows or the diagonal, along columns, and between chips, int64[pairs, 3]."""
        way = self.links % len(WAYS)
        kind = np.where((way == 2) | (way == 3), 1, 0)
        kind[fabric.crosses(self.links)] = 2
        pair = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        made = np.bincount(pair * 3 + kind, minlength=3 * (len(self.starts) - 1))
        return made.reshape(-1, 3).astype(np.int64)


@dataclass(frozen=True)
class Fabric:
    """A mesh of routers, made of the meshes of chips side by side.

    Attributes
    ----------
    mesh
        All routers, counted row by row.
    chip
        The mesh of one chip.
    columns
        Chips in a row.
    dead
        Links that carry nothing: router times `len(WAYS)` and way (int64).
    """

    mesh: Mesh
    chip: Mesh
    columns: int
    dead: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def routers(self, chip: np.ndarray, router: np.ndarray) -> np.ndarray:
        """Numbers in the fabric of routers of chips."""
        cy, cx = np.divmod(np.asarray(chip, np.int64), self.columns)
        y, x = np.divmod(np.asarray(router, np.int64), self.chip.width)
        found = (cy * self.chip.height + y) * self.mesh.width + cx * self.chip.width + x
        return np.asarray(found)

    def ends(self, links: np.ndarray) -> np.ndarray:
        """The routers at which links end."""
        router, way = np.divmod(links, len(WAYS))
        step = np.array(WAYS)[way]
        y, x = np.divmod(router, self.mesh.width)
        x, y = (x + step[:, 0]) % self.mesh.width, (y + step[:, 1]) % self.mesh.height
        return np.asarray(y * self.mesh.width + x)

    def crosses(self, links: np.ndarray) -> np.ndarray:
        """Which links go from chip to chip."""
        if self.mesh == self.chip:
            return np.zeros(len(links), bool)
        a, b = links // len(WAYS), self.ends(links)
        return np.asarray(self._chip(a) != self._chip(b))

    def around(self, chips: np.ndarray) -> np.ndarray:
        """All links of routers of some chips, in both directions."""
        every = np.arange(self.mesh.size * len(WAYS))
        a, b = self._chip(every // len(WAYS)), self._chip(self.ends(every))
        return every[np.isin(a, chips) | np.isin(b, chips)]

    def local(self, routers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The chip of each router, and its column and row there."""
        y, x = np.divmod(routers, self.mesh.width)
        return self._chip(routers), x % self.chip.width, y % self.chip.height

    def _chip(self, router: np.ndarray) -> np.ndarray:
        y, x = np.divmod(router, self.mesh.width)
        return np.asarray(y // self.chip.height * self.columns + x // self.chip.width)

    def paths(self, a: np.ndarray, b: np.ndarray) -> Paths:
        """The links from each router of `a` to that of `b`.

        Packets go along rows first, then along columns; where links are diagonal, along these
        before. A packet that would meet a dead link goes a shortest way round all of them.

        Raises
        ------
        ValidationError
            If there is no way.
        """
        mesh = self.mesh
        shape = (mesh.width, mesh.height, mesh.wraps, mesh.links == TRIANGULAR)
        a, b = np.asarray(a, np.int64), np.asarray(b, np.int64)
        starts, links = _straight(a, b, *shape)
        if not len(self.dead):
            return Paths(starts, links)
        blocked = np.zeros(mesh.size * len(WAYS), np.bool_)
        blocked[self.dead] = True
        pair = np.repeat(np.arange(len(a)), np.diff(starts))
        hit = np.unique(pair[blocked[links]])
        ways = np.array(WAYS, np.int64)[: 6 if mesh.links == TRIANGULAR else 4]
        taken = {}
        for k in hit.tolist():
            found = _round(a[k], b[k], mesh.width, mesh.height, mesh.wraps, ways, blocked)
            if len(found) == 1 and found[0] < 0:
                raise ValidationError(
                    "routing", f"no way from router {a[k]} to router {b[k]}",
                    "links that are alive between all cores in use", "use another chip",
                )  # fmt: skip
            taken[k] = found
        return _joined(starts, links, taken)


def fabric_of(chip: Chip) -> Fabric:
    """The routers of a chip, or of as many as it stands for: about as many rows as columns."""
    columns = int(np.ceil(np.sqrt(chip.chips)))
    rows = -(-chip.chips // columns)
    one = chip.mesh
    mesh = Mesh(one.width * columns, one.height * rows, one.links, one.wraps)
    fabric = Fabric(mesh, one, columns)
    if not isinstance(chip.faults, Faults) or chip.routes_itself:
        return fabric
    links = chip.faults.items("dead_links", 2)
    chips = chip.faults.items("dead_chips", 1, chip.chips)
    if not links and not chips:
        return fabric
    dead = np.union1d(_dead(fabric, links), fabric.around(np.array(chips, np.int64)))
    return Fabric(mesh, one, columns, dead)


def _dead(fabric: Fabric, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Both directions of links between neighbours."""
    mesh, found = fabric.mesh, list[int]()
    ways = len(WAYS) if mesh.links == TRIANGULAR else 4
    for a, b in pairs:
        ends = []
        for here, there in ((a, b), (b, a)):
            if 0 <= here < mesh.size:
                out = here * len(WAYS) + np.arange(ways)
                ends += out[(fabric.ends(out) == there) & _exists(mesh, out)].tolist()
        if len(ends) < 2:
            raise ValidationError(
                "Faults.dead_links",
                f"{(a, b)}",
                f"two neighbours among routers 0 to {mesh.size - 1}",
            )
        found += ends
    return np.unique(np.array(found, np.int64))


def _exists(mesh: Mesh, links: np.ndarray) -> np.ndarray:
    """Which links are not over an edge that is one."""
    router, way = np.divmod(links, len(WAYS))
    step = np.array(WAYS)[way]
    x, y = router % mesh.width + step[:, 0], router // mesh.width + step[:, 1]
    inside = (x >= 0) & (x < mesh.width) & (y >= 0) & (y < mesh.height)
    return np.asarray(inside | mesh.wraps)


def _joined(starts: np.ndarray, links: np.ndarray, taken: dict[int, np.ndarray]) -> Paths:
    parts = [taken.get(k, links[starts[k] : starts[k + 1]]) for k in range(len(starts) - 1)]
    lengths = np.array([len(p) for p in parts], np.int64)
    none = np.zeros(0, np.int64)
    return Paths(np.concatenate([[0], np.cumsum(lengths)]), np.concatenate([none, *parts]))


@njit(cache=True, nogil=True)
def _apart(
    a: int, b: int, width: int, height: int, wraps: bool, triangular: bool
) -> tuple[int, int]:
    dx, dy = b % width - a % width, b // width - a // width
    if not wraps:
        return dx, dy
    best_x, best_y, least = dx, dy, 1 << 60
    for ox in (dx % width, dx % width - width):
        for oy in (dy % height, dy % height - height):
            far = abs(ox) + abs(oy)
            if triangular and (ox > 0) == (oy > 0):
                far = max(abs(ox), abs(oy))
            if far < least:
                best_x, best_y, least = ox, oy, far
    return best_x, best_y


@njit(cache=True, nogil=True)
def _straight(
    a: np.ndarray, b: np.ndarray, width: int, height: int, wraps: bool, triangular: bool
) -> tuple[np.ndarray, np.ndarray]:
    starts = np.zeros(len(a) + 1, np.int64)
    for k in range(len(a)):
        dx, dy = _apart(a[k], b[k], width, height, wraps, triangular)
        far = abs(dx) + abs(dy)
        if triangular and dx * dy > 0:
            far = max(abs(dx), abs(dy))
        starts[k + 1] = starts[k] + far
    links = np.empty(starts[len(a)], np.int64)
    for k in range(len(a)):
        dx, dy = _apart(a[k], b[k], width, height, wraps, triangular)
        x, y, n = a[k] % width, a[k] // width, starts[k]
        while dx != 0 or dy != 0:
            sx, sy = 0, 0
            if triangular and dx * dy > 0:
                sx = sy = 1 if dx > 0 else -1
                way = 4 if dx > 0 else 5
            elif dx != 0:
                sx = 1 if dx > 0 else -1
                way = 0 if dx > 0 else 1
            else:
                sy = 1 if dy > 0 else -1
                way = 2 if dy > 0 else 3
            links[n] = (y * width + x) * 6 + way
            n += 1
            x, y, dx, dy = (x + sx) % width, (y + sy) % height, dx - sx, dy - sy
    return starts, links


@njit(cache=True, nogil=True)
def _round(
    a: int, b: int, width: int, height: int, wraps: bool, ways: np.ndarray, blocked: np.ndarray
) -> np.ndarray:
    """A shortest way over links that are alive; -1 alone if there is none."""
    came = np.full(width * height, -1, np.int64)
    queue = np.empty(width * height, np.int64)
    queue[0], n, at = a, 1, 0
    came[a] = -2
    while at < n and came[b] == -1:
        here = queue[at]
        at += 1
        for way in range(len(ways)):
            x, y = here % width + ways[way, 0], here // width + ways[way, 1]
            if not wraps and not (0 <= x < width and 0 <= y < height):
                continue
            there = (y % height) * width + x % width
            link = here * 6 + way
            if blocked[link] or came[there] != -1:
                continue
            came[there], queue[n] = link, there
            n += 1
    if came[b] == -1:
        return np.full(1, -1, np.int64)
    n, here = 0, b
    while here != a:
        queue[n] = came[here]
        n += 1
        here = came[here] // 6
    return queue[:n][::-1].copy()
