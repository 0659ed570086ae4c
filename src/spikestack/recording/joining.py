"""Join the recordings of a run that was made in pieces."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import ValidationError
from .recording import Recording
from .spikes import SpikeRecord
from .structure import StructureRecord
from .trace import Trace

__all__ = ["join_recordings"]

SUMMED = ("wall_time_s", "build_time_s", "build_seconds", "profile")


def join_recordings(pieces: Sequence[Recording]) -> Recording:
    """See `Recording.join`."""
    if not pieces:
        raise ValidationError("Recording.join", "got no recordings", "at least one is needed")
    for before, after in pairwise(pieces):
        if not math.isclose(before.t_stop, after.t_start, rel_tol=1e-9, abs_tol=1e-9):
            raise ValidationError(
                "Recording.join",
                f"one piece ends at {before.t_stop:g} ms, the next begins at {after.t_start:g} ms",
                "each must begin where the one before it ends",
            )
        _check_same("populations", set(before.spikes), set(after.spikes))
        _check_same("structure", set(before.structure), set(after.structure))
        _check_same("traces", _trace_names(before), _trace_names(after))
    last = pieces[-1]
    return Recording(
        t_start=pieces[0].t_start,
        t_stop=last.t_stop,
        spikes={
            name: _join_spikes([piece.spikes[name] for piece in pieces]) for name in last.spikes
        },
        traces={
            name: {
                variable: _join_traces([piece.traces[name][variable] for piece in pieces])
                for variable in variables
            }
            for name, variables in last.traces.items()
        },
        structure={
            name: StructureRecord.join([piece.structure[name] for piece in pieces])
            for name in last.structure
        },
        provenance=_join_provenance([dict(piece.provenance) for piece in pieces]),
        status=last.status,
        reason=last.reason,
    )


def _trace_names(piece: Recording) -> set[tuple[str, str]]:
    return {(name, variable) for name, traces in piece.traces.items() for variable in traces}


def _check_same(what: str, first: Any, second: Any) -> None:
    if not np.array_equal(first, second) if isinstance(first, np.ndarray) else first != second:
        raise ValidationError(
            "Recording.join", f"the pieces differ in their {what}", "all must record the same"
        )


def _join_spikes(pieces: Sequence[SpikeRecord]) -> SpikeRecord:
    first, last = pieces[0], pieces[-1]
    for piece in pieces[1:]:
        for name in ("size", "shape", "dt", "n_trials", "neurons"):
            what = f"{name} of population {first.population!r}"
            _check_same(what, getattr(first, name), getattr(piece, name))
        _check_same(f"values of {first.population!r}", first.values is None, piece.values is None)
    carried = [piece.values for piece in pieces if piece.values is not None]
    return SpikeRecord(
        population=first.population,
        size=first.size,
        shape=first.shape,
        dt=first.dt,
        t_start=first.t_start,
        t_stop=last.t_stop,
        n_trials=first.n_trials,
        recorded=first.recorded,
        steps=np.concatenate([piece.steps for piece in pieces]),
        ids=np.concatenate([piece.ids for piece in pieces]),
        trials=np.concatenate([piece.trials for piece in pieces]),
        values=np.concatenate(carried) if carried else None,
    )


def _join_traces(pieces: Sequence[Trace]) -> Trace:
    first = pieces[0]
    name = f"{first.population!r}.{first.variable}"
    steps, values = [first.steps], [first.values]
    seam = int(first.steps[-1]) if len(first) else None
    for piece in pieces[1:]:
        for attribute in ("unit", "dt", "ids", "n_trials"):
            what = f"{attribute} of {name}"
            _check_same(what, getattr(first, attribute), getattr(piece, attribute))
        skip = int(len(piece) > 0 and int(piece.steps[0]) == seam)
        steps.append(piece.steps[skip:])
        values.append(piece.values[:, skip:])
        seam = int(piece.steps[-1]) if len(piece) else seam
    return Trace(
        population=first.population,
        variable=first.variable,
        unit=first.unit,
        dt=first.dt,
        steps=np.concatenate(steps),
        ids=first.ids,
        values=np.concatenate(values, axis=1),
    )


def _join_provenance(pieces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if len(pieces) == 1:
        return pieces[0]
    joined = _agreed([{k: v for k, v in piece.items() if k != "parts"} for piece in pieces])
    for name in SUMMED:
        joined.pop(name, None)
        total = _sum([piece.get(name) for piece in pieces])
        if total is not None:
            joined[name] = total
    joined["parts"] = [part for piece in pieces for part in piece.get("parts", [piece])]
    return joined


def _agreed(facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all say; of facts within facts, those parts of them that all say."""
    found = {}
    for name, value in facts[0].items():
        values = [other[name] for other in facts if name in other]
        if len(values) < len(facts):
            continue
        if all(other == value for other in values):
            found[name] = value
        elif all(isinstance(other, Mapping) for other in values):
            found[name] = _agreed(values)
    return found


def _sum(values: Sequence[Any]) -> Any:
    """Numbers added up, also those within lists and mappings; None unless all have one shape."""
    first = values[0]
    if all(isinstance(value, int | float) for value in values):
        return sum(values)
    if all(isinstance(value, Mapping) and value.keys() == first.keys() for value in values):
        parts = {name: _sum([value[name] for value in values]) for name in first}
        return None if None in parts.values() else parts
    if all(isinstance(value, list | tuple) and len(value) == len(first) for value in values):
        items = [_sum(column) for column in zip(*values)]
        return None if None in items else items
    return first if all(value == first for value in values) else None
