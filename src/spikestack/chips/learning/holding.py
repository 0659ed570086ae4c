"""Synapses whose weights a learning engine holds, and the network only delivers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from ...network.network import Network
from ...plasticity.base import PlasticityRule
from ...values import support
from .engine import Widths
from .rules import LoihiRule, Rules

__all__ = ["check_names", "checked_rules", "greatest", "held", "unit_of"]


def checked_rules(learning: Any, where: str) -> Rules:
    """Rules by projection.

    Raises
    ------
    ValidationError
        If anything is no `LoihiRule`.
    """
    if learning is None:
        return {}
    if not isinstance(learning, dict):
        raise ValidationError(where, f"got {shorten(learning)}", "a dict of LoihiRule by name")
    for name, rule in learning.items():
        if not isinstance(rule, LoihiRule):
            raise ValidationError(f"{where}[{name!r}]", f"got {shorten(rule)}", "a LoihiRule")
    return learning


def check_names(rules: Rules, network: Network, where: str) -> None:
    """Raise UnknownNameError if a rule is for no projection."""
    for name in rules:
        if name not in network.projections:
            raise UnknownNameError(where, name, network.projections)


def greatest(rule: LoihiRule | None, weights: np.ndarray, where: str) -> float:
    """The weight that the widest number stands for, in the description's units.

    Raises
    ------
    ValidationError
        If neither the rule nor any weight says.
    """
    most = float(np.abs(weights).max(initial=0.0))
    if rule is None:
        return most
    if rule.w_max is not None:
        if most > rule.w_max:
            raise ValidationError(where, f"begins at {most:g}", f"w_max, {rule.w_max:g}, or less")
        return rule.w_max
    if most == 0.0:
        raise ValidationError(
            where, "learns from 0, and nothing says how far", "LoihiRule(w_max=...)"
        )
    return most


def held(unit: float, widths: Widths) -> PlasticityRule:
    """What stands for the learning engine in the network: weights may change, nothing changes."""
    highest = 2.0 ** (widths.bits - 1)
    return PlasticityRule(
        transmit="w", w_min=-highest * unit, w_max=(highest - 1.0) * unit, name="learning engine"
    )


def unit_of(network: Network, name: str, widths: Widths) -> float:
    """What a weight of 1 adds to its target."""
    (rule,) = network.projections[name].plasticity
    return float(support(rule.values["w_max"])[0]) / (2.0 ** (widths.bits - 1) - 1.0)
