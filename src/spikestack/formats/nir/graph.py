"""NIR graphs as plain data: nodes with their fields, and edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten

__all__ = ["FIELDS", "LINEAR", "NEURONS", "Graph", "Node", "checked"]

#: Node type -> its fields and what they hold; a `?` marks those that files may lack.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "Input": {"shape": "shape"},
    "Output": {"shape": "shape?"},
    "NIRGraph": {},
    "Affine": {"weight": "weight", "bias": "array"},
    "Linear": {"weight": "weight"},
    "Scale": {"scale": "array"},
    "Conv1d": {
        "input_shape": "shape?", "weight": "weight", "stride": "sides", "padding": "padding",
        "dilation": "sides", "groups": "count", "bias": "array",
    },
    "Conv2d": {
        "input_shape": "shape?", "weight": "weight", "stride": "sides", "padding": "padding",
        "dilation": "sides", "groups": "count", "bias": "array",
    },
    "SumPool2d": {"kernel_size": "sides", "stride": "sides", "padding": "padding"},
    "AvgPool2d": {"kernel_size": "sides", "stride": "sides", "padding": "padding"},
    "Flatten": {"input_type": "shape?", "start_dim": "index?", "end_dim": "index?"},
    "Delay": {"delay": "neurons"},
    "Threshold": {"threshold": "neurons"},
    "I": {"r": "neurons"},
    "IF": {"r": "neurons", "v_threshold": "neurons", "v_reset": "neurons?"},
    "LI": {"tau": "neurons", "r": "neurons", "v_leak": "neurons"},
    "LIF": {
        "tau": "neurons", "r": "neurons", "v_leak": "neurons", "v_threshold": "neurons",
        "v_reset": "neurons?",
    },
    "CubaLI": {
        "tau_syn": "neurons", "tau_mem": "neurons", "r": "neurons", "v_leak": "neurons",
        "w_in": "neurons?",
    },
    "CubaLIF": {
        "tau_syn": "neurons", "tau_mem": "neurons", "r": "neurons", "v_leak": "neurons",
        "v_threshold": "neurons", "v_reset": "neurons?", "w_in": "neurons?",
    },
}  # fmt: skip
#: Types with a state or a threshold, which become populations.
NEURONS = ("Threshold", "I", "IF", "LI", "LIF", "CubaLI", "CubaLIF")
#: Types that map what arrives linearly, in the same step.
LINEAR = ("Affine", "Linear", "Scale", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Flatten")
#: What fields that a file lacks are, where that is no shape.
_DEFAULTS = {"v_reset": 0.0, "w_in": 1.0, "start_dim": 1, "end_dim": -1}
#: Fields that must be above 0.
_POSITIVE = ("tau", "tau_syn", "tau_mem")


@dataclass
class Node:
    """A node.

    Attributes
    ----------
    type
        One of `FIELDS`.
    fields
        By name: arrays, whole numbers, pairs, shapes; of a ``NIRGraph``, ``{"graph": Graph}``.
    metadata
        Free remarks.
    """

    type: str
    fields: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


@dataclass
class Graph:
    """Nodes by name, and edges: that the output of one node arrives at another.

    Attributes
    ----------
    nodes, edges
        See above.
    metadata
        Free remarks on the whole.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    def before(self, name: str) -> list[str]:
        """Nodes whose outputs arrive at a node, in the order of the edges."""
        return [a for a, b in self.edges if b == name]

    def after(self, name: str) -> list[str]:
        """Nodes at which the output of a node arrives."""
        return [b for a, b in self.edges if a == name]

    def named(self, kinds: Iterable[str]) -> list[str]:
        """Names of all nodes of some types."""
        wanted = tuple(kinds)
        return [name for name, node in self.nodes.items() if node.type in wanted]


def checked(graph: Graph, where: str = "NIR graph") -> Graph:
    """The graph with every field of a known type and form, missing ones filled in.

    Raises
    ------
    ValidationError
        If an edge is twice there or names a missing node, a field is missing or of a wrong form,
        or a node's parameters differ in shape.
    UnknownNameError
        If a node is of a type that NIR does not have.
    """
    seen = set()
    for edge in graph.edges:
        for end in edge:
            if end not in graph.nodes:
                told = f"{where}, edge {edge[0]!r} -> {edge[1]!r}"
                raise UnknownNameError(told, end, graph.nodes)
        if edge in seen:
            raise ValidationError(where, f"the edge {edge[0]!r} -> {edge[1]!r} is there twice",
                                  "each edge once")  # fmt: skip
        seen.add(edge)
    nodes = {name: _node(node, f"{where}, node {name!r}") for name, node in graph.nodes.items()}
    return Graph(nodes, list(graph.edges), dict(graph.metadata))


