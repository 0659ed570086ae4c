"""CARFAC: a cascade of asymmetric resonators with fast-acting compression."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from .base import Cochlea
from .gain_control import GainControl, advance
from .hair_cells import HairCells, transduce

__all__ = ["CARFAC", "half_erb_apart"]

_BREAK, _Q = 165.3, 1000.0 / (24.7 * 4.37)
_LEAST_ZETA, _MOST_ZETA, _ZERO_RATIO, _HIGH_DAMPING = 0.10, 0.35, np.sqrt(2.0), 0.5
#: How far the least damping goes towards a section's bandwidth for its frequency.
_SPACING = 0.25
_VELOCITY, _OFFSET, _COUPLING = 0.1, 0.04, 20.0


class CARFAC(Cochlea):
    """The cascade model of Lyon: each section passes on what it leaves over, high to low.

    Outer hair cells undamp the sections where they move little, so that soft sounds are amplified
    more than loud ones, from one sample to the next. Slower, gain control (`GainControl`) adds
    damping where hair cells put out much, within milliseconds and over a tenth of a second, and in
    neighbouring channels too; between its updates, each 8 samples, damping and gain go over in
    straight lines. Damping stays between that of silence and that of a passive ear.

    The number of channels follows from `low` and `high`: half an ERB apart, the first pole at
    `high`.

    Lyon 2011, J Acoust Soc Am 130:3893; Lyon 2017, Human and Machine Hearing, chapters 15 to 19.

    Parameters
    ----------
    low, high
        Hz: poles of the lowest and the highest section; `high` is 0.425 of `rate` unless given.
    rate
        Samples per second.
    damping
        None for gain control; a number holds damping there instead, from 0 (as in silence) to 1
        (passive).
    gain, ganglion
        As for `Cochlea`.

    Attributes
    ----------
    control
        The `GainControl`, whose ``levels[0]`` is each channel's damping, or None.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    def __init__(
        self, low: Any = 30.0, high: Any = None, rate: Any = 16000.0,
        damping: float | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        if not (damping is None or 0 <= damping <= 1):
            raise ValidationError("CARFAC.damping", f"got {shorten(damping)}", "None, or 0 to 1")
        self.damping = None if damping is None else float(damping)
        top = 0.85 * float(rate) / 2.0 if high is None else high
        channels = len(half_erb_apart(float(low), float(top)))
        super().__init__(channels, low, top, rate, **settings)

    def _prepare(self) -> npt.NDArray[np.float64]:
        # Sections run from high to low, channels from low to high.
        poles = self._poles()[::-1]
        theta = 2.0 * np.pi * poles / self.rate
        squeezed = theta / np.pi * (1.0 - _HIGH_DAMPING * (theta / np.pi) ** 2) * np.pi
        passive = 1.0 - _MOST_ZETA * squeezed * self._mismatch()[::-1]
        # Where sections are farther apart for their frequency, they are less sharp at their best.
        least = _LEAST_ZETA + _SPACING * ((_BREAK + poles) / (_Q * poles) - _LEAST_ZETA)
        undamping = squeezed * (_MOST_ZETA - least)
        a0, c0 = np.cos(theta), np.sin(theta)
        h = c0 * (_ZERO_RATIO**2 - 1.0)
        decay = 1.0 - np.exp(-2.0 * np.pi * _COUPLING / self.rate)
        self._facts = np.stack([a0, c0, h, passive, undamping, np.full_like(a0, decay)])
        self.control = GainControl(self.channels, self.rate) if self.damping is None else None
        return poles.copy()

    def _poles(self) -> npt.NDArray[np.float64]:
        """Frequencies of the sections, from high to low."""
        return half_erb_apart(self.low, self.high)

    def _mismatch(self) -> npt.NDArray[np.float64]:
        """By what the damping of each section is off."""
        return np.ones(self.channels)

    def _reset_filter(self) -> None:
        self._states, self._held = np.zeros((4, self.channels)), np.zeros((4, self.channels))
        if self.control is not None:
            self.control.reset()
        level = np.full(self.channels, 0.0 if self.damping is None else self.damping)
        _head_for(level, self._facts, self._held, 1)
        self._held[:2] += self._held[2:]
        self._held[2:] = 0.0

    def _filter(self, sound: np.ndarray, out: np.ndarray) -> None:
        if self.control is None:
            _carfac(sound, self._facts, self._states, self._held, out)
        else:
            self._loop(sound, out, np.empty_like(out))

    def _receive(self, sound: np.ndarray, out: np.ndarray) -> None:
        if self.control is None:
            super()._receive(sound, out)
        else:
            self._loop(sound, np.empty_like(out), out)

    def _loop(self, sound: np.ndarray, motion: np.ndarray, output: np.ndarray) -> None:
        """Filters, hair cells and gain control, which see each other's last values."""
        assert self.control is not None and isinstance(self.hair_cells, HairCells)
        filters = (self._facts, self._states, self._held)
        _controlled(sound, filters, self.hair_cells.parts, self.control.parts, motion, output)


