"""Populations that run some steps late, where a chip lets no spike act in its own step.

A network in layers may act within one step; on a chip every core takes a step of its own. Each
population is then late by a whole number of steps, and delays between them grow or shrink by the
difference, so that all that happens is the same, only later. A loop keeps its length: one that is
shorter than the chip's shortest delays along it cannot be had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import ValidationError

__all__ = ["Hop", "lateness"]


@dataclass(frozen=True)
class Hop:
    """A projection: from and to which population, its least delay, and the chip's, in steps."""

    name: str
    pre: int
    post: int
    delay: int
    least: int


def lateness(count: int, hops: Sequence[Hop]) -> list[int]:
    """By how many steps each population is late at least.

    Parameters
    ----------
    count
        Number of populations.
    hops
        All projections.

    Returns
    -------
    list of int
        0 or more, such that ``delay + late[post] - late[pre] >= least`` for every projection.

    Raises
    ------
    ValidationError
        If a loop is too short; its projections are named.
    """
    late, cause = [0] * count, [-1] * count
    for _ in range(count + 1):
        changed = -1
        for k, hop in enumerate(hops):
            needed = late[hop.pre] + hop.least - hop.delay
            if needed > late[hop.post]:
                late[hop.post], cause[hop.post], changed = needed, k, hop.post
        if changed < 0:
            return late
    at = changed
    for _ in range(count):
        at = hops[cause[at]].pre
    loop, begin = [], at
    while not loop or at != begin:
        hop = hops[cause[at]]
        loop.append(hop)
        at = hop.pre
    names = ", ".join(repr(hop.name) for hop in reversed(loop))
    total, least = sum(h.delay for h in loop), sum(h.least for h in loop)
    raise ValidationError(
        f"loop of {names}", f"takes {total} steps", f"{least} steps at least on this chip",
        "make a delay in the loop longer, or the step shorter",
    )  # fmt: skip
