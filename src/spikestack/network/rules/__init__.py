"""Connection rules: which neurons of two populations are connected.

A rule is data. Every module of this folder is looked into, so that a new rule is one new file (see
docs/adding_a_rule.md).
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from ...equations.catalogue import collect
from ...errors import UnknownNameError
from .base import Edges, Ends, ListedRule, Rows, Rule, check_edge_count
from .drawn import (
    AllToAll,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    OneToOne,
)
from .given import Dense, ExplicitRule, FromArrays, FromSparse
from .pairs import ByDistance, Where
from .stencils import Convolution, Pooling, TransposedConvolution

__all__ = [
    "AllToAll",
    "ByDistance",
    "Convolution",
    "Dense",
    "Edges",
    "Ends",
    "ExplicitRule",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
    "ListedRule",
    "OneToOne",
    "Pooling",
    "Rows",
    "Rule",
    "TransposedConvolution",
    "Where",
    "check_edge_count",
    "rule_named",
    "rules",
]


@cache
def rules() -> dict[str, type[Rule]]:
    """Every rule that comes with Spikestack, by name."""
    found = collect(__name__, Rule)  # type: ignore[type-abstract]
    return {name: rule for name, rule in found.items() if not inspect.isabstract(rule)}


def rule_named(name: str) -> type[Rule]:
    """The rule of this name, Spikestack's or another that has been defined.

    Raises
    ------
    UnknownNameError
        If there is none; rules of other packages must be imported first.
    """
    found = rules().get(name) or Rule.known.get(name)
    if found is None or inspect.isabstract(found):
        raise UnknownNameError("rule (one of your own must be imported first)", name, rules())
    return found  # type: ignore[return-value]


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name not in rules():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return rules()[name]
