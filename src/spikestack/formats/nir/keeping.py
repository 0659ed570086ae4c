"""A whole description in the metadata of a graph, for what NIR has no nodes for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from ...errors import FileFormatError, SpikestackError, ValidationError
from ...network.files import network_of, plain_with_arrays
from ...network.network import Network
from ...storage import plain_data
from .building import Built, Shown
from .graph import Graph

__all__ = ["digest", "keep", "restored"]

#: What our keys in metadata begin with.
_OWN = "spikestack/"
KEPT = f"{_OWN}description"


def keep(graph: Graph, network: Network, ends: dict[str, Any]) -> None:
    """Put a description, and where its ends are, into the metadata of a graph."""
    header, arrays = plain_with_arrays(network)
    said = {"network": plain_data(header, "network"), "ends": ends, "graph": digest(graph)}
    graph.metadata[KEPT] = json.dumps(said)
    for name, array in arrays.items():
        graph.metadata[f"{_OWN}arrays/{name}"] = np.array(array)


def restored(graph: Graph) -> Built | None:
    """The description in the metadata of a graph; None if there is none.

    Raises
    ------
    FileFormatError
        If it is damaged.
    ValidationError
        If nodes or edges have been changed since: the description is then of another network.
    """
    text = graph.metadata.get(KEPT)
    if text is None:
        return None
    start = f"{_OWN}arrays/"
    arrays = {k.removeprefix(start): v for k, v in graph.metadata.items() if k.startswith(start)}
    try:
        said = json.loads(text)
        network = network_of(said["network"], {k: np.asarray(v) for k, v in arrays.items()})
        same, made = said["graph"] == digest(graph), _built(network, said["ends"])
    except SpikestackError as error:
        raise FileFormatError(f"{KEPT}: describes an impossible network: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise FileFormatError(f"{KEPT}: damaged: {type(error).__name__}: {error}") from error
    if not same:
        raise ValidationError("read, metadata", "the graph was changed after it was written",
                              "the description of the same graph",
                              "pass metadata=False to read the nodes")  # fmt: skip
    return made


def _built(network: Network, ends: dict[str, Any]) -> Built:
    """A description with its ends; what outputs need is recorded in a copy."""
    copy = network_of(*plain_with_arrays(network))
    made = Built(network, runnable=copy)
    for name in ends["inputs"].values():
        made.inputs[name] = network.drives[name].target.shape
    recorded = {(p.target.population.name, p.variable) for p in copy.probes if p.target.is_whole}
    for end, name in ends["outputs"].items():
        population = copy[name]
        variable = "spikes" if population.model.threshold else "v"
        if (name, variable) not in recorded:
            copy.record(population, variable)
        made.outputs[end] = Shown(name, variable, population.shape)
    return made


def digest(graph: Graph) -> str:
    """A hash of nodes and edges, whatever the metadata."""
    made = hashlib.sha256()
    for name in sorted(graph.nodes):
        node = graph.nodes[name]
        made.update(f"{name}\0{node.type}\0".encode())
        for key in sorted(node.fields):
            value = node.fields[key]
            if isinstance(value, Graph):
                made.update(digest(value).encode())
                continue
            array = np.asarray(value)
            said = value if array.dtype.kind in "US" else array.astype(np.float64).tobytes()
            made.update(f"{key}{array.shape}".encode())
            made.update(said if isinstance(said, bytes) else str(said).encode())
    made.update(repr(sorted(graph.edges)).encode())
    return made.hexdigest()
