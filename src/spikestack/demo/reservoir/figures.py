"""The figures of the report: a digit with the spikes it evokes, and the accuracies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...recording import Recording
from ...recording.plot_style import COLORS, FAINT, INK, dress, new_figure, time_axis
from .encode import LEVELS, SHOWN
from .network import DURATION
from .readout import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["accuracy_figure", "raster_figure"]

_BANDS = (
    ("pixels", "input", INK, 1.0),
    ("exc", "excitatory", COLORS[0], 2.4),
    ("inh", "inhibitory", COLORS[1], 1.0),
)
_BIN = 2.5


def raster_figure(image: np.ndarray, label: int, result: Recording, trial: int) -> Figure:
    """Draw a digit, and beside it the spikes it evokes and their rates.

    Parameters
    ----------
    image
        Grey levels 0 to 16, flat.
    label
        The digit.
    result
        A run of the reservoir.
    trial
        The image's trial.
    """
    figure = new_figure(7.2, 4.4)
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 2.9], height_ratios=[3.6, 1])
    _draw_digit(figure, figure.add_subplot(grid[:, 0]), image, label)
    raster = figure.add_subplot(grid[0, 1])
    rates = figure.add_subplot(grid[1, 1], sharex=raster)
    _draw_raster(raster, result, trial)
    _draw_rates(rates, result, trial)
    time_axis(raster, 0.0, DURATION, label=False)
    raster.tick_params(labelbottom=False)
    time_axis(rates, 0.0, DURATION)
    return figure


def accuracy_figure(scores: list[Score]) -> Figure:
    """Draw the accuracies: every split a dot, their mean a line with its number beside it."""
    figure = new_figure(7.2, 0.42 * len(scores) + 0.7)
    ax = figure.subplots()
    dress(ax)
    ax.grid(axis="x", color="#E6E6E6", linewidth=0.6)
    ax.set_axisbelow(True)
    for row, item in enumerate(scores):
        color = COLORS[0] if row == len(scores) - 1 else "#9A9A9A"
        values = 100 * np.array(item.accuracies)
        offsets = np.linspace(-0.16, 0.16, len(values))
        ax.plot(values, row + offsets, "o", color=color, markersize=4, alpha=0.8, mew=0, zorder=3)
        ax.plot([values.mean()] * 2, [row - 0.3, row + 0.3], color=INK, linewidth=1.6)
        weight = "bold" if row == len(scores) - 1 else "normal"
        ax.text(1.02, row, str(item), transform=ax.get_yaxis_transform(), va="center", size=8,
                color=INK, weight=weight)  # fmt: skip
    low = 100 * min(min(item.accuracies) for item in scores)
    ax.set_xlim(max(0.0, np.floor(low) - 1), 100)
    ax.set_ylim(len(scores) - 0.5, -0.5)
    ax.set_yticks(range(len(scores)), [item.name for item in scores])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("test accuracy (%)")
    return figure


def _draw_digit(figure: Figure, ax: Axes, image: np.ndarray, label: int) -> None:
    side = round(len(image) ** 0.5)
    shown = ax.imshow(image.reshape(side, side), cmap="gray_r", vmin=0, vmax=LEVELS)
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_color(FAINT)
        spine.set_linewidth(0.6)
    ax.set_title(f"a scanned {label}", fontsize=9, color=INK)
    ax.set_anchor("N")
    below = ax.inset_axes((0.0, -0.13, 1.0, 0.05))
    bar: Any = figure.colorbar(shown, cax=below, orientation="horizontal", ticks=[0, 8, 16])
    bar.set_label("grey level = input spikes", fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=8, length=2, color=INK, labelcolor=INK)
    bar.outline.set_linewidth(0.6)
    bar.outline.set_edgecolor(FAINT)


def _draw_raster(ax: Axes, result: Recording, trial: int) -> None:
    dress(ax)
    top, gap = 0.0, 0.14
    for name, title, color, height in _BANDS:
        record = result.spikes[name]
        mine = record.trials == trial
        heights = top + (record.ids[mine] + 0.5) / record.size * height
        few = record.size <= 100
        size = 2.2 if few else 1.5
        ax.plot(record.times[mine], heights, "|" if few else ".", color=color, markersize=size,
                markeredgewidth=0.8 if few else 0.0)  # fmt: skip
        across = ax.get_yaxis_transform()
        ax.text(-0.015, top + height / 2, title, transform=across, ha="right", va="bottom",
                size=9, weight="bold", color=color)  # fmt: skip
        ax.text(-0.015, top + height / 2, f"{record.size} neurons", transform=across, ha="right",
                va="top", size=7, color=FAINT)  # fmt: skip
        top += height + gap
    ax.set_ylim(top - gap, 0.0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.axvline(SHOWN, color=FAINT, linewidth=0.7, linestyle=(0, (4, 3)))
    ax.text(SHOWN, 1.0, "image off", transform=ax.get_xaxis_transform(), ha="center", va="bottom",
            size=7, color=FAINT)  # fmt: skip


def _draw_rates(ax: Axes, result: Recording, trial: int) -> None:
    dress(ax)
    edges = np.arange(0.0, DURATION + _BIN / 2, _BIN)
    for name, _, color, _ in _BANDS:
        record = result.spikes[name]
        # A spike's time is the end of its step: bins are closed on the right.
        times = record.times[record.trials == trial] - record.dt / 2
        rates = np.histogram(times, edges)[0] / (record.size * _BIN * 1e-3)
        ax.stairs(rates, edges, color=color, linewidth=1.0)
    ax.axvline(SHOWN, color=FAINT, linewidth=0.7, linestyle=(0, (4, 3)))
    ax.set_ylim(bottom=0)
    ax.set_ylabel("rate (Hz)")
