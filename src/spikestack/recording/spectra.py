"""Power spectral densities by Welch's method."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten

__all__ = ["segment_length", "welch"]

LEAST = 8
DEFAULT_MS = 1000.0

Floats = npt.NDArray[np.float64]


def segment_length(segment: float | None, samples: int, ms: float, where: str) -> int:
    """Samples in a segment of so many ms; by default 1 s, or a quarter of what there is.

    Raises
    ------
    ValidationError
        If that is less than eight samples, or more than there are.
    """
    if segment is None:
        length = min(round(DEFAULT_MS / ms), samples // 4)
    else:
        finite = isinstance(segment, int | float) and np.isfinite(segment)
        length = round(segment / ms) if finite else -1
    if not LEAST <= length <= samples:
        raise ValidationError(
            where,
            f"a segment of {shorten(segment)} ms holds {length} samples, of {samples} in all"
            if segment is not None
            else f"{samples} samples are too few",
            f"at least {LEAST} in a segment, and one segment",
        )
    return length


def welch(samples: Floats, rate: float, length: int) -> tuple[Floats, Floats]:
    """Spectral density of samples [trials, n] at `rate` Hz, the mean over trials.

    Returns
    -------
    frequencies, power : float64[length // 2 + 1]
    """
    from scipy import signal

    found: Any = signal.welch(samples, fs=rate, window="hann", nperseg=length, axis=-1)
    return np.asarray(found[0]), np.asarray(found[1]).mean(axis=0)
