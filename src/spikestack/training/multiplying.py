"""Matrix products in single precision, by the fastest exact way that this processor has.

PyTorch's own product comes from a library that leaves the wide vector units of AMD's processors
idle; oneDNN, which PyTorch brings along, does not: 8,000 x 512 by 512 x 512 takes 39 ms by the one
and 17.5 ms by the other (one core of an EPYC, PyTorch 2.13). The choice is by processor, never by
a measurement, so that a run gives the same bits whenever it is repeated on a machine.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

__all__ = ["dot", "paired"]

#: Multiplications below which the choice does not matter.
_SMALL = 1 << 16
#: Of a block, in a product of many.
_ROWS = 1024


def dot(a: Any, b: Any) -> Any:
    """The product of two matrices."""
    big = a.shape[0] * a.shape[1] * b.shape[1] >= _SMALL
    if a.dtype == torch.float32 and a.device.type == "cpu" and big and _prefers_onednn():
        return _onednn(a, b)
    return a @ b


def paired(a: Any, b: Any) -> Any:
    """The product of the transpose of a matrix with another.

    By blocks of rows, since oneDNN copies what is transposed; fewer are one product. The first
    may be bytes.
    """
    made = dot(a[:_ROWS].to(b.dtype).t(), b[:_ROWS])
    for first in range(_ROWS, len(a), _ROWS):
        made += dot(a[first : first + _ROWS].to(b.dtype).t(), b[first : first + _ROWS])
    return made


def _onednn(a: Any, b: Any) -> Any:
    return torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")


@lru_cache(maxsize=1)
def _prefers_onednn() -> bool:
    """Whether this is a processor of AMD's with wide vectors, and oneDNN is there and right."""
    wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
    if not (wide and _is_amd() and torch.backends.mkldnn.is_available()):
        return False
    generator = torch.Generator().manual_seed(1)
    a, b = torch.randn(64, 48, generator=generator), torch.randn(48, 80, generator=generator)
    try:
        return torch.allclose(_onednn(a, b), a @ b, rtol=1e-4, atol=1e-4)
    except (AttributeError, RuntimeError):
        return False


def _is_amd() -> bool:
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text(errors="ignore")
    except OSError:
        return False
