"""What a sensor looks at: frames with times, or a formula that knows the light at any time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.random import normal, stream_key
from ...units import magnitude, parse_unit

__all__ = ["DriftingGrating", "Flicker", "Frames", "MovingBar", "MovingTexture", "Ramp", "Scene",
           "sample_image", "texture"]  # fmt: skip

Array = npt.NDArray[Any]
#: Standard deviation of the blur of `texture`, pixels.
_OPTICS = 1.0


class Scene(ABC):
    """Light on each pixel of a sensor, at any time.

    Parameters
    ----------
    width, height
        Pixels.
    illumination
        Multiplies the light: a number, or an array of shape (height, width).
    """

    #: ms between samples that an analytic scene proposes.
    step: float = 1.0
    #: Where the scene ends, ms; infinite for most analytic ones.
    duration: float = math.inf

    def __init__(self, width: int, height: int, illumination: Any = 1.0) -> None:
        where = type(self).__name__
        if not all(isinstance(n, int | np.integer) and n > 0 for n in (width, height)):
            raise ValidationError(where, f"is {shorten((width, height))}", "whole numbers above 0")
        self.width, self.height = int(width), int(height)
        light = magnitude(illumination, parse_unit("1"), f"{where}.illumination")
        if np.shape(light) not in [(), (height, width)] or not (
            np.isfinite(light).all() and np.min(light) >= 0
        ):
            raise ValidationError(
                f"{where}.illumination", f"got {shorten(illumination)}",
                f"finite, not negative; a number or an array of shape {(height, width)}",
            )  # fmt: skip
        self.illumination = light
        self.x = np.arange(width) + 0.5
        self.y = (np.arange(height) + 0.5)[:, np.newaxis]

    @abstractmethod
    def reflectance(self, t: float) -> Array:
        """What `illumination` is multiplied by, at t ms: shape (height, width) or broadcast."""

    def intensity(self, t: float) -> Array:
        """Light at t ms: (height, width)."""
        light = self.reflectance(float(t)) * self.illumination
        return np.ascontiguousarray(np.broadcast_to(light, (self.height, self.width)))

    def next_sample(self, t: float, step: float | None = None) -> float:
        """When the scene is to be looked at next, after t ms: at multiples of the step."""
        step = step or self.step
        index = math.floor(t / step) + 1
        while index * step <= t:
            index += 1
        return index * step


class Frames(Scene):
    """Frames of a video; between them, the logarithm of light is a straight line.

    Before the first frame and after the last it stands still.

    Parameters
    ----------
    frames : (n, height, width)
        Intensities, of any type of numbers; bytes are fastest.
    times
        ms of each, ascending; or, as a number, ms from frame to frame, the first at 0.
    """

    def __init__(self, frames: npt.ArrayLike, times: Any) -> None:
        array = np.asarray(frames)
        if array.ndim != 3 or array.dtype.kind not in "iuf" or not array.size:
            raise ValidationError(
                "Frames", f"shape {array.shape}, {array.dtype}",
                "numbers of shape (frames, height, width)",
                "of a colour video, take its luminance" if array.ndim == 4 else "",
            )  # fmt: skip
        if array.dtype.kind != "u" and not (np.isfinite(array).all() and array.min() >= 0):
            raise ValidationError("Frames", "a negative or infinite intensity", "finite, >= 0")
        super().__init__(array.shape[2], array.shape[1])
        when = magnitude(times, parse_unit("ms"), "Frames.times")
        self.times = np.arange(len(array)) * when if np.ndim(when) == 0 else np.asarray(when)
        if self.times.shape != (len(array),) or not (
            np.isfinite(self.times).all() and (np.diff(self.times) > 0).all()
        ):
            raise ValidationError(
                "Frames.times", f"got {shorten(times)}",
                f"{len(array)} ascending times in ms, or a number above 0",
            )  # fmt: skip
        self.frames, self.duration = array, float(self.times[-1])
        self.step = 100.0

    def reflectance(self, t: float) -> Array:
        """The frame, or what lies between two."""
        after = int(np.searchsorted(self.times, t, side="left"))
        if after == len(self.times) or after == 0 or self.times[after] == t:
            return self.frames[min(after, len(self.times) - 1)]
        first, second = (self.frames[k].astype(np.float64) for k in (after - 1, after))
        share = (t - self.times[after - 1]) / (self.times[after] - self.times[after - 1])
        least = 1e-3 * max(float(first.max()), float(second.max()), 1e-300)
        made: Array = (first + least) ** (1 - share) * (second + least) ** share - least
        return np.maximum(made, 0.0)

    def intensity(self, t: float) -> Array:
        """Light at t ms, in the frames' own type where there is one."""
        return np.ascontiguousarray(self.reflectance(float(t)))

    def next_sample(self, t: float, step: float | None = None) -> float:
        """The next frame, or a multiple of 100 ms when there is none."""
        after = int(np.searchsorted(self.times, t, side="right"))
        return float(self.times[after]) if after < len(self.times) else super().next_sample(t, step)


