"""Sinusoidal current."""

from __future__ import annotations

from ...equations.model import Parameter
from .base import CurrentModel

__all__ = ["SinusoidalCurrent"]


class SinusoidalCurrent(CurrentModel):
    """offset + amplitude sin(2 pi frequency t + phase), held over each step.

    In single precision the time is exact to a ten-millionth of itself: for runs of hours, choose
    double precision.
    """

    current = "offset + amplitude*sin(6.283185307179586*frequency*t + phase)"
    source = "alternating current, as in NEST's ac_generator and PyNN's ACSource"

    amplitude = Parameter(1.0, "nA", meaning="greatest departure from the offset")
    frequency = Parameter(10.0, "Hz", low=0, meaning="frequency")
    phase = Parameter(0.0, "1", meaning="phase at t = 0, in radians")
    offset = Parameter(0.0, "nA", meaning="mean")
