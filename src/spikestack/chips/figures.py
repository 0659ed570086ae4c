"""Numbers of chips: with unit, source, and how far they can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from ..errors import ValidationError, shorten

__all__ = ["Figure", "Grade"]


class Grade(StrEnum):
    """How a number came about, from the most to the least certain."""

    SILICON = "measured on silicon"
    PRE_SILICON = "the makers' simulation before silicon"
    MAKER = "the maker's brief or product page"
    CODE = "public code or documentation"
    BLACK_BOX = "black-box measurement of the maker's software"
    DERIVED = "computed from other figures"
    UNVERIFIED = "from memory, unverified"
    USER = "given by the user"


@dataclass(frozen=True)
class Figure:
    """One number of a chip.

    Parameters
    ----------
    value
        The number; None where nothing is published.
    unit
        Of the number; a countable thing in the plural, or a unit.
    grade
        How it came about.
    source
        Where it is from: a publication, a document, a package with its version, a computation.
    note
        What one must know to read it.
    """

    value: float | None
    unit: str
    grade: Grade
    source: str
    note: str = ""

    def __post_init__(self) -> None:
        what = f"Figure of {shorten(self.value)} {shorten(self.unit)}"
        if self.value is not None and not math.isfinite(self.value):
            raise ValidationError(what, "is not finite", "a number, or None for unpublished")
        if not isinstance(self.grade, Grade):
            raise ValidationError(what, f"grade {shorten(self.grade)}", "a Grade")
        for name in ("unit", "source"):
            text = getattr(self, name)
            if not (isinstance(text, str) and text.strip()):
                raise ValidationError(what, f"no {name}", "a text: numbers without one are refused")

    def __float__(self) -> float:
        if self.value is None:
            raise ValidationError("Figure", f"of {self.unit} is not published", "a number of yours")
        return float(self.value)

    def __int__(self) -> int:
        return round(float(self))

    def __str__(self) -> str:
        if self.value is None:
            return "not published"
        whole = float(self.value).is_integer() and abs(self.value) < 1e15
        return f"{int(self.value):,} {self.unit}" if whole else f"{self.value:g} {self.unit}"
