"""A description as chips read it: sources outside, neurons that are understood, edges in arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import Convolution
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...program.program import EdgeProgram, Program
from ..linear import LinearNeuron, identify
from .edges import Edges

__all__ = ["Described", "acting", "copy_inputs", "copy_outside", "edges_of", "read"]


@dataclass(frozen=True)
class Described:
    """What `read` found.

    Attributes
    ----------
    network, program
        The description, and lowered.
    outside
        Populations to which nothing projects: sources outside the chip.
    readouts
        Populations that never fire and are left to the host, which gets the spikes.
    neurons
        What all others do.
    edges
        All projections.
    """

    network: Network
    program: Program
    outside: frozenset[int]
    readouts: frozenset[int]
    neurons: Mapping[int, LinearNeuron]
    edges: Sequence[Edges]

    def name(self, k: int) -> str:
        """Of population `k`."""
        return str(self.program.populations[k].name)


def read(
    network: Network,
    dt: float,
    chip: str,
    reads_potentials: bool,
    counts: bool = False,
    bounded: bool = False,
) -> Described:
    """Read a description of leaky integrate-and-fire neurons.

    Parameters
    ----------
    network
        The description.
    dt
        Its step in ms.
    chip
        For messages.
    reads_potentials
        Whether the chip's potentials can be read; otherwise readouts are the host's.
    counts
        Whether whole numbers may be sent, of spikes in a step.
    bounded
        Whether potentials may have a lower bound.

    Raises
    ------
    ValidationError
        If a population is driven and projected to, sends values, or is none that `identify`
        understands, or a projection is plastic.
    """
    program = lower(network, dt, "float64", 1)
    reached, sends = {e.post for e in program.edges}, {e.pre for e in program.edges}
    driven = {d.target.population.name for d in network.drives.values()}
    outside, readouts, neurons = set(), set(), {}
    for k, p in enumerate(program.populations):
        where = f"{chip}, population {p.name!r}"
        if k not in reached:
            if p.emit_type not in ("none", "int" if counts else "none"):
                raise ValidationError(where, "sends values", "spikes without values",
                                      "code values as spikes: sp.choose_encoder")  # fmt: skip
            outside.add(k)
            continue
        if p.name in driven:
            raise ValidationError(
                where, "is driven, and projected to", "drives on populations of sources",
                "drive a sp.SpikeSource and project from it",
            )  # fmt: skip
        if not reads_potentials and p.code.spike is None and k not in sends:
            readouts.add(k)
            continue
        if p.emit_type not in ("none", "int" if counts else "none"):
            raise ValidationError(where, "sends values", "spikes without values", "use Loihi 2")
        neurons[k] = identify(p, where, bounded=bounded)
    edges = [edges_of(network, e, program, chip) for e in program.edges]
    return Described(network, program, frozenset(outside), frozenset(readouts), neurons, edges)


def edges_of(network: Network, e: EdgeProgram, program: Program, chip: str) -> Edges:
    """List a projection's edges, and say how a chip stores them."""
    if e.plastic:
        raise ValidationError(f"{chip}, projection {e.name!r}", "is plastic", "fixed weights")
    found = edge_list(e)
    full = len(found.pre) == program.populations[e.pre].size * program.populations[e.post].size
    shared = isinstance(network.projections[e.name].rule, Convolution)
    return Edges(
        e.name, e.pre, e.post, e.receptor, found.pre, found.post, edge_weights(e), found.delays,
        "convolutional" if shared else "dense" if full else "sparse",
    )  # fmt: skip


def acting(e: Edges, neuron: LinearNeuron | None) -> int:
    """Steps until a spike moves the potential: a current does so one step after it arrives."""
    late = neuron is not None and not neuron.direct[e.receptor]
    return int(e.delays.min(initial=1 << 40)) + late


def copy_outside(given: Described, made: Network) -> None:
    """Add sources and the host's readouts, as they are described."""
    for k in sorted(given.outside | given.readouts):
        described = given.network.populations[given.name(k)]
        made.add(Population(described.name, described.shape, described.model))


def copy_inputs(network: Network, made: Network) -> None:
    """Drives, and what is recorded, of populations that the other network has."""
    for name, drive in network.drives.items():
        if drive.target.population.name in made.populations:
            made.drive(_same(drive.target, made), drive.input, name=name)
    for probe in network.probes:
        if probe.target.population.name in made.populations:
            made.record(_same(probe.target, made), probe.variable, interval=probe.interval)


def _same(view: Any, made: Network) -> Any:
    target: Any = made[view.population.name]
    return target if view.is_whole else target[view.ids]
