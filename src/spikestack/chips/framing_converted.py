"""Converted networks as networks of frames: the rectifiers that they stood for, in few levels.

`sp.convert` makes integrate-and-fire neurons whose rates over some steps are what rectifiers sent.
Here a frame is one step that stands for all of them, and a neuron sends its rate at once; means
over windows become part of the next layer, as `Convolution(pool=)` has them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ValidationError
from ..network.links import Projection
from ..network.network import Network
from ..network.population import Population
from ..network.rules import Convolution, Dense, Pooling
from ..neurons.base import NeuronModel
from ..synapses.delta import Delta
from .neurons.frames import FrameNeuron, FrameReadout, FrameSource

__all__ = ["framed_converted"]


def framed_converted(
    network: Network, steps: int, *, top: float = 1.0, most: int = 15, input_most: int = 255
) -> Network:
    """The network of frames that stands for a converted one; it is given an input for one step.

    Parameters
    ----------
    network
        From `sp.convert`, with plain neurons (`IntegrateAndFire`), in layers of convolutions, full
        connections and means over windows.
    steps
        That it was converted for.
    top
        Greatest input.
    most, input_most
        Greatest number that neurons and sources send.

    Raises
    ------
    ValidationError
        If it holds anything else; it is named.
    """
    into: dict[str, list[Projection]] = {name: [] for name in network.populations}
    for projection in network.projections.values():
        into[projection.post.population.name].append(projection)
    made = Network(seed=network.seed)
    unit: dict[str, float] = {}
    for name, p in network.populations.items():
        if p.model.label == "Relay" and into[name]:
            _check_pool(name, into[name])
            continue
        source = not into[name]
        model, unit[name] = _neuron(p, steps, source, top, most, input_most)
        made.add(Population(name, p.shape, model))
    for name, projection in network.projections.items():
        post = projection.post.population.name
        if post in unit:
            pre, rule = _composed(projection, into, unit)
            made.connect(made[pre], made[post], rule, Delta(weight=1.0, delay=0.0), name=name)
    for name, drive in network.drives.items():
        made.drive(made[drive.target.population.name], drive.input, name=name)
    for probe in network.probes:
        if probe.target.population.name in unit:
            made.record(made[probe.target.population.name], probe.variable)
    return made


def _neuron(
    p: Population, steps: int, source: bool, top: float, most: int, input_most: int
) -> tuple[NeuronModel, float]:
    """The neuron of a frame, and what a level that it sends is worth."""
    values: Any = p.model.values
    if source:
        each = top / input_most
        return FrameSource(theta=each, most=float(input_most)), each * steps
    if p.model.label == "Accumulator":
        return FrameReadout(bias=values["drive"] * steps), 1.0
    if p.model.label != "IntegrateAndFire" or values["start"] != 0.0:
        raise ValidationError(
            f"framed_converted, population {p.name!r}", f"is of {p.model.label}",
            "neurons that convert(neuron='plain') makes, all of which fire from the start",
        )  # fmt: skip
    width = values["theta"] * steps / most
    neuron = FrameNeuron(
        bias=values["drive"] * steps, first=0.5 * width, theta=width, most=float(most)
    )
    return neuron, steps / most


def _check_pool(name: str, into: list[Projection]) -> None:
    rule = into[0].rule
    if len(into) != 1 or not isinstance(rule, Pooling) or rule.windows != rule.strides:
        raise ValidationError(f"framed_converted, population {name!r}", "adds up other things",
                              "means over windows side by side")  # fmt: skip


def _composed(
    projection: Projection, into: dict[str, list[Projection]], unit: dict[str, float]
) -> tuple[str, Convolution | Dense]:
    """Where a projection comes from, windows left out, and its rule with them."""
    rule: Any = projection.rule
    pre = projection.pre.population
    weight: Any = projection.synapse.weight
    if pre.name in unit and isinstance(rule, Convolution):
        kernel = rule.kernel * (weight * unit[pre.name])
        return pre.name, Convolution(kernel, rule.stride, rule.padding, rule.groups, rule.pool)
    if pre.name in unit and isinstance(rule, Dense):
        return pre.name, Dense(rule.matrix * (weight * unit[pre.name]))
    if pre.name in unit or not isinstance(rule, Convolution | Dense):
        raise ValidationError(f"framed_converted, projection {projection.name!r}",
                              f"is of {type(rule).__name__}", "Convolution or Dense")  # fmt: skip
    (pooled,) = into[pre.name]
    first, window = pooled.pre.population, pooled.rule.windows  # type: ignore[attr-defined]
    share: Any = pooled.synapse.weight
    factor = weight * share * float(np.prod(window)) * unit[first.name]
    if isinstance(rule, Convolution):
        made = Convolution(rule.kernel * factor, rule.stride, rule.padding, rule.groups, window)
        return first.name, made
    channels, height, width = pooled.rule.grid(first.shape)  # type: ignore[attr-defined]
    kernel = rule.matrix.T.reshape(-1, channels, height, width)
    return first.name, Convolution(kernel * factor, pool=window)
