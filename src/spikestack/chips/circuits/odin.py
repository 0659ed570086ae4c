"""Networks in ODIN's numbers: weights of three bits, a sign for each source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...units import magnitude, parse_unit
from ..learning.sdsp import SDSPRule
from ..quantising import Quantised
from .edges import Edges
from .reading import Described, copy_inputs, read
from .whole import Format, quantise

__all__ = ["FORM", "LearningProjection", "ODINQuantised", "quantise_signed", "rows_of",
           "split_signs"]  # fmt: skip

#: Three bits and the source's sign; potentials from 0 to 255.
FORM = Format(
    "ODIN", weight_bits=4, state_bits=9, decay_bits=0, low=0.0, least_delay=0, most_delay=0,
    event_driven=True, reads_potentials=False, subtracts=False,
)  # fmt: skip
_INHIBITS, _TWIN = " (inhibits)", " to its twin"

#: By projection, the rule that it learns by.
Rules = Mapping[str, SDSPRule]


@dataclass(frozen=True)
class LearningProjection:
    """A projection whose synapses learn.

    Attributes
    ----------
    rule
        How.
    of
        Name of the described projection; a target that has a twin learns twice, the same.
    sign
        1 of one that excites, -1 of one that inhibits.
    theta_mem
        In the chip's numbers, of each target, int64.
    """

    rule: SDSPRule
    of: str
    sign: int
    theta_mem: np.ndarray


@dataclass(frozen=True)
class ODINQuantised(Quantised):
    """With the projections that learn, by name."""

    learning: Mapping[str, LearningProjection] = field(default_factory=dict)


def split_signs(network: Network, dt: float, rules: Rules | None = None) -> Network:
    """The same network, where every neuron on the chip excites or inhibits.

    A population that does both gets a twin, which hears the same and sends what inhibits.
    """
    given = read(network, dt, "ODIN", reads_potentials=False, bounded=True)
    signs = {e.name: _signs(e, rules or {}) for e in given.edges}
    mixed = {}
    for k in given.neurons:
        sent = [signs[e.name] for e in given.edges if e.pre == k and e.post not in given.readouts]
        if any((w < 0).any() for w in sent) and any((w > 0).any() for w in sent):
            mixed[k] = given.name(k) + _INHIBITS
    if not mixed:
        return network
    made = Network(seed=network.seed)
    for p in network.populations.values():
        made.add(Population(p.name, p.shape, p.model))
    for k, twin in mixed.items():
        described = network.populations[given.name(k)]
        made.add(Population(twin, described.shape, described.model))
    for e in given.edges:
        _copy_edges(network, made, given, e, mixed, signs[e.name])
    copy_inputs(network, made)
    return made


def _copy_edges(
    network: Network, made: Network, given: Described, e: Edges, mixed: dict[int, str],
    signs: np.ndarray,
) -> None:  # fmt: skip
    """A projection, to its target and the target's twin, from its source and the source's."""
    synapse = network.projections[e.name].synapse
    values: dict[str, Any] = dict(synapse.values)
    negative = signs < 0
    divided = e.pre in mixed and e.post not in given.readouts
    parts = [(given.name(e.pre), np.ones(len(signs), bool), "")]
    if divided:
        parts = [(given.name(e.pre), ~negative, ""), (mixed[e.pre], negative, _INHIBITS)]
    hears = [(given.name(e.post), "")]
    if e.post in mixed:
        hears.append((mixed[e.post], _TWIN))
    for post, own in hears:
        for pre, chosen, part in parts:
            if not chosen.any():
                continue
            weights, delays = e.weights[chosen], e.delays[chosen] * given.program.dt
            made.connect(
                made[pre], made[post], FromArrays(e.sources[chosen], e.targets[chosen]),
                type(synapse)(weight=weights, delay=delays, **values), name=e.name + own + part,
            )  # fmt: skip


def _signs(e: Edges, rules: Rules) -> np.ndarray:
    """Signs of the synapses of a projection; where they learn, a weight of 0 has one, too."""
    signs = np.sign(e.weights)
    if e.name not in rules:
        return signs
    if (signs < 0).any() and (signs > 0).any():
        raise ValidationError(f"ODIN, projection {e.name!r}", "learns, and has both signs",
                              "weights of one sign", "make it two projections")  # fmt: skip
    return np.full(len(signs), -1.0 if (signs < 0).any() else 1.0)


def quantise_signed(network: Network, dt: float, learning: Rules | None = None) -> ODINQuantised:
    """Bring a network of integrate-and-fire neurons without leak into ODIN's numbers.

    Parameters
    ----------
    network
        The description.
    dt
        Its step in ms.
    learning
        By projection, the rule that it learns by.

    Raises
    ------
    ValidationError
        If anything in it cannot be had; says what, and what to do.
    """
    rules = learning or {}
    for name in rules:
        if name not in network.projections:
            raise UnknownNameError("ODIN, learning", name, network.projections)
    signed = split_signs(network, dt, rules)
    origins = {
        q: n for n in rules for q in (n + own + part for own in ("", _TWIN)
                                      for part in ("", _INHIBITS))
        if q in signed.projections
    }  # fmt: skip
    given = read(signed, dt, "ODIN", reads_potentials=False, bounded=True)
    most = _greatest(given, origins, rules)
    made = quantise(signed, dt, FORM, most)
    notes = (
        "potentials do not fall below 0",
        "run on the chip, a spike acts before the next event is looked at",
        *(f"{n!r} learns by SDSP; 7 stands for {w:g}" for n, w in most.items() if n in rules),
    )
    values = {f.name: getattr(made, f.name) for f in fields(made)} | {"notes": notes}
    own = {n: _learning(given, made, n, of, rules[of]) for n, of in origins.items()}
    found = ODINQuantised(**values, learning=own)
    _check_crossings(found)
    return found


def _greatest(given: Described, origins: Mapping[str, str], rules: Rules) -> dict[str, float]:
    """What 7 stands for, by projection that learns; the same of all onto a population."""
    made: dict[str, float] = {}
    by_target: dict[int, tuple[Any, ...]] = {}
    for e in given.edges:
        if e.name not in origins:
            continue
        rule, where = rules[origins[e.name]], f"ODIN, projection {e.name!r}"
        if e.post not in given.neurons:
            raise ValidationError(where, "learns onto a readout of the host's", "neurons that fire")
        heaviest = float(np.abs(e.weights).max(initial=0.0))
        most = heaviest if rule.w_max is None else rule.w_max
        if most == 0.0 or most < heaviest:
            raise ValidationError(where, f"begins at {heaviest:g}, with w_max {most:g}",
                                  "a greatest weight", "SDSPRule(w_max=...)")  # fmt: skip
        made[e.name] = most
        told = (*rule.of_neurons[:-1], most)
        if by_target.setdefault(e.post, told) != told:
            raise ValidationError(
                where, "learns otherwise than others onto its targets", "one set of thresholds, "
                "calcium leaks and greatest weights", "these belong to neurons",
            )  # fmt: skip
    return made


def _learning(
    given: Described, made: Quantised, name: str, of: str, rule: SDSPRule
) -> LearningProjection:
    """One projection that learns, in the chip's numbers."""
    (e,) = (e for e in given.edges if e.name == name)
    p, where = given.program.populations[e.post], f"{name}, SDSPRule.theta_mem"
    unit = parse_unit(p.units[p.states.index("v")] or "1")
    told = magnitude(rule.theta_mem, unit, where)
    scaled = made.scales[p.name] * (np.asarray(told, float) - made.zeros[p.name])
    theta_mem = np.ceil(np.broadcast_to(scaled, p.size) - 1e-6)
    if not ((theta_mem >= 0) & (theta_mem <= FORM.most)).all():
        raise ValidationError(where, f"{theta_mem.min():g} to {theta_mem.max():g} in the chip's "
                              "numbers", f"0 to {FORM.most:g}")  # fmt: skip
    sign = -1 if (e.weights < 0).any() else 1
    return LearningProjection(rule, of, sign, theta_mem.astype(np.int64))


