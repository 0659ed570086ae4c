"""Still images, looked at by eyes that jump: recordings as those of N-MNIST."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.random import stream_key, uniform
from .base import DVS
from .scenes import Scene, finite, positive
from .stream import LabelledEvents
from .v2e import V2E

__all__ = ["Saccades", "saccades"]

#: Corners of the path, as shares of the amplitude: out, across and back, an isosceles triangle.
_CORNERS = np.array([[0.0, 0.0], [0.5, 1.0], [1.0, 0.0], [0.0, 0.0]])
_TREMORS = 3


class Saccades(Scene):
    """An image seen by a sensor that moves along a triangle in three saccades.

    As the recordings of Orchard et al. (Frontiers in Neuroscience 9:437, 2015), in which a camera
    moved before a monitor: each saccade begins 100 ms after the last and moves for `moving` ms,
    fast in the middle. Between and during them the eye trembles.

    Parameters
    ----------
    image : (rows, columns)
        Intensities, bright on dark.
    size
        Width and height of the sensor.
    amplitude
        Pixels from corner to corner.
    moving
        ms of movement in each saccade.
    tremor
        Pixels, amplitude of micro-movements (sums of three sines, 20 to 70 Hz).
    black
        Light of intensity 0, relative to the image's brightest.
    seed, name
        Of the micro-movements.

    Attributes
    ----------
    light
        Intensities of the image within a border.
    """

    duration = 300.0
    step = 1.0

    def __init__(
        self, image: npt.ArrayLike, size: int = 34, *, amplitude: float = 4.0, moving: Any = 80.0,
        tremor: float = 0.1, black: float = 0.2, seed: int = 0, name: str = "saccades",
    ) -> None:  # fmt: skip
        super().__init__(size, size)
        picture = np.asarray(image)
        if picture.ndim != 2 or picture.dtype.kind not in "iufb" or not (
            picture.size and np.isfinite(picture).all() and picture.min() >= 0
        ):  # fmt: skip
            raise ValidationError("Saccades.image", f"got {shorten(image)}",
                                  "finite intensities >= 0 in two dimensions")  # fmt: skip
        self.amplitude = finite(amplitude, "Saccades.amplitude")
        self.moving = min(positive(moving, "ms", "Saccades.moving"), 100.0)
        self.tremor = finite(tremor, "Saccades.tremor")
        floor = positive(black, "1", "Saccades.black")
        peak = float(picture.max()) or 1.0
        self.light = 255.0 * (floor + (1.0 - floor) * np.pad(picture / peak, 1))
        draws = uniform(stream_key(seed, name, "tremor"), np.arange(4 * _TREMORS, dtype=np.uint64))
        self._tremble = draws.reshape(2, 2, _TREMORS)

    def position(self, t: float) -> tuple[float, float]:
        """Where the eye looks at t ms, in pixels from where it began."""
        leg = min(max(int(t // 100.0), 0), 2)
        share = min(max((t - 100.0 * leg) / self.moving, 0.0), 1.0)
        smooth = share**3 * (10 - 15 * share + 6 * share * share)
        at = self.amplitude * (_CORNERS[leg] + smooth * (_CORNERS[leg + 1] - _CORNERS[leg]))
        for axis, (rates, phases) in enumerate(self._tremble):
            turns = (20.0 + 50.0 * rates) * t * 1e-3 + phases
            at[axis] += self.tremor * np.sin(2 * math.pi * turns).sum() / _TREMORS
        return float(at[0]), float(at[1])

    def reflectance(self, t: float) -> npt.NDArray[Any]:
        """The image, moved against the eye."""
        rows, columns = self.view(t)
        made: npt.NDArray[Any] = rows @ self.light @ columns.T
        return made

    def view(self, t: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """What pixels see of `light` at t ms: ``rows @ light @ columns.T``."""
        dx, dy = self.position(t)
        centre = 0.5 * self.amplitude
        rows = _weights(self.height, self.light.shape[0], dy - centre)
        return rows, _weights(self.width, self.light.shape[1], dx - centre)


def _weights(size: int, points: int, shift: float) -> npt.NDArray[np.float64]:
    """How much of each point of the image a pixel sees: linear between points, borders extended."""
    at = np.arange(size) + 0.5 * (points - size) + shift
    return np.maximum(0.0, 1.0 - abs(np.clip(at, 0, points - 1)[:, np.newaxis] - np.arange(points)))


def saccades(
    images: npt.ArrayLike, sensor: DVS | None = None, **path: Any
) -> LabelledEvents | list[LabelledEvents]:
    """Record still images as N-MNIST did: three saccades of 100 ms.

    Parameters
    ----------
    images : (rows, columns) or (n, rows, columns)
        Intensities, bright on dark.
    sensor
        Square; by default `V2E` of 34 x 34 pixels, with thresholds of 0.225 and a bandwidth of
        100 Hz, which makes about as many events of MNIST digits as N-MNIST has.
    path
        Of `Saccades`. The trembling of each image is its own.

    Returns
    -------
    LabelledEvents, or a list of them for several images.
    """
    eye = sensor or V2E(34, 34, threshold_on=0.225, threshold_off=0.225, cutoff=100.0)
    if eye.width != eye.height:
        raise ValidationError("saccades", f"a sensor of {eye.width} x {eye.height}", "a square one")
    pictures = np.asarray(images)
    if pictures.ndim == 2:
        return eye.record(Saccades(pictures, eye.width, **path))
    if pictures.ndim != 3:
        raise ValidationError("saccades", f"images of shape {pictures.shape}", "2 or 3 dimensions")
    name = path.pop("name", "saccades")
    return [
        eye.record(Saccades(picture, eye.width, name=f"{name} {i}", **path))
        for i, picture in enumerate(pictures)
    ]
