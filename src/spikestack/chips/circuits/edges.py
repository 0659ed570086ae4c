"""Synapses of a description, one projection at a time, as chips are given them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Edges"]


@dataclass(frozen=True)
class Edges:
    """A projection: edges in populations, weights in coherent units, delays in steps."""

    name: str
    pre: int
    post: int
    receptor: int
    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
