"""Graphs within graphs as one flat graph, and the shapes of all signals in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ValidationError
from .dialects import Dialect
from .graph import LINEAR, NEURONS, Graph, Node
from .maps import Map, map_of

__all__ = ["SAME", "Flat", "flattened"]

#: Type of the inputs and outputs of inner graphs: they pass on what arrives.
SAME = "Same"
Shape = tuple[int, ...]


class Flat:
    """A flat graph with shapes.

    Attributes
    ----------
    graph
        Without graphs inside; neurons' parameters are of the neurons' shape.
    shapes
        Of every node's output.
    maps
        Of every linear node.
    """

    def __init__(self, graph: Graph, dialect: Dialect) -> None:
        self.graph, self.channels_last = graph, dialect.channels_last
        self.shapes: dict[str, Shape] = {}
        self.maps: dict[str, Map] = {}
        for name, node in graph.nodes.items():
            shape = _own_shape(node)
            if shape is not None:
                self.shapes[name] = shape
        self._spread()
        self._check()

    def arriving(self, name: str) -> Shape | None:
        """The shape of what arrives at a node, None if nothing does or nothing is known.

        Raises
        ------
        ValidationError
            If two signals of different shapes do.
        """
        known = [(a, self.shapes[a]) for a in self.graph.before(name) if a in self.shapes]
        for other, shape in known[1:]:
            if shape != known[0][1]:
                raise ValidationError(
                    f"NIR graph, node {name!r}",
                    f"{known[0][0]!r} brings shape {known[0][1]}, {other!r} {shape}",
                    "signals of one shape, which are added",
                )  # fmt: skip
        return known[0][1] if known else None

    def _spread(self) -> None:
        """Shapes go along the edges, until no more are found."""
        todo = list(self.graph.nodes)
        while todo:
            left = [name for name in todo if not self._settle(name)]
            if len(left) == len(todo):
                break
            todo = left

    def _settle(self, name: str) -> bool:
        node, shape = self.graph.nodes[name], self.arriving(name)
        if name in self.shapes:
            return True
        if shape is None:
            return False
        if node.type in LINEAR:
            where = f"NIR graph, node {name!r} ({node.type})"
            self.maps[name] = map_of(node, shape, where, self.channels_last)
            shape = self.maps[name].after
        self.shapes[name] = shape
        return True

    def _check(self) -> None:
        for name, node in self.graph.nodes.items():
            where = f"NIR graph, node {name!r} ({node.type})"
            if name not in self.shapes:
                rule = "an Input before it, or parameters of the full shape"
                raise ValidationError(where, "its shape follows from nothing", rule)
            arriving = self.arriving(name)
            wanted = self.maps[name].before if name in self.maps else self.shapes[name]
            if arriving is not None and node.type != "Input" and arriving != wanted:
                raise ValidationError(where, f"what arrives has shape {arriving}", f"{wanted}")
            if node.type == "Input" and arriving is not None:
                raise ValidationError(where, "something arrives at it", "an Input begins a graph")
            if node.type in (*NEURONS, "Delay"):
                shape = self.shapes[name]
                for key, value in node.fields.items():
                    flat = value.reshape(()) if value.size == 1 else value
                    node.fields[key] = np.array(np.broadcast_to(flat, shape))


def _own_shape(node: Node) -> Shape | None:
    """The shape that a node has by itself."""
    if node.type in ("Input", "Output", SAME):
        return tuple(node["shape"]) if node["shape"] is not None else None
    if node.type in (*NEURONS, "Delay"):
        shape = np.shape(next(iter(node.fields.values())))
        return shape if np.prod(shape) > 1 else None
    return None


def flattened(graph: Graph, dialect: Dialect) -> Flat:
    """Bring the nodes of inner graphs to the top, under the name ``"outer/inner"``.

    Parameters
    ----------
    graph
        Checked.
    dialect
        Of the tool that wrote it.

    Raises
    ------
    ValidationError
        If an inner graph has not one input and one output, or shapes do not fit.
    """
    made = Graph(metadata=graph.metadata)
    _unfold(graph, "", made, dialect)
    for name, node in made.nodes.items():
        if node.type in NEURONS and not made.before(name) and np.size(_any(node)) == 1:
            node.fields.update({k: v.reshape(v.shape or (1,)) for k, v in node.fields.items()})
    return Flat(made, dialect)


def _any(node: Node) -> Any:
    return next(iter(node.fields.values()))


def _unfold(graph: Graph, start: str, made: Graph, dialect: Dialect) -> None:
    inputs, outputs = {}, {}
    for name, node in graph.nodes.items():
        full = start + name
        if node.type == "NIRGraph":
            _unfold(node["graph"], f"{full}/", made, dialect)
            inner = node["graph"]
            for kind, names in (("Input", inputs), ("Output", outputs)):
                found = inner.named((kind,))
                if len(found) != 1:
                    raise ValidationError(
                        f"NIR graph, node {full!r} (NIRGraph)", f"has {len(found)} {kind} nodes",
                        "one Input and one Output, as edges name the graph alone",
                    )  # fmt: skip
                names[full] = f"{full}/{found[0]}"
            continue
        if full in made.nodes:
            raise ValidationError("NIR graph", f"two nodes come to be called {full!r}", "one each")
        ends = node.type in ("Input", "Output") and bool(start)
        fields = dict(node.fields)
        if dialect.batch_axes and fields.get("shape"):
            fields["shape"] = _without_ones(fields["shape"])
        made.nodes[full] = Node(SAME if ends else node.type, fields, node.metadata)
    for before, after in _led(graph) if dialect.input_to_loop and start else graph.edges:
        a, b = start + before, start + after
        made.edges.append((outputs.get(a, a), inputs.get(b, b)))


def _without_ones(shape: Shape) -> Shape:
    """Without axes of length 1 before the others."""
    first = next((k for k, n in enumerate(shape) if n > 1), len(shape) - 1)
    return shape[first:]


def _led(graph: Graph) -> list[tuple[str, str]]:
    """Edges of a recurrent layer, with the input led to its neurons instead of to ``w_rec``."""
    inputs, neurons = graph.named(("Input",)), graph.named(NEURONS)
    if len(inputs) != 1 or len(neurons) != 1:
        return graph.edges
    return [
        (a, neurons[0]) if a == inputs[0] and graph.nodes[b].type in LINEAR else (a, b)
        for a, b in graph.edges
    ]
