"""Images to spike trains: a rate code without noise."""

from __future__ import annotations

import numpy as np

from ...network.inputs import SpikeTrains

__all__ = ["LEVELS", "SHOWN", "encode"]

#: Time in ms over which an image is shown.
SHOWN = 75.0
#: Grey levels run from 0 to this.
LEVELS = 16
#: Before it no spike falls, since input events come after the start of a run (ms).
_BEGIN = 1.0
#: The golden ratio's fraction spreads the phases of neighbouring pixels evenly.
_SPREAD = 0.6180339887498949


def encode(images: np.ndarray) -> SpikeTrains:
    """Give each pixel as many evenly spaced spikes as its grey level.

    Pixels of one level do not fire in step: each has a phase of its own, the same in all images.

    Parameters
    ----------
    images
        Grey levels, whole numbers 0 to 16, shape (images, pixels).

    Returns
    -------
    SpikeTrains
        Image k is trial k; pixel j is input neuron j.
    """
    trials, pixels = np.nonzero(images > 0)
    counts = images[trials, pixels].astype(np.int64)
    which = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    phase = (pixels * _SPREAD) % 1.0
    times = _BEGIN + (nth + phase[which]) * (SHOWN - _BEGIN) / counts[which]
    return SpikeTrains(times, pixels[which], trials[which], weight=1.0)
