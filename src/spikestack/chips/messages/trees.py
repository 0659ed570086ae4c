"""One step of packets that branch: links of a machine, routers that wait and drop, cores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .branches import NONE, Branches, Sent, State, TreeSettings
from .scheduler import scheduler
from .tree_events import run

__all__ = ["TreeStep", "simulate_trees"]


@dataclass(frozen=True)
class TreeStep:
    """What came of a step.

    Attributes
    ----------
    finished
        When each core has done all, in ps (int64).
    begun, lost
        Of each packet at each core that it reaches: when it is looked at, in ps (int64), and
        whether it never comes (bool).
    waited
        How long packets waited at links, all together, in ps.
    loads
        Packets over each link (int64).
    free
        When each link carried its last, in ps (int64).
    buffered
        Most packets that waited at each core (int64).
    counts
        The longest queue at any link; packets that went round one, that were sent again, that were
        thrown away (int64).
    """

    finished: np.ndarray
    begun: np.ndarray
    lost: np.ndarray
    waited: int
    loads: np.ndarray
    free: np.ndarray
    buffered: np.ndarray
    counts: np.ndarray


def simulate_trees(trees: Branches, sent: Sent, settings: TreeSettings) -> TreeStep:
    """Run one step of packets along trees.

    A link carries one packet at a time, others wait in order of arrival. Who has waited for
    `TreeSettings.wait` goes round by the two other links of a triangle, if these work; who then
    waits as long again is dropped, and sent again to the same link by software, or lost with all
    that is behind. Cores do one thing at a time: packets that have come first, then their own
    neurons; who comes to a full buffer is lost. Events of the same time keep their order.
    """
    cores, links, packets = len(trees.nodes) - 1, len(trees.via), len(sent.source)
    items = np.zeros(packets + 1, np.int64)
    gives = np.zeros(packets + 1, np.int64)
    items[1:] = np.cumsum(np.diff(trees.nodes)[sent.source])
    gives[1:] = np.cumsum(np.diff(trees.gives[trees.nodes])[sent.source])
    many, handed = int(items[-1]), int(gives[-1])

    def empty(count: int) -> np.ndarray:
        return np.full(count, NONE, np.int64)

    def zeros(count: int) -> np.ndarray:
        return np.zeros(count, np.int64)

    state = State(
        scheduler(2 * many + 2 * handed + 4 * cores + 2 * links + 16),
        trees.nodes[sent.source], items, gives,
        np.repeat(np.arange(packets), np.diff(items)), empty(links), empty(links), empty(many),
        zeros(links), np.zeros(links, np.bool_), np.zeros(links, np.bool_), empty(many),
        zeros(many), zeros(many), np.zeros(many, np.bool_), empty(cores), empty(cores),
        empty(handed), zeros(cores), sent.starts[:-1].copy(), empty(cores),
        np.ones(cores, np.bool_), sent.rest <= 0, np.zeros(many, np.bool_),
    )  # fmt: skip
    made = TreeStep(
        zeros(cores), zeros(handed), np.zeros(handed, np.bool_), 0, zeros(links), zeros(links),
        zeros(cores), zeros(4),
    )  # fmt: skip
    waited = run(trees, sent, settings, state, made.finished, made.begun, made.lost, made.loads,
                  made.free, made.buffered, made.counts)  # fmt: skip
    return TreeStep(
        made.finished, made.begun, made.lost, int(waited), made.loads, made.free, made.buffered,
        made.counts,
    )  # fmt: skip
