"""Tables made to fit: entries with one route become one entry where no key goes astray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import ValidationError
from ...numerics.compiling import njit
from .keys import BITS
from .tables import Entry, Table

__all__ = ["MOST", "compressed", "ordered_covering", "pairs_merged"]

#: Entries of a router but for one, which the software keeps.
MOST = 1023
_ALL = 2**BITS - 1


def compressed(table: Table, most: int = MOST, where: str = "SpiNNaker") -> Table:
    """A table that does the same with at most so many entries: by pairs, then in order.

    A table that fits is left alone.

    Raises
    ------
    ValidationError
        If neither makes it short enough.
    """
    steps: tuple[Callable[[Table, int], Table], ...] = (pairs_merged, ordered_covering)
    for step in steps:
        if len(table.entries) <= most:
            return table
        table = step(table, most)
    if len(table.entries) > most:
        raise ValidationError(
            where, f"needs {len(table.entries):,} routing entries when compressed",
            f"{most:,} at most", "put populations with the same targets together, or use fewer",
        )  # fmt: skip
    return table


def pairs_merged(table: Table, most: int = 0) -> Table:
    """Merge entries of the same route two by two, as long as no other key is caught.

    The order of the result does not matter: entries that overlap have the same route.

    Parameters
    ----------
    table
        Whose entries of different routes do not overlap.
    most
        When so few are left, it stops.
    """
    keys, masks, routes, names = _arrays(table)
    others = np.array([(b.key, b.mask) for b in table.defaulted], np.int64).reshape(-1, 2)
    kept = np.ones(len(keys), np.bool_)
    order = np.lexsort((keys, routes))
    keys, masks, routes = keys[order], masks[order], routes[order]
    _merge_pairs(keys, masks, routes, kept, others, most)
    made = [
        Entry(int(k), int(m), names[r])
        for k, m, r in zip(keys[kept], masks[kept], routes[kept], strict=True)
    ]
    return Table(tuple(made), table.defaulted)


@njit(cache=True, nogil=True)
def _merge_pairs(
    keys: np.ndarray, masks: np.ndarray, routes: np.ndarray, kept: np.ndarray,
    others: np.ndarray, most: int,
) -> None:  # fmt: skip
    n, left = len(keys), len(keys)
    for i in range(n):
        if not kept[i]:
            continue
        j = i + 1
        while j < n and left > most:
            if routes[j] != routes[i]:
                break
            if not kept[j]:
                j += 1
                continue
            mask = masks[i] & masks[j] & ~(keys[i] ^ keys[j])
            key = keys[i] & mask
            clear = True
            for k in range(n):
                if kept[k] and routes[k] != routes[i] and (key ^ keys[k]) & mask & masks[k] == 0:
                    clear = False
                    break
            for k in range(len(others)):
                if not clear:
                    break
                clear = (key ^ others[k, 0]) & mask & others[k, 1] != 0
            if clear:
                keys[i], masks[i] = key, mask
                kept[j] = False
                left -= 1
                j = i
            j += 1


def _arrays(table: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
    """Keys, masks, and numbers of routes, whose names are last."""
    names = sorted({e.route for e in table.entries})
    number = {route: k for k, route in enumerate(names)}
    keys = np.array([e.key for e in table.entries], np.int64)
    masks = np.array([e.mask for e in table.entries], np.int64)
    return keys, masks, np.array([number[e.route] for e in table.entries], np.int64), names


@dataclass
class _Row:
    """An entry, and the entries of the first table that it stands for."""

    key: int
    mask: int
    route: int
    stands: np.ndarray

    @property
    def generality(self) -> int:
        """Bits that it does not look at."""
        return BITS - int(self.mask).bit_count()


def ordered_covering(table: Table, most: int = 0) -> Table:
    """Merge as many entries of one route as can be, using that the first match counts.

    Rows are kept from the most to the least particular, so that what a merged row would catch of
    others can be caught before; a row is merged only if every key of the first table still finds
    its route. After Mundy, Heathcote and Garside 2016, doi:10.1109/HPSR.2016.7525641.

    Parameters
    ----------
    table
        Its entries overlap only where their routes are the same.
    most
        When so few are left, it stops.
    """
    return _Covering(table).made(most)


class _Covering:
    """A table that becomes shorter row by row."""

    def __init__(self, table: Table) -> None:
        self.table = table
        blocks = [(e.key, e.mask) for e in table.entries]
        blocks += [(b.key, b.mask) for b in table.defaulted]
        self.keys, self.masks = np.array(blocks, np.int64).reshape(-1, 2).T
        rows = [
            _Row(e.key, e.mask, e.route, np.array([k], np.int64))
            for k, e in enumerate(table.entries)
        ]
        self.rows = sorted(rows, key=lambda row: row.generality)
        self.loose = np.arange(len(table.entries), len(blocks))

    def made(self, most: int) -> Table:
        """The table when nothing more can be merged, or it is short enough."""
        while len(self.rows) > most:
            best: list[int] = []
            for route in dict.fromkeys(row.route for row in self.rows):
                found = self._refined([k for k, row in enumerate(self.rows) if row.route == route])
                best = found if len(found) > len(best) else best
            if len(best) < 2:
                break
            self._merge(best)
        entries = tuple(Entry(r.key, r.mask, r.route) for r in self.rows)
        return Table(entries, self.table.defaulted)

    def _merge(self, which: list[int]) -> None:
        key, mask, at = self._joined(which)
        gone = set(which)
        route = self.rows[which[0]].route
        stands = np.concatenate([self.rows[k].stands for k in which])
        before = [r for k, r in enumerate(self.rows[:at]) if k not in gone]
        after = [r for k, r in enumerate(self.rows[at:], at) if k not in gone]
        self.rows = [*before, _Row(key, mask, route, stands), *after]

    def _joined(self, which: list[int]) -> tuple[int, int, int]:
        """Key and mask of rows merged, and where the new row would stand."""
        first = self.rows[which[0]]
        mask = _ALL
        for k in which:
            mask &= self.rows[k].mask & ~(self.rows[k].key ^ first.key)
        general = BITS - int(mask).bit_count()
        at = next((k for k, r in enumerate(self.rows) if r.generality > general), len(self.rows))
        return first.key & mask, mask, at

    def _refined(self, which: list[int]) -> list[int]:
        """As many of some rows as can be merged; fewer than two if none."""
        while len(which) > 1:
            key, mask, at = self._joined(which)
            stays = [k for k in which if not self._caught(k, at)]
            if len(stays) < len(which):
                which = stays
                continue
            astray = self._astray(key, mask, at, self.rows[which[0]].route)
            if astray < 0:
                return which
            which = self._without(which, mask, astray)
        return []

    def _caught(self, k: int, at: int) -> bool:
        """Whether a row that moves down to `at` would lose keys to rows that it passes."""
        row = self.rows[k]
        keys, masks = self.keys[row.stands], self.masks[row.stands]
        return any(
            other.route != row.route and bool(((other.key ^ keys) & other.mask & masks == 0).any())
            for other in self.rows[k + 1 : at]
        )

    def _astray(self, key: int, mask: int, at: int, route: int) -> int:
        """A key of rows from `at` on, or of none, that a new row would catch; -1 if none."""
        below = [self.loose, *(r.stands for r in self.rows[at:] if r.route != route)]
        found = np.concatenate(below)
        hit = (key ^ self.keys[found]) & mask & self.masks[found] == 0
        return int(found[hit][0]) if hit.any() else -1

    def _without(self, which: list[int], mask: int, astray: int) -> list[int]:
        """The most rows that, merged, look at a bit by which they are told from a key."""
        best: list[int] = []
        for bit in range(BITS):
            if mask >> bit & 1 or not int(self.masks[astray]) >> bit & 1:
                continue
            wrong = int(self.keys[astray]) >> bit & 1
            rest = [
                k for k in which
                if self.rows[k].mask >> bit & 1 and self.rows[k].key >> bit & 1 != wrong
            ]  # fmt: skip
            best = rest if len(rest) > len(best) else best
        return best
