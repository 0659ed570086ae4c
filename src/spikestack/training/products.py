"""From the spikes of sources to what arrives at targets: one kind of product for each connectivity.

A product is linear in spikes and in weights; each knows itself, its transpose, and its derivative
with respect to its weights. Spikes are (rows, sources), arrivals (rows, targets), where a row is a
step of a trial.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch

from ..numerics.compiling import njit
from .multiplying import dot
from .sparse import few_of

__all__ = ["DenseProduct", "Exact", "ImageProduct", "ListedProduct", "Product", "apply"]


class Product(ABC):
    """The weights of one projection at work, of one delay."""

    @abstractmethod
    def arrivals(self, spikes: Any, weights: Any) -> Any:
        """What arrives: (rows, targets)."""

    @abstractmethod
    def back(self, grad: Any, weights: Any) -> Any:
        """Gradient of the spikes from that of the arrivals."""

    @abstractmethod
    def weights(self, spikes: Any, grad: Any, like: Any) -> Any:
        """Gradient of the weights, in the form of `like`."""


class DenseProduct(Product):
    """Every pair: weights are a matrix (sources, targets); `mask` chooses some of them."""

    def __init__(self, mask: Any = None) -> None:
        self.mask = mask

    def _matrix(self, weights: Any) -> Any:
        return weights if self.mask is None else weights * self.mask

    def arrivals(self, spikes: Any, weights: Any) -> Any:
        """One matrix product, or the rows of those that spiked where these are few."""
        few = few_of(spikes, weights.shape[1])
        matrix = self._matrix(weights)
        return dot(spikes, matrix) if few is None else few.times(matrix)

    def back(self, grad: Any, weights: Any) -> Any:
        """One with the transpose."""
        return dot(grad, self._matrix(weights).t())

    def weights(self, spikes: Any, grad: Any, like: Any) -> Any:
        """One of transposed spikes."""
        few = few_of(spikes, grad.shape[1])
        listed = few is not None and few.few_enough_back
        made = few.pair(grad) if few and listed else dot(spikes.t(), grad)
        return made if self.mask is None else made * self.mask


class ImageProduct(Product):
    """A convolution whose kernel is (targets' channels, sources' channels / groups, h, w)."""

    def __init__(
        self, shape: tuple[int, int, int], stride: int, padding: int, groups: int = 1
    ) -> None:
        self.shape, self.stride, self.padding, self.groups = shape, stride, padding, groups

    def arrivals(self, spikes: Any, weights: Any) -> Any:
        """A convolution."""
        image = spikes.reshape(-1, *self.shape)
        made = torch.nn.functional.conv2d(
            image, weights, None, self.stride, self.padding, 1, self.groups
        )
        return made.reshape(len(spikes), -1)

    def _targets(self, weights: Any) -> tuple[int, int, int]:
        sides = [
            (n + 2 * self.padding - k) // self.stride + 1
            for n, k in zip(self.shape[1:], weights.shape[2:])
        ]
        return weights.shape[0], sides[0], sides[1]

    def _grads(self, spikes: Any, grad: Any, weights: Any, which: tuple[bool, bool]) -> Any:
        g = grad.reshape(-1, *self._targets(weights))
        return torch.ops.aten.convolution_backward(
            g, spikes, weights, None, [self.stride] * 2, [self.padding] * 2, [1, 1], False, [0, 0],
            self.groups, [*which, False],
        )  # fmt: skip

    def back(self, grad: Any, weights: Any) -> Any:
        """A transposed convolution."""
        nothing = torch.empty((1,), dtype=grad.dtype).expand(len(grad), *self.shape)
        return self._grads(nothing, grad, weights, (True, False))[0].reshape(len(grad), -1)

    def weights(self, spikes: Any, grad: Any, like: Any) -> Any:
        """A correlation of spikes and gradients."""
        image = spikes.reshape(-1, *self.shape)
        return self._grads(image, grad, like, (False, True))[1]


class ListedProduct(Product):
    """Edges in a list sorted by source; weights are one number each.

    Parameters
    ----------
    pre, post
        Sources and targets of the edges of this product, int64.
    places
        Which of the weights they have.
    sizes
        Sources and targets.
    """

    def __init__(
        self, pre: np.ndarray, post: np.ndarray, places: np.ndarray, sizes: tuple[int, int]
    ) -> None:
        order = np.argsort(pre, kind="stable")
        self.starts = np.searchsorted(pre[order], np.arange(sizes[0] + 1)).astype(np.int64)
        self.post, self.places = post[order].astype(np.int64), places[order].astype(np.int64)
        self.sizes = sizes

    def arrivals(self, spikes: Any, weights: Any) -> Any:
        """Edge by edge of the sources that spiked."""
        made = torch.zeros((len(spikes), self.sizes[1]), dtype=spikes.dtype)
        given = spikes.contiguous()
        _scatter(given.numpy(), weights.detach().numpy(), *self._layout(), made.numpy())
        return made

    def _layout(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.starts, self.post, self.places

    def back(self, grad: Any, weights: Any) -> Any:
        """Edge by edge of every source."""
        made = torch.empty((len(grad), self.sizes[0]), dtype=grad.dtype)
        given = grad.contiguous()
        _gather(given.numpy(), weights.detach().numpy(), *self._layout(), made.numpy())
        return made

    def weights(self, spikes: Any, grad: Any, like: Any) -> Any:
        """Edge by edge of the sources that spiked."""
        made = torch.zeros_like(like)
        _pair(spikes.contiguous().numpy(), grad.contiguous().numpy(), *self._layout(), made.numpy())
        return made


@njit(cache=True, nogil=True, error_model="numpy")
def _scatter(x, w, starts, post, places, out):  # type: ignore[no-untyped-def]
    for r in range(x.shape[0]):
        for i in range(x.shape[1]):
            v = x[r, i]
            if v != 0:
                for e in range(starts[i], starts[i + 1]):
                    out[r, post[e]] += v * w[places[e]]


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(g, w, starts, post, places, out):  # type: ignore[no-untyped-def]
    for r in range(g.shape[0]):
        for i in range(out.shape[1]):
            total = g.dtype.type(0)
            for e in range(starts[i], starts[i + 1]):
                total += w[places[e]] * g[r, post[e]]
            out[r, i] = total


@njit(cache=True, nogil=True, error_model="numpy")
def _pair(x, g, starts, post, places, out):  # type: ignore[no-untyped-def]
    for r in range(x.shape[0]):
        for i in range(x.shape[1]):
            v = x[r, i]
            if v != 0:
                for e in range(starts[i], starts[i + 1]):
                    out[places[e]] += v * g[r, post[e]]


class _Applied(torch.autograd.Function):
    """A product under autograd."""

    @staticmethod
    def forward(ctx: Any, product: Product, spikes: Any, weights: Any) -> Any:
        ctx.product = product
        ctx.save_for_backward(spikes, weights)
        return product.arrivals(spikes, weights)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        spikes, weights = ctx.saved_tensors
        product, (grad,) = ctx.product, grads
        _, sources, weighted = ctx.needs_input_grad
        return (
            None,
            product.back(grad, weights) if sources else None,
            product.weights(spikes, grad, weights) if weighted else None,
        )


def apply(product: Product, spikes: Any, weights: Any) -> Any:
    """What arrives, under autograd."""
    return _Applied.apply(product, spikes, weights)


class Exact(Product):
    """A product whose sums are those of whole numbers of quanta: computed in double precision."""

    def __init__(self, product: Product) -> None:
        self.product = product

    def arrivals(self, spikes: Any, weights: Any) -> Any:
        """Exact, and rounded once."""
        return self.product.arrivals(spikes.double(), weights.double()).to(spikes.dtype)

    def back(self, grad: Any, weights: Any) -> Any:
        """As it is."""
        return self.product.back(grad, weights.to(grad.dtype))

    def weights(self, spikes: Any, grad: Any, like: Any) -> Any:
        """As it is."""
        return self.product.weights(spikes, grad, like.to(grad.dtype)).to(like.dtype)
