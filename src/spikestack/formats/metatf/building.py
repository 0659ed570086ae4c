"""Layers of Akida 1.0 as a description in the chip's own numbers."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ...chips.neurons.akida import AkidaPotential, padded, pooled
from ...chips.neurons.frames import FrameSource, RequantisedReadout, RequantisingNeuron
from ...network.external import ExternalSpikes
from ...network.network import Network
from ...network.population import Population
from ...network.rules import Convolution, Dense, FromArrays
from ...neurons.base import NeuronModel
from ...synapses.delta import Delta
from .geometry import Axis, Layer

__all__ = ["SOURCE", "network_of_layers"]

#: Names of the source of images, where no layer has it, and of the drive.
SOURCE, DRIVE = "input", "events"


def network_of_layers(layers: list[Layer], seed: int) -> Network:
    """The description; all layers are recorded."""
    net = Network(seed=seed)
    first = layers[0]
    data = first.kind == "InputData"
    most = 2.0**first.bits - 1 if data else 255.0
    name = first.name if data else SOURCE
    before = net.add(Population(name, first.reads, FrameSource(most=most)))
    net.drive(before, ExternalSpikes(weight=1.0, most=most), name=DRIVE)
    for layer in layers[data:]:
        before = _add(net, before, layer)
    return net


def _add(net: Network, before: Population, layer: Layer) -> Population:
    here = net.add(Population(layer.name, layer.sends, _model(layer)))
    for k, place in enumerate(["", *"bcdefghi"][: layer.places]):
        synapse = Delta(weight=1.0, delay=0.0, compartment=place) if place else Delta(
            weight=1.0, delay=0.0
        )  # fmt: skip
        name = f"{before.name}->{layer.name}" + (f" {place}" if place else "")
        if not layer.axes:
            net.connect(before, here, Dense(layer.weights.astype(float)), synapse, name=name)  # type: ignore[union-attr]
        elif layer.places == 1 and not layer.mean:
            net.connect(before, here, _shared(layer), synapse, name=name)
        else:
            pre, post, weight = _edges(layer, k)
            synapse = Delta(weight=weight, delay=0.0, **({"compartment": place} if place else {}))
            net.connect(before, here, FromArrays(pre, post), synapse, name=name)
    net.record(here, "spikes" if layer.bits else "v")
    return here


def _model(layer: Layer) -> NeuronModel:
    channels = layer.sends[0]
    each = int(np.prod(layer.sends)) // channels
    around = _around(layer)
    if layer.gain is not None:
        return _requantising(layer, each, around)
    if not layer.bits:
        return AkidaPotential() if around is None else padded(0)(around=around[0])
    assert layer.threshold is not None and layer.width is not None
    values: dict[str, Any] = {
        "theta": np.repeat(layer.threshold, each), "width": np.repeat(layer.width, each),
        "most": 2.0**layer.bits - 1,
    }  # fmt: skip
    if around is None:
        return pooled(layer.places)(**values)
    names = ["around", *(f"around_{n}" for n in "bcdefghi")]
    values |= dict(zip(names, around, strict=False))
    return padded(layer.places)(**values)


def _requantising(layer: Layer, each: int, around: list[np.ndarray] | None) -> NeuronModel:
    assert layer.gain is not None and layer.bias is not None
    bias = np.repeat(layer.bias, each) + (around[0] if around else 0.0)
    gain = np.repeat(layer.gain, each)
    if layer.most is None:
        return RequantisedReadout(bias=bias, gain=gain)
    return RequantisingNeuron(bias=bias, gain=gain, most=np.repeat(layer.most, each))


def _shared(layer: Layer) -> Convolution:
    """A kernel with zeros at its near sides, so that as much stands before a map as behind."""
    assert layer.weights is not None
    near, both = [], []
    for axis in layer.axes:
        behind = max(_reach(axis) - axis.sources, 0)
        both.append(max(axis.before, behind))
        near.append(both[-1] - axis.before)
    kernel = np.pad(layer.weights, ((0, 0), (0, 0), (near[0], 0), (near[1], 0)))
    stride = tuple(axis.stride for axis in layer.axes)
    return Convolution(kernel.astype(float), stride=stride, padding=tuple(both))


def _reach(axis: Axis) -> int:
    return (axis.positions - 1) * axis.stride + axis.kernel - axis.before


def _taps(layer: Layer, place: int) -> list[tuple[int, int, np.ndarray, np.ndarray]]:
    """Of each tap of the kernel: which x and y the positions of a place read; -1 outside."""
    if layer.mean:
        seen = [np.arange(axis.positions) for axis in layer.axes]
    else:
        rows, columns = divmod(place, layer.axes[1].window)
        seen = [layer.axes[0].seen(rows), layer.axes[1].seen(columns)]
    found = []
    for taps in product(*(range(axis.kernel) for axis in layer.axes)):
        at = []
        for axis, tap, positions in zip(layer.axes, taps, seen, strict=True):
            reads = positions * axis.stride - axis.before + tap
            at.append(np.where((reads >= 0) & (reads < axis.sources), reads, -1))
        found.append((*taps, *at))
    return found  # type: ignore[return-value]


def _edges(layer: Layer, place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sources, targets and weights of one place of a layer's windows."""
    assert layer.weights is not None
    _, width, height = layer.reads
    none = np.zeros(0, np.int64)
    parts = [(none, none, np.zeros(0))]
    for a, b, xs, ys in _taps(layer, place):
        inside = (xs[:, None] >= 0) & (ys[None, :] >= 0)
        source = (xs[:, None] * height + ys[None, :])[inside]
        target = np.zeros(len(source), np.int64) if layer.mean else np.flatnonzero(inside)
        size = 1 if layer.mean else inside.size
        for f, c in zip(*np.nonzero(layer.weights[:, :, a, b]), strict=True):
            weight = float(layer.weights[f, c, a, b])
            parts.append((source + c * width * height, target + f * size,
                          np.full(len(source), weight)))  # fmt: skip
    pre, post, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return pre, post, weights


def _around(layer: Layer) -> list[np.ndarray] | None:
    """By place, what the values around an image add to each neuron."""
    if layer.outside is None or not layer.outside.any():
        return None
    assert layer.weights is not None
    found = []
    for place in range(layer.places):
        total = np.zeros(layer.sends if not layer.mean else layer.sends[:1])
        for a, b, xs, ys in _taps(layer, place):
            beyond = (xs[:, None] < 0) | (ys[None, :] < 0)
            added = layer.weights[:, :, a, b] @ layer.outside.astype(float)
            total += added * beyond.sum() if layer.mean else added[:, None, None] * beyond
        found.append(total.ravel())
    return found if any(part.any() for part in found) else None
