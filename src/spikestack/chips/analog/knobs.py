"""Settings of analog circuits: whole-number codes, and what each circuit makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...errors import ValidationError
from ...numerics.random import normal, stream_key

__all__ = ["Circuits", "Knob", "Law", "fixed_pattern"]

#: Of a factor: no circuit is so far off that it does the opposite.
_LEAST_FACTOR = 0.05


class Law(StrEnum):
    """How a value follows from a code."""

    #: value = gear * code / greatest code; each circuit adds an offset of its own.
    LEVEL = "level"
    #: value = gear * code / greatest code; each circuit has a factor of its own.
    STRENGTH = "strength"
    #: value = gear * greatest code / code, as a time constant of a bias current; with a factor.
    TIME = "time"


@dataclass(frozen=True)
class Knob:
    """One setting that every circuit has for itself.

    Attributes
    ----------
    law
        How its value follows from the code.
    gears
        Value at the greatest code, one for each coarse setting, ascending.
    spread
        Standard deviation of what circuits add (`Law.LEVEL`), or of their factors.
    unit
        Of the value.
    bits
        Of the code.
    """

    law: Law
    gears: tuple[float, ...]
    spread: float
    unit: str
    bits: int = 10

    @property
    def most(self) -> int:
        """The greatest code."""
        return int(2**self.bits - 1)

    def gear_for(self, target: np.ndarray) -> np.ndarray:
        """The coarse setting whose codes lie closest for a value, and leave room for mismatch."""
        gears, target = np.asarray(self.gears), np.asarray(target, float)
        if self.law == Law.TIME:
            below = (gears[:, None] * 1.8 <= target[None]).sum(0)
            return np.asarray(np.maximum(below - 1, 0))
        above = (gears[:, None] >= target[None] * 1.8).sum(0)
        return np.asarray(np.minimum(len(gears) - above, len(gears) - 1))

    def nominal(self, target: np.ndarray, gear: np.ndarray) -> np.ndarray:
        """The code by which a circuit without mismatch comes closest to a value (int64)."""
        share = np.asarray(target, float) / np.asarray(self.gears)[gear]
        if self.law == Law.TIME:
            share = 1.0 / np.maximum(share, 1e-12)
        return np.clip(np.rint(share * self.most), self.least, self.most).astype(np.int64)

    @property
    def least(self) -> int:
        """The least code: a time constant needs a current."""
        return 1 if self.law == Law.TIME else 0

    def value(self, code: np.ndarray, gear: np.ndarray, off: np.ndarray) -> np.ndarray:
        """What circuits make of codes; `off` is what each adds, or its factor."""
        share, top = np.asarray(code, float) / self.most, np.asarray(self.gears)[gear]
        if self.law == Law.LEVEL:
            return np.asarray(top * share + off)
        return np.asarray((top / share if self.law == Law.TIME else top * share) * off)


def fixed_pattern(seed: int, chip: str, what: str, index: np.ndarray) -> np.ndarray:
    """Standard normal numbers that belong to a chip: the same for ever, one for each index.

    Parameters
    ----------
    seed
        Of the chip: another seed is another chip of the same kind.
    chip, what
        Kind of chip, and what deviates.
    index
        Number of the circuit or synapse (int64).
    """
    return np.asarray(normal(stream_key(seed, chip, f"mismatch of {what}"), index), float)


@dataclass(frozen=True)
class Circuits:
    """Neuron circuits with their mismatch, which nobody sees but by measuring.

    Attributes
    ----------
    knobs
        Settings by name.
    offs
        By name, what every circuit adds, or its factor (float64[circuits]).
    drifts
        By name, factors by which values have changed when a network runs (float64[circuits]):
        analog memories do not keep what was set to the last digit.
    """

    knobs: Mapping[str, Knob]
    offs: Mapping[str, np.ndarray]
    drifts: Mapping[str, np.ndarray]

    @classmethod
    def made(
        cls,
        knobs: Mapping[str, Knob],
        seed: int,
        chip: str,
        count: int,
        scale: float = 1.0,
        drift: float = 0.0,
    ) -> Circuits:
        """Circuits as they come from the fab.

        Parameters
        ----------
        knobs
            Settings by name.
        seed
            Of the chip.
        chip
            Its kind.
        count
            Number of circuits.
        scale
            Of all spreads; 0 is a chip without mismatch.
        drift
            Standard deviation of what changes between setting and running, as a share.
        """
        if not (np.isfinite(scale) and scale >= 0):
            raise ValidationError(chip, f"mismatch {scale!r}", "0 or more, 1 as the chip has it")
        offs, drifts = {}, {}
        for name, knob in knobs.items():
            drawn = scale * knob.spread * fixed_pattern(seed, chip, name, np.arange(count))
            level = knob.law == Law.LEVEL
            offs[name] = drawn if level else np.maximum(1.0 + drawn, _LEAST_FACTOR)
            later = fixed_pattern(seed, chip, f"drift of {name}", np.arange(count))
            moved = 0.0 if level else scale * drift
            drifts[name] = np.maximum(1.0 + moved * later, _LEAST_FACTOR)
        return cls(knobs, offs, drifts)

    @property
    def count(self) -> int:
        """Number of circuits."""
        return len(next(iter(self.offs.values())))

    def value(self, name: str, code: np.ndarray, gear: np.ndarray) -> np.ndarray:
        """What every circuit has for a setting while it is calibrated, float64[circuits]."""
        return self.knobs[name].value(code, gear, self.offs[name])

    def later(self, name: str, code: np.ndarray, gear: np.ndarray) -> np.ndarray:
        """What it has when a network runs, float64[circuits]."""
        return self.value(name, code, gear) * self.drifts[name]
