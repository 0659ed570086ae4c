"""A silicon cochlea: a passive cascade, half-wave rectifiers, pulses of four thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError
from ...numerics.random import normal, stream_key
from .carfac import CARFAC
from .ganglion import Ganglion
from .hair_cells import HalfWave

__all__ = ["DAS1"]


class DAS1(CARFAC):
    """One ear of a dynamic audio sensor: 64 second-order sections with 4 neurons each.

    The sections are passive and spaced by equal ratios; transistors that differ give each a quality
    of its own. The chip has two ears: make two, with a `seed` each.

    Liu, van Schaik, Minch and Delbruck 2014, IEEE Trans Biomed Circuits Syst 8:453.

    Parameters
    ----------
    channels, low, high, rate, gain, ganglion
        As for `Cochlea`.
    mismatch
        Standard deviation of the logarithm of each section's damping.
    seed
        Of the mismatch.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    usual_gain = 4.0

    def __init__(
        self, channels: int = 64, low: Any = 50.0, high: Any = 6500.0, rate: Any = 16000.0,
        *, mismatch: float = 0.1, seed: int = 0, **settings: Any,
    ) -> None:  # fmt: skip
        if not 0 <= mismatch <= 1:
            raise ValidationError("DAS1.mismatch", f"got {mismatch}", "0 to 1")
        self.damping, self.mismatch, self.seed = 1.0, float(mismatch), int(seed)
        settings.setdefault("ganglion", Ganglion((0.05, 0.1, 0.2, 0.4), tau=5.0, refractory=0.5))
        super(CARFAC, self).__init__(channels, low, high, rate, **settings)

    def _poles(self) -> npt.NDArray[np.float64]:
        return np.geomspace(self.high, self.low, self.channels)

    def _mismatch(self) -> npt.NDArray[np.float64]:
        key = stream_key(self.seed, "das1", "damping")
        drawn = np.asarray(normal(key, np.arange(self.channels, dtype=np.uint64)))
        return np.exp(self.mismatch * drawn)

    def _hair_cells(self) -> HalfWave:
        return HalfWave()
