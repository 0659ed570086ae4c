"""Where the neurons of a population are, in one to three dimensions (um)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..numerics.random import bits64, uniform
from .parts import Part, lengths

__all__ = ["Grid", "Placement", "Positions", "RandomPositions", "as_placement"]


@dataclass(frozen=True, eq=False)
class Placement(Part, ABC):
    """The base of positions.

    Space may be periodic in some dimensions: then it repeats after `extent`, and the displacement
    between two neurons is that to the nearest image.
    """

    @property
    @abstractmethod
    def dims(self) -> int:
        """Number of dimensions, 1 to 3."""

    @property
    @abstractmethod
    def period(self) -> tuple[float, ...]:
        """After which length (um) each dimension repeats; 0 where it does not."""

    @abstractmethod
    def check(self, size: int, where: str) -> None:
        """Raise ValidationError unless there is a position for each of `size` neurons."""

    @abstractmethod
    def coordinates(self, size: int, key: np.uint64) -> np.ndarray:
        """Return the positions, float64 (size, dims), in um; `key` names random ones."""


@dataclass(frozen=True, eq=False)
class Grid(Placement):
    """A regular grid, around `center`; the last dimension runs fastest.

    Parameters
    ----------
    shape
        Points by dimension: a number or one to three of them, whose product is the size of the
        population.
    spacing
        Distance of neighbours (um), for all dimensions or each. The extent of the space is shape
        times spacing: each neuron has a cell of its own.
    center
        Middle of the grid (um), 0 by default.
    periodic
        Whether space repeats, in all dimensions or each.

    Examples
    --------
    >>> import spikestack as sp
    >>> net = sp.Network()
    >>> place = sp.Grid(shape=(2, 2), spacing=10.0)
    >>> _ = net.add(sp.Population("e", 4, sp.LIF(), positions=place))
    >>> net.positions("e").tolist()
    [[-5.0, -5.0], [-5.0, 5.0], [5.0, -5.0], [5.0, 5.0]]
    """

    shape: Any = (1,)
    spacing: Any = 1.0
    center: Any = 0.0
    periodic: Any = False

    def __post_init__(self) -> None:
        shape = self.shape if isinstance(self.shape, tuple | list) else (self.shape,)
        if not 1 <= len(shape) <= 3 or any(
            isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in shape
        ):
            raise ValidationError(
                "Grid.shape", f"got {shorten(self.shape)}", "one to three whole numbers >= 1"
            )
        dims = len(shape)
        _set(self, "shape", tuple(int(n) for n in shape))
        _set(self, "spacing", lengths(self.spacing, "Grid.spacing", dims, 0.0, strict=True))
        _set(self, "center", lengths(self.center, "Grid.center", dims))
        _set(self, "periodic", _flags(self.periodic, "Grid.periodic", dims))

    @property
    def dims(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def extent(self) -> tuple[float, ...]:
        """Size of the space (um)."""
        return tuple(n * s for n, s in zip(self.shape, self.spacing))

    @property
    def period(self) -> tuple[float, ...]:
        """The extent where space repeats, else 0."""
        return _period(self.extent, self.periodic)

    def check(self, size: int, where: str) -> None:
        """Raise ValidationError unless the grid has as many points as there are neurons."""
        points = math.prod(self.shape)
        if points != size:
            raise ValidationError(
                where, f"Grid has {points} points", f"{size}, one for each neuron"
            )

    def coordinates(self, size: int, key: np.uint64) -> np.ndarray:
        """The middles of the cells."""
        axes = [
            c + (np.arange(n) - (n - 1) / 2) * s
            for n, s, c in zip(self.shape, self.spacing, self.center)
        ]
        return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)


@dataclass(frozen=True, eq=False)
class RandomPositions(Placement):
    """Uniform in a box around `center`, drawn from the network's seed and the population's name.

    Parameters
    ----------
    extent
        Size of the box (um): a number (one dimension) or one to three of them.
    center
        Its middle (um), 0 by default.
    periodic
        Whether space repeats after the extent, in all dimensions or each.
    """

    extent: Any = (1000.0, 1000.0)
    center: Any = 0.0
    periodic: Any = False

    def __post_init__(self) -> None:
        where = "RandomPositions"
        _set(self, "extent", lengths(self.extent, f"{where}.extent", None, 0.0, strict=True))
        _set(self, "center", lengths(self.center, f"{where}.center", self.dims))
        _set(self, "periodic", _flags(self.periodic, f"{where}.periodic", self.dims))

    @property
    def dims(self) -> int:
        """Number of dimensions."""
        return len(self.extent)

    @property
    def period(self) -> tuple[float, ...]:
        """The extent where space repeats, else 0."""
        return _period(self.extent, self.periodic)

    def check(self, size: int, where: str) -> None:
        """Any number of neurons fits."""

    def coordinates(self, size: int, key: np.uint64) -> np.ndarray:
        """Drawn at counters 0 to size - 1, from a key of each dimension."""
        counter = np.arange(size, dtype=np.uint64)
        return np.stack(
            [
                c + (uniform(bits64(key, a), counter) - 0.5) * e
                for a, (e, c) in enumerate(zip(self.extent, self.center))
            ],
            axis=1,
        )


@dataclass(frozen=True, eq=False)
class Positions(Placement):
    """Given positions.

    Parameters
    ----------
    array
        One row for each neuron (um): (n, 1), (n, 2), (n, 3), or (n,) for one dimension.
    extent
        Size of the space (um), by dimension; needed where it is periodic.
    periodic
        Whether space repeats after the extent, in all dimensions or each.
    """

    array: Any = ()
    extent: Any = None
    periodic: Any = False

    def __post_init__(self) -> None:
        where = "Positions.array"
        try:
            array = np.array(self.array, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValidationError(
                where, f"got {shorten(self.array)}", "an array of numbers, one row for each neuron"
            ) from None
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or not 1 <= array.shape[1] <= 3 or not np.isfinite(array).all():
            raise ValidationError(
                where,
                f"shape {array.shape}" + ("" if np.isfinite(array).all() else ", not finite"),
                "finite numbers, one row for each neuron with one to three coordinates in um",
            )
        array = np.ascontiguousarray(array)
        array.flags.writeable = False
        _set(self, "array", array)
        flags = _flags(self.periodic, "Positions.periodic", self.dims)
        _set(self, "periodic", flags)
        if self.extent is not None:
            extent = lengths(self.extent, "Positions.extent", self.dims, 0.0, strict=True)
            _set(self, "extent", extent)
        elif any(flags):
            raise ValidationError(
                "Positions.periodic", "space repeats, and its extent is not given", "extent=..."
            )

    @property
    def dims(self) -> int:
        """Number of dimensions."""
        return int(self.array.shape[1])

    @property
    def period(self) -> tuple[float, ...]:
        """The extent where space repeats, else 0."""
        return _period(self.extent or (0.0,) * self.dims, self.periodic)

    def check(self, size: int, where: str) -> None:
        """Raise ValidationError unless there is one row for each neuron, all within a period."""
        if len(self.array) != size:
            raise ValidationError(
                where, f"{len(self.array)} positions", f"{size}, one for each neuron"
            )
        for axis, period in enumerate(self.period):
            spread = float(np.ptp(self.array[:, axis]))
            if 0 < period < spread:
                raise ValidationError(
                    where,
                    f"coordinates {axis} span {spread:g} um, and space repeats after {period:g}",
                    "positions within one period",
                )

    def coordinates(self, size: int, key: np.uint64) -> np.ndarray:
        """The array itself."""
        return self.array


def as_placement(given: Any, size: int, where: str) -> Placement | None:
    """Positions as given to a population: a `Placement`, an array, or None.

    Raises
    ------
    ValidationError
        If they do not fit the population.
    """
    if given is None:
        return None
    if isinstance(given, type) and issubclass(given, Placement):
        raise ValidationError(where, f"got the class {given.__name__}", f"{given.__name__}(...)")
    made = given if isinstance(given, Placement) else Positions(given)
    made.check(size, where)
    return made


def _set(thing: Placement, name: str, value: Any) -> None:
    object.__setattr__(thing, name, value)


def _flags(given: Any, where: str, dims: int) -> tuple[bool, ...]:
    items = tuple(given) if isinstance(given, tuple | list) else (given,) * dims
    if len(items) != dims or not all(isinstance(item, bool | np.bool_) for item in items):
        raise ValidationError(where, f"got {shorten(given)}", f"True or False, or {dims} of these")
    return tuple(bool(item) for item in items)


def _period(extent: tuple[float, ...], periodic: tuple[bool, ...]) -> tuple[float, ...]:
    return tuple(e if p else 0.0 for e, p in zip(extent, periodic))
