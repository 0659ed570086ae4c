"""Smell: an array of metal-oxide sensors, with all that makes real ones hard to read."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten
from ..numerics.compiling import njit
from ..numerics.random import normal, stream_key, uniform
from ..units import magnitude, parse_unit

__all__ = ["ENose"]

_MONTH = 30.0 * 86400.0


class ENose:
    """A made-up nose: sensors that rise fast and fall slowly, overlap, drift, age and feel damp.

    Sensor i answers to gases of concentrations c_g with ``sum_g A_ig c_g^b_i``, divided by 1 +
    ``humidity_effect`` times how far the humidity is above a half, approached with a time constant
    of its own, the longer one where it falls. On top come a baseline that wanders, white noise, and
    a gain that falls by `ageing` a month. It is a generator for tests, not a model of a part that
    can be bought: what time constants and exponents are is typical of the kind.

    It smells piece by piece: `push` for the pieces of a record gives what `smell` gives for the
    whole. Sensors' properties follow from the seed alone.

    Parameters
    ----------
    sensors, gases
        How many.
    rate
        Samples per second.
    selectivity
        0: every sensor answers to all gases alike but for chance; 1: mostly to one of them.
    drift
        Standard deviation of the wandering baseline after an hour, in answers to concentration 1.
    ageing
        Share of the gain that is lost in a month.
    humidity_effect
        Share by which full humidity lowers answers, against half of it.
    noise
        Standard deviation of each sample.
    seed
        Whole number.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    def __init__(
        self,
        sensors: int = 72,
        gases: int = 10,
        rate: Any = 10.0,
        *,
        selectivity: float = 0.5,
        drift: float = 0.05,
        ageing: float = 0.05,
        humidity_effect: float = 0.3,
        noise: float = 0.002,
        seed: int = 0,
    ) -> None:
        rate = float(magnitude(rate, parse_unit("Hz"), "ENose.rate"))
        shares = (selectivity, ageing, humidity_effect)
        good = min(sensors, gases) >= 1 and 0 < rate < np.inf and drift >= 0 and noise >= 0
        if not (good and all(0 <= share <= 1 for share in shares)):
            given = f"{sensors} sensors, {gases} gases, rate {rate:g} Hz, drift {drift}, noise "
            given += f"{noise}, selectivity, ageing, humidity_effect {shares}"
            raise ValidationError("ENose", given, "numbers > 0, shares from 0 to 1")
        self.sensors, self.gases, self.rate, self.seed = int(sensors), int(gases), rate, int(seed)
        self.ageing, self.humidity_effect = float(ageing), float(humidity_effect)
        self.drift, self.noise = float(drift), float(noise)
        each = np.arange(self.sensors)
        self.rise = 5.0 + 25.0 * self._uniform("rise", each)
        self.fall = self.rise * (1.5 + 2.0 * self._uniform("fall", each))
        self.exponent = 0.3 + 0.3 * self._uniform("exponent", each)
        grid = np.arange(self.sensors * self.gases)
        common = np.exp(0.5 * self._normal("amplitude", grid)).reshape(self.sensors, self.gases)
        favourite = np.arange(self.gases) == (each % self.gases)[:, None]
        #: Answers of sensors (rows) to concentration 1 of gases (columns).
        self.amplitude = common * np.where(favourite, 1.0, 1.0 - selectivity)
        self.reset()

    def reset(self) -> None:
        """Clean air, a new array: the next sample is at time 0."""
        self._answer = np.zeros(self.sensors)
        self._baseline = np.zeros(self.sensors)
        self._samples = 0

    def smell(self, concentrations: Any, humidity: Any = 0.5) -> npt.NDArray[np.float64]:
        """All samples of a record; see `push`."""
        self.reset()
        made = self.push(concentrations, humidity)
        self.reset()
        return made

    def push(self, concentrations: Any, humidity: Any = 0.5) -> npt.NDArray[np.float64]:
        """What the sensors say to the next samples of air: float64 (samples, sensors).

        Parameters
        ----------
        concentrations
            (samples, gases), >= 0, about 0 to 1.
        humidity
            0 to 1: a number, or one for each sample.
        """
        air = np.asarray(concentrations, dtype=np.float64)
        if air.ndim != 2 or air.shape[1] != self.gases or not (air >= 0).all():
            raise ValidationError(
                "ENose, concentrations",
                f"got {shorten(concentrations)}",
                f"(samples, {self.gases}) numbers >= 0",
            )
        damp = np.broadcast_to(np.asarray(humidity, dtype=np.float64), (len(air),))
        if not ((damp >= 0) & (damp <= 1)).all():
            raise ValidationError("ENose, humidity", f"got {shorten(humidity)}", "0 to 1")
        steps = np.arange(self._samples, self._samples + len(air))
        settled = np.zeros((len(air), self.sensors))
        for g in range(self.gases):
            settled += self.amplitude[:, g] * air[:, g, None] ** self.exponent
        settled /= (1.0 + self.humidity_effect * 2.0 * (damp - 0.5))[:, None]
        places = (steps[:, None] * self.sensors + np.arange(self.sensors)).ravel()
        wander = self._normal("drift", places).reshape(settled.shape)
        wander *= self.drift / np.sqrt(3600.0 * self.rate)
        made = _follow(settled, self.rise, self.fall, self.rate, self._answer)
        baseline = np.cumsum(np.concatenate([self._baseline[None], wander]), axis=0)[1:]
        if len(air):
            self._baseline = baseline[-1].copy()
        gain = np.maximum(1.0 - self.ageing * steps / (self.rate * _MONTH), 0.0)
        noise = self.noise * self._normal("noise", places).reshape(settled.shape)
        self._samples += len(air)
        return made * gain[:, None] + baseline + noise

    def _uniform(self, purpose: str, counter: np.ndarray) -> np.ndarray:
        key = stream_key(self.seed, "enose", purpose)
        return np.asarray(uniform(key, counter.astype(np.uint64)))

    def _normal(self, purpose: str, counter: np.ndarray) -> np.ndarray:
        key = stream_key(self.seed, "enose", purpose)
        return np.asarray(normal(key, counter.astype(np.uint64)))


@njit(cache=True, error_model="numpy")
def _follow(settled: Any, rise: Any, fall: Any, rate: float, answer: Any) -> Any:
    """First-order approach to what would be settled at, faster up than down."""
    made = np.empty_like(settled)
    up, down = 1.0 - np.exp(-1.0 / (rise * rate)), 1.0 - np.exp(-1.0 / (fall * rate))
    for n in range(settled.shape[0]):
        for i in range(settled.shape[1]):
            apart = settled[n, i] - answer[i]
            answer[i] += apart * (up[i] if apart > 0 else down[i])
            made[n, i] = answer[i]
    return made
