"""Rules whose edges are given: from arrays, matrices, and image-like stencils."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from .base import Edges, Ends, ListedRule

__all__ = ["Convolution", "Dense", "ExplicitRule", "FromArrays", "FromSparse", "Pooling"]


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


def _numbers(values: Any, where: str, dims: tuple[int, ...]) -> np.ndarray:
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
        object.__setattr__(self, "matrix", _numbers(self.matrix, "Dense.matrix", (2,)))

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


def _image(shape: tuple[int, ...], where: str) -> tuple[int, int, int]:
    if len(shape) == 2:
        return (1, *shape)
    if len(shape) != 3:
        raise ValidationError(
            where, f"shape {shape}", "(height, width) or (channels, height, width)"
        )
    return shape  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class Convolution(ExplicitRule):
    """Cross-correlation with a kernel, as in deep-learning libraries.

    `kernel` has shape (height, width) or (out channels, in channels, height, width); populations
    have shape (height, width) or (channels, height, width). ``target_shape`` tells the shape that
    the target must have.
    """

    kernel: Any = None
    stride: int = 1
    padding: int = 0

    def __post_init__(self) -> None:
        kernel = _numbers(self.kernel, "Convolution.kernel", (2, 4))
        object.__setattr__(self, "kernel", kernel[None, None] if kernel.ndim == 2 else kernel)
        object.__setattr__(self, "kernel", np.ascontiguousarray(self.kernel))
        _at_least(self.stride, 1, "Convolution.stride")
        _at_least(self.padding, 0, "Convolution.padding")

    def target_shape(self, pre_shape: tuple[int, ...]) -> tuple[int, int, int]:
        """The shape (channels, height, width) of the result."""
        c, h, w = _image(pre_shape, "Convolution, source")
        out, into, kh, kw = self.kernel.shape
        rows = (h + 2 * self.padding - kh) // self.stride + 1
        columns = (w + 2 * self.padding - kw) // self.stride + 1
        if into != c or rows < 1 or columns < 1:
            raise ValidationError(
                "Convolution",
                f"a kernel {self.kernel.shape} on shape {pre_shape}",
                "as many in channels, and a kernel no larger than the image",
            )
        return out, rows, columns

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """At most the kernel's size for every target."""
        return n_post * self.kernel[0].size

    def edges(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> Edges:
        """One edge for every kernel entry that falls on the image."""
        _, h, w = _image(pre_shape, "Convolution, source")
        shape = self.target_shape(pre_shape)
        if int(np.prod(post_shape)) != int(np.prod(shape)):
            raise ValidationError("Convolution", f"the target has shape {post_shape}", f"{shape}")
        o, y, x, i, dy, dx = np.meshgrid(
            *(np.arange(n) for n in (*shape, *self.kernel.shape[1:])), indexing="ij"
        )
        sy = y * self.stride + dy - self.padding
        sx = x * self.stride + dx - self.padding
        inside = (sy >= 0) & (sy < h) & (sx >= 0) & (sx < w)
        pre = ((i * h + sy) * w + sx)[inside]
        post = ((o * shape[1] + y) * shape[2] + x)[inside]
        return Edges(pre, post, self.kernel[o, i, dy, dx][inside])


@dataclass(frozen=True, eq=False)
class Pooling(ExplicitRule):
    """Sum pooling over windows of `window` by `window`, channel by channel; stride = window."""

    window: int = 2
    stride: int | None = None

    def __post_init__(self) -> None:
        _at_least(self.window, 1, "Pooling.window")
        if self.stride is not None:
            _at_least(self.stride, 1, "Pooling.stride")

    def as_convolution(self, channels: int) -> Convolution:
        """The same as a convolution with a diagonal kernel of ones."""
        kernel = np.zeros((channels, channels, self.window, self.window))
        kernel[np.arange(channels), np.arange(channels)] = 1.0
        return Convolution(kernel, self.stride or self.window)

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """The window's size for every target."""
        return n_post * self.window**2

    def edges(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> Edges:
        """One edge for every neuron of each target's window."""
        found = self.as_convolution(_image(pre_shape, "Pooling, source")[0]).edges(
            pre_shape, post_shape
        )
        used = found.weights != 0
        return Edges(found.pre[used], found.post[used])


def _at_least(value: Any, low: int, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise ValidationError(where, f"got {shorten(value)}", f"a whole number >= {low}")
