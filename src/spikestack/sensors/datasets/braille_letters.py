"""Braille letters under a fingertip."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..encoders.send_on_delta import SendOnDelta
from .base import Samples, part_of
from .reading import read_arrays

__all__ = ["braille"]

#: ms; the set does not say, and a sensor of this kind is read a hundred times a second or less.
_DT = 10.0


def braille(split: str = "train", folder: Any = None) -> Samples:
    """Braille letters under a fingertip of 12 taxels: pressure from 0 to 1, float64 (76, 12).

    Repetitions 0 to 24 are training, 25 to 29 validation, 30 to 39 the test; groups are
    repetitions. A step counts as 10 ms. `Samples.events` makes 24 units of them, one for each 2 of
    255 by which a taxel's pressure rises or falls, by default.

    Mueller-Cleve et al. 2022, Front Neurosci 16:951164, CC BY 4.0.
    """
    data, digest = read_arrays(folder, "braille", "braille_public.npz")
    taxels, labels = data["taxels"], data["label"].astype(np.int64)
    repetition = data["repetition"]

    def make(k: int) -> np.ndarray:
        return (255.0 - taxels[k]) / 255.0

    parts = {
        "train": repetition < 25,
        "validation": (repetition >= 25) & (repetition < 30),
        "test": repetition >= 30,
    }
    names = tuple(str(name) for name in data["letters"])
    everyone = Samples(
        make, labels, names, repetition, np.arange(len(labels)), content=f"braille 1 {digest}",
        dt=_DT, duration=_DT * taxels.shape[1], front_end=_changes,
    )  # fmt: skip
    return part_of(everyone, parts, split)


def _changes() -> SendOnDelta:
    return SendOnDelta(d=2 / 255)
