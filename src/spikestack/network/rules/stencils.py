"""Rules whose edges repeat a stencil over images or over sequences: convolution and pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from .base import Edges, Ends
from .given import ExplicitRule, numbers

__all__ = ["Convolution", "Pooling", "StencilRule", "TransposedConvolution"]

Shape = tuple[int, ...]


def _whole(value: Any, low: int) -> bool:
    return (
        isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= low)
    )


def _per_axis(value: Any, low: int, where: str) -> int | tuple[int, ...]:
    """One whole number for all axes, or one for each."""
    if _whole(value, low):
        return int(value)
    listed = isinstance(value, list | tuple) and len(value) in (1, 2)
    if listed and all(_whole(v, low) for v in value):
        return tuple(int(v) for v in value)
    raise ValidationError(
        where, f"got {shorten(value)}", f"a whole number >= {low}, or one for each axis"
    )


@dataclass(frozen=True, eq=False)
class StencilRule(ExplicitRule):
    """What rules that repeat a stencil have in common.

    Images are treated in full: (channels, height, width), with a height of 1 for sequences.
    """

    def axes(self) -> int:
        """1 for sequences, 2 for images."""
        return 2

    def image(self, shape: Shape) -> tuple[int, int, int]:
        """A population's shape as (channels, height, width).

        Raises
        ------
        ValidationError
            If it is no image or sequence.
        """
        if self.axes() == 1 and len(shape) in (1, 2):
            return (shape[0] if len(shape) == 2 else 1), 1, shape[-1]
        if self.axes() == 2 and len(shape) in (2, 3):
            return (shape[0] if len(shape) == 3 else 1), shape[-2], shape[-1]
        kinds = ("(length,) or (channels, length)", "(height, width) or (channels, height, width)")
        where = f"{type(self).__name__}, source"
        raise ValidationError(where, f"shape {shape}", kinds[self.axes() - 1])

    def both(self, value: int | tuple[int, ...], first: int) -> tuple[int, int]:
        """A setting for height and width; `first` is that of the height of a sequence."""
        axes = self.axes()
        given = (value,) * axes if isinstance(value, int) else value
        if len(given) != axes:
            raise ValidationError(
                type(self).__name__, f"{given} for {axes} axes", f"{axes} numbers"
            )
        return (first, *given)[-2:]  # type: ignore[return-value]

    def grid(self, pre_shape: Shape) -> tuple[int, int, int]:
        """Channels, height and width of the target.

        Raises
        ------
        ValidationError
            If the rule does not fit the source.
        """
        raise NotImplementedError

    def target_shape(self, pre_shape: Shape) -> Shape:
        """The shape that a target must have: (channels, height, width) or (channels, length)."""
        channels, height, width = self.grid(tuple(pre_shape))
        return (channels, width) if self.axes() == 1 else (channels, height, width)

    def check_ends(self, ends: Ends, where: str) -> None:
        """Raise ValidationError unless the target has the shape that follows from the source's."""
        self._check_target(ends.pre.shape, ends.post.shape, where)

    def _check_target(self, pre_shape: Shape, post_shape: Shape, where: str) -> None:
        shape = self.target_shape(pre_shape)
        if int(np.prod(post_shape)) != int(np.prod(shape)):
            raise ValidationError(
                f"{where}, {type(self).__name__}", f"the target has shape {post_shape}", f"{shape}"
            )


def _kernel(given: Any, where: str) -> np.ndarray:
    kernel = numbers(given, where, (2, 3, 4))
    return np.ascontiguousarray(kernel[None, None] if kernel.ndim == 2 else kernel)


