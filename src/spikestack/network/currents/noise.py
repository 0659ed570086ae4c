"""Gaussian noise current."""

from __future__ import annotations

from ...equations.model import Parameter
from ...values import Normal
from .base import CurrentModel

__all__ = ["NoiseCurrent"]


class NoiseCurrent(CurrentModel):
    """Normal numbers, drawn anew for each neuron every `interval` and held in between.

    An interval below the step counts as one step. The power below 1/(2 interval) is that of white
    noise of intensity sd sqrt(interval).
    """

    equations = """
        every = max(floor(interval/dt + 0.5), 1)               : 1
        age[t+1] = where(age + 1 >= every, 0, age + 1)         : 1
        x[t+1] = where(age < 1, xi*sqrt(dt), x)                : 1
    """
    current = "mean + sd*x"
    source = "piecewise constant noise, as in NEST's noise_generator and PyNN's NoisyCurrentSource"
    initial = {"x": Normal(0.0, 1.0)}  # noqa: RUF012

    mean = Parameter(0.0, "nA", meaning="mean")
    sd = Parameter(1.0, "nA", low=0, meaning="standard deviation")
    interval = Parameter(1.0, "ms", low=0, low_open=True, meaning="how long a value is held")
