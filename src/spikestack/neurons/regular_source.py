"""Source of regular spikes."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["RegularSource"]


class RegularSource(NeuronModel):
    """Fires every `interval`, for the first time at `first`; no input."""

    equations = "left[t+1] = left - dt : ms"
    threshold = "left < 0.5*dt"
    reset = "left += interval"
    initial = {"left": "first"}  # noqa: RUF012
    fires_at = None
    source = "as NEST's spike_generator with equal intervals"

    interval = Parameter(10.0, "ms", low=0, low_open=True, meaning="time between spikes")
    first = Parameter(10.0, "ms", low=0, low_open=True, meaning="time of the first spike")
