"""Packets that branch, as arrays: trees, what is sent along them, what is going on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "AGAIN",
    "AROUND",
    "NONE",
    "QUEUE",
    "THROWN",
    "Branches",
    "Sent",
    "State",
    "TreeSettings",
]

NONE = -1
#: In `trees.TreeStep.counts`.
QUEUE, AROUND, AGAIN, THROWN = range(4)


class Branches(NamedTuple):
    """The trees of all cores, as nodes: a root, and one for each link, at whose end it stands.

    Attributes
    ----------
    nodes
        Core c has nodes ``nodes[c]`` to ``nodes[c + 1]``, parents before children (int64).
    link, parent, child, children
        Of each node: the link to it, the node before it, its first child and how many there are,
        which follow one another (int64).
    gives, core
        Node n hands packets to the cores ``core[gives[n]:gives[n + 1]]`` (int64).
    via, second
        Of each link: the two links round the triangle to its end, -1 where one is dead (int64).
    """

    nodes: np.ndarray
    link: np.ndarray
    parent: np.ndarray
    child: np.ndarray
    children: np.ndarray
    gives: np.ndarray
    core: np.ndarray
    via: np.ndarray
    second: np.ndarray


class Sent(NamedTuple):
    """What is sent in a step.

    Attributes
    ----------
    starts, source
        Core c sends packets ``starts[c]`` to ``starts[c + 1]``; the core of each (int64).
    before
        What the core does before it sends each, in ps (int64).
    work
        What each core that it reaches does about it, in the order of `Branches.core`, packet after
        packet, in ps (int64).
    rest
        What each core has to do after its last packet, in ps (int64).
    links, cores
        Until when links and cores are busy with the step before, in ps (int64).
    """

    starts: np.ndarray
    source: np.ndarray
    before: np.ndarray
    work: np.ndarray
    rest: np.ndarray
    links: np.ndarray
    cores: np.ndarray


class TreeSettings(NamedTuple):
    """Times in ps: over a link; before a packet goes round, and again before it is dropped; until
    software sends a dropped one again, -1 for never. Then packets that wait at a core, and whether
    any goes round.
    """

    crossing: int
    wait: int
    again: int
    buffer: int
    around: bool


class State(NamedTuple):
    queue: np.ndarray
    root: np.ndarray
    first_item: np.ndarray
    first_give: np.ndarray
    packet: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    after: np.ndarray
    lengths: np.ndarray
    busy: np.ndarray
    timer: np.ndarray
    at: np.ndarray
    phase: np.ndarray
    since: np.ndarray
    waiting: np.ndarray
    buffer_heads: np.ndarray
    buffer_tails: np.ndarray
    buffer_after: np.ndarray
    held: np.ndarray
    next: np.ndarray
    doing: np.ndarray
    idle: np.ndarray
    ended: np.ndarray
    thrown: np.ndarray
