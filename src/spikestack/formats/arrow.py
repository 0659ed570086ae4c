"""Recordings as Parquet or Feather files, which pandas, Polars, DuckDB, R and Spark read.

A recording becomes a folder: ``spikes.parquet``, a file for each trace and for the synapses that
came and went. Each is a table that stands for itself; what is not in columns is in its metadata.
"""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, ValidationError, shorten
from ..recording import Recording, Trace
from ..recording.arrow_tables import KEY, arrow, structure_table
from ..recording.facts import FACTS, STRUCTURE_FACTS, TRACE_FACTS, record_of
from ..recording.structure import StructureRecord
from .whole import replacing_folder

__all__ = ["read", "write"]

KINDS = ("parquet", "feather")
MALFORMED = (ValidationError, KeyError, TypeError, ValueError, AttributeError, OverflowError)


def write(recording: Recording, folder: str | os.PathLike[str], kind: str = "parquet") -> Path:
    """Write a recording into a new folder, whole or not at all; return its path.

    Parameters
    ----------
    recording
        What a run gave.
    folder
        Where to; it must not exist, or be empty.
    kind
        ``"parquet"`` (compressed) or ``"feather"`` (Arrow's own, mapped when read).

    Raises
    ------
    ValidationError
        For another kind, or values of spikes that no common column holds.
    OSError
        When the folder is there already, or cannot be written.
    MissingExtraError
        Without pyarrow.
    """
    if kind not in KINDS:
        raise ValidationError("formats.arrow.write", f"got kind {shorten(kind)}", f"one of {KINDS}")
    arrow()
    with replacing_folder(folder) as beside:
        for name, table in _tables(recording):
            path = str(beside / f"{name}.{kind}")
            if kind == "parquet":
                importlib.import_module("pyarrow.parquet").write_table(table, path)
            else:
                importlib.import_module("pyarrow.feather").write_feather(table, path)
    return Path(folder)


def read(folder: str | os.PathLike[str]) -> Recording:
    """Read a recording that `write` wrote; it is equal to the one that was written.

    Raises
    ------
    FileFormatError
        When a file is damaged, missing or none of ours.
    FileNotFoundError
        When there is no such folder.
    MissingExtraError
        Without pyarrow.
    """
    arrow()
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(2, "there is no such folder", str(folder))
    spikes: list[tuple[dict[str, Any], Any]] = []
    traces: dict[str, dict[str, Trace]] = {}
    structure = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lstrip(".") not in KINDS:
            continue
        with _told(path):
            facts, table = _facts_and_table(path)
            if facts["kind"] == "spikes":
                spikes.append((facts, table))
            elif facts["kind"] == "trace":
                trace = _trace(facts, table)
                traces.setdefault(trace.population, {})[trace.variable] = trace
            elif facts["kind"] == "structure":
                changes = _structure(facts, table)
                structure[changes.projection] = changes
            else:
                raise ValidationError("kind", f"got {shorten(facts['kind'])}")
    if len(spikes) != 1:
        raise FileFormatError(
            f"{str(folder)!r}: holds {len(spikes)} tables of spikes; one is needed"
        )
    with _told(folder):
        return _recording(*spikes[0], traces, structure)


class _told:
    """Whatever does not fit in a damaged file is one kind of error, with the file's name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        damaged = (*MALFORMED, arrow().ArrowException, OSError, EOFError)
        if isinstance(error, damaged) and not isinstance(error, FileFormatError):
            raise FileFormatError(
                f"{str(self.path)!r}: does not hold part of a recording: {shorten(str(error), 200)}"
            ) from error


def _tables(recording: Recording) -> Iterator[tuple[str, Any]]:
    yield "spikes", recording.to_arrow()
    traces = [trace for own in recording.traces.values() for trace in own.values()]
    for number, trace in enumerate(traces):
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", f"{trace.population}.{trace.variable}")[:80]
        yield f"trace-{number:03d}-{name}", trace.to_arrow()
    for number, changes in enumerate(recording.structure.values()):
        yield f"structure-{number:03d}", structure_table(changes)


def _facts_and_table(path: Path) -> tuple[dict[str, Any], Any]:
    if path.suffix == ".parquet":
        table = importlib.import_module("pyarrow.parquet").read_table(str(path))
    else:
        table = importlib.import_module("pyarrow.feather").read_table(str(path))
    metadata = table.schema.metadata or {}
    if KEY not in metadata:
        raise ValidationError(str(path.name), "has no metadata of Spikestack")
    facts = json.loads(metadata[KEY])
    if facts["version"] != 1:
        raise ValidationError(str(path.name), f"is of version {shorten(facts['version'])}")
    return facts, table


def _recording(
    facts: Mapping[str, Any],
    table: Any,
    traces: Mapping[str, Mapping[str, Trace]],
    structure: Mapping[str, StructureRecord],
) -> Recording:
    told = {(own["population"], own["variable"]) for own in facts["traces"]}
    found = {(name, variable) for name, own in traces.items() for variable in own}
    if told != found:
        raise ValidationError("traces", f"{sorted(told ^ found)} are missing or too many")
    names = table["population"].combine_chunks()
    codes = np.asarray(names.indices)
    order = {name: code for code, name in enumerate(names.dictionary.to_pylist())}
    columns = {
        name: np.asarray(table[name].combine_chunks()) for name in ("step", "neuron", "trial")
    }
    spikes, values = {}, None
    if "value" in table.column_names:
        # A column without nulls keeps its type; zeros stand where nothing is carried.
        values = np.asarray(table["value"].combine_chunks().fill_null(0))
    for own in facts["spikes"]:
        here = codes == order.get(own["population"], -1)
        steps, ids, trials = (columns[name][here] for name in ("step", "neuron", "trial"))
        carried = None if values is None else values[here]
        spikes[own["population"]] = record_of(own, steps, ids, trials, carried)
    ordered: dict[str, dict[str, Trace]] = {own["population"]: {} for own in facts["traces"]}
    for own in facts["traces"]:
        ordered[own["population"]][own["variable"]] = traces[own["population"]][own["variable"]]
    return Recording(
        spikes=spikes, traces=ordered, structure=structure, provenance=facts["provenance"],
        **{name: facts[name] for name in FACTS},
    )  # fmt: skip


def _trace(facts: Mapping[str, Any], table: Any) -> Trace:
    ids, trials = facts["ids"], facts["n_trials"]
    steps = np.asarray(table["step"])
    samples = len(steps) // trials
    values = np.empty((trials, samples, len(ids)), facts["dtype"])
    for place, neuron in enumerate(ids):
        values[:, :, place] = np.asarray(table[str(neuron)]).reshape(trials, samples)
    return Trace(
        **{name: facts[name] for name in TRACE_FACTS},
        steps=steps[:samples], ids=np.asarray(ids, np.int32), values=values,
    )  # fmt: skip


def _structure(facts: Mapping[str, Any], table: Any) -> StructureRecord:
    pre, post, created = (np.asarray(table[name]) for name in ("pre", "post", "created"))
    return StructureRecord(
        **{name: facts[name] for name in STRUCTURE_FACTS},
        steps=np.asarray(table["step"]), pre=pre, post=post, created=created,
    )  # fmt: skip
