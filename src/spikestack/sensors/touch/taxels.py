"""An event skin: four afferents under each taxel, from the force on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ...units import magnitude, parse_unit
from ..events import UnitEvents

__all__ = ["AFFERENTS", "Skin"]

#: What each taxel has, in the order of its units: slowly adapting (SA-I), rapidly adapting to
#: pressing and to letting go (RA), and vibration (PC).
AFFERENTS = ("SA1", "RA on", "RA off", "PC")


class Skin:
    """Four afferents under each taxel, leaky integrate-and-fire neurons.

    SA-I fibres are driven by the force, RA fibres by how fast it rises or falls, PC fibres by the
    size of what is left of it between 50 and 400 Hz. What a taxel's fibres have in common with
    those of a fingertip is what they answer to, not the numbers: for these see Saal, Delhaye,
    Rayhaun and Bensmaia 2017, PNAS 114:E5693.

    It feels piece by piece: `push` for the pieces of a record gives what `feel` gives for the
    whole. Unit ``afferent*taxels + taxel``.

    Parameters
    ----------
    taxels
        How many.
    rate
        Samples per second; above 800 for PC fibres, which else are silent.
    gains
        Of the four afferents: drive for a force of 1, for a change of 1 per second (both RA), and
        for a vibration of amplitude 1.
    tau
        Membrane time constant in ms; the threshold is 1.
    refractory
        ms after a spike in which input is lost.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    def __init__(
        self,
        taxels: int,
        rate: Any = 1000.0,
        gains: Any = (2.0, 0.1, 0.1, 20.0),
        tau: float = 20.0,
        refractory: float = 2.5,
    ) -> None:
        rate = float(magnitude(rate, parse_unit("Hz"), "Skin.rate"))
        self.gains = np.asarray(gains, dtype=float)
        good = isinstance(taxels, int | np.integer) and taxels > 0 and 0 < rate < np.inf
        if not (good and self.gains.shape == (4,) and (self.gains >= 0).all()):
            given = f"taxels {shorten(taxels)}, rate {rate:g} Hz, gains {shorten(gains)}"
            raise ValidationError("Skin", given, "taxels and rate > 0, four gains >= 0")
        if not (tau > 0 and refractory >= 0):
            given = f"tau {tau}, refractory {refractory} ms"
            raise ValidationError("Skin", given, "tau > 0, refractory >= 0")
        self.taxels, self.rate = int(taxels), rate
        dt = 1.0 / rate
        self._decay = float(np.exp(-1e3 * dt / tau))
        self._dead = int(np.ceil(refractory * 1e-3 * rate))
        self._band = _band_pass(rate) if rate > 800 else np.zeros((2, 5))
        self.reset()

    @property
    def units(self) -> int:
        """Four for each taxel."""
        return 4 * self.taxels

    def reset(self) -> None:
        """Forget all: the next sample is at time 0, and the first one is no change."""
        self._last = np.full(self.taxels, np.nan)
        self._filter = np.zeros((5, self.taxels))
        self._v = np.zeros((4, self.taxels))
        self._left = np.zeros((4, self.taxels), np.int64)
        self._samples = 0

    def feel(self, force: Any) -> UnitEvents:
        """All events of a record; see `push`."""
        self.reset()
        made = self.push(force)
        self.reset()
        return made

    def push(self, force: Any) -> UnitEvents:
        """The events of the next samples of force, (samples, taxels), about 0 to 1."""
        given = np.asarray(force)
        if given.ndim != 2 or given.shape[1] != self.taxels or given.dtype.kind not in "iuf":
            raise ValidationError(
                "Skin, force", f"got shape {given.shape}", f"(samples, {self.taxels})"
            )
        given = given.astype(np.float64)
        if not np.isfinite(given).all():
            raise ValidationError("Skin, force", "holds NaN or infinity", "finite samples")
        if np.isnan(self._last).any() and len(given):
            self._last[:] = given[0]
            self._filter[4] = given[0]
        most = len(given) * self.units // (self._dead + 1) + self.units
        samples, units = np.empty(most, np.int64), np.empty(most, np.uint32)
        states = (self._last, self._filter, self._v, self._left)
        facts = (self._band, self.gains, self.rate, self._decay, self._dead)
        count = _feel(given, *states, *facts, samples, units)
        t = np.rint((samples[:count] + self._samples + 1) * (1e6 / self.rate)).astype(np.int64)
        self._samples += len(given)
        return UnitEvents(t, units[:count], self.units)


def _band_pass(rate: float) -> npt.NDArray[np.float64]:
    """Coefficients b, a of a second-order high-pass at 50 Hz and a low-pass at 400 Hz."""
    made = []
    for frequency, high in ((50.0, True), (400.0, False)):
        k = np.tan(np.pi * min(frequency, 0.45 * rate) / rate)
        norm = 1.0 / (1.0 + np.sqrt(2.0) * k + k * k)
        b = np.array([1.0, -2.0, 1.0]) if high else k * k * np.array([1.0, 2.0, 1.0])
        a = np.array([2.0 * (k * k - 1.0), 1.0 - np.sqrt(2.0) * k + k * k])
        made.append(np.concatenate([b, a]) * norm)
    return np.array(made)


@njit(cache=True, error_model="numpy")
def _feel(
    force: Any, last: Any, s: Any, v: Any, left: Any, band: Any, gains: Any, rate: float,
    decay: float, dead: int, samples: Any, units: Any,
) -> int:  # fmt: skip
    count, taxels = 0, len(last)
    drive = np.empty(4)
    for n in range(force.shape[0]):
        for j in range(taxels):
            x = force[n, j]
            change = (x - last[j]) * rate
            last[j] = x
            x -= s[4, j]
            for stage in range(2):
                b0, b1, b2, a1, a2 = band[stage]
                y = b0 * x + s[2 * stage, j]
                s[2 * stage, j] = b1 * x - a1 * y + s[2 * stage + 1, j]
                s[2 * stage + 1, j] = b2 * x - a2 * y
                x = y
            drive[0], drive[3] = gains[0] * max(force[n, j], 0.0), gains[3] * abs(x)
            drive[1], drive[2] = gains[1] * max(change, 0.0), gains[2] * max(-change, 0.0)
            for k in range(4):
                if left[k, j] > 0:
                    left[k, j] -= 1
                    continue
                v[k, j] = v[k, j] * decay + drive[k] * (1.0 - decay)
                if v[k, j] >= 1.0:
                    samples[count], units[count] = n, k * taxels + j
                    count += 1
                    left[k, j], v[k, j] = dead, 0.0
    return count
