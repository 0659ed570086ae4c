"""What a layer of an Akida model is: shapes, weights, numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Axis", "Layer", "in_order", "shape_of"]


@dataclass(frozen=True)
class Axis:
    """One axis of a convolution and of the pooling after it.

    Attributes
    ----------
    sources, positions, targets
        Sides of the map that is read, of potentials, and of what is sent.
    kernel, stride, before
        Of the convolution; `before` are the values that stand before the map.
    window, pool_stride, pool_before
        Of max pooling; 1, 1, 0 without.
    """

    sources: int
    positions: int
    targets: int
    kernel: int
    stride: int
    before: int
    window: int = 1
    pool_stride: int = 1
    pool_before: int = 0

    def seen(self, place: int) -> np.ndarray:
        """Position that is the `place`-th in each target's window, int64[targets].

        Where a window reaches beyond, its nearest position stands there once more.
        """
        at = np.arange(self.targets) * self.pool_stride - self.pool_before + place
        return np.clip(at, 0, self.positions - 1)


@dataclass(frozen=True)
class Layer:
    """One layer; maps are (channels, x, y), kernels (filters, channels, x, y).

    Attributes
    ----------
    name, kind
        As akida has them.
    reads, sends
        Shapes of the maps.
    weights
        int64; of full connections (inputs, neurons), inputs by channel, x, y; of a separable
        convolution its two parts multiplied. None for an input.
    axes
        Of a convolution, x and y; empty otherwise.
    mean
        Whether potentials are summed over the whole map.
    bits
        Of what is sent; 0 for potentials.
    threshold, width
        By channel, float64: from where on 1 is sent, and how much is worth one more.
    outside
        By channel, the value that stands around an image; None for 0.
    bias, gain
        Of Akida 2.0, by channel: a whole number that is added, and levels for a unit of the sum.
    most
        Of Akida 2.0, by channel, the greatest number that is sent; None without rectifier.
    """

    name: str
    kind: str
    reads: tuple[int, ...]
    sends: tuple[int, ...]
    weights: np.ndarray | None = None
    axes: tuple[Axis, ...] = ()
    mean: bool = False
    bits: int = 0
    threshold: np.ndarray | None = None
    width: np.ndarray | None = None
    outside: np.ndarray | None = None
    bias: np.ndarray | None = None
    gain: np.ndarray | None = None
    most: np.ndarray | None = None

    @property
    def places(self) -> int:
        """Potentials of which a neuron takes the greatest."""
        return int(np.prod([a.window for a in self.axes]))


def shape_of(dims: list[int]) -> tuple[int, ...]:
    """A map's shape (channels, x, y) of akida's (x, y, channels)."""
    return dims[2], dims[0], dims[1]


def in_order(
    weights: np.ndarray, reads: tuple[int, ...], axes: tuple[int, ...] = (0, 2, 1)
) -> np.ndarray:
    """Rows (inputs, neurons) by channel, x, y; akida has them by `axes` of these."""
    order = np.arange(np.prod(reads)).reshape(reads).transpose(axes).ravel()
    flat = weights.reshape(-1, weights.shape[-1]).astype(np.int64)
    if len(flat) != len(order):
        return flat
    made = np.empty_like(flat)
    made[order] = flat
    return made
