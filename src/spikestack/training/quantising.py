"""Weights of few bits: rounded forward, straight through backward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from ..errors import UnknownNameError, ValidationError, shorten

__all__ = ["bits_by_name", "quantised"]

_LEAST, _MOST = 2, 16


def bits_by_name(given: Any, names: Iterable[str], where: str) -> dict[str, int]:
    """Bits of each projection's weights: a number for all, or a dict by name."""
    known = list(names)
    chosen = given if isinstance(given, Mapping) else dict.fromkeys(known, given)
    made = {}
    for name, bits in chosen.items():
        if name not in known:
            raise UnknownNameError(where, name, known)
        if bits is None:
            continue
        if isinstance(bits, bool) or not isinstance(bits, int) or not _LEAST <= bits <= _MOST:
            raise ValidationError(
                f"{where} {name!r}", f"got {shorten(bits)}", f"{_LEAST} to {_MOST}"
            )
        made[name] = bits
    return made


def quantised(weights: Any, bits: int) -> Any:
    """Weights rounded to multiples of a step, the same on both sides of 0.

    With b bits there are 2^b - 1 levels. The step is the least power of two, as chips have it, at
    which the greatest weight is among them. Gradients pass straight through (Jacob et al. 2018,
    CVPR).
    """
    levels = 2 ** (bits - 1) - 1
    largest = weights.detach().abs().max()
    step = torch.exp2(torch.ceil(torch.log2(largest.clamp(min=1e-30) / levels)))
    rounded = torch.clamp(torch.round(weights.detach() / step), -levels, levels) * step
    return weights + (rounded - weights).detach()
