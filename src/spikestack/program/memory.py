"""How much memory a run needs, and how much there is; asked before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import MemoryLimitError
from ..machine import available_memory
from ..network.network import Network

__all__ = ["MemoryNeed", "available_memory", "check_memory", "memory_needed"]

#: Bytes per edge of the explicit lists that the reference engine keeps, and of their making.
_REFERENCE_EDGE = 96
_RESERVE = 64 * 2**20


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
) -> MemoryNeed:
    """Expected memory of a run, from the description alone.

    Parameters
    ----------
    network, dt, precision, trials, engine, threads
        As for a run.

    Returns
    -------
    MemoryNeed
        Bytes; edges are counted by their expected number.
    """
    real = 4 if precision == "float32" else 8
    edges = rows = explicit = 0.0
    longest: dict[str, float] = {}
    for projection in network.projections.values():
        n = projection.rule.expected_edges(projection.pre.size, projection.post.size)
        edges += n
        if projection.rule.kind == "explicit":
            explicit += 40 * n
        elif projection.rule.has_fixed_edges() and hasattr(projection.synapse.weight, "nbytes"):
            explicit += 8 * n
        name = projection.pre.population.name
        longest[name] = max(longest.get(name, 1.0), _span(projection.synapse, dt))
    for name, span in longest.items():
        rows += network.populations[name].size * span * 8 * threads * 2
    states = sum(
        p.size * (real * (len(p.model.block.states) + 4) + 4 + 8)
        for p in network.populations.values()
    )
    per_edge = 2 * real if engine == "cpu" else _REFERENCE_EDGE
    if engine != "cpu":
        rows = (
            sum(p.size for p in network.populations.values()) * 8 * max(longest.values(), default=1)
        )
    return MemoryNeed(int(edges * per_edge), int(rows), int(states * trials), int(explicit))


def _span(synapse: object, dt: float) -> float:
    """How many different delays may occur."""
    from .edge_values import greatest, spec_of

    total = 1.0
    for name in ("delay", "dendritic_delay"):
        low, high, _, _ = greatest(spec_of(getattr(synapse, name), 0, "", "", None))
        total += (high - low) / dt
    return total


def check_memory(need: MemoryNeed, edges: float) -> None:
    """Raise MemoryLimitError, with the numbers, if `need` exceeds what there is."""
    there = available_memory()
    if need.total + _RESERVE > there:
        raise MemoryLimitError(
            f"Network: needs about {need.total:,} bytes ({edges:,.0f} synapses: {need.synapses:,}; "
            f"rows {need.rows:,}; states {need.states:,}; explicit edges {need.explicit:,}); "
            f"{there:,} bytes are available; use fewer neurons or synapses, a larger machine, or "
            "float32"
        )
