"""Rules whose edges are drawn from the projection's key, or follow from the sizes alone.

They are enumerated from the source side, so that the same network has the same edges however it is
built, and so that compiled code may compute them at every spike (see `spikestack.numerics.edges`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...errors import ValidationError, shorten
from .base import Rule

__all__ = [
    "AllToAll",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "OneToOne",
]


def _whole(value: Any, low: int, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise ValidationError(what, f"got {shorten(value)}", f"a whole number >= {low}")


@dataclass(frozen=True)
class OneToOne(Rule):
    """Neuron i to neuron i; both sides must have the same size."""

    kind: ClassVar[str] = "one_to_one"

    def check(self, n_pre: int, n_post: int, where: str) -> None:
        """Raise ValidationError unless the sizes agree."""
        if n_pre != n_post:
            raise ValidationError(where, f"OneToOne joins {n_pre} to {n_post}", "equal sizes")

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """One for each neuron."""
        return n_pre

    def has_fixed_edges(self) -> bool:
        """Edges are in the order of the neurons."""
        return True


@dataclass(frozen=True)
class AllToAll(Rule):
    """Every neuron to every neuron; weights may be a matrix (pre by post)."""

    autapses: bool = True
    kind: ClassVar[str] = "all_to_all"

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """All pairs."""
        return n_pre * n_post

    def has_fixed_edges(self) -> bool:
        """Edges are in the order of the matrix, row by row."""
        return True


@dataclass(frozen=True)
class FixedProbability(Rule):
    """Each pair with probability `p`, at most once."""

    p: float = 0.1
    autapses: bool = True
    kind: ClassVar[str] = "fixed_probability"

    def __post_init__(self) -> None:
        if not isinstance(self.p, int | float) or not 0 <= self.p <= 1:
            raise ValidationError("FixedProbability.p", f"got {shorten(self.p)}", "0 to 1")

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """p times the number of pairs."""
        return self.p * n_pre * n_post


@dataclass(frozen=True)
class FixedInDegree(Rule):
    """Every target draws `k` sources, with replacement unless ``multapses=False``."""

    k: int = 1
    autapses: bool = True
    multapses: bool = True
    kind: ClassVar[str] = "fixed_in_degree"

    def __post_init__(self) -> None:
        _whole(self.k, 0, "FixedInDegree.k")

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """k for each target."""
        return self.k * n_post


@dataclass(frozen=True)
class FixedOutDegree(Rule):
    """Every source draws `k` targets, with replacement unless ``multapses=False``."""

    k: int = 1
    autapses: bool = True
    multapses: bool = True
    kind: ClassVar[str] = "fixed_out_degree"

    def __post_init__(self) -> None:
        _whole(self.k, 0, "FixedOutDegree.k")

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """k for each source."""
        return self.k * n_pre


@dataclass(frozen=True)
class FixedTotalNumber(Rule):
    """`n` pairs drawn uniformly, with replacement unless ``multapses=False``."""

    n: int = 1
    autapses: bool = True
    multapses: bool = True
    kind: ClassVar[str] = "fixed_total_number"

    def __post_init__(self) -> None:
        _whole(self.n, 0, "FixedTotalNumber.n")

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """n."""
        return self.n
