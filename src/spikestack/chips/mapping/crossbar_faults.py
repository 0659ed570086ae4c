"""Crossbars with defects: connections that are not there, and some that should not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...errors import UnknownNameError
from ...network.rules import FromArrays
from ...synapses.delta import Delta
from ..circuits.crossbar import CrossbarQuantised
from ..faults import Faults, flipped, stuck
from .crossbar_timing import packets_name

if TYPE_CHECKING:
    from .crossbars import Axons

__all__ = ["Defects", "defects", "with_added"]


@dataclass(frozen=True)
class Defects:
    """What is wrong with connections.

    Attributes
    ----------
    kept
        Which of those meant are there, bool.
    added
        Which are there besides: row of the axons, population, neuron; int64 (added, 3).
    """

    kept: np.ndarray
    added: np.ndarray


def defects(
    faults: Faults,
    quantised: CrossbarQuantised,
    crossings: np.ndarray,
    axons: Axons,
    names: tuple[str, ...],
    core_of: Mapping[str, np.ndarray],
    slots: Mapping[str, np.ndarray],
    places: np.ndarray,
    room: tuple[int, int],
) -> Defects:
    """Which connections of axons and neurons in use are wrong.

    A defect belongs to a place, an axon and a neuron of the hardware: networks change nothing.

    Parameters
    ----------
    faults
        What is broken.
    quantised
        The network; synapses that are listed as stuck are its.
    crossings, axons, names, core_of, slots
        As of `crossbars.MappedCrossbars`.
    places
        Of cores.
    room
        Axons and neurons of a core.

    Raises
    ------
    UnknownNameError
        If a projection with stuck synapses is none.
    """
    kept, none = np.ones(len(crossings), bool), np.zeros((0, 3), np.int64)
    if not faults.weights:
        return Defects(kept, none)
    kept &= ~_listed(faults, quantised, len(crossings))
    chance = replace(faults, stuck_synapses=0.0 if faults.listed else faults.stuck_synapses)
    held = np.concatenate([np.stack([np.full(len(of), names.index(n)), np.arange(len(of)), of,
                                     slots[n]], axis=1) for n, of in core_of.items()])  # fmt: skip
    held = held[np.argsort(held[:, 2], kind="stable")]
    begins = np.searchsorted(held[:, 2], np.arange(len(places) + 1))
    # Where each connection that is meant stands among all of its core.
    first = np.zeros(len(names) + 1, np.int64)
    first[1:] = np.cumsum([len(core_of.get(n, ())) for n in names])
    column = np.empty(int(first[-1]), np.int64)
    column[first[held[:, 0]] + held[:, 1]] = np.arange(len(held)) - begins[held[:, 2]]
    by_core = np.argsort(axons.core[crossings[:, 0]], kind="stable")
    cuts = np.searchsorted(axons.core[crossings[by_core, 0]], np.arange(len(places) + 1))
    added = [none]
    for core in range(len(places)):
        rows, mine = np.flatnonzero(axons.core == core), held[begins[core] : begins[core + 1]]
        own = by_core[cuts[core] : cuts[core + 1]]
        meant = np.zeros((len(rows), len(mine)), bool)
        at = np.searchsorted(rows, crossings[own, 0])
        to = column[first[crossings[own, 1]] + crossings[own, 2]]
        meant[at, to] = True
        number = (places[core] * room[0] + axons.index[rows])[:, None] * room[1] + mine[:, 3]
        found = meant ^ (flipped(chance, "crossbar", number.ravel(), 1) > 0).reshape(meant.shape)
        found &= ~stuck(chance, "crossbar", number.ravel()).reshape(meant.shape)
        kept[own] &= found[at, to]
        i, j = np.nonzero(found & ~meant)
        added.append(np.stack([rows[i], mine[j, 0], mine[j, 1]], axis=1))
    return Defects(kept, np.concatenate(added))


def _listed(faults: Faults, quantised: CrossbarQuantised, count: int) -> np.ndarray:
    """Which connections are of synapses that are listed as stuck; those of copies come last."""
    for name in faults.listed:
        if name not in quantised.edges:
            raise UnknownNameError("Faults.stuck_synapses", name, quantised.edges)
    made, at = np.zeros(count, bool), 0
    for name, e in quantised.edges.items():
        row, _ = np.nonzero((e.masks[:, None] >> np.arange(4)) & 1)
        if name in faults.listed:
            only = replace(faults, stuck_synapses={name: faults.listed[name]})
            made[at : at + len(row)] = stuck(only, name, np.arange(len(e.masks)))[row]
        at += len(row)
    return made


def with_added(
    made: CrossbarQuantised,
    added: np.ndarray,
    axons: Axons,
    names: tuple[str, ...],
    values: Mapping[str, np.ndarray],
) -> CrossbarQuantised:
    """A network as it is on cores, with connections that should not be."""
    network, formats = made.network, dict(made.formats)
    pairs = axons.population[added[:, 0]] * np.int64(len(names)) + added[:, 1]
    for pair in np.unique(pairs).tolist():
        p, q = divmod(pair, len(names))
        axon, neuron = added[pairs == pair][:, [0, 2]].T
        sources, pre, post = axons.neuron[axon], names[p], names[q]
        if pre not in made.scales:
            # The host sends a packet of its own to each axon.
            pre, sources = packets_name(pre), np.searchsorted(
                np.flatnonzero(axons.population == p), axon
            )  # fmt: skip
        synapse = Delta(
            weight=values[post][neuron, axons.kinds[axon]].astype(float),
            delay=axons.delays[axon] * made.dt,
        )
        name = f"faults, {names[p]} to {post}"
        rule = FromArrays(sources, neuron)
        network.connect(network[pre], network[post], rule, synapse, name=name)
        formats[name] = "dense"
    return replace(made, formats=formats)
