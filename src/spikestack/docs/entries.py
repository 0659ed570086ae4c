"""What has a page of its own: every model, synapse, current and group."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

from ..equations.catalogue import collect, members
from ..network.currents.base import CurrentModel
from ..neurons.base import NeuronModel
from ..synapses.base import Synapse

__all__ = ["KINDS", "Entry", "entries"]

#: Kind -> the heading of its list, in the order of the site.
KINDS = {
    "neuron": "Neuron models",
    "source": "Sources and graded units",
    "synapse": "Synapses",
    "current": "Currents",
    "group": "Groups",
}


@dataclass(frozen=True)
class Entry:
    """One page: `item` is the class, or the function that adds a group."""

    kind: str
    name: str
    item: Any

    @property
    def path(self) -> str:
        """The page's path within the site's sources."""
        return f"models/{Path(inspect.getfile(self.item)).stem}.md"

    @property
    def file(self) -> Path:
        """The file that declares it."""
        return Path(inspect.getfile(self.item))

    @property
    def sources(self) -> list[Path]:
        """The files that the declaration is inherited from, its own included."""
        if not isinstance(self.item, type):
            return [self.file]
        own = [c for c in self.item.__mro__ if c.__module__.startswith("spikestack.")]
        return [Path(inspect.getfile(c)) for c in own]

    @property
    def paragraphs(self) -> list[str]:
        """The docstring, cut at empty lines."""
        return (inspect.getdoc(self.item) or self.name).split("\n\n")

    @property
    def summary(self) -> str:
        """The first sentence of the docstring, on one line."""
        return " ".join(self.paragraphs[0].split())


@cache
def entries() -> tuple[Entry, ...]:
    """Everything that has a page, by kind and name."""
    found = []
    for name, model in collect("spikestack.neurons", NeuronModel).items():
        takes_current = model.fires_at is not None
        found.append(Entry("neuron" if takes_current else "source", name, model))
    for kind, package, base in (
        ("synapse", "spikestack.synapses", Synapse),
        ("current", "spikestack.network.currents", CurrentModel),
    ):
        found += [Entry(kind, name, item) for name, item in collect(package, base).items()]
    for name, item in members("spikestack.groups").items():
        if isinstance(item, FunctionType):
            found.append(Entry("group", name, item))
    order = list(KINDS)
    return tuple(sorted(found, key=lambda e: (order.index(e.kind), e.name.lower())))
