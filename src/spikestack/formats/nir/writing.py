"""Writing: a network becomes a NIR graph, or all that NIR cannot express is named at once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from ...network.external import ExternalSpikes
from ...network.files import network_of, plain_with_arrays
from ...network.network import Network
from ...synapses.base import Synapse
from ...units import magnitude, parse_unit
from ...version import __version__
from .cells import Cell, cell_of, read_dialects, target_dialect
from .dialects import DIALECTS, Dialect
from .graph import Graph, Node, checked
from .hdf5 import write_graph
from .keeping import keep
from .library import to_library
from .links import Link, link_of, shapes_of
from .model import Model
from .neurons import PLACE
from .times import Times

__all__ = ["to_graph", "write"]


def write(network: Network | Model, path: str | os.PathLike[str], **settings: Any) -> Path:
    """Write a network to a NIR file, whole or not at all.

    Parameters
    ----------
    network
        What to write, or a model that was read.
    path
        Where to; an existing file is replaced.
    settings
        As `to_graph` takes them: ``dt``, ``dialect``, ``outputs``, ``precision``, ``metadata``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValidationError
        If NIR cannot express something in it; the message names all that it cannot.
    MissingExtraError
        If the library `nir` is not installed.
    """
    return write_graph(to_library(to_graph(network, **settings)), path)


def to_graph(
    network: Network | Model,
    *,
    dt: Any = None,
    dialect: str | None = None,
    outputs: Sequence[str] | None = None,
    precision: str | None = None,
    metadata: bool = False,
) -> Graph:
    """Make a graph of a network.

    Parameters
    ----------
    network
        What to write, or a model that was read. It is not changed.
    dt
        The step in ms with which the network runs; that of a model unless given.
    dialect
        A tool that shall read the file: parameters are then such that its steps are those of the
        network. By default the file is for any reader that solves the equations, and metadata tell
        the step; what was read from NIR is written as it was.
    outputs
        Names of populations that are Outputs; by default those that project nowhere.
    precision
        ``"float32"`` or ``"float64"``, of all parameters; by default the former for a tool, and the
        latter else.
    metadata
        Whether to put the whole description into the metadata too, from which `read` restores it
        bit by bit. What NIR cannot express is then allowed, where the rest makes a graph: it is
        missing in the nodes.

    Returns
    -------
    Graph

    Raises
    ------
    ValidationError
        If NIR cannot express something; the message names all that it cannot.
    """
    net = network.network if isinstance(network, Model) else network
    if not isinstance(net, Network):
        raise ValidationError("write, network", f"got {shorten(net)}", "a Network or a Model")
    given = network.dt if dt is None and isinstance(network, Model) else dt
    if given is None:
        raise ValidationError("write, dt", "is not given", "the step in ms", "pass dt=1.0")
    step = magnitude(given, parse_unit("ms"), "write, dt")
    if not isinstance(step, float) or not 0 < step < float("inf"):
        raise ValidationError("write, dt", f"got {shorten(given)}", "above 0 ms")
    spoken = _dialect(net, dialect)
    unit = step if spoken.unit == "steps" else 1e3
    if spoken.name == "snntorch":
        # It counts in steps of its own, whatever a step stands for.
        unit = 1e3 * step / (spoken.dt or step)
    writer = _Writer(net, Times(step, unit), spoken, outputs, metadata)
    kind = precision or ("float32" if dialect else "float64")
    if kind not in ("float32", "float64"):
        raise UnknownNameError("write, precision", kind, ("float32", "float64"))
    return writer.written(np.dtype(kind))


def _dialect(net: Network, name: str | None) -> Dialect:
    """That which was asked for, or by which the neurons were read, or our own."""
    read = {p.name: read_dialects(p.model) for p in net.populations.values()}
    asked = [found for found in read.values() if found is not None]
    common = [d for d in asked[0] if all(d in other for other in asked)] if asked else []
    if name is not None:
        if name not in DIALECTS:
            raise UnknownNameError("write, dialect", name, (n for n in DIALECTS if n))
        fitting = [d for d in common if d.name == name]
        if asked and not fitting:
            tools = sorted({d.tool for found in asked for d in found})
            raise ValidationError("write, dialect", f"{name!r}, but neurons were read from "
                                  f"{', '.join(tools)}", "the dialect they have")  # fmt: skip
        return fitting[0] if fitting else target_dialect(name)
    if asked and not common:
        raise ValidationError("write", "neurons were read from files of several dialects", "one")
    own = [d for d in common if d.name == "spikestack"]
    return (own or common)[0] if asked else DIALECTS["spikestack"]


@dataclass
class _Offenders:
    """What NIR cannot express."""

    found: list[str] = field(default_factory=list)

    def add(self, where: str, error: ValidationError | str) -> None:
        text = error if isinstance(error, str) else f"{error.where} {error.problem}"
        self.found.append(f"{where}: {text}")

    def check(self) -> None:
        if self.found:
            raise ValidationError("write NIR", "; ".join(self.found), "NIR has no nodes for this",
                                  "change it, or pass metadata=True to keep it aside")  # fmt: skip


class _Writer:
    def __init__(
        self, net: Network, times: Times, dialect: Dialect, outputs: Any, metadata: bool
    ) -> None:
        self.net, self.times, self.dialect = net, times, dialect
        self.outputs, self.metadata = outputs, metadata
        self.wrong = _Offenders()
        self.graph = Graph()
        self.names: dict[str, str] = {}
        self.cells: dict[str, Cell] = {}

    def written(self, dtype: np.dtype) -> Graph:
        self._populations()
        self._others()
        links = self._links()
        self._biases(links)
        resets: set[str | None] = {c.reset for c in self.cells.values() if c.reset}
        if len(resets) > 1:
            self.wrong.add("populations", "some reset to a value, others subtract the threshold")
        if not self.metadata:
            self.wrong.check()
        self._put(links)
        ends = self._ends(links)
        self._hints(resets)
        for node in self.graph.nodes.values():
            if node.type == "Linear" and self.dialect.name in _AFFINE_ONLY:
                node.type = "Affine"
                node.fields["bias"] = np.zeros(node.fields["weight"].shape[-2])
            for key, value in node.fields.items():
                if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                    node.fields[key] = value.astype(dtype)
        self.graph = checked(self.graph, "write NIR")
        if self.metadata:
            keep(self.graph, self.net, ends)
            self.graph.metadata["spikestack/aside"] = "; ".join(self.wrong.found) or "nothing"
        return self.graph

    def _populations(self) -> None:
        """What every population is; those that cannot be are relays in the graph."""
        try:
            self.shapes = shapes_of(self.net)
        except ValidationError as error:
            self.wrong.add("network", error)
            self.wrong.check()
        for name, population in self.net.populations.items():
            receptors: dict[Any, Synapse] = {}
            ends = [p.synapse for p in self.net.projections.values()
                    if p.post.population is population]  # fmt: skip
            ends += [d.synapse for d in self.net.drives.values()
                     if d.target.population is population and d.synapse is not None]  # fmt: skip
            for synapse in ends:
                receptors.setdefault(synapse.receptor_key(), synapse)
            self.names[name] = self._free(name)
            try:
                self.cells[name] = cell_of(
                    population, list(receptors.values()), self.dialect, self.times
                )
            except ValidationError as error:
                self.wrong.add(f"population {name!r}", error)
                self.cells[name] = Cell(Node("Scale", {"scale": np.ones(population.size)}))

    def _others(self) -> None:
        """Drives and what changes projections."""
        for drive in self.net.drives.values():
            if not isinstance(drive.input, ExternalSpikes):
                told = f"{type(drive.input).__name__} is data, or noise"
                self.wrong.add(f"drive {drive.name!r}", told)
        for name, p in self.net.projections.items():
            if p.is_plastic:
                self.wrong.add(f"projection {name!r}", "is plastic")
            if p.realised_by is not None:
                self.wrong.add(f"projection {name!r}", "is realised by devices")
            if p.synapse.continuous:
                self.wrong.add(f"projection {name!r}", "is a gap junction")
            if p.synapse.compartment not in ("", PLACE):
                self.wrong.add(f"projection {name!r}", f"ends at {p.synapse.compartment!r}")

    def _links(self) -> list[Link]:
        made = []
        own = network_of(*plain_with_arrays(self.net))
        for name, projection in self.net.projections.items():
            cell = self.cells[projection.post.population.name]
            if cell.node is None:
                self.wrong.add(f"projection {name!r}", "ends at a population that is an Input")
                continue
            try:
                made.append(link_of(own, projection, cell, self.times, self.shapes))
            except ValidationError as error:
                self.wrong.add(f"projection {name!r}", error)
        return made

    def _biases(self, links: list[Link]) -> None:
        """What arrives in every step goes with the first matrix or convolution."""
        for name, cell in self.cells.items():
            if cell.bias is None:
                continue
            bias = cell.bias * cell.factor
            node = next((k.carrier for k in links if k.target == name and k.carrier), None)
            if node is not None and node.type == "Linear":
                node.type, node.fields["bias"] = "Affine", np.array(bias)
                continue
            channels = bias.reshape(self.shapes[name]) if node is not None else bias
            if node is None or (channels != channels[(slice(None), *(slice(0, 1) for _ in
                    channels.shape[1:]))]).any():  # fmt: skip
                self.wrong.add(f"population {name!r}", "a constant drive that no layer brings")
                continue
            node.fields["bias"] = channels.reshape(len(channels), -1)[:, 0].copy()

    def _put(self, links: list[Link]) -> None:
        for name, cell in self.cells.items():
            shape, node = self.shapes[name], cell.node
            if node is None:
                self.graph.nodes[self.names[name]] = Node("Input", {"shape": shape})
                continue
            fields = {k: np.asarray(v).reshape(shape) for k, v in node.fields.items()}
            self.graph.nodes[self.names[name]] = Node(node.type, fields)
        for link in links:
            at = self.names[link.source]
            for suffix, node in link.nodes:
                name = self._free(f"{link.name}_{suffix}")
                self.graph.nodes[name] = node
                self.graph.edges.append((at, name))
                at = name
            end = (at, self.names[link.target])
            if end in self.graph.edges:
                name = self._free(f"{link.name}_same")
                ones = np.ones(self.shapes[link.source])
                self.graph.nodes[name] = Node("Scale", {"scale": ones})
                self.graph.edges.append((at, name))
                end = (name, end[1])
            self.graph.edges.append(end)

    def _ends(self, links: list[Link]) -> dict[str, Any]:
        """Inputs of drives on neurons, and outputs."""
        ends: dict[str, Any] = {"inputs": {}, "outputs": {}}
        for drive in self.net.drives.values():
            target = drive.target.population.name
            if not isinstance(drive.input, ExternalSpikes):
                continue
            if self.cells[target].node is None:
                ends["inputs"][self.names[target]] = drive.name
                continue
            self._drive(drive, target)
            ends["inputs"][drive.name] = drive.name
        sources = {link.source for link in links if link.source != link.target}
        wanted = self.outputs
        if wanted is None:
            wanted = [n for n, c in self.cells.items() if n not in sources and c.node is not None]
        for name in wanted:
            if name not in self.cells:
                raise UnknownNameError("write, outputs", name, self.cells)
            end = self._free("output" if len(wanted) == 1 else f"{name}_output")
            self.graph.nodes[end] = Node("Output", {"shape": self.shapes[name]})
            self.graph.edges.append((self.names[name], end))
            ends["outputs"][end] = name
        return ends

    def _drive(self, drive: Any, target: str) -> None:
        """An Input, and the weights by which it reaches a population of neurons."""
        size, cell = drive.target.population.size, self.cells[target]
        entry = self._free(drive.name)
        self.graph.nodes[entry] = Node("Input", {"shape": (drive.target.size,)})
        matrix = np.zeros((size, drive.target.size))
        matrix[drive.target.ids, np.arange(drive.target.size)] = drive.synapse.weight
        factor = np.broadcast_to(np.asarray(cell.factor, np.float64), size)
        name = self._free(f"{drive.name}_weight")
        self.graph.nodes[name] = Node("Linear", {"weight": matrix * factor[:, None]})
        self.graph.edges += [(entry, name), (name, self.names[target])]

    def _hints(self, resets: set[str | None]) -> None:
        unit = "steps" if self.dialect.unit == "steps" else "s"
        options = {k: v for k, v in self.dialect.options.items() if k != "reset" and v is not None}
        reset = next(iter(resets), None) or self.dialect.options["reset"]
        self.graph.metadata |= {
            "time_unit": unit, "dt": (self.dialect.dt or self.times.dt) / 1e3, "reset": reset,
            "integrator": _INTEGRATORS.get(self.dialect.name, "as the tool's"),
            "writer": f"spikestack {__version__}", "spikestack/dialect": self.dialect.name,
            **{f"spikestack/{key}": value for key, value in options.items()},
        }  # fmt: skip

    def _free(self, name: str) -> str:
        """A name for a node that is not yet taken, of letters that files and tools allow."""
        plain = re.sub(r"[^\w.]+", "_", name).strip("_") or "node"
        taken = {*self.names.values(), *self.graph.nodes}
        made, k = plain, 1
        while made in taken:
            k += 1
            made = f"{plain}_{k}"
        return made


_INTEGRATORS: Mapping[str, str] = {"": "exact", "spikestack": "exact", "sinabs": "exact"} | (
    dict.fromkeys(("norse", "snntorch", "spikingjelly", "spyx"), "euler")
)
#: Whose readers drop Linear without a word.
_AFFINE_ONLY = ("sinabs",)
