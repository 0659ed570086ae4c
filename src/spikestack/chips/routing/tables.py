"""Routing tables: what each chip does with a packet, by its key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .keys import Block
from .machine import opposite
from .trees import Tree

__all__ = ["CORES", "Entry", "Table", "tables_of"]

#: The first bit of a route that stands for a core; those before stand for the six links.
CORES = 6


@dataclass(frozen=True)
class Entry:
    """Packets with ``key & mask == self.key`` go to the links and cores whose bits `route` has."""

    key: int
    mask: int
    route: int

    def __str__(self) -> str:
        links = [f"link {k}" for k in range(CORES) if self.route >> k & 1]
        cores = [
            f"core {k}"
            for k in range(self.route.bit_length() - CORES)
            if self.route >> k + CORES & 1
        ]
        return f"{self.key:08x}/{self.mask:08x} to {', '.join(links + cores)}"


@dataclass(frozen=True)
class Table:
    """One chip's table.

    Attributes
    ----------
    entries
        In the order in which they are looked at; the first that matches counts.
    defaulted
        Keys that no entry may match: their packets go straight on.
    """

    entries: tuple[Entry, ...]
    defaulted: tuple[Block, ...] = ()


def tables_of(
    trees: Sequence[Tree], blocks: Sequence[Block], targets: Sequence[Mapping[int, Iterable[int]]]
) -> dict[int, Table]:
    """The table of every chip that any packet meets, without entries that routers do not need.

    Parameters
    ----------
    trees
        Of each source.
    blocks
        Its keys.
    targets
        By chip, the cores there that its packets go to.
    """
    entries: dict[int, list[Entry]] = {}
    defaulted: dict[int, list[Block]] = {}
    for tree, block, wanted in zip(trees, blocks, targets, strict=True):
        for chip in tree.chips:
            links, cores = tree.out[chip], tuple(wanted.get(chip, ()))
            straight = tree.came[chip] >= 0 and links == (opposite(tree.came[chip]),)
            if straight and not cores:
                defaulted.setdefault(chip, []).append(block)
                continue
            route = sum(1 << link for link in links) + sum(1 << CORES + core for core in cores)
            entries.setdefault(chip, []).append(Entry(block.key, block.mask, route))
    return {
        chip: Table(tuple(entries.get(chip, ())), tuple(defaulted.get(chip, ())))
        for chip in sorted({*entries, *defaulted})
    }
