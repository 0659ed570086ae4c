"""Reading: a file or graph, and what its numbers mean, become a network."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from .building import build
from .dialects import DIALECTS, dialect_of
from .flattening import flattened
from .graph import Graph, checked
from .hdf5 import read_graph
from .keeping import restored
from .library import from_library
from .model import Model
from .times import times_of

__all__ = ["from_graph", "read"]


def read(source: Any, **settings: Any) -> Model:
    """Read a NIR file, or a graph of the library `nir`.

    Parameters
    ----------
    source
        A path, a `nir.NIRGraph` or a `Graph`.
    settings
        As `from_graph` takes them: ``dt``, ``time_unit``, ``dialect``, ``values``, ``limit``,
        ``seed``, and options of the dialect.

    Returns
    -------
    Model

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If it is damaged or no NIR file.
    ValidationError
        If the graph cannot be meant, or its time is not settled.
    MissingExtraError
        If a file is to be read and h5py is not installed.
    """
    if isinstance(source, str | os.PathLike):
        return from_graph(read_graph(source), **settings)
    if isinstance(source, Graph):
        return from_graph(checked(source), **settings)
    return from_graph(from_library(source), **settings)


def from_graph(
    graph: Graph,
    *,
    dt: Any = None,
    time_unit: Any = None,
    dialect: str | None = None,
    values: Any = None,
    limit: Any = 1024.0,
    seed: int = 0,
    metadata: bool = True,
    **options: Any,
) -> Model:
    """Make a model of a graph.

    Parameters
    ----------
    graph
        Checked, as `spikestack.formats.nir.graph.checked` gives it.
    dt
        The step in ms. It may be left out where the dialect fixes it or the file tells it.
    time_unit
        In which the graph counts time: ``"s"``, ``"ms"``, ``"us"``, ``"steps"``, or a number of
        seconds. By default that of the dialect or the file, else seconds.
    dialect
        The tool that wrote it, a name of `DIALECTS`: neurons then take its steps. Without one, the
        equations are solved exactly for an input that is held over the step, a spike needs v above
        the threshold, and v is then set to v_reset.
    values
        Greatest magnitude of what inputs bring, for a network that is fed with values; by default
        they are spikes. `Model.run` sees to that itself.
    limit
        Greatest magnitude of values that neurons send each other, as from LI to Affine.
    seed
        Of the network.
    metadata
        Whether to restore the description that `write` has put aside, if there is one; the nodes
        are then only checked to be those it was written with.
    options
        What the tool does not write: ``reset`` (``"to_value"``, ``"subtract"`` or ``"none"``); of
        snnTorch ``reset_delay``; of Sinabs ``norm_input``, ``spikes`` (``"one"`` or ``"many"`` in a
        step) and ``min_v_mem``. By default as the tool has them by default.

    Returns
    -------
    Model

    Raises
    ------
    ValidationError
        If the graph cannot be meant, or its time is not settled.
    """
    if dialect is None:
        dialect, options = _hinted(graph, options)
    spoken = dialect_of(dialect, options)
    flat = flattened(graph, spoken)
    times = times_of(flat.graph, dt, time_unit, spoken)
    bounds = {"values": values, "limit": limit}
    for name, value in bounds.items():
        if value is None:
            continue
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not 0 < value <= 1e6:
            raise ValidationError(f"read, {name}", f"got {shorten(value)}", "above 0, at most 1e6")
    if metadata and (built := restored(graph)) is not None:
        return Model(graph, times.dt, spoken, lambda _: built)
    make = partial(_build, flat, times, spoken, float(limit), seed)
    return Model(graph, times.dt, spoken, make, None if values is None else float(values))


def _hinted(graph: Graph, options: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The dialect and the options that a graph tells itself; what the reader says goes before."""
    hints = {k: v.item() if isinstance(v, np.generic) else v for k, v in graph.metadata.items()}
    name = hints.get("spikestack/dialect")
    if name not in DIALECTS:
        reset = hints.get("reset")
        known = {kind for kind, _ in DIALECTS[""].resets}
        return None, ({"reset": reset} if reset in known else {}) | options
    told = {k: hints.get(f"spikestack/{k}") for k in DIALECTS[name].options}
    found = {k: v for k, v in told.items() if v is not None}
    if "reset" in hints:
        found["reset"] = hints["reset"]
    return name, found | options


def _build(flat: Any, times: Any, dialect: Any, limit: float, seed: int, values: Any) -> Any:
    return build(flat, times, dialect, values=values, limit=limit, seed=seed)
