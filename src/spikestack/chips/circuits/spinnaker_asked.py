"""What a network asks of SpiNNaker: its projections, and what is on each population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.inputs import ConstantCurrent, Poisson
from ...network.network import Drive, Network, Projection
from ...network.population import Population
from ...neurons.base import NeuronModel
from ...neurons.lif import LIF
from ...neurons.spike_source import SpikeSource
from ...plasticity.additive_stdp import AdditiveSTDP
from ...plasticity.base import TEXTS, PlasticityRule
from ...program.edge_list import edge_list, edge_weights
from ...program.inputs import weights_of
from ...program.populations import receptor_names
from ...program.program import PopulationProgram, Program
from ...synapses.base import Synapse
from ...synapses.exponential_current import ExponentialCurrent
from ...values import support
from ..neurons.spinnaker import ROWS, Channel
from .edges import Edges

__all__ = ["Cells", "cells_of", "edges_of", "highest", "is_source"]

#: Standard deviations above the mean that a ring buffer must hold.
_SIGMAS = 5.0
#: A shift of 16 lets a buffer hold all that s16.15 does.
_SHIFTS = 16


@dataclass(frozen=True)
class Cells:
    """A population on the chip: how it is described, what is on it, how it is computed."""

    program: PopulationProgram
    model: NeuronModel
    receptors: tuple[Synapse, ...]
    channels: tuple[Channel, ...]
    is_lif: bool

    def channel(self, receptor: int, sign: int) -> int:
        """Which type of synapse."""
        pairs = [(c.receptor, c.sign) for c in self.channels]
        return pairs.index((receptor, sign))


def edges_of(network: Network, e: Any, program: Program) -> Edges:
    where = f"SpiNNaker, projection {e.name!r}"
    if program.populations[e.pre].emit_type != "none":
        raise ValidationError(where, "carries values", "spikes without values")
    found = edge_list(e)
    return Edges(
        e.name, e.pre, e.post, e.receptor, found.pre, found.post, edge_weights(e), found.delays,
        rule=_rule_of(network.projections[e.name], where),
    )  # fmt: skip


def _rule_of(projection: Projection, where: str) -> PlasticityRule | None:
    """The rule by which a projection learns, if it does."""
    if not projection.is_plastic:
        return None
    rules: Any = projection.plasticity
    alone = len(rules) == 1 and not projection.structure and projection.modulator is None
    if not (alone and _says(rules[0], AdditiveSTDP, TEXTS)):
        raise ValidationError(where, "learns by another rule", "sp.AdditiveSTDP alone")
    if support(rules[0].values["w_min"])[0] < 0:
        raise ValidationError(where, "may have negative weights", "w_min of 0 or more")
    rule: PlasticityRule = rules[0]
    return rule


def _says(given: Any, kind: type[Any], texts: Sequence[str]) -> bool:
    """Whether something is what the catalogue calls `kind`, read from a file or not."""
    known = kind.declared_parameters()
    return all(getattr(given, name) == getattr(kind, name) for name in texts) and {
        name: p.unit for name, p in given.parameters.items()
    } == {name: p.unit for name, p in known.items()}


def _receptors(network: Network, population: Population) -> tuple[Synapse, ...]:
    """What is on a population, in the order of its program."""
    found = [
        p.synapse for p in network.projections.values()
        if p.post.population is population and not p.synapse.continuous
    ]  # fmt: skip
    found += [
        d.synapse
        for d in network.drives.values()
        if d.synapse is not None and d.target.population is population
    ]
    return tuple(receptor_names(found).values())


def is_source(model: NeuronModel, driven: bool) -> bool:
    """Whether a model makes spikes by itself, or passes on those it is driven by."""
    if driven:
        return _says(model, SpikeSource, ("equations", "after_arrivals", "threshold", "reset"))
    return "i_syn" not in model.names_used()


def cells_of(network: Network, program: Program, k: int, edges: list[Edges], rate: float) -> Cells:
    described, p = network.populations[program.populations[k].name], program.populations[k]
    where = f"SpiNNaker, population {p.name!r}"
    model = described.model
    joined = any(
        q.synapse.continuous and described in (q.pre.population, q.post.population)
        for q in network.projections.values()
    )
    if joined or model.compartments or p.emit_type != "none":
        problem = "has gap junctions" if joined else "has compartments or sends values"
        raise ValidationError(where, problem, "neurons of one point that send spikes")
    receptors = _receptors(network, described)
    drives = [d for d in network.drives.values() if d.target.population is described]
    into = [e for e in edges if e.post == k]
    held = _gathered(network, p, receptors, into, drives, program.dt, rate)
    if len(held) > len(ROWS):
        raise ValidationError(
            where, f"has {len(held)} types of synapses", f"{len(ROWS)}, which two bits tell apart",
            "give some of its synapses the same parameters",
        )  # fmt: skip
    currents = [d.input for d in drives if not d.input.has_events]
    is_lif = (
        _says(model, LIF, ("equations", "after_arrivals", "threshold", "reset", "refractory"))
        and all(_says(r, ExponentialCurrent, ("equations", "current")) for r in receptors)
        and all(isinstance(c, ConstantCurrent) for c in currents)
    )
    events = {pair for d in drives if d.synapse for pair in _pairs(d, receptors, network.seed)}
    channels = tuple(
        Channel(*pair, _shift(most, where), pair in events) for pair, most in held.items()
    )
    return Cells(p, model, receptors, channels, is_lif)


def _gathered(
    network: Network, p: PopulationProgram, receptors: tuple[Synapse, ...], into: list[Edges],
    drives: list[Drive], dt: float, rate: float,
) -> dict[tuple[int, int], float]:  # fmt: skip
    """The greatest input in one step that is to be expected, by receptor and sign."""
    keys = [repr(r.receptor_key()) for r in receptors]
    found: dict[tuple[int, int], np.ndarray] = {}

    def add(receptor: int, targets: np.ndarray, weights: np.ndarray, per_step: Any) -> None:
        for sign in (1, -1):
            mine = sign * weights > 0
            if mine.any():
                rows = found.setdefault((receptor, sign), np.zeros((3, p.size)))
                w, often = np.abs(weights[mine]), np.broadcast_to(per_step, weights.shape)[mine]
                np.add.at(rows[0], targets[mine], often * w)
                np.add.at(rows[1], targets[mine], often * w**2)
                np.maximum.at(rows[2], targets[mine], w)

    for e in into:
        most = e.weights if e.rule is None else np.full(len(e.weights), highest(e.rule))
        add(e.receptor, e.targets, most, rate * 1e-3 * dt)
    for d in drives:
        if d.synapse is not None:
            hertz: Any = getattr(d.input, "rate", rate) if isinstance(d.input, Poisson) else rate
            hertz = hertz if isinstance(hertz, float | np.ndarray) else rate
            receptor = keys.index(repr(d.synapse.receptor_key()))
            add(receptor, d.target.ids, weights_of(d, network.seed), hertz * 1e-3 * dt)
    return {
        key: float(np.maximum(rows[0] + _SIGMAS * np.sqrt(rows[1]), rows[2]).max())
        for key, rows in sorted(found.items(), key=lambda item: (item[0][0], -item[0][1]))
    }


def _pairs(drive: Drive, receptors: tuple[Synapse, ...], seed: int) -> set[tuple[int, int]]:
    """Receptor and signs of a drive's weights."""
    assert drive.synapse is not None
    keys = [repr(r.receptor_key()) for r in receptors]
    receptor = keys.index(repr(drive.synapse.receptor_key()))
    return {(receptor, int(sign)) for sign in np.sign(weights_of(drive, seed)) if sign}


def highest(rule: PlasticityRule) -> float:
    """The greatest weight that a rule leaves."""
    return float(support(rule.values["w_max"])[0])


def _shift(most: float, where: str) -> int:
    """How far a buffer is shifted so that it holds `most`: weights are below 2^shift."""
    shift = max(0, int(np.ceil(np.log2(most)))) if most > 0 else 0
    shift += 2.0**shift <= most
    if shift > _SHIFTS:
        raise ValidationError(
            where, f"expects an input of {most:g} in a step", f"less than {2**_SHIFTS}",
            "give its weights a larger unit",
        )  # fmt: skip
    return int(shift)
