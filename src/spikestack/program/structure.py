"""Lowering structural rules: when they act, on what, and what new synapses are like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ValidationError
from ..network.links import Projection
from ..numerics.random import bits64, stream_key, uniform_index
from ..plasticity.base import PlasticityRule
from ..plasticity.structural import StructuralRule
from ..plasticity.wiring import Wiring
from .edge_list import EdgeList
from .edge_values import ARRAY, draw_many, greatest
from .learning import PlasticProgram
from .program import EdgeProgram, Program, ValueSpec

__all__ = [
    "StructureProgram",
    "new_delays",
    "structure_programs",
    "trace_rules",
    "weights_within",
    "wiring_of",
]


@dataclass(frozen=True)
class StructureProgram:
    """One structural rule of a projection.

    Attributes
    ----------
    rule, values
        The rule, and its parameters, coherent.
    name, place
        Of the projection, and the rule's among all its rules: what its draws are keyed by.
    steps
        Between two rounds.
    weight
        Of a new synapse, coherent.
    sources, targets
        Place of each of its traces among those of the projection, by name.
    autapses, multapses
        Whether it may join a neuron to itself, and a pair several times.
    same
        Whether both sides are one population.
    """

    rule: StructuralRule
    values: Mapping[str, float]
    name: str
    place: int
    steps: int
    weight: float
    sources: Mapping[str, int]
    targets: Mapping[str, int]
    autapses: bool
    multapses: bool
    same: bool


def weights_within(projection: Projection, weight: ValueSpec) -> tuple[float, float]:
    """Least and greatest weight of a projection whose weights obey no rule, coherent."""
    unit = projection.synapse.unit_of_weight()
    low, high, _, _ = greatest(weight)
    new = [w * unit.scale for rule in projection.structure for w in rule.new_weights()]
    return min(low, *new, high), max(high, *new, low)


def trace_rules(projection: Projection, weight: ValueSpec) -> tuple[PlasticityRule, ...]:
    """The rules of weights, then rules that keep the traces of the structural ones."""
    unit, rules = projection.synapse.unit_of_weight(), projection.plasticity
    if rules:
        found = [rule.coherent(unit) for rule in rules]
        within = min(v["w_min"] for v in found), max(v["w_max"] for v in found)
    else:
        within = weights_within(projection, weight)
    least, most = (w / unit.scale for w in within)
    return (*rules, *(rule.traces(least, most) for rule in projection.structure))


def structure_programs(
    projection: Projection, dt: float, traces: tuple[tuple[str, ...], tuple[str, ...]], trials: int
) -> tuple[StructureProgram, ...]:
    """Lower the structural rules of a projection.

    Parameters
    ----------
    projection, dt, trials
        What is lowered, for which step and how many trials.
    traces
        Names of the traces of all rules, of sources and of targets, prefixed by the rule's place.

    Raises
    ------
    ValidationError
        With several trials, or an interval off the grid.
    """
    if projection.structure and trials > 1:
        raise ValidationError(
            f"Projection {projection.name!r}.plasticity",
            f"{projection.structure[0].label} in {trials} trials, each of which would need synapses"
            " of its own",
            "one trial where synapses are formed and removed",
            "make a run for each trial, with another seed",
        )
    unit = projection.synapse.unit_of_weight()
    made = []
    for k, rule in enumerate(projection.structure, len(projection.plasticity)):
        values = rule.coherent(unit)
        steps = round(values["interval"] / dt)
        if steps < 1 or abs(values["interval"] / dt - steps) > 1e-6 * steps:
            raise ValidationError(
                f"Projection {projection.name!r}, {rule.label}.interval",
                f"{values['interval']:g} ms",
                f"a multiple of the step, {dt:g} ms",
            )
        ours, theirs = (
            {n.partition(".")[2]: i for i, n in enumerate(side) if _is_of(n, k)} for side in traces
        )
        made.append(
            StructureProgram(
                rule,
                values,
                projection.name,
                k,
                steps,
                next((w * unit.scale for w in rule.new_weights()), 0.0),
                ours,
                theirs,
                bool(getattr(projection.rule, "autapses", False)),
                bool(getattr(projection.rule, "multapses", False)),
                projection.pre.population is projection.post.population,
            )
        )
    return tuple(made)


def _is_of(name: str, place: int) -> bool:
    return name.partition(".")[0] == str(place)


def wiring_of(
    program: Program,
    plastic: PlasticProgram,
    rule: StructureProgram,
    edges: EdgeList,
    weights: np.ndarray,
    traces: tuple[np.ndarray, np.ndarray],
    elements: np.ndarray,
    step: int,
) -> Wiring:
    """What a rule sees of the synapses `edges` at the end of a step.

    Parameters
    ----------
    weights
        Coherent, by synapse.
    traces
        Of sources and of targets: (traces, neurons).
    elements
        What the rule keeps, which it may write to.
    """
    edge = program.edges[plastic.edge]
    ours, theirs = (
        {name: rows[place].astype(float) for name, place in places.items()}
        for places, rows in zip((rule.sources, rule.targets), traces)
    )
    return Wiring(
        edges.pre,
        edges.post,
        weights,
        np.unique(edge.pre_ids),
        np.unique(edge.post_ids),
        (program.populations[edge.pre].size, program.populations[edge.post].size),
        rule.same,
        rule.autapses,
        rule.multapses,
        ours,
        theirs,
        elements,
        rule.values,
        program.seed,
        rule.name,
        rule.place,
        step,
    )


def new_delays(
    edge: EdgeProgram, seed: int, place: int, step: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whole and dendritic delays, in steps, of synapses that are formed at a step (int64).

    They are drawn as those of the projection were; where these are listed, one of them is taken.
    """
    parts = []
    for purpose, spec in (("new delay", edge.delay), ("new dendritic delay", edge.dendritic)):
        key = bits64(stream_key(seed, edge.name, f"structure {place} {purpose}"), step)
        parts.append(_steps(_drawn(spec, key, count), edge.dt))
    return parts[0] + parts[1], parts[1]


def _drawn(spec: ValueSpec, key: Any, count: int) -> np.ndarray:
    counters = np.arange(count, dtype=np.uint64)
    if spec.kind == ARRAY:
        some = spec.array if len(spec.array) else np.ones(1)
        return some[np.asarray(uniform_index(bits64(key, counters), len(some))).astype(np.int64)]
    return draw_many(replace(spec, key=key), counters)


def _steps(delays: np.ndarray, dt: float) -> np.ndarray:
    return np.floor(delays / dt + 0.5).astype(np.int64)
