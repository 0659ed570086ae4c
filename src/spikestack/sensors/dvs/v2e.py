"""v2e: a pixel with the bandwidth, leak and noise of real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...equations.model import Parameter
from ...errors import ValidationError
from ...numerics.random import normal, uniform
from .base import DVS, Choice
from .log_pixels import LogPixels, Response

__all__ = ["V2E"]

#: Two equal poles are faster than their sum by this, so that -3 dB is where it is declared.
_TWO_POLES = 1.0 / np.sqrt(np.sqrt(2.0) - 1.0)
#: exp(-(s^2)/2) with s = ln(10)*decades: the log-normal spread of noise has mean 1.
_LN10 = float(np.log(10.0))


class V2E(DVS):
    """Pixels with bandwidth, mismatch, leak, shot noise and hot pixels (Hu, Liu, Delbruck 2021).

    Intensities count as x = 255*I/full_scale. The signal is ln(x), linear below `linear_below`,
    behind `poles` equal poles whose -3 dB frequency is `cutoff`*(x + dark)/(255 + dark). Unlike
    the published program, which works frame by frame, events come when the signal crosses a
    threshold, leak falls evenly, and noise is a Poisson process: nothing depends on the steps, up
    to the change of bandwidth and noise with light, which are those of the step's mean.

    Leak moves the reference down by `leak` ON thresholds a second; in the beginning the pixels are
    anywhere between two leak events. Each event of shot noise is ON or OFF, equally often, and
    moves the reference to the signal. `shot` is the rate of a dark pixel, both polarities
    together; full light leaves `shot_in_light` of it. `noise_spread` is the spread of leak and
    shot noise over pixels, in decades, with mean 1. Changes while a pixel is refractory are
    "kept" (as published: seen when it ends), "held" (the pixel starts from the signal at the
    end, as in silicon), or "lost" (as `ESIM`).
    """

    source = "Hu, Liu, Delbruck, v2e: from video frames to realistic DVS events, CVPRW 2021"
    presets = {  # noqa: RUF012
        "ideal": {"mismatch": 0, "cutoff": 0, "leak": 0, "shot": 0, "noise_spread": 0,
                  "refractory": 0},
        "clean": {"mismatch": 0.02, "cutoff": 0, "leak": 0, "shot": 0, "noise_spread": 0,
                  "refractory": 0},
        "noisy": {"mismatch": 0.05, "cutoff": 30, "leak": 0.1, "shot": 5, "refractory": 0},
    }  # fmt: skip

    threshold_on = Parameter(0.2, low=0.01, meaning="contrast of ON events, in log intensity")
    threshold_off = Parameter(0.2, low=0.01, meaning="contrast of OFF events, in log intensity")
    mismatch = Parameter(0.03, low=0, high=1, meaning="standard deviation of thresholds")
    cutoff = Parameter(300.0, "Hz", low=0, high=1e6, meaning="bandwidth in full light; 0: no limit")
    poles = Parameter(1.0, low=1, high=2, meaning="of the photoreceptor, 1 or 2")
    leak = Parameter(0.01, "Hz", low=0, high=1e4, meaning="leak events of a pixel")
    shot = Parameter(0.001, "Hz", low=0, high=1e5, meaning="events of shot noise of a dark pixel")
    shot_in_light = Parameter(0.25, low=0, high=10, meaning="of `shot`, in full light")
    noise_spread = Parameter(0.1, low=0, high=2, meaning="spread of leak and shot noise, decades")
    hot_pixels = Parameter(0.0, low=0, high=1, meaning="share of pixels that fire by themselves")
    hot_rate = Parameter(100.0, "Hz", low=0, high=1e5, meaning="ON events of a hot pixel")
    refractory = Parameter(0.5, "ms", low=0, meaning="shortest time between events of a pixel")
    while_refractory = Choice("kept", "held", "lost", meaning="what becomes of changes meanwhile")
    full_scale = Parameter(255.0, low=0, low_open=True, meaning="intensity that counts as 255")
    linear_below = Parameter(20.0, low=0, meaning="of 255; 0: logarithmic throughout")
    dark = Parameter(20.0, low=0, meaning="of 255; light that bandwidth has in the dark")

    def _check(self) -> None:
        where = type(self).__name__
        if self.values["poles"] not in (1.0, 2.0):
            raise ValidationError(f"{where}.poles", f"got {self.values['poles']:g}", "1 or 2")
        if 0.0 < self.values["linear_below"] < np.e:
            raise ValidationError(
                f"{where}.linear_below", f"got {self.values['linear_below']:g}", "0, or e or more"
            )

    def begin(self, frame: npt.NDArray[Any], time: float) -> LogPixels:
        """Pixels adapted to a frame."""
        v = self.values
        # A pixel without light has a logarithm where the response is logarithmic throughout.
        offset = 0.0 if v["linear_below"] else 1e-9
        response = Response(255.0 / v["full_scale"], v["linear_below"], offset, v["dark"])
        on = self.spread("threshold_on", v["mismatch"], "threshold on")
        off = self.spread("threshold_off", v["mismatch"], "threshold off")
        pixels = LogPixels(self, response, on, off)
        index = np.arange(len(on), dtype=np.uint64)
        s = v["noise_spread"] * _LN10
        spread = np.exp(s * normal(self.key("noise spread"), index) - 0.5 * s * s)
        nominal = np.mean(v["threshold_on"])
        pixels.leak[:] = v["leak"] * 1e-6 * spread * on
        pixels.shot[:] = v["shot"] * 1e-6 * spread * nominal / on
        hot = uniform(self.key("hot pixels"), index) < v["hot_pixels"]
        pixels.hot[:] = np.where(hot, v["hot_rate"] * 1e-6, 0.0)
        if v["cutoff"]:
            pixels.poles = int(v["poles"])
            widened = _TWO_POLES if pixels.poles == 2 else 1.0
            pixels.speed = 2.0 * np.pi * v["cutoff"] * 1e-6 * widened
        pixels.bright = v["shot_in_light"]
        pixels.refractory = v["refractory"] * 1000
        pixels.rule = v["while_refractory"]
        phase = uniform(self.key("leak phase"), index) if v["leak"] else np.zeros(len(on))
        pixels.adapt(frame, time, phase)
        return pixels
