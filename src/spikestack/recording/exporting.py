"""Recordings as the objects of other libraries: xarray and Neo."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError
from .tables import printable

if TYPE_CHECKING:
    from .recording import Recording
    from .spikes import SpikeRecord
    from .trace import Trace

__all__ = ["array_of", "block_of", "dataset_of"]


def _xarray() -> Any:
    try:
        import xarray as module
    except ImportError as error:
        raise MissingExtraError("to_xarray()", "xarray") from error
    return module


def array_of(trace: Trace, time: str = "time", neuron: str = "neuron") -> Any:
    """See `Trace.to_xarray`; `time` and `neuron` name the dimensions."""
    xarray = _xarray()
    coords = {
        "trial": np.arange(trace.n_trials),
        time: (time, trace.times, {"units": "ms"}),
        neuron: (neuron, trace.ids, {"long_name": f"index within {trace.population}"}),
    }
    facts = {"units": trace.unit, "population": trace.population, "variable": trace.variable}
    name = f"{trace.population}.{trace.variable}"
    return xarray.DataArray(trace.values, coords, ("trial", time, neuron), name, facts)


def dataset_of(recording: Recording) -> Any:
    """See `Recording.to_xarray`."""
    xarray = _xarray()
    traces = [trace for own in recording.traces.values() for trace in own.values()]
    variables: dict[str, Any] = {}
    for trace in traces:
        name, first = f"{trace.population}.{trace.variable}", traces[0]
        same_times = trace.dt == first.dt and np.array_equal(trace.steps, first.steps)
        same_ids = trace.population == first.population and np.array_equal(trace.ids, first.ids)
        variables[name] = array_of(
            trace,
            "time" if same_times else f"{name}.time",
            "neuron" if same_ids else f"{name}.neuron",
        )
    for record in recording.spikes.values():
        variables |= _spike_variables(record)
    about = {
        "t_start_ms": recording.t_start,
        "t_stop_ms": recording.t_stop,
        "status": recording.status,
        "reason": recording.reason,
        "provenance": json.dumps(recording.provenance, default=str),
    }
    return xarray.Dataset(variables, {"trial": np.arange(_trials(recording))}, about)


def _trials(recording: Recording) -> int:
    counts = [record.n_trials for record in recording.spikes.values()]
    counts += [trace.n_trials for own in recording.traces.values() for trace in own.values()]
    return max(counts, default=1)


def _spike_variables(record: SpikeRecord) -> dict[str, Any]:
    name = record.population
    along, facts = f"{name}.spike", {"population": name, "size": record.size}
    columns: dict[str, tuple[Any, dict[str, Any]]] = {
        "time": (record.times, {"units": "ms", "dt": record.dt}),
        "neuron": (record.ids, {"long_name": f"index within {name}"}),
        "trial": (np.asarray(record.trials), {}),
    }
    if record.values is not None:
        columns["value"] = (record.values, {})
    return {
        f"{along}_{key}": ((along,), values, facts | own) for key, (values, own) in columns.items()
    }


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
    for trial in range(_trials(recording)):
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
