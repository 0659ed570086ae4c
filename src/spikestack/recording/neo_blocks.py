"""Recordings as blocks of Neo, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError
from .exporting import trials_of
from .tables import printable

if TYPE_CHECKING:
    from .recording import Recording
    from .spikes import SpikeRecord
    from .trace import Trace

__all__ = ["block_of"]


def block_of(recording: Recording) -> Any:
    """See `Recording.to_neo`."""
    try:
        import neo
        import quantities as pq
    except ImportError as error:
        raise MissingExtraError("to_neo()", "neo") from error
    about = json.dumps(recording.provenance, default=str)
    block = neo.Block(name="Spikestack recording", provenance=about, status=recording.status)
    records = list(recording.spikes.values())
    traces = [trace for own in recording.traces.values() for trace in own.values()]
    for trial in range(trials_of(recording)):
        segment = neo.Segment(name=f"trial {trial}", index=trial)
        for record in records:
            segment.spiketrains.extend(_trains(record, trial, neo, pq))
        for trace in traces:
            _add_signal(segment, trace, trial, neo, pq)
        block.segments.append(segment)
    return block


def _trains(record: SpikeRecord, trial: int, neo: Any, pq: Any) -> list[Any]:
    name = printable(record.population)
    return [
        neo.SpikeTrain(
            # A time on the grid may lie a rounding beyond the end, which Neo refuses.
            np.clip(record.train(neuron, trial), record.t_start, record.t_stop),
            units=pq.ms,
            t_start=record.t_start * pq.ms,
            t_stop=record.t_stop * pq.ms,
            name=f"{name} {neuron}",
            population=record.population,
            neuron=neuron,
        )
        for neuron in record.neurons.tolist()
    ]


def _add_signal(segment: Any, trace: Trace, trial: int, neo: Any, pq: Any) -> None:
    try:
        unit = pq.Quantity(1.0, trace.unit or "dimensionless").units
    except (LookupError, ValueError, SyntaxError, TypeError):
        unit = pq.dimensionless
    common = {
        "name": f"{printable(trace.population)}.{printable(trace.variable)}",
        "array_annotations": {"neuron": trace.ids.astype(np.int64)},
        "population": trace.population,
        "variable": trace.variable,
        "unit": trace.unit,
    }
    gaps = np.unique(np.diff(trace.steps))
    if len(gaps) > 1:
        times = trace.times * pq.ms
        made = neo.IrregularlySampledSignal(times, trace.values[trial], units=unit, **common)
        segment.irregularlysampledsignals.append(made)
        return
    period = float(gaps[0]) * trace.dt if len(gaps) else trace.dt
    start = float(trace.times[0]) if len(trace) else 0.0
    made = neo.AnalogSignal(
        trace.values[trial],
        units=unit,
        t_start=start * pq.ms,
        sampling_period=period * pq.ms,
        **common,
    )
    segment.analogsignals.append(made)
