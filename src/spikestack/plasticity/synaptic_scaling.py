"""Homeostasis of synapses: scaling towards a rate, and sums that are kept."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule, WeightParameter

__all__ = ["SynapticScaling", "WeightNormalization"]


class SynapticScaling(PlasticityRule):
    """All weights onto a target that fires too rarely grow by the same share, or else shrink."""

    post_traces = "da/dt = -a/tau : ms^-1"
    post_spike = "a += 1/tau"
    every = "w += beta*w*(rate - a)*interval"
    source = "van Rossum, Bi and Turrigiano 2000, J Neurosci 20:8812, eq 3, integral left out"

    interval = Parameter(100.0, "ms", low=0, meaning="between two changes")
    tau = Parameter(10e3, "ms", low=0, low_open=True, meaning="over which rates are averaged")
    rate = Parameter(5.0, "Hz", low=0, meaning="rate that targets are to have")
    beta = Parameter(0.01, low=0, meaning="share of the weight for each spike missing or too many")


class WeightNormalization(PlasticityRule):
    """The weights onto each target are scaled so that their sum is `total`, at every interval."""

    every = "w *= where(w_sum == 0, 1, total/w_sum)"
    source = "Oja 1982, J Math Biol 15:267; Goodhill and Barrow 1994, Neural Comput 6:255"

    interval = Parameter(100.0, "ms", low=0, meaning="between two changes")
    total = WeightParameter(1.0, meaning="sum of the weights onto a target")
