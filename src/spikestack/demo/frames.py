"""The network of the demonstration for chips without memory: frames of counts, few bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..chips.framing import framed, with_frames_of
from ..network.network import Network
from ..training import fit

__all__ = ["FEW", "FRAMED", "counts", "frame_variants", "tuned"]

#: Steps of a frame.
FRAME = 10
#: Bits of the weights of each projection, on Akida 1.0.
FEW = {"camera->edges": 8, "edges->shapes": 2, "shapes->digits": 4}
#: Chips without memory.
FRAMED = ("Akida", "AKD1500", "Akida2", "NorthPole")
Part = tuple[np.ndarray, np.ndarray]


def counts(part: Part, frame: int = FRAME) -> Part:
    """Events of each frame of samples, (samples, frames, neurons), and their labels."""
    inputs, labels = part
    frames = inputs.reshape(len(inputs), inputs.shape[1] // frame, frame, -1).sum(2)
    return frames.astype(np.float32), labels


def tuned(
    network: Network, parts: Mapping[str, Part], epochs: int, bits: Any, frame: int = FRAME,
    lr: float = 6e-3,
) -> Network:  # fmt: skip
    """Train a network of frames on.

    Parameters
    ----------
    network
        From `framed`.
    parts
        Samples, (samples, steps, neurons), and labels: ``"train"``, ``"validation"``.
    epochs, lr
        See `fit`.
    bits
        Of weights: a number, or by projection; None for all of them.
    frame
        Its steps.
    """
    inputs, labels = counts(parts["train"], frame)
    fitted = fit(
        with_frames_of(network, 1), (inputs, labels), validate=counts(parts["validation"], frame),
        epochs=epochs, lr=lr, batch=32, schedule="cosine", steps=inputs.shape[1], check=False,
        progress=False, weight_bits=bits,
    )  # fmt: skip
    return with_frames_of(fitted.module.trained(), frame)


def frame_variants(
    network: Network, parts: Mapping[str, Part], epochs: int = 20
) -> dict[str, Network]:
    """By chip without memory, the network as trained on for its bits."""
    wide = tuned(framed(network, FRAME), parts, epochs, None)
    eight = tuned(wide, parts, epochs, 8)
    few = tuned(wide, parts, epochs, FEW)
    return dict(zip(FRAMED, (few, few, eight, eight), strict=True))
