"""Figures of a training report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..recording.plot_style import COLORS, FAINT, INK, LITERAL, color_of, dress, new_figure
from ..recording.plot_style import short_name as short
from .scoring import EarlyExit, Scores

__all__ = ["confusion_figure", "curves_figure", "raster_figure", "time_figure"]

#: Dots of a raster, above which neurons are left out.
_MOST_NEURONS = 200


def curves_figure(history: Sequence[dict[str, Any]], best: int, targets: Sequence[str]) -> Any:
    """Loss, accuracy, rates and spikes over epochs."""
    figure = new_figure(9.0, 5.2)
    axes = figure.subplots(2, 2)
    epochs = [row["epoch"] for row in history]
    for ax, name, label in ((axes[0, 0], "loss", "loss"), (axes[0, 1], "accuracy", "accuracy")):
        for key, color, what in ((name, COLORS[0], "training"),
                                 (f"validation_{name}", COLORS[1], "validation")):  # fmt: skip
            if key in history[0]:
                ax.plot(epochs, [row[key] for row in history], color=color, lw=1.3, label=what)
        ax.axvline(best, color=FAINT, lw=0.8, ls=":")
        ax.set_ylabel(label)
        ax.legend(fontsize=8, frameon=False)
    for ax, key, label in ((axes[1, 0], "rates", "rate (Hz)"),
                           (axes[1, 1], "spikes", "spikes per sample")):  # fmt: skip
        for k, name in enumerate(targets):
            ax.plot(epochs, [row[key][name] for row in history], color=color_of(k), lw=1.3,
                    label=short(name))  # fmt: skip
        ax.set_ylabel(label)
        ax.set_ylim(bottom=0)
        if targets:
            _legend(ax)
    for ax in axes.flat:
        ax.set_xlabel("epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        dress(ax)
    return figure


def _legend(ax: Any) -> None:
    for text in ax.legend(fontsize=8, frameon=False).get_texts():
        text.set(**LITERAL)


def confusion_figure(confusion: np.ndarray) -> Any:
    """Which class was taken for which: shares of each true class, counts written in."""
    classes = len(confusion)
    figure = new_figure(4.4, 4.0)
    ax = figure.subplots()
    totals = np.maximum(confusion.sum(1, keepdims=True), 1)
    ax.imshow(confusion / totals, cmap="Blues", vmin=0, vmax=1)
    dress(ax)
    ax.set(xlabel="class found", ylabel="true class")
    if classes <= 12:
        ax.set(xticks=range(classes), yticks=range(classes))
        for (i, j), count in np.ndenumerate(confusion):
            if count:
                dark = count / totals[i, 0] > 0.5
                ax.text(j, i, str(count), ha="center", va="center", fontsize=7,
                        color="white" if dark else INK)  # fmt: skip
    return figure


def time_figure(scores: Scores, rule: EarlyExit | None) -> Any:
    """Accuracy after each step; accuracy and spikes when answering early."""
    figure = new_figure(9.0, 2.9)
    left, middle, right = figure.subplots(1, 3)
    steps = np.arange(1, len(scores.accuracy_at) + 1)
    left.plot(steps, 100 * scores.accuracy_at, color=COLORS[0], lw=1.3)
    left.set(xlabel="step", ylabel="accuracy (%)", title="if all answer at this step")
    margins = np.array([0.02, 0.05, *np.arange(0.1, 1.0, 0.1), 0.95, 0.99, 0.999])
    found = [EarlyExit(float(m)).score(scores) for m in margins]
    accuracy = [100 * s.accuracy for s in found]
    times, sent = [s.steps for s in found], [s.spikes for s in found]
    for ax, values, label in ((middle, times, "mean steps to the answer"),
                              (right, sent, "mean spikes to the answer")):  # fmt: skip
        ax.plot(values, accuracy, ".-", color=COLORS[2], lw=1.0, ms=4)
        ax.set(xlabel=label, ylabel="accuracy (%)", title="if each answers when sure")
    if rule is not None:
        mine = rule.score(scores)
        for ax, value in ((middle, mine.steps), (right, mine.spikes)):
            ax.plot([value], [100 * mine.accuracy], "o", color=COLORS[1], ms=6)
    for ax in (left, middle, right):
        ax.set_ylim(top=min(ax.get_ylim()[1], 100.5))
        ax.title.set_fontsize(9)
        dress(ax)
    return figure


def raster_figure(spikes: dict[str, np.ndarray], traces: dict[str, np.ndarray], dt: float) -> Any:
    """One sample: spikes of each population (steps, neurons), then recorded outputs."""
    names = [*spikes, *traces]
    figure = new_figure(9.0, 0.6 + 1.5 * len(names))
    axes = np.atleast_1d(figure.subplots(len(names), 1, sharex=True))
    for k, (ax, name) in enumerate(zip(axes, names)):
        if name in spikes:
            shown = spikes[name][:, :: max(1, -(-spikes[name].shape[1] // _MOST_NEURONS))]
            when, who = np.nonzero(shown)
            size = np.clip(400 / max(shown.shape[1], 1), 1.0, 6.0)
            ax.scatter((when + 1) * dt, who, s=size, color=color_of(k), lw=0, rasterized=True)
            ax.set_ylim(-1, shown.shape[1])
        else:
            trace = traces[name]
            for n in range(trace.shape[1]):
                style = "-" if n < len(COLORS) else "--"
                ax.plot((np.arange(len(trace)) + 1) * dt, trace[:, n], color=color_of(n), lw=1.0,
                        ls=style, label=str(n))  # fmt: skip
            if trace.shape[1] <= 12:
                ax.legend(fontsize=6, frameon=False, ncols=2, loc="center left",
                          bbox_to_anchor=(1.0, 0.5))  # fmt: skip
        ax.set_ylabel(short(name), **LITERAL)
        dress(ax)
    axes[-1].set_xlabel("time (ms)")
    return figure
