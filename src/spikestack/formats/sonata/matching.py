"""Which template a population can be written as, and its numbers there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...equations.model import AbstractModel
from ...network.network import Network, Projection
from ...network.plain import MODEL_TEXTS, SYNAPSE_TEXTS
from ...network.population import Population
from ...neurons.base import NeuronModel
from ...neurons.poisson_source import PoissonSource
from ...neurons.spike_source import SpikeSource
from ...program.populations import receptor_names
from ...synapses.base import Synapse
from .building import MODELS, RECEPTORS
from .expanding import Expander, PlainEdges
from .problems import Problems
from .templates import TEMPLATES, Template

__all__ = ["SOURCES", "NodePlan", "plan_nodes"]

#: Models whose neurons only send: virtual nodes.
SOURCES: dict[str, type[NeuronModel]] = {m.__name__: m for m in (SpikeSource, PoissonSource)}
_WORDS = ("source",)
_EXC, _INH = 0, 1
#: A single receptor whose reversal potential lies below is taken for the inhibitory one (mV).
_INHIBITORY_BELOW = -60.0


@dataclass(frozen=True, eq=False)
class NodePlan:
    """How a population is written.

    Attributes
    ----------
    population
        Which.
    template
        None for virtual nodes.
    values
        Numbers of the template by name: a float for all, or float64[n].
    receptor_of
        By projection: 0 for the excitatory receptor, 1 for the inhibitory one, None for both by
        the sign of the weight.
    positions
        float64[n, dims], in um.
    """

    population: Population
    template: Template | None
    values: Mapping[str, Any] = field(default_factory=dict)
    receptor_of: Mapping[str, int | None] = field(default_factory=dict)
    positions: np.ndarray | None = None


def plan_nodes(
    network: Network,
    edges: Mapping[str, PlainEdges],
    expander: Expander,
    target: str,
    to: Problems,
) -> dict[str, NodePlan]:
    """Find a template for every population; what has none is noted in `to`."""
    made = {}
    for name, population in network.populations.items():
        incoming = [p for p in network.projections.values() if p.post.population is population]
        if _is(population.model, SOURCES.get(population.model.label), MODEL_TEXTS):
            if incoming:
                to.add(f"projection {incoming[0].name!r}: ends at the source {name!r}")
            made[name] = NodePlan(population, None, positions=_positions(population, expander, to))
            continue
        plan = _planned(population, incoming, edges, expander, target, to)
        if plan is not None:
            made[name] = plan
    return made


def _is(model: AbstractModel, kind: type[AbstractModel] | None, texts: tuple[str, ...]) -> bool:
    """Whether a model is one of the catalogue's, also where it was read from a file."""
    if kind is None:
        return False
    own = kind()
    same = all(getattr(model, t) == getattr(own, t) for t in texts if t not in _WORDS)
    return same and set(model.parameters) == set(own.parameters)


def _planned(
    population: Population,
    incoming: list[Projection],
    edges: Mapping[str, PlainEdges],
    expander: Expander,
    target: str,
    to: Problems,
) -> NodePlan | None:
    model, where = population.model, f"population {population.name!r}"
    if model.state_format:
        to.add(f"{where}: states rounded to fixed point")
        return None
    texts = tuple(t for t in MODEL_TEXTS if t != "method")
    kind = MODELS.get(model.label)
    if not _is(model, kind, texts) or kind is None:
        to.add(f"{where}: the model {model.label}")
        return None
    if model.method != kind.method:
        to.add(f"{where}: method={model.method!r}")
        return None
    kinds = sorted({p.synapse.label for p in incoming})
    good = all(_plain_synapse(p, to) for p in incoming)
    if len(kinds) > 1:
        to.add(f"{where}: receptors of several kinds, {', '.join(kinds)}")
    if len(kinds) > 1 or not good:
        return None
    template = _template(target, model.label, kinds)
    if template is None:
        with_receptor = f" with {kinds[0]}" if kinds else ""
        to.add(f"{where}: {model.label}{with_receptor}, for which {target} has no template")
        return None
    receptor_of, receptors = _receptors(population, incoming, edges, expander, template, to)
    values = _values(population, template, expander, receptors, to)
    return NodePlan(population, template, values, receptor_of, _positions(population, expander, to))


def _positions(population: Population, expander: Expander, to: Problems) -> np.ndarray | None:
    if population.positions is None:
        return None
    if any(population.positions.period):
        to.add(f"population {population.name!r}: positions in a space that repeats")
    return population.whole.positions(expander.network.seed)


def _plain_synapse(projection: Projection, to: Problems) -> bool:
    """Whether a synapse is one of the catalogue's that templates have; if not, it is noted."""
    synapse, where = projection.synapse, f"projection {projection.name!r}"
    if not _is(synapse, RECEPTORS.get(synapse.label), SYNAPSE_TEXTS):
        to.add(f"{where}: the synapse {synapse.label}")
        return False
    if synapse.compartment:
        to.add(f"{where}: the compartment {synapse.compartment!r}")
        return False
    started = [s for s, v in synapse.initial_values.items() if not _all(v, 0.0)]
    if started:
        to.add(f"{where}: {', '.join(started)} of {synapse.label} at the start")
        return False
    return True


