"""Metaplasticity: a threshold between depression and potentiation that slides."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["BCM"]


class BCM(PlasticityRule):
    """Correlated activity potentiates above a threshold that slides, and depresses below.

    The threshold follows the square of the target's activity.
    Activities `x` and `y` are counts of spikes that fade with `tau`. The target settles at about
    `rate`: of n = rate tau spikes that are counted, a random train makes it (1 + sqrt(1 + 2/n))/2
    times as much. Learning must be slow beside the threshold, lest the target fall silent for good.
    """

    pre_traces = "dx/dt = -x/tau : 1"
    post_traces = """
        dy/dt = -y/tau : 1
        dtheta/dt = -theta/tau_theta : 1
    """
    pre_spike = "x += 1"
    post_spike = "theta += y/(rate*tau_theta); y += 1"
    every = "w += eta*w_max*x*y*(y - theta)*interval"
    source = "Bienenstock, Cooper and Munro 1982, J Neurosci 2:32; Intrator and Cooper 1992"

    interval = Parameter(10.0, "ms", low=0, meaning="between two changes")
    tau = Parameter(100.0, "ms", low=0, low_open=True, meaning="over which spikes are counted")
    tau_theta = Parameter(5e3, "ms", low=0, low_open=True, meaning="threshold")
    rate = Parameter(10.0, "Hz", low=0, low_open=True, meaning="rate that the target settles at")
    eta = Parameter(1e-6, "ms^-1", low=0, meaning="learning rate, in w_max")
