"""Checking what is to be recorded: variables of neurons, and of synapses that learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UnknownNameError, ValidationError, shorten
from ..units import magnitude, parse_unit
from .links import Probe, Projection, SynapseProbe
from .population import View

if TYPE_CHECKING:
    from .network import Network

__all__ = ["neuron_probes", "synapse_probes"]

_SECOND = 1000.0


def neuron_probes(
    present: list[Probe], view: View, variables: tuple[str, ...], interval: Any
) -> list[Probe]:
    """Probes of a view; see `Network.record`."""
    every = None if interval is None else _interval(interval)
    if not variables:
        raise ValidationError("Network.record", "nothing named", "'spikes' or a state variable")
    made: list[Probe] = []
    for variable in variables:
        known = ("spikes", *view.population.model.block.states)
        where = f"record, population {view.population.name!r}"
        if variable not in known and "." not in str(variable):
            raise UnknownNameError(where, variable, known)
        if variable != "spikes" and any(
            p.variable == variable and p.target.population is view.population
            for p in (*present, *made)
        ):
            raise ValidationError(
                where,
                f"{variable!r} is recorded already",
                "once each",
                "name all neurons in one call: net.record(pop[[0, 5]], ...)",
            )
        made.append(Probe(view, variable, every))
    return made


def synapse_probes(
    network: Network,
    projection: Projection,
    variables: tuple[str, ...],
    interval: Any,
    synapses: Any,
    bins: Any,
) -> list[SynapseProbe]:
    """Probes of a plastic projection; see `Network.record`."""
    where = f"record, projection {projection.name!r}"
    if network.projections.get(projection.name) is not projection:
        raise ValidationError(where, "is of another network", "a projection of this one")
    if not projection.plasticity:
        raise ValidationError(
            where, "nothing of it changes", "one with plasticity=", "see net.connections(name)"
        )
    if not variables:
        raise ValidationError(where, "nothing named", "'w', a variable or a trace")
    every = _SECOND if interval is None else _interval(interval)
    of_synapses = {"w", *(n for r in projection.plasticity for n in r.synapse_units)}
    known = {*of_synapses, "signal"}
    for rule in projection.plasticity:
        known |= {*rule.pre_names, *rule.post_names, *rule.modulator_names}
    edges = None if bins is None else _edges(bins, where)
    places = None if synapses is None else _places(synapses, where)
    made: list[SynapseProbe] = []
    for variable in variables:
        if variable not in known:
            raise UnknownNameError(where, variable, known)
        if variable not in of_synapses and (edges is not None or places is not None):
            raise ValidationError(
                where, f"bins or synapses for {variable!r}", "'w' or a variable of synapses"
            )
        probe = SynapseProbe(projection.name, variable, every, places, edges)
        taken = [(p.projection, p.name) for p in (*network.synapse_probes, *made)]
        if (probe.projection, probe.name) in taken:
            raise ValidationError(where, f"{probe.name!r} is recorded already", "once each")
        made.append(probe)
    return made


def _interval(interval: Any) -> float:
    every = magnitude(interval, parse_unit("ms"), "record, interval")
    if not (isinstance(every, float) and 0 < every < float("inf")):
        raise ValidationError("record, interval", f"got {shorten(interval)}", "> 0 ms")
    return every


def _edges(bins: Any, where: str) -> np.ndarray:
    edges = np.asarray(bins, dtype=float) if not isinstance(bins, int) else np.zeros(0)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValidationError(
            f"{where}, bins", f"got {shorten(bins)}", "ascending edges: np.linspace(0, 1, 21)"
        )
    return edges


def _places(synapses: Any, where: str) -> np.ndarray:
    places = np.atleast_1d(np.asarray(synapses))
    whole = places.ndim == 1 and len(places) and places.dtype.kind in "iu"
    if not whole or places.min() < 0 or (np.diff(places) <= 0).any():
        raise ValidationError(
            f"{where}, synapses", f"got {shorten(synapses)}", "ascending places: [0, 17, 230]"
        )
    return places.astype(np.int64)
