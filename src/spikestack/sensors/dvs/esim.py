"""ESIM: the ideal pixel, which reports every equal step of the logarithm of intensity."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...equations.model import Parameter
from .base import DVS, Choice
from .log_pixels import LogPixels, Response

__all__ = ["ESIM"]


class ESIM(DVS):
    """Pixels that follow log(I/full_scale + eps), exactly (Rebecq et al. 2018).

    An event whenever the signal has gone a threshold away from the last level; crossings within
    the refractory period are lost, the level moves on. See `DVS` for the other arguments.
    """

    source = "Rebecq, Gehrig, Scaramuzza, ESIM: an open event camera simulator, CoRL 2018"
    presets = {"ideal": {}, "clean": {"mismatch": 0.02}}  # noqa: RUF012

    threshold_on = Parameter(0.2, low=0.01, meaning="contrast of ON events, in log intensity")
    threshold_off = Parameter(0.2, low=0.01, meaning="contrast of OFF events, in log intensity")
    mismatch = Parameter(0.0, low=0, high=1, meaning="standard deviation of thresholds")
    refractory = Parameter(0.0, "ms", low=0, meaning="shortest time between events of a pixel")
    while_refractory = Choice("lost", "kept", "held", meaning="what becomes of changes meanwhile")
    full_scale = Parameter(255.0, low=0, low_open=True, meaning="intensity that counts as 1")
    eps = Parameter(1e-3, low=0, low_open=True, high=1, meaning="added to the intensity")

    def begin(self, frame: npt.NDArray[Any], time: float) -> LogPixels:
        """Pixels adapted to a frame."""
        v = self.values
        response = Response(1.0 / v["full_scale"], 0.0, v["eps"], 0.0)
        on = self.spread("threshold_on", v["mismatch"], "threshold on")
        off = self.spread("threshold_off", v["mismatch"], "threshold off")
        pixels = LogPixels(self, response, on, off)
        pixels.refractory = v["refractory"] * 1000
        pixels.rule = v["while_refractory"]
        pixels.adapt(frame, time, np.zeros(len(on)))
        return pixels
