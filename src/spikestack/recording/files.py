"""Recordings as files: which header and which arrays they become in a `storage` archive."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import storage
from ..errors import FileFormatError, ValidationError
from .facts import FACTS, SPIKE_FACTS, STRUCTURE_FACTS, TRACE_FACTS
from .recording import Recording
from .spikes import SpikeRecord
from .structure import StructureRecord
from .trace import Trace

__all__ = ["load_recording", "save_recording"]

KIND = "recording"
VERSION = 1
SPIKE_ARRAYS = ("steps", "ids", "trials", "values", "recorded")
TRACE_ARRAYS = ("steps", "ids", "values")
STRUCTURE_ARRAYS = ("steps", "pre", "post", "created")

MALFORMED = (ValidationError, KeyError, TypeError, ValueError, AttributeError, OverflowError)

Arrays = dict[str, np.ndarray]


def save_recording(recording: Recording, path: str | os.PathLike[str]) -> None:
    """See `Recording.save`."""
    arrays: Arrays = {}
    spikes = [_described(record, SPIKE_FACTS) for record in recording.spikes.values()]
    for index, record in enumerate(recording.spikes.values()):
        kept = [name for name in SPIKE_ARRAYS if name != "trials" or record.n_trials > 1]
        _collect(arrays, f"spikes/{index}", record, kept)
    traces = [trace for variables in recording.traces.values() for trace in variables.values()]
    for index, trace in enumerate(traces):
        _collect(arrays, f"traces/{index}", trace, TRACE_ARRAYS)
    structure = list(recording.structure.values())
    for index, changes in enumerate(structure):
        _collect(arrays, f"structure/{index}", changes, STRUCTURE_ARRAYS)
    header = {
        "version": VERSION,
        **_described(recording, FACTS),
        "provenance": recording.provenance,
        "spikes": spikes,
        "traces": [_described(trace, TRACE_FACTS) for trace in traces],
        "structure": [_described(changes, STRUCTURE_FACTS) for changes in structure],
    }
    storage.write_archive(path, KIND, header, arrays)


def load_recording(path: str | os.PathLike[str]) -> Recording:
    """See `Recording.load`."""
    header, arrays = storage.read_archive(path, KIND)
    if header.get("version", 0) != VERSION:
        raise FileFormatError(
            f"{os.fspath(path)!r}: holds a recording of version {header.get('version')}, this "
            f"Spikestack reads version {VERSION}; install a later Spikestack"
        )
    try:
        return _restored(header, arrays)
    except MALFORMED as error:
        raise FileFormatError(
            f"{os.fspath(path)!r}: does not hold a valid recording: {error}; save it again"
        ) from error


def _restored(header: Mapping[str, Any], arrays: Arrays) -> Recording:
    spikes = {}
    for index, facts in enumerate(header["spikes"]):
        own = _part(arrays, f"spikes/{index}", SPIKE_ARRAYS)
        own |= {name: facts[name] for name in SPIKE_FACTS}
        record = SpikeRecord(**{**own, "shape": tuple(facts["shape"])})
        spikes[record.population] = record
    traces: dict[str, dict[str, Trace]] = {}
    for index, facts in enumerate(header["traces"]):
        own = _part(arrays, f"traces/{index}", TRACE_ARRAYS)
        trace = Trace(**own, **{name: facts[name] for name in TRACE_FACTS})
        traces.setdefault(trace.population, {})[trace.variable] = trace
    structure = {}
    for index, facts in enumerate(header.get("structure", [])):
        own = _part(arrays, f"structure/{index}", STRUCTURE_ARRAYS)
        changes = StructureRecord(**own, **{name: facts[name] for name in STRUCTURE_FACTS})
        structure[changes.projection] = changes
    facts = {name: header[name] for name in FACTS}
    kept: dict[str, Any] = {"spikes": spikes, "traces": traces, "structure": structure}
    return Recording(**kept, provenance=header["provenance"], **facts)


def _described(thing: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def _collect(arrays: Arrays, prefix: str, thing: object, names: Any) -> None:
    for name in names:
        array = getattr(thing, name)
        if array is not None:
            arrays[f"{prefix}/{name}"] = array


def _part(arrays: Arrays, prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: arrays[f"{prefix}/{name}"] for name in names if f"{prefix}/{name}" in arrays}
