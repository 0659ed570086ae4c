"""Spikes as text: a table with commas for people, and NEST's ``sender time_ms``."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import FileFormatError, ValidationError, shorten
from ..recording import Recording, SpikeRecord
from .whole import replacing

__all__ = ["read", "write"]

FIRST = ("time_ms", "population", "neuron")
NEST = ("sender", "time_ms")
LINES = 1 << 16


def write(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Write all spikes, in order of time within each trial.

    A path that ends in ``.dat`` or ``.gdf`` becomes a file as NEST's spike recorder writes it:
    ``sender time_ms``, with the neurons of all populations numbered from 1 in their order. Any
    other becomes ``time_ms,population,neuron`` with a heading, and ``trial`` and ``value`` where
    there are several trials or spikes carry something. Traces are not written.

    Raises
    ------
    ValidationError
        When NEST's form is asked for and there are trials or values, which it cannot hold.
    OSError
        When the file cannot be written.
    """
    records = list(recording.spikes.values())
    trials = max((record.n_trials for record in records), default=1)
    valued = any(record.values is not None for record in records)
    as_nest = os.fspath(path).endswith((".dat", ".gdf"))
    if as_nest and (trials > 1 or valued):
        raise ValidationError(
            "formats.text.write", "NEST's form holds neither trials nor values of spikes",
            remedy="write to a name that ends in .csv",
        )  # fmt: skip
    lines = _nest_lines(records) if as_nest else _lines(records, trials > 1, valued)
    with replacing(path) as beside, open(beside, "w", encoding="utf-8", newline="") as file:
        file.writelines(lines)


def _sorted(records: list[SpikeRecord]) -> Iterator[tuple[np.ndarray, ...]]:
    """Time, place of the population, and index of each spike, some at a time."""
    sizes = [len(record.steps) for record in records]
    empty = [np.zeros(0, np.int64)]
    times = np.concatenate([np.zeros(0), *(record.times for record in records)])
    trials = np.concatenate(empty + [np.asarray(record.trials) for record in records])
    of = np.repeat(np.arange(len(records)), sizes)
    index = np.concatenate(empty + [np.arange(size) for size in sizes])
    order = np.lexsort((of, times, trials))
    for first in range(0, len(order), LINES):
        part = order[first : first + LINES]
        yield times[part], of[part], index[part], trials[part]


def _nest_lines(records: list[SpikeRecord]) -> Iterator[str]:
    yield "sender\ttime_ms\n"
    firsts = np.cumsum([1, *(record.size for record in records)])
    for times, of, index, _ in _sorted(records):
        for time, who, which in zip(times.tolist(), of.tolist(), index.tolist()):
            yield f"{firsts[who] + records[who].ids[which]}\t{time:.10g}\n"


def _lines(records: list[SpikeRecord], trials: bool, valued: bool) -> Iterator[str]:
    names = [_quoted(record.population) for record in records]
    heading = [*FIRST, *(["trial"] if trials else []), *(["value"] if valued else [])]
    yield ",".join(heading) + "\n"
    for times, of, index, trial in _sorted(records):
        rows = zip(times.tolist(), of.tolist(), index.tolist(), trial.tolist())
        for time, who, which, one in rows:
            record = records[who]
            line = f"{time:.10g},{names[who]},{record.ids[which]}"
            if trials:
                line += f",{one}"
            if valued:
                line += "," if record.values is None else f",{record.values[which].item()!r}"
            yield line + "\n"


def _quoted(name: str) -> str:
    plain = not set(name) & set(',"\r\n')
    return name if plain else '"' + name.replace('"', '""') + '"'


