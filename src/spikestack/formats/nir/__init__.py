"""NIR, the Neuromorphic Intermediate Representation: networks of other tools, read and written.

``model = read("net.nir", dt=1.0)`` or ``read("net.nir", dialect="snntorch")``; then
``model.network`` is an ordinary description and ``model.run(x)`` runs it.
``write(net, path, dt=1.0)`` writes one.
"""

from __future__ import annotations

from .dialects import DIALECTS, Dialect
from .graph import Graph, Node
from .model import Model, Run
from .reading import from_graph, read
from .writing import to_graph, write

__all__ = [
    "DIALECTS",
    "Dialect",
    "Graph",
    "Model",
    "Node",
    "Run",
    "from_graph",
    "read",
    "to_graph",
    "write",
]
