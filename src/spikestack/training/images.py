"""Products that repeat a stencil over images: convolution, transposed convolution, pooling."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from . import stencil_kernels as kernels
from .blocks import blocks
from .multiplying import dot, paired
from .products import Product

__all__ = ["ImageProduct", "PoolProduct", "Stencil"]

Pair = tuple[int, int]

#: Share of values that are not 0 up to which going through them one by one beats a product over
#: all (measured at a 3 x 3 kernel), where it pays at all: from `_DEEP` channels to `_WIDE`.
_SPARSE, _WIDE = 0.06, 16
#: Channels from which an image is convolved faster with its channels innermost.
_DEEP = 4


@dataclass(frozen=True)
class Stencil:
    """How a kernel (targets' channels, sources' channels of a group, height, width) goes over.

    Attributes
    ----------
    shape
        Channels, height and width of the sources.
    pool
        Sources, along both axes, whose sum the kernel sees.
    transposed
        Whether sources add the kernel (sources' channels, targets' channels of a group, height,
        width) to targets.
    extra
        Targets added at the far edges, of a transposed one.
    """

    shape: tuple[int, int, int]
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    groups: int = 1
    pool: Pair = (1, 1)
    transposed: bool = False
    extra: Pair = (0, 0)

    @property
    def pooled(self) -> tuple[int, int, int]:
        """Channels, height and width of what the kernel sees."""
        c, h, w = self.shape
        return c, h // self.pool[0], w // self.pool[1]


class ImageProduct(Product):
    """A convolution, or the transpose of one, of sums over windows."""

    reads_bytes = by_parts = True

    def __init__(self, stencil: Stencil) -> None:
        self.stencil = stencil

    def seen(self, spikes: Any, dtype: Any = None) -> Any:
        """Sums over windows."""
        s = self.stencil
        if s.pool == (1, 1):
            return spikes
        return kernels.pooled(spikes, s.shape, s.pool, s.pool, dtype)

    def arrivals(self, seen: Any, weights: Any) -> Any:
        """A convolution, event by event where that is less work."""
        if self._is_matrix(weights):
            return dot(seen.to(weights.dtype), weights.flatten(1).t())
        if self._is_sparse(seen, weights):
            return kernels.scattered(seen, weights, self.stencil)
        image, targets = seen.reshape(-1, *self.stencil.pooled), self._targets(weights)
        made = weights.new_empty((len(seen), *targets))
        inner = image.shape[1] >= _DEEP and weights.dtype == torch.float32
        for at in _blocks(made):
            part = image[at].to(weights.dtype)
            if inner:
                part = part.contiguous(memory_format=torch.channels_last)
            made[at] = self._convolve(part, weights)
        return made.flatten(1)

    def _is_matrix(self, weights: Any) -> bool:
        """Whether the kernel covers all there is, with nothing around it."""
        s = self.stencil
        whole = tuple(weights.shape[1:]) == (*s.shape[:1], *s.pooled[1:])
        return whole and not s.transposed and s.padding == (0, 0) and s.groups == 1

    def _is_sparse(self, seen: Any, weights: Any) -> bool:
        s = self.stencil
        if s.transposed or s.groups > 1 or len(weights) < _WIDE or s.shape[0] < _DEEP:
            return False
        if seen.device.type != "cpu":
            return False
        return bool(torch.count_nonzero(seen) <= _SPARSE * seen.numel())

    def _convolve(self, image: Any, weights: Any) -> Any:
        s = self.stencil
        if s.transposed:
            return torch.nn.functional.conv_transpose2d(
                image, weights, None, s.stride, s.padding, s.extra, s.groups
            )
        return torch.nn.functional.conv2d(image, weights, None, s.stride, s.padding, 1, s.groups)

    def _targets(self, weights: Any) -> tuple[int, int, int]:
        s = self.stencil
        sides, extent = s.pooled[1:], weights.shape[2:]
        if s.transposed:
            ends = zip(sides, extent, s.stride, s.padding, s.extra)
            found = [(n - 1) * t - 2 * p + k + e for n, k, t, p, e in ends]
            return weights.shape[1] * s.groups, found[0], found[1]
        found = [(n + 2 * p - k) // t + 1 for n, k, t, p in zip(sides, extent, s.stride, s.padding)]
        return weights.shape[0], found[0], found[1]

    def _grads(self, image: Any, grad: Any, weights: Any, which: tuple[bool, bool]) -> Any:
        s = self.stencil
        g = grad.reshape(-1, *self._targets(weights))
        return torch.ops.aten.convolution_backward(
            g, image, weights, None, s.stride, s.padding, (1, 1), s.transposed, s.extra, s.groups,
            [*which, False],
        )  # fmt: skip

    def back(self, grad: Any, weights: Any) -> Any:
        """A transposed convolution, its result given to every source of a window."""
        s = self.stencil
        if self._is_matrix(weights):
            made = dot(grad, weights.flatten(1))
            return made if s.pool == (1, 1) else kernels.unpooled(made, s.shape, s.pool, s.pool)
        nothing = grad.new_empty((1,)).expand(len(grad), *s.pooled)
        made = grad.new_empty((len(grad), math.prod(s.shape)))
        for at in _blocks(grad):
            part = self._grads(nothing[at], grad[at], weights, (True, False))[0].flatten(1)
            if s.pool == (1, 1):
                made[at] = part
            else:
                kernels.unpooled(part, s.shape, s.pool, s.pool, made[at])
        return made

    def weights(self, seen: Any, grad: Any, like: Any) -> Any:
        """A correlation of what is seen and gradients."""
        if self._is_matrix(like) and seen.dtype in (grad.dtype, torch.uint8):
            return paired(grad, seen).reshape(like.shape)
        if self._is_sparse(seen, like):
            return kernels.gathered(seen, grad, like, self.stencil)
        image, made = seen.reshape(-1, *self.stencil.pooled), None
        for at in _blocks(grad):
            seen_here = image[at].to(grad.dtype)
            part = self._grads(seen_here, grad[at], like, (False, True))[1]
            made = part if made is None else made.add_(part)
        return torch.zeros_like(like) if made is None else made


def _blocks(targets: Any) -> Iterator[slice]:
    return blocks(len(targets), targets[:1].numel() * targets.element_size())


class PoolProduct(Product):
    """Sums over windows, channel by channel, times one weight."""

    reads_bytes = by_parts = True

    def __init__(self, shape: tuple[int, int, int], windows: Pair, strides: Pair) -> None:
        self.shape, self.windows, self.strides = shape, windows, strides

    def seen(self, spikes: Any, dtype: Any = None) -> Any:
        """Sums over windows."""
        return kernels.pooled(spikes, self.shape, self.windows, self.strides, dtype)

    def arrivals(self, seen: Any, weights: Any) -> Any:
        """They, weighted."""
        return seen * weights

    def back(self, grad: Any, weights: Any) -> Any:
        """Given to every source of a window."""
        return kernels.unpooled(grad * weights, self.shape, self.windows, self.strides)

    def weights(self, seen: Any, grad: Any, like: Any) -> Any:
        """A single number."""
        return torch.dot(seen.reshape(-1), grad.reshape(-1)).to(like.dtype)
