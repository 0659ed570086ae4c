"""Recordings as tables of Arrow, and back; nothing is lost on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError, ValidationError
from .facts import STRUCTURE_FACTS, facts_of, trace_facts

if TYPE_CHECKING:
    from .recording import Recording
    from .structure import StructureRecord
    from .trace import Trace

__all__ = ["KEY", "arrow", "spike_table", "structure_table", "trace_table"]

#: Where, in a schema's metadata, what is not in columns stands, as JSON.
KEY = b"spikestack"


def arrow() -> Any:
    """The module pyarrow; MissingExtraError without it."""
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError("to_arrow()", "arrow") from error
    return pyarrow


def _metadata(kind: str, facts: dict[str, Any]) -> dict[bytes, bytes]:
    return {KEY: json.dumps({"kind": kind, "version": 1, **facts}, default=str).encode()}


def spike_table(recording: Recording) -> Any:
    """See `Recording.to_arrow`."""
    pa = arrow()
    records = list(recording.spikes.values())
    codes = np.repeat(np.arange(len(records), dtype=np.int32), [len(r.steps) for r in records])
    names = pa.array(list(recording.spikes), pa.string())

    def joined(name: str, dtype: Any) -> Any:
        parts = [np.asarray(getattr(record, name)) for record in records]
        return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)

    columns = {
        "population": pa.DictionaryArray.from_arrays(pa.array(codes), names),
        "time_ms": joined("times", np.float64),
        "neuron": joined("ids", np.int32),
        "trial": joined("trials", np.int32),
        "step": joined("steps", np.int64),
    }
    if any(record.values is not None for record in records):
        columns["value"] = _values(recording, pa)
    about = {**facts_of(recording), "provenance": dict(recording.provenance)}
    return pa.table(columns).replace_schema_metadata(_metadata("spikes", about))


def _values(recording: Recording, pa: Any) -> Any:
    """What spikes carry, null where they carry nothing."""
    held = [r.values for r in recording.spikes.values() if r.values is not None]
    dtype = np.result_type(*held)
    for values in held:
        if not np.array_equal(values.astype(dtype).astype(values.dtype), values, equal_nan=True):
            raise ValidationError("to_arrow", f"values as {values.dtype} do not fit {dtype}")
    parts, absent = [], []
    for record in recording.spikes.values():
        number = len(record.steps)
        values = np.zeros(number, dtype) if record.values is None else record.values.astype(dtype)
        parts.append(values)
        absent.append(np.full(number, record.values is None))
    # NaN is a value here, not an absence: it stays one.
    return pa.array(np.concatenate(parts), mask=np.concatenate(absent), from_pandas=False)


def trace_table(trace: Trace) -> Any:
    """See `Trace.to_arrow`."""
    pa = arrow()
    trials, samples, _ = trace.values.shape
    columns: dict[str, Any] = {
        "time_ms": np.tile(trace.times, trials),
        "trial": np.repeat(np.arange(trials, dtype=np.int32), samples),
        "step": np.tile(np.asarray(trace.steps, np.int64), trials),
    }
    for place, neuron in enumerate(trace.ids.tolist()):
        columns[str(neuron)] = np.ascontiguousarray(trace.values[:, :, place]).ravel()
    return pa.table(columns).replace_schema_metadata(_metadata("trace", trace_facts(trace)))


def structure_table(changes: StructureRecord) -> Any:
    """The synapses that came and went: step, pre, post, created."""
    pa = arrow()
    columns = {"step": changes.steps, "pre": changes.pre, "post": changes.post}
    table = pa.table({**columns, "created": np.asarray(changes.created)})
    facts = {name: getattr(changes, name) for name in STRUCTURE_FACTS}
    return table.replace_schema_metadata(_metadata("structure", facts))
