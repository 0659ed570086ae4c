"""Zeros around a map, which need not be alike on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import shorten
from .writing import refused

__all__ = ["alike", "lopsided", "pads_of"]


def pads_of(
    name: str, s: dict[str, Any], sides: Sequence[int], reach: Sequence[int], stride: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Zeros before each side and behind it; `reach` is that of a kernel."""
    dims, auto = len(reach), s.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        over = [max((-(-n // t) - 1) * t + k - n, 0) for n, k, t in zip(sides, reach, stride)]
        less, more = [o // 2 for o in over], [o - o // 2 for o in over]
        return (less, more) if auto == "SAME_UPPER" else (more, less)
    if auto not in ("NOTSET", "VALID"):
        raise refused(name, f"auto_pad={shorten(auto)}", "explicit pads")
    pads = [0] * 2 * dims if auto == "VALID" else list(s.get("pads", [0] * 2 * dims))
    if len(pads) != 2 * dims or min(pads) < 0:
        raise refused(name, f"pads {pads}", "one of 0 or more for each end")
    return pads[:dims], pads[dims:]


def alike(name: str, near: list[int], far: list[int]) -> list[int]:
    """The zeros of one end, where those of the other are as many."""
    if near != far:
        raise refused(name, f"pads {[*near, *far]}", "pad alike on both sides")
    return near


def lopsided(
    weight: np.ndarray,
    reach: Sequence[int],
    dilation: Sequence[int],
    near: Sequence[int],
    far: Sequence[int],
) -> np.ndarray:
    """A kernel that sees the same if both ends are padded by the more: zeros take what is new."""
    wide = np.zeros((*weight.shape[:2], *reach), weight.dtype)
    places: Any = (..., *(slice(None, None, d) for d in dilation))
    wide[places] = weight
    more = [(max(f - n, 0), max(n - f, 0)) for n, f in zip(near, far)]
    return np.pad(wide, ((0, 0), (0, 0), *more))
