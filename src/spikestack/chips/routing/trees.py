"""Where packets of a source go: one tree over chips that reaches each of its targets once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .machine import Machine, opposite

__all__ = ["Tree", "tree_to"]


@dataclass(frozen=True)
class Tree:
    """The way of one source's packets.

    Attributes
    ----------
    source
        The chip they start from.
    out
        By chip, the links they leave by.
    came
        By chip, the link they come in by; -1 at the source.
    """

    source: int
    out: Mapping[int, tuple[int, ...]]
    came: Mapping[int, int]

    @property
    def chips(self) -> tuple[int, ...]:
        """All chips whose routers see them."""
        return tuple(self.came)

    @property
    def links(self) -> list[tuple[int, int]]:
        """All links, as chip and link."""
        return [(chip, link) for chip, links in self.out.items() for link in links]


def tree_to(machine: Machine, source: int, targets: Iterable[int]) -> Tree:
    """The tree from a chip to others: near ones first, each by dimension order.

    A way that meets the tree again leaves it there; one over something dead goes round it, from
    wherever in the tree that is nearest.

    Raises
    ------
    ValidationError
        If a target cannot be reached.
    """
    out: dict[int, list[int]] = {source: []}
    came = {source: -1}
    for target in sorted(set(targets), key=lambda t: (machine.distance(source, t), t)):
        if target in came:
            continue
        path = machine.path(source, target) or machine.detour(came, target)
        begin = max(k for k, chip in enumerate(path) if chip in came)
        for here, there in zip(path[begin:], path[begin + 1 :]):
            link = machine.link(here, there)
            out[here].append(link)
            out[there], came[there] = [], opposite(link)
    return Tree(source, {chip: tuple(sorted(links)) for chip, links in out.items()}, came)