def half_erb_apart(low: float, high: float) -> npt.NDArray[np.float64]:
    """Frequencies from high to low, half an ERB apart."""
    found = [high]
    while found[-1] > low:
        found.append(found[-1] - 0.5 * (_BREAK + found[-1]) / _Q)
    return np.array(found[:-1] if len(found) > 1 else found)


@njit(cache=True, error_model="numpy")
def _carfac(sound: Any, facts: Any, s: Any, held: Any, out: Any) -> None:
    last = facts.shape[1] - 1
    a0, c0, h, passive, _, decay = facts
    z1, z2, before, still = s
    undamping, gain, more_undamping, more_gain = held
    for n in range(len(sound)):
        row = out[n]
        for k in range(last + 1):
            undamping[k] += more_undamping[k]
            gain[k] += more_gain[k]
            velocity = (z1[k] - before[k]) * _VELOCITY + _OFFSET
            before[k] = z1[k]
            r = passive[k] + undamping[k] / (1.0 + velocity * velocity)
            turned = r * (c0[k] * z1[k] + a0[k] * z2[k])
            z1[k] = r * (a0[k] * z1[k] - c0[k] * z2[k])
            z2[k] = turned
            row[k] = h[k] * turned
        # Only this goes from section to section, so that the rest becomes vector instructions.
        passed = sound[n]
        for k in range(last, -1, -1):
            z1[k] += passed
            passed = gain[k] * (passed + row[k])
            row[k] = passed
        # What stands still does not bend hair cells.
        for k in range(last + 1):
            still[k] += decay[k] * (row[k] - still[k])
            row[k] -= still[k]


@njit(cache=True, error_model="numpy")
def _head_for(level: Any, facts: Any, held: Any, steps: int) -> None:
    """Slopes that take undamping, and the gain that makes 1 of what stands still, to a level."""
    a0, c0, h, passive, undamping, _ = facts
    for k in range(len(level)):
        wanted = undamping[k] * (1.0 - min(max(level[k], 0.0), 1.0))
        r = passive[k] + wanted
        still = 1.0 - 2.0 * r * a0[k] + r * r
        held[2, k] = (wanted - held[0, k]) / steps
        held[3, k] = (still / (still + h[k] * r * c0[k]) - held[1, k]) / steps


@njit(cache=True, error_model="numpy")
def _controlled(
    sound: Any, filters: Any, hair: Any, control: Any, motion: Any, output: Any
) -> None:
    facts, s, held = filters
    n = 0
    while n < len(sound):
        # Up to the next update of gain control, nothing feeds back.
        end = min(n + 8 - control[2][0], len(sound))
        _carfac(sound[n:end], facts, s, held, motion[n:end])
        output[n:end] = motion[n:end]
        transduce(output[n:end], hair[0], hair[1])
        if advance(output[n:end], *control):
            _head_for(control[0][0], facts, held, 8)
        n = end
