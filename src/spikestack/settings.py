"""Settings of a run: checked, or chosen."""

from __future__ import annotations

from typing import Any

from .errors import ValidationError, shorten
from .machine import available_processors
from .network.network import Network
from .program.program import Program
from .units import magnitude, parse_unit

__all__ = ["check_on_disk", "check_plastic", "checked_count", "checked_dt", "default_threads"]


def checked_dt(dt: Any) -> float:
    """A step in ms, checked."""
    value = magnitude(dt, parse_unit("ms"), "run, dt")
    if not isinstance(value, float) or not 1e-6 <= value <= 1e3:
        raise ValidationError("run, dt", f"got {shorten(dt)}", "a time from 1e-6 to 1000 ms")
    return value


def checked_count(value: Any, where: str) -> int:
    """A whole number from 1, checked."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 2**20:
        raise ValidationError(where, f"got {shorten(value)}", "a whole number >= 1")
    return value


def default_threads(network: Network, trials: int) -> int:
    """Threads that a run takes unless told: one for what is over before others have begun."""
    neurons = trials * sum(p.size for p in network.populations.values())
    edges = sum(p.expected_edges for p in network.projections.values())
    return available_processors() if neurons >= 5_000 or edges >= 1_000_000 else 1


def check_plastic(program: Program, procedural: bool) -> None:
    """Raise ValidationError if synapses that learn are to be computed anew at every spike."""
    if procedural and program.plastic:
        name = program.edges[program.plastic[0].edge].name
        raise ValidationError(
            "run, connectivity",
            f"'procedural', and the weights of projection {name!r} are plastic",
            "'stored': what changes must be kept",
        )


def check_on_disk(network: Network) -> None:
    """Raise ValidationError if synapses are to be recorded to disk, which is not provided for."""
    if network.synapse_probes:
        raise ValidationError(
            "run, to",
            f"with a record of projection {network.synapse_probes[0].projection!r}",
            "records of neurons only",
            "run without to=, or read weights by Simulation.connections between pieces",
        )
