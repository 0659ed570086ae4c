"""A projection as trainable weights and the products by which they act, one for each delay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..network.links import Projection
from ..network.rules import Convolution, Pooling, TransposedConvolution
from ..program.edge_list import edge_list, edge_weights
from ..program.program import EdgeProgram
from .images import ImageProduct, PoolProduct, Stencil
from .products import DenseProduct, ListedProduct, Product

__all__ = ["Link", "link_of"]

#: Share of all pairs above which a matrix with zeros is faster than a list.
_CROWDED = 0.25
#: Distinct delays up to which each gets a matrix of its own.
_MANY_DELAYS = 8


@dataclass(frozen=True)
class Link:
    """One projection at work.

    Attributes
    ----------
    name
        The projection's.
    pre, post, receptor
        Places of populations, and of the receptor among the target's.
    initial
        Weights in coherent units: a matrix, a kernel (out channels, in channels of a group, height,
        width), one number, or a number for each edge; float64.
    form
        ``"matrix"``, ``"kernel"``, ``"pool"`` or ``"list"``.
    parts
        By delay in steps: the product.
    quantum
        What the compiled engine rounds weights to, for the weights at first.
    positive
        Whether weights must stay 0 or above.
    edges
        Sources, targets, steps of axonal and of dendritic delay of a list, None for other forms.
    share
        The weight of an edge, of what is trained: of pooled sources each has a part.
    """

    name: str
    pre: int
    post: int
    receptor: int
    initial: Any
    form: str
    parts: tuple[tuple[int, Product], ...]
    quantum: float
    positive: bool
    edges: tuple[np.ndarray, ...] | None = None
    share: float = 1.0


def link_of(edge: EdgeProgram, projection: Projection, sizes: tuple[int, int]) -> Link:
    """Choose how a projection is computed.

    Parameters
    ----------
    edge, projection
        Lowered, and as described.
    sizes
        Neurons of both populations.
    """
    made = _image(edge, projection) or _matrix_or_list(edge, sizes)
    initial, form, parts, edges, share = made
    return Link(
        edge.name, edge.pre, edge.post, edge.receptor, initial, form, parts, edge.quantum,
        projection.synapse.positive, edges, share,
    )  # fmt: skip


def _image(edge: EdgeProgram, projection: Projection) -> tuple[Any, ...] | None:
    """Stencils with shared weights, between whole populations, of one delay."""
    rule, synapse = projection.rule, projection.synapse
    whole = projection.pre.is_whole and projection.post.is_whole
    if not isinstance(rule, Convolution | TransposedConvolution | Pooling) or not whole:
        return None
    if edge.min_delay != edge.max_delay or not isinstance(synapse.weight, int | float):
        return None
    shape = rule.image(projection.pre.shape)
    scale, delay = float(synapse.weight) * synapse.unit_of_weight().scale, edge.min_delay
    if isinstance(rule, Pooling):
        pool = PoolProduct(shape, rule.windows, rule.strides)
        return torch.tensor(scale), "pool", ((delay, pool),), None, 1.0
    steps = rule.both(rule.stride, 1), rule.both(rule.padding, 0)
    share = 1.0
    if isinstance(rule, Convolution):
        windows = rule.both(rule.pool, 1)
        stencil = Stencil(shape, *steps, rule.groups, windows)
        share = 1.0 / (windows[0] * windows[1])
    else:
        extra = rule.both(rule.extra, 0)
        stencil = Stencil(shape, *steps, rule.groups, transposed=True, extra=extra)
    kernel = torch.tensor(rule.stencil * scale)
    return kernel, "kernel", ((delay, ImageProduct(stencil)),), None, share


def _matrix_or_list(edge: EdgeProgram, sizes: tuple[int, int]) -> tuple[Any, ...]:
    listed, weights = edge_list(edge), edge_weights(edge)
    pre, post, delays = listed.pre, listed.post, listed.delays
    pairs = pre * sizes[1] + post
    single = len(np.unique(pairs)) == len(pairs)
    distinct = [int(d) for d in np.unique(delays)]
    crowded = len(pre) >= _CROWDED * sizes[0] * sizes[1] and len(distinct) <= _MANY_DELAYS
    full = len(pre) == sizes[0] * sizes[1]
    if single and crowded and full:
        matrix = np.zeros(sizes)
        matrix[pre, post] = weights
        if len(distinct) == 1:
            return torch.tensor(matrix), "matrix", ((distinct[0], DenseProduct()),), None, 1.0
        when = np.zeros(sizes, np.int64)
        when[pre, post] = delays
        parts = tuple((d, DenseProduct(torch.tensor(when == d))) for d in distinct)
        return torch.tensor(matrix), "matrix", parts, (pre, post, delays, listed.dendritic), 1.0
    listed_parts = tuple(
        (d, ListedProduct(pre[at], post[at], np.flatnonzero(at), sizes))
        for d in distinct
        for at in [delays == d]
    )
    return torch.tensor(weights), "list", listed_parts, (pre, post, delays, listed.dendritic), 1.0
