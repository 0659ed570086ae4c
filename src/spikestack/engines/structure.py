"""Structural changes: what a rule answers becomes the new state of a projection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..plasticity.wiring import Change, Wiring
from ..program.edge_list import EdgeList
from ..program.learning import PlasticProgram
from ..program.program import Program
from ..program.structure import StructureProgram, new_delays, wiring_of
from .state import Learned

__all__ = ["Changed", "restructured"]


@dataclass(frozen=True)
class Changed:
    """What one round did: sources and targets of the synapses that went, and of those that came."""

    removed: tuple[np.ndarray, np.ndarray]
    created: tuple[np.ndarray, np.ndarray]


def restructured(
    program: Program, plastic: PlasticProgram, learned: Learned, step: int
) -> tuple[Learned, list[Changed]]:
    """Let the structural rules of a projection act that are due at the end of a step.

    Parameters
    ----------
    program, plastic
        What runs, and the projection.
    learned
        Its state at the end of `step`.

    Returns
    -------
    learned
        The state from now on.
    changes
        Of each rule that acted.

    Raises
    ------
    ValidationError
        If a rule names synapses or neurons that it must not.
    """
    changes = []
    for k, rule in enumerate(plastic.structure):
        if step % rule.steps:
            continue
        assert learned.edges is not None
        traces = learned.source[0], learned.target[0]
        elements = learned.elements[k].copy()
        weights = learned.states[0, 0]
        wiring = wiring_of(program, plastic, rule, learned.edges, weights, traces, elements, step)
        change = rule.rule.change(wiring)
        _check(change, wiring, rule)
        gone, back = change.removed, np.argsort(change.pre, kind="stable")
        came = change.pre[back], change.post[back]
        changes.append(Changed((wiring.pre[gone], wiring.post[gone]), came))
        kept = tuple(elements if j == k else old for j, old in enumerate(learned.elements))
        learned = replace(
            _applied(program, plastic, learned, rule, gone, came, step), elements=kept
        )
    return learned, changes


def _applied(
    program: Program,
    plastic: PlasticProgram,
    learned: Learned,
    rule: StructureProgram,
    gone: np.ndarray,
    came: tuple[np.ndarray, np.ndarray],
    step: int,
) -> Learned:
    """The state without some synapses, and with others, which stand last among their source's."""
    edges, (pre, post) = learned.edges, came
    assert edges is not None
    if not len(gone) and not len(pre):
        return learned
    delays, dendritic = new_delays(
        program.edges[plastic.edge], program.seed, rule.place, step, len(pre)
    )
    stays = np.ones(len(edges.pre), bool)
    stays[gone] = False
    survivors = np.flatnonzero(stays)
    new = np.searchsorted(edges.pre[survivors], pre, side="right") + np.arange(len(pre))
    old = np.zeros(len(survivors) + len(pre), np.int64)
    is_new = np.zeros(len(old), bool)
    is_new[new] = True
    old[~is_new] = survivors

    def merged(column: np.ndarray, values: Any) -> np.ndarray:
        if not len(survivors):
            return np.full(len(old), values, column.dtype)
        made = column[old]
        made[new] = values
        return made

    columns = ("pre", pre), ("post", post), ("weights", 0), ("delays", delays)
    made = {name: merged(getattr(edges, name), values) for name, values in columns}
    made["dendritic"] = merged(edges.dendritic, dendritic)
    values = (rule.weight, *plastic.initial)
    states = [merged(row, value) for row, value in zip(learned.states[0], values)]
    return replace(learned, states=np.stack(states)[None], edges=EdgeList(**made))


def _check(change: Change, wiring: Wiring, rule: StructureProgram) -> None:
    """Raise ValidationError unless a rule's answer can be carried out."""
    where = f"Projection {rule.name!r}, {rule.rule.label}"
    for name in ("removed", "pre", "post"):
        given = getattr(change, name)
        if not (isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "iu"):
            raise ValidationError(where, f"{name} is {shorten(given)}", "an array of whole numbers")
    gone, stays = change.removed, np.ones(len(wiring.pre), bool)
    there = _between(gone, len(stays))
    stays[gone if there else []] = False
    if not there or stays.sum() != len(stays) - len(gone):
        raise ValidationError(where, "removes a synapse twice, or none that is there", "places")
    known = np.isin(change.pre, wiring.sources).all() and np.isin(change.post, wiring.targets).all()
    if len(change.pre) != len(change.post) or not known:
        raise ValidationError(
            where, "forms synapses of neurons that the projection does not join", "its neurons"
        )
    most = max(rule.rule.most_sources(), np.bincount(wiring.post).max(initial=0))
    degrees = np.bincount(np.concatenate([wiring.post[stays], change.post]))
    if degrees.max(initial=0) > most:
        raise ValidationError(
            where,
            f"gives a target {degrees.max():,} synapses",
            f"{most:,.0f} at most",
            "return the greatest number from most_sources()",
        )


def _between(numbers: np.ndarray, end: int) -> bool:
    return bool(((numbers >= 0) & (numbers < end)).all())
