"""What a population of a converted network stands for, and the linear maps between two of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy import sparse

from ..network.population import Population
from ..network.rules import Convolution, Dense, FromSparse, OneToOne, Pooling
from ..network.rules.base import Rule
from .forward import apply_linear
from .graph import Node, as_image

__all__ = ["Carrier", "Value", "joined_by"]


@dataclass(frozen=True, eq=False)
class Carrier:
    """A population whose spikes stand for activations: scale * rate + offset.

    Attributes
    ----------
    population
        Of the description.
    scale
        Activation that a spike in every step (few-spike: a sum of 1) stands for, (neurons,).
    offset
        Constant that the rate leaves out, (neurons,), or None for 0.
    stage
        Layers of spiking neurons up to here, this one included.
    """

    population: Population
    scale: np.ndarray
    offset: np.ndarray | None = None
    stage: int = 0


@dataclass(frozen=True, eq=False)
class Value:
    """A node's result: a sum of linear maps of carriers, not yet neurons.

    `terms` are carriers, each with the node that maps it, or None where it is passed on as it is.
    """

    shape: tuple[int, ...]
    terms: tuple[tuple[Carrier, Node | None, tuple[int, ...]], ...]

    @property
    def carrier(self) -> Carrier | None:
        """The one carrier that it is, if it is one."""
        (carrier, node, _), *others = self.terms
        return carrier if node is None and not others else None

    @property
    def stage(self) -> int:
        """The last layer that it waits for."""
        return max(c.stage for c, _, _ in self.terms)

    def reshaped(self, shape: tuple[int, ...]) -> Value:
        """The same numbers in another shape."""
        return replace(self, shape=shape)

    def constant(self) -> np.ndarray:
        """What is added to it whatever the input: biases, and what carriers leave out, flat."""
        total = np.zeros(int(np.prod(self.shape)))
        for carrier, node, shape in self.terms:
            if node is not None and node.settings.get("bias") is not None:
                total += _spread(node["bias"], node.shape)
            if carrier.offset is not None:
                x = torch.tensor(carrier.offset.reshape(1, *shape))
                made = x if node is None else apply_linear(node, x, with_bias=False)
                total += made.numpy().ravel()
        return total


def _spread(bias: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """One number for each channel as one for each neuron."""
    return np.repeat(bias, int(np.prod(shape[1:])) if len(shape) > 1 else 1)


def joined_by(
    node: Node | None, shape: tuple[int, ...], before: np.ndarray, after: np.ndarray, alike: bool
) -> tuple[Rule, Any]:
    """The rule, and the weight of its synapse, by which a map acts on rates.

    Parameters
    ----------
    node
        The map; None passes on.
    shape
        Of what is mapped.
    before, after
        Scales of sources and targets.
    alike
        Whether the population of the sources has that shape.
    """
    if node is None:
        weight = before / after
        return OneToOne(), float(weight[0]) if (weight == weight[0]).all() else weight
    if node.kind == "linear":
        return Dense(node["weight"].T * before[:, None] / after[None, :]), 1.0
    if node.kind == "affine":
        gain = _spread(node["gain"], shape) * before / after
        return OneToOne(), gain
    kernel = _plain_kernel(node, shape, before, after) if alike else None
    if kernel is not None:
        return Convolution(kernel, node["stride"][0], node["padding"][0]), 1.0
    if alike and (gain := _pool_gain(node, shape, before, after)) is not None:
        return Pooling(node["window"][0], node["stride"][0]), gain / node["window"][0] ** 2
    matrix = _stencil(node, shape)
    return FromSparse(sparse.diags(before) @ matrix @ sparse.diags(1 / after)), 1.0


def _by_channel(scale: np.ndarray, channels: int) -> np.ndarray | None:
    rows = scale.reshape(channels, -1)
    return rows[:, 0] if (rows == rows[:, :1]).all() else None


def _plain_kernel(node: Node, shape: Any, before: np.ndarray, after: np.ndarray) -> Any:
    """The kernel between rates, if the shared weights of `Convolution` can say it."""
    if node.kind != "convolution":
        return None
    square = all(s[0] == s[1] for s in (node["stride"], node["padding"]))
    if len(shape) != 3 or not square or node["dilation"] != (1, 1) or node["groups"] != 1:
        return None
    from_, to = _by_channel(before, shape[0]), _by_channel(after, node.shape[0])
    if from_ is None or to is None:
        return None
    return node["weight"] * from_[None, :, None, None] / to[:, None, None, None]


def _pool_gain(node: Node, shape: Any, before: np.ndarray, after: np.ndarray) -> float | None:
    """The one gain between rates, if `Pooling` can say the average."""
    square = node.kind == "average" and all(s[0] == s[1] for s in (node["stride"], node["window"]))
    if not square or len(shape) != 3 or node["padding"] != (0, 0):
        return None
    from_, to = _by_channel(before, shape[0]), _by_channel(after, shape[0])
    if from_ is None or to is None:
        return None
    gain = from_ / to
    return float(gain[0]) if (gain == gain[0]).all() else None


def _stencil(node: Node, shape: tuple[int, ...]) -> Any:
    """A convolution or an average of any geometry as a sparse matrix, sources by targets."""
    c, h, w = as_image(shape)
    out, rows, columns = as_image(node.shape)
    if node.kind == "average":
        weight, groups, dilation = np.ones((c, 1, *node["window"])), c, (1, 1)
    else:
        weight, groups, dilation = node["weight"], node["groups"], node["dilation"]
    o, y, x, i, dy, dx = np.meshgrid(
        *(np.arange(n) for n in (out, rows, columns, *weight.shape[1:])), indexing="ij"
    )
    sy = y * node["stride"][0] + dy * dilation[0] - node["padding"][0]
    sx = x * node["stride"][1] + dx * dilation[1] - node["padding"][1]
    inside = (sy >= 0) & (sy < h) & (sx >= 0) & (sx < w)
    source = (o // (out // groups)) * (c // groups) + i
    pre, post = ((source * h + sy) * w + sx)[inside], ((o * rows + y) * columns + x)[inside]
    values = weight[o, i, dy, dx][inside]
    if node.kind == "average":
        count = np.full(out * rows * columns, float(np.prod(node["window"])))
        if not node["divide_by_all"]:
            count = np.bincount(post, minlength=len(count)).astype(float)
        values = values / count[post]
    return sparse.coo_matrix((values, (pre, post)), shape=(c * h * w, out * rows * columns)).tocsr()
