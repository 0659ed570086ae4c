"""A part of a recording in time, as a recording of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .recording import Recording
from .spikes import SpikeRecord
from .statistics import whole_steps
from .trace import Trace

__all__ = ["part_of", "spikes_between"]


def part_of(recording: Recording, t_start: float, t_stop: float) -> Recording:
    """See `Recording.between`; the window is checked."""
    return Recording(
        t_start=t_start,
        t_stop=t_stop,
        spikes={name: spikes_between(r, t_start, t_stop) for name, r in recording.spikes.items()},
        traces={
            name: {
                key: _trace(trace, recording.t_start, t_start, t_stop) for key, trace in own.items()
            }
            for name, own in recording.traces.items()
        },
        structure={
            name: changes.between(t_start, t_stop) for name, changes in recording.structure.items()
        },
        provenance=recording.provenance,
        status=recording.status,
        reason=recording.reason,
    )


def spikes_between(record: SpikeRecord, t_start: float, t_stop: float) -> SpikeRecord:
    """The part of one record; the window is checked."""
    window = (whole_steps(t_start, record.dt), whole_steps(t_stop, record.dt))
    rows = record.inside(*window)
    own: dict[str, Any] = {
        name: getattr(record, name)
        for name in ("population", "size", "shape", "dt", "recorded", "n_trials")
    }
    for name in ("steps", "ids", "trials", "values"):
        array = getattr(record, name)
        own[name] = None if array is None else array[rows]
        if array is not None:
            own[name].flags.writeable = False
    return SpikeRecord.of_checked(**own, t_start=t_start, t_stop=t_stop)


def _trace(trace: Trace, origin: float, t_start: float, t_stop: float) -> Trace:
    first, last = (whole_steps(time, trace.dt) for time in (t_start, t_stop))
    side: Any = "left" if t_start <= origin else "right"
    begin = int(np.searchsorted(trace.steps, first, side))
    rows = slice(begin, int(np.searchsorted(trace.steps, last, "right")))
    return replace(trace, steps=trace.steps[rows], values=trace.values[:, rows])
