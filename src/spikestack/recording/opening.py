"""Open a recording that was written to a folder while the network ran.

Arrays are mapped from the files, so a recording may be larger than the memory there is. What later
use relies on, the order of spikes and that their indices exist, is checked block by block.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ValidationError
from .checks import checked_dt, checked_ids, checked_span, checked_whole
from .columns import damaged, is_column_folder, open_columns
from .files import MALFORMED
from .recording import Recording
from .spikes import SpikeRecord
from .statistics import whole_steps
from .structure import StructureRecord
from .trace import Trace

__all__ = ["FOLDER_KIND", "FOLDER_VERSION", "STRUCTURE_TYPES", "open_folder", "open_recording"]

FOLDER_KIND = "recording"
FOLDER_VERSION = 1
BLOCK = 2**20
MOST = 2**31 - 1

#: The columns of a `StructureRecord`.
STRUCTURE_TYPES = {"steps": np.int64, "pre": np.int32, "post": np.int32, "created": np.bool_}

Columns = Mapping[str, np.ndarray]


def open_recording(path: str | os.PathLike[str], verify: bool = False) -> Recording:
    """Open a recording: a folder that a run wrote to, or a file that ``result.save`` wrote.

    Parameters
    ----------
    path
        The folder or file. Arrays of a folder are mapped, read-only: they take no memory before
        they are used, and the folder must stay where it is as long as they are.
    verify
        Compare the check sums of a folder, which reads all of it. Those of a file always are.

    Returns
    -------
    Recording
        Of status ``"interrupted"`` where the run did not end by itself: it then reaches to the
        last chunk that was written.

    Raises
    ------
    FileNotFoundError
        When there is nothing.
    FileFormatError
        When it is damaged, cut short, of another kind or of a later version.
    """
    if Path(path).is_dir():
        return open_folder(path, verify)
    return Recording.load(path)


def open_folder(folder: str | os.PathLike[str], verify: bool = False) -> Recording:
    """See `open_recording`."""
    if not is_column_folder(folder):
        damaged(folder, "there is no manifest.json in it")
    header, columns = open_columns(folder, FOLDER_KIND, verify)
    if header.get("version") != FOLDER_VERSION:
        damaged(folder, f"its recording has version {header.get('version')!r}")
    try:
        return _restored(header, columns, folder)
    except (*MALFORMED, IndexError) as error:
        damaged(folder, str(error), error)


def _restored(
    header: Mapping[str, Any], columns: Columns, folder: str | os.PathLike[str]
) -> Recording:
    start, stop = checked_span(header["t_start"], header["t_stop"], "recording")
    spikes = {}
    for index, facts in enumerate(header["spikes"]):
        record = _spikes(index, facts, columns, (start, stop), folder)
        spikes[record.population] = record
    traces: dict[str, dict[str, Trace]] = {}
    for index, facts in enumerate(header["traces"]):
        trace = _trace(index, facts, columns)
        traces.setdefault(trace.population, {})[trace.variable] = trace
    structure = {}
    for index, facts in enumerate(header.get("structure", [])):
        changes = _structure(index, facts, columns, (start, stop))
        structure[changes.projection] = changes
    status, reason = header["status"], header["reason"]
    if status == "running":
        status, reason = "interrupted", f"the run did not end by itself; written up to {stop:g} ms"
    return Recording(
        t_start=start,
        t_stop=stop,
        spikes=spikes,
        traces=traces,
        structure=structure,
        provenance=header["provenance"],
        status=status,
        reason=reason,
    )


def _spikes(
    index: int,
    facts: Mapping[str, Any],
    columns: Columns,
    window: tuple[float, float],
    folder: str | os.PathLike[str],
) -> SpikeRecord:
    name, prefix = facts["population"], f"spikes-{index}-"
    own: dict[str, Any] = {
        key: columns.get(prefix + key) for key in ("trials", "values", "recorded")
    }
    own |= {key: columns[prefix + key] for key in ("steps", "ids")}
    size = checked_whole(facts["size"], 1, f"{name}.size")
    n_trials = checked_whole(facts["n_trials"], 1, f"{name}.n_trials")
    shape = tuple(checked_whole(n, 1, f"{name}.shape") for n in facts["shape"])
    dt = checked_dt(facts["dt"], name)
    if not isinstance(name, str) or np.prod([float(n) for n in shape]) != size or size > MOST:
        raise ValidationError(f"population {name!r}", f"has the shape {shape} and size {size}")
    if own["recorded"] is not None:
        checked_ids(own["recorded"], size, f"{name}.recorded")
    count = len(own["steps"])
    if any(len(own[key]) != count for key in ("ids", "trials", "values") if own[key] is not None):
        raise ValidationError(f"population {name!r}", "has columns of unequal length")
    if (own["trials"] is None) != (n_trials == 1):
        raise ValidationError(f"population {name!r}", "lacks the trials of its spikes")
    if n_trials > 1:
        own = _by_trial(own, n_trials, folder)
    span = (whole_steps(window[0], dt), whole_steps(window[1], dt))
    _check_order(own, size, span, name)
    if own["trials"] is None:
        own["trials"] = np.broadcast_to(np.int32(0), (count,))
    facts = {"population": name, "size": size, "shape": shape, "dt": dt, "n_trials": n_trials}
    return SpikeRecord.of_checked(**facts, **own, t_start=window[0], t_stop=window[1])


def _check_order(own: Mapping[str, Any], size: int, span: tuple[int, int], name: str) -> None:
    """Raise ValidationError unless spikes are sorted, and of neurons and steps that there are."""
    steps, ids, trials, recorded = (own[key] for key in ("steps", "ids", "trials", "recorded"))
    known = None
    if recorded is not None:
        known = np.zeros(size, bool)
        known[recorded] = True
    for first in range(0, len(steps), BLOCK):
        # One spike of the block before, so that the seam is looked at too.
        rows = slice(max(first - 1, 0), first + BLOCK)
        step, neuron = steps[rows], ids[rows]
        if step.min() < span[0] or step.max() > span[1] or neuron.min() < 0 or neuron.max() >= size:
            raise ValidationError(f"population {name!r}", "has spikes out of range")
        if known is not None and not known[neuron].all():
            raise ValidationError(f"population {name!r}", "has spikes of neurons not recorded")
        later = step[1:] > step[:-1]
        later |= (step[1:] == step[:-1]) & (neuron[1:] >= neuron[:-1])
        if trials is not None:
            trial = trials[rows]
            later = (trial[1:] > trial[:-1]) | ((trial[1:] == trial[:-1]) & later)
        if not later.all():
            raise ValidationError(f"population {name!r}", "has spikes out of order")


def _by_trial(
    own: Mapping[str, Any], n_trials: int, folder: str | os.PathLike[str]
) -> dict[str, Any]:
    """Bring the spikes of each trial together, in mapped files that vanish with their last use.

    Chunks hold the trials one after the other; within a trial they are in order already, so every
    spike's place follows from counting.
    """
    trials = own["trials"]
    counts = np.zeros(n_trials, np.int64)
    for first in range(0, len(trials), BLOCK):
        block = trials[first : first + BLOCK]
        if block.min() < 0 or block.max() >= n_trials:
            raise ValidationError("trials", "are out of range")
        counts += np.bincount(block, minlength=n_trials)
    begin = np.concatenate([[0], np.cumsum(counts)[:-1]])
    names = [key for key in ("steps", "ids", "trials", "values") if own[key] is not None]
    made = {key: _scratch(len(trials), own[key].dtype, folder) for key in names}
    for first in range(0, len(trials), BLOCK):
        rows = slice(first, first + BLOCK)
        order = np.argsort(trials[rows], kind="stable")
        sizes = np.bincount(trials[rows], minlength=n_trials)
        ends = np.cumsum(sizes)
        for key in names:
            block = own[key][rows][order]
            for t in np.flatnonzero(sizes):
                made[key][begin[t] : begin[t] + sizes[t]] = block[ends[t] - sizes[t] : ends[t]]
        begin += sizes
    for array in made.values():
        array.flags.writeable = False
    return {**own, **made}


def _scratch(count: int, dtype: Any, folder: str | os.PathLike[str]) -> np.ndarray:
    """A mapped array beside the recording, or where temporary files go if that is not writable."""
    if not count:
        return np.zeros(0, dtype)
    for place in (folder, None):
        try:
            with tempfile.TemporaryFile(dir=place) as stream:
                return np.asarray(np.memmap(stream, dtype, "w+", shape=(count,)))
        except PermissionError:
            if place is None:
                raise
    raise AssertionError("unreachable")


def _trace(index: int, facts: Mapping[str, Any], columns: Columns) -> Trace:
    prefix = f"traces-{index}-"
    steps, ids, rows = (columns[prefix + key] for key in ("steps", "ids", "values"))
    if rows.ndim != 3:
        raise ValidationError(f"trace {index}", f"has rows of shape {rows.shape[1:]}")
    one = rows.shape[1] == 1
    values = rows.reshape(1, len(rows), rows.shape[2]) if one else rows.transpose(1, 0, 2)
    names = {key: facts[key] for key in ("population", "variable", "unit", "dt")}
    if not all(isinstance(names[key], str) for key in ("population", "variable", "unit")):
        raise ValidationError(f"trace {index}", "has no names")
    return Trace(**names, steps=steps, ids=ids, values=values)


def _structure(
    index: int, facts: Mapping[str, Any], columns: Columns, window: tuple[float, float]
) -> StructureRecord:
    own: dict[str, Any] = {name: columns[f"structure-{index}-{name}"] for name in STRUCTURE_TYPES}
    known = {name: facts[name] for name in ("projection", "dt", "initial")}
    return StructureRecord(**known, **own, t_start=window[0], t_stop=window[1])
