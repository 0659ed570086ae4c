"""Changes of training inputs, drawn anew for every batch: functions of inputs and a generator.

Inputs are arrays (..., neurons), of one drive; `fit` gives a generator that depends on seed, epoch
and batch alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import ValidationError, shorten

__all__ = ["DropInputs", "Shift"]


@dataclass(frozen=True)
class Shift:
    """Move each image by up to `by` pixels along each axis; zeros come in.

    Parameters
    ----------
    shape
        (height, width), or (channels, height, width).
    by
        Pixels: by whole ones if this is a whole number, else by fractions too, with values between
        pixels interpolated linearly.
    """

    shape: tuple[int, ...]
    by: float = 2

    def __post_init__(self) -> None:
        if len(self.shape) not in (2, 3) or min(self.shape) < 1:
            raise ValidationError("Shift.shape", f"got {shorten(self.shape)}", "(height, width)")
        if not isinstance(self.by, int | float) or not 0 <= self.by < min(self.shape[-2:]):
            raise ValidationError("Shift.by", f"got {shorten(self.by)}", "0 to the image's side")

    def __call__(self, inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Inputs (samples, neurons) or (steps, samples, neurons)."""
        samples, around = inputs.shape[-2], math.ceil(self.by)
        height, width = self.shape[-2:]
        images = inputs.reshape(*inputs.shape[:-1], -1, height, width)
        border = [(0, 0)] * (images.ndim - 2) + [(around, around + 1)] * 2
        padded, made = np.pad(images, border), np.zeros_like(images)
        for k, move in enumerate(self._moves(samples, rng)):
            whole, part = np.floor(move).astype(int), move - np.floor(move)
            for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
                share = (part[0] if down else 1 - part[0]) * (part[1] if right else 1 - part[1])
                if share > 0:
                    y, x = around + whole[0] + down, around + whole[1] + right
                    seen = padded[..., k, :, y : y + height, x : x + width]
                    made[..., k, :, :, :] += images.dtype.type(share) * seen
        return made.reshape(inputs.shape)

    def _moves(self, samples: int, rng: np.random.Generator) -> np.ndarray:
        if isinstance(self.by, int):
            return rng.integers(-self.by, self.by + 1, (samples, 2)).astype(np.float64)
        return rng.uniform(-self.by, self.by, (samples, 2))


@dataclass(frozen=True)
class DropInputs:
    """Silence each input with probability `share` for a whole sample; the others grow to match."""

    share: float = 0.1

    def __post_init__(self) -> None:
        if not isinstance(self.share, int | float) or not 0 <= self.share < 1:
            raise ValidationError("DropInputs.share", f"got {shorten(self.share)}", "0 to below 1")

    def __call__(self, inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Inputs (samples, neurons) or (steps, samples, neurons)."""
        kept = rng.random(inputs.shape[-2:]) >= self.share
        return inputs * (kept / (1 - self.share)).astype(inputs.dtype)