@dataclass(frozen=True, eq=False)
class Convolution(StencilRule):
    """Cross-correlation with a kernel, as in deep-learning libraries.

    Parameters
    ----------
    kernel
        (height, width), (out channels, in channels, height, width), or, for sequences, (out
        channels, in channels, length); in channels are those of one group.
    stride, padding
        One whole number, or one for each axis.
    groups
        Into how many groups channels fall that see only each other; as many as there are in
        channels for a depthwise convolution.
    pool
        The kernel sees means over windows of so many sources along each axis, which do not
        overlap; what is left at the far edges is not seen. A projection needs no neurons between
        to pool.

    Populations have shape (height, width), (channels, height, width), (length,) or (channels,
    length). ``target_shape`` tells the shape that the target must have.
    """

    kernel: Any = None
    stride: Any = 1
    padding: Any = 0
    groups: int = 1
    pool: Any = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", _kernel(self.kernel, "Convolution.kernel"))
        for name, low in (("stride", 1), ("padding", 0), ("pool", 1)):
            value = _per_axis(getattr(self, name), low, f"Convolution.{name}")
            object.__setattr__(self, name, value)
            self.both(value, 0)
        if not _whole(self.groups, 1) or len(self.kernel) % self.groups:
            raise ValidationError("Convolution.groups", f"got {shorten(self.groups)}",
                                  f"a whole number that divides {len(self.kernel)}")  # fmt: skip

    def axes(self) -> int:
        """1 for sequences, 2 for images."""
        return int(self.kernel.ndim - 2)

    @property
    def stencil(self) -> np.ndarray:
        """The kernel, with a height of 1 for sequences."""
        return self.kernel if self.kernel.ndim == 4 else self.kernel[:, :, None]

    def grid(self, pre_shape: Shape) -> tuple[int, int, int]:
        """Channels, height and width of the target."""
        channels, *sides = self.image(pre_shape)
        out, into, *extent = self.stencil.shape
        pool, stride = self.both(self.pool, 1), self.both(self.stride, 1)
        padding = self.both(self.padding, 0)
        found = [
            (n // w + 2 * p - k) // s + 1
            for n, w, p, k, s in zip(sides, pool, padding, extent, stride)
        ]
        if into * self.groups != channels or min(found) < 1:
            raise ValidationError(
                "Convolution",
                f"a kernel {self.kernel.shape} in {self.groups} groups on shape {pre_shape}",
                "as many in channels, and a kernel no larger than the image",
            )
        return out, found[0], found[1]

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """At most the kernel's size for every target, times that of a window."""
        return n_post * self.kernel[0].size * int(np.prod(self.both(self.pool, 1)))

    def edges(self, pre_shape: Shape, post_shape: Shape) -> Edges:
        """One edge for every kernel entry, and source of its window, that falls on the image."""
        self._check_target(pre_shape, post_shape, "edges")
        _, h, w = self.image(pre_shape)
        shape = self.grid(pre_shape)
        (ph, pw), (sy, sx) = self.both(self.pool, 1), self.both(self.stride, 1)
        py, px = self.both(self.padding, 0)
        out, into, kh, kw = self.stencil.shape
        o, y, x, i, dy, dx = np.meshgrid(
            *(np.arange(n) for n in (*shape, into, kh * ph, kw * pw)), indexing="ij", sparse=True
        )
        row, column = (y * sy - py) * ph + dy, (x * sx - px) * pw + dx
        inside = (row >= 0) & (row < h // ph * ph) & (column >= 0) & (column < w // pw * pw)
        channel = o // (out // self.groups) * into + i
        whole = (*shape, into, kh * ph, kw * pw)
        inside = np.broadcast_to(inside, whole)
        pre = np.broadcast_to((channel * h + row) * w + column, whole)[inside]
        post = np.broadcast_to((o * shape[1] + y) * shape[2] + x, whole)[inside]
        weights = (self.stencil / (ph * pw))[o, i, dy // ph, dx // pw]
        return Edges(pre, post, np.broadcast_to(weights, whole)[inside])


@dataclass(frozen=True, eq=False)
class TransposedConvolution(StencilRule):
    """The transpose of a convolution: every source adds the kernel to the targets around it.

    Parameters
    ----------
    kernel
        (in channels, out channels, height, width), or, for sequences, (in channels, out channels,
        length), as deep-learning libraries have it; out channels are those of one group.
    stride
        Targets from one source to the next: one whole number, or one for each axis.
    padding
        How many targets are cut off at each edge.
    extra
        How many are added at the far edges (``output_padding`` elsewhere), below `stride`.
    groups
        Into how many groups channels fall.
    """

    kernel: Any = None
    stride: Any = 1
    padding: Any = 0
    extra: Any = 0
    groups: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", _kernel(self.kernel, "TransposedConvolution.kernel"))
        for name, low in (("stride", 1), ("padding", 0), ("extra", 0)):
            value = _per_axis(getattr(self, name), low, f"TransposedConvolution.{name}")
            object.__setattr__(self, name, value)
        pairs = zip(self.both(self.extra, 0), self.both(self.stride, 1))
        if any(e >= s for e, s in pairs if e):
            raise ValidationError(
                "TransposedConvolution.extra",
                f"got {self.extra}",
                f"below the stride {self.stride}",
            )
        self.both(self.padding, 0)
        if not _whole(self.groups, 1) or len(self.kernel) % self.groups:
            raise ValidationError("TransposedConvolution.groups", f"got {shorten(self.groups)}",
                                  f"a whole number that divides {len(self.kernel)}")  # fmt: skip

    def axes(self) -> int:
        """1 for sequences, 2 for images."""
        return int(self.kernel.ndim - 2)

    @property
    def stencil(self) -> np.ndarray:
        """The kernel, with a height of 1 for sequences."""
        return self.kernel if self.kernel.ndim == 4 else self.kernel[:, :, None]

    def grid(self, pre_shape: Shape) -> tuple[int, int, int]:
        """Channels, height and width of the target."""
        channels, *sides = self.image(pre_shape)
        into, out, *extent = self.stencil.shape
        settings = self.both(self.stride, 1), self.both(self.padding, 0), self.both(self.extra, 0)
        found = [(n - 1) * s - 2 * p + k + e for n, k, s, p, e in zip(sides, extent, *settings)]
        if into != channels or min(found) < 1:
            raise ValidationError(
                "TransposedConvolution", f"a kernel {self.kernel.shape} on shape {pre_shape}",
                "as many in channels, and less padding than targets",
            )  # fmt: skip
        return out * self.groups, found[0], found[1]

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """At most the kernel's size for every source."""
        return n_pre * self.kernel[0].size

    def edges(self, pre_shape: Shape, post_shape: Shape) -> Edges:
        """One edge for every source and kernel entry whose target there is."""
        self._check_target(pre_shape, post_shape, "edges")
        c, h, w = self.image(pre_shape)
        shape = self.grid(pre_shape)
        (sy, sx), (py, px) = self.both(self.stride, 1), self.both(self.padding, 0)
        out = self.stencil.shape[1]
        i, y, x, o, dy, dx = np.meshgrid(
            *(np.arange(n) for n in (c, h, w, *self.stencil.shape[1:])), indexing="ij"
        )
        row, column = y * sy + dy - py, x * sx + dx - px
        inside = (row >= 0) & (row < shape[1]) & (column >= 0) & (column < shape[2])
        channel = i // (c // self.groups) * out + o
        pre = ((i * h + y) * w + x)[inside]
        post = ((channel * shape[1] + row) * shape[2] + column)[inside]
        return Edges(pre, post, self.stencil[i, o, dy, dx][inside])


@dataclass(frozen=True, eq=False)
class Pooling(StencilRule):
    """Sums over windows, channel by channel.

    For means, give the synapse the weight of 1 over the window's size.

    Parameters
    ----------
    window
        Height and width, or one number for both; (length,) for sequences, so ``(2,)``.
    stride
        From one window to the next; the window's size unless given.
    """

    window: Any = 2
    stride: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", _per_axis(self.window, 1, "Pooling.window"))
        if self.stride is not None:
            object.__setattr__(self, "stride", _per_axis(self.stride, 1, "Pooling.stride"))
            self.both(self.stride, 1)

    def axes(self) -> int:
        """1 for sequences, 2 for images."""
        return 2 if isinstance(self.window, int) else len(self.window)

    @property
    def windows(self) -> tuple[int, int]:
        """Height and width of a window."""
        return self.both(self.window, 1)

    @property
    def strides(self) -> tuple[int, int]:
        """From one window to the next, along height and width."""
        return self.windows if self.stride is None else self.both(self.stride, 1)

    def grid(self, pre_shape: Shape) -> tuple[int, int, int]:
        """Channels, height and width of the target."""
        channels, *sides = self.image(pre_shape)
        found = [(n - k) // s + 1 for n, k, s in zip(sides, self.windows, self.strides)]
        if min(found) < 1:
            raise ValidationError(
                "Pooling", f"a window {self.window} on shape {pre_shape}",
                "a window no larger than the image",
            )  # fmt: skip
        return channels, found[0], found[1]

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """The window's size for every target."""
        return n_post * int(np.prod(self.windows))

    def edges(self, pre_shape: Shape, post_shape: Shape) -> Edges:
        """One edge for every neuron of each target's window."""
        self._check_target(pre_shape, post_shape, "edges")
        _, h, w = self.image(pre_shape)
        shape, (sy, sx) = self.grid(pre_shape), self.strides
        c, y, x, dy, dx = np.meshgrid(
            *(np.arange(n) for n in (*shape, *self.windows)), indexing="ij"
        )
        pre = (c * h + y * sy + dy) * w + x * sx + dx
        post = (c * shape[1] + y) * shape[2] + x
        return Edges(pre.ravel(), post.ravel())
