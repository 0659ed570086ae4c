"""Populations, and views of some of their neurons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..equations.aliases import pointer
from ..errors import ValidationError, shorten
from ..neurons.base import NeuronModel
from ..numerics.random import stream_key
from .positions import as_placement

__all__ = ["Population", "View", "check_name"]

LARGEST_POPULATION = 2**31 - 1


def check_name(name: object, where: str) -> str:
    """Return `name` if it can name a part of a network.

    Raises
    ------
    ValidationError
        Unless it is printable text of 1 to 100 characters.
    """
    if not isinstance(name, str) or not 0 < len(name) <= 100 or not name.isprintable():
        raise ValidationError(
            where, f"got {shorten(name)}", "printable text of 1 to 100 characters"
        )
    return name


class View:
    """Some neurons of a population, in a stated order.

    Attributes
    ----------
    population : Population
        Where they live.
    ids : numpy.ndarray of int64
        Their indices in the population.
    """

    def __init__(self, population: Population, ids: np.ndarray) -> None:
        self.population, self.ids = population, ids

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def size(self) -> int:
        """How many neurons."""
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, ...]:
        """The population's shape if the view is all of it, else one dimension."""
        return self.population.shape if self.is_whole else (self.size,)

    @property
    def is_whole(self) -> bool:
        """Whether the view is the population itself, in order."""
        n = self.population.size
        return len(self.ids) == n and bool(np.array_equal(self.ids, np.arange(n)))

    def positions(self, seed: int) -> np.ndarray:
        """Positions of these neurons in a network of this seed, float64 (n, dims), in um.

        Raises
        ------
        ValidationError
            If the population has none.
        """
        population = self.population
        if population.positions is None:
            raise ValidationError(
                f"Population {population.name!r}",
                "has no positions",
                "positions, given when it is made",
                "Population(..., positions=Grid(...)) or RandomPositions(...)",
            )
        key = stream_key(seed, population.name, "positions")
        at = population.positions.coordinates(population.size, key)
        return at if self.is_whole else at[self.ids]

    def __repr__(self) -> str:
        return f"<{self.size} of the {self.population.size} neurons of {self.population.name!r}>"


class Population:
    """Neurons of one model.

    Parameters
    ----------
    name
        What it is called in results and messages.
    size
        Number of neurons, or a shape such as ``(28, 28)`` whose product is that number.
    model
        The neuron model with its parameter values.
    positions
        Where the neurons are: `Grid`, `RandomPositions`, `Positions`, or an array with one row for
        each neuron (um); None for nowhere.

    Raises
    ------
    ValidationError
        If the size is not positive or an array of parameter values or positions has another length.
    """

    def __init__(
        self, name: str, size: int | Sequence[int], model: NeuronModel, positions: Any = None
    ) -> None:
        self.name = check_name(name, "Population.name")
        where = f"Population {name!r}"
        self.shape = _shape(size, where)
        self.size = math.prod(self.shape)
        if not 0 < self.size <= LARGEST_POPULATION:
            raise ValidationError(
                f"{where}.size", f"got {shorten(size)}", f"1 to {LARGEST_POPULATION} neurons"
            )
        if isinstance(model, type) and issubclass(model, NeuronModel):
            raise ValidationError(
                f"{where}.model",
                f"got the class {model.__name__}",
                "a model with its values",
                f"write {model.__name__}()",
            )
        if not isinstance(model, NeuronModel):
            raise ValidationError(
                f"{where}.model",
                f"got {shorten(model)}",
                "a neuron model",
                pointer(str(model)[:99]),
            )
        model.check_sizes(self.size, where)
        self.model = model
        self.positions = as_placement(positions, self.size, f"{where}.positions")

    def __len__(self) -> int:
        return self.size

    @property
    def whole(self) -> View:
        """A view of every neuron."""
        return View(self, np.arange(self.size, dtype=np.int64))

    def __getitem__(self, index: Any) -> View:
        """Return a view: an index, slice, array of indices, mask, or one of these per dimension.

        Raises
        ------
        ValidationError
            If an index is out of range or selects nothing.
        """
        grid = np.arange(self.size, dtype=np.int64).reshape(self.shape)
        try:
            if isinstance(index, int | np.integer | list) or (
                isinstance(index, np.ndarray) and index.dtype != bool
            ):
                ids = grid.ravel()[index]
            else:
                ids = grid[index]
        except (IndexError, TypeError, ValueError) as error:
            raise ValidationError(
                f"Population {self.name!r}[{shorten(index)}]", str(error), f"shape {self.shape}"
            ) from None
        ids = np.atleast_1d(np.asarray(ids, dtype=np.int64)).ravel()
        if not len(ids):
            raise ValidationError(
                f"Population {self.name!r}[{shorten(index)}]",
                "selects no neuron",
                f"indices within {self.shape}",
            )
        if len(np.unique(ids)) != len(ids):
            raise ValidationError(
                f"Population {self.name!r}[{shorten(index)}]",
                "names a neuron twice",
                "each neuron at most once",
            )
        return View(self, ids)

    def __repr__(self) -> str:
        return f"Population({self.name!r}, {shorten(self.shape)}, {self.model!r})"


def _shape(size: Any, where: str) -> tuple[int, ...]:
    parts = size if isinstance(size, tuple | list) else (size,)
    if not parts or any(
        isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in parts
    ):
        raise ValidationError(
            f"{where}.size", f"got {shorten(size)}", "a whole number >= 1, or a shape of such"
        )
    return tuple(int(n) for n in parts)
