"""What a chip cannot do, as data: walls, budgets and deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .figures import Figure

__all__ = ["Limit", "LimitKind", "Violation", "violations"]


class LimitKind(StrEnum):
    """What happens where a limit is passed: mixing these up spoils most comparisons."""

    #: Nothing more can be put there: refused.
    WALL = "wall"
    #: A memory that several things share: more of one leaves less for the others; full, refused.
    BUDGET = "budget"
    #: More takes longer than the step lasts: accepted, and reported.
    DEADLINE = "deadline"


@dataclass(frozen=True)
class Limit:
    """One limit.

    Attributes
    ----------
    counts
        What is counted: ``"neurons"``, ``"axons in"``, ``"axons out"``, ``"synapse words"``,
        ``"fan-in"``, ``"delay"``, ``"cores"``, ...
    per
        In what: ``"neuron"``, ``"core"``, ``"chip"``, ``"system"``.
    most
        The greatest number.
    kind
        Wall, budget or deadline.
    remedy
        What to do about too many.
    """

    counts: str
    per: str
    most: Figure
    kind: LimitKind
    remedy: str

    def __str__(self) -> str:
        return f"{self.most} per {self.per}"


@dataclass(frozen=True)
class Violation:
    """A limit that a network passes: by how many, and where first."""

    limit: Limit
    found: float
    where: str

    def __str__(self) -> str:
        limit = self.limit
        found = f"{self.found:,.0f} {limit.counts}"
        return f"{self.where}: {found}, {limit} at most ({limit.kind}); {limit.remedy}"


def violations(limits: Iterable[Limit], used: Mapping[str, float], where: str) -> list[Violation]:
    """Every limit of which more is used than it allows; a count that is not there passes none."""
    return [
        Violation(limit, used[limit.counts], where)
        for limit in limits
        if limit.counts in used and used[limit.counts] > float(limit.most)
    ]
