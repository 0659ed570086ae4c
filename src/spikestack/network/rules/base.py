"""What every connection rule is: data, that says which neurons of two views are connected."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.random import stream_key, uniform
from ..population import View

__all__ = ["Edges", "Ends", "ListedRule", "Rows", "Rule", "check_edge_count"]


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges in any order.

    Attributes
    ----------
    pre, post : numpy.ndarray of int64
        Index of the source and of the target of each edge, in the views that are connected.
    weights : numpy.ndarray of float64, or None
        What the synapse's weight is multiplied by; None for 1.
    """

    pre: np.ndarray
    post: np.ndarray
    weights: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """Edges by source: the targets of source s are ``post[starts[s]:starts[s + 1]]``."""

    starts: np.ndarray
    post: np.ndarray


@dataclass(frozen=True, eq=False)
class Ends:
    """The two sides of a projection, as a rule sees them.

    Attributes
    ----------
    pre, post : View
        Sources and targets.
    name : str
        The projection's name.
    seed : int
        The network's seed.
    """

    pre: View
    post: View
    name: str
    seed: int

    @property
    def n_pre(self) -> int:
        """Number of sources."""
        return self.pre.size

    @property
    def n_post(self) -> int:
        """Number of targets."""
        return self.post.size

    @property
    def dims(self) -> tuple[int, int]:
        """Dimensions of the positions of sources and targets, 0 for a side without."""
        places = (self.pre.population.positions, self.post.population.positions)
        return tuple(0 if p is None else p.dims for p in places)  # type: ignore[return-value]

    @cached_property
    def pre_positions(self) -> np.ndarray:
        """Positions of the sources, float64 (n_pre, dims), um.

        Raises
        ------
        ValidationError
            If their population has none.
        """
        return self.pre.positions(self.seed)

    @cached_property
    def post_positions(self) -> np.ndarray:
        """Positions of the targets, float64 (n_post, dims), um.

        Raises
        ------
        ValidationError
            If their population has none.
        """
        return self.post.positions(self.seed)

    @cached_property
    def own(self) -> np.ndarray:
        """For every source its place among the targets, or -1 where it is not among them; int64."""
        own = np.full(self.n_pre, -1, dtype=np.int64)
        if self.pre.population is self.post.population:
            place = np.full(self.pre.population.size, -1, dtype=np.int64)
            place[self.post.ids] = np.arange(self.n_post)
            own = place[self.pre.ids]
        return own

    def key(self, purpose: str = "edges") -> np.uint64:
        """The key of the projection's draws for one purpose, for `spikestack.numerics.random`."""
        return stream_key(self.seed, self.name, purpose)

    def uniform(self, pre: Any, post: Any = 0, purpose: str = "edges") -> np.ndarray:
        """Random numbers in [0, 1), one for each pair of indices; always the same for a pair.

        Parameters
        ----------
        pre, post
            Indices in the views, arrays that broadcast together; or any other two whole numbers
            below 2**32.
        purpose
            Draws for another purpose are independent.

        Returns
        -------
        numpy.ndarray of float64
        """
        counter = (np.asarray(pre, np.uint64) << np.uint64(32)) | np.asarray(post, np.uint64)
        return np.asarray(uniform(self.key(purpose), counter))

    def check_same_space(self, where: str) -> None:
        """Raise ValidationError unless both sides have positions in one space."""
        for view, side in ((self.pre, "sources"), (self.post, "targets")):
            if view.population.positions is None:
                raise ValidationError(
                    where,
                    f"the {side}, population {view.population.name!r}, have no positions",
                    "positions on both sides",
                    "give the population positions=, such as Grid or RandomPositions",
                )
        self.check_not_contradictory(where)

    def check_not_contradictory(self, where: str) -> None:
        """Raise ValidationError if both sides have positions, in spaces that differ."""
        a, b = self.pre.population.positions, self.post.population.positions
        if a is None or b is None or a is b:
            return
        if a.dims != b.dims:
            raise ValidationError(
                where, f"joins {a.dims} dimensions to {b.dims}", "positions of equal dimensions"
            )
        if a.period != b.period:
            raise ValidationError(
                where,
                f"space repeats after {_periods(a.period)} um for the sources, "
                f"{_periods(b.period)} um for the targets",
                "one space for both",
                "give both populations the same extent and periodic=",
            )


def _periods(period: tuple[float, ...]) -> str:
    return " x ".join(f"{p:g}" if p else "never" for p in period)


@dataclass(frozen=True)
class Rule(ABC):
    """The base of all rules: a frozen dataclass, whose fields are what files store."""

    #: The function of `spikestack.numerics.edges` that enumerates the edges, or ``"explicit"``.
    kind: ClassVar[str] = ""
    #: Every rule that has been defined, by name; files find those of other packages here.
    known: ClassVar[dict[str, Callable[..., Rule]]] = {}

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        holder = Rule.known.get(cls.__name__)
        own = __name__.rpartition(".")[0]
        if getattr(holder, "__module__", "").startswith(own) and not cls.__module__.startswith(own):
            raise ValidationError(
                f"class {cls.__name__}",
                "Spikestack has a rule of this name",
                "a name of its own, as files find rules by name",
            )
        Rule.known[cls.__name__] = cls

    def check(self, n_pre: int, n_post: int, where: str) -> None:  # noqa: B027
        """Raise ValidationError if the rule cannot join `n_pre` to `n_post` neurons."""

    def check_ends(self, ends: Ends, where: str) -> None:  # noqa: B027
        """Raise ValidationError if the rule cannot join these two sides."""

    @abstractmethod
    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """How many edges to expect, for the memory check and the size of weight arrays."""

    def expected_between(self, ends: Ends) -> float:
        """How many edges to expect between these sides, where more is known than their sizes."""
        return self.expected_edges(ends.n_pre, ends.n_post)

    def has_fixed_edges(self) -> bool:
        """Whether edges have a known order, so that weights may be arrays."""
        return False

    def to_dict(self) -> dict[str, Any]:
        """Return plain data (numbers, texts and arrays) that the file format stores."""
        return {"kind": type(self).__name__} | {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**{k: v for k, v in data.items() if k != "kind"})


@dataclass(frozen=True, eq=False)
class ListedRule(Rule):
    """A rule that lists its edges when the network is prepared: the base for rules of one's own."""

    kind: ClassVar[str] = "explicit"

    @abstractmethod
    def list_edges(self, ends: Ends) -> Edges | Rows:
        """Return all edges; the same ones whenever it is asked.

        Raises
        ------
        ValidationError
            If the rule does not fit the sides.
        """


def check_edge_count(edges: float, where: str) -> None:
    """Raise ValidationError beyond what edge numbers can count."""
    if not math.isfinite(edges) or edges >= 2**62:
        raise ValidationError(where, f"{shorten(edges)} edges", "fewer than 2**62")
