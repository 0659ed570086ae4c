"""Between our graphs and the objects of the library `nir`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from .graph import FIELDS, Graph, Node, checked
from .hdf5 import nir_library

__all__ = ["from_library", "to_library"]


def from_library(given: Any) -> Graph:
    """Take a `nir.NIRGraph`, of version 1.0.7 or later, as it is; nothing of it is changed.

    Raises
    ------
    UnknownNameError
        If a node is of a type that NIR does not have.
    ValidationError
        If the graph cannot be meant.
    """
    return checked(_graph(given, "NIR graph"), "NIR graph")


def _graph(given: Any, where: str) -> Graph:
    nodes, edges = getattr(given, "nodes", None), getattr(given, "edges", None)
    if not isinstance(nodes, dict) or not isinstance(edges, list | tuple | set):
        raise ValidationError(where, f"got {shorten(given)}", "a path, or a nir.NIRGraph")
    made = Graph(metadata=_metadata(given))
    for name, node in nodes.items():
        made.nodes[str(name)] = _node(node, f"{where}, node {name!r}")
    for edge in edges:
        if not isinstance(edge, tuple | list) or len(edge) != 2:
            raise ValidationError(where, f"the edge {shorten(edge)}", "a pair of names")
        made.edges.append((str(edge[0]), str(edge[1])))
    return made


def _node(node: Any, where: str) -> Node:
    kind = type(node).__name__
    if kind not in FIELDS:
        raise UnknownNameError(f"{where}, type", kind, FIELDS)
    if kind == "NIRGraph":
        return Node(kind, {"graph": _graph(node, where)}, _metadata(node))
    if kind in ("Input", "Output"):
        shape = getattr(node, "input_type", None) or {}
        return Node(kind, {"shape": next(iter(shape.values()), None)}, _metadata(node))
    fields = {name: _plain(getattr(node, name, None)) for name in FIELDS[kind]}
    return Node(kind, fields, _metadata(node))


def _plain(value: Any) -> Any:
    """Arrays of other libraries as those of NumPy."""
    if isinstance(value, dict):
        value = next(iter(value.values()), None)
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return value


def _metadata(given: Any) -> dict[str, Any]:
    found = getattr(given, "metadata", None)
    return _flat(found, "") if isinstance(found, dict) else {}


def _flat(given: dict[str, Any], start: str) -> dict[str, Any]:
    """The library reads keys with a slash as dicts within dicts."""
    made = {}
    for key, value in given.items():
        inner = _flat(value, f"{start}{key}/") if isinstance(value, dict) else None
        made |= {f"{start}{key}": value} if inner is None else inner
    return made


def to_library(graph: Graph) -> Any:
    """Make a `nir.NIRGraph`.

    Raises
    ------
    MissingExtraError
        If `nir` is not installed.
    """
    nir = nir_library()
    graph = checked(graph)
    nodes = {name: _library_node(nir, node) for name, node in graph.nodes.items()}
    return nir.NIRGraph(nodes, list(graph.edges), metadata=dict(graph.metadata), type_check=False)


def _library_node(nir: Any, node: Node) -> Any:
    if node.type == "NIRGraph":
        made = to_library(node["graph"])
        made.metadata = dict(node.metadata) or made.metadata
        return made
    more = {"metadata": dict(node.metadata)}
    if node.type in ("Input", "Output"):
        kind = node.type.lower()
        shape = node["shape"]
        return getattr(nir, node.type)({kind: None if shape is None else np.array(shape)}, **more)
    if node.type == "Flatten":
        shape = node["input_type"]
        given = {"input": None if shape is None else np.array(shape)}
        return nir.Flatten(given, node["start_dim"], node["end_dim"], **more)
    values = {name: _for_library(name, node[name], node.type) for name in FIELDS[node.type]}
    return getattr(nir, node.type)(**values, **more)


def _for_library(name: str, value: Any, kind: str) -> Any:
    """Pairs for images, single numbers for sequences."""
    if not isinstance(value, tuple):
        return value
    if kind == "Conv1d":
        return value[0]
    pair = value if len(value) == 2 else (value[0], value[0])
    return np.array(pair) if kind.endswith("Pool2d") else pair
