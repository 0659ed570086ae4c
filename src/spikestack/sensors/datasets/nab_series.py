"""The Numenta Anomaly Benchmark: series to be watched as they come."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError
from ..anomaly_scoring import LabelledSeries
from .reading import read_arrays, read_set_file

__all__ = ["nab"]


def nab(folder: Any = None) -> dict[str, LabelledSeries]:
    """Series with marked anomalies, by name: 41 of the 58 of the Numenta Anomaly Benchmark.

    They are streams: a detector sees row after row, and there is no split. `anomaly_score` scores
    what it says. Names are ``"category/file.csv"``.

    Ahmad, Lavin, Purdy and Agha 2017, Neurocomputing 262:134; MIT licence.

    Raises
    ------
    ValidationError
        If the set is not there.
    FileFormatError
        If it is damaged, or windows and series do not fit.
    """
    arrays, _ = read_arrays(folder, "nab", "nab_public.npz")
    path, text = read_set_file(folder, "nab", "windows.json")
    names = sorted({key.rsplit(":", 1)[0] for key in arrays})
    try:
        windows = json.loads(text)
        return {name: _series(arrays, name, windows[name]) for name in names}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileFormatError(f"{Path(path)}: damaged: {error!r}") from error


def _series(arrays: dict[str, np.ndarray], name: str, windows: Any) -> LabelledSeries:
    times = arrays[f"{name}:time"].astype(np.int64)
    values = arrays[f"{name}:value"].astype(np.float64)
    if times.shape != values.shape or times.ndim != 1:
        raise ValueError(f"{name} has {times.shape} times and {values.shape} values")
    return LabelledSeries(times, values, [(_seconds(a), _seconds(b)) for a, b in windows])


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
