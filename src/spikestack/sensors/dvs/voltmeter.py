"""DVS-Voltmeter: a pixel whose voltage is Brownian motion with drift."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...equations.model import Parameter
from .base import DVS, PixelState
from .brownian import advance_brownian

__all__ = ["Voltmeter"]


class Voltmeter(DVS):
    """Pixels whose events are first passages of Brownian motion with drift (Lin et al. 2022).

    Between two samples, with I the mean of both on a scale of 255, the voltage has the drift
    k1*(dI/dt)/(I + k2) + k4 + k5*I and the amplitude k3*sqrt(I)/(I + k2) + k6 of noise (per us and
    per root of a us). It starts from 0 after each event, which comes when it leaves the interval
    between the thresholds. The published program draws, for each event, a side and then a time as
    if there were no other side, and forgets the noise of pixels without an event; here paths are
    exact, whatever the steps. Events are `leak` where k4 and k5 make most of the drift, `shot`
    where they go against it.
    """

    source = "Lin, Ma, Li, Zhang, DVS-Voltmeter, ECCV 2022"
    presets = {  # noqa: RUF012
        "DVS346": {},
        "DVS240": {"k1": 4.424, "k2": 23.0, "k3": 2e-4, "k5": 5e-8},
        "ideal": {"k3": 0.0, "k4": 0.0, "k5": 0.0, "k6": 0.0},
        "clean": {"k3": 0.0, "k4": 0.0, "k5": 0.0, "k6": 0.0, "mismatch": 0.1},
        "noisy": {"k3": 1e-3, "k4": 1e-6, "k6": 1e-4, "mismatch": 0.25},
    }

    threshold_on = Parameter(1.0, low=0.01, meaning="voltage of ON events")
    threshold_off = Parameter(1.0, low=0.01, meaning="voltage of OFF events")
    mismatch = Parameter(0.0, low=0, high=10, meaning="standard deviation of thresholds")
    full_scale = Parameter(255.0, low=0, low_open=True, meaning="intensity that counts as 255")
    k1 = Parameter(0.00018 * 29250, low=0, meaning="gain")
    k2 = Parameter(20.0, low=0, low_open=True, meaning="dark intensity, of 255")
    k3 = Parameter(1e-4, low=0, high=0.1, meaning="shot noise, per root of a us")
    k4 = Parameter(1e-7, low=-1e-3, high=1e-3, meaning="leak, 1/us")
    k5 = Parameter(5e-9, low=-1e-5, high=1e-5, meaning="leak by light, 1/us")
    k6 = Parameter(1e-5, low=0, high=0.01, meaning="noise in the dark, per root of a us")

    def begin(self, frame: npt.NDArray[Any], time: float) -> _BrownianPixels:
        """Pixels adapted to a frame."""
        return _BrownianPixels(self, frame)


class _BrownianPixels(PixelState):
    """Pixels at work: an array of voltages, and of light at both ends of the step."""

    def __init__(self, sensor: Voltmeter, frame: npt.NDArray[Any]) -> None:
        v = sensor.values
        self._scale = 255.0 / v["full_scale"]
        self._on = sensor.spread("threshold_on", v["mismatch"], "threshold on")
        self._off = sensor.spread("threshold_off", v["mismatch"], "threshold off")
        self._k = np.array([v[f"k{i}"] for i in range(1, 7)])
        self._key, self._step = sensor.key("paths"), 0
        self._volt = np.zeros(len(self._on))
        self.see(frame)
        self._i0 = self._i1

    def see(self, frame: npt.NDArray[Any]) -> None:
        """Take the sample at the end of the step."""
        self._i1 = np.ascontiguousarray(frame, np.float64).reshape(-1) * self._scale

    def run(
        self, first: int, time: float, span: float, words: npt.NDArray[np.int64], n: int
    ) -> tuple[int, int]:
        """Advance pixels from `first` on."""
        made: tuple[int, int] = advance_brownian(
            first, self._i0, self._i1, self._volt, self._on, self._off, self._k, self._key,
            self._step, span, time - np.floor(time), words, n,
        )  # fmt: skip
        return made

    def finish(self) -> None:
        """The end of the step becomes the beginning of the next."""
        self._i0, self._step = self._i1, self._step + 1