def _node(node: Node, where: str) -> Node:
    if node.type not in FIELDS:
        raise UnknownNameError(f"{where}, type", node.type, FIELDS)
    if node.type == "NIRGraph":
        inner = checked(node["graph"], where)
        return Node(node.type, {"graph": inner}, dict(node.metadata))
    where = f"{where} ({node.type})"
    unknown = set(node.fields) - set(FIELDS[node.type])
    if unknown:
        raise UnknownNameError(f"{where}, field", sorted(unknown)[0], FIELDS[node.type])
    made: dict[str, Any] = {}
    for name, kind in FIELDS[node.type].items():
        value = node.fields.get(name)
        if value is None:
            if not kind.endswith("?"):
                raise ValidationError(where, f"has no {name}", f"{', '.join(FIELDS[node.type])}")
            made[name] = _DEFAULTS.get(name)
            continue
        made[name] = _READERS[kind.rstrip("?")](value, f"{where}, {name}")
        if name in _POSITIVE and not (made[name] > 0).all():
            raise ValidationError(f"{where}, {name}", f"holds {made[name].min():g}", "above 0")
    if "neurons" in {k.rstrip("?") for k in FIELDS[node.type].values()}:
        _fill(made, where)
    return Node(node.type, made, dict(node.metadata))


def _fill(fields: dict[str, Any], where: str) -> None:
    """Give all parameters of neurons one shape; those of a single number have any."""
    shapes = {k: np.shape(v) for k, v in fields.items() if np.ndim(v)}
    distinct = set(shapes.values())
    if len(distinct) > 1 and (1,) in distinct:
        distinct -= {(1,)}
    if len(distinct) > 1:
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValidationError(where, f"parameters differ in shape: {told}", "one shape")
    shape = next(iter(distinct), ())
    kind = np.result_type(*(v for v in fields.values() if isinstance(v, np.ndarray)))
    for name, value in fields.items():
        array = np.asarray(value)
        flat = array.reshape(()) if array.size == 1 else array
        fields[name] = np.array(np.broadcast_to(flat, shape), dtype=kind)


def _numbers(value: Any, where: str, finite: bool = True) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "iufb" or not array.size:
        raise ValidationError(where, f"got {shorten(value)}", "an array of numbers")
    array = array if array.dtype.kind == "f" else array.astype(np.float64)
    bad = ~np.isfinite(array) if finite else np.isnan(array)
    if bad.any():
        raise ValidationError(where, f"holds {array[bad].ravel()[0]}", "finite numbers")
    return array


def _neurons(value: Any, where: str) -> np.ndarray:
    return _numbers(value, where, finite=not where.endswith((", tau", ", tau_mem", ", r")))


def _weight(value: Any, where: str) -> np.ndarray:
    array = _numbers(value, where)
    if array.ndim < 2:
        raise ValidationError(where, f"has shape {array.shape}", "at least 2 dimensions")
    return array


def _whole(value: Any, where: str) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "iu" or array.ndim > 1 or not array.size:
        raise ValidationError(where, f"got {shorten(value)}", "whole numbers")
    return array


def _shape(value: Any, where: str) -> tuple[int, ...]:
    if isinstance(value, Mapping):
        value = next(iter(value.values()), None)
    made = tuple(int(n) for n in np.atleast_1d(_whole(value, where)))
    if min(made) < 1 or np.prod([float(n) for n in made]) >= 2**31:
        raise ValidationError(where, f"got {made}", "lengths of at least 1, below 2**31 in all")
    return made


def _sides(value: Any, where: str) -> tuple[int, ...]:
    made = tuple(int(n) for n in np.atleast_1d(_whole(value, where)))
    if min(made) < 1 or len(made) > 2:
        raise ValidationError(where, f"got {made}", "a whole number of at least 1, or two of them")
    return made


def _padding(value: Any, where: str) -> str | tuple[int, ...]:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        if value not in ("same", "valid"):
            raise ValidationError(where, f"got {shorten(value)}", "numbers, 'same' or 'valid'")
        return value
    made = tuple(int(n) for n in np.atleast_1d(_whole(value, where)))
    if min(made) < 0 or len(made) > 2:
        raise ValidationError(where, f"got {made}", "a whole number of at least 0, or two of them")
    return made


def _index(value: Any, where: str) -> int:
    array = _whole(value, where)
    if array.size != 1:
        raise ValidationError(where, f"got {shorten(value)}", "one whole number")
    return int(array.reshape(()))


def _count(value: Any, where: str) -> int:
    made = _index(value, where)
    if made < 1:
        raise ValidationError(where, f"got {made}", "at least 1")
    return made


_READERS = {
    "array": _numbers, "neurons": _neurons, "weight": _weight, "shape": _shape, "sides": _sides,
    "padding": _padding, "index": _index, "count": _count,
}  # fmt: skip