def _check_crossings(quantised: ODINQuantised) -> None:
    """Refuse two synapses where there is one, if it learns."""
    program = lower(quantised.network, quantised.dt, "float64", 1)
    met: dict[tuple[int, int, int], tuple[str, bool, set[int]]] = {}
    for e in program.edges:
        name, found = e.name, edge_list(e)
        own = quantised.learning.get(name)
        signs = np.sign(edge_weights(e)) if own is None else np.full(len(found.pre), own.sign)
        for sign in (1, -1):
            some = signs == sign
            pairs = found.pre[some] * np.int64(2**32) + found.post[some]
            where = (e.pre, e.post, sign)
            other, learns, before = met.get(where, (name, False, set()))
            twice = len(np.unique(pairs)) < len(pairs) or not before.isdisjoint(pairs.tolist())
            if twice and (learns or own is not None):
                raise ValidationError(
                    f"ODIN, projections {other!r} and {name!r}", "have synapses that learn, "
                    "and others between the same neurons", "one synapse at each crossing",
                )  # fmt: skip
            met[where] = (name, learns or own is not None, before | set(pairs.tolist()))


def rows_of(quantised: Quantised) -> dict[str, np.ndarray]:
    """Rows of the crossbar that each neuron takes as a source, by population.

    A neuron without synapses on the chip takes none, a source outside with weights of both signs
    two: its events come in twice.
    """
    learning = getattr(quantised, "learning", {})
    program = lower(quantised.network, quantised.dt, "float64", 1)
    rows: dict[str, np.ndarray] = {}
    for k, p in enumerate(program.populations):
        excites, inhibits = np.zeros(p.size, bool), np.zeros(p.size, bool)
        for e in program.edges:
            if e.pre == k and program.populations[e.post].name in quantised.scales:
                sources, weights = edge_list(e).pre, edge_weights(e)
                if e.name in learning:
                    weights = np.full(len(sources), learning[e.name].sign)
                excites[sources[weights > 0]] = True
                inhibits[sources[weights < 0]] = True
        rows[p.name] = excites.astype(np.int64) + inhibits
    return rows
