"""Burst code: greater values make longer and faster bursts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from .base import Floats, Framed

__all__ = ["BurstCode"]


@dataclass(frozen=True, eq=False)
class BurstCode(Framed):
    """A burst of ceil(most*x) spikes at the begin of each frame, x as a share of the range.

    The intervals within it are longest - x*(longest - shortest). The decoder reads a value from the
    intervals; from a single spike, or none, only that it is below 1/most.

    Parameters
    ----------
    low, high
        See `Ranged`.
    every
        Samples to a frame, which must hold the longest burst.
    most
        Spikes in a burst.
    shortest, longest
        Intervals in ms.
    """

    source = "Guo et al. 2021, Front Neurosci 15:638474"
    most: int = 5
    shortest: float = 2.0
    longest: float = 10.0

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        most = self._whole("most", 2, 1000)
        short, long = self._positive("shortest")[0], self._positive("longest")[0]
        if long - short < 0.01:
            raise ValidationError(
                self._at("longest"), f"got {shorten(self.longest)}", "shortest + 0.01 ms at least"
            )
        n = np.arange(2, most + 1)
        need = float(((n - 1) * (long - (n - 1) / most * (long - short))).max())
        if need + 2e-3 > self._frame(dt) * 1e-3:
            raise ValidationError(
                self._at("every"),
                f"frames of {self._frame(dt) * 1e-3:g} ms",
                f"more than {need:g} ms, the longest burst",
                "take more samples to a frame, or shorter intervals",
            )

    def _spikes(self, share: Floats, number: int, frame: float) -> Any:
        counts = np.ceil(self.most * share).astype(np.int64)
        interval = 1e3 * (self.longest - share * (self.longest - self.shortest))
        at, unit, place = np.nonzero(np.arange(self.most) < counts[:, :, None])
        return at, unit, place * interval[at, unit]

    def _shares(
        self, at: Any, unit: Any, offset: Any, shape: tuple[int, int], frame: float
    ) -> Floats:
        counts, last = np.zeros(shape, np.int64), np.zeros(shape)
        np.add.at(counts, (at, unit), 1)
        np.maximum.at(last, (at, unit), offset)
        interval = 1e-3 * last / np.maximum(counts - 1, 1)
        share = np.clip((self.longest - interval) / (self.longest - self.shortest), 0.0, 1.0)
        few = np.where(counts == 1, 0.5 / self.most, 0.0)
        return np.where(counts > 1, share, few)

    def bound(self, dt: Any) -> float:
        """Return what a single spike leaves open, or what a microsecond and a half make."""
        steps = 1.5e-3 / (self.longest - self.shortest)
        return self._span() * max(0.5 / self.most, steps)
