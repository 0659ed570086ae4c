"""Recordings as labelled arrays of xarray."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError

if TYPE_CHECKING:
    from .recording import Recording
    from .spikes import SpikeRecord
    from .trace import Trace

__all__ = ["array_of", "dataset_of"]


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
    return xarray.Dataset(variables, {"trial": np.arange(trials_of(recording))}, about)


def trials_of(recording: Recording) -> int:
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
