"""What each core's table says: which neuron's spikes go to which cores, over how many links."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from ..mapping.contacts import Contacts
from .routers import Fabric, Paths

__all__ = ["AxonTable", "KeyTable", "Listed", "Routes", "RoutingTable", "Tables"]


@dataclass(frozen=True)
class RoutingTable:
    """Entries of one core, a row for each neuron and core that it sends to.

    Attributes
    ----------
    neurons
        Who sends, numbered over all populations on the chip (int64).
    cores
        Where to: an index in `MappedNetwork.cores` (int64).
    hops
        Links along rows or diagonals, along columns, and between chips, int64[entries, 3].
    """

    neurons: np.ndarray
    cores: np.ndarray
    hops: np.ndarray

    def __len__(self) -> int:
        return len(self.neurons)


@dataclass(frozen=True)
class AxonTable(RoutingTable):
    """With what a packet says to a crossbar.

    Attributes
    ----------
    axons
        Row of the crossbar that it goes to, int64[entries].
    delays
        Ticks from the spike until it acts, int64[entries].
    """

    axons: np.ndarray
    delays: np.ndarray


@dataclass(frozen=True)
class KeyTable(RoutingTable):
    """With what routers look a packet up by.

    Attributes
    ----------
    keys
        Of 32 bits, int64[entries].
    """

    keys: np.ndarray


class Tables(Protocol):
    """What the tables of all cores are read from."""

    def table(self, core: int) -> RoutingTable:
        """The table of one core, by its index in `MappedNetwork.cores`."""


@dataclass(frozen=True, eq=False)
class Listed:
    """Tables whose entries are listed.

    Attributes
    ----------
    core
        Of the neuron of each entry, int64.
    every
        All entries.
    """

    core: np.ndarray
    every: RoutingTable

    def table(self, core: int) -> RoutingTable:
        """The table of one core."""
        here = np.flatnonzero(self.core == core)
        columns = {f.name: getattr(self.every, f.name)[here] for f in fields(self.every)}
        return replace(self.every, **columns)


@dataclass(frozen=True, eq=False)
class Routes:
    """All ways of a mapped network.

    Attributes
    ----------
    contacts
        Cores that each neuron sends to; neurons on the chip come first.
    core
        Of each neuron on the chip.
    routers
        Of each core, its router in the fabric.
    fabric
        What is between them.
    """

    contacts: Contacts
    core: np.ndarray
    routers: np.ndarray
    fabric: Fabric

    def between(self, a: np.ndarray, b: np.ndarray) -> Paths:
        """The links from cores to cores, each pair given once."""
        return self.fabric.paths(self.routers[a], self.routers[b])

    def hops(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Links from cores to cores, by kind, int64[len(a), 3]."""
        cores = np.int64(len(self.routers))
        pairs, which = np.unique(np.asarray(a, np.int64) * cores + b, return_inverse=True)
        return np.asarray(self.between(*np.divmod(pairs, cores)).hops(self.fabric)[which])

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inside = self.contacts.source < len(self.core)
        source, to = self.contacts.source[inside], self.contacts.to[inside]
        order = np.argsort(self.core[source], kind="stable")
        source = source[order]
        begins = np.searchsorted(self.core[source], np.arange(len(self.routers) + 1))
        return source, to[order].astype(np.int64), begins

    def table(self, core: int) -> RoutingTable:
        """The table of one core."""
        source, to, begins = self._sorted
        a, b = begins[core], begins[core + 1]
        here = np.full(b - a, core)
        return RoutingTable(source[a:b], to[a:b], self.hops(here, to[a:b]))
