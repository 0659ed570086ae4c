"""Bars and gratings that move, before an ideal event camera."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import UnknownNameError
from ..dvs.esim import ESIM
from ..dvs.scenes import DriftingGrating, MovingBar
from ..events import CameraEvents
from .base import Samples
from .drawing import between, draws, synthetic, whole

__all__ = ["synthetic_motion"]

_DURATION = 200.0  # ms
_BAR, _WAVELENGTH = 3.0, 8.0  # pixels
_BARS = ("right", "down", "left", "up")
_GRATINGS = tuple(f"{45 * k} degrees" for k in range(8))


def synthetic_motion(n: int = 100, seed: int = 0, scene: str = "bars", size: int = 16) -> Samples:
    """Something bright moves evenly over the sensor for 200 ms: `CameraEvents` of an ideal pixel.

    Classes are directions, in turn. ``truth`` has ``"direction"``, degrees from the x axis,
    clockwise as y goes down, and ``"speed"``, pixels per second: between 120 and 480 of bars, 40
    and 160 of gratings, evenly on a logarithmic scale. The light is a formula, and the events are
    those of `ESIM`.

    Parameters
    ----------
    n
        How many; the first ones of a larger set are those of a smaller one.
    seed
        Of speeds, and of where motion begins.
    scene
        ``"bars"``, 3 pixels wide, in 4 directions; or ``"gratings"`` of 8 pixels, in 8.
    size
        Pixels of width and height, 4 to 256.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """
    n, size = whole(n, "synthetic_motion, n"), whole(size, "synthetic_motion, size", 4, 256)
    seed = whole(seed, "synthetic_motion, seed", -(2**63), 2**63)
    makers = {
        "bars": (_BARS, _bar, (120.0, 480.0)),
        "gratings": (_GRATINGS, _grating, (40.0, 160.0)),
    }
    if scene not in makers:
        raise UnknownNameError("synthetic_motion, scene", scene, makers)
    classes, record, speeds = makers[scene]
    chance = draws(seed, f"synthetic {scene}", n, 2)
    speed = between(chance[:, 0], *speeds)
    direction = np.arange(n) % len(classes) * (360.0 / len(classes))

    def make(k: int) -> CameraEvents:
        return record(size, float(speed[k]), k % len(classes), float(chance[k, 1]))

    truth = {"direction": direction, "speed": speed}
    settings: Any = (seed, scene, size)
    return synthetic("synthetic_motion", make, n, classes, truth, settings, duration=_DURATION)


def _bar(size: int, speed: float, direction: int, chance: float) -> CameraEvents:
    """A bar that goes right, turned."""
    scene = MovingBar(size, size, bar=_BAR, start=-4.0 * chance, speed=speed)
    seen = ESIM(size, size).record(scene, stop=_DURATION)
    # Turning events is exact; so is time, as events of one moment may come in any order.
    x = size - 1 - seen.x if direction in (2, 3) else seen.x
    x, y = (x, seen.y) if direction in (0, 2) else (seen.y, x)
    return CameraEvents(seen.t, x.astype(np.uint16), y.astype(np.uint16), seen.p, size, size)


def _grating(size: int, speed: float, direction: int, chance: float) -> CameraEvents:
    """A grating, seen from some phase of it on."""
    scene = DriftingGrating(
        size, size, wavelength=_WAVELENGTH, speed=speed, contrast=0.6, angle=45.0 * direction
    )
    begin = round(chance * 1e6 * _WAVELENGTH / speed) * 1e-3
    seen = ESIM(size, size).record(scene, start=begin, stop=begin + _DURATION)
    return CameraEvents(seen.t - round(begin * 1000), seen.x, seen.y, seen.p, size, size)