def read(
    path: str | os.PathLike[str],
    dt: float,
    *,
    sizes: Mapping[str, int] | None = None,
    t_stop: float | None = None,
    senders: Mapping[str, tuple[int, int]] | None = None,
) -> Recording:
    """Read spikes written by `write`, by NEST's recorder to ASCII, or by a spreadsheet.

    Parameters
    ----------
    path
        The file; its heading says which of the two forms it has.
    dt
        Step in ms; times are moved to the nearest.
    sizes
        Neurons of each population; by default up to the last that fired.
    t_stop
        End of the window in ms; by default the last spike.
    senders
        For NEST's form: the first and last number of each population. By default all are one
        population ``"nest"``, whose neuron 0 has number 1.

    Raises
    ------
    FileFormatError
        When a line does not fit; the message has its number.
    ValidationError
        When a spike is of no population given, or outside of the window.
    OSError
        When there is no such file.
    """
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        heading = file.readline().strip()
        if tuple(heading.split()) == NEST:
            columns = _nest_columns(file, path, senders)
        else:
            columns = _columns(file, path, next(csv.reader([heading]), []))
    names, of, times, ids, trials, values = columns
    steps = np.rint(times / dt).astype(np.int64)
    last = float(times.max(initial=0.0)) if t_stop is None else t_stop
    sizes = dict(sizes or {}) | {
        name: high - low + 1 for name, (low, high) in (senders or {}).items()
    }
    spikes = {}
    for place, name in enumerate(names):
        here = of == place
        own = values[here]
        spikes[name] = SpikeRecord(
            population=name, size=sizes.get(name, int(ids[here].max(initial=0)) + 1), dt=dt,
            steps=steps[here], ids=ids[here], trials=trials[here], t_stop=last,
            n_trials=int(trials.max(initial=0)) + 1,
            values=None if np.isnan(own).all() else own,
        )  # fmt: skip
    about = {"read_from": "text", "dt": dt}
    return Recording(spikes=spikes, t_stop=last, provenance=about)


def _columns(file: Any, path: Any, heading: list[str]) -> tuple[Any, ...]:
    if tuple(heading[:3]) != FIRST or not set(heading[3:]) <= {"trial", "value"}:
        raise FileFormatError(
            f"{os.fspath(path)!r}: line 1: got {shorten(','.join(heading))}; the heading is "
            "time_ms,population,neuron[,trial][,value], or NEST's 'sender time_ms'"
        )
    places = {name: place for place, name in enumerate(heading)}
    names: dict[str, int] = {}
    rows: list[tuple[float, int, int, int, float]] = []
    try:
        for line in csv.reader(file, strict=True):
            if not line:
                continue
            if len(line) != len(heading):
                raise ValueError(f"{len(line)} columns instead of {len(heading)}")
            of = names.setdefault(line[1], len(names))
            trial = int(line[places["trial"]]) if "trial" in places else 0
            text = line[places["value"]] if "value" in places else ""
            row = (float(line[0]), of, int(line[2]), trial)
            _check_row(*row)
            rows.append((*row, float(text or "nan")))
    except (ValueError, csv.Error) as error:
        number = len(rows) + 2
        raise FileFormatError(f"{os.fspath(path)!r}: line {number}: {error}") from error
    table = np.array(rows, float).reshape(-1, 5)
    of, ids, trials = table[:, 1:4].astype(np.int64).T
    return list(names), of, table[:, 0], ids, trials, table[:, 4]


def _check_row(time: float, _: int, neuron: int, trial: int) -> None:
    if not 0 <= time < 1e15:
        raise ValueError(f"time {time} ms")
    if not (0 <= neuron < 2**31 and 0 <= trial < 2**31):
        raise ValueError(f"neuron {neuron}, trial {trial}")


def _nest_columns(file: Any, path: Any, senders: Mapping[str, tuple[int, int]] | None) -> Any:
    times, numbers = [], []
    for number, line in enumerate(file, 2):
        try:
            sender, time = line.split()
            numbers.append(int(sender))
            times.append(float(time))
            _check_row(times[-1], 0, numbers[-1], 0)
        except ValueError as error:
            raise FileFormatError(f"{os.fspath(path)!r}: line {number}: {error}") from error
    ids = np.array(numbers, np.int64)
    ranges = senders or {"nest": (1, int(ids.max(initial=1)))}
    of = np.full(len(ids), -1)
    firsts = np.zeros(len(ids), np.int64)
    for place, (low, high) in enumerate(ranges.values()):
        here = (ids >= low) & (ids <= high)
        of[here], firsts[here] = place, low
    if (of < 0).any():
        raise ValidationError(
            "formats.text.read", f"sender {ids[of < 0][0]} is of no population", f"given: {ranges}"
        )
    zeros = np.zeros(len(ids), np.int64)
    return list(ranges), of, np.array(times, float), ids - firsts, zeros, np.full(len(ids), np.nan)
