"""Packets sent through tables, one by one: where they arrive, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ...errors import ValidationError
from .keys import BITS, Block
from .machine import Machine, opposite
from .tables import CORES, Entry, Table

__all__ = ["arrivals", "check"]


def arrivals(
    machine: Machine, tables: Mapping[int, Table], source: int, block: Block
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
        entry, apart = _first(tables.get(chip, Table(())), block)
        if apart:
            zero, one = _halves(block, apart)
            return arrivals(machine, tables, source, zero) + arrivals(machine, tables, source, one)
        if entry is None and came < 0:
            raise ValidationError("SpiNNaker, routing", f"key {block.key:08x} matches nothing")
        route = 1 << opposite(came) if entry is None else entry.route
        for link in range(CORES):
            if route >> link & 1:
                after = int(machine.near[chip, link])
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
    for (chip, block), wanted in zip(sources, targets, strict=True):
        once = Counter((at, core) for at, cores in wanted.items() for core in cores)
        for part, found in arrivals(machine, tables, chip, block):
            if found != once:
                raise ValidationError(
                    "SpiNNaker, routing", f"key {part.key:08x} reaches {sorted(found.items())}",
                    f"{sorted(once.items())}",
                )  # fmt: skip


def _first(table: Table, block: Block) -> tuple[Entry | None, int]:
    """The entry that matches all keys of a block; or a bit by which they differ before that."""
    for entry in table.entries:
        if (entry.key ^ block.key) & entry.mask & block.mask == 0:
            return entry, entry.mask & ~block.mask & (2**BITS - 1)
    return None, 0


def _halves(block: Block, apart: int) -> tuple[Block, Block]:
    bit = 1 << (apart.bit_length() - 1)
    return Block(block.key, block.mask | bit), Block(block.key | bit, block.mask | bit)
