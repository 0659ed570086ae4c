"""A circuit: the network that a configuration describes, and who is who in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UnknownNameError
from ...network.network import Network
from ...network.population import View
from .building import Part, add_edges, add_nodes
from .config import Config
from .edges import read_edges
from .node_sets import NodeSets, read_node_sets
from .nodes import Nodes, read_nodes
from .problems import Problems
from .tables import read_types

__all__ = ["Circuit", "circuit_of", "read_circuit"]

RULE = (
    "point neurons with the templates that are known (spikestack.formats.sonata.TEMPLATES), "
    "virtual nodes, and static synapses"
)


class Circuit:
    """A network, and what its neurons are called in the files.

    Attributes
    ----------
    network : Network
        What the files describe. It is not frozen: it may be added to.
    notes : tuple of str
        What was taken for granted, and what plays no part here.
    """

    def __init__(
        self,
        network: Network,
        parts: Mapping[str, list[Part]],
        sets: NodeSets,
        notes: tuple[str, ...],
    ) -> None:
        self.network, self.notes = network, notes
        self._parts, self.sets = dict(parts), sets

    @property
    def populations(self) -> dict[str, tuple[str, ...]]:
        """By population of the files, the populations of the network that it became."""
        return {name: tuple(p.population for p in parts) for name, parts in self._parts.items()}

    @cached_property
    def _by_population(self) -> dict[str, Part]:
        return {part.population: part for parts in self._parts.values() for part in parts}

    def part(self, population: str) -> Part:
        """What a population of the network is in the files.

        Raises
        ------
        UnknownNameError
            If there is no such population.
        """
        if population not in self._by_population:
            raise UnknownNameError("Circuit", population, self._by_population)
        return self._by_population[population]

    def node_ids(self, population: str) -> np.ndarray:
        """The node id of each neuron of a population of the network: int64[n]."""
        return self.part(population).ids

    def node_set(self, name: str) -> dict[str, np.ndarray]:
        """The node ids of a node set, by population of the files: int64, ascending.

        Raises
        ------
        UnknownNameError
            If neither a node set nor a population bears the name.
        """
        return self.sets.resolved(name)

    def views(self, name: str) -> list[View]:
        """The neurons of a node set, one view for each population of the network."""
        made = []
        for population, ids in self.node_set(name).items():
            for part in self._parts[population]:
                own = np.flatnonzero(np.isin(part.ids, ids))
                if len(own):
                    made.append(View(self.network[part.population], own))
        return made

    def __repr__(self) -> str:
        return f"<Circuit of {len(self._parts)} populations: {self.network!r}>"


def read_circuit(
    path: str | Path,
    *,
    seed: int = 0,
    root: str | Path | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Circuit:
    """Read a circuit.

    Parameters
    ----------
    path
        ``circuit_config.json``.
    seed
        Of the network.
    root
        The folder that all files must lie in; that of `path` by default.
    manifest
        Variables that take the place of those in the file, as ``{"$BASE_DIR": folder}``.

    Raises
    ------
    FileFormatError
        If a file is damaged or not what it should be.
    ValidationError
        If the circuit holds what cannot be described; it names all of it.
    FileNotFoundError
        If a file is not there.
    MissingExtraError
        Without h5py.
    """
    return circuit_of(Config(path, root, manifest), seed)


def circuit_of(config: Config, seed: int, sets: Path | None = None) -> Circuit:
    """The circuit of a configuration that was read; see `read_circuit`."""
    if isinstance(config.data.get("network"), str) and "networks" not in config.data:
        config.refuse("is of a simulation", "a circuit's file, with 'networks'")
    networks = config.section(config.data, "networks")
    notes: list[str] = []
    net, problems = Network(seed), Problems(str(config.path), RULE)
    populations = _nodes(config, networks, notes)
    parts = {name: add_nodes(net, nodes, problems) for name, nodes in populations.items()}
    for entry in _entries(config, networks, "edges", notes):
        types = read_types(
            config.file(entry.get("edge_types_file"), "edge_types_file"), "edge_type_id"
        )
        found = read_edges(
            config.file(entry.get("edges_file"), "edges_file"),
            types,
            _parameters(config, "synaptic_models_dir"),
            parts.__contains__,
        )
        for edges in found:
            if edges.name in net.projections:
                config.refuse(f"a second population of edges {edges.name!r}", "one name each")
            notes += add_edges(net, edges, parts, problems)
    problems.check()
    if sets is None and config.data.get("node_sets_file"):
        sets = config.file(config.data["node_sets_file"], "node_sets_file")
    return Circuit(net, parts, read_node_sets(sets, populations), tuple(notes))


def _nodes(config: Config, networks: dict[str, Any], notes: list[str]) -> dict[str, Nodes]:
    populations: dict[str, Nodes] = {}
    for entry in _entries(config, networks, "nodes", notes):
        types = read_types(
            config.file(entry.get("node_types_file"), "node_types_file"), "node_type_id"
        )
        path = config.file(entry.get("nodes_file"), "nodes_file")
        for nodes in read_nodes(path, types, _parameters(config, "point_neuron_models_dir")):
            if nodes.name in populations:
                config.refuse(f"a second population of nodes {nodes.name!r}", "one name each")
            populations[nodes.name] = nodes
    if not populations:
        config.refuse("names no nodes", "'networks' with a list of 'nodes'")
    return populations


def _entries(
    config: Config, networks: dict[str, Any], kind: str, notes: list[str]
) -> list[dict[str, Any]]:
    found = networks.get(kind, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        config.refuse(f"'networks.{kind}' is no list of objects", "one")
    on = [entry for entry in found if entry.get("enabled", True) is not False]
    if len(on) < len(found):
        notes.append(f"{len(found) - len(on)} files of {kind} are not enabled")
    return on


def _parameters(config: Config, folder: str) -> Any:
    """Finds a file of parameters in one of the folders of components."""

    def path_of(named: str) -> Path:
        base = config.section(config.data, "components").get(folder, "")
        if not isinstance(base, str):
            config.refuse(f"components.{folder} is no text", "a folder")
        return config.file(f"{base}/{named}" if base else named, f"dynamics_params {named!r}")

    return path_of
