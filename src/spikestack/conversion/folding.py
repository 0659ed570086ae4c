"""A graph made simpler without changing what it computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import ValidationError
from .graph import Graph, Node

__all__ = ["folded", "is_rectified"]


def folded(graph: Graph) -> Graph:
    """Fold gains (batch norm) into the weights before them, and rectify before pooling.

    Raises
    ------
    ValidationError
        If values are pooled for their greatest that may be below 0: a rate cannot be.
    """
    graph = _without_softmax(graph)
    while (shorter := _fold_gain(graph) or _gain_first(graph) or _swap_greatest(graph)) is not None:
        graph = shorter
    for node in graph.nodes.values():
        if node.kind == "greatest" and not is_rectified(graph, node.inputs[0]):
            raise ValidationError(
                f"convert, {node.name!r}",
                "max pooling of values that may be negative",
                "max pooling before or after a ReLU",
                "put the ReLU next to it, or use average pooling",
            )
    return graph


def _without_softmax(graph: Graph) -> Graph:
    """Leave it out at the output, where it changes no order."""
    last = graph[graph.output]
    if last.kind == "softmax":
        notes = (*graph.notes, f"{last.name!r} left out: it does not change which is greatest")
        graph = Graph(graph.nodes.values(), last.inputs[0], notes)
    for node in graph.nodes.values():
        if node.kind == "softmax":
            raise ValidationError(
                f"convert, {node.name!r}", "softmax has no spiking counterpart", "",
                "use it at the output only, where it is left out",
            )  # fmt: skip
    return graph


def _fold_gain(graph: Graph) -> Graph | None:
    for node in graph.nodes.values():
        if node.kind != "affine":
            continue
        before = graph[node.inputs[0]]
        if before.kind in ("linear", "convolution") and len(graph.readers(before.name)) == 1:
            gain, bias = node["gain"], node["bias"]
            if before.kind == "linear" and len(before.shape) != 1:
                continue
            weight = before["weight"] * gain.reshape(-1, *[1] * (before["weight"].ndim - 1))
            old = np.zeros(len(weight)) if before["bias"] is None else before["bias"]
            merged = replace(
                before, settings={**before.settings, "weight": weight, "bias": old * gain + bias}
            )
            return graph.changed(merged, without={node.name: before.name})
    return None


def _gain_first(graph: Graph) -> Graph | None:
    """max(a x + b) for a max(x) + b, which is the same where a is above 0, as of batch norm."""
    for node in graph.nodes.values():
        before = graph[node.inputs[0]] if node.inputs else node
        if node.kind != "affine" or before.kind != "greatest" or not (node["gain"] > 0).all():
            continue
        if len(graph.readers(before.name)) > 1 or before.name == graph.output:
            continue
        source = graph[before.inputs[0]]
        if not is_rectified(graph, source.name):
            return _swapped(graph, before, node)
    return None


def _swap_greatest(graph: Graph) -> Graph | None:
    """max(relu(x)) for relu(max(x)), which is the same."""
    for node in graph.nodes.values():
        if node.kind != "greatest" or is_rectified(graph, node.inputs[0]):
            continue
        readers = graph.readers(node.name)
        if len(readers) != 1 or readers[0].kind != "rectify":
            continue
        return _swapped(graph, node, readers[0])
    return None


def _swapped(graph: Graph, greatest: Node, after: Node) -> Graph:
    """What follows the maximum, and is the only one to read it, comes before it."""
    source = graph[greatest.inputs[0]]
    first = Node(after.name, after.kind, (source.name,), source.shape, dict(after.settings))
    second = replace(greatest, inputs=(after.name,))
    # Whatever read what followed now reads the maximum.
    others = [
        replace(n, inputs=tuple(greatest.name if i == after.name else i for i in n.inputs))
        for n in graph.nodes.values()
        if after.name in n.inputs
    ]
    nodes = {n.name: n for n in graph.nodes.values()}
    nodes |= {n.name: n for n in (*others, first, second)}
    output = greatest.name if graph.output == after.name else graph.output
    return Graph(nodes.values(), output, graph.notes)


def is_rectified(graph: Graph, name: str) -> bool:
    """Whether a node's values are never below 0, whatever the input."""
    node = graph[name]
    if node.kind == "rectify":
        return True
    if node.kind in ("average", "greatest", "reshape", "add", "join"):
        return all(is_rectified(graph, i) for i in node.inputs)
    return False
