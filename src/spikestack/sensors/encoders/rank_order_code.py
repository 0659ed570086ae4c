"""Rank-order code: channels spike in the order of their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from .base import Floats, Framed

__all__ = ["RankOrderCode"]


@dataclass(frozen=True, eq=False)
class RankOrderCode(Framed):
    """In each frame every channel spikes once, the one with the greatest value first.

    Only the order is told. The decoder gives low + (high - low)*m**rank, so that the order comes
    back (of equal values, the lower channel first), and values that are such a series; there is no
    `bound` for others.

    Parameters
    ----------
    low, high
        See `Ranged`; values are compared as shares of their channel's range.
    every
        Samples to a frame.
    m
        By what each rank counts less, 0 < m < 1.
    """

    source = "Thorpe and Gautrais 1998, Computational Neuroscience: Trends in Research 113"
    m: float = 0.9

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        if not 0 < self._row("m", 1)[0] < 1:
            raise ValidationError(self._at("m"), f"got {shorten(self.m)}", "0 < m < 1")
        if self._frame(dt) < 4 * channels:
            raise ValidationError(
                self._at("every"),
                f"frames of {self._frame(dt):g} us",
                f"{4 * channels} us at least",
            )

    def _spikes(self, share: Floats, number: int, frame: float) -> Any:
        order = np.argsort(-share, axis=1, kind="stable")
        at, rank = np.nonzero(np.ones_like(order))
        return at, order[at, rank], (rank + 0.5) * (frame / share.shape[1])

    def _shares(
        self, at: Any, unit: Any, offset: Any, shape: tuple[int, int], frame: float
    ) -> Floats:
        made = np.zeros(shape)
        made[at, unit] = self.m ** np.floor(offset * (shape[1] / frame))
        return made
