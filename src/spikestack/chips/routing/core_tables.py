"""What each core sends along its tree, and by which keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..fabric.tables import KeyTable
from .keys import Block
from .machine import Machine
from .trees import Tree

__all__ = ["TreeTables"]


@dataclass(frozen=True, eq=False)
class TreeTables:
    """The tables of cores, read from trees; made for one core when it is asked.

    Attributes
    ----------
    machine
        Chips and links.
    chips
        Chip of each core, int64.
    starts
        Number of the first neuron of each core, and of all, int64.
    blocks
        Keys of each core's neurons.
    trees, reached
        By core that sends, where its packets go, and the cores that they reach.
    """

    machine: Machine
    chips: np.ndarray
    starts: np.ndarray
    blocks: Sequence[Block]
    trees: Mapping[int, Tree]
    reached: Mapping[int, np.ndarray]

    def table(self, core: int) -> KeyTable:
        """The table of one core."""
        ids = np.arange(self.starts[core], self.starts[core + 1])
        to = np.asarray(self.reached.get(core, np.zeros(0, np.int64)), np.int64)
        far = self._far(self.trees[core]) if len(to) else {}
        links = np.array([far[int(self.chips[c])] for c in to], np.int64)
        hops = np.zeros((len(ids), len(to), 3), np.int64)
        hops[:, :, 2] = links
        keys = self.blocks[core].key + np.arange(len(ids))
        return KeyTable(
            np.repeat(ids, len(to)), np.tile(to, len(ids)), hops.reshape(-1, 3),
            np.repeat(keys, len(to)),
        )  # fmt: skip

    def _far(self, tree: Tree) -> dict[int, int]:
        """Links from the source of a tree to each of its chips."""
        made, todo = {tree.source: 0}, [tree.source]
        while todo:
            chip = todo.pop()
            for link in tree.out[chip]:
                there = int(self.machine.near[chip, link])
                made[there] = made[chip] + 1
                todo.append(there)
        return made
