"""What a recording says of itself besides its columns, as plain data for other tools' files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .spikes import SpikeRecord

if TYPE_CHECKING:
    from .recording import Recording
    from .trace import Trace

__all__ = [
    "FACTS",
    "SPIKE_FACTS",
    "STRUCTURE_FACTS",
    "TRACE_FACTS",
    "facts_of",
    "record_of",
    "trace_facts",
]

FACTS = ("t_start", "t_stop", "status", "reason")
SPIKE_FACTS = ("population", "size", "shape", "dt", "t_start", "t_stop", "n_trials")
TRACE_FACTS = ("population", "variable", "unit", "dt")
STRUCTURE_FACTS = ("projection", "dt", "t_start", "t_stop", "initial")


def spike_facts(record: SpikeRecord) -> dict[str, Any]:
    """What must be known of a population's spikes to make its record again."""
    facts = {name: getattr(record, name) for name in SPIKE_FACTS}
    recorded = None if record.recorded is None else record.recorded.tolist()
    values = None if record.values is None else record.values.dtype.str
    return facts | {"shape": list(record.shape), "recorded": recorded, "values": values}


def trace_facts(trace: Trace) -> dict[str, Any]:
    """What must be known of a trace besides its samples."""
    facts = {name: getattr(trace, name) for name in TRACE_FACTS}
    more = {"dtype": trace.values.dtype.str, "ids": trace.ids.tolist()}
    return facts | more | {"n_trials": trace.n_trials}


def facts_of(recording: Recording) -> dict[str, Any]:
    """All of a recording but its columns: plain data that JSON can hold."""
    return {
        "version": 1,
        **{name: getattr(recording, name) for name in FACTS},
        "spikes": [spike_facts(record) for record in recording.spikes.values()],
        "traces": [trace_facts(t) for own in recording.traces.values() for t in own.values()],
    }


def record_of(
    facts: Mapping[str, Any], steps: Any, ids: Any, trials: Any, values: Any
) -> SpikeRecord:
    """The record of `facts`, which a file may have damaged, and of its columns.

    Raises
    ------
    ValidationError, KeyError, TypeError, ValueError, OverflowError
        When they do not fit each other.
    """
    recorded = facts["recorded"]
    return SpikeRecord(
        **{name: facts[name] for name in SPIKE_FACTS if name != "shape"},
        shape=tuple(facts["shape"]),
        recorded=None if recorded is None else np.asarray(recorded, np.int32),
        steps=np.asarray(steps, np.int64),
        ids=np.asarray(ids, np.int32),
        trials=np.asarray(trials, np.int32),
        values=None if facts["values"] is None else np.asarray(values).astype(facts["values"]),
    )
