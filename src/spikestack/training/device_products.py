"""Products on a device, by PyTorch's own operations, where the processor has loops of ours."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["gathered", "paired", "pooled", "scattered", "unpooled"]

Pair = tuple[int, int]

#: Numbers that go to memory at once, in the gradient of listed weights.
_ROOM = 1 << 26


def _sparse(places: Any, values: Any, shape: Pair) -> Any:
    return torch.sparse_coo_tensor(places, values, shape, check_invariants=False)


def scattered(seen: Any, weights: Any, pre: Any, post: Any, targets: int) -> Any:
    """What arrives, (rows, targets), of spikes (rows, sources) over edges of these weights."""
    matrix = _sparse(torch.stack([post, pre]), weights, (targets, seen.shape[1]))
    return torch.sparse.mm(matrix, seen.t()).t().contiguous()


def gathered(grad: Any, weights: Any, pre: Any, post: Any, sources: int) -> Any:
    """The transpose: (rows, sources) of (rows, targets)."""
    matrix = _sparse(torch.stack([pre, post]), weights, (sources, grad.shape[1]))
    return torch.sparse.mm(matrix, grad.t()).t().contiguous()


def paired(seen: Any, grad: Any, pre: Any, post: Any) -> Any:
    """Gradients of the weights, edge by edge, as many edges at once as there is room for."""
    width = max(1, _ROOM // max(1, len(seen)))
    parts = [
        (seen[:, pre[low : low + width]] * grad[:, post[low : low + width]]).sum(0)
        for low in range(0, len(pre), width)
    ]
    return torch.cat(parts) if parts else grad.new_zeros(0)


def pooled(images: Any, shape: tuple[int, int, int], windows: Pair, strides: Pair) -> Any:
    """Sums over windows of images (rows, channels * height * width)."""
    planes = images.reshape(-1, *shape)
    made = torch.nn.functional.avg_pool2d(planes, windows, strides, divisor_override=1)
    return made.reshape(len(images), -1)


def unpooled(grad: Any, shape: tuple[int, int, int], windows: Pair, strides: Pair) -> Any:
    """The transpose of `pooled`."""
    h, w = ((n - k) // s + 1 for n, k, s in zip(shape[1:], windows, strides))
    given = grad.reshape(-1, shape[0], h, w)
    like = grad.new_empty((1,)).expand(len(grad), *shape)
    made = torch.ops.aten.avg_pool2d_backward(given, like, windows, strides, (0, 0), False, True, 1)
    return made.reshape(len(grad), -1)
