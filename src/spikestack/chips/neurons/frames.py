"""Neurons without memory, that send whole numbers, as layered chips compute them."""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel

__all__ = [
    "FrameNeuron",
    "FrameReadout",
    "FrameSource",
    "RequantisedReadout",
    "RequantisingNeuron",
]


class FrameSource(NeuronModel):
    """Adds up what arrives during a frame of `steps` steps, and sends the sum at its end.

    The sum, in units of `theta`, is rounded and at most `most`. Every frame begins anew.
    """

    equations = """
        v[t+1] = where(at >= steps, 0, v)      : 1
        at[t+1] = where(at >= steps, 1, at + 1) : 1
    """
    threshold = "at >= steps and v >= 0.5*theta"
    emit = "clip(floor(v/theta + 0.5), 0, most)"
    emit_type = "int"
    emit_limit = 256.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "event frames: Gallego et al. 2022, IEEE TPAMI 44:154, section 3.1"

    steps = Parameter(1.0, "1", low=1, meaning="steps of a frame")
    theta = Parameter(1.0, "1", low=0, low_open=True, meaning="what a unit is worth")
    most = Parameter(15.0, "1", low=1, high=255, meaning="greatest number")


class FrameNeuron(NeuronModel):
    """What arrives in a step and a bias, as a number from 0 to `most`, sent in the same step.

    1 is sent from `first` on, and one more for each `theta`. It has no memory.
    """

    equations = "v[t+1] = bias : 1"
    threshold = "v >= first"
    emit = "clip(floor((v - first)/theta) + 1, 0, most)"
    emit_type = "int"
    emit_limit = 256.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "quantised rectifier: Choi et al. 2018, arXiv:1805.06085"

    bias = Parameter(0.0, "1", meaning="added to what arrives")
    first = Parameter(0.5, "1", meaning="what sends 1")
    theta = Parameter(1.0, "1", low=0, low_open=True, meaning="what sends one more")
    most = Parameter(15.0, "1", low=1, high=255, meaning="greatest number")


class FrameReadout(NeuronModel):
    """What arrives in a step and a bias, to be read; it sends nothing."""

    equations = "v[t+1] = bias : 1"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "the last layer of any classifier"

    bias = Parameter(0.0, "1", meaning="added to what arrives, in every step")


class RequantisingNeuron(NeuronModel):
    """A sum of integers, scaled by `gain` and rounded to a number from 0 to `most`.

    `gain` is a whole number of 16 bits times a power of two, so that in double precision all is
    exact.
    """

    equations = "v[t+1] = bias : 1"
    threshold = "v*gain >= 0.5"
    emit = "clip(floor(v*gain + 0.5), 0, most)"
    emit_type = "int"
    emit_limit = 256.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "scaled integer layers: Jacob et al. 2018, CVPR, eqs 5-7"

    bias = Parameter(0.0, "1", meaning="whole number added to the sum")
    gain = Parameter(1.0, "1", low=0, low_open=True, meaning="levels for a unit of the sum")
    most = Parameter(255.0, "1", low=1, high=255, meaning="greatest number")


class RequantisedReadout(NeuronModel):
    """The same without rectifier, as a number of 8 bits with a sign; 0 is not sent."""

    equations = "v[t+1] = bias : 1"
    threshold = "v*gain >= 0.5 or v*gain < -0.5"
    emit = "clip(floor(v*gain + 0.5), -128, 127)"
    emit_type = "int"
    emit_limit = 128.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "scaled integer layers: Jacob et al. 2018, CVPR, eqs 5-7"

    bias = Parameter(0.0, "1", meaning="whole number added to the sum")
    gain = Parameter(1.0, "1", low=0, low_open=True, meaning="levels for a unit of the sum")
