"""Masks: which displacements from source to target a rule looks at (um)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ValidationError
from .parts import Part, length, lengths

__all__ = ["Annulus", "Box", "Disc", "Ellipse", "Mask"]


@dataclass(frozen=True, eq=False)
class Mask(Part, ABC):
    """The base of masks: a box that holds it, and a condition on the displacement within.

    The condition is a text of the equation language on ``dx, dy, dz`` and ``d``, or empty.
    """

    @abstractmethod
    def box(self, dims: int) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest displacement by dimension, float64[dims] (um).

        Raises
        ------
        ValidationError
            If the mask does not exist in so many dimensions.
        """

    def condition(self, dims: int) -> str:
        """What holds inside the mask, and not in the rest of the box."""
        return ""


@dataclass(frozen=True, eq=False)
class Disc(Mask):
    """All within `radius` (um): a disc, in three dimensions a ball, in one an interval.

    Its middle lies `anchor` away from the source, a displacement by dimension.
    """

    radius: Any = 100.0
    anchor: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", length(self.radius, "Disc.radius", 0.0))
        object.__setattr__(self, "anchor", lengths(self.anchor, "Disc.anchor"))

    def box(self, dims: int) -> tuple[np.ndarray, np.ndarray]:
        """The square around it."""
        return _around(self.anchor, (self.radius,) * dims, dims, "Disc")

    def condition(self, dims: int) -> str:
        """At most the radius away."""
        return f"{_distance(self.anchor, dims)} <= {self.radius!r}"


@dataclass(frozen=True, eq=False)
class Annulus(Mask):
    """All from `inner` to `outer` (um) away, both included, around `anchor`."""

    inner: Any = 0.0
    outer: Any = 100.0
    anchor: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "inner", length(self.inner, "Annulus.inner", 0.0))
        object.__setattr__(self, "outer", length(self.outer, "Annulus.outer", self.inner))
        object.__setattr__(self, "anchor", lengths(self.anchor, "Annulus.anchor"))

    def box(self, dims: int) -> tuple[np.ndarray, np.ndarray]:
        """The square around it."""
        return _around(self.anchor, (self.outer,) * dims, dims, "Annulus")

    def condition(self, dims: int) -> str:
        """Between both radii."""
        return f"{self.inner!r} <= {_distance(self.anchor, dims)} <= {self.outer!r}"


@dataclass(frozen=True, eq=False)
class Box(Mask):
    """All displacements from `low` to `high` (um), both included; one number holds for all
    dimensions."""

    low: Any = -50.0
    high: Any = 50.0

    def __post_init__(self) -> None:
        low, high = lengths(self.low, "Box.low"), lengths(self.high, "Box.high")
        if len(low) != len(high) or any(a > b for a, b in zip(low, high)):
            raise ValidationError("Box", f"low {low}, high {high}", "low <= high by dimension")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def box(self, dims: int) -> tuple[np.ndarray, np.ndarray]:
        """The box itself."""
        low, high = _spread(self.low, dims, "Box"), _spread(self.high, dims, "Box")
        return np.array(low), np.array(high)


@dataclass(frozen=True, eq=False)
class Ellipse(Mask):
    """An ellipse (in three dimensions an ellipsoid) with half `axes` (um) by dimension.

    In two and three dimensions it may be turned by `angle` degrees from the x axis towards the y
    axis.
    """

    axes: Any = (100.0, 50.0)
    angle: float = 0.0
    anchor: Any = 0.0

    def __post_init__(self) -> None:
        axes = lengths(self.axes, "Ellipse.axes", None, 0.0, strict=True)
        object.__setattr__(self, "axes", axes)
        angle = self.angle
        if (
            isinstance(angle, bool)
            or not isinstance(angle, int | float)
            or not math.isfinite(angle)
            or (angle and len(axes) < 2)
        ):
            raise ValidationError("Ellipse.angle", f"got {angle!r}", "degrees; 0 in one dimension")
        object.__setattr__(self, "angle", float(angle))
        object.__setattr__(self, "anchor", lengths(self.anchor, "Ellipse.anchor"))

    def _turn(self) -> tuple[float, float]:
        return math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))

    def box(self, dims: int) -> tuple[np.ndarray, np.ndarray]:
        """The upright box around it."""
        if len(self.axes) != dims:
            raise ValidationError("Ellipse.axes", f"{len(self.axes)} axes", f"{dims} of them")
        half = list(self.axes)
        if dims > 1:
            (c, s), (a, b) = self._turn(), self.axes[:2]
            half[:2] = math.hypot(a * c, b * s), math.hypot(a * s, b * c)
        return _around(self.anchor, tuple(half), dims, "Ellipse")

    def condition(self, dims: int) -> str:
        """The sum of squares along the axes is at most 1."""
        steps = _steps(self.anchor, dims)
        if self.angle:
            (c, s), (x, y) = self._turn(), steps[:2]
            steps[:2] = [f"({c!r}*{x} + {s!r}*{y})", f"({c!r}*{y} - {s!r}*{x})"]
        return " + ".join(f"({x}/{a!r})**2" for x, a in zip(steps, self.axes)) + " <= 1"


def _spread(values: tuple[float, ...], dims: int, what: str) -> tuple[float, ...]:
    """Lengths by dimension; a single one holds for all."""
    if len(values) == 1:
        return values * dims
    if len(values) != dims:
        raise ValidationError(what, f"{len(values)} lengths", f"{dims}, one by dimension")
    return values


def _anchor(anchor: tuple[float, ...], dims: int, what: str) -> tuple[float, ...]:
    if anchor == (0.0,):
        return (0.0,) * dims
    if len(anchor) != dims:
        raise ValidationError(f"{what}.anchor", f"{len(anchor)} lengths", f"{dims}, by dimension")
    return anchor


def _around(
    anchor: tuple[float, ...], half: tuple[float, ...], dims: int, what: str
) -> tuple[np.ndarray, np.ndarray]:
    middle, width = np.array(_anchor(anchor, dims, what)), np.array(half)
    # A hair wider, so that the condition alone decides at the border.
    width = width * (1 + 1e-9) + 1e-9 * np.abs(middle)
    return middle - width, middle + width


def _steps(anchor: tuple[float, ...], dims: int) -> list[str]:
    """The displacement from the mask's middle, by dimension, as text."""
    names = ("dx", "dy", "dz")[:dims]
    given = _anchor(anchor, dims, "mask")
    return [f"({n} - {a!r})" if a else n for n, a in zip(names, given)]


def _distance(anchor: tuple[float, ...], dims: int) -> str:
    if not any(anchor):
        return "d"
    return f"sqrt({' + '.join(f'{x}**2' for x in _steps(anchor, dims))})"
