"""Ornstein-Uhlenbeck current."""

from __future__ import annotations

from ...equations.model import Parameter
from .base import CurrentModel

__all__ = ["OrnsteinUhlenbeckCurrent"]


class OrnsteinUhlenbeckCurrent(CurrentModel):
    """Coloured noise: normal with mean and sd, correlated over tau; exact in its variance."""

    equations = "dx/dt = -x/tau + sqrt(2/tau)*xi : 1"
    current = "mean + sd*x"
    source = "Uhlenbeck and Ornstein 1930, Phys Rev 36:823; Destexhe et al. 2001, Neurosci 107:13"

    mean = Parameter(0.0, "nA", meaning="mean")
    sd = Parameter(1.0, "nA", low=0, meaning="standard deviation")
    tau = Parameter(5.0, "ms", low=0, low_open=True, meaning="correlation time")
