"""Patterns of spikes that differ in nothing but when they come."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.random import normal, stream_key, uniform
from ..events import UnitEvents
from .base import Samples
from .drawing import ms, synthetic, whole

__all__ = ["synthetic_patterns"]

_NAME = "synthetic patterns"


def synthetic_patterns(
    n: int = 100, seed: int = 0, *, classes: int = 5, units: int = 20, spikes: int = 2,
    duration: Any = 100.0, jitter: Any = 2.0, lost: float = 0.0, noise: Any = 0,
) -> Samples:  # fmt: skip
    """Spike trains after templates, `UnitEvents`: every unit fires equally often in every class.

    A template has `spikes` spikes of each unit, anywhere in the time. In a sample each comes
    earlier or later by a normal number, or is lost; stray spikes may come along. So counts tell
    nothing of the class. Without jitter, losses and noise, samples are the templates.

    Parameters
    ----------
    n
        How many, classes in turn; the first ones of a larger set are those of a smaller one.
    seed
        Of templates and of samples.
    classes, units, spikes
        Templates, spike trains of each, and spikes of each of these.
    duration
        ms.
    jitter
        ms: standard deviation of times. Those that would leave the time come back as far from its
        border.
    lost
        Share of spikes that do not come, 0 to 1.
    noise
        Stray spikes of a sample, for all units together.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """
    where = "synthetic_patterns"
    n, seed = whole(n, f"{where}, n"), whole(seed, f"{where}, seed", -(2**63), 2**63)
    classes, units = whole(classes, f"{where}, classes"), whole(units, f"{where}, units")
    spikes, noise = whole(spikes, f"{where}, spikes"), whole(noise, f"{where}, noise", 0)
    span, sigma = ms(duration, f"{where}, duration", 0.001), ms(jitter, f"{where}, jitter")
    if not 0 <= lost <= 1:
        raise ValidationError(f"{where}, lost", f"got {shorten(lost)}", "a share, 0 to 1")
    count = units * spikes
    counters = np.arange(count, dtype=np.uint64)
    templates = [span * uniform(stream_key(seed, _NAME, "template", k), counters)
                 for k in range(classes)]  # fmt: skip
    owner = np.repeat(np.arange(units), spikes)

    def make(k: int) -> UnitEvents:
        moved = sigma * normal(stream_key(seed, _NAME, "jitter", k), counters)
        kept = uniform(stream_key(seed, _NAME, "lost", k), counters) >= lost
        stray = uniform(stream_key(seed, _NAME, "noise", k), np.arange(2 * noise, dtype=np.uint64))
        times = _folded((templates[k % classes] + moved)[kept], span)
        t = np.concatenate([times, span * stray[:noise]])
        unit = np.concatenate([owner[kept], np.floor(units * stray[noise:]).astype(np.int64)])
        at = np.floor(t * 1000).astype(np.int64)
        return UnitEvents.sorted(t=at, unit=unit.astype(np.uint32), units=units)

    names = tuple(str(k) for k in range(classes))
    settings = (seed, classes, units, spikes, span, sigma, float(lost), noise)
    return synthetic(where, make, n, names, {}, settings, duration=span)


def _folded(times: np.ndarray, span: float) -> np.ndarray:
    """Times within the span: those beyond a border come back from it."""
    turned = np.abs((times + span) % (2.0 * span) - span)
    return np.minimum(turned, np.nextafter(span, 0.0))
