"""Projections as the layers that NeuroBench's harness knows: ``Linear`` and ``Conv2d``.

The harness counts operations by calling a copy of a layer whose weights, and whose input, are 1
where they are not 0. So each kind here is called with what arrives in one step, and holds exactly
the weights that the projection has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ..errors import ValidationError
from ..network.links import Projection
from ..network.rules import Convolution, Pooling, TransposedConvolution
from ..program.edge_list import edge_list, edge_weights
from ..program.program import EdgeProgram
from .layers import form_of

__all__ = ["layer_of"]


def layer_of(edge: EdgeProgram, projection: Projection, dtype: Any) -> tuple[Any, tuple[int, ...]]:
    """A layer, and the delays in steps whose spikes it takes: (batch, delays, neurons) if several.

    Parameters
    ----------
    edge, projection
        Lowered, and as described; weights are in the unit of the synapse.
    dtype
        Of the weights.

    Raises
    ------
    ValidationError
        If there are several synapses between the same two neurons.
    """
    form = form_of(projection)
    if form == "matrix":
        return _matrix(edge, projection, dtype)
    rule, weight = projection.rule, float(projection.synapse.weight)  # type: ignore[arg-type]
    shape = rule.image(projection.pre.shape)  # type: ignore[attr-defined]
    if isinstance(rule, Pooling):
        made: Any = Pool(shape, rule.windows, rule.strides, weight, dtype)
    elif isinstance(rule, TransposedConvolution):
        made = Transposed(shape, rule, weight, dtype)
    else:
        assert isinstance(rule, Convolution)
        made = Kernel(shape, rule, weight, dtype)
    return made, (edge.min_delay,)


def _matrix(edge: EdgeProgram, projection: Projection, dtype: Any) -> tuple[Any, tuple[int, ...]]:
    listed, weights = edge_list(edge), edge_weights(edge)
    sizes = projection.pre.population.size, projection.post.population.size
    places = []
    for view, n, ids in zip((projection.pre, projection.post), sizes, (listed.pre, listed.post)):
        place = np.full(n, -1)
        place[view.ids] = np.arange(view.size)
        places.append(place[ids])
    pre, post = places
    if len(np.unique(pre * projection.post.size + post)) != len(pre):
        raise ValidationError(
            f"neurobench_model, projection {projection.name!r}",
            "has several synapses between the same two neurons",
            "one for each pair, as a matrix has",
            "measure(net, ...) counts it as it is",
        )
    matrix = np.zeros((projection.post.size, projection.pre.size))
    matrix[post, pre] = weights / projection.synapse.unit_of_weight().scale
    delays = [int(d) for d in np.unique(listed.delays)] or [edge.min_delay]
    if len(delays) == 1:
        made: Any = torch.nn.Linear(*matrix.shape[::-1], bias=False, dtype=dtype)
    else:
        which = np.zeros(matrix.shape, np.int64)
        which[post, pre] = np.searchsorted(delays, listed.delays)
        made = Delayed(which, len(delays), dtype)
    made.weight.data = torch.tensor(matrix, dtype=dtype)
    return made, tuple(delays)


class Delayed(torch.nn.Linear):
    """A matrix with a delay for each weight: (batch, delays, sources) to (batch, targets)."""

    def __init__(self, which: np.ndarray, delays: int, dtype: Any) -> None:
        super().__init__(which.shape[1], which.shape[0], bias=False, dtype=dtype)
        kind = torch.uint8 if delays <= 256 else torch.int16
        self.register_buffer("which", torch.tensor(which).to(kind))

    def forward(self, x: Any) -> Any:
        """What arrives now, of what was sent by each delay."""
        parts = [
            functional.linear(x[:, d], self.weight * (self.which == d)) for d in range(x.shape[1])
        ]
        return sum(parts[1:], parts[0])


class Kernel(torch.nn.Conv2d):
    """A convolution of flat images, by a kernel that may see means over windows."""

    def __init__(
        self, shape: tuple[int, int, int], rule: Convolution, weight: float, dtype: Any
    ) -> None:
        kernel = rule.stencil * weight
        super().__init__(
            shape[0], len(kernel), kernel.shape[2:], rule.both(rule.stride, 1),
            groups=rule.groups, bias=False, dtype=dtype,
        )  # fmt: skip
        self.shape, self.windows = shape, rule.both(rule.pool, 1)
        self.around = rule.both(rule.padding, 0)
        self.weight.data = torch.tensor(kernel, dtype=dtype)
        #: By which the caller multiplies: in here it would shrink the ones by which is counted.
        self.share = 1.0 / (self.windows[0] * self.windows[1])

    def forward(self, x: Any) -> Any:
        """(batch, sources) to (batch, targets), sums over windows and not yet means."""
        (a, b), (_, h, w) = self.windows, self.shape
        image = x.reshape(-1, *self.shape)[:, :, : h // a * a, : w // b * b]
        kernel = self.weight.repeat_interleave(a, 2).repeat_interleave(b, 3)
        stride = self.stride[0] * a, self.stride[1] * b
        padding = self.around[0] * a, self.around[1] * b
        made = functional.conv2d(image, kernel, None, stride, padding, 1, self.groups)
        return made.flatten(1)


class Transposed(torch.nn.Conv2d):
    """The transpose of a convolution of flat images."""

    def __init__(
        self, shape: tuple[int, int, int], rule: TransposedConvolution, weight: float, dtype: Any
    ) -> None:
        kernel = rule.stencil * weight
        super().__init__(1, 1, kernel.shape[2:], bias=False, dtype=dtype)
        self.shape, self.extra = shape, rule.both(rule.extra, 0)
        self.steps, self.cut = rule.both(rule.stride, 1), rule.both(rule.padding, 0)
        self.split = rule.groups
        self.weight.data = torch.tensor(kernel, dtype=dtype)

    def forward(self, x: Any) -> Any:
        """(batch, sources) to (batch, targets)."""
        image = x.reshape(-1, *self.shape)
        made = functional.conv_transpose2d(
            image, self.weight, None, self.steps, self.cut, self.extra, self.split
        )
        return made.flatten(1)


class Pool(torch.nn.Conv2d):
    """Sums over windows of flat images, times one weight."""

    def __init__(
        self, shape: tuple[int, int, int], windows: tuple[int, int], strides: tuple[int, int],
        weight: float, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__(1, 1, 1, bias=False, dtype=dtype)
        self.shape, self.windows, self.strides = shape, windows, strides
        self.weight.data = torch.full((1, 1, 1, 1), weight, dtype=dtype)

    def forward(self, x: Any) -> Any:
        """(batch, sources) to (batch, targets)."""
        channels = self.shape[0]
        kernel = self.weight.expand(channels, 1, *self.windows)
        image = x.reshape(-1, *self.shape)
        made = functional.conv2d(image, kernel, None, self.strides, groups=channels)
        return made.flatten(1)
