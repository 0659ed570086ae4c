"""Pixels of `ESIM` and `V2E` at work: arrays with an entry for each, and the kernel that fits."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...numerics.random import uniform
from .base import PixelState
from .kernels import advance_ideal, look_up, respond
from .noisy import HELD, KEPT, LOST, NEVER, Pixels, Rules, advance

if TYPE_CHECKING:
    from .base import DVS

__all__ = ["LogPixels", "Response"]

_RULES = {"lost": LOST, "kept": KEPT, "held": HELD}


@dataclass(frozen=True)
class Response:
    """How light becomes a signal; see `kernels.respond`."""

    scale: float
    linear_below: float
    offset: float
    dark: float


class LogPixels(PixelState):
    """Pixels that respond to the logarithm of light. All times are in us, rates in 1/us."""

    def __init__(
        self, sensor: DVS, response: Response, on: npt.NDArray[Any], off: npt.NDArray[Any]
    ) -> None:
        n = len(on)
        self.response, self.on, self.off = response, on, off
        self.leak, self.shot, self.hot = np.zeros(n), np.zeros(n), np.zeros(n)
        self.poles, self.speed, self.bright = 0, 0.0, 1.0
        self.refractory, self.rule = 0.0, "lost"
        self._of_bytes = np.empty(256), np.empty(256)
        respond(np.arange(256, dtype=np.float64), *astuple(response), *self._of_bytes)
        self._keys = np.array([sensor.key("noise times"), sensor.key("noise kinds")])

    @property
    def ideal(self) -> bool:
        """Whether signals are straight lines, and nothing else makes events."""
        noisy = self.leak.any() or self.shot.any() or self.hot.any()
        return not (self.poles or self.refractory or noisy)

    def adapt(self, frame: npt.NDArray[Any], time: float, phase: npt.NDArray[Any]) -> None:
        """Start at rest before a frame, a share `phase` of the time between leak events over."""
        n = len(self.on)
        self._fast = self.ideal
        self._y0, self._y1 = np.empty(n), np.empty(n)
        lights = 0 if self._fast else n
        self._g0, self._g1 = np.empty(lights), np.empty(lights)
        self.see(frame)
        self.finish()
        # Without poles the kernel never looks at their outputs.
        self._x1 = self._y0.copy() if self.poles else self._y0[:0]
        self._x2 = self._y0.copy() if self.poles == 2 else self._y0[:0]
        self._ref = self._y0 - phase * self.on
        if self._fast:
            return
        self._last, self._noises = np.full(n, NEVER), np.zeros(n, np.int64)
        leaks = self.leak > 0
        self._last[leaks] = time - (phase * self.on)[leaks] / self.leak[leaks]
        counters = np.arange(n, dtype=np.uint64) << np.uint64(32)
        self._hazard = -np.log1p(-uniform(self._keys[0], counters))

    def see(self, frame: npt.NDArray[Any]) -> None:
        """Respond to the sample at the end of the step."""
        flat = np.ascontiguousarray(frame).reshape(-1)
        if flat.dtype == np.uint8:
            look_up(flat, *self._of_bytes, self._y1, self._g1)
        else:
            flat = flat if flat.dtype in (np.float32, np.float64) else flat.astype(np.float64)
            respond(flat, *astuple(self.response), self._y1, self._g1)

    def run(
        self, first: int, time: float, span: float, words: npt.NDArray[np.int64], n: int
    ) -> tuple[int, int]:
        """Advance pixels from `first` on."""
        if self._fast:
            fraction = time - np.floor(time)
            made: tuple[int, int] = advance_ideal(
                first, self._y0, self._y1, self._ref, self.on, self.off, span, fraction, words, n
            )
            return made
        pixels = Pixels(
            self._y0, self._y1, self._g0, self._g1, self._x1, self._x2, self._ref, self._last,
            self._hazard, self._noises, self.on, self.off, self.leak, self.shot, self.hot,
        )  # fmt: skip
        rules = Rules(self.poles, self.speed, self.bright, self.refractory, _RULES[self.rule])
        made = advance(first, pixels, rules, self._keys, time, span, words, n)
        return made

    def finish(self) -> None:
        """The end of the step becomes the beginning of the next."""
        self._y0, self._y1 = self._y1, self._y0
        self._g0, self._g1 = self._g1, self._g0
