"""Layers of a network dealt out to cores that hold one layer each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from ...network.links import Projection
from ...network.rules import Convolution

__all__ = ["Layer", "assign", "entries_of_kernels", "layer_of"]


def entries_of_kernels(channels: int, filters: int, width: int, height: int) -> int:
    """Words of kernel memory: each power of two is reached by whole address bits."""

    def bits(n: int) -> int:
        return (n - 1).bit_length()

    return channels * 2 ** (bits(width * height) + bits(filters))


@dataclass(frozen=True)
class Layer:
    """A convolution and the neurons that it reaches.

    Attributes
    ----------
    name, source
        Population, and that which it hears.
    inputs
        Channels, height and width of what it hears, pooled.
    outputs
        Of its own neurons.
    kernel, stride, padding, pool
        Height and width of each; `pool` is that of the source.
    groups
        Of channels; all kernels are stored, those of zeros too.
    """

    name: str
    source: str
    inputs: tuple[int, int, int]
    outputs: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def kernel_entries(self) -> int:
        """Words of kernel memory."""
        return entries_of_kernels(self.inputs[0], self.outputs[0], *self.kernel)

    @property
    def neuron_entries(self) -> int:
        """Words of neuron memory."""
        return int(np.prod(self.outputs))

    def synops(self, spikes: float) -> float:
        """Synaptic operations of so many spikes that reach it, as the maker estimates them."""
        return spikes * self.outputs[0] * np.prod(self.kernel) / np.prod(self.stride)


def layer_of(projection: Projection) -> Layer:
    """A projection as a layer; what is no convolution becomes one with a kernel as large as all."""
    pre, post = projection.pre.population, projection.post.population
    rule = projection.rule
    if isinstance(rule, Convolution) and rule.axes() == 2:
        c, h, w = rule.image(pre.shape)
        pool = rule.both(rule.pool, 1)
        return Layer(
            post.name, pre.name, (c, h // pool[0], w // pool[1]), rule.grid(pre.shape),
            (int(rule.stencil.shape[2]), int(rule.stencil.shape[3])), rule.both(rule.stride, 1),
            rule.both(rule.padding, 0), pool, rule.groups,
        )  # fmt: skip
    shape = _image(pre.shape)
    return Layer(post.name, pre.name, shape, (post.size, 1, 1), shape[1:])


def _image(shape: Sequence[int]) -> tuple[int, int, int]:
    filled = (1, 1, *shape)[-3:] if len(shape) > 1 else (shape[0], 1, 1)
    return int(filled[0]), int(filled[1]), int(filled[2])


@dataclass(frozen=True)
class Assignment:
    """Which core each layer is on; -1 where none is left."""

    core_of: np.ndarray
    fits: np.ndarray = field(repr=False)


def assign(layers: Sequence[Layer], kernels: Sequence[int], neurons: Sequence[int]) -> Assignment:
    """Give every layer a core of its own, if that can be.

    Parameters
    ----------
    layers
        What needs cores.
    kernels, neurons
        Words of the two memories of each core.
    """
    fits = np.array(
        [[a.kernel_entries <= k and a.neuron_entries <= n
          for k, n in zip(kernels, neurons, strict=True)] for a in layers], bool
    ).reshape(len(layers), len(kernels))  # fmt: skip
    if not layers:
        return Assignment(np.zeros(0, np.int64), fits)
    matched = maximum_bipartite_matching(csr_array(fits.astype(np.int8)), perm_type="column")
    return Assignment(matched.astype(np.int64), fits)
