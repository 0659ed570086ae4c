"""Signals as samples, and events as counts at samples: what all encoders share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UnitError, ValidationError, shorten
from ..units import magnitude, parse_unit

__all__ = [
    "checked_signal",
    "counts_of",
    "sampling_step",
    "signed_spikes",
    "spikes_of",
    "steps_of",
]

Floats = npt.NDArray[np.float64]
#: Times in us and units of some events.
Spikes = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
_US_PER_MS = 1000.0
_MOST_EVENTS = 200_000_000


def sampling_step(dt: Any) -> float:
    """ms between samples, from a number of ms, or a text or quantity of a time or a rate.

    Raises
    ------
    ValidationError
        If it is not from 1 us to a day.
    """
    try:
        step = magnitude(dt, parse_unit("ms"), "dt")
    except UnitError:
        rate = magnitude(dt, parse_unit("Hz"), "dt")
        step = 1000.0 / rate if np.ndim(rate) == 0 and rate else np.inf
    if not isinstance(step, float) or not 1e-3 <= step <= 86_400_000.0:
        raise ValidationError("dt", f"got {shorten(dt)}", "from 1 us to a day, or '360 Hz'")
    return step


def checked_signal(signal: Any, where: str) -> Floats:
    """Finite float64 of shape (samples, channels)."""
    values = np.asarray(signal)
    if values.dtype.kind not in "iufb" or values.ndim not in (1, 2):
        raise ValidationError(
            f"{where}, signal",
            f"got {shorten(signal)}",
            "numbers (samples,) or (samples, channels)",
        )
    values = np.ascontiguousarray(values, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if values.shape[1] == 0 or not np.isfinite(values).all():
        raise ValidationError(f"{where}, signal", "holds NaN, infinity, or no channel", "numbers")
    return values


def spikes_of(counts: Any, first: int, dt: float) -> Spikes:
    """Events of counts[sample, unit] from sample `first` on."""
    total = int(counts.sum(dtype=np.float64)) if counts.size else 0
    if total > _MOST_EVENTS:
        raise ValidationError(
            "encode", f"{total:,} events in one piece", f"at most {_MOST_EVENTS:,}", "larger steps"
        )
    at, unit = np.nonzero(counts)
    often = counts[at, unit]
    t = np.rint((np.repeat(at, often) + first) * (dt * _US_PER_MS)).astype(np.int64)
    return t, np.repeat(unit, often).astype(np.int64)


def signed_spikes(steps: Any, first: int, dt: float) -> Spikes:
    """Events of signed steps[sample, channel]: unit 2c for ups, 2c + 1 for downs."""
    both = np.stack([np.maximum(steps, 0), np.maximum(-steps, 0)], axis=2)
    return spikes_of(both.reshape(len(steps), 2 * steps.shape[1]), first, dt)


def counts_of(t: Any, unit: Any, shape: tuple[int, int], dt: float) -> npt.NDArray[np.int64]:
    """How often each unit fired at each sample: the opposite of `spikes_of`."""
    n, units = shape
    at = np.rint(t / (dt * _US_PER_MS)).astype(np.int64)
    keep = (at >= 0) & (at < n)
    return np.bincount(at[keep] * units + unit[keep], minlength=n * units).reshape(shape)


def steps_of(t: Any, unit: Any, shape: tuple[int, int], dt: float) -> npt.NDArray[np.int64]:
    """Signed steps[sample, channel]: the opposite of `signed_spikes`."""
    both = counts_of(t, unit, (shape[0], 2 * shape[1]), dt).reshape(*shape, 2)
    steps: npt.NDArray[np.int64] = both[:, :, 0] - both[:, :, 1]
    return steps
