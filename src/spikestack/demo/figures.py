"""The figures of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..recording import Recording
from ..recording.plot_style import COLORS, FAINT, INK, dress, new_figure, time_axis
from .camera import SIDE, STEPS
from .learning import Learned
from .network import LAYERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion_figure", "curves_figure", "seen_figure"]

_ON, _OFF = COLORS[0], COLORS[1]
_STEP_MS = 300.0 / STEPS


def seen_figure(
    image: np.ndarray, label: int, events: np.ndarray, run: Recording, trial: int
) -> Figure:
    """A digit, its events in three glances, the spikes they evoke, and what is said meanwhile.

    Parameters
    ----------
    image, label
        The scanned digit.
    events : (k, 4)
        See `Seen`.
    run, trial
        The trained network on the simulation engine, and which trial.
    """
    figure = new_figure(7.6, 6.4)
    grid = figure.add_gridspec(3, 4, height_ratios=[1.5, 2.4, 1.0])
    shown = figure.add_subplot(grid[0, 0])
    shown.imshow(image, cmap="gray_r", vmin=0, vmax=16)
    _frame(shown, f"a scanned {label}")
    for glance in range(3):
        ax = figure.add_subplot(grid[0, 1 + glance])
        _draw_events(ax, events, 100.0 * glance, 100.0 * (glance + 1))
        _frame(ax, f"{100 * glance} to {100 * (glance + 1)} ms")
    raster, said = figure.add_subplot(grid[1, :]), figure.add_subplot(grid[2, :])
    _draw_raster(raster, run, trial)
    _draw_potentials(said, run, trial, label)
    for ax in (raster, said):
        time_axis(ax, 0.0, 300.0, label=ax is said)
    raster.tick_params(labelbottom=False)
    return figure


def curves_figure(learned: Learned) -> Figure:
    """Loss and validation accuracy by epoch."""
    figure = new_figure(7.2, 2.3)
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(learned.epochs) + 1)
    for ax, values, name in (
        (left, [e.loss for e in learned.epochs], "training loss"),
        (right, [100 * e.validation for e in learned.epochs], "validation (%)"),
    ):
        dress(ax)
        ax.plot(epochs, values, "o-", color=COLORS[0], markersize=3.5, linewidth=1.2)
        ax.set_xlabel("epoch")
        ax.set_ylabel(name)
    right.axvline(learned.best + 1, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    right.text(learned.best + 1, 1.0, "kept", transform=right.get_xaxis_transform(), size=7,
               ha="center", va="bottom", color=FAINT)  # fmt: skip
    return figure


def confusion_figure(labels: np.ndarray, said: np.ndarray) -> Figure:
    """How often each digit was taken for which."""
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (labels, said), 1)
    figure = new_figure(4.2, 4.0)
    ax = figure.subplots()
    ax.imshow(np.sqrt(counts), cmap="Blues", vmin=0)
    for row, column in np.argwhere(counts > 0):
        light = counts[row, column] > counts.max() / 3
        ax.text(column, row, counts[row, column], ha="center", va="center", size=8,
                color="white" if light else INK)  # fmt: skip
    ax.set_xticks(range(10))
    ax.set_yticks(range(10))
    ax.set_xlabel("named")
    ax.set_ylabel("shown")
    ax.tick_params(length=0, labelsize=8)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return figure


def _frame(ax: Axes, title: str) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, fontsize=9, color=INK)
    for spine in ax.spines.values():
        spine.set_color(FAINT)
        spine.set_linewidth(0.6)


def _draw_events(ax: Axes, events: np.ndarray, start: float, stop: float) -> None:
    _, x, y, p = events[(events[:, 0] >= start * 1e3) & (events[:, 0] < stop * 1e3)].T
    net = np.zeros((SIDE, SIDE))
    np.add.at(net, (y, x), 2.0 * p - 1.0)
    most = max(1.0, np.abs(net).max())
    ax.imshow(net, cmap=_two_colours(), vmin=-most, vmax=most)


def _two_colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("polarity", [_OFF, "white", _ON])


def _one_colour(color: str) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("fired", ["white", color])


def _draw_raster(ax: Axes, run: Recording, trial: int) -> None:
    dress(ax)
    top = 0.0
    for name, color, height in zip(LAYERS, (INK, COLORS[0], COLORS[2]), (1.0, 1.0, 1.0)):
        record = run.spikes[name]
        mine = record.trials == trial
        fired = np.zeros((record.size, STEPS))
        fired[record.ids[mine], np.rint(record.times[mine]).astype(int) - 1] = 1.0
        ax.imshow(fired, cmap=_one_colour(color), vmin=0, vmax=1, aspect="auto",
                  interpolation="nearest", extent=(0.0, 300.0, top + height, top))  # fmt: skip
        across = ax.get_yaxis_transform()
        ax.text(-0.015, top + height / 2, name, transform=across, ha="right", va="bottom", size=9,
                weight="bold", color=color)  # fmt: skip
        ax.text(-0.015, top + height / 2, f"{record.size}", transform=across, ha="right", va="top",
                size=7, color=FAINT)  # fmt: skip
        top += height + 0.12
    ax.set_ylim(top - 0.12, 0.0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)


def _draw_potentials(ax: Axes, run: Recording, trial: int, label: int) -> None:
    dress(ax)
    trace = run["digits", "v"]
    values = np.asarray(trace.values)[trial]
    times = np.asarray(trace.times) * _STEP_MS
    for digit in range(10):
        mine = digit == label
        ax.plot(times, values[:, digit], color=COLORS[0] if mine else "#BBBBBB",
                linewidth=1.8 if mine else 0.8, zorder=3 if mine else 2)  # fmt: skip
    ax.text(times[-1] + 3, values[-1, label], str(label), size=9, va="center", weight="bold",
            color=COLORS[0])  # fmt: skip
    ax.set_ylabel("integrators")
