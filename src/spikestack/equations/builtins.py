"""Names that every equation may use undeclared: the time, the step, and random numbers.

A name is one draw for each neuron and step wherever it occurs, so that two draws need two names:
``xi`` and ``xi_2``. What a model declares itself goes before these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..units import DIMENSIONLESS, Unit, parse_unit

__all__ = ["COMMON", "NOISE", "RANDOM", "UNIFORM", "builtin_units", "kind_of"]

#: White noise of unit intensity; a number in (0, 1); one that all neurons of a population share.
NOISE, UNIFORM, COMMON = "xi", "rand", "common"
RANDOM = (NOISE, UNIFORM, COMMON)
_NAME = re.compile(r"(?<![A-Za-z0-9_.])([A-Za-z]\w*)")
_DRAW = re.compile(rf"({NOISE}|{UNIFORM}|{COMMON})(_\w+)?\Z")


def kind_of(name: str) -> str:
    """`NOISE`, `UNIFORM` or `COMMON` for the name of a draw (prefixed or not), else ""."""
    match = _DRAW.match(name.rpartition(".")[2])
    return match[1] if match else ""


def builtin_units(texts: Iterable[str], declared: Iterable[str]) -> dict[str, Unit]:
    """The built-in names that occur in `texts` and are not `declared`, with their units."""
    time = parse_unit("ms")
    taken, found = set(declared), {}
    for name in dict.fromkeys(name for text in texts for name in _NAME.findall(text)):
        if name in taken:
            continue
        if name in ("t", "dt"):
            found[name] = time
        elif kind := kind_of(name):
            found[name] = parse_unit("ms^-0.5") if kind == NOISE else DIMENSIONLESS
    return found