class Ramp(Scene):
    """Light whose logarithm rises evenly: exp(slope*t), t in s, from `illumination` at 0 ms.

    Parameters
    ----------
    slope
        Natural logarithm of light in a second; a number, or one for each pixel.
    """

    step = 10.0

    def __init__(self, width: int, height: int, slope: Any, illumination: Any = 100.0) -> None:
        super().__init__(width, height, illumination)
        self.slope = np.asarray(magnitude(slope, parse_unit("1"), "Ramp.slope"))
        if self.slope.shape not in [(), (height, width)] or not np.isfinite(self.slope).all():
            raise ValidationError("Ramp.slope", f"got {shorten(slope)}", "finite, one or of all")

    def reflectance(self, t: float) -> Array:
        """exp(slope*t)."""
        made: Array = np.exp(self.slope * (t * 1e-3))
        return made


class Flicker(Scene):
    """Light whose logarithm is a sine everywhere: exp(contrast*sin(2*pi*frequency*t))."""

    def __init__(
        self, width: int, height: int, frequency: Any, contrast: float, illumination: Any = 100.0
    ) -> None:
        super().__init__(width, height, illumination)
        self.frequency = positive(frequency, "Hz", "Flicker.frequency")
        self.contrast = float(contrast)
        self.step = 1000.0 / self.frequency / 64

    def reflectance(self, t: float) -> Array:
        """exp(contrast*sin(2*pi*frequency*t))."""
        phase = 2 * math.pi * self.frequency * t * 1e-3
        return np.asarray(math.exp(self.contrast * math.sin(phase)))


class DriftingGrating(Scene):
    """A grating 1 + contrast*sin(2*pi*(s/wavelength - t*speed/wavelength)) along `angle`.

    Parameters
    ----------
    wavelength
        Pixels.
    speed
        Pixels per second.
    contrast
        From 0 to below 1.
    angle
        Degrees from the x axis, clockwise as y goes down.
    """

    def __init__(
        self, width: int, height: int, *, wavelength: float = 20.0, speed: float = 100.0,
        contrast: float = 0.5, angle: float = 0.0, illumination: Any = 100.0,
    ) -> None:  # fmt: skip
        super().__init__(width, height, illumination)
        self.wavelength = positive(wavelength, "1", "DriftingGrating.wavelength")
        self.contrast, self.speed = float(contrast), finite(speed, "DriftingGrating.speed")
        if not 0 <= self.contrast < 1:
            raise ValidationError("DriftingGrating.contrast", f"got {contrast:g}", ">= 0 and < 1")
        turn = math.radians(finite(angle, "DriftingGrating.angle"))
        self._along = self.x * math.cos(turn) + self.y * math.sin(turn)
        self.step = sampling(self.speed, self.wavelength / 64)

    def reflectance(self, t: float) -> Array:
        """The grating at t ms."""
        phase = (self._along - self.speed * t * 1e-3) * (2 * math.pi / self.wavelength)
        made: Array = 1.0 + self.contrast * np.sin(phase)
        return made


class MovingBar(Scene):
    """A vertical bar that goes right, brighter than its background, with edges a pixel wide.

    Parameters
    ----------
    bar
        Its width, pixels.
    start
        Of its leading edge at 0 ms, pixels.
    speed
        Pixels per second.
    light
        Of the bar, the background having 1.
    """

    def __init__(
        self, width: int, height: int, *, bar: float = 10.0, start: float = 0.0,
        speed: float = 100.0, light: float = 3.0, illumination: Any = 100.0,
    ) -> None:  # fmt: skip
        super().__init__(width, height, illumination)
        self.bar, self.light = positive(bar, "1", "MovingBar.bar"), positive(
            light, "1", "MovingBar.light")  # fmt: skip
        self.start, self.speed = finite(start, "MovingBar.start"), finite(speed, "MovingBar.speed")
        self.step = sampling(self.speed, 0.125)

    def reflectance(self, t: float) -> Array:
        """Each pixel sees the share of it that the bar covers."""
        head = self.start + self.speed * t * 1e-3
        left, right = self.x - 0.5, self.x + 0.5
        covered = np.clip(np.minimum(right, head) - np.maximum(left, head - self.bar), 0.0, 1.0)
        made: Array = (1.0 + (self.light - 1.0) * covered)[np.newaxis]
        return made


