"""From tables of nodes and edges to populations and projections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import FileFormatError, ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...neurons.adex import AdEx
from ...neurons.base import NeuronModel
from ...neurons.hodgkin_huxley import HodgkinHuxley
from ...neurons.izhikevich import Izhikevich
from ...neurons.lif import LIF
from ...neurons.spike_source import SpikeSource
from ...neurons.traub_miles import TraubMiles
from ...synapses.alpha_conductance import AlphaConductance
from ...synapses.alpha_current import AlphaCurrent
from ...synapses.base import Synapse
from ...synapses.delta import Delta
from ...synapses.exponential_conductance import ExponentialConductance
from ...synapses.exponential_current import ExponentialCurrent
from .edges import EdgePopulation
from .nodes import Nodes
from .problems import Problems
from .templates import Template

__all__ = ["MODELS", "RECEPTORS", "Part", "add_edges", "add_nodes"]

MODELS: dict[str, type[NeuronModel]] = {
    m.__name__: m for m in (LIF, AdEx, Izhikevich, HodgkinHuxley, TraubMiles)
}
RECEPTORS: dict[str, type[Synapse]] = {
    s.__name__: s
    for s in (
        *(Delta, ExponentialCurrent, AlphaCurrent),
        *(ExponentialConductance, AlphaConductance),
    )
}
_UNSET_DELAY = 1.0
#: What a template calls "none" is the least number that a double can be, or minus infinity.
_LOWEST = -1e300


@dataclass(frozen=True, eq=False)
class Part:
    """The nodes of one model in a population of a circuit: a population of the network.

    Attributes
    ----------
    population
        Its name in the network.
    nodes
        The population of the circuit that it is a part of.
    rows
        Which of its nodes: places in the file, int64[k].
    template
        None for virtual nodes.
    receptors
        Parameters of the excitatory and of the inhibitory receptor.
    """

    population: str
    nodes: Nodes
    rows: np.ndarray
    template: Template | None
    receptors: tuple[Mapping[str, Any], Mapping[str, Any]] = field(default=({}, {}))

    @property
    def ids(self) -> np.ndarray:
        """The id of each neuron of the population, int64[k]."""
        return self.nodes.ids[self.rows]

    @property
    def label(self) -> str:
        """What tells it from the other parts of the same population."""
        return self.template.name if self.template else "virtual"


def add_nodes(net: Network, nodes: Nodes, to: Problems) -> list[Part]:
    """Add a population of nodes to a network, as one population for each template in it."""
    parts = nodes.parts(to)
    made = []
    for template, rows in parts:
        label = template.name if template else "virtual"
        name = nodes.name if len(parts) == 1 else f"{nodes.name}.{label}"
        model: NeuronModel = SpikeSource()
        receptors: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
        if template is not None:
            values, *pair = _values(nodes, template, rows, to)
            receptors = (pair[0], pair[1])
            model = MODELS[template.model](**values)
        shape = nodes.shape if len(parts) == 1 else (len(rows),)
        net.add(Population(name, shape, model, nodes.positions(rows)))
        made.append(Part(name, nodes, rows, template, receptors))
    return made


def _values(
    nodes: Nodes, template: Template, rows: np.ndarray, to: Problems
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Values of the model and of its two receptors, in our units."""
    table, slots = nodes.table, template.slots
    known = {*slots, *template.fixed, *template.idle}
    table.check_parameters(known, rows, template.full_name, to)
    for name, needed in template.fixed.items():
        found = table.numbers((name,), needed, rows)
        good = np.less_equal(found, _LOWEST) if needed < _LOWEST else np.equal(found, needed)
        if not np.all(good):
            to.add(f"{table.where}: {template.full_name} with {name} other than {needed:g}")
    owned: dict[str, dict[str, Any]] = {k: {} for k in ("model", "exc", "inh", "initial", "leak")}
    for name, slot in slots.items():
        value = table.numbers((name,), slot.default, rows)
        owned[slot.owner][slot.name] = value if slot.per == 1.0 else value / slot.per
    values = {**owned["model"], **template.constants}
    for name, value in owned["leak"].items():
        # tau_m of a leak and a leak of tau_m: either is C over the other.
        values[name] = values["cm"] / value
    defaults = MODELS[template.model].initial
    for state, value in owned["initial"].items():
        named = defaults.get(state)
        same = isinstance(named, str) and _equal(values.get(named), value)
        if not same and not (isinstance(named, float) and _equal(named, value)):
            values[state] = value
    return values, owned["exc"], owned["inh"]


def _equal(a: Any, b: Any) -> bool:
    return a is not None and np.shape(a) == np.shape(b) and bool(np.all(np.equal(a, b)))


