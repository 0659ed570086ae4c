"""Recordings as blocks of Neo, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError
from .exporting import trials_of
from .facts import facts_of
from .tables import printable

if TYPE_CHECKING:
    from .recording import Recording
    from .spikes import SpikeRecord
    from .trace import Trace

__all__ = ["block_of", "signal_of", "trains_of"]


def _libraries() -> tuple[Any, Any]:
    try:
        import neo
        import quantities
    except ImportError as error:
        raise MissingExtraError("to_neo()", "neo") from error
    return neo, quantities


def block_of(recording: Recording) -> Any:
    """See `Recording.to_neo`."""
    neo, _ = _libraries()
    about = json.dumps(recording.provenance, default=str)
    block = neo.Block(
        name="Spikestack recording",
        provenance=about,
        status=recording.status,
        recording=json.dumps(facts_of(recording)),
    )
    records = list(recording.spikes.values())
    traces = [trace for own in recording.traces.values() for trace in own.values()]
    for trial in range(trials_of(recording)):
        segment = neo.Segment(name=f"trial {trial}", index=trial)
        for record in records:
            segment.spiketrains.extend(trains_of(record, trial))
        for trace in traces:
            signal = signal_of(trace, trial)
            if isinstance(signal, neo.AnalogSignal):
                segment.analogsignals.append(signal)
            else:
                segment.irregularlysampledsignals.append(signal)
        block.segments.append(segment)
    return block


def trains_of(record: SpikeRecord, trial: int) -> list[Any]:
    """A neo.SpikeTrain for each recorded neuron of a population, also for silent ones."""
    neo, pq = _libraries()
    name, neurons = printable(record.population), record.neurons
    here = np.flatnonzero(record.trials == trial)
    here = here[np.argsort(record.ids[here], kind="stable")]
    ends = np.searchsorted(record.ids[here], neurons, side="right")
    starts = np.searchsorted(record.ids[here], neurons, side="left")
    # A time on the grid may lie a rounding beyond the end, which Neo refuses.
    times = np.clip(record.times[here], record.t_start, record.t_stop)
    values = None if record.values is None else record.values[here]
    return [
        neo.SpikeTrain(
            times[start:end],
            units=pq.ms,
            t_start=record.t_start * pq.ms,
            t_stop=record.t_stop * pq.ms,
            name=f"{name} {neuron}",
            population=record.population,
            neuron=neuron,
            array_annotations=None if values is None else {"value": values[start:end]},
        )
        for neuron, start, end in zip(neurons.tolist(), starts.tolist(), ends.tolist())
    ]


def signal_of(trace: Trace, trial: int) -> Any:
    """A neo signal with a channel for each neuron; irregular where samples are."""
    neo, pq = _libraries()
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
        return neo.IrregularlySampledSignal(times, trace.values[trial], units=unit, **common)
    period = float(gaps[0]) * trace.dt if len(gaps) else trace.dt
    start = float(trace.times[0]) if len(trace) else 0.0
    return neo.AnalogSignal(
        trace.values[trial],
        units=unit,
        t_start=start * pq.ms,
        sampling_period=period * pq.ms,
        **common,
    )
