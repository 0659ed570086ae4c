"""Neurons of the spiral ganglion: leaky integrate-and-fire, several thresholds to a channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit

__all__ = ["Ganglion"]


class Ganglion:
    """Leaky integrate-and-fire neurons, one for each channel and threshold.

    Parameters
    ----------
    thresholds
        Of the membrane, in receptor potential times ms; one neuron of each for every channel.
    tau
        Membrane time constant in ms.
    refractory
        ms after a spike in which input is lost.

    Raises
    ------
    ValidationError
        If one is not > 0 (refractory: >= 0).
    """

    def __init__(
        self, thresholds: Any = (0.05,), tau: float = 2.0, refractory: float = 1.0
    ) -> None:
        self.thresholds = np.atleast_1d(np.asarray(thresholds, dtype=float))
        good = self.thresholds.ndim == 1 and len(self.thresholds) and (self.thresholds > 0).all()
        if not (good and np.isfinite(self.thresholds).all() and tau > 0 and refractory >= 0):
            given = f"thresholds {shorten(thresholds)}, tau {tau}, refractory {refractory}"
            raise ValidationError("Ganglion", given, "thresholds and tau > 0, refractory >= 0")
        self.tau, self.refractory = float(tau), float(refractory)

    @property
    def fibres(self) -> int:
        """Neurons for each channel."""
        return len(self.thresholds)

    def prepare(self, channels: int, rate: float) -> None:
        """Rest, for so many channels and samples per second."""
        dt = 1e3 / rate
        self._decay, self._dt = float(np.exp(-dt / self.tau)), dt
        self._dead = int(np.ceil(self.refractory / dt))
        self._v = np.zeros((channels, self.fibres))
        self._left = np.zeros((channels, self.fibres), np.int64)

    def fire(self, drive: np.ndarray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """Samples and units of the spikes that receptor potentials (samples, channels) evoke."""
        most = drive.size * self.fibres // (self._dead + 1) + self._v.size + 1
        samples, units = np.empty(most, np.int64), np.empty(most, np.uint32)
        facts = (self.thresholds, self._decay, self._dt, self._dead)
        count = _fire(drive, self._v, self._left, *facts, samples, units)
        return samples[:count], units[:count]


@njit(cache=True, error_model="numpy")
def _fire(
    drive: Any, v: Any, left: Any, thresholds: Any, decay: float, dt: float, dead: int,
    samples: Any, units: Any,
) -> int:  # fmt: skip
    count, fibres = 0, len(thresholds)
    for n in range(drive.shape[0]):
        for c in range(drive.shape[1]):
            inflow = drive[n, c] * dt
            for k in range(fibres):
                if left[c, k] > 0:
                    left[c, k] -= 1
                    continue
                new = max(v[c, k] * decay + inflow, 0.0)
                if new >= thresholds[k]:
                    samples[count], units[count] = n, c * fibres + k
                    count += 1
                    left[c, k], new = dead, 0.0
                v[c, k] = new
    return count
