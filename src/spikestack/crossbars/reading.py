"""Noise of reading in runs of networks: every spike that passes a device draws its own."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..plasticity.base import PlasticityRule
from .tiles.array import CrossbarArray

__all__ = ["noisy_transmission", "reading_noise"]

#: How many standard deviations of noise a delivered weight may be off.
_FARTHEST = 6.0
_F64 = NDArray[np.float64]


def reading_noise(array: CrossbarArray) -> _F64 | None:
    """Standard deviation of what one spike finds of each weight, float64[inputs, outputs].

    Noises of different devices are independent, so that the sum over the spikes of a step has the
    law of one reading of the array with those inputs; noise that a reading has whatever its inputs
    is left out. None where reading is exact.
    """
    if not array.crossbar.read_noise or not any(b.noise is not None for b in array.blocks):
        return None
    variance = np.zeros(array.shape)
    for block in array.blocks:
        if block.noise is None:
            continue
        rows = block.rows.stop - block.rows.start
        both = (block.noise[:rows] + block.noise[rows:]).astype(np.float64)
        by_slice = both.reshape(rows, *block.worth.shape)
        variance[block.rows] += (by_slice * block.worth**2).sum(axis=1)
    return np.sqrt(variance) * np.abs(array.gain)


def noisy_transmission(weights: _F64, noise: _F64, positive: bool) -> PlasticityRule:
    """A rule that changes no weight: a spike delivers it with noise of each synapse's own."""
    most = _FARTHEST * float(noise.max(initial=0.0))
    low, high = float(weights.min(initial=0.0)) - most, float(weights.max(initial=0.0)) + most
    normal = f"sqrt(-2*log(rand_a))*cos({2 * math.pi!r}*rand_b)"
    return _Noisy(
        name="noise of reading",
        variables="device_noise : weight",
        transmit=f"w + device_noise*{normal}",
        initial={"device_noise": noise},
        w_min=max(low, 0.0) if positive else low,
        w_max=high,
    )


class _Noisy(PlasticityRule):
    """The weight stays."""

    changes_weights = False
