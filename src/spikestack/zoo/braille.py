"""How Braille letters are fed: each taxel above and below what it feels on average."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["STEPS", "around_rest"]

#: Of 10 ms.
STEPS = 76


def around_rest(training: Any, *sets: Any) -> list[Any]:
    """Of each taxel how far it is above its mean over all training, and how far below.

    Parameters
    ----------
    training
        The recordings that say what rest is; see `sensors.datasets.braille`.
    sets
        Recordings of pressures (steps, taxels) to change.

    Returns
    -------
    list
        `sets`, of (steps, twice the taxels).
    """
    (felt,) = training.batches(len(training), bins=STEPS)
    rest = felt.inputs.mean((0, 1))

    def above_and_below(pressures: np.ndarray) -> np.ndarray:
        return np.maximum(np.concatenate([pressures - rest, rest - pressures], axis=1), 0.0)

    return [s.map(above_and_below) for s in sets]
