"""What is measured of an analog neuron circuit: traces of it, sampled with noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.random import bits64, normal, stream_key
from .readout import Converter

__all__ = ["Bench"]

#: Samples of a decay, over how many time constants.
_SAMPLES, _SPAN = 60, 5.0
#: A reading of a level is the mean of so many.
_READINGS = 8
#: Height of a decay, and greatest height of a postsynaptic potential, in units of the converter.
_STEP, _HIGHEST = 60.0, 100.0


@dataclass(frozen=True)
class Bench:
    """Measures circuits through their converters.

    Attributes
    ----------
    converter
        Of each circuit's column.
    """

    converter: Converter

    def level(self, true: np.ndarray, what: str, attempt: int) -> np.ndarray:
        """A potential that is held: mean of some readings, each with noise, all with the offset."""
        noise = self._noise(what, attempt, (_READINGS, len(true)))
        seen = np.floor(true + self.converter.offsets + noise + 0.5)
        most = 2.0**self.converter.bits - 1
        return np.asarray(np.clip(seen, 0.0, most).mean(0))

    def decay(self, true: np.ndarray, target: np.ndarray, what: str, attempt: int) -> np.ndarray:
        """A time constant: the area under a decay by its height.

        It is sampled for five times the `target`; the converter's offset falls out, as the
        resting level is taken off.
        """
        width = _SPAN * target / _SAMPLES
        at = (np.arange(_SAMPLES)[:, None] + 0.5) * width[None]
        trace = _STEP * np.exp(-at / true[None])
        noise = self._noise(what, attempt, (_SAMPLES, len(true)))
        area = (trace + noise).sum(0) * width
        # What is cut off grows with the time constant that is measured: monotone, and right at
        # the target.
        whole = 1.0 - np.exp(-_SPAN)
        return np.asarray(area / (_STEP * whole))

    def height(
        self, strength: np.ndarray, rise: np.ndarray, fall: np.ndarray, what: str, attempt: int
    ) -> np.ndarray:
        """How high one event of weight 1 takes the membrane.

        Many events, or a heavy weight, are given at once so that it can be seen; `rise` and `fall`
        are the time constants of current and membrane.
        """
        each = np.maximum(strength * peak(rise, fall), 1e-12)
        given = np.clip(np.floor(_STEP / each), 1.0, 63.0 * 64)
        noise = self._noise(what, attempt, (len(each),)) / np.sqrt(_READINGS)
        return np.asarray(np.clip(each * given + noise, 0.0, _HIGHEST * 2) / given)

    def _noise(self, what: str, attempt: int, shape: tuple[int, ...]) -> np.ndarray:
        c = self.converter
        key = stream_key(c.seed, c.chip, f"measuring {what}", attempt)
        rows = np.arange(int(np.prod(shape[:-1], dtype=np.int64)), dtype=np.uint64)
        drawn = normal(np.reshape(bits64(key, rows), (-1, 1)), np.arange(shape[-1])[None])
        return np.asarray(c.noise * drawn).reshape(shape)


def peak(rise: np.ndarray, fall: np.ndarray) -> np.ndarray:
    """Greatest value of the difference of exponentials that a current of height 1 makes."""
    rise, fall = np.broadcast_arrays(np.asarray(rise, float), np.asarray(fall, float))
    near = np.abs(rise - fall) < 1e-6 * fall
    other = np.where(near, fall * 1.001, rise)
    at = np.log(other / fall) * other * fall / (other - fall)
    made = other * fall / (fall - other) * (np.exp(-at / fall) - np.exp(-at / other))
    return np.asarray(made)
