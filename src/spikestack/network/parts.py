"""Small things that networks are made of, as plain data: masks, positions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import ValidationError, shorten
from ..units import magnitude, parse_unit

__all__ = ["Part", "length", "lengths"]


@dataclass(frozen=True, eq=False)
class Part:
    """A frozen dataclass that files store by the name of its class and its fields."""

    #: Every subclass by name.
    kinds: ClassVar[dict[str, type[Part]]] = {}

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        Part.kinds[cls.__name__] = cls

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads."""
        return {"kind": type(self).__name__} | {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**{k: v for k, v in data.items() if k != "kind"})


def length(given: Any, where: str, low: float = -np.inf, strict: bool = False) -> float:
    """A length in um, above or at `low`.

    Raises
    ------
    ValidationError
        If it is no finite number, or too small.
    """
    value = magnitude(given, parse_unit("um"), where)
    small = not isinstance(value, float) or value < low or (strict and value == low)
    if small or not np.isfinite(value):
        bound = "" if low == -np.inf else f" {'>' if strict else '>='} {low:g}"
        raise ValidationError(where, f"got {shorten(given)}", f"a finite length{bound} in um")
    return float(value)


def lengths(
    given: Any, where: str, dims: int | None = None, low: float = -np.inf, strict: bool = False
) -> tuple[float, ...]:
    """One to three lengths in um; one number stands for `dims` equal ones where that is given.

    Raises
    ------
    ValidationError
        If there are not as many as `dims`, or one is no length.
    """
    if hasattr(given, "to") and hasattr(given, "magnitude"):
        given = magnitude(given, parse_unit("um"), where)
    if isinstance(given, np.ndarray):
        given = given.tolist()
    single = not isinstance(given, tuple | list)
    items = [given] * (dims or 1) if single else list(given)
    if not 1 <= len(items) <= 3 or (dims is not None and len(items) != dims):
        wanted = "one to three" if dims is None else str(dims)
        raise ValidationError(where, f"got {shorten(given)}", f"{wanted} lengths in um")
    return tuple(length(item, where, low, strict) for item in items)
