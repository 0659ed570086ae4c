"""Small panels that sum up a recording: rates, intervals and spectra, by population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError
from .cutting import spikes_between
from .plot_style import FAINT, INK, LITERAL, color_of, dress, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .spikes import SpikeRecord

__all__ = ["draw_summary", "summary_height"]

#: Populations up to which distributions are drawn as histograms, above each other.
MOST_HISTOGRAMS = 3
#: Populations that fit side by side as boxes; more have no summary.
MOST_BOXES = 16
NARROW = 5.0
BINS_PER_DECADE = 24

Floats = npt.NDArray[np.float64]


def summary_height(
    records: Sequence[SpikeRecord], window: tuple[float, float], width: float
) -> float:
    """Height in inches that the panels need; 0 where there is nothing to sum up."""
    some = any(map(len, records)) and len(records) <= MOST_BOXES and window[1] > window[0]
    row = 1.7 if len(records) <= MOST_HISTOGRAMS else max(1.7, 0.7 + 0.16 * len(records))
    return (row if width >= NARROW else 3 * row) if some else 0.0


def draw_summary(
    figure: Any, records: Sequence[SpikeRecord], window: tuple[float, float], width: float
) -> None:
    """Draw the panels into a part of a figure: side by side, or above each other if narrow."""
    parts = [spikes_between(record, *window) for record in records]
    axes = figure.subplots(*((1, 3) if width >= NARROW else (3, 1)), squeeze=False).ravel()
    for ax in axes:
        dress(ax)
    draw = _histograms if len(parts) <= MOST_HISTOGRAMS else _boxes
    # Rates come in steps of one spike; bins that are not whole steps would show a comb.
    grain = max(1000.0 / (part.duration * part.n_trials) for part in parts)
    draw(axes[0], parts, [part.rates() for part in parts], "rate of a neuron (Hz)", grain)
    draw(axes[1], parts, [part.cv() for part in parts], "CV of intervals", 0.0)
    if draw is _boxes and width >= NARROW:
        axes[1].set_yticks([])
    _spectra(axes[2], parts)


def _histograms(
    ax: Axes, parts: Sequence[SpikeRecord], values: Sequence[Floats], label: str, grain: float
) -> None:
    finite = [value[np.isfinite(value)] for value in values]
    ax.set_xlabel(label)
    ax.set_ylabel("share of neurons")
    joined = np.concatenate([np.zeros(0), *finite])
    if not joined.size:
        _say(ax, "too few spikes")
        return
    top = max(float(np.percentile(joined, 99.5)) * 1.02, float(np.median(joined)) * 1.5, 1e-9)
    bins = int(np.clip(np.sqrt(max(len(value) for value in finite)), 6, 30))
    width = top / bins
    if grain:
        width = max(round(width / grain), 1) * grain
    edges = width * np.arange(int(np.ceil(top / width)) + 1) - grain / 2
    top = float(edges[-1])
    for index, (part, value) in enumerate(zip(parts, finite)):
        if not value.size:
            continue
        shares = np.histogram(value, edges)[0] / value.size
        color = color_of(index)
        ax.stairs(shares, edges, fill=True, color=color, alpha=0.16, linewidth=0)
        ax.stairs(shares, edges, color=color, linewidth=1.1, label=short_name(part.population))
    ax.set_xlim(max(0.0, edges[0]), top)
    ax.set_ylim(0, None)
    ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g}%" if share else "0")


def _boxes(
    ax: Axes, parts: Sequence[SpikeRecord], values: Sequence[Floats], label: str, _: float
) -> None:
    """A line from the 5th to the 95th percentile, a bar between quartiles, the median on it."""
    ax.set_xlabel(label)
    for index, value in enumerate(values):
        finite, color = value[np.isfinite(value)], color_of(index)
        if not finite.size:
            continue
        low, first, middle, third, high = np.percentile(finite, [5, 25, 50, 75, 95])
        ax.plot([low, high], [index, index], color=color, linewidth=0.9, solid_capstyle="butt")
        ax.plot([first, third], [index, index], color=color, linewidth=5.5, solid_capstyle="butt")
        ax.plot([middle], [index], "|", color="white", markersize=5.5, markeredgewidth=1.4)
    names = [short_name(part.population) for part in parts]
    ax.set_yticks(range(len(parts)), names, **LITERAL)
    for index, text in enumerate(ax.get_yticklabels()):
        text.set_color(color_of(index))
        text.set_fontsize(7)
    ax.set_ylim(len(parts) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(0, None)


def _spectra(ax: Axes, parts: Sequence[SpikeRecord]) -> None:
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("spectrum (Hz²/Hz)")
    drawn = False
    for index, part in enumerate(parts):
        try:
            frequencies, power = part.spectrum(max(1.0, part.dt))
        except ValidationError:
            continue
        frequencies, power = _averaged(frequencies[1:], power[1:])
        if (power > 0).any():
            positive = np.where(power > 0, power, np.nan)
            ax.plot(frequencies, positive, color=color_of(index), linewidth=1.0)
            drawn = True
    if not drawn:
        _say(ax, "too short")
        return
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.tick_params(which="minor", length=1.5, width=0.5, color=FAINT)


def _averaged(frequencies: Floats, power: Floats) -> tuple[Floats, Floats]:
    """Mean power in bins of equal width on a logarithmic axis, as far as several lie in one."""
    places = np.floor(np.log10(frequencies) * BINS_PER_DECADE).astype(int)
    _, bins, counts = np.unique(places, return_inverse=True, return_counts=True)
    means = [np.bincount(bins, weights=values) / counts for values in (frequencies, power)]
    return means[0], means[1]


def _say(ax: Axes, text: str) -> None:
    ax.text(
        0.5,
        0.5,
        text,
        transform=ax.transAxes,
        ha="center",
        va="center",
        size=8,
        color=INK,
        **LITERAL,
    )
