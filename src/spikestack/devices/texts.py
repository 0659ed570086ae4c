"""Texts of a device that are not equations: what a pulse does, what a reading finds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..equations.expressions import Expr, Num, names_in, substitute
from ..equations.parser import parse_expression
from ..errors import EquationError, ValidationError, shorten
from ..values import Distribution
from .base import Device

__all__ = ["number_of", "text_of"]


def text_of(device: Device, what: str, names: Iterable[str]) -> Expr | None:
    """A device's text as an expression, its shorthands replaced; None where it is empty.

    Parameters
    ----------
    device
        Whose attribute `what` is the text.
    names
        What may occur besides the device's parameters and `v_read`, a number.

    Raises
    ------
    EquationError, UnknownNameError
        If the text is not in the language, or names what it cannot know.
    """
    text, where = getattr(device, what), f"{device.label}.{what}"
    if not text:
        return None
    known = {*names, *device.parameters, "v_read"}
    expr = parse_expression(text, known | set(device.block.aliases), where)
    expr = substitute(expr, device.block.aliases)
    # A shorthand may name what another text knows and this one does not.
    if foreign := set(names_in(expr)) - known:
        raise EquationError(
            where, f"uses {sorted(foreign)[0]!r}", f"{', '.join(sorted(names))} and parameters"
        )
    return substitute(expr, {"v_read": Num(float(device.v_read))})


def number_of(device: Device, name: str) -> float:
    """A parameter's number; the mean of an array.

    Raises
    ------
    ValidationError
        If it is a distribution: spreads between devices are told apart from nominal values.
    """
    value = device.values[name]
    if isinstance(value, Distribution):
        raise ValidationError(
            f"{device.label}.{name}",
            f"got {shorten(value)}",
            "a number",
            f"say how devices differ with spread={{{name!r}: ...}} or {name}_spread",
        )
    return float(np.mean(value))
