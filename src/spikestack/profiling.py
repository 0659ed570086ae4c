"""Where the time of a run goes, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .engines.base import AbstractEngine

__all__ = ["Profile", "build_seconds"]


class Profile:
    """Adds up what a simulation spends from now on, apart from building.

    Parameters
    ----------
    engine
        Whose phases are timed.
    """

    def __init__(self, engine: AbstractEngine) -> None:
        self.engine = engine
        self.running = self.collecting = 0.0
        engine.start_profile()

    def add(self, running: float, collecting: float) -> None:
        """Count seconds in the engine, and seconds of sorting out what it brought."""
        self.running += running
        self.collecting += collecting

    def facts(self) -> dict[str, Any]:
        """Everything so far, in seconds.

        Returns
        -------
        dict
            ``loop``: seconds by phase, a list with a number for each thread, or for each trial if
            `per` says so; empty for engines that cannot tell phases apart. ``running_s`` and
            ``collecting_s``: wall time in the engine, and in collecting results after it.
        """
        return {
            "per": self.engine.profile_rows,
            "loop": self.engine.phase_times(),
            "running_s": self.running,
            "collecting_s": self.collecting,
        }


def build_seconds(lowering: float, total: float, details: Mapping[str, Any]) -> dict[str, float]:
    """The parts of building, by what an engine says of itself; their sum is `total`."""
    parts = {"lowering": lowering}
    for name, key in (("kernels", "compile_time_s"), ("synapses", "build_time_s")):
        if key in details:
            parts[name] = float(details[key])
    return parts | {"rest": max(0.0, total - sum(parts.values()))}