class MovingTexture(Scene):
    """A texture that moves evenly and repeats at its borders; interpolated between its points.

    Parameters
    ----------
    velocity
        Pixels per second, in x and y.
    image
        Intensities, any size from 2 x 2; by default `texture` of the sensor's size and `seed`.
    """

    def __init__(
        self, width: int, height: int, *, velocity: tuple[float, float] = (30.0, 0.0),
        image: Any = None, seed: int = 0, illumination: Any = 1.0,
    ) -> None:  # fmt: skip
        super().__init__(width, height, illumination)
        self.velocity = tuple(finite(v, "MovingTexture.velocity") for v in velocity)
        made = texture(width, height, seed) if image is None else image
        self.image = np.asarray(made, dtype=np.float64)
        if self.image.ndim != 2 or min(self.image.shape) < 2 or not (
            np.isfinite(self.image).all() and self.image.min() >= 0
        ):  # fmt: skip
            raise ValidationError("MovingTexture.image", f"got {shorten(image)}",
                                  "finite intensities >= 0 in two dimensions")  # fmt: skip
        self.step = sampling(math.hypot(*self.velocity), 0.25)

    def reflectance(self, t: float) -> Array:
        """The texture at t ms."""
        dx, dy = (v * t * 1e-3 for v in self.velocity)
        return sample_image(self.image, np.arange(self.width) - dx, np.arange(self.height) - dy)


def sample_image(image: Array, x: Array, y: Array) -> Array:
    """Values of a periodic image at columns x and rows y, linear between its points."""
    parts = []
    for at, size in ((y, image.shape[0]), (x, image.shape[1])):
        low = np.floor(at)
        whole = low.astype(np.int64)
        parts.append((whole % size, (whole + 1) % size, at - low))
    (r0, r1, v), (c0, c1, u) = parts
    rows = image[r0] * (1 - v)[:, np.newaxis] + image[r1] * v[:, np.newaxis]
    made: Array = rows[:, c0] * (1 - u) + rows[:, c1] * u
    return made


def texture(width: int, height: int, seed: int = 0, contrast: float = 0.6) -> Array:
    """A random periodic texture with the spectrum of natural images, seen through a lens.

    The amplitude falls as 1/f, and by a blur of a pixel.

    The logarithm of its intensities has the mean log(100) and the standard deviation `contrast`;
    they are cut to 1 and 255.
    """
    white = normal(
        stream_key(seed, "texture", "points"), np.arange(width * height, dtype=np.uint64)
    )
    fy, fx = np.meshgrid(np.fft.fftfreq(height), np.fft.rfftfreq(width), indexing="ij")
    f = np.hypot(fx, fy)
    f[0, 0] = np.inf
    blur = np.exp(-2.0 * (np.pi * _OPTICS * f) ** 2)
    blur[0, 0] = 0.0
    blurred = np.fft.rfft2(white.reshape(height, width)) * blur / f
    pink = np.fft.irfft2(blurred, (height, width))
    made: Array = np.clip(100.0 * np.exp(contrast * pink / pink.std()), 1.0, 255.0)
    return made


def sampling(speed: float, pixels: float) -> float:
    """ms in which something moves by so many pixels; 100 at most."""
    return min(1000.0 * pixels / abs(speed), 100.0) if speed else 100.0


def finite(value: Any, where: str) -> float:
    """A finite number."""
    made = magnitude(value, parse_unit("1"), where)
    if not isinstance(made, float) or not math.isfinite(made):
        raise ValidationError(where, f"got {shorten(value)}", "a finite number")
    return made


def positive(value: Any, unit: str, where: str) -> float:
    """A number above 0, in a unit."""
    made = magnitude(value, parse_unit(unit), where)
    if not isinstance(made, float) or not (math.isfinite(made) and made > 0):
        raise ValidationError(where, f"got {shorten(value)}", "a finite number above 0")
    return made
