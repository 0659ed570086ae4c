"""Files of reports: one variable of the soma over time."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from ...recording import Recording
from ...recording.trace import Trace
from ...sensors.files.hdf5_files import library
from .files import replaced
from .store import Store, mark, open_store

if TYPE_CHECKING:
    from .circuit import Circuit
    from .simulation import SonataSimulation

__all__ = ["read_report", "write_report", "write_reports"]

_PER_MS = {"ms": 1.0, "s": 1e3, "us": 1e-3, "": 1.0}
_VARIABLE = "variable_name"
_LARGEST = 1 << 53


def read_report(path: str | Path, variable: str | None = None) -> Recording:
    """Read a report as traces.

    Parameters
    ----------
    path
        The file.
    variable
        What was reported; by default what the file says, else its own name without the ending.

    Returns
    -------
    Recording
        With a `Trace` for each population. Neurons bear their node ids, ascending.

    Raises
    ------
    FileFormatError
        If it is damaged, or a report of compartments.
    """
    traces: dict[str, dict[str, Trace]] = {}
    with open_store(Path(path)) as store:
        for name in store.names("/report")[0]:
            at = f"/report/{name}"
            called = variable or store.text(f"{at}/data", _VARIABLE) or Path(path).stem
            traces[name] = {called: _trace(store, at, name, called)}
        if not traces:
            raise store.error("holds no report, no group below '/report'")
    every = [t for held in traces.values() for t in held.values()]
    stop = max(float(t.times[-1] if len(t) else 0.0) + _step(t) for t in every)
    start = min(float(t.times[0]) if len(t) else 0.0 for t in every)
    return Recording(t_start=min(start, stop), t_stop=stop, traces=traces)


def _step(trace: Trace) -> float:
    return trace.dt * float(np.diff(trace.steps).min(initial=_LARGEST) if len(trace) > 1 else 1)


def _trace(store: Store, at: str, name: str, variable: str) -> Trace:
    """One population's report."""
    data = store.numbers(f"{at}/data", "f", dims=2)
    ids = store.ids(f"{at}/mapping/node_ids")
    pointers = "index_pointers"
    if not store.has(f"{at}/mapping/{pointers}"):
        pointers = "index_pointer"
    starts = store.ids(f"{at}/mapping/{pointers}")
    if len(starts) not in (len(ids), len(ids) + 1) or data.shape[1] != len(ids):
        raise store.error(
            f"{at}: {data.shape[1]} values of {len(ids)} nodes; reports of several compartments of "
            "a node are not read"
        )
    if (starts[: len(ids)] != np.arange(len(ids))).any():
        raise store.error(f"{at}/mapping/{pointers} is not 0, 1, 2, ...: several values of a node")
    if len(np.unique(ids)) < len(ids) or (len(ids) and ids.max() >= 2**31):
        raise store.error(f"{at}/mapping/node_ids holds an id twice, or one from 2**31 on")
    time = store.numbers(f"{at}/mapping/time", "iuf", 3).astype(np.float64)
    unit = store.text(f"{at}/mapping/time", "units")
    if unit not in _PER_MS:
        raise store.error(f"{at}/mapping/time is in {unit!r}; known: ms, s, us")
    start, _, step = (float(x) * _PER_MS[unit] for x in time)
    if not (np.isfinite([start, step]).all() and step > 0 and 0 <= start < 1e12):
        raise store.error(f"{at}/mapping/time: from {start:g} ms in steps of {step:g} ms")
    dt, first, every = _grid(start, step, store)
    order = np.argsort(ids)
    return Trace(
        population=name,
        variable=variable,
        unit=store.text(f"{at}/data", "units"),
        dt=dt,
        steps=first + every * np.arange(len(data), dtype=np.int64),
        ids=ids[order].astype(np.int32),
        values=np.ascontiguousarray(data[:, order])[None],
    )


def _grid(start: float, step: float, store: Store) -> tuple[float, int, int]:
    """The step of a grid that holds all samples, the first one's place, and their distance."""
    a, b = (Fraction(repr(x)).limit_denominator(10**9) for x in (start, step))
    if b <= 0:
        raise store.error(f"samples every {step:g} ms are not known")
    down = lcm(a.denominator, b.denominator)
    first, every = int(a * down), int(b * down)
    common = gcd(first, every)
    if first == 0 or first % every == 0:
        return step, first // every, 1
    return common / down, first // common, every // common


