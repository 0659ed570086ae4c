"""Threshold-based representation: an event where the signal changes fast enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..sampled import signed_spikes
from .base import Floats, Spikes
from .send_on_delta import Stepped

__all__ = ["ThresholdBased"]


@dataclass(frozen=True, eq=False)
class ThresholdBased(Stepped):
    """An event at every sample that differs from the one before by more than d.

    `fitted` sets d to the mean of the absolute differences plus ``f`` times their standard
    deviation (f is 0.5 unless given), for which it needs the whole signal.

    Nothing is fed back, so errors add up: with s the greatest change from sample to sample, the
    decoded signal after k samples is off by at most k*max(d, s - d).

    Parameters
    ----------
    d, start
        See `Stepped`: step, and where to begin, in units of the signal.
    """

    source = (
        "Delbruck and Lichtsteiner 2007, ISCAS; Petro, Kasabov and Kiss 2020, IEEE TNNLS 31:358"
    )

    @classmethod
    def _fit(cls, values: Floats, dt: float, given: dict[str, Any]) -> dict[str, Any]:
        """``f``: how many standard deviations above the mean."""
        changes = np.abs(np.diff(values, axis=0)) if len(values) > 1 else np.ones_like(values)
        d = changes.mean(axis=0) + given.pop("f", 0.5) * changes.std(axis=0)
        return {"d": np.where(d > 0, d, 1.0), "start": values[0]} | given

    def _begin(self, channels: int, dt: float) -> Any:
        return self._row("start", channels)[None, :].copy()

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        changes = np.diff(np.concatenate([state, values]), axis=0)
        state[:] = values[-1:] if len(values) else state
        over = np.abs(changes) > self._positive("d", values.shape[1])
        return signed_spikes((over * np.sign(changes)).astype(np.int64), first, dt)
