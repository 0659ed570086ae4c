"""A projection edge by edge, as chips take it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...plasticity.base import PlasticityRule

__all__ = ["Edges"]


@dataclass(frozen=True)
class Edges:
    """A projection: edges in populations, weights in the description's units, delays in steps.

    Attributes
    ----------
    name
        Of the projection.
    pre, post, receptor
        Populations of the program, and which of the target's receptors it acts on.
    sources, targets
        Neurons of each edge (int64).
    weights
        float64.
    delays
        Until it arrives, or until it starts to act where a chip says so (int64).
    stored
        How a chip stores it: ``"dense"``, ``"sparse"`` or ``"convolutional"``.
    rule
        By which it learns, if it does.
    """

    name: str
    pre: int
    post: int
    receptor: int
    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
    stored: str = "sparse"
    rule: PlasticityRule | None = None
