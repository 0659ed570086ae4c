"""Recordings as files of Neurodata Without Borders (NWB 2), written and read by pynwb.

A neuron is a row of the table of units, with its spike times in seconds; a trace is a TimeSeries
among the acquisition. Trials follow one another, a step apart, and stand in the table of trials.
"""

from __future__ import annotations

import datetime
import json
import os
import uuid
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import FileFormatError, MissingExtraError, ValidationError, shorten
from ..recording import Recording, SpikeRecord, Trace
from ..recording.facts import FACTS, TRACE_FACTS, facts_of, record_of
from .whole import replacing

__all__ = ["read", "write"]

NAME = "spikestack"
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError)
#: Units of ours -> that of SI by which NWB wants it, and what makes the one of the other.
SI = {"mV": ("volts", 1e-3), "nA": ("amperes", 1e-9), "uS": ("siemens", 1e-6), "ms": ("s", 1e-3)}


def _pynwb() -> Any:
    try:
        import pynwb
    except ImportError as error:
        raise MissingExtraError("NWB files", "nwb") from error
    return pynwb


def write(
    recording: Recording,
    path: str | os.PathLike[str],
    *,
    description: str = "simulation",
    start: datetime.datetime | None = None,
    **session: Any,
) -> None:
    """Write spikes and traces to one NWB file, whole or not at all.

    Parameters
    ----------
    recording
        What a run gave.
    path
        Where to; an existing file is replaced.
    description
        Of the session.
    start
        When the session began, with its time zone; now by default.
    session
        Further fields of pynwb.NWBFile, such as ``experimenter`` or ``lab``.

    Raises
    ------
    ValidationError
        When synapses came and went, which NWB has no place for, or a field is none of NWB's.
    OSError
        When the file cannot be written.
    MissingExtraError
        Without pynwb.
    """
    pynwb = _pynwb()
    if recording.structure:
        raise ValidationError(
            "formats.nwb.write", "NWB has no place for synapses that come and go: "
            + ", ".join(repr(name) for name in recording.structure),
            remedy="write dataclasses.replace(result, structure={}), or all by result.save",
        )  # fmt: skip
    now = start or datetime.datetime.now(datetime.UTC)
    facts = {**facts_of(recording), "provenance": dict(recording.provenance)}
    try:
        file = pynwb.NWBFile(
            session_description=description, identifier=str(uuid.uuid4()), session_start_time=now,
            **session,
        )  # fmt: skip
    except TypeError as error:
        raise ValidationError("formats.nwb.write", str(error)) from error
    text = json.dumps(facts, default=str)
    file.add_scratch(text, name=NAME, description="what stands in no table, as JSON")
    _add_trials(file, recording)
    _add_units(pynwb, file, recording)
    for number, own in enumerate(recording.traces.values()):
        for place, trace in enumerate(own.values()):
            file.add_acquisition(_series(pynwb, recording, trace, f"{number}_{place}"))
    with replacing(path) as beside, pynwb.NWBHDF5IO(str(beside), "w") as io:
        io.write(file)


def _trials_of(recording: Recording) -> int:
    counts = [record.n_trials for record in recording.spikes.values()]
    counts += [trace.n_trials for own in recording.traces.values() for trace in own.values()]
    return max(counts, default=1)


def _shift(facts: Mapping[str, Any], trial: Any) -> Any:
    """By how much a trial is later than the first, in ms."""
    steps = [own["dt"] for own in (*facts["spikes"], *facts["traces"])]
    return trial * (facts["t_stop"] - facts["t_start"] + max(steps, default=0.0))


def _add_trials(file: Any, recording: Recording) -> None:
    facts = facts_of(recording)
    for trial in range(_trials_of(recording)):
        shift = _shift(facts, trial)
        start, stop = recording.t_start + shift, recording.t_stop + shift
        file.add_trial(start_time=start / 1000, stop_time=stop / 1000)


