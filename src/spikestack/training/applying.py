"""Products under autograd."""

from __future__ import annotations

from typing import Any

import torch

from .packed import Packed, owe
from .products import Product

__all__ = ["apply"]


class _Applied(torch.autograd.Function):
    """A product under autograd."""

    @staticmethod
    def forward(ctx: Any, product: Product, spikes: Any, weights: Any, packed: Any) -> Any:
        ctx.product, ctx.packed = product, packed
        seen = product.seen(spikes if packed is None else packed.bytes, spikes.dtype)
        ctx.save_for_backward(seen, weights)
        return product.arrivals(seen, weights)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        seen, weights = ctx.saved_tensors
        product, (grad,) = ctx.product, grads
        _, sources, weighted, _ = ctx.needs_input_grad
        back = None
        if sources and ctx.packed is not None and product.by_parts:
            back = owe(ctx.packed, product, grad, weights)
        elif sources:
            back = product.back(grad, weights)
        return None, back, product.weights(seen, grad, weights) if weighted else None, None


def apply(product: Product, spikes: Any, weights: Any) -> Any:
    """What arrives, under autograd."""
    if isinstance(spikes, Packed):
        return _Applied.apply(product, spikes.handle, weights, spikes)
    return _Applied.apply(product, spikes, weights, None)
