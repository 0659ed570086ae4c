"""Spoken digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cochlea import MelDelta
from .base import Samples, part_of
from .reading import digit_names, read_arrays

__all__ = ["spoken_digits"]

_RATE = 8000.0


def spoken_digits(split: str = "train", folder: Any = None) -> Samples:
    """Spoken digits, 8,000 samples per second, int16; groups are speakers.

    Takes 0 to 4 of each speaker and digit are the test, 5 to 9 validation, the others training.
    `Samples.events` makes 40 units of them, steps up and down of 20 mel bands, by default.

    Free Spoken Digit Dataset, CC BY-SA 4.0.
    """
    data, digest = read_arrays(folder, "fsdd", "fsdd_public.npz")
    audio, offsets, take = data["audio"], data["offsets"].astype(np.int64), data["index"]
    labels = data["digit"].astype(np.int64)

    def make(k: int) -> np.ndarray:
        return np.asarray(audio[offsets[k] : offsets[k + 1]])

    parts = {"test": take < 5, "validation": (take >= 5) & (take < 10), "train": take >= 10}
    # Events of the last sample come at its end: just after the sound.
    longest = float(np.floor(np.diff(offsets).max(initial=0) * 1e3 / _RATE) + 1)
    everyone = Samples(
        make, labels, digit_names(), data["speaker"], np.arange(len(labels)),
        content=f"spoken_digits 1 {digest}", dt=1e3 / _RATE, duration=longest,
        front_end=_mel_bands,
    )  # fmt: skip
    return part_of(everyone, parts, split)


def _mel_bands() -> MelDelta:
    return MelDelta(rate=_RATE, window=256, hop=40)
