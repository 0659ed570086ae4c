"""The tables of all tools, and what their lines can be."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

__all__ = ["TOOLS", "Computed", "Fixed", "Same", "Table", "tables"]

#: The modules here that hold a table each, in the order in which they are asked.
TOOLS = ("nest", "pynn", "brian2", "learning")


@dataclass(frozen=True)
class Same:
    """The same quantity under another name.

    `unit` is that of a plain number there; "" where the tool takes quantities only, so that a
    plain number is not taken for one. `factor` is applied after the conversion of units.
    """

    ours: str
    unit: str = ""
    factor: float = 1.0

    @property
    def plain(self) -> bool:
        """Whether the tool takes plain numbers."""
        return bool(self.unit)


@dataclass(frozen=True)
class Computed:
    """A parameter of ours that follows from theirs and others, which must be given too.

    `formula` takes numbers or arrays: theirs in `unit`, then those of `needs`, which are parameters
    of ours in their own units. `relation` says the same for people, `plain` whether the
    tool takes plain numbers.
    """

    ours: str
    unit: str
    needs: tuple[str, ...]
    formula: Callable[..., Any]
    relation: str
    plain: bool = True


@dataclass(frozen=True)
class Fixed:
    """A parameter that this model has at one value only; with another it is another model."""

    value: float
    otherwise: str


Line = Same | Computed | Fixed


@dataclass(frozen=True)
class Table:
    """What one tool calls things.

    Attributes
    ----------
    tool
        The tool's name in messages.
    parameters
        Our model's name, then their parameter's name -> what it is here.
    same_names
        Our model's name, then a parameter that both call alike, and its unit there where that is
        not ours.
    elsewhere
        Our model's name, then their parameter that has another place here -> which.
    models
        Their model's, device's or function's name -> what it is here, in words.
    """

    tool: str
    parameters: Mapping[str, Mapping[str, Line]] = field(default_factory=dict)
    same_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    elsewhere: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)


def _by_model(told: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Split keys that name several models: ``"LIF AdEx"``."""
    found: dict[str, dict[str, Any]] = {}
    for models, lines in told.items():
        for model in models.split():
            found.setdefault(model, {}).update(lines)
    return found


@cache
def tables() -> tuple[Table, ...]:
    """The table of every tool."""
    found = []
    for name in TOOLS:
        module = importlib.import_module(f".{name}", __package__)
        lines, same, elsewhere = (
            _by_model(getattr(module, part, {}))
            for part in ("PARAMETERS", "SAME_NAMES", "ELSEWHERE")
        )
        found.append(Table(module.TOOL, lines, same, elsewhere, getattr(module, "MODELS", {})))
    return tuple(found)