def add_edges(
    net: Network, edges: EdgePopulation, parts: Mapping[str, list[Part]], to: Problems
) -> list[str]:
    """Add a population of edges to a network: a projection for each pair of parts and receptor.

    Returns
    -------
    list of str
        What was taken for granted.

    Raises
    ------
    FileFormatError
        If an edge names a node that is not there, or has no weight.
    """
    edges.check(to)
    sources, targets = parts[edges.source], parts[edges.target]
    if not sources or not targets:
        return []
    pre_part, pre = _located(edges, sources, edges.source_ids, "source")
    post_part, post = _located(edges, targets, edges.target_ids, "target")
    for k, part in enumerate(targets):
        if part.template is None and (post_part == k).any():
            to.add(f"edges {edges.name!r}: end at the virtual nodes of {edges.target!r}")
            return []
    notes = []
    weights, delays = edges.weights(np.nan), edges.delays()
    if len(edges) and np.isnan(weights).any():
        raise FileFormatError(
            f"{edges.table.where}: some edges have no syn_weight, nor their types"
        )
    if delays is None:
        delays = _UNSET_DELAY
        notes.append(f"edges {edges.name!r} have no delay: {_UNSET_DELAY:g} ms")
    if np.isnan(delays).any():
        raise FileFormatError(f"{edges.table.where}: some edges have no delay, and others have")
    stated = edges.receptors(to)
    sign = np.where(stated == 0, np.where(np.less(weights, 0), -1, 1), stated)
    merged = np.array([_one_receptor(part) for part in targets])
    inhibitory = ((sign < 0) & ~merged[post_part]).astype(np.int64)
    code = (pre_part * len(targets) + post_part) * 2 + inhibitory
    several = _codes(code, len(sources) * len(targets) * 2)
    only = int(code[0]) if len(code) else 0
    chosen: list[tuple[int, Any]] = [*several] or [(only, slice(None))]
    for number, rows in chosen:
        pair, k = divmod(number, 2)
        ends = sources[pair // len(targets)], targets[pair % len(targets)]
        name = _name(edges.name, ends, k, several, parts)
        given = [v if np.ndim(v) == 0 else v[rows] for v in (weights, delays)]
        synapse = _synapse(ends[1], k, stated[rows], given[0], given[1], edges, to)
        if synapse is not None:
            rule = FromArrays(pre[rows], post[rows])
            a, b = (net[part.population] for part in ends)
            net.connect(a, b, rule, synapse, name=name)
    return notes


def _codes(code: np.ndarray, most: int) -> list[tuple[int, np.ndarray]]:
    """Rows by code, where there are several codes; else nothing, so that nothing is copied."""
    present = np.flatnonzero(np.bincount(code, minlength=most))
    return [(int(c), np.flatnonzero(code == c)) for c in present] if len(present) > 1 else []


def _located(
    edges: EdgePopulation, parts: list[Part], ids: np.ndarray, side: str
) -> tuple[np.ndarray, np.ndarray]:
    """For each edge the number of the part, and the neuron in it."""
    nodes = parts[0].nodes
    places = nodes.places(ids)
    if len(places) and places.min() < 0:
        missing = np.unique(ids[places < 0])
        raise FileFormatError(
            f"{edges.table.where}: {side}_node_id names {len(missing)} nodes that population "
            f"{nodes.name!r} has not: {', '.join(map(str, missing[:5]))}"
        )
    part_of, local = np.full(len(nodes), -1), np.zeros(len(nodes), np.int64)
    for k, part in enumerate(parts):
        part_of[part.rows] = k
        local[part.rows] = np.arange(len(part.rows))
    # Nodes of no part have been noted as a problem already.
    return np.maximum(part_of[places], 0), local[places]


def _one_receptor(part: Part) -> bool:
    """Whether its excitatory and its inhibitory receptor are one and the same."""
    exc, inh = part.receptors
    return all(_equal(exc[name], inh.get(name)) for name in exc)


def _name(
    base: str, ends: tuple[Part, Part], k: int, several: list[Any], parts: Mapping[str, list[Part]]
) -> str:
    """The projection's name: the population's, and what tells it from the others of it."""
    if not several:
        return base
    between = [end.label if len(parts[end.nodes.name]) > 1 else "" for end in ends]
    joined = f".{'->'.join(between)}" if any(between) else ""
    return f"{base}{joined}{'.inhibitory' if k else '.excitatory'}"


def _synapse(
    target: Part, k: int, stated: np.ndarray, weight: Any, delay: Any, edges: Any, to: Problems
) -> Synapse | None:
    template = target.template
    assert template is not None
    weight = weight if template.weight_per == 1.0 else weight / template.weight_per
    if template.conductance:
        if np.any(np.less(weight, 0) & (stated != 0)) and not template.signed:
            to.add(f"edges {edges.name!r}: conductances below 0 at a stated receptor")
            return None
        weight = np.abs(weight) if np.ndim(weight) else abs(weight)
    values = dict(target.receptors[k])
    try:
        return RECEPTORS[template.receptor](weight=weight, delay=delay, **values)
    except ValidationError as error:
        to.add(f"edges {edges.name!r}: {error}")
        return None