def _add_units(pynwb: Any, file: Any, recording: Recording) -> None:
    """The table of units, made in columns: rows one by one take a second for a thousand."""
    from hdmf.common import VectorData, VectorIndex

    facts = facts_of(recording)
    records = list(recording.spikes.values())
    sizes = [len(record.neurons) for record in records]
    if not sum(sizes):
        return
    columns: dict[str, list[Any]] = {"times": [], "values": [], "counts": []}
    for record in records:
        order = np.lexsort((record.steps, record.trials, record.ids))
        times = record.times + _shift(facts, np.asarray(record.trials))
        columns["times"].append(times[order] / 1000)
        columns["values"].append(_values(record)[order])
        counts = np.bincount(record.ids, minlength=record.size)
        columns["counts"].append(counts[record.neurons])
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    ends = np.cumsum(joined["counts"]).astype(np.uint64)
    times = VectorData(
        name="spike_times", description="s, of each unit in turn", data=joined["times"]
    )
    made: list[Any] = [times, VectorIndex(name="spike_times_index", data=ends, target=times)]
    if any(record.values is not None for record in records):
        values = VectorData(
            name="spike_values", description="what each spike carries, NaN for nothing",
            data=joined["values"],
        )  # fmt: skip
        made += [values, VectorIndex(name="spike_values_index", data=ends, target=values)]
    names = np.repeat(np.array([record.population for record in records], object), sizes)
    neurons = np.concatenate([record.neurons for record in records]).astype(np.int64)
    made += [
        VectorData(name="population", description="that it is of", data=names.tolist()),
        VectorData(name="neuron", description="index within the population", data=neurons),
    ]
    file.units = pynwb.misc.Units(
        name="units", description="recorded neurons", columns=made,
        id=np.arange(len(neurons)), resolution=min(record.dt for record in records) / 1000,
    )  # fmt: skip


def _values(record: SpikeRecord) -> np.ndarray:
    if record.values is None:
        return np.full(len(record.steps), np.nan)
    values = record.values.astype(float)
    if record.values.dtype.kind in "iu" and (np.abs(values) > 2.0**53).any():
        raise ValidationError(
            f"spikes of {record.population!r}", "carry whole numbers beyond 2^53, kept as floats"
        )
    return values


def _series(pynwb: Any, recording: Recording, trace: Trace, place: str) -> Any:
    facts = facts_of(recording)
    unit, conversion = SI.get(trace.unit, (trace.unit or "n.a.", 1.0))
    times = [trace.times + _shift(facts, trial) for trial in range(trace.n_trials)]
    name = f"{trace.population}.{trace.variable}"
    safe = name if not set(name) & set("/:") else f"trace {place}"
    return pynwb.TimeSeries(
        name=safe, data=trace.values.reshape(-1, len(trace.ids)), unit=unit, conversion=conversion,
        timestamps=np.concatenate(times) / 1000,
        description=f"{trace.variable} of {trace.population}, a column a neuron",
        comments=json.dumps({"population": trace.population, "variable": trace.variable}),
    )  # fmt: skip


def read(path: str | os.PathLike[str], dt: float | None = None) -> Recording:
    """Read the spikes and time series of an NWB file.

    A file that `write` wrote gives the recording back. Of others, units make the population
    ``"units"``, and each numeric TimeSeries of the acquisition one of its own name, of variable
    ``"data"`` in the unit of the file; there is one trial.

    Parameters
    ----------
    path
        The file.
    dt
        Step in ms for files that we did not write: times are moved to the nearest.

    Raises
    ------
    ValidationError
        When dt is needed and not given.
    FileFormatError
        When the file is damaged or no NWB file.
    MissingExtraError
        Without pynwb.
    """
    pynwb = _pynwb()
    with open(path, "rb"):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pynwb.NWBHDF5IO(str(path), "r", load_namespaces=False) as io:
                file = io.read()
                if NAME in (file.scratch or {}):
                    return _ours(file, json.loads(str(file.scratch[NAME].data)))
                return _foreign(file, dt)
    except ValidationError as error:
        if error.where == "formats.nwb.read":
            raise
        raise _damaged(path, error) from error
    except Exception as error:
        # pynwb, hdmf and h5py raise whatever they stumble over.
        raise _damaged(path, error) from error


def _damaged(path: Any, error: Exception) -> FileFormatError:
    why = shorten(str(error), 200)
    return FileFormatError(f"{os.fspath(path)!r}: is damaged, or no NWB file: {why}")


