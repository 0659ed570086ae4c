"""Where cores are, and how many links lie between two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.compiling import njit

__all__ = ["Mesh", "hilbert_order", "hops"]

#: How links run: to four neighbours, or to six, as on SpiNNaker.
SQUARE, TRIANGULAR = 0, 1


@njit(cache=True, nogil=True)
def hops(links: int, wraps: bool, width: int, height: int, dx: int, dy: int) -> int:
    """Links between two places that are dx and dy apart.

    With six neighbours the third direction is the diagonal, along which x and y change together.
    """
    if not wraps:
        return _apart(links, dx, dy)
    best = 1 << 60
    for x in (dx % width, dx % width - width):
        for y in (dy % height, dy % height - height):
            best = min(best, _apart(links, x, y))
    return best


@njit(cache=True, nogil=True)
def _apart(links: int, dx: int, dy: int) -> int:
    if links == 1 and (dx > 0) == (dy > 0):
        return max(abs(dx), abs(dy))
    return abs(dx) + abs(dy)


@dataclass(frozen=True)
class Mesh:
    """A grid of routers.

    Attributes
    ----------
    width, height
        Number of columns and rows.
    links
        `SQUARE` or `TRIANGULAR`.
    wraps
        Whether the last column and row are linked to the first.
    """

    width: int
    height: int
    links: int = SQUARE
    wraps: bool = False

    @property
    def size(self) -> int:
        """Number of routers."""
        return self.width * self.height

    def between(self, a: int, b: int) -> int:
        """Links between two routers, which are counted row by row."""
        (ay, ax), (by, bx) = divmod(a, self.width), divmod(b, self.width)
        return int(hops(self.links, self.wraps, self.width, self.height, bx - ax, by - ay))


def hilbert_order(width: int, height: int) -> np.ndarray:
    """Places of a grid along a Hilbert curve, counted row by row (int64).

    Of grids that are no square of a power of two the places are taken in the order in which the
    curve of a larger square meets them.
    """
    side = 1 << (max(width, height) - 1).bit_length() if max(width, height) > 1 else 1
    rank = np.arange(side * side)
    x, y = np.zeros_like(rank), np.zeros_like(rank)
    scale = 1
    while scale < side:
        right = 1 & (rank // 2)
        up = 1 & (rank ^ right)
        turn = up == 0
        flip = turn & (right == 1)
        x[flip], y[flip] = scale - 1 - x[flip], scale - 1 - y[flip]
        x[turn], y[turn] = y[turn], x[turn].copy()
        x += scale * right
        y += scale * up
        rank = rank // 4
        scale *= 2
    inside = (x < width) & (y < height)
    return y[inside] * width + x[inside]
