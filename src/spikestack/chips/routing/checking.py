"""Packets sent through tables, one by one: where they arrive, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import ValidationError
from ...numerics.compiling import njit
from .keys import BITS, Block
from .machine import Machine, opposite
from .tables import CORES, Table

__all__ = ["Routers", "arrivals", "check"]


@dataclass(frozen=True)
class Routers:
    """Tables as routers search them.

    Attributes
    ----------
    machine
        Whose chips have them.
    tables
        By chip: keys, masks (int64) and routes.
    """

    machine: Machine
    tables: Mapping[int, tuple[np.ndarray, np.ndarray, tuple[int, ...]]]

    @classmethod
    def of(cls, machine: Machine, tables: Mapping[int, Table]) -> Routers:
        """Routers with these tables."""
        made = {}
        for chip, table in tables.items():
            keys = np.array([e.key for e in table.entries], np.int64)
            masks = np.array([e.mask for e in table.entries], np.int64)
            made[chip] = (keys, masks, tuple(e.route for e in table.entries))
        return cls(machine, made)

    def first(self, chip: int, block: Block) -> tuple[int, int]:
        """Route of the entry that matches all keys of a block, -1 if none matches any.

        If some keys match and others do not, the second number is a mask of bits that tell them
        apart.
        """
        if chip not in self.tables:
            return -1, 0
        keys, masks, routes = self.tables[chip]
        k = _first(keys, masks, block.key, block.mask)
        if k < 0:
            return -1, 0
        return routes[k], int(masks[k]) & ~block.mask & (2**BITS - 1)


@njit(cache=True, nogil=True)
def _first(keys: np.ndarray, masks: np.ndarray, key: int, mask: int) -> int:
    for k in range(len(keys)):
        if (keys[k] ^ key) & masks[k] & mask == 0:
            return k
    return -1


def arrivals(
    routers: Routers, source: int, block: Block
) -> list[tuple[Block, Counter[tuple[int, int]]]]:
    """What becomes of packets from a chip: by part of the block, how often they reach which core.

    Keys that tables treat alike all the way stay together; others are told apart.

    Raises
    ------
    ValidationError
        If packets of a source match nothing where they start, go where no link is, or in circles.
    """
    found: Counter[tuple[int, int]] = Counter()
    todo, seen = [(source, -1)], set()
    while todo:
        chip, came = todo.pop()
        if (chip, came) in seen:
            raise ValidationError("SpiNNaker, routing", f"key {block.key:08x} goes in circles")
        seen.add((chip, came))
        route, apart = routers.first(chip, block)
        if apart:
            return [
                part for half in _halves(block, apart) for part in arrivals(routers, source, half)
            ]
        if route < 0 and came < 0:
            raise ValidationError("SpiNNaker, routing", f"key {block.key:08x} matches nothing")
        route = 1 << opposite(came) if route < 0 else route
        for link in range(CORES):
            if route >> link & 1:
                after = int(routers.machine.near[chip, link])
                if after < 0:
                    problem = f"key {block.key:08x} leaves chip {chip} by a dead link"
                    raise ValidationError("SpiNNaker, routing", problem)
                todo.append((after, opposite(link)))
        cores = route >> CORES
        found.update((chip, core) for core in range(cores.bit_length()) if cores >> core & 1)
    return [(block, found)]


def check(
    machine: Machine,
    tables: Mapping[int, Table],
    sources: Sequence[tuple[int, Block]],
    targets: Sequence[Mapping[int, Sequence[int]]],
) -> None:
    """Raise ValidationError unless every key reaches its targets, each of them once.

    Parameters
    ----------
    sources
        Chip and keys of each source.
    targets
        By chip, the cores there that its packets are to reach.
    """
    routers = Routers.of(machine, tables)
    for (chip, block), wanted in zip(sources, targets, strict=True):
        once = Counter((at, core) for at, cores in wanted.items() for core in cores)
        for part, found in arrivals(routers, chip, block):
            if found != once:
                raise ValidationError(
                    "SpiNNaker, routing", f"key {part.key:08x} reaches {sorted(found.items())}",
                    f"{sorted(once.items())}",
                )  # fmt: skip


def _halves(block: Block, apart: int) -> tuple[Block, Block]:
    bit = 1 << (apart.bit_length() - 1)
    return Block(block.key, block.mask | bit), Block(block.key | bit, block.mask | bit)
