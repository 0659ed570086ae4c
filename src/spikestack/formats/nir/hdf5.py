"""NIR graphs in HDF5 files, read without trusting them and written whole or not at all."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, MissingExtraError, SpikestackError, ValidationError
from ...sensors.files.hdf5_files import MAGIC, library, opened
from ..whole import replacing
from .graph import FIELDS, Graph, Node, checked

__all__ = ["nir_library", "read_graph", "write_graph"]

#: How much larger than what is stored of it an array may be: 1,032 is the most that deflate can do.
_RATIO = 1100
#: Graphs within graphs go no deeper, and no file has more nodes.
_DEEPEST, _MOST_NODES = 20, 100_000
#: What follows from the other fields.
_DERIVED = ("input_type", "output_type")


def nir_library() -> Any:
    """The module `nir`.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        return importlib.import_module("nir")
    except ImportError:
        raise MissingExtraError("Writing NIR", "nir") from None


def read_graph(path: str | os.PathLike[str]) -> Graph:
    """Read a file, checked.

    Raises
    ------
    FileNotFoundError
        If there is none.
    FileFormatError
        If it is damaged, cut short, or no NIR file. Nothing in it is executed, links to other
        places are refused, and sizes are checked before any memory is taken.
    ValidationError
        If the graph in it cannot be meant.
    """
    with open(path, "rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise FileFormatError(f"{path}: no HDF5 file, which NIR is kept in")
        try:
            with opened(stream) as data:
                graph = _Reader(os.fstat(stream.fileno()).st_size).top(data)
        except FileFormatError as error:
            raise FileFormatError(f"{path}: {error}") from error
    return checked(graph, f"{path}")


class _Reader:
    """Walks through the groups of a file."""

    def __init__(self, size: int) -> None:
        self.size, self.h5py, self.nodes = size, library(), 0

    def top(self, data: Any) -> Graph:
        node = self._child(data, "node")
        if node is None or self._text(node, "type") != "NIRGraph":
            raise FileFormatError("HDF5, but no NIR graph: it lacks 'node' of type 'NIRGraph'")
        return self.graph(node, 0)

    def graph(self, group: Any, depth: int) -> Graph:
        if depth > _DEEPEST:
            raise FileFormatError(f"graphs within graphs, more than {_DEEPEST} deep")
        nodes = self._child(group, "nodes")
        if not isinstance(nodes, self.h5py.Group):
            raise FileFormatError(f"{group.name!r} has no nodes")
        made = Graph(metadata=self._metadata(group))
        for name in nodes:
            self.nodes += 1
            if self.nodes > _MOST_NODES:
                raise FileFormatError(f"more than {_MOST_NODES} nodes")
            made.nodes[str(name)] = self._node(self._child(nodes, name), depth)
        made.edges = self._edges(group)
        return made

    def _node(self, group: Any, depth: int) -> Node:
        if not isinstance(group, self.h5py.Group):
            raise FileFormatError("a node that is no group")
        kind = self._text(group, "type")
        if kind == "NIRGraph":
            return Node(kind, {"graph": self.graph(group, depth + 1)})
        said = {"type", "metadata", *_DERIVED}.difference(FIELDS.get(kind, {}))
        fields = {str(k): self._value(self._child(group, k)) for k in group if k not in said}
        return Node(kind, fields, self._metadata(group))

    def _edges(self, group: Any) -> list[tuple[str, str]]:
        found = self._child(group, "edges")
        if found is None:
            raise FileFormatError(f"{group.name!r} has no edges")
        if isinstance(found, self.h5py.Dataset) and found.size == 0:
            return []
        array = self._value(found)
        if not isinstance(array, np.ndarray) or array.ndim != 2 or array.shape[1] != 2:
            raise FileFormatError(f"the edges of {group.name!r} are no pairs of names")
        return [(_decoded(a), _decoded(b)) for a, b in array]

    def _metadata(self, group: Any) -> dict[str, Any]:
        found = self._child(group, "metadata")
        if not isinstance(found, self.h5py.Group):
            return {}
        made: dict[str, Any] = {}
        self._collect(found, "", made, 0)
        return made

    def _collect(self, group: Any, start: str, made: dict[str, Any], depth: int) -> None:
        """Keys with a slash are groups within groups."""
        if depth > _DEEPEST:
            raise FileFormatError(f"groups within groups, more than {_DEEPEST} deep")
        for key in group:
            child = self._child(group, key)
            if isinstance(child, self.h5py.Group):
                self._collect(child, f"{start}{key}/", made, depth + 1)
            else:
                made[f"{start}{key}"] = self._value(child)

    def _child(self, group: Any, name: str) -> Any:
        link = group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, self.h5py.HardLink):
            raise FileFormatError(f"{group.name!r} links {name!r} to another place")
        return group[name]

    def _text(self, group: Any, name: str) -> str:
        found = self._child(group, name)
        value = None if found is None else self._value(found)
        if not isinstance(value, str):
            raise FileFormatError(f"{group.name!r} has no {name}")
        return value

    def _value(self, found: Any) -> Any:
        if not isinstance(found, self.h5py.Dataset):
            raise FileFormatError("a group where an array is expected")
        if found.external or found.is_virtual:
            raise FileFormatError(f"{found.name!r} is kept in another file")
        if found.shape is None:
            return None
        stored = min(found.id.get_storage_size(), self.size)
        held = float(np.prod([float(n) for n in found.shape])) * found.dtype.itemsize
        chunk = float(np.prod([float(n) for n in found.chunks or (1,)])) * found.dtype.itemsize
        if max(held, chunk) > 65536 + _RATIO * stored:
            told = f"says it has shape {found.shape}, in {stored} bytes"
            raise FileFormatError(f"{found.name!r} {told}")
        value = found[()]
        if isinstance(value, bytes | str):
            return _decoded(value)
        if np.asarray(value).dtype.kind not in "iufbSOU":
            raise FileFormatError(f"{found.name!r} is {found.dtype}")
        return value


def _decoded(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, str):
        return str(value)
    raise FileFormatError("a name that is no text")


def write_graph(graph: Any, path: str | os.PathLike[str]) -> Path:
    """Write a `nir.NIRGraph`, whole or not at all.

    Parameters
    ----------
    graph
        Of the library `nir`.
    path
        Where to; an existing file is replaced.
    """
    try:
        with replacing(path) as beside:
            nir_library().write(str(beside), graph)
    except SpikestackError:
        raise
    except (TypeError, ValueError, KeyError) as error:
        rule = "names and values that NIR can keep"
        raise ValidationError(f"write {path}", f"{error}"[:200], rule) from error
    return Path(os.path.realpath(path))
