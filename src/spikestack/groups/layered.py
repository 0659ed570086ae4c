"""Layers in a row, from a short list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..network.external import ExternalSpikes
from ..network.network import Network
from ..network.population import Population
from ..network.rules import Convolution, Dense, Rule
from ..neurons.base import NeuronModel
from ..neurons.graded_relu import GradedReLU
from ..neurons.spike_source import SpikeSource
from ..numerics.random import stream_key, uniform
from ..synapses.delta import Delta

__all__ = ["Conv", "Linear", "Pool", "layered"]


@dataclass(frozen=True)
class Conv:
    """A convolution to `channels`; its padding keeps the size at stride 1 unless given.

    `size` is that of the kernel along every axis, `stride` and `groups` are those of
    `Convolution`.
    """

    channels: int
    size: int = 3
    stride: int = 1
    padding: int | None = None
    groups: int = 1


@dataclass(frozen=True)
class Pool:
    """Means over windows of so many neurons along every axis, seen by the next layer."""

    size: int = 2


@dataclass(frozen=True)
class Linear:
    """Every neuron of the layer before to each of `size`."""

    size: int


def layered(
    shape: Sequence[int],
    layers: Sequence[Any],
    *,
    seed: int = 0,
    beta: float = 0.9,
    gain: float = 1.0,
    graded: bool = False,
) -> Network:
    """Describe a network that feeds forward through layers.

    Parameters
    ----------
    shape
        Of the input: (neurons,), (channels, length) or (channels, height, width).
    layers
        Of each layer a connection, `Conv` or `Linear` (after a `Pool` or not), then its neurons:
        ``"lif"``, which leak by `beta` in a step, fire at 1 and are reset by subtraction;
        ``"readout"``, which leak alike, never fire, and whose ``v`` is recorded; or any neuron
        model.
    seed
        Of the network, and so of the weights.
    beta
        What is left of a potential after a step.
    gain
        Weights are uniform within `gain` over the root of what comes to a neuron, as PyTorch's.
    graded
        Whether inputs are values, such as pixels, rather than spikes.

    Returns
    -------
    Network
        Populations ``"input"``, ``"layer1"``, ``"layer2"``, ... and projections between them
        without delay; the input is driven by `ExternalSpikes` called ``"input"``.

    Raises
    ------
    ValidationError
        If layers do not follow each other so.

    Examples
    --------
    >>> import spikestack as sp
    >>> layers = [sp.Conv(8), "lif", sp.Pool(2), sp.Linear(10), "readout"]
    >>> net = sp.layered((1, 28, 28), layers)
    >>> [p.shape for p in net.populations.values()]
    [(1, 28, 28), (8, 28, 28), (10,)]
    """
    net = Network(seed=seed)
    source = net.add(Population("input", tuple(shape), GradedReLU() if graded else SpikeSource()))
    net.drive(source, ExternalSpikes(weight=1.0), name="input")
    pool, connection = 1, None
    for item in layers:
        where = f"layered, {shorten(item)}"
        if isinstance(item, Pool):
            if connection is not None:
                raise ValidationError(where, "stands between a connection and its neurons",
                                      "a Pool before the connection")  # fmt: skip
            pool *= item.size
        elif isinstance(item, Conv | Linear):
            if connection is not None:
                raise ValidationError(where, "follows a connection", "neurons between")
            connection = item
        else:
            if connection is None:
                raise ValidationError(where, "has no connection before it", "Conv or Linear")
            name = f"layer{len(net.populations)}"
            source = _add(net, source, connection, pool, _model(item, beta, where), name, gain)
            pool, connection = 1, None
            if item == "readout":
                net.record(source, "v")
    if connection is not None or pool != 1:
        raise ValidationError("layered", "the last layer has no neurons", "'readout' or 'lif'")
    return net


def _model(item: Any, beta: float, where: str) -> NeuronModel:
    if isinstance(item, NeuronModel):
        return item
    if item not in ("lif", "readout"):
        raise ValidationError(where, "is no layer", "Conv, Linear, Pool, 'lif', 'readout', a model")
    fires: dict[str, Any] = {"threshold": "v >= 1", "reset": "v -= 1"} if item == "lif" else {}
    return NeuronModel(
        "v[t+1] = beta*v : 1", parameters={"beta": beta}, dimensionless=True,
        default_synapse="Delta", **fires,
    )  # fmt: skip


def _add(
    net: Network, source: Population, connection: Conv | Linear, pool: int, model: NeuronModel,
    name: str, gain: float,
) -> Population:  # fmt: skip
    projection = f"{source.name}->{name}"
    rule: Rule
    if isinstance(connection, Linear) and pool == 1:
        rule = Dense(_drawn(net, projection, (connection.size, source.size), gain).T)
        made: tuple[int, ...] = (connection.size,)
    elif isinstance(connection, Linear):
        given = source.shape if len(source.shape) > 1 else (1, *source.shape)
        sides = tuple(n // pool for n in given[1:])
        rule = Convolution(_drawn(net, projection, (connection.size, given[0], *sides), gain),
                           pool=pool)  # fmt: skip
        made = (connection.size,)
    else:
        if len(source.shape) == 1:
            raise ValidationError(f"layered, {connection}", f"follows shape {source.shape}",
                                  "(channels, length) or (channels, height, width)")  # fmt: skip
        extent = (connection.size,) * (len(source.shape) - 1)
        into = source.shape[0] // connection.groups
        padding = connection.size // 2 if connection.padding is None else connection.padding
        rule = Convolution(
            _drawn(net, projection, (connection.channels, into, *extent), gain),
            connection.stride, padding, connection.groups, pool,
        )  # fmt: skip
        made = rule.target_shape(source.shape)
    target = net.add(Population(name, made, model))
    net.connect(source, target, rule, Delta(weight=1.0, delay=0.0))
    return target


def _drawn(net: Network, projection: str, shape: tuple[int, ...], gain: float) -> np.ndarray:
    key = stream_key(net.seed, projection, "initial weights")
    lot = np.asarray(uniform(key, np.arange(int(np.prod(shape)), dtype=np.uint64)))
    bound = gain / np.sqrt(np.prod(shape[1:]))
    return (2.0 * lot.reshape(shape) - 1.0) * bound
