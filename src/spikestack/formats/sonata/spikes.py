"""Files of spikes, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import FileFormatError, ValidationError, shorten
from ...recording import Recording
from ...recording.spikes import SpikeRecord
from ...sensors.files.hdf5_files import library
from .files import replaced
from .store import Store, mark, open_store

if TYPE_CHECKING:
    from .circuit import Circuit

__all__ = ["merged", "read_spikes", "read_times", "write_spikes", "write_trains"]

_PER_MS = {"ms": 1.0, "milliseconds": 1.0, "s": 1e3, "us": 1e-3, "": 1.0}
_SORTING = {"none": 0, "by_id": 1, "by_time": 2}
#: What is kept besides the standard, so that a recording comes back as it was.
_OURS = {name: f"spikestack_{name}" for name in ("dt", "size", "t_start", "t_stop", "shape")}
#: The step to which times are rounded where a file does not tell, in ms.
_FINEST = 1e-3

Trains = tuple[np.ndarray, np.ndarray]


def read_times(path: str | Path) -> dict[str, Trains]:
    """Read the spikes of a file by population: times in ms (float64), and node ids (int64).

    Files of before the standard, which have ``/spikes/timestamps`` and ``/spikes/gids``, have one
    population with an empty name.

    Raises
    ------
    FileFormatError
        If it is damaged or holds no spikes.
    """
    with open_store(Path(path)) as store:
        if store.has("/spikes/timestamps"):
            return {"": _trains(store, "/spikes", "gids")}
        names = [n for n in store.names("/spikes")[0] if store.has(f"/spikes/{n}/timestamps")]
        if not names:
            raise store.error("holds no spikes: no group below '/spikes' has timestamps")
        return {name: _trains(store, f"/spikes/{name}", "node_ids") for name in names}


def _trains(store: Store, at: str, ids_name: str) -> Trains:
    times = store.numbers(f"{at}/timestamps", "iuf").astype(np.float64)
    ids = store.ids(f"{at}/{ids_name}", len(times))
    unit = store.text(f"{at}/timestamps", "units")
    if unit not in _PER_MS:
        raise store.error(f"{at}/timestamps is in {unit!r}; known: ms, s, us")
    if not np.isfinite(times).all():
        raise store.error(f"{at}/timestamps holds times that are no numbers")
    return (times if _PER_MS[unit] == 1.0 else times * _PER_MS[unit]), ids


def read_spikes(
    path: str | Path,
    *,
    dt: float | None = None,
    sizes: Mapping[str, int] | None = None,
    t_stop: float | None = None,
) -> Recording:
    """Read a file of spikes as a recording, with its rates, statistics and plots.

    Parameters
    ----------
    path
        The file.
    dt
        The grid, in ms, to which times are rounded: the file's own if it was written here, else
        0.001.
    sizes
        Neurons of a population; by default as many as the greatest node id needs. A neuron's
        index is its node id.
    t_stop
        When the recording ends, in ms; by default with the last spike.

    Raises
    ------
    FileFormatError
        If it is damaged or holds no spikes.
    ValidationError
        If a node id or a time does not fit `sizes` or `t_stop`.
    """
    marks = _marks(Path(path))
    records = {}
    trains = read_times(path)
    own_end = max((m["t_stop"][0] for m in marks.values() if "t_stop" in m), default=0.0)
    last = max((float(t.max()) for t, _ in trains.values() if len(t)), default=0.0)
    for name, (times, ids) in trains.items():
        held = marks.get(name, {})
        grid = float(held["dt"][0]) if dt is None and "dt" in held else (dt or _FINEST)
        steps = np.rint(times / grid)
        if len(steps) and (steps.min() < 0 or steps.max() >= 2**62):
            raise FileFormatError(
                f"{path}: {name!r} has spikes at {times.min():g} ms; >= 0 is needed"
            )
        least = int(ids.max()) + 1 if len(ids) else 1
        size = (sizes or {}).get(name) or int(held.get("size", [least])[0])
        end = t_stop if t_stop is not None else max(own_end, np.ceil(last / grid) * grid, grid)
        shape = tuple(int(n) for n in held.get("shape", ()))
        records[name or "spikes"] = SpikeRecord(
            population=name or "spikes",
            size=size,
            dt=grid,
            steps=steps.astype(np.int64),
            ids=ids,
            t_start=float(held.get("t_start", [0.0])[0]),
            t_stop=float(end),
            shape=shape if shape and int(np.prod(shape)) == size else (size,),
        )
    begin = min((r.t_start for r in records.values()), default=0.0)
    stop = max(r.t_stop for r in records.values())
    return Recording(t_start=begin, t_stop=stop, spikes=records)


def _marks(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """What files written here keep besides the standard, by population."""
    found: dict[str, dict[str, np.ndarray]] = {}
    with open_store(path) as store:
        for name in store.names("/spikes")[0]:
            held = {k: store.mark(f"/spikes/{name}", own) for k, own in _OURS.items()}
            good = {k: v for k, v in held.items() if v is not None and len(v) and (v >= 0).all()}
            if good.get("dt", np.ones(1))[0] > 0 and all(
                np.isfinite(v).all() for v in good.values()
            ):
                found[name] = good
    return found


def write_spikes(
    recording: Recording,
    path: str | Path,
    *,
    nodes: Circuit | None = None,
    sorting: str = "by_time",
) -> Path:
    """Write the spikes of a recording, whole or not at all; return the path.

    Parameters
    ----------
    recording
        With spikes.
    path
        Where to; an existing file is replaced.
    nodes
        The circuit that was run, for its node ids and populations; without it a neuron's index is
        its node id.
    sorting
        ``"by_time"`` or ``"by_id"``.

    Raises
    ------
    ValidationError
        If there are no spikes recorded, there are several trials, spikes carry values, or a name
        is no name in HDF5.
    MissingExtraError
        Without h5py.
    """
    library()
    if sorting not in ("by_time", "by_id"):
        raise ValidationError("write_spikes, sorting", f"got {shorten(sorting)}", "by_time, by_id")
    if not recording.spikes:
        raise ValidationError(
            "write_spikes", "no spikes were recorded", "net.record(..., 'spikes')"
        )
    write_trains(merged(recording, nodes), Path(path), sorting)
    return Path(path)


def write_trains(
    columns: Mapping[str, tuple[np.ndarray, np.ndarray, Mapping[str, Any]]],
    path: Path,
    sorting: str = "by_time",
    offset: float = 0.0,
) -> None:
    """Write times (ms) and node ids by population, `offset` ms later; see `write_spikes`."""
    h5py = library()
    with replaced(path) as temporary, h5py.File(temporary, "w") as data:
        mark(data)
        for name, (times, ids, about) in columns.items():
            order = np.lexsort((ids, times) if sorting == "by_time" else (times, ids))
            group = data.create_group(f"spikes/{name}")
            kind = h5py.enum_dtype(_SORTING, basetype="u1")
            group.attrs.create("sorting", _SORTING[sorting], dtype=kind)
            for key, value in about.items():
                group.attrs[_OURS[key]] = value + offset if key.startswith("t_") else value
            group["timestamps"] = (times[order] + offset) if offset else times[order]
            group["timestamps"].attrs["units"] = np.bytes_("ms")
            group["node_ids"] = ids[order].astype(np.uint64)


def merged(
    recording: Recording, nodes: Circuit | None
) -> dict[str, tuple[Any, Any, dict[str, Any]]]:
    """Times (ms), node ids, and what else to keep, by population of the files."""
    parts: dict[str, list[tuple[np.ndarray, np.ndarray, dict[str, Any]]]] = {}
    for name, record in recording.spikes.items():
        where = f"write_spikes, population {name!r}"
        if record.n_trials > 1 or record.values is not None:
            problem = "several trials" if record.n_trials > 1 else "spikes that carry values"
            raise ValidationError(where, problem, "one trial, plain spikes")
        about: dict[str, Any] = {
            "dt": record.dt,
            "size": record.size,
            "t_start": record.t_start,
            "t_stop": record.t_stop,
            "shape": np.array(record.shape, np.int64),
        }
        target, ids = name, record.ids.astype(np.int64)
        if nodes is not None:
            part = nodes.part(name)
            target, ids = part.nodes.name, part.ids[record.ids]
            plain = len(part.rows) == len(part.nodes)
            if not (plain and np.array_equal(part.ids, np.arange(record.size))):
                about = {k: about[k] for k in ("dt", "t_start", "t_stop")}
        if not target or "/" in target or target == "." or "\0" in target:
            raise ValidationError(where, f"the name {target!r}", "a name without '/'")
        parts.setdefault(target, []).append((record.times, ids, about))
    return {
        name: (
            np.concatenate([t for t, _, _ in held]),
            np.concatenate([i for _, i, _ in held]),
            held[0][2],
        )
        for name, held in parts.items()
    }
