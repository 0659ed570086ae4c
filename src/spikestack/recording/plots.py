"""Raster and rate figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError
from .plot_style import (
    FAINT,
    INK,
    LITERAL,
    checked_width,
    color_of,
    dress,
    new_figure,
    nice_number,
    short_name,
    time_axis,
)
from .statistics import SPIKES, in_window, milliseconds, whole_steps
from .summary_plots import draw_summary, summary_height
from .trace_plots import draw_trace, trace_height

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .spikes import SpikeRecord
    from .trace import Trace

__all__ = ["Points", "points_of", "record_raster", "record_rate", "recording_figure"]

WIDTH = 7.0
RASTERISE_FROM = 50_000
MOST_POINTS = 400_000
MOST_NEURONS = 2**31
POINTS_PER_INCH = 72

Window = tuple[float, float]


@dataclass(frozen=True)
class Points:
    """The spikes of one population that are drawn: steps, rows from 0, counts of neurons."""

    steps: npt.NDArray[np.int64]
    dt: float
    rows: npt.NDArray[np.int64]
    shown: npt.NDArray[np.int32]
    of: int

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """In ms."""
        return milliseconds(self.steps, self.dt)


def recording_figure(
    records: Sequence[SpikeRecord],
    traces: Sequence[Trace],
    window: Window,
    max_neurons: int,
    trial: int,
    *,
    width: float = WIDTH,
    summary: bool = False,
) -> Figure:
    """Raster over rates over traces, as far as there are any; see `Recording.raster`.

    With `summary`, the distributions and spectra of `summary_plots` stand below.
    """
    if not records and not traces:
        raise ValidationError(
            "Recording",
            "nothing was recorded that could be drawn",
            "",
            "record spikes or a variable before the run",
        )
    raster_height = min(2.4 + 0.25 * len(records), 14.0)
    heights = [raster_height, 1.1] if records else []
    heights += [trace_height(trace) for trace in traces]
    below = summary_height(records, window, width) if summary else 0.0
    figure = new_figure(checked_width(width), sum(heights) + 0.5 + below)
    parts: list[Any] = [figure]
    if below:
        ratios = [sum(heights) + 0.5, below]
        parts = list(cast("Any", figure).subfigures(2, 1, height_ratios=ratios, hspace=0.04))
        draw_summary(parts[1], records, window, width)
    axes = parts[0].subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[
        :, 0
    ]
    for ax in axes:
        dress(ax)
    if records:
        drawn = points_of(records, window, max_neurons, trial)
        _draw_bands(axes[0], records, drawn, (width, raster_height))
        if records[0].n_trials > 1:
            _note(axes[0], f"trial {trial} of {records[0].n_trials}")
        _draw_rates(axes[1], records, window)
    places: dict[str, int] = {record.population: index for index, record in enumerate(records)}
    for ax, trace in zip(axes[len(heights) - len(traces) :], traces):
        place = places.setdefault(trace.population, len(places))
        draw_trace(ax, trace, trial, color=color_of(place), window=window, named=True)
    for ax in axes:
        time_axis(ax, *window, label=ax is axes[-1])
    parts[0].align_ylabels()
    return figure


def record_raster(record: SpikeRecord, ax: Axes | None, trial: int, max_neurons: int) -> Figure:
    """The raster of one population over its neuron indices; see `SpikeRecord.raster`."""
    ax = _own_axes(ax, 3.0)
    from matplotlib.ticker import MaxNLocator

    window = (record.t_start, record.t_stop)
    (points,) = points_of([record], window, max_neurons, trial)
    low, high = (int(record.neurons[0]), int(record.neurons[-1])) if points.of else (0, 0)
    width, height = _size_inpoints_of(ax)
    row, dot = height / (high - low + 1), _dot_size(len(points.times), width, height)
    shown = points.shown[points.rows]
    _scatter(ax, points.times, shown, row=row, dot=dot, color=color_of(0))
    ax.set_ylim(low - 0.5, high + 0.5)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    thinned = len(points.shown) < points.of
    count = f" ({len(points.shown):,} of {points.of:,} shown)" if thinned else ""
    ax.set_ylabel(f"{short_name(record.population)} neuron{count}", **LITERAL)
    time_axis(ax, *window)
    if not len(points.times):
        _say_empty(ax)
    return cast("Figure", ax.get_figure())


def record_rate(record: SpikeRecord, ax: Axes | None, bin: float | None) -> Figure:
    """The rate of one population over time; see `SpikeRecord.plot_rate`."""
    ax = _own_axes(ax, 2.0)
    window = (record.t_start, record.t_stop)
    _draw_rates(ax, [record], window, bin)
    ax.set_ylabel(f"{short_name(record.population)} rate (Hz)", **LITERAL)
    time_axis(ax, *window)
    return cast("Figure", ax.get_figure())


def _own_axes(ax: Axes | None, height: float) -> Axes:
    if ax is not None:
        return ax
    ax = new_figure(6.0, height).subplots()
    dress(ax)
    return ax


def _size_inpoints_of(ax: Axes) -> tuple[float, float]:
    figure: Any = ax.get_figure()
    scale = POINTS_PER_INCH / figure.dpi
    return ax.bbox.width * scale, ax.bbox.height * scale


def points_of(
    records: Sequence[SpikeRecord],
    window: Window,
    max_neurons: int,
    trial: int,
    max_spikes: int = MOST_POINTS,
) -> list[Points]:
    """What is drawn of each record: all neurons, or evenly spaced ones where that is too much."""
    inside = [_inside(record, window, record.checked_trial(trial)) for record in records]
    spikes = np.array([len(steps) for steps, _ in inside])
    of = np.array([len(record.neurons) for record in records])
    numbers = of
    if of.sum() > max_neurons:
        fewest = np.minimum(of, max(1, max_neurons // (2 * len(records))))
        numbers = np.maximum(fewest, np.round(of * (max_neurons / of.sum())).astype(int))
    expected = float((spikes * numbers / np.maximum(of, 1)).sum())
    if expected > max_spikes:
        fewer = (numbers * (max_spikes / expected)).astype(int)
        numbers = np.maximum(fewer, np.minimum(numbers, 1))
    return [
        _thinned(record, *own, int(number)) for record, own, number in zip(records, inside, numbers)
    ]


def _inside(
    record: SpikeRecord, window: Window, trial: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    first, last = (whole_steps(time, record.dt) for time in window)
    if record.n_trials == 1:
        rows = record.inside(first, last)
        return record.steps[rows], record.ids[rows]
    origin = whole_steps(record.t_start, record.dt)
    begin, end = np.searchsorted(record.trials, [trial, trial + 1])
    steps, ids = record.steps[begin:end], record.ids[begin:end]
    inside = in_window(steps, first, last, origin)
    return steps[inside], ids[inside]


def _thinned(
    record: SpikeRecord, steps: npt.NDArray[Any], ids: npt.NDArray[Any], number: int
) -> Points:
    neurons = record.neurons
    shown = neurons[np.linspace(0, len(neurons) - 1, number).round().astype(int)]
    row_of = np.full(record.size, -1, dtype=np.int64)
    row_of[shown] = np.arange(len(shown))
    kept_steps, kept_rows = [steps[:0]], [row_of[:0]]
    for first in range(0, len(ids), SPIKES):
        rows = row_of[ids[first : first + SPIKES]]
        kept_steps.append(steps[first : first + SPIKES][rows >= 0])
        kept_rows.append(rows[rows >= 0])
    found = np.concatenate(kept_steps), np.concatenate(kept_rows)
    return Points(found[0], record.dt, found[1], shown, len(neurons))


def _draw_bands(
    ax: Axes,
    records: Sequence[SpikeRecord],
    drawn: Sequence[Points],
    size: tuple[float, float],
) -> None:
    inches = size[1]
    shares = np.array([len(points.shown) for points in drawn], float)
    shares = np.maximum(shares, 0.55 / len(records) * shares.sum())
    shares = np.maximum(shares / max(shares.sum(), 1.0), 1e-6)
    gap = 0.02 if len(records) <= 12 else 0.005
    top = 1.0
    spikes = sum(len(points.times) for points in drawn)
    dot = _dot_size(spikes, (size[0] - 1) * POINTS_PER_INCH, inches * POINTS_PER_INCH)
    total = shares.sum() + gap * (len(records) - 1)
    for index, (record, points, share) in enumerate(zip(records, drawn, shares / total)):
        count = max(len(points.shown), 1)
        heights = top - share + (points.rows + 0.5) * (share / count)
        row = inches * 0.92 * POINTS_PER_INCH * share / count
        color = color_of(index)
        _scatter(ax, points.times, heights, row=row, dot=dot, color=color)
        _label_band(ax, record, points, band=(top - share, share, inches), color=color)
        top -= share + gap / total
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    if not any(len(points.times) for points in drawn):
        _say_empty(ax)


def _label_band(
    ax: Axes,
    record: SpikeRecord,
    points: Points,
    *,
    band: tuple[float, float, float],
    color: str,
) -> None:
    low, share, inches = band
    from matplotlib.patches import Rectangle

    across = ax.get_yaxis_transform()
    bar = Rectangle((-0.012, low), 0.006, share, transform=across, clip_on=False, color=color, lw=0)
    ax.add_patch(bar)
    thinned = len(points.shown) < points.of
    count = f"{len(points.shown):,} of {points.of:,}" if thinned else f"{points.of:,}"
    middle, room = low + share / 2, share * inches * POINTS_PER_INCH
    size = float(np.clip(room * 0.8, 4.0, 8.0))
    common: dict[str, Any] = {"transform": across, "ha": "right", **LITERAL}
    name = short_name(record.population)
    if room >= 26:
        ax.text(-0.022, middle, name, va="bottom", color=color, size=9, weight="bold", **common)
        noun = "neuron" if count == "1" else "neurons"
        ax.text(-0.022, middle, f"{count} {noun}", va="top", color=FAINT, size=7, **common)
    else:
        ax.text(-0.022, middle, f"{name} ({count})", va="center", color=color, size=size, **common)


def _scatter(
    ax: Axes,
    times: npt.NDArray[np.float64],
    heights: npt.NDArray[Any],
    *,
    row: float,
    dot: float,
    color: str,
) -> None:
    """Draw spikes as strokes where a `row` (its height in points) has room, else as dots."""
    strokes = row >= 3.5
    size = min(row * 0.75, 14.0) if strokes else dot
    ax.plot(
        times,
        heights,
        linestyle="none",
        marker="|" if strokes else "o",
        markersize=size,
        markeredgewidth=0.9 if strokes else 0.0,
        color=color,
        rasterized=len(times) > RASTERISE_FROM,
        zorder=2,
    )


def _dot_size(spikes: int, width: float, height: float) -> float:
    """Diameter, in points, at which dots cover about an eighth of an area (in points)."""
    return float(np.clip(0.4 * math.sqrt(width * height / max(spikes, 1)), 0.7, 1.6))


def _draw_rates(
    ax: Axes, records: Sequence[SpikeRecord], window: Window, bin: float | None = None
) -> None:
    start, stop = window
    width = bin if bin is not None else _bin_width(records, stop - start)
    if stop > start:
        for index, record in enumerate(records):
            centres, rates = record.rate_over_time(width, start, stop)
            (line,) = ax.plot(centres, rates, color=color_of(index), linewidth=0.9)
            line.set(solid_joinstyle="round", zorder=2 + len(record.neurons) / (MOST_NEURONS + 1))
        trials = records[0].n_trials
        mean = f", mean of {trials} trials" if trials > 1 else ""
        _note(ax, f"bins of {width:g} ms{mean}")
    ax.set_ylim(0, None if any(map(len, records)) and stop > start else 1)
    ax.set_ylabel("rate (Hz)")


def _bin_width(records: Sequence[SpikeRecord], duration: float) -> float:
    """A round width: at most 200 bins, fewer where they would hold less than ten spikes.

    At least 20 bins for the population with most spikes, and 50 for that with fewest.
    """
    dt = max(record.dt for record in records)
    spikes = [max(len(record) / record.n_trials, 1) for record in records]
    enough, all_enough = (10 * duration / number for number in (max(spikes), min(spikes)))
    width = max(duration / 200, min(enough, duration / 20), min(all_enough, duration / 50), dt)
    nice = nice_number(width) if width > 0 else dt
    return max(round(nice / dt), 1) * dt


def _note(ax: Axes, text: str) -> None:
    ax.set_title(text, loc="right", fontsize=7, color=FAINT, pad=2, **LITERAL)


def _say_empty(ax: Axes) -> None:
    ax.text(
        0.5, 0.5, "no spikes", transform=ax.transAxes, ha="center", va="center", size=9, color=INK
    )
