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
from . import device_products as device
from .multiplying import dot, paired
from .sparse import few_of
from .threads import one_thread

__all__ = ["DenseProduct", "Exact", "ListedProduct", "Product"]


#: Of spikes that are made numbers of at once.
_ROWS = 2048


class Product(ABC):
    """The weights of one projection at work, of one delay."""

    #: Whether spikes may come as bytes, and whether few rows at a time are as fast as all.
    reads_bytes = by_parts = False

    def seen(self, spikes: Any, dtype: Any = None) -> Any:
        """What weights act on: spikes, or something smaller made of them, of `dtype`."""
        return spikes

    @abstractmethod
    def arrivals(self, seen: Any, weights: Any) -> Any:
        """What arrives: (rows, targets)."""

    @abstractmethod
    def back(self, grad: Any, weights: Any) -> Any:
        """Gradient of the spikes from that of the arrivals."""

    @abstractmethod
    def weights(self, seen: Any, grad: Any, like: Any) -> Any:
        """Gradient of the weights, in the form of `like`."""


class DenseProduct(Product):
    """Every pair: weights are a matrix (sources, targets); `mask` chooses some of them."""

    reads_bytes = True

    def __init__(self, mask: Any = None) -> None:
        self.mask = mask

    def _matrix(self, weights: Any) -> Any:
        return weights if self.mask is None else weights * self._mask_on(weights.device)

    def _mask_on(self, place: Any) -> Any:
        if self.mask.device != place:
            self.mask = self.mask.to(place)
        return self.mask

    def arrivals(self, seen: Any, weights: Any) -> Any:
        """One matrix product, or the rows of those that spiked where these are few."""
        few = few_of(seen, weights.shape[1], weights.dtype)
        matrix = self._matrix(weights)
        if few is not None:
            return few.times(matrix)
        if seen.dtype == matrix.dtype:
            return dot(seen, matrix)
        made = matrix.new_empty((len(seen), matrix.shape[1]))
        for first in range(0, len(seen), _ROWS):
            made[first : first + _ROWS] = dot(seen[first : first + _ROWS].to(matrix.dtype), matrix)
        return made

    def back(self, grad: Any, weights: Any) -> Any:
        """One with the transpose."""
        return dot(grad, self._matrix(weights).t())

    def weights(self, seen: Any, grad: Any, like: Any) -> Any:
        """One of transposed spikes."""
        few = few_of(seen, grad.shape[1], grad.dtype)
        listed = few is not None and few.few_enough_back
        made = few.pair(grad) if few and listed else paired(seen, grad)
        return made if self.mask is None else made * self._mask_on(made.device)


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
        self._ends: dict[Any, tuple[Any, ...]] = {}

    def _on(self, place: Any) -> tuple[Any, ...]:
        """Sources, targets and places of all edges, on a device."""
        if place not in self._ends:
            pre = np.repeat(np.arange(self.sizes[0]), np.diff(self.starts))
            ends = (pre, self.post, self.places)
            self._ends[place] = tuple(torch.from_numpy(a).to(place) for a in ends)
        return self._ends[place]

    def arrivals(self, seen: Any, weights: Any) -> Any:
        """Edge by edge of the sources that spiked."""
        if seen.device.type != "cpu":
            pre, post, places = self._on(seen.device)
            return device.scattered(seen, weights.detach()[places], pre, post, self.sizes[1])
        made = torch.zeros((len(seen), self.sizes[1]), dtype=seen.dtype)
        given = seen.contiguous()
        _scatter(given.numpy(), weights.detach().numpy(), *self._layout(), made.numpy())
        return made

    def _layout(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.starts, self.post, self.places

    def back(self, grad: Any, weights: Any) -> Any:
        """Edge by edge of every source."""
        if grad.device.type != "cpu":
            pre, post, places = self._on(grad.device)
            return device.gathered(grad, weights.detach()[places], pre, post, self.sizes[0])
        made = torch.empty((len(grad), self.sizes[0]), dtype=grad.dtype)
        given = grad.contiguous()
        _gather(given.numpy(), weights.detach().numpy(), *self._layout(), made.numpy())
        return made

    def weights(self, seen: Any, grad: Any, like: Any) -> Any:
        """Edge by edge of the sources that spiked."""
        made = torch.zeros_like(like)
        if grad.device.type != "cpu":
            pre, post, places = self._on(grad.device)
            made[places] = device.paired(seen, grad, pre, post).to(like.dtype)
            return made
        _pair(seen.contiguous().numpy(), grad.contiguous().numpy(), *self._layout(), made.numpy())
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


class Exact(Product):
    """A product whose sums are those of whole numbers of quanta: computed in double precision.

    Gradients, which are no such sums, are added by one thread, in the same order for any number.
    """

    def __init__(self, product: Product) -> None:
        self.product = product

    def seen(self, spikes: Any, dtype: Any = None) -> Any:
        """As it is."""
        return self.product.seen(spikes, dtype)

    def arrivals(self, seen: Any, weights: Any) -> Any:
        """Exact, and rounded once."""
        return self.product.arrivals(seen.double(), weights.double()).to(seen.dtype)

    def back(self, grad: Any, weights: Any) -> Any:
        """As it is."""
        with one_thread():
            return self.product.back(grad, weights.to(grad.dtype))

    def weights(self, seen: Any, grad: Any, like: Any) -> Any:
        """As it is."""
        with one_thread():
            return self.product.weights(seen, grad, like.to(grad.dtype)).to(like.dtype)
