"""Layers of Akida 1.0 in integers: potentials, pooling, threshold and step.

Equal to the maker's simulator, akida 2.19.3. Maps are (samples, x, y, channels) as it has them;
convolutions have zeros around, and kernels are turned by 180 degrees but in the first layer.
"""

from __future__ import annotations

import numpy as np

__all__ = ["activate", "convolve", "fully_connected", "largest_of_blocks"]


def convolve(maps: np.ndarray, kernel: np.ndarray, turned: bool = True) -> np.ndarray:
    """Potentials of a convolution that keeps the size of the map.

    Parameters
    ----------
    maps
        int64[samples, x, y, channels].
    kernel
        int64[k, k, channels, filters], or [k, k, channels, 1] for a filter for each channel.
    turned
        Whether the kernel is turned by 180 degrees, as convolution in the narrow sense has it.
    """
    width, height, channels, filters = kernel.shape
    if turned:
        kernel = kernel[::-1, ::-1]
    left, low = (width - 1) // 2, (height - 1) // 2
    around = ((0, 0), (left, width - 1 - left), (low, height - 1 - low), (0, 0))
    padded = np.pad(maps.astype(np.int64), around)
    apart = filters == 1 and channels > 1
    found = np.zeros((*maps.shape[:3], channels if apart else filters), np.int64)
    for i in range(width):
        for j in range(height):
            part = padded[:, i : i + maps.shape[1], j : j + maps.shape[2]]
            weights = kernel[i, j].astype(np.int64)
            found += part * weights[:, 0] if apart else part @ weights
    return found


def fully_connected(maps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Potentials, (samples, 1, 1, neurons).

    Parameters
    ----------
    maps
        int64[samples, x, y, channels], read channel by channel, then by rows of the second axis.
    weights
        int64[inputs, neurons].
    """
    flat = maps.transpose(0, 3, 2, 1).reshape(len(maps), -1).astype(np.int64)
    return (flat @ weights.astype(np.int64))[:, None, None]


def largest_of_blocks(potentials: np.ndarray, size: int = 2) -> np.ndarray:
    """Max pooling of potentials, before the activation."""
    samples, x, y, channels = potentials.shape
    blocks = potentials.reshape(samples, x // size, size, y // size, size, channels)
    found: np.ndarray = blocks.max(axis=(2, 4))
    return found


def activate(
    potentials: np.ndarray, threshold: np.ndarray, step: np.ndarray, bits: int
) -> np.ndarray:
    """What a layer sends, 0 to 2**bits - 1.

    Parameters
    ----------
    threshold, step
        By channel; of the step, four bits after the point are used.
    bits
        1, 2 or 4.
    """
    above = potentials - threshold.astype(np.int64)
    if bits == 1:
        return (above > 0).astype(np.int64)
    sixteenths = np.floor(step.astype(np.float64) * 16.0).astype(np.int64)
    width = sixteenths << (4 - bits)
    found: np.ndarray = np.clip(-((-above * 16) // width), 0, 2**bits - 1)
    return found
