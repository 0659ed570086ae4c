"""Rules whose edges are given: from arrays and matrices."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from .base import Edges, Ends, ListedRule

__all__ = ["Dense", "ExplicitRule", "FromArrays", "FromSparse", "numbers"]


@dataclass(frozen=True, eq=False)
class ExplicitRule(ListedRule):
    """A rule whose edges follow from the shapes of both sides.

    Those with weights give them in units of the synapse's.
    """

    @abstractmethod
    def edges(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> Edges:
        """Return sources, targets and relative weights (None for all equal), in given order.

        Raises
        ------
        ValidationError
            If the rule does not fit the shapes.
        """

    def list_edges(self, ends: Ends) -> Edges:
        """The edges for the shapes of both sides."""
        return self.edges(ends.pre.shape, ends.post.shape)

    def has_fixed_edges(self) -> bool:
        """Edges are in the order given."""
        return True


def _whole_numbers(values: Any, where: str) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValidationError(where, f"got {shorten(values)}", "a one-dimensional array of indices")
    array = array.astype(np.int64)
    array.flags.writeable = False
    return array


def numbers(values: Any, where: str, dims: tuple[int, ...]) -> np.ndarray:
    """A read-only float64 array of as many dimensions as one of `dims`.

    Raises
    ------
    ValidationError
        If it is something else, empty or not finite.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValidationError(where, f"got {shorten(values)}", "an array of numbers") from None
    if array.ndim not in dims or not array.size or not np.isfinite(array).all():
        raise ValidationError(
            where,
            f"shape {array.shape}" + ("" if np.isfinite(array).all() else ", not finite"),
            f"finite numbers in {' or '.join(map(str, dims))} dimensions, none of length 0",
        )
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class FromArrays(ExplicitRule):
    """Edge e goes from ``pre[e]`` to ``post[e]``; weights and delays may be arrays like these."""

    pre: Any = ()
    post: Any = ()

    def __post_init__(self) -> None:
        for name in ("pre", "post"):
            object.__setattr__(
                self, name, _whole_numbers(getattr(self, name), f"FromArrays.{name}")
            )
        if len(self.pre) != len(self.post):
            raise ValidationError(
                "FromArrays",
                f"{len(self.pre)} sources, {len(self.post)} targets",
                "as many of one as of the other",
            )

    def check(self, n_pre: int, n_post: int, where: str) -> None:
        """Raise ValidationError if an index is out of range."""
        for name, ids, size in (("pre", self.pre, n_pre), ("post", self.post, n_post)):
            if len(ids) and not 0 <= ids.min() <= ids.max() < size:
                bad = ids[(ids < 0) | (ids >= size)][0]
                raise ValidationError(
                    f"{where}, FromArrays.{name}",
                    f"index {bad} is out of range",
                    f"0 to {size - 1}",
                )

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """Exactly as many as given."""
        return len(self.pre)

    def edges(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> Edges:
        """The arrays themselves."""
        return Edges(self.pre, self.post)


@dataclass(frozen=True, eq=False)
class FromSparse(ExplicitRule):
    """The stored entries of a SciPy sparse matrix (pre by post), times the synapse's weight."""

    matrix: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.matrix, dict):
            return
        if not hasattr(self.matrix, "tocoo") or len(getattr(self.matrix, "shape", ())) != 2:
            raise ValidationError(
                "FromSparse.matrix",
                f"got {shorten(self.matrix)}",
                "a two-dimensional SciPy sparse matrix",
            )
        coo = self.matrix.tocoo()
        weights = np.array(coo.data, dtype=np.float64)
        if not np.isfinite(weights).all():
            raise ValidationError("FromSparse.matrix", "holds NaN or infinity", "finite weights")
        plain = {
            "shape": [int(n) for n in coo.shape],
            "pre": coo.row.astype(np.int64),
            "post": coo.col.astype(np.int64),
            "weights": weights,
        }
        object.__setattr__(self, "matrix", plain)

    def check(self, n_pre: int, n_post: int, where: str) -> None:
        """Raise ValidationError unless the matrix is pre by post."""
        if tuple(self.matrix["shape"]) != (n_pre, n_post):
            raise ValidationError(
                where,
                f"the matrix is {tuple(self.matrix['shape'])}",
                f"({n_pre}, {n_post}): pre by post",
            )

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """The number of stored entries."""
        return len(self.matrix["pre"])

    def edges(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> Edges:
        """The stored entries."""
        return Edges(self.matrix["pre"], self.matrix["post"], self.matrix["weights"])


@dataclass(frozen=True, eq=False)
class Dense(ExplicitRule):
    """Every pair, with weights from a matrix (pre by post) times the synapse's weight."""

    matrix: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", numbers(self.matrix, "Dense.matrix", (2,)))

    def check(self, n_pre: int, n_post: int, where: str) -> None:
        """Raise ValidationError unless the matrix is pre by post."""
        if self.matrix.shape != (n_pre, n_post):
            raise ValidationError(
                where, f"the matrix is {self.matrix.shape}", f"({n_pre}, {n_post}): pre by post"
            )

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """All pairs."""
        return n_pre * n_post

    def edges(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> Edges:
        """Row by row."""
        n_pre, n_post = self.matrix.shape
        pre, post = np.divmod(np.arange(n_pre * n_post, dtype=np.int64), n_post)
        return Edges(pre, post, self.matrix.ravel())
