"""Layers cut by channel and by place, and laid on the processors of a chip that computes frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...network.rules import Dense
from ...program.edge_list import EdgeList, edge_list
from ...program.lower import lower
from ...program.program import Program
from ..fabric.routers import fabric_of
from ..fabric.tables import Routes
from ..faults import Faults, with_faults
from ..quantising import Quantised
from .contacts import contacts_of
from .cores import Core, MappedNetwork, routers_of
from .placing import between
from .stored_words import stored_words
from .synapses import synapses_of

if TYPE_CHECKING:
    from ..chip import Chip

__all__ = ["Layer", "Piece", "cut", "laid_out", "layers_of", "routes_of"]


@dataclass(frozen=True)
class Layer:
    """One population on the chip.

    Attributes
    ----------
    name
        Of the population.
    kind
        ``"input"``: a convolution of what comes from outside; ``"convolutional"``,
        ``"separable"``: one in which channels see only themselves; ``"dense"``.
    channels, places
        How many channels there are, and neurons in each.
    weights
        That are stored for a channel: those of a shared kernel once.
    macs
        Multiplications of a frame without zeros: one for every synapse.
    """

    name: str
    kind: str
    channels: int
    places: int
    weights: int
    macs: int

    @property
    def neurons(self) -> int:
        """How many there are."""
        return self.channels * self.places


@dataclass(frozen=True)
class Piece:
    """What one processor computes of a layer: its neurons (int64), and where it is."""

    layer: Layer
    neurons: np.ndarray
    place: int
    used: dict[str, float]


def layers_of(quantised: Quantised) -> list[Layer]:
    """The layers of a quantised network, each after those that project to it."""
    program = lower(quantised.network, quantised.dt, "float64", 1)
    found = []
    for k, p in enumerate(program.populations):
        if p.name in quantised.scales:
            found.append(_layer(quantised, program, k))
    return found


def _layer(quantised: Quantised, program: Program, k: int) -> Layer:
    network, p = quantised.network, program.populations[k]
    shape = network.populations[p.name].shape
    channels, kind, macs = int(shape[0]), "", 0
    fan_in: dict[int, int] = {}
    for e in (e for e in program.edges if e.post == k):
        edges = edge_list(e)
        most = int(np.bincount(edges.post, minlength=p.size).max(initial=0))
        # Projections of one kernel to several places of a neuron, as pooling has, share it.
        fan_in[e.pre] = max(fan_in.get(e.pre, 0), most)
        macs += len(edges.pre)
        outside = program.populations[e.pre].name not in quantised.scales
        of = _kind(network.projections[e.name].rule, edges, quantised.formats[e.name], outside)
        kind = kind or of
    shared = 1 if kind != "dense" else p.size // channels
    weights = sum(fan_in.values()) * shared
    return Layer(p.name, kind or "dense", channels, p.size // channels, weights, macs)


def _kind(rule: object, edges: EdgeList, stored: str, outside: bool) -> str:
    if isinstance(rule, Dense) or stored != "convolutional":
        return "dense"
    groups = getattr(rule, "groups", 1)
    kernel = getattr(rule, "kernel", None)
    if outside and (kernel is None or kernel.shape[1] * groups <= 3):
        return "input"
    return "separable" if groups > 1 and kernel is not None and kernel.shape[1] == 1 else (
        "convolutional"
    )  # fmt: skip


def cut(layer: Layer, by_channel: int, by_place: int) -> list[np.ndarray]:
    """Neurons of each piece, a layer cut into so many parts of channels and of places."""
    channel, place = np.divmod(np.arange(layer.neurons), layer.places)
    part = channel * by_channel // layer.channels * by_place + place * by_place // layer.places
    return [np.flatnonzero(part == k) for k in range(by_channel * by_place)]


def laid_out(
    quantised: Quantised, chip: Chip, pieces: Sequence[Piece], faults: Faults
) -> MappedNetwork:
    """A mapped network of pieces; those of one place make up one core.

    Parameters
    ----------
    quantised
        In the chip's numbers.
    chip
        Where to.
    pieces
        Of all layers.
    faults
        Of weights, each of which every core has a copy of its own of; what is dead holds no piece.
    """
    places = sorted({piece.place for piece in pieces})
    index = {place: k for k, place in enumerate(places)}
    layers = list(dict.fromkeys(piece.layer for piece in pieces))
    core_of = {layer.name: np.zeros(layer.neurons, np.int64) for layer in layers}
    neurons: list[dict[str, np.ndarray]] = [{} for _ in places]
    used: list[dict[str, float]] = [{"neurons": 0.0} for _ in places]
    for piece in pieces:
        k = index[piece.place]
        core_of[piece.layer.name][piece.neurons] = k
        neurons[k][piece.layer.name] = piece.neurons
        used[k]["neurons"] += len(piece.neurons)
        for name, number in piece.used.items():
            used[k][name] = used[k].get(name, 0.0) + number
    routes = routes_of(quantised, chip, core_of, np.array(places, np.int64))
    cores = tuple(
        Core(place, neurons[k], used[k], chip, routes, k) for k, place in enumerate(places)
    )
    if faults.weights:
        quantised = with_faults(quantised, faults, stored_words(quantised, core_of), unit=1)
    traffic = between(routes.contacts, routes.core, np.ones(len(routes.core)), len(cores))
    return MappedNetwork(quantised, chip, core_of, cores, traffic, (), routes=routes)


def routes_of(
    quantised: Quantised, chip: Chip, core_of: Mapping[str, np.ndarray], places: np.ndarray
) -> Routes:
    """The ways of packets between cores at `places`, each layer's neurons on those of `core_of`."""
    every = synapses_of(quantised, dict.fromkeys(chip.synapse_bits, 0.0)).inward()
    ordered = sorted((at, name) for name, at in every.starts.items() if at < every.inside)
    none = np.zeros(0, np.int64)
    core = np.concatenate([none, *(core_of[name] for _, name in ordered if name in core_of)])
    contacts = contacts_of(every.pre, core[every.post], every.total, len(places))
    fabric = fabric_of(chip)
    return Routes(contacts, core, routers_of(chip, fabric, places), fabric)
