"""Population-synchrony code: how many of many units spike together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...numerics.random import uniform
from .base import Floats, Framed

__all__ = ["SynchronyCode"]


@dataclass(frozen=True, eq=False)
class SynchronyCode(Framed):
    """Every unit spikes once in each frame; the value is the share of units that do so together.

    Those that are synchronous spike in the middle of the frame, all others at random times, never
    in its middle tenth. So the rate of every unit is constant and tells nothing. Which units are
    synchronous is drawn anew for each frame.

    Parameters
    ----------
    low, high
        See `Ranged`.
    every
        Samples to a frame.
    units
        Of each channel; the value is told to half of 1/units of the range.
    seed
        Of the random numbers.
    """

    source = "Diesmann, Gewaltig and Aertsen 1999, Nature 402:529; Gray 1999, Neuron 24:31"
    units: int = 50
    seed: int = 0

    @property
    def per_channel(self) -> int:  # type: ignore[override]
        """Units of each channel."""
        return self._whole("units", 1, 10_000)

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        if self._frame(dt) < 100.0:
            raise ValidationError(self._at("every"), "frames too short", "100 us at least")

    def _spikes(self, share: Floats, number: int, frame: float) -> Any:
        n, channels = share.shape
        at, unit = np.nonzero(np.ones((n, channels * self.units), bool))
        counter = ((at + number) * self.units + unit % self.units).astype(np.uint64)
        keys = np.array([self._key("synchronous", c) for c in range(channels)], dtype=np.uint64)
        order = uniform(keys[unit // self.units], counter).reshape(n, channels, self.units)
        rank = np.argsort(np.argsort(order, axis=2, kind="stable"), axis=2, kind="stable")
        together = rank < np.rint(share * self.units)[:, :, None]
        keys = np.array([self._key("times", c) for c in range(channels)], dtype=np.uint64)
        late = 0.9 * uniform(keys[unit // self.units], counter).reshape(order.shape)
        late = np.where(late < 0.45, late, late + 0.1)
        return at, unit, frame * np.where(together, 0.5, late).ravel()

    def _shares(
        self, at: Any, unit: Any, offset: Any, shape: tuple[int, int], frame: float
    ) -> Floats:
        together = np.abs(offset - 0.5 * frame) <= 1.5
        counts = np.zeros(shape)
        np.add.at(counts, (at[together], unit[together] // self.units), 1.0)
        return counts / self.units

    def bound(self, dt: Any) -> float:
        """Return half of one unit's worth."""
        return self._span() * 0.5 / self.units
