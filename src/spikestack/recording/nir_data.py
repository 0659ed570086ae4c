"""Recordings as data of NIR (`nir.NIRGraphData`), and back.

NIR counts steps from 0 and calls step k the time from k dt to (k + 1) dt, in seconds from the start
of the data; our spike of that step has the time at its end. Written events stand in the middle of
their step, so that ``floor(time / dt)`` is right however it is rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MissingExtraError, ValidationError, shorten
from .checks import checked_dt
from .recording import Recording
from .spikes import SpikeRecord
from .trace import Trace

__all__ = ["graph_data_of", "recording_of"]

SPIKES = "spikes"
Fields = dict[str, Any]


def _nir(feature: str) -> Any:
    try:
        import nir
    except ImportError as error:
        raise MissingExtraError(feature, "nir") from error
    return nir


def graph_data_of(recording: Recording, gridded: bool, renumber: bool) -> Any:
    """See `Exchange.to_nir_data`."""
    nir = _nir("to_nir_data()")
    offenders = list(_inexpressible(recording, gridded, renumber))
    if offenders:
        raise ValidationError(
            "to_nir_data", f"NIR data cannot hold {'; '.join(offenders)}", "nothing is dropped"
        )
    nodes: dict[str, dict[str, Any]] = {}
    for name, record in recording.spikes.items():
        made = _grid(nir, record) if gridded else _events(nir, record)
        nodes.setdefault(name, {})[SPIKES] = made
    for name, traces in recording.traces.items():
        for variable, trace in traces.items():
            values = np.ascontiguousarray(trace.values)
            made = nir.TimeGriddedData(
                values, _interval(trace, recording.t_start) * trace.dt / 1000
            )
            nodes.setdefault(name, {})[variable] = made
    return nir.NIRGraphData({name: nir.NIRNodeData(own) for name, own in nodes.items()})


def _inexpressible(recording: Recording, gridded: bool, renumber: bool) -> Iterator[str]:
    """What NIR data has no place for, each by name."""
    for name in recording.structure:
        yield f"the synapses that come and go of {name!r}"
    for name in {*recording.spikes, *recording.traces}:
        if "/" in name or name in (".", ""):
            yield f"the name {name!r}"
    for name, record in recording.spikes.items():
        if record.recorded is not None and not renumber:
            yield f"which neurons of {name!r} were recorded (with renumber=True they count from 0)"
        if not _on_grid(record):
            yield f"the window of {name!r}, which does not begin and end with a step"
        if gridded and record.values is not None and (record.values == 0).any():
            yield f"spikes of {name!r} that carry 0, as a grid shows no spike"
        if gridded and _crowded(record):
            yield f"two spikes of one neuron of {name!r} in one step of a grid"
    for name, traces in recording.traces.items():
        size = recording.spikes[name].size if name in recording.spikes else None
        for variable, trace in traces.items():
            yield from _of_trace(trace, f"{name}.{variable}", size, recording.t_start, renumber)


def _of_trace(
    trace: Trace, name: str, size: int | None, t_start: float, renumber: bool
) -> Iterator[str]:
    n = len(trace.ids)
    whole = np.array_equal(trace.ids, np.arange(n)) and size in (None, n)
    if not (whole or renumber):
        yield f"which neurons of {name!r} were recorded (with renumber=True they count from 0)"
    if trace.variable == SPIKES or "/" in trace.variable or trace.variable in (".", ""):
        yield f"a trace named {name!r}"
    if not np.array_equal(trace.steps, _steps_from(t_start, trace)):
        yield f"the times of {name!r}, which are not evenly spaced from the start"


def _interval(trace: Trace, t_start: float) -> int:
    """Steps from sample to sample; of a single one, from the start."""
    steps = trace.steps
    if len(steps) > 1:
        return int(steps[1] - steps[0])
    return max(1, int(steps[0]) - round(t_start / trace.dt)) if len(steps) else 1


def _steps_from(t_start: float, trace: Trace) -> npt.NDArray[np.int64]:
    interval = _interval(trace, t_start)
    return round(t_start / trace.dt) + interval * np.arange(1, len(trace.steps) + 1)


def _on_grid(record: SpikeRecord) -> bool:
    ends = np.array([record.t_start, record.t_stop]) / record.dt
    return bool((np.abs(ends - np.rint(ends)) < 1e-6).all())


def _crowded(record: SpikeRecord) -> bool:
    places = np.stack([np.asarray(record.trials), record.steps, record.ids])
    return np.unique(places, axis=1).shape[1] < len(record.steps)


def _placed(record: SpikeRecord) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int]:
    """Step from 0 and neuron of each spike, and how many neurons there are."""
    steps = record.steps - round(record.t_start / record.dt) - 1
    if record.recorded is None:
        return steps, np.asarray(record.ids, np.int64), record.size
    return steps, np.searchsorted(record.recorded, record.ids), len(record.recorded)


def _events(nir: Any, record: SpikeRecord) -> Any:
    steps, neurons, size = _placed(record)
    trials = np.asarray(record.trials)
    counts = np.bincount(trials, minlength=record.n_trials)
    shape = (record.n_trials, max(1, int(counts.max())))
    # Spikes are sorted by trial and step.
    places = trials, np.arange(len(steps)) - np.repeat(np.cumsum(counts) - counts, counts)
    ids, times = np.full(shape, -1, np.int64), np.full(shape, np.inf)
    ids[places], times[places] = neurons, (steps + 0.5) * record.dt / 1000
    fields = {"idx": ids, "time": times, "n_neurons": size, "t_max": record.duration / 1000}
    if record.values is None:
        return nir.EventData(**fields)
    values = np.zeros(shape, record.values.dtype)
    values[places] = record.values
    return nir.ValuedEventData(**fields, value=values)


def _grid(nir: Any, record: SpikeRecord) -> Any:
    steps, neurons, size = _placed(record)
    n_steps = round(record.duration / record.dt)
    kind = bool if record.values is None else record.values.dtype
    grid = np.zeros((record.n_trials, n_steps, size), kind)
    grid[np.asarray(record.trials), steps, neurons] = (
        True if record.values is None else record.values
    )
    return nir.TimeGriddedData(grid, record.dt / 1000)


def recording_of(
    data: Any, dt: float | None, t_start: float, units: Mapping[str, str] | None
) -> Recording:
    """See `Exchange.from_nir_data`."""
    nir = _nir("from_nir_data()")
    if not isinstance(data, nir.NIRGraphData):
        raise ValidationError("from_nir_data", f"got {shorten(data)}", "a nir.NIRGraphData")
    found = list(_observables(nir, data))
    step = _step(nir, found, dt)
    spikes: dict[str, SpikeRecord] = {}
    traces: dict[str, dict[str, Trace]] = {}
    for name, variable, one in found:
        where = f"from_nir_data, {name}.{variable}"
        if not _is_spikes(nir, variable, one):
            trace = _trace(one, name, variable, step, t_start, where)
            unit = (units or {}).get(variable, "")
            traces.setdefault(name, {})[variable] = Trace(unit=unit, **trace)
        elif name in spikes:
            raise ValidationError(
                where, "is a second set of spikes of this node", "a node has one",
                "take one of them out of its observables",
            )  # fmt: skip
        else:
            gridded = isinstance(one, nir.TimeGriddedData)
            fields = (_of_grid if gridded else _of_events)(one, step, where)
            first = _first(t_start, step)
            fields["steps"] += 1 + first
            stop = (first + fields.pop("n_steps")) * step
            spikes[name] = SpikeRecord(
                population=name, dt=step, t_start=t_start, t_stop=stop, **fields
            )
    stops = [record.t_stop for record in spikes.values()]
    stops += [
        float(one.times[-1]) for own in traces.values() for one in own.values() if len(one.times)
    ]
    return Recording(
        t_start=t_start, t_stop=max(stops, default=t_start), spikes=spikes, traces=traces,
        provenance={"engine": "NIR data"},
    )  # fmt: skip


def _observables(nir: Any, data: Any, prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """(node, observable, data) of all nodes; nested ones are named as ``outer/inner``."""
    for name, node in data.nodes.items():
        if isinstance(node, nir.NIRGraphData):
            yield from _observables(nir, node, f"{prefix}{name}/")
        elif isinstance(node, nir.NIRNodeData):
            for variable, one in node.observables.items():
                if not isinstance(one, nir.EventData | nir.TimeGriddedData):
                    raise ValidationError(
                        f"from_nir_data, {prefix}{name}.{variable}", f"got {shorten(one)}",
                        "EventData or TimeGriddedData",
                    )  # fmt: skip
                yield f"{prefix}{name}", str(variable), one
        else:
            raise ValidationError(
                f"from_nir_data, {prefix}{name}", f"got {shorten(node)}",
                "NIRNodeData or NIRGraphData",
            )  # fmt: skip


def _is_spikes(nir: Any, variable: str, one: Any) -> bool:
    if isinstance(one, nir.EventData):
        return True
    return one.data.dtype == bool or variable == SPIKES


def _first(t_start: float, dt: float) -> int:
    first = round(t_start / dt)
    if abs(t_start / dt - first) > 1e-6:
        raise ValidationError(
            "from_nir_data",
            f"got t_start = {t_start:g} ms",
            f"a whole number of steps of {dt:g} ms",
        )
    return first


def _step(nir: Any, found: list[tuple[str, str, Any]], dt: float | None) -> float:
    """The step in ms: what was asked for, else that of the finest grid."""
    if dt is not None:
        return checked_dt(dt, "from_nir_data")
    grids = [_ms(one.dt) for _, _, one in found if isinstance(one, nir.TimeGriddedData)]
    if found and not grids:
        raise ValidationError(
            "from_nir_data", "events alone do not say how long a step is", "dt is needed",
            "give dt in ms: from_nir_data(data, dt=1.0)",
        )  # fmt: skip
    return checked_dt(min(grids, default=1.0), "from_nir_data")


def _ms(seconds: Any) -> float:
    """In ms, without the last digits that dividing by 1000 left."""
    return float(f"{float(seconds) * 1000:.12g}")


def _steps_in(time: Any, dt: float, where: str) -> int:
    steps = float(time) * 1000 / dt
    if not (0 <= steps < 2**62 and abs(steps - round(steps)) <= 1e-6 * max(1.0, steps)):
        raise ValidationError(
            where, f"lasts {shorten(time)} s", f"a whole number of steps of {dt:g} ms is needed"
        )
    return round(steps)


def _of_events(one: Any, dt: float, where: str) -> Fields:
    ids, times = np.asarray(one.idx), np.asarray(one.time)
    n_steps = _steps_in(one.t_max, dt, where)
    if ids.ndim != 2 or times.shape != ids.shape or not len(ids) or ids.dtype.kind not in "iu":
        raise ValidationError(
            where,
            f"has idx {ids.dtype}{list(ids.shape)} and time {times.dtype}{list(times.shape)}",
            "whole numbers and times of the same shape, (n_samples, n_events), are needed",
        )  # fmt: skip
    there = ids != -1
    if times.dtype.kind not in "iuf" or (np.isfinite(times) != there).any():
        raise ValidationError(
            where, "has events of which only the neuron or only the time is given",
            "padding is -1 in idx where time is inf",
        )  # fmt: skip
    trials, _ = np.nonzero(there)
    steps = np.floor(times[there] * 1000 / dt + 1e-6)
    if ((steps < 0) | (steps >= n_steps)).any():
        raise ValidationError(
            where, f"has events from {times[there].min():g} to {times[there].max():g} s",
            f"must be in [0, {one.t_max:g}) s",
        )  # fmt: skip
    fields = {"size": int(one.n_neurons), "n_trials": len(ids), "n_steps": n_steps}
    value = getattr(one, "value", None)
    if value is not None:
        fields["values"] = np.asarray(value)[there]
    return fields | {"steps": steps.astype(np.int64), "ids": ids[there], "trials": trials}


def _of_grid(one: Any, dt: float, where: str) -> Fields:
    if not np.isclose(float(one.dt) * 1000, dt, rtol=1e-6):
        raise ValidationError(
            where,
            f"has a step of {one.dt * 1000:g} ms",
            f"spikes need the common one, {dt:g} ms",
        )
    trials, steps, ids = np.nonzero(one.data)
    n_trials, n_steps, size = one.data.shape
    fields = {"size": size, "n_trials": n_trials, "n_steps": n_steps}
    if one.data.dtype != bool:
        fields["values"] = one.data[trials, steps, ids]
    return fields | {"steps": steps.astype(np.int64), "ids": ids, "trials": trials}


def _trace(
    one: Any, name: str, variable: str, dt: float, t_start: float, where: str
) -> dict[str, Any]:
    interval = _steps_in(one.dt, dt, where)
    if interval < 1:
        raise ValidationError(where, f"has a step of {one.dt!r} s", f"at least {dt:g} ms")
    n_steps, size = one.data.shape[1:]
    return {
        "population": name, "variable": variable, "dt": dt, "ids": np.arange(size),
        "steps": _first(t_start, dt) + interval * np.arange(1, n_steps + 1), "values": one.data,
    }  # fmt: skip