def _all(value: Any, wanted: float) -> bool:
    return isinstance(value, float | np.ndarray) and bool(np.all(np.equal(value, wanted)))


def _template(target: str, model: str, kinds: list[str]) -> Template | None:
    for template in TEMPLATES.values():
        fits = template.schema == target and template.model == model
        if fits and (not kinds or template.receptor == kinds[0]):
            return template
    return None


def _receptors(
    population: Population,
    incoming: list[Projection],
    edges: Mapping[str, PlainEdges],
    expander: Expander,
    template: Template,
    to: Problems,
) -> tuple[dict[str, int | None], list[Mapping[str, Any] | None]]:
    """Which receptor each projection acts on, and the parameters of both (None for unused)."""
    names = receptor_names([p.synapse for p in incoming])
    by_key = {repr(s.receptor_key()): n for n, s in names.items()}
    users: dict[str, list[Projection]] = {name: [] for name in names}
    for projection in incoming:
        users[by_key[repr(projection.synapse.receptor_key())]].append(projection)
    values = {
        name: {
            k: expander.parameter(population, v, f"{name}.{k}") for k, v in synapse.values.items()
        }
        for name, synapse in names.items()
    }
    signs = {
        name: set().union(*(edges[p.name].signs() for p in held)) for name, held in users.items()
    }
    places = _places(population, template, names, values, signs, to)
    pair: list[Mapping[str, Any] | None] = [None, None]
    receptor_of: dict[str, int | None] = {}
    for name, place in places.items():
        for k in (_EXC, _INH) if place is None else (place,):
            pair[k] = values[name]
        receptor_of |= {p.name: place for p in users[name]}
    return receptor_of, pair


def _places(
    population: Population,
    template: Template,
    names: Mapping[str, Synapse],
    values: Mapping[str, Mapping[str, Any]],
    signs: Mapping[str, set[int]],
    to: Problems,
) -> dict[str, int | None]:
    where = f"population {population.name!r}"
    if template.receptor == "Delta":
        return dict.fromkeys(names)
    if len(names) > 2:
        to.add(f"{where}: {len(names)} receptors, {', '.join(names)}, and a template has two")
        return {}
    ordered = list(names)
    if template.conductance:
        ordered.sort(key=lambda name: -float(np.mean(values[name]["e_rev"])))
        if len(ordered) == 1:
            low = float(np.mean(values[ordered[0]]["e_rev"])) < _INHIBITORY_BELOW
            return {ordered[0]: _INH if low else _EXC}
        return {name: k for k, name in enumerate(ordered)}
    if len(ordered) == 1:
        place = {(): _EXC, (1,): _EXC, (-1,): _INH}.get(tuple(signs[ordered[0]]))
        return {ordered[0]: place}
    if len(ordered) == 2:
        ordered.sort(key=lambda name: -1 in signs[name] or 1 not in signs[name])
        if -1 in signs[ordered[0]] or 1 in signs[ordered[1]]:
            to.add(
                f"{where}: receptors {', '.join(ordered)} that differ in time, not by the sign of "
                "their weights"
            )
            return {}
    return {name: k for k, name in enumerate(ordered)}


def _values(
    population: Population,
    template: Template,
    expander: Expander,
    receptors: list[Mapping[str, Any] | None],
    to: Problems,
) -> dict[str, Any]:
    """The numbers of the template, in its units."""
    model = population.model
    own = {k: expander.parameter(population, v, k) for k, v in model.values.items()}
    _fit_constants(population, template, own, expander.network, to)
    found: dict[str, Any] = {}
    for name, slot in template.slots.items():
        value: Any = None
        if slot.owner == "model":
            value = own[slot.name]
        elif slot.owner == "leak":
            value = own["cm"] / own[slot.name]
        elif slot.owner == "initial":
            value = expander.initial(population, slot.name)
            if template.schema == "pynn" and np.ndim(value) == 0 and value == slot.default:
                continue
        else:
            held = receptors[_EXC if slot.owner == "exc" else _INH]
            if held is None:
                continue
            value = held[slot.name]
        found[name] = value if slot.per == 1.0 else value * slot.per
    return found


def _fit_constants(
    population: Population,
    template: Template,
    own: dict[str, Any],
    network: Network,
    to: Problems,
) -> None:
    """See to what a template has as a constant: another gain is one of the current."""
    where = f"population {population.name!r}"
    for name, needed in template.constants.items():
        if _all(own[name], needed):
            continue
        driven = any(d.target.population is population for d in network.drives.values())
        if name == "gain" and not driven:
            own["i_offset"] = own["i_offset"] * own["gain"] / needed
            continue
        to.add(f"{where}: {name} other than {needed:g} in {template.full_name}")
