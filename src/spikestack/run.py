"""The main path, on one screen: validate and lower, execute, collect."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .network.network import Network
from .recording import Recording
from .simulation import Simulation

__all__ = ["run"]


def run(
    network: Network,
    duration: Any,
    *,
    on: str = "cpu",
    dt: Any = 0.1,
    threads: int | None = None,
    precision: str = "float32",
    trials: int = 1,
    connectivity: str = "stored",
    lazy: bool = False,
    profile: bool = False,
    progress: bool | None = None,
    to: str | Path | None = None,
    overwrite: bool = False,
) -> Recording:
    """Run a network from the start and return what was recorded.

    Parameters
    ----------
    network
        What to run.
    duration
        ms.
    on
        ``"cpu"`` or ``"reference"``.
    dt
        Step in ms.
    threads, precision, trials, connectivity, lazy, profile
        See `Simulation`.
    progress
        Whether to show a bar; by default on a terminal only.
    to, overwrite
        A folder to record to while running, and whether a recording there is replaced; see
        `Simulation`. The result is then mapped from its files.

    Returns
    -------
    Recording
        Spikes and traces; of status ``"interrupted"`` after Ctrl-C.
    """
    simulation = Simulation(
        network,
        dt=dt,
        on=on,
        threads=threads,
        precision=precision,
        trials=trials,
        connectivity=connectivity,
        lazy=lazy,
        profile=profile,
        to=to,
        overwrite=overwrite,
    )
    if not simulation.advance(duration, progress=progress):
        print(f"stopped at {simulation.time:g} ms; what was recorded is kept", file=sys.stderr)
    made = simulation.recording()
    if simulation.program.plastic:
        object.__setattr__(made, "learned", simulation.learned())
    return made
