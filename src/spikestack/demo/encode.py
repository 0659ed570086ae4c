"""Images to spike trains."""

from __future__ import annotations

import numpy as np

from ..network.inputs import SpikeTrains

__all__ = ["encode", "input_counts"]

#: Time in ms over which an image is shown.
SHOWN = 60.0


def encode(images: np.ndarray) -> SpikeTrains:
    """Give each pixel as many evenly spaced spikes as its grey level.

    Parameters
    ----------
    images
        Grey levels, whole numbers 0 to 16, shape (images, pixels).

    Returns
    -------
    SpikeTrains
        Image k is trial k; pixel j is input neuron j. A brighter pixel also fires earlier.
    """
    trials, pixels = np.nonzero(images > 0)
    counts = images[trials, pixels].astype(np.int64)
    which = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    times = (nth + 0.5) * SHOWN / counts[which]
    return SpikeTrains(times, pixels[which], trials[which])


def input_counts(trains: SpikeTrains, n_images: int, n_pixels: int) -> np.ndarray:
    """Spikes of each input neuron for each image: float64, shape (images, pixels)."""
    counts = np.zeros((n_images, n_pixels))
    assert trains.trials is not None
    np.add.at(counts, (trains.trials, trains.ids), 1.0)
    return counts
