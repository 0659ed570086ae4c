"""White noise current."""

from __future__ import annotations

from ...equations.model import Parameter
from .base import CurrentModel

__all__ = ["WhiteNoiseCurrent"]


class WhiteNoiseCurrent(CurrentModel):
    """White noise of intensity sigma: the charge that it brings in T has variance sigma^2 T."""

    current = "mean + sigma*xi"
    source = "Gerstner et al. 2014, Neuronal Dynamics, section 8.1"

    mean = Parameter(0.0, "nA", meaning="mean")
    sigma = Parameter(1.0, "nA*ms^0.5", low=0, meaning="intensity")
