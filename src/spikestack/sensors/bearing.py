"""Bearings: where a damaged one rings, and made-up records of it with the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UnknownNameError, ValidationError
from ..numerics.random import normal, stream_key, uniform
from ..units import magnitude, parse_unit

__all__ = ["FAULTS", "Bearing", "BearingFault"]

#: Where the damage is: on the outer ring, on the inner one, on a ball.
FAULTS = ("outer", "inner", "ball")


@dataclass(frozen=True)
class Bearing:
    """The shape of a rolling bearing, which says at what rate a damaged place is struck.

    Parameters
    ----------
    balls
        How many.
    ball, pitch
        Their diameter, and that of the circle on which their middles run, in one unit.
    angle
        Contact angle in degrees.

    Raises
    ------
    ValidationError
        Unless there are balls, and their diameter is below that of the circle.
    """

    balls: int = 9
    ball: float = 7.94
    pitch: float = 39.04
    angle: float = 0.0

    def __post_init__(self) -> None:
        if not (self.balls >= 1 and 0 < self.ball < self.pitch < np.inf and 0 <= self.angle < 90):
            given = f"{self.balls} balls of {self.ball} on {self.pitch}, angle {self.angle}"
            raise ValidationError("Bearing", given, "balls >= 1, 0 < ball < pitch, 0 <= angle < 90")

    def rates(self, shaft: float) -> dict[str, float]:
        """Hz at which damage of each kind is struck, and the cage turns, at a shaft's Hz.

        Of rolling without slip, outer ring at rest (Randall and Antoni 2011, Mech Syst Signal
        Process 25:485): BPFO, BPFI, twice BSF, since a ball's damage meets both rings, and FTF.
        """
        share = self.ball / self.pitch * np.cos(np.radians(self.angle))
        return {
            "outer": float(0.5 * self.balls * shaft * (1.0 - share)),
            "inner": float(0.5 * self.balls * shaft * (1.0 + share)),
            "ball": float(self.pitch / self.ball * shaft * (1.0 - share**2)),
            "cage": float(0.5 * shaft * (1.0 - share)),
        }


class BearingFault:
    """A generator of vibration of a damaged bearing: blows, what they make ring, and noise.

    Each blow rings at `resonance` and decays. Intervals between blows are those of the bearing's
    shape times 1 + `slip` times a normal number: they drift, as real ones do, and so have no exact
    lines in their spectrum. Blows on the inner ring are strong where the load is, once a turn of
    the shaft, on a ball once a turn of the cage. On top come the shaft's own turn and white noise.
    A generator for tests: how strong what is was chosen by us.

    Parameters
    ----------
    fault
        A name in `FAULTS`.
    shaft
        Hz.
    bearing
        Its shape.
    rate
        Samples per second; more than twice `resonance`.
    resonance
        Hz, at which housing and ring are excited.
    decay
        ms in which a ring falls to 1/e.
    strength
        Amplitude of a ring at its begin; of the shaft's turn, it is 1.
    noise
        Standard deviation of each sample.
    slip
        Standard deviation of intervals, as a share.
    seed
        Whole number.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    UnknownNameError
        If there is no such fault.
    """

    def __init__(
        self,
        fault: str = "outer",
        shaft: Any = 29.0,
        bearing: Bearing | None = None,
        rate: Any = 12_000.0,
        *,
        resonance: Any = 3000.0,
        decay: float = 1.0,
        strength: float = 1.0,
        noise: float = 0.2,
        slip: float = 0.005,
        seed: int = 0,
    ) -> None:
        hertz = parse_unit("Hz")
        self.shaft, self.rate, self.resonance = (
            float(magnitude(v, hertz, "BearingFault")) for v in (shaft, rate, resonance)
        )
        if fault not in FAULTS:
            raise UnknownNameError("BearingFault.fault", fault, FAULTS)
        good = 0 < self.shaft < np.inf and 0 < 2 * self.resonance < self.rate < np.inf
        if not (good and decay > 0 and strength >= 0 and noise >= 0 and 0 <= slip <= 0.1):
            given = f"shaft {self.shaft:g}, resonance {self.resonance:g}, rate {self.rate:g} Hz, "
            given += f"decay {decay}, strength {strength}, noise {noise}, slip {slip}"
            rule = "resonance < rate/2, slip 0 to 0.1, the others > 0 or 0"
            raise ValidationError("BearingFault", given, rule)
        self.fault, self.bearing = fault, bearing or Bearing()
        self.decay, self.strength, self.noise = float(decay), float(strength), float(noise)
        self.slip, self.seed = float(slip), int(seed)
        #: Hz at which the damage is struck, on average.
        self.fault_rate = self.bearing.rates(self.shaft)[fault]

    def impacts(self, seconds: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The truth: times of all blows within so many seconds, in ms, and their strengths."""
        most = int(seconds * self.fault_rate * (1.0 + 10.0 * self.slip)) + 20
        each = np.arange(most, dtype=np.uint64)
        between = 1.0 + self.slip * np.asarray(normal(self._key("slip"), each))
        first = np.asarray(uniform(self._key("first"), np.zeros(1, np.uint64)))
        times = (np.cumsum(np.maximum(between, 0.1)) - 1.0 + first[0]) * 1e3 / self.fault_rate
        times = times[(times >= 0) & (times < seconds * 1e3)]
        turn = {"outer": 0.0, "inner": self.shaft, "ball": self.bearing.rates(self.shaft)["cage"]}
        load = np.cos(2e-3 * np.pi * turn[self.fault] * times)
        return times, self.strength * 0.5 * (1.0 + load)

    def record(self, seconds: float) -> npt.NDArray[np.float64]:
        """Samples of so many seconds, float64 (samples,)."""
        if not 0 < seconds <= 3600:
            raise ValidationError("BearingFault, seconds", f"got {seconds}", "0 to 3600")
        n = int(seconds * self.rate)
        at = np.arange(n, dtype=np.uint64)
        t = np.arange(n) * 1e3 / self.rate
        made = np.sin(2e-3 * np.pi * self.shaft * t)
        made += self.noise * np.asarray(normal(self._key("noise"), at))
        span = int(np.ceil(20.0 * self.decay * 1e-3 * self.rate))
        for time, size in zip(*self.impacts(seconds)):
            first = int(np.ceil(time * 1e-3 * self.rate))
            since = t[first : first + span] - time
            ring = np.exp(-since / self.decay) * np.sin(2e-3 * np.pi * self.resonance * since)
            made[first : first + span] += size * ring
        return made

    def _key(self, purpose: str) -> np.uint64:
        return stream_key(self.seed, "bearing fault", purpose)
