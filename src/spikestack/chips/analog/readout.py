"""What an analog chip lets one see: noisy samples of few bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.random import bits64, normal, stream_key
from .knobs import fixed_pattern

__all__ = ["Converter"]


@dataclass(frozen=True)
class Converter:
    """Analog-to-digital converters, one for each column.

    Attributes
    ----------
    offsets
        What each adds, in its least unit (float64[columns]).
    noise
        Standard deviation of one reading, in its least unit.
    seed
        Of the chip.
    chip
        Its kind.
    bits
        Of a reading.
    """

    offsets: np.ndarray
    noise: float
    seed: int
    chip: str
    bits: int = 8

    @classmethod
    def made(
        cls, seed: int, chip: str, columns: int, spread: float, noise: float, bits: int = 8
    ) -> Converter:
        """Converters as they come from the fab; `spread` is that of their offsets."""
        off = spread * fixed_pattern(seed, chip, "converters", np.arange(columns))
        return cls(off, noise, seed, chip, bits)

    def read(
        self, values: np.ndarray, columns: np.ndarray, what: str, trial: int = 0
    ) -> np.ndarray:
        """Convert values to whole numbers (float64, of the shape of `values`).

        Parameters
        ----------
        values
            In the least unit of the converter, (..., columns).
        columns
            Which converter reads each of the last axis.
        what
            What is read: part of the address of its noise.
        trial
            Number of the trial.
        """
        shape = np.shape(values)
        rows = np.arange(int(np.prod(shape[:-1], dtype=np.int64)), dtype=np.uint64)
        key = stream_key(self.seed, self.chip, f"reading of {what}", trial)
        inner = bits64(key, rows)
        drawn = normal(np.reshape(inner, (-1, 1)), np.asarray(columns, np.uint64)[None])
        seen = np.asarray(values, float) + self.offsets[columns]
        seen = seen + self.noise * np.reshape(drawn, shape)
        return np.asarray(np.clip(np.floor(seen + 0.5), 0, 2**self.bits - 1))
