"""Population code: overlapping receptive fields, of which those near the value fire first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.functions import exp, log
from ..sampled import sampling_step
from .base import Floats, Framed

__all__ = ["PopulationCode"]

_LEAST = 0.05  # activation of a unit that fires


@dataclass(frozen=True, eq=False)
class PopulationCode(Framed):
    """Units with Gaussian receptive fields; the more active, the sooner a unit spikes in a frame.

    Centre i (from 1) stands at low + (2i - 3)/2*(high - low)/(units - 2), and the fields have a
    standard deviation of (high - low)/(beta*(units - 2)). A unit of activation a spikes T*(1 - a)
    after the begin of a frame of length T, unless a is below 0.05.

    With ``read="ratio"`` the decoder takes the value from the two units that spiked first: the
    ratio of their activations tells it but for the microseconds to which spikes are timed. With
    ``read="mass"`` it is the centre of mass of all, off by up to half the distance of centres where
    fields are cut off at an end of the range.

    Parameters
    ----------
    low, high
        See `Ranged`.
    every
        Samples to a frame.
    units
        Of each channel.
    beta
        Narrowness of the fields, 1 to 1.8.
    read
        ``"ratio"`` or ``"mass"``.
    """

    source = "Bohte, La Poutre and Kok 2002, IEEE TNN 13:426"
    units: int = 12
    beta: float = 1.5
    read: str = "ratio"

    @property
    def per_channel(self) -> int:  # type: ignore[override]
        """Units of each channel."""
        return self._whole("units", 4, 10_000)

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        if not 1.0 <= self._row("beta", 1)[0] <= 1.8:
            raise ValidationError(self._at("beta"), f"got {shorten(self.beta)}", "1 to 1.8")
        if self.read not in ("ratio", "mass"):
            raise ValidationError(
                self._at("read"), f"got {shorten(self.read)}", "'ratio' or 'mass'"
            )
        if self._frame(dt) < 100.0:
            raise ValidationError(self._at("every"), "frames too short", "100 us at least")

    def _fields(self) -> tuple[Floats, float]:
        gap = 1.0 / (self.units - 2)
        return (np.arange(self.units, dtype=np.float64) - 0.5) * gap, gap / self.beta

    def _spikes(self, share: Floats, number: int, frame: float) -> Any:
        centres, sigma = self._fields()
        away = (share[:, :, None] - centres) / sigma
        active = exp(-0.5 * away * away).reshape(len(share), share.shape[1] * self.units)
        at, unit = np.nonzero(active >= _LEAST)
        return at, unit, frame * (1.0 - active[at, unit])

    def _shares(
        self, at: Any, unit: Any, offset: Any, shape: tuple[int, int], frame: float
    ) -> Floats:
        centres, sigma = self._fields()
        flat = np.zeros((shape[0], shape[1] * self.units))
        flat[at, unit] = np.clip(1.0 - offset / frame, 1e-9, 1.0)
        active = flat.reshape(*shape, self.units)
        if self.read == "mass":
            total = active.sum(axis=2)
            mass = (active * centres).sum(axis=2) / np.where(total > 0, total, 1.0)
            return np.clip(mass, 0.0, 1.0)
        first = np.argmax(active, axis=2)
        sides = np.stack([np.maximum(first - 1, 0), np.minimum(first + 1, self.units - 1)], axis=2)
        beside = np.take_along_axis(active, sides, axis=2)
        beside = np.where(sides == first[:, :, None], 0.0, beside)
        which = np.argmax(beside, axis=2)[:, :, None]
        other = np.take_along_axis(sides, which, axis=2)[:, :, 0]
        a, b = active.max(axis=2), np.take_along_axis(beside, which, axis=2)[:, :, 0]
        known = (a > 0) & (b > 0)
        ratio = log(np.where(known, a, 1.0) / np.where(known, b, 1.0))
        apart = np.where(known, centres[first] - centres[other], 1.0)
        middle = 0.5 * (centres[first] + centres[other])
        share = np.where(known, middle + sigma * sigma * ratio / apart, centres[first])
        return np.clip(np.where(a > 0, share, 0.0), 0.0, 1.0)

    def bound(self, dt: Any) -> float:
        """Return what two microseconds make in the ratio; or half the distance of centres."""
        gap = 1.0 / (self.units - 2)
        if self.read == "mass":
            return self._span() * 0.5 * gap
        # The second unit is at most one distance away, so at least exp(-beta^2/2) active.
        least = float(np.exp(-0.5 * self.beta**2)) - 2.0 / self._frame(sampling_step(dt))
        off = 2.0 / self._frame(sampling_step(dt)) / least
        return self._span() * min(1.0, gap / self.beta**2 * 2.0 * off / max(1.0 - off, 1e-3))
