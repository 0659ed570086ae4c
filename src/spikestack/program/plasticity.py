"""Lowering plasticity: the rules of a projection become traces, events and rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ValidationError
from ..network.learning import Signal
from ..network.links import Projection
from ..numerics.edges import expected_edges
from ..numerics.random import stream_key
from .compact_edges import compact_weights
from .edge_values import greatest, to_steps
from .learning import PlasticProgram
from .program import EdgeProgram, PopulationProgram, ValueSpec
from .rule_code import LEARNING, RuleCode
from .structure import structure_programs, trace_rules, weights_within

__all__ = ["bounded", "plastic_program"]


def bounded(projection: Projection, weight: ValueSpec) -> float | None:
    """The greatest magnitude that a plastic weight can reach, coherent; None of static ones."""
    unit = projection.synapse.unit_of_weight()
    found = [rule.coherent(unit) for rule in projection.plasticity]
    if projection.structure and not found:
        return max(map(abs, weights_within(projection, weight)))
    return max((abs(v[name]) for v in found for name in ("w_min", "w_max")), default=None)


def plastic_program(
    projection: Projection,
    place: int,
    edge: EdgeProgram,
    populations: Mapping[str, tuple[int, PopulationProgram]],
    precision: str,
    trials: int,
) -> PlasticProgram:
    """The plasticity of one projection, whose lowered edges are `edge`.

    Parameters
    ----------
    projection, place, edge
        Its description, and its lowered edges and their place.
    populations
        By name, place and program.
    precision, trials
        Of the program.

    Raises
    ------
    ValidationError
        If its spikes act without delay, weights begin out of bounds, or a time is off the grid.
    """
    where, dt = f"Projection {projection.name!r}", edge.dt
    if edge.min_delay < 1:
        raise ValidationError(
            f"{where}.plasticity",
            "spikes that may act without delay",
            f"delays of at least a step ({dt:g} ms) where weights change",
        )
    unit = projection.synapse.unit_of_weight()
    for rule in projection.plasticity:
        _check_weights(edge, rule.coherent(unit), where)
        _check_grid(rule.coherent(unit)["interval"], dt, f"{where}, {rule.label}.interval")
    made = RuleCode(trace_rules(projection, edge.weight), unit, dt, precision, where)
    sources, targets, modulators = (made.traces(s) for s in ("pre", "post", "modulator"))
    structure = structure_programs(projection, dt, (sources.names, targets.names), trials)
    on_pre, on_post, rounds = made.event("on_pre"), made.event("on_post"), made.rounds()
    dendritic = int(to_steps(greatest(edge.dendritic)[1], dt))
    modulator = _modulator(projection, populations, where, dt)
    least, most = made.bounds()
    keys = [
        [stream_key(projection.seed, projection.name, f"rule {draw}", t) for draw in made.draws]
        for t in range(trials)
    ]
    states = populations[projection.post.population.name][1].states
    return PlasticProgram(
        place,
        ", ".join(rule.label for rule in (*projection.plasticity, *projection.structure)),
        tuple(made.values),
        made.params[LEARNING],
        sources,
        targets,
        modulators,
        tuple(made.variables),
        made.initial(projection, expected_edges(edge.rule)),
        tuple(states.index(name) for name in made.reads),
        on_pre,
        on_post,
        rounds,
        np.array(keys, np.uint64).reshape(trials, len(made.draws)),
        least,
        most,
        max(
            edge.max_delay + max(sources.lags, default=0), 2 * dendritic, modulator.get("delay", 1)
        ),
        structure=structure,
        **modulator,
    )


def _check_grid(interval: float, dt: float, where: str) -> None:
    if abs(interval - round(interval / dt) * dt) > 1e-6 * dt * max(1.0, interval / dt):
        raise ValidationError(where, f"{interval:g} ms", f"a multiple of the step, {dt:g} ms")


def _modulator(
    projection: Projection,
    populations: Mapping[str, tuple[int, PopulationProgram]],
    where: str,
    dt: float,
) -> dict[str, Any]:
    given = projection.modulator
    if isinstance(given, Signal):
        steps = np.rint(given.times / dt).astype(np.int64)
        return {"signal_steps": steps, "signal_values": given.values.copy()}
    if given is None:
        return {}
    delay = int(to_steps(projection.modulator_delay, dt))
    if not 1 <= delay < 2**16:
        raise ValidationError(
            f"{where}.modulator_delay",
            f"{projection.modulator_delay:g} ms",
            f"at least a step ({dt:g} ms) and below 2**16 steps",
        )
    return {"modulator": populations[given.name][0], "delay": delay}


def _check_weights(edge: EdgeProgram, constants: Mapping[str, float], where: str) -> None:
    low, high, _, _ = greatest(edge.weight)
    if low < constants["w_min"] or high > constants["w_max"]:
        # Bounds of distributions are wide; what counts is what was drawn.
        drawn = compact_weights(edge, np.float64)
        low, high = float(drawn.min(initial=low)), float(drawn.max(initial=high))
        inside = len(drawn) == 0 or (
            drawn.min() >= constants["w_min"] and drawn.max() <= constants["w_max"]
        )
        if not inside:
            raise ValidationError(
                f"{where}.weight",
                f"runs from {drawn.min():g} to {drawn.max():g} (coherent units) at t = 0",
                f"{constants['w_min']:g} to {constants['w_max']:g} (w_min to w_max of the rule)",
                "bound the weights, or set w_min= and w_max= of the rule",
            )
