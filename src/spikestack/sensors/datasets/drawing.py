"""What synthetic sets share: numbers that depend on the seed and the sample alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.random import stream_key, uniform
from ...units import magnitude, parse_unit
from .base import Samples

__all__ = ["between", "draws", "ms", "synthetic", "whole"]


def synthetic(
    name: str, make: Callable[[int], Any], n: int, classes: tuple[str, ...],
    truth: dict[str, np.ndarray], settings: Any, **about: Any,
) -> Samples:  # fmt: skip
    """Samples with classes in turn."""
    labels = np.arange(n) % len(classes)
    return Samples(
        make, labels, classes, np.zeros(0), np.arange(n), truth=truth,
        content=f"{name} 1 {settings!r}", **about,
    )  # fmt: skip


def draws(seed: int, name: str, n: int, count: int) -> np.ndarray:
    """Numbers from 0 to 1, `count` for each of n samples; those of the first stay the same."""
    counters = np.arange(n * count, dtype=np.uint64)
    return np.asarray(uniform(stream_key(seed, name, "samples"), counters)).reshape(n, count)


def between(share: np.ndarray, low: float, high: float) -> np.ndarray:
    """From low to high, evenly on a logarithmic scale."""
    return low * (high / low) ** share


def whole(value: Any, where: str, least: int = 1, most: int = 10_000_000) -> int:
    """A whole number within bounds."""
    good = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not good or not least <= value <= most:
        raise ValidationError(where, f"got {shorten(value)}", f"a whole number, {least} to {most}")
    return int(value)


def ms(value: Any, where: str, least: float = 0.0, most: float = 1e7) -> float:
    """A time in ms within bounds."""
    time = magnitude(value, parse_unit("ms"), where)
    if not isinstance(time, float) or not least <= time <= most:
        raise ValidationError(where, f"got {shorten(value)}", f"a time, {least:g} to {most:g} ms")
    return time
