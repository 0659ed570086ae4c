"""Projections as ONNX operators: sums of whole quanta, exact whatever their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...network.links import Projection
from ...network.rules import Convolution
from ...program.edge_list import EdgeList, edge_list
from ...program.program import EdgeProgram
from .graph import Graph

__all__ = ["Sent", "delivered"]

#: Shares of all pairs from which on a projection is a matrix, and delays that it may have then.
_DENSE, _DELAYS = 0.2, 4
#: Whole numbers that single precision holds, and the low part of a quantum in a convolution.
_EXACT, _LOW = 2.0**24, 4096


@dataclass
class Sent:
    """What a population sends.

    Attributes
    ----------
    size
        Of the population.
    kind
        ``"none"``, ``"int"`` or ``"float"``: what its spikes carry.
    most
        The greatest that they carry.
    now
        Of this step, float64 (batch, size); empty before it is known.
    history
        Of steps before, float64 (batch, steps, size), the last first; empty if none is kept.
    """

    size: int
    kind: str
    most: float
    now: str = ""
    history: str = ""

    def at(self, graph: Graph, delay: int) -> str:
        """What was sent `delay` steps ago, float64 (batch, size)."""
        if not delay:
            return self.now
        return graph.op("Gather", self.history, graph.constant(delay - 1, np.int64), axis=1)


def delivered(
    graph: Graph, edge: EdgeProgram, projection: Projection, sent: Sent, size: int
) -> str | None:
    """Quanta that arrive now at the `size` targets, float64 (batch, size); None if none ever do."""
    edges = edge_list(edge)
    if not len(edges.pre):
        return None
    delays = np.unique(edges.delays)
    if sent.kind != "float" and len(delays) == 1:
        kernel = _kernel(edge, projection, edges, sent)
        if kernel is not None:
            return _convolved(graph, kernel, projection, sent.at(graph, int(delays[0])))
    dense = len(edges.pre) >= _DENSE * sent.size * size and len(delays) <= _DELAYS
    if not dense:
        return _scattered(graph, edges, sent, size)
    parts = [_multiplied(graph, edges, int(d), sent, size) for d in delays]
    return graph.op("Sum", *parts) if len(parts) > 1 else parts[0]


def _quanta(graph: Graph, weights: np.ndarray) -> str:
    """Whole numbers as float64, stored as short as they are."""
    return graph.cast(graph.constant(weights, np.min_scalar_type(-int(np.abs(weights).max()) - 1)),
                      np.float64)  # fmt: skip


def _multiplied(graph: Graph, edges: EdgeList, delay: int, sent: Sent, size: int) -> str:
    mine = edges.delays == delay
    matrix = np.zeros((sent.size, size), np.int64)
    np.add.at(matrix, (edges.pre[mine], edges.post[mine]), edges.weights[mine])
    given, weights = sent.at(graph, delay), _quanta(graph, matrix)
    if sent.kind != "float":
        return graph.op("MatMul", given, weights)
    # Each product is rounded to quanta before it is added, as engines do it.
    column = graph.op("Unsqueeze", given, graph.constant([2], np.int64))
    products = graph.op("Round", graph.op("Mul", column, weights))
    return graph.op("ReduceSum", products, graph.constant([1], np.int64), keepdims=0)


def _scattered(graph: Graph, edges: EdgeList, sent: Sent, size: int) -> str:
    delays = edges.delays
    first = int(delays.min() > 0)
    parts = [] if first else [graph.op("Unsqueeze", sent.now, graph.constant([1], np.int64))]
    parts += [sent.history] if delays.max() > 0 else []
    past = graph.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    flat = graph.op("Reshape", past, graph.constant([0, -1], np.int64))
    places = graph.constant((delays - first) * sent.size + edges.pre, np.int64)
    products = graph.op(
        "Mul", graph.op("Gather", flat, places, axis=1), _quanta(graph, edges.weights)
    )
    if sent.kind == "float":
        products = graph.op("Round", products)
    targets = graph.spread(graph.constant(edges.post, np.int64), [len(edges.post)])
    nothing = graph.spread(graph.constant(0.0, np.float64), [size])
    return graph.op("ScatterElements", nothing, targets, products, axis=1, reduction="add")


@dataclass(frozen=True)
class _Kernel:
    """A kernel in quanta, (out, in, height, width), and its rule."""

    quanta: np.ndarray
    rule: Convolution


def _kernel(
    edge: EdgeProgram, projection: Projection, edges: EdgeList, sent: Sent
) -> _Kernel | None:
    """The kernel if all edges are those of one, and sums are exact in single precision."""
    rule: Any = projection.rule
    plain = isinstance(projection.synapse.weight, float | int)
    whole = projection.pre.is_whole and projection.post.is_whole
    if not (isinstance(rule, Convolution) and plain and whole):
        return None
    window = rule.both(rule.pool, 1)
    area = int(np.prod(window))
    shapes = projection.pre.population.shape, projection.post.population.shape
    each: Any = projection.synapse.weight
    weight = each * projection.synapse.unit_of_weight().scale
    quanta = np.rint(rule.stencil / area * weight / edge.quantum).astype(np.int64)
    again = Convolution(quanta.astype(float) * area, rule.both(rule.stride, 1),
                        rule.both(rule.padding, 0), rule.groups, window)  # fmt: skip
    made = again.edges(rule.image(shapes[0]), shapes[1])
    order = np.argsort(made.pre, kind="stable")
    assert made.weights is not None
    same = np.array_equal(edges.post, made.post[order])
    if not same or not np.array_equal(edges.weights, np.rint(made.weights[order])):
        return None
    taps = quanta.reshape(len(quanta), -1)
    sums = [np.abs(part).sum(1).max(initial=0) for part in np.divmod(taps, _LOW)]
    return _Kernel(quanta, again) if max(sums) * sent.most * area < _EXACT else None


def _convolved(graph: Graph, kernel: _Kernel, projection: Projection, given: str) -> str:
    """Two convolutions in single precision, of high and low parts: every sum is exact."""
    rule = kernel.rule
    image = rule.image(projection.pre.population.shape)
    maps = graph.op("Reshape", given, graph.constant([0, *image], np.int64))
    single = graph.cast(maps, np.float32)
    window, (py, px) = list(rule.both(rule.pool, 1)), rule.both(rule.padding, 0)
    if window != [1, 1]:
        ones = graph.constant(np.ones((image[0], 1, *window)), np.float32)
        single = graph.op("Conv", single, ones, strides=window, group=image[0],
                          kernel_shape=window)  # fmt: skip
    found = []
    for part in np.divmod(kernel.quanta, _LOW):
        weights = graph.constant(part, np.float32)
        sums = graph.op(
            "Conv", single, weights, strides=list(rule.both(rule.stride, 1)), group=rule.groups,
            pads=[py, px, py, px], kernel_shape=list(part.shape[2:]),
        )  # fmt: skip
        found.append(graph.cast(sums, np.float64))
    high = graph.op("Mul", found[0], graph.constant(float(_LOW), np.float64))
    return graph.op("Reshape", graph.op("Add", high, found[1]), graph.constant([0, -1], np.int64))
