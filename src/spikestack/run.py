"""The main path, on one screen: validate and lower, execute, collect."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .chips.chip import Chip
from .errors import ValidationError
from .network.network import Network
from .recording import Recording
from .simulation import Simulation

__all__ = ["run"]


def run(
    network: Network,
    duration: Any,
    *,
    on: str | Chip = "cpu",
    dt: Any = None,
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
        ``"cpu"`` or ``"reference"``, or a chip: ``on=sp.chips.Loihi()``.
    dt
        Step in ms: 0.1 by default, 1.0 on a chip.
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
        Spikes and traces; of status ``"interrupted"`` after Ctrl-C. Of a chip a
        `spikestack.chips.ChipRun`, with what happened on each core, and what it cost.
    """
    if isinstance(on, Chip):
        return _on_chip(network, duration, on, dt, progress, trials, to)
    simulation = Simulation(
        network,
        dt=0.1 if dt is None else dt,
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


def _on_chip(
    network: Network,
    duration: Any,
    chip: Chip,
    dt: Any,
    progress: bool | None,
    trials: int,
    to: Any,
) -> Recording:
    """A chip decides itself on numbers and order of work: most settings have no meaning there."""
    if trials != 1 or to is not None:
        problem = "trials" if trials != 1 else "recording to a folder"
        raise ValidationError(f"run on {chip.name}", f"{problem} is not to be had on a chip",
                              "one run after the other, in memory")  # fmt: skip
    return chip.run(network, duration, dt=1.0 if dt is None else dt, progress=progress)