def _ours(file: Any, facts: Mapping[str, Any]) -> Recording:
    spikes = {own["population"]: _record(file, facts, own) for own in facts["spikes"]}
    found = {}
    for series in (file.acquisition or {}).values():
        about = json.loads(series.comments)
        found[about["population"], about["variable"]] = series
    traces: dict[str, dict[str, Trace]] = {}
    for own in facts["traces"]:
        series = found[own["population"], own["variable"]]
        values = np.asarray(series.data[:]).reshape(own["n_trials"], -1, len(own["ids"]))
        times = np.asarray(series.timestamps[:]) * 1000
        steps = np.rint(times[: values.shape[1]] / own["dt"]).astype(np.int64)
        trace = Trace(
            **{name: own[name] for name in TRACE_FACTS},
            steps=steps, ids=np.asarray(own["ids"], np.int32), values=values.astype(own["dtype"]),
        )  # fmt: skip
        traces.setdefault(trace.population, {})[trace.variable] = trace
    return Recording(
        spikes=spikes, traces=traces, provenance=facts["provenance"],
        **{name: facts[name] for name in FACTS},
    )  # fmt: skip


def _record(file: Any, facts: Mapping[str, Any], own: Mapping[str, Any]) -> SpikeRecord:
    units = file.units
    rows = np.flatnonzero(np.asarray(units["population"].data[:]) == own["population"])
    ends = np.asarray(units["spike_times"].data[:]).astype(np.int64)
    first, last = (int(ends[rows[0] - 1]) if rows[0] else 0), int(ends[rows[-1]])
    counts = np.diff(ends, prepend=0)[rows]
    times = np.asarray(units["spike_times"].target.data[first:last]) * 1000
    ids = np.repeat(np.asarray(units["neuron"].data[:])[rows], counts)
    apart = _shift(facts, 1)
    trials = np.zeros(len(times), np.int64)
    if apart > 0:
        late = times - facts["t_start"] + own["dt"] / 2
        trials = np.floor(late / apart).astype(np.int64)
    steps = np.rint((times - trials * apart) / own["dt"]).astype(np.int64)
    values = None
    if own["values"] is not None:
        values = np.asarray(units["spike_values"].target.data[first:last])
    return record_of(own, steps, ids, trials, values)


def _foreign(file: Any, dt: float | None) -> Recording:
    if dt is None:
        raise ValidationError(
            "formats.nwb.read", "the file does not say on which grid its spikes lie",
            remedy="give dt in ms; spikes are moved to the nearest step",
        )  # fmt: skip
    spikes, traces, stops = {}, {}, [0.0]
    if file.units is not None and "spike_times" in file.units.colnames:
        ends = np.asarray(file.units["spike_times"].data[:]).astype(np.int64)
        times = np.asarray(file.units["spike_times"].target.data[:]) * 1000
        ids = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        stops.append(float(times.max(initial=0.0)) + dt)
        spikes["units"] = (ids, np.rint(times / dt).astype(np.int64), len(ends))
    for name, series in (file.acquisition or {}).items():
        values = np.asarray(series.data[:])
        known = hasattr(series, "conversion") and values.ndim in (1, 2)
        if not known or values.dtype.kind not in "iuf":
            continue
        values = values.reshape(len(values), -1) * series.conversion
        times = np.asarray(series.get_timestamps()) * 1000
        traces[name] = {"data": Trace(
            population=name, variable="data", unit=str(series.unit), dt=dt,
            steps=np.rint(times / dt).astype(np.int64), ids=np.arange(values.shape[1]),
            values=values[None],
        )}  # fmt: skip
        stops.append(float(times.max(initial=0.0)))
    t_stop = max(stops)
    records = {
        name: SpikeRecord(
            population=name, size=size, dt=dt, steps=steps, ids=ids.astype(np.int32), t_stop=t_stop
        )
        for name, (ids, steps, size) in spikes.items()
    }
    about = {"read_from": "NWB", "session": str(file.session_description), "dt": dt}
    return Recording(spikes=records, traces=traces, t_stop=t_stop, provenance=about)
