"""Digits before an event camera that moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..events import CameraEvents
from .base import Samples, even_split, part_of
from .reading import digit_names, read_arrays

__all__ = ["nmnist_small"]


def nmnist_small(split: str = "train", folder: Any = None) -> Samples:
    """Digits before an event camera that moves: 900 recordings of N-MNIST, `CameraEvents`.

    700 for training, 100 for validation, 100 for the test, about as many of each digit.

    Orchard, Jayawant, Cohen and Thakor 2015, Front Neurosci 9:437.
    """
    data, digest = read_arrays(folder, "nmnist-small", "nmnist_train900.npz")
    offsets, labels = data["offsets"].astype(np.int64), data["label"].astype(np.int64)
    columns: dict[str, np.ndarray] = {"t": data["t"].astype(np.int64), "p": data["p"]}
    columns |= {name: data[name].astype(np.uint16) for name in ("x", "y")}

    def make(k: int) -> CameraEvents:
        part = slice(offsets[k], offsets[k + 1])
        cut: dict[str, Any] = {name: column[part] for name, column in columns.items()}
        return CameraEvents(**cut, width=34, height=34)

    parts = even_split(labels, "nmnist", test=100, validation=100)
    everyone = Samples(
        make, labels, digit_names(), np.zeros(0), np.arange(len(labels)),
        content=f"nmnist_small 1 {digest}", duration=320.0,
    )  # fmt: skip
    return part_of(everyone, parts, split)
