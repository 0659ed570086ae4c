"""What a report page draws, thinned to what a browser can, as plain data with packed arrays."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .plot_style import color_of, nice_number
from .plots import Points, points_of
from .tables import printable
from .trace_plots import envelope

if TYPE_CHECKING:
    from .recording import Recording
    from .spikes import SpikeRecord
    from .trace import Trace

__all__ = ["page_data"]

MOST_BINS = 20_000
MOST_LINES = 6
MOST_SAMPLES = 20_000


def page_data(
    recording: Recording, max_spikes: int, trial: int
) -> tuple[dict[str, Any], list[str]]:
    """The data of a page, and notes on what it leaves out."""
    records = list(recording.spikes.values())
    traces = [trace for own in recording.traces.values() for trace in own.values()]
    window = (recording.t_start, recording.t_stop)
    drawn = points_of(records, window, 2**31, trial, max_spikes) if records else []
    width = _bin_width(records, recording.duration)
    places = {record.population: index for index, record in enumerate(records)}
    notes = _notes(records, drawn, trial, width)
    lines = []
    for trace in traces:
        place = places.setdefault(trace.population, len(places))
        lines.append(_trace(trace, trial, color_of(place), notes))
    return {
        "t_start": recording.t_start,
        "t_stop": recording.t_stop,
        "dt": min([r.dt for r in records] + [t.dt for t in traces], default=1.0),
        "rate_bin": width,
        "populations": [
            _population(record, points, color_of(index), width)
            for index, (record, points) in enumerate(zip(records, drawn))
        ],
        "traces": lines,
    }, notes


def packed(array: npt.NDArray[Any], kind: str) -> dict[str, str]:
    """An array of type ``"u2"``, ``"u4"``, ``"f4"`` or ``"f8"``, as its bytes in base64."""
    data = np.ascontiguousarray(array, dtype=f"<{kind}").tobytes()
    return {"type": kind, "b64": base64.b64encode(data).decode("ascii")}


def _bin_width(records: Sequence[SpikeRecord], duration: float) -> float:
    """A round width, in ms, of the finest bins; the page joins them to fit its view."""
    dt = max((record.dt for record in records), default=1.0)
    spikes = max((len(record) / record.n_trials for record in records), default=0)
    # Ten spikes in a bin of the busiest population when zoomed in, unless bins get too many.
    wanted = max(duration / MOST_BINS, dt, min(10 * duration / max(spikes, 1), duration / 50))
    return max(round(nice_number(wanted) / dt), 1) * dt


def _population(record: SpikeRecord, points: Points, color: str, width: float) -> dict[str, Any]:
    first = int(points.steps.min(initial=2**62)) if len(points.steps) else 0
    span = int(points.steps.max(initial=first)) - first
    coarse = span // 2**32 + 1
    rate = record.rate_over_time(width)[1] if record.duration > 0 else np.zeros(0)
    return {
        "name": printable(record.population),
        "color": color,
        "shown": len(points.shown),
        "of": points.of,
        "origin": first * record.dt,
        "tick": coarse * record.dt,
        "times": packed((points.steps - first) // coarse, "u4"),
        "rows": packed(points.rows, "u2" if len(points.shown) <= 2**16 else "u4"),
        "rate": packed(rate, "f4"),
    }


def _trace(trace: Trace, trial: int, color: str, notes: list[str]) -> dict[str, Any]:
    number = min(len(trace.ids), MOST_LINES)
    which = np.linspace(0, len(trace.ids) - 1, number).round().astype(int) if number else []
    name = f"{printable(trace.population)}.{printable(trace.variable)}"
    if number < len(trace.ids):
        notes.append(f"{name}: {number} of {len(trace.ids):,} neurons are drawn, evenly spaced.")
    if len(trace) > MOST_SAMPLES:
        notes.append(
            f"{name}: {len(trace):,} samples are drawn as the least and greatest of each of "
            f"{MOST_SAMPLES // 2:,} stretches."
        )
    lines = []
    for k in which:
        times, values = envelope(
            trace.times, trace.values[trial, :, k].astype(float), MOST_SAMPLES // 2, 2
        )
        line = {
            "id": int(trace.ids[k]),
            "times": packed(times, "f8"),
            "values": packed(values, "f4"),
        }
        lines.append(line)
    return {
        "population": printable(trace.population),
        "label": printable(trace.label),
        "color": color,
        "lines": lines,
    }


def _notes(
    records: Sequence[SpikeRecord], drawn: Sequence[Points], trial: int, width: float
) -> list[str]:
    notes = []
    thinned = [p for p in drawn if len(p.shown) < p.of]
    if thinned:
        shown, of = sum(len(p.shown) for p in drawn), sum(p.of for p in drawn)
        notes.append(
            f"The raster shows {sum(len(p.steps) for p in drawn):,} of "
            f"{sum(len(record) for record in records):,} spikes: those of {shown:,} of {of:,} "
            "neurons, evenly spaced. Rates and tables are of all."
        )
    if records:
        notes.append(f"Rates are in bins of {width:g} ms when zoomed in, of more otherwise.")
    trials = max((record.n_trials for record in records), default=1)
    if trials > 1:
        notes.append(f"Spikes and traces are those of trial {trial} of {trials}; rates, of all.")
    if any(not math.isfinite(record.rate()) for record in records):
        notes.append("Some populations were not observed.")
    return notes
