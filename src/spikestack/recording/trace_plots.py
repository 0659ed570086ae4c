"""Figures of traces: a line, lines above each other, or an image, by the number of neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from .plot_style import (
    FAINT,
    INK,
    LITERAL,
    color_of,
    dress,
    new_figure,
    nice_number,
    short_name,
    time_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .trace import Trace

__all__ = ["draw_trace", "envelope", "trace_figure", "trace_height"]

MOST_LINES = 8
MOST_COLUMNS = 2000
Floats = npt.NDArray[np.floating]


def trace_height(trace: Trace) -> float:
    """Height in inches that the trace needs in a figure."""
    lines = len(trace.ids)
    return 1.1 + 0.3 * (lines - 1) if lines <= MOST_LINES else 2.2


def trace_figure(trace: Trace, ax: Axes | None, trial: int) -> Figure:
    """See `Trace.plot`."""
    window = (float(trace.times[0]), float(trace.times[-1])) if len(trace) else (0.0, 0.0)
    if ax is None:
        ax = new_figure(6.0, trace_height(trace) + 0.7).subplots()
        dress(ax)
    draw_trace(ax, trace, trial, color=color_of(0), window=window, named=False)
    time_axis(ax, *window)
    return cast("Figure", ax.get_figure())


def draw_trace(
    ax: Axes, trace: Trace, trial: int, *, color: str, window: tuple[float, float], named: bool
) -> None:
    """Draw the samples of one trial inside `window` (ms), with the population's name if `named`."""
    inside = (trace.times >= window[0]) & (trace.times <= window[1])
    times = trace.times[inside]
    values = trace.values[trial][inside].astype(float)
    name = f"{short_name(trace.population)}\n" if named else ""
    if not values.size:
        ax.set_ylabel(name + trace.label, **LITERAL)
        ax.text(0.5, 0.5, "no samples", transform=ax.transAxes, ha="center", va="center", size=9)
    elif values.shape[1] == 1:
        _line(ax, times, values[:, 0], color)
        ax.set_ylabel(name + trace.label, **LITERAL)
    elif values.shape[1] <= MOST_LINES:
        _stack(ax, trace, times, values, color)
        ax.set_ylabel(f"{name}{trace.variable} of neuron", **LITERAL)
    else:
        _image(ax, trace, times, values)
        ax.set_ylabel(f"{name}neuron", **LITERAL)


def _line(ax: Axes, times: Floats, values: Floats, color: str) -> None:
    ax.plot(
        *envelope(times, values, MOST_COLUMNS, 4),
        color=color,
        linewidth=0.8,
        solid_joinstyle="round",
    )


def envelope(times: Floats, values: Floats, stretches: int, least: int) -> tuple[Floats, Floats]:
    """Keep the lowest and highest sample of so many stretches, so that no peak is lost.

    Where a stretch would hold less than `least` samples, all are kept.
    """
    stride = len(times) // stretches
    if stride < least:
        return times, values
    whole = len(times) // stride * stride
    blocks = np.nan_to_num(values[:whole].reshape(-1, stride), nan=0.0)
    ends = np.sort(np.stack([blocks.argmin(axis=1), blocks.argmax(axis=1)], axis=1), axis=1)
    kept = (ends + stride * np.arange(len(blocks))[:, None]).ravel()
    kept = np.concatenate([kept, np.arange(whole, len(times))])
    return times[kept], values[kept]


def _stack(ax: Axes, trace: Trace, times: Floats, values: Floats, color: str) -> None:
    finite = np.where(np.isfinite(values), values, np.nan)
    low = np.array([_least(column) for column in finite.T])
    span = max(-_least(-column) for column in (finite - low).T) or 1.0
    offsets = -1.15 * span * np.arange(values.shape[1])
    for column, offset in enumerate(offsets):
        _line(ax, times, values[:, column] - low[column] + offset, color)
    middles = [
        float(np.median(column[np.isfinite(column)])) if np.isfinite(column).any() else 0.0
        for column in values.T
    ]
    ax.set_yticks(offsets + (middles - low), [str(neuron) for neuron in trace.ids])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(offsets[-1] - 0.1 * span, 1.1 * span)
    bar = nice_number(0.8 * span)
    across = ax.get_yaxis_transform()
    ends = [offsets[-1], offsets[-1] + bar]
    ax.plot([1.012, 1.012], ends, transform=across, clip_on=False, color=INK, linewidth=1.5)
    text = f"{bar:g} {trace.unit}".rstrip()
    ax.text(1.022, sum(ends) / 2, text, transform=across, va="center", size=8, color=INK, **LITERAL)


def _least(values: Floats) -> float:
    values = values[np.isfinite(values)]
    return float(values.min()) if values.size else 0.0


def _image(ax: Axes, trace: Trace, times: Floats, values: Floats) -> None:
    stride = -(-len(times) // MOST_COLUMNS)
    times, values = times[::stride], values[::stride]
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, [1, 99]) if finite.size else (0.0, 1.0)
    if high <= low:
        low, high = low - 0.5, low + 0.5
    rows = np.arange(values.shape[1])
    mesh = ax.pcolormesh(
        times, rows, values.T, cmap="viridis", vmin=low, vmax=high, shading="nearest"
    )
    mesh.set_rasterized(True)
    places = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), 6)).round().astype(int))
    ax.set_yticks(places, [str(trace.ids[place]) for place in places])
    beyond = finite.size and finite.min() < low, finite.size and finite.max() > high
    _color_bar(ax, mesh, trace.label, *map(bool, beyond))


def _color_bar(ax: Axes, mesh: Any, label: str, below: bool, above: bool) -> None:
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
    place = ax.inset_axes((1.015, 0.0, 0.018, 1.0))
    figure: Any = ax.get_figure()
    bar = figure.colorbar(mesh, cax=place, extend=extend)
    bar.outline.set_visible(False)
    place.tick_params(labelsize=7, length=2, color=FAINT, labelcolor=INK)
    place.set_ylabel(label, fontsize=8, color=INK, **LITERAL)
