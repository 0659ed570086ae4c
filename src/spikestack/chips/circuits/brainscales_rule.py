"""Plastic projections on BrainScaleS: only correlation sensors learn."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ...errors import ValidationError
from ...values import support

if TYPE_CHECKING:
    from ..analog.chip import AnalogChip

__all__ = ["greatest_code", "learnt", "on_chip"]

_SENSORS = ("stored_causal", "stored_anticausal")


def learnt(chip: AnalogChip, projection: Any) -> float:
    """The greatest weight of a projection that learns.

    Raises
    ------
    ValidationError
        If it learns by anything but correlation sensors.
    """
    where = f"{chip.name}, projection {projection.name!r}"
    rules = _rules(projection)
    if len(rules) != 1 or not set(_SENSORS) <= set(rules[0].synapse_units):
        raise ValidationError(where, "learns by no rule of the chip", "one CorrelationSTDP",
                              "its synapses have correlation sensors")  # fmt: skip
    if chip.wired_rule and rules[0].every != chip.wired_rule:
        raise ValidationError(where, "has a rule of its own", "FixedSTDP",
                              "the rule of this chip is wired")  # fmt: skip
    least, most = (float(support(rules[0].values[n])[0]) for n in ("w_min", "w_max"))
    if least < 0 or most <= 0:
        raise ValidationError(where, f"weights of {least:g} to {most:g}", "0 to more than 0",
                              "rows of the chip have one sign")  # fmt: skip
    return most


def on_chip(projection: Any, most: int) -> Any:
    """The rule of a plastic projection with weights in the chip's numbers, up to `most`."""
    rule = copy.copy(_rules(projection)[0])
    rule.values = {**rule.values, "w_max": float(most), "w_min": 0.0}
    if "levels" in rule.values:
        rule.values["levels"] = float(most)
    return rule


def greatest_code(quantised: Any, name: str) -> float:
    """The number that stands for the greatest weight of a projection that learns."""
    return float(support(_rules(quantised.network.projections[name])[0].values["w_max"])[1])


def _rules(projection: Any) -> tuple[Any, ...]:
    given = projection.plasticity
    return tuple(given) if isinstance(given, list | tuple) else (given,)
