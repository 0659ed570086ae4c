"""Sounds of two gliding tones, as vowels have, with known beginnings."""

from __future__ import annotations

import numpy as np

from ...numerics.random import normal, stream_key
from ..cochlea import MelDelta
from .base import Samples
from .drawing import between, draws, synthetic, whole

__all__ = ["synthetic_sounds"]

_RATE, _SAMPLES = 8000.0, 3200  # Hz; 400 ms
#: Hz at the begin and at the end, of a lower and an upper tone.
_TONES = {
    "low": ((400.0, 400.0), (900.0, 900.0)),
    "high": ((1200.0, 1200.0), (2600.0, 2600.0)),
    "rising": ((400.0, 1200.0), (900.0, 2600.0)),
    "falling": ((1200.0, 400.0), (2600.0, 900.0)),
    "apart": ((900.0, 400.0), (1200.0, 2600.0)),
    "together": ((400.0, 900.0), (2600.0, 1200.0)),
}
_RISE = 0.02  # s, of the sound's begin and end
_LOUD, _NOISE = 0.1, 1e-4


def synthetic_sounds(n: int = 100, seed: int = 0) -> Samples:
    """Two tones that stay, rise or fall: 8,000 samples per second for 400 ms, float64.

    Six classes, in turn: "low", "high", "rising", "falling", "apart", "together". ``truth`` has
    ``"onset"`` and ``"length"`` in ms, and ``"pitch"``, a factor of all frequencies from 0.9 to
    1.1. Noise is 60 dB below. `Samples.events` makes 40 units, steps of 20 mel bands, by default.

    Parameters
    ----------
    n
        How many; the first ones of a larger set are those of a smaller one.
    seed
        Of onsets, lengths, pitches and noise.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """
    n = whole(n, "synthetic_sounds, n")
    seed = whole(seed, "synthetic_sounds, seed", -(2**63), 2**63)
    chance = draws(seed, "synthetic sounds", n, 3)
    onset, length = 40.0 + 60.0 * chance[:, 0], between(chance[:, 1], 200.0, 280.0)
    pitch = between(chance[:, 2], 0.9, 1.1)
    tones = list(_TONES.values())

    def make(k: int) -> np.ndarray:
        t = np.arange(_SAMPLES) / _RATE - onset[k] * 1e-3
        span = float(length[k]) * 1e-3
        edge = np.clip(np.minimum(t, span - t) / _RISE, 0.0, 1.0)
        made = np.zeros(_SAMPLES)
        for first, last in tones[k % len(tones)]:
            # Frequencies glide evenly: the phase is their integral.
            turns = pitch[k] * (first * t + (last - first) * t * t / (2.0 * span))
            made += np.sin(2.0 * np.pi * turns)
        counters = np.arange(_SAMPLES, dtype=np.uint64)
        noise = normal(stream_key(seed, "synthetic sounds", "noise", k), counters)
        return 0.5 * _LOUD * made * np.sin(0.5 * np.pi * edge) ** 2 + _NOISE * noise

    truth = {"onset": onset, "length": length, "pitch": pitch}
    return synthetic(
        "synthetic_sounds", make, n, tuple(_TONES), truth, (seed,), dt=1e3 / _RATE,
        duration=_SAMPLES * 1e3 / _RATE + 1.0, front_end=_mel_bands,
    )  # fmt: skip


def _mel_bands() -> MelDelta:
    return MelDelta(rate=_RATE, window=256, hop=40)
