"""BSA: spikes whose filtered train is the signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ..sampled import counts_of, spikes_of
from .base import Floats, Ranged, Spikes

__all__ = ["BSA"]


@dataclass(frozen=True, eq=False)
class BSA(Ranged):
    """Ben's spiker: a spike where subtracting the filter's response makes what is left smaller.

    At each sample, with s what is left of the signal and h the filter, there is a spike if
    sum|s[k+j] - h[j]| <= sum|s[k+j]| - threshold*sum|h|, and then h is subtracted. The decoder
    convolves the spikes with h. Every spike makes the sum of absolute errors smaller by
    threshold*sum|h| at least, so over a whole signal that error is at most sum|x - low| minus that
    for each spike. Spikes come `taps` - 1 samples late, when all samples that they depend on are
    known.

    Parameters
    ----------
    low, high
        See `Ranged`; a spike at every sample stands for `high`.
    taps
        Length of the filter in samples: a low-pass, by a Hamming window.
    threshold
        Least gain of a spike, as a share of the filter's own size.
    """

    source = "Schrauwen and Van Campenhout 2003, IJCNN 2825"
    taps: int = 20
    threshold: float = 0.05

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        self._whole("taps", 1, 10_000)
        if not 0 <= self._row("threshold", 1)[0] < 1:
            raise ValidationError(
                self._at("threshold"), f"got {shorten(self.threshold)}", "0 <= threshold < 1"
            )

    @property
    def filter(self) -> Floats:
        """Response to one spike as shares of the range; float64[taps], its sum is 1."""
        place = np.arange(1, self.taps + 1) / (self.taps + 1)
        window = 0.54 - 0.46 * np.cos(2 * np.pi * place)
        made: Floats = window / window.sum()
        return made

    def _begin(self, channels: int, dt: float) -> Any:
        return [np.zeros((0, channels))]

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        left = np.concatenate([state[0], self._share(values)])
        done = max(len(left) - self.taps + 1, 0)
        h = self.filter
        counts = _spikes(left, h, self.threshold * float(np.abs(h).sum()), done)
        before = first - len(state[0])
        state[0] = left[done:].copy()
        return spikes_of(counts, before, dt)

    def _finish(self, state: Any, samples: int, dt: float) -> Spikes:
        rest = len(state[0])
        left = np.concatenate([state[0], np.zeros((self.taps - 1, state[0].shape[1]))])
        h = self.filter
        counts = _spikes(left, h, self.threshold * float(np.abs(h).sum()), rest)
        return spikes_of(counts, samples - rest, dt)

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        counts = counts_of(t, unit, shape, dt)
        made = [
            np.convolve(column, self.filter)[: shape[0]] if shape[0] else column
            for column in counts.T
        ]
        return self._value(np.stack(made, axis=1))


@njit(cache=True)
def _spikes(left, h, gain, done):  # type: ignore[no-untyped-def]
    """Spikes of the first `done` samples; `left` becomes what is left."""
    channels, taps = left.shape[1], len(h)
    counts = np.zeros((done, channels), np.int64)
    for c in range(channels):
        for k in range(done):
            with_it, without = 0.0, 0.0
            for j in range(taps):
                with_it += abs(left[k + j, c] - h[j])
                without += abs(left[k + j, c])
            if with_it <= without - gain:
                counts[k, c] = 1
                for j in range(taps):
                    left[k + j, c] -= h[j]
    return counts
