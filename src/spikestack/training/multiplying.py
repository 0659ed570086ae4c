"""Matrix products in single precision, by the fastest exact way that this processor has.

PyTorch's own product uses a library that leaves the wide vector units of some processors idle;
oneDNN, which PyTorch brings along, does not. Which of the two is faster here is measured once.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import torch

__all__ = ["dot"]

#: Multiplications below which the choice does not matter.
_SMALL = 1 << 16


def dot(a: Any, b: Any) -> Any:
    """The product of two matrices."""
    big = a.shape[0] * a.shape[1] * b.shape[1] >= _SMALL
    if a.dtype == torch.float32 and a.device.type == "cpu" and big and _prefers_onednn():
        return _onednn(a, b)
    return a @ b


def _onednn(a: Any, b: Any) -> Any:
    return torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")


@lru_cache(maxsize=1)
def _prefers_onednn() -> bool:
    """Whether oneDNN is there, exact to rounding, and faster."""
    if not torch.backends.mkldnn.is_available():
        return False
    generator = torch.Generator().manual_seed(1)
    a = torch.randn(512, 256, generator=generator)
    b = torch.randn(256, 256, generator=generator)
    try:
        same = torch.allclose(_onednn(a, b), a @ b, rtol=1e-4, atol=1e-4)
    except (AttributeError, RuntimeError):
        return False
    return same and _seconds(_onednn, a, b) < 0.9 * _seconds(torch.matmul, a, b)


def _seconds(product: Any, a: Any, b: Any) -> float:
    least = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        product(a, b)
        least = min(least, time.perf_counter() - start)
    return least
