"""Traces of BrainChip's akida 2.19.3: a network of five layers, version 1.

``x`` images (samples, 16, 16, 3); ``c1``: 8-bit convolution and pooling, ``c2``: convolution,
``s3``: separable convolution and pooling, ``f4``, ``f5``: fully connected, the last without
activation; of each ``weights``, ``threshold``, ``act_step``. ``y``: what comes out. How many bits
activations have is not in the file: that with which all outputs agree is taken.
"""

from __future__ import annotations

import numpy as np

from ..kernels.akida import activate, convolve, fully_connected, largest_of_blocks
from .comparing import read_arrays as read

__all__ = ["read", "replay"]


def replay(data: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of our values and the file's."""
    theirs = data["y"].astype(np.int64)
    found = [_outputs(data, bits) for bits in (1, 2, 4)]
    best = min(found, key=lambda ours: int((ours != theirs).sum()))
    return {"y": (best, theirs)}


def _outputs(data: dict[str, np.ndarray], bits: int) -> np.ndarray:
    def sent(potentials: np.ndarray, layer: str) -> np.ndarray:
        return activate(potentials, data[f"{layer}.threshold"], data[f"{layer}.act_step"], bits)

    first = convolve(data["x"], data["c1.weights"], turned=False)
    maps = sent(largest_of_blocks(first), "c1")
    maps = sent(convolve(maps, data["c2.weights"]), "c2")
    deep = convolve(convolve(maps, data["s3.weights"]), data["s3.weights_pw"])
    maps = sent(largest_of_blocks(deep), "s3")
    maps = sent(fully_connected(maps, data["f4.weights"][0, 0]), "f4")
    return fully_connected(maps, data["f5.weights"][0, 0])
