"""What a step and the numbers in a file mean in time; nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from ...units import magnitude, parse_unit
from .dialects import Dialect
from .graph import Graph

__all__ = ["Times", "times_of"]

#: Milliseconds in a unit.
_UNITS = {"s": 1e3, "ms": 1.0, "us": 1e-3}
_TIMES = ("tau", "tau_syn", "tau_mem", "delay")
#: A time constant of so many seconds is taken for a slip of units.
_SLIP = 1.0


@dataclass(frozen=True)
class Times:
    """The step, and the unit of times in a file, both in ms."""

    dt: float
    unit: float


def times_of(graph: Graph, dt: Any, time_unit: Any, dialect: Dialect) -> Times:
    """Settle what is not said by what the graph or the dialect says.

    Parameters
    ----------
    graph
        Flat.
    dt
        ms, or None.
    time_unit
        ``"s"``, ``"ms"``, ``"us"``, ``"steps"``, a number of seconds, or None.
    dialect
        Of the tool that wrote the file.

    Raises
    ------
    ValidationError
        If nothing tells the step, or the unit is not told and the time constants are too long for
        seconds.
    """
    hints = graph.metadata
    step = _step(dt, hints, dialect)
    given = time_unit if time_unit is not None else dialect.unit
    if given is None and isinstance(hints.get("time_unit"), str):
        given = hints["time_unit"]
    if given is None:
        _check_not_slipped(graph)
        given = "s"
    return Times(step, _unit(given, step))


def _step(dt: Any, hints: dict[str, Any], dialect: Dialect) -> float:
    if dt is None and dialect.dt is not None:
        return dialect.dt
    if dt is None and "dt" in hints:
        hint = np.asarray(hints["dt"])
        if hint.size == 1 and hint.dtype.kind in "iuf":
            dt = float(hint.reshape(())) * 1e3
    if dt is None:
        raise ValidationError("read, dt", "is not given, and the file does not tell it",
                              "the step in ms", "pass dt=1.0, or what the network had")  # fmt: skip
    step = magnitude(dt, parse_unit("ms"), "read, dt")
    if not isinstance(step, float) or not np.isfinite(step) or step <= 0:
        raise ValidationError("read, dt", f"got {shorten(dt)}", "above 0 ms")
    return step


def _unit(given: Any, step: float) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool):
        if not 0 < given < float("inf"):
            raise ValidationError("read, time_unit", f"got {given}", "seconds, above 0")
        return float(given) * 1e3
    if given == "steps":
        return step
    if given not in _UNITS:
        raise UnknownNameError("read, time_unit", given, (*_UNITS, "steps"))
    return _UNITS[given]


def _check_not_slipped(graph: Graph) -> None:
    found = {
        f"{name}.{k}": node.fields[k]
        for name, node in graph.nodes.items()
        for k in _TIMES
        if k in node.fields
    }
    if not found:
        return
    finite = {k: v[np.isfinite(v)] for k, v in found.items()}
    low = min((float(v.min()) for v in finite.values() if v.size), default=0.0)
    high = max((float(v.max()) for v in finite.values() if v.size), default=0.0)
    if high >= _SLIP:
        raise ValidationError(
            "read, time_unit", f"is not given, and times in the file go from {low:g} to {high:g}",
            "NIR counts in seconds, and those would be long; some tools write steps or ms",
            "pass time_unit='s', 'ms', 'us' or 'steps', or the dialect of the tool that wrote it",
        )  # fmt: skip