def write_report(
    recording: Recording,
    path: str | Path,
    variable: str = "v",
    *,
    nodes: Circuit | None = None,
    populations: Iterable[str] | None = None,
) -> Path:
    """Write a recorded variable as a report of somata, whole or not at all; return the path.

    Values are kept in single precision, as the format wants.

    Parameters
    ----------
    recording
        With traces.
    path
        Where to; an existing file is replaced.
    variable
        Which.
    nodes
        The circuit that was run, for its node ids and populations; without it a neuron's index is
        its node id.
    populations
        Of the recording; all with this variable by default.

    Raises
    ------
    UnknownNameError
        If nothing of that name was recorded.
    ValidationError
        If there are several trials, or samples are not evenly spaced.
    """
    every = [name for name, held in recording.traces.items() if variable in held]
    chosen = every if populations is None else list(populations)
    for name in chosen or [""]:
        if name not in every:
            raise UnknownNameError(
                f"write_report, recorded {variable!r} of population", name, every
            )
    traces = [recording.traces[name][variable] for name in chosen]
    write_traces(traces, path, nodes)
    return Path(path)


def write_traces(traces: list[Trace], path: str | Path, nodes: Circuit | None) -> None:
    """Write traces of one variable; those of one population of the files side by side."""
    h5py = library()
    groups: dict[str, list[tuple[Trace, np.ndarray]]] = {}
    for trace in traces:
        if trace.n_trials > 1:
            raise ValidationError(f"write_report, {trace.population!r}", "several trials", "one")
        target, ids = trace.population, trace.ids.astype(np.int64)
        if nodes is not None:
            part = nodes.part(trace.population)
            target, ids = part.nodes.name, part.ids[trace.ids]
        if not target or "/" in target or target == "." or "\0" in target:
            raise ValidationError("write_report", f"the name {target!r}", "a name without '/'")
        groups.setdefault(target, []).append((trace, ids))
    with replaced(Path(path)) as temporary, h5py.File(temporary, "w") as data:
        mark(data)
        for name, held in groups.items():
            _write_group(data.create_group(f"report/{name}"), held)


def _write_group(group: Any, held: list[tuple[Trace, np.ndarray]]) -> None:
    first = held[0][0]
    same = all(np.array_equal(t.times, first.times) and t.unit == first.unit for t, _ in held)
    gaps = np.unique(np.diff(first.steps))
    if not same or len(gaps) > 1:
        raise ValidationError(
            f"write_report, {first.population!r}", "samples are not evenly spaced", "evenly spaced"
        )
    ids = np.concatenate([i for _, i in held])
    values = np.concatenate([t.values[0] for t, _ in held], axis=1)
    order = np.argsort(ids)
    every = float(gaps[0]) if len(gaps) else 1.0
    begin = float(first.times[0]) if len(first) else 0.0
    step = every * first.dt
    group["data"] = np.ascontiguousarray(values[:, order], np.float32)
    group["data"].attrs["units"] = np.bytes_(first.unit.encode())
    group["data"].attrs[_VARIABLE] = np.bytes_(first.variable.encode())
    mapping = group.create_group("mapping")
    mapping["node_ids"] = ids[order].astype(np.uint64)
    mapping["node_ids"].attrs["sorted"] = np.uint8(1)
    mapping["index_pointers"] = np.arange(len(ids) + 1, dtype=np.uint64)
    mapping["element_ids"] = np.zeros(len(ids), np.uint32)
    mapping["element_pos"] = np.zeros(len(ids), np.float32)
    mapping["time"] = np.array([begin, begin + len(first) * step, step])
    mapping["time"].attrs["units"] = np.bytes_("ms")


def write_reports(simulation: SonataSimulation, recording: Recording, folder: Path) -> list[Path]:
    """Write every report of a simulation; see `SonataSimulation.write_output`."""
    from .simulation import state_of

    made = []
    for report in simulation.reports:
        traces = []
        for view in simulation.circuit.views(report.cells):
            name = view.population.name
            state = state_of(simulation.circuit, name, report.variable) or report.variable
            held = recording.traces[name]
            if state not in held:
                raise UnknownNameError(f"report {report.name!r}, recorded variable", state, held)
            traces.append(_cut(held[state], view.ids, simulation.start, report))
        path = folder / report.file
        write_traces(traces, path, simulation.circuit)
        made.append(path)
    return made


def _cut(trace: Trace, ids: np.ndarray, offset: float, report: Any) -> Trace:
    """The neurons and the time of a report; its times count from the file's zero."""
    columns = np.searchsorted(trace.ids, ids)
    late = round(offset / trace.dt)
    if abs(late * trace.dt - offset) > 1e-6 * trace.dt:
        raise ValidationError(f"report {report.name!r}", f"tstart {shorten(offset)}", "whole steps")
    steps = trace.steps + late
    every = max(1, round(report.dt / trace.dt))
    half = trace.dt / 2
    times = steps * trace.dt
    inside = (times >= report.start - half) & (times < report.stop - half)
    rows = np.flatnonzero(inside)[:: max(1, every // _spacing(trace))]
    return Trace(
        population=trace.population,
        variable=trace.variable,
        unit=trace.unit,
        dt=trace.dt,
        steps=steps[rows],
        ids=trace.ids[columns],
        values=trace.values[:, rows][:, :, columns],
    )


def _spacing(trace: Trace) -> int:
    return int(np.diff(trace.steps).min()) if len(trace) > 1 else 1
