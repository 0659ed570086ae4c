"""How much memory a run needs, and how much there is; asked before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..equations.edge_expression import Expression
from ..errors import MemoryLimitError
from ..machine import available_memory
from ..network.network import Network, Projection
from .computed import sampled_range
from .program import Program

__all__ = [
    "MemoryNeed",
    "available_memory",
    "check_memory",
    "check_samples",
    "memory_needed",
]

#: Bytes per edge of the explicit lists that the reference engine keeps, and of their making.
_REFERENCE_EDGE = 96
#: The same for a plastic synapse, but for its weight; and what the compiled engine needs.
_PLASTIC_EDGE, _PLASTIC_COMPACT = 128, 36
#: Neurons of one partition up to which a synapse takes 4 bytes; synapses in a bucket, as planned.
_COMPACT, _BUCKET = 2**19, 16
_IN_FLIGHT_RATE = 10.0
_RESERVE = 64 * 2**20
#: Bytes of samples too few to ask how many there are, which costs more than a short piece.
_NEGLIGIBLE = 2**20


@dataclass(frozen=True)
class MemoryNeed:
    """Expected bytes of the parts of a run."""

    synapses: int
    rows: int
    states: int
    explicit: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.synapses + self.rows + self.states + self.explicit


def memory_needed(
    network: Network,
    dt: float,
    precision: str = "float32",
    trials: int = 1,
    engine: str = "cpu",
    threads: int = 1,
    procedural: bool = False,
) -> MemoryNeed:
    """Expected memory of a run, from the description alone.

    Parameters
    ----------
    network, dt, precision, trials, engine, threads
        As for a run.
    procedural
        Whether synapses that follow rules are computed instead of being stored.

    Returns
    -------
    MemoryNeed
        Bytes; edges are counted by their expected number.
    """
    real = 4 if precision == "float32" else 8
    synapses = rows = explicit = 0.0
    size = sum(p.size for p in network.populations.values())
    for projection in network.projections.values():
        n = projection.expected_edges
        synapse = projection.synapse
        formulas = sum(
            isinstance(v, Expression)
            for v in (synapse.weight, synapse.delay, synapse.dendritic_delay)
        )
        listed = projection.rule.kind == "explicit" or formulas > 0
        given = hasattr(synapse.weight, "nbytes") or isinstance(synapse.weight, Expression)
        explicit += (40 + 16 * formulas) * n if listed else 8 * n if given else 0
        steps = _span(projection, dt)
        if projection.plasticity:
            variables = sum(len(rule.synapse_units) for rule in projection.plasticity)
            edge = _PLASTIC_COMPACT if engine == "cpu" else _PLASTIC_EDGE
            explicit += n * (edge + (2 + 2 * variables) * real * trials)
        if engine != "cpu":
            synapses += n * _REFERENCE_EDGE
            rows = max(rows, size * 8 * steps)
        elif procedural and not listed and not given:
            # What is in flight, at ten spikes per second, and what the rule keeps for each source.
            rows += n * 4 * _IN_FLIGHT_RATE * steps * dt * 1e-3 * trials
            rows += projection.pre.size * 24
        else:
            compact = not given and size / threads < _COMPACT
            synapses += n * (4 if compact else 2 * real)
            # Buckets are counted, then placed, then filled: three tables of them at the most.
            buckets = min(projection.pre.size * steps, n / _BUCKET + projection.pre.size)
            rows += 24 * threads * buckets
    states = sum(
        p.size * (real * (len(p.model.block.states) + 4) + 4 + 8)
        for p in network.populations.values()
    )
    return MemoryNeed(int(synapses), int(rows), int(states * trials), int(explicit))


def _span(projection: Projection, dt: float) -> float:
    """How many different delays may occur."""
    from .edge_values import greatest, spec_of

    total = 1.0
    for name in ("delay", "dendritic_delay"):
        value = getattr(projection.synapse, name)
        if isinstance(value, Expression):
            low, high = sampled_range(value, projection)
        else:
            low, high, _, _ = greatest(spec_of(value, 0, "", "", None))
        total += (high - low) / dt
    return total


def check_memory(
    network: Network,
    dt: float,
    precision: str,
    trials: int,
    engine: str,
    threads: int,
    procedural: bool = False,
) -> None:
    """Raise MemoryLimitError, with the numbers and a way out, if a run would not fit."""
    settings = (network, dt, precision, trials, engine, threads)
    need, there = memory_needed(*settings, procedural), available_memory()
    if need.total + _RESERVE <= there:
        return
    edges = sum(p.expected_edges for p in network.projections.values())
    advice = "use fewer neurons or synapses, a larger machine, or float32"
    computed = memory_needed(*settings, True).total if engine == "cpu" else need.total
    if not procedural and computed + _RESERVE <= there:
        advice = (
            f"use connectivity='procedural', which needs about {computed:,} bytes and computes "
            "synapses at every spike instead of storing them"
        )
    raise MemoryLimitError(
        f"Network: needs about {need.total:,} bytes ({edges:,.0f} synapses: {need.synapses:,}; "
        f"rows {need.rows:,}; states {need.states:,}; explicit edges {need.explicit:,}); "
        f"{there:,} bytes are available; {advice}"
    )


def check_samples(program: Program, steps: int) -> None:
    """Raise MemoryLimitError if what `steps` steps will record of states would not fit."""
    size = np.dtype(program.dtype).itemsize * program.trials
    # Pieces are joined in the end, so they exist twice for a moment.
    need = 2 * size * sum(len(p.ids) * (steps // p.every) for p in program.probes)
    if need < _NEGLIGIBLE:
        return
    there = available_memory()
    if need + _RESERVE > there:
        raise MemoryLimitError(
            f"record: the samples of {steps:,} steps need about {need:,} bytes; {there:,} bytes "
            "are available; record fewer neurons, at a longer interval, or to the disk (to=...)"
        )
