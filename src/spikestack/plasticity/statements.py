"""Reading what a rule does at its events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..equations.block import Statement, parse_statements
from ..equations.dimensions import check_unit
from ..equations.expressions import Expr, substitute
from ..equations.parser import parse_expression
from ..errors import EquationError
from ..units import Unit

if TYPE_CHECKING:
    from .base import PlasticityRule


def parse_event(
    rule: PlasticityRule, event: str, units: Mapping[str, Unit], targets: tuple[str, ...]
) -> tuple[Statement, ...]:
    """The assignments of one of the rule's texts to some of `targets`."""
    text, where = getattr(rule, event), f"{rule.label}.{event}"
    with _weights_explained():
        return parse_statements(text, set(targets), units, _known(rule, units), where)


def parse_transmission(
    rule: PlasticityRule, units: Mapping[str, Unit], weight: Unit
) -> Expr | None:
    """What a spike delivers, None if simply the weight."""
    if not rule.transmit.strip():
        return None
    where = f"{rule.label}.transmit"
    found = parse_expression(rule.transmit, set(units), where)
    with _weights_explained():
        check_unit(found, weight, units, where)
    return substitute(found, _known(rule, units))


@contextmanager
def _weights_explained() -> Iterator[None]:
    """Say of units that do not fit what weights count as."""
    try:
        yield
    except EquationError as error:
        if "nA" not in str(error):
            raise
        remedy = "in rules weights are in nA, whatever the synapse; numbers like them are declared "
        remedy += "by WeightParameter(1.0)"
        raise EquationError(error.where, error.problem, error.rule, remedy) from None


def _known(rule: PlasticityRule, units: Mapping[str, Unit]) -> dict[str, Expr]:
    return {name: expr for name, expr in rule.block.aliases.items() if name in units}
