"""SONATA: networks of point neurons, simulations, spikes and reports in files.

The format is that of the Allen Institute and the Blue Brain Project (Dai et al. 2020, PLoS Comput
Biol 16:e1007696, and its developer guide, version 0.1). ``read`` gives a `Network`, or, of a
simulation, a `SonataSimulation` that can be run; ``write`` takes a network. What the form or our
models cannot express is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...network.network import Network
from .circuit import Circuit, circuit_of, read_circuit
from .config import Config
from .reports import read_report, write_report
from .simulation import Report, SonataSimulation, read_simulation, simulation_of
from .spikes import read_spikes, write_spikes
from .templates import TEMPLATES
from .writing import write

__all__ = [
    "TEMPLATES",
    "Circuit",
    "Report",
    "SonataSimulation",
    "read",
    "read_circuit",
    "read_report",
    "read_simulation",
    "read_spikes",
    "write",
    "write_report",
    "write_spikes",
]


def read(
    path: str | Path,
    *,
    seed: int = 0,
    root: str | Path | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Network | SonataSimulation:
    """Read a circuit or a simulation, whichever the file is of.

    Parameters
    ----------
    path
        ``circuit_config.json`` or ``simulation_config.json``.
    seed
        Of a circuit's network; a simulation has its own.
    root
        The folder that all files must lie in; that of `path` by default.
    manifest
        Variables that take the place of those in the files, as ``{"$BASE_DIR": folder}``.

    Returns
    -------
    Network or SonataSimulation
        See `read_circuit` and `read_simulation`, which always give the one or the other.

    Raises
    ------
    FileFormatError
        If a file is damaged or not what it should be.
    ValidationError
        If something cannot be described; it names all of it.
    """
    config = Config(path, root, manifest)
    if "network" in config.data or "run" in config.data or "simulation" in config.data:
        return simulation_of(config, root, manifest)
    return circuit_of(config, seed).network
