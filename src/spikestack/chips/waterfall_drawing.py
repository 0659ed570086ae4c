"""The figure of a waterfall: stages to the left, energy against density to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..recording.plot_style import FAINT, INK, checked_width, color_of, dress, new_figure
from .power.table import engineering

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .waterfall import Waterfall

__all__ = ["waterfall_figure"]


def waterfall_figure(found: Waterfall, width: float) -> Figure:
    """See `Waterfall.plot`."""
    figure = new_figure(checked_width(width), 0.42 * width)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _stages(left, found)
    _densities(right, found)
    return figure


def _stages(ax: Axes, found: Waterfall) -> None:
    dress(ax)
    names, values = list(found.stages), np.array(list(found.stages.values()))
    least = min(values.min() / 8, found.dense / 3000)
    for k, value in enumerate(values):
        whole = k in (0, len(values) - 1)
        before = value if whole else values[k - 1]
        low, high = (least, value) if whole else sorted((value, before))
        color = INK if k == 0 else color_of(2) if whole or value <= before else color_of(1)
        ax.bar(k, high - low, bottom=low, width=0.62, color=color_of(0) if whole else color,
               linewidth=0)  # fmt: skip
        if k and not whole:
            ax.plot([k - 1.31, k + 0.31], [before, before], color=FAINT, linewidth=0.6)
        factor = f"\n/ {found.dense / value:,.3g}" if k else ""
        ax.annotate(f"{engineering(value, 'J')}{factor}", (k, high), xytext=(0, 2),
                    textcoords="offset points", ha="center", va="bottom", fontsize=6.5,
                    color=INK)  # fmt: skip
    ax.plot([len(values) - 2.31, len(values) - 0.69], [values[-2]] * 2, color=FAINT, linewidth=0.6)
    alone = [(k, found.alone[name]) for k, name in enumerate(names) if name in found.alone]
    ax.plot(*zip(*alone, strict=True), "o", markersize=4, markerfacecolor="white", color=INK,
            label="switched alone")  # fmt: skip
    ax.legend(fontsize=7, frameon=False, loc="upper right")
    ax.axhline(found.dense / 1000, color=FAINT, linewidth=0.6, linestyle=(0, (4, 3)))
    ax.annotate("1,000 times less", (0.4, found.dense / 1000), xytext=(0, 2),
                textcoords="offset points", fontsize=6.5, color=FAINT)  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(least, values.max() * 12)
    labels = {"dense": "dense\nGPU", "chip": found.chip, "data movement": "data"}
    ax.set_xticks(range(len(names)), [labels.get(n, n) for n in names], fontsize=7)
    ax.yaxis.set_major_formatter(lambda value, _: engineering(value, "J"))
    ax.yaxis.set_minor_formatter(lambda *_: "")
    ax.set_ylabel("an inference")


def _densities(ax: Axes, found: Waterfall) -> None:
    dress(ax)
    lowest = min(1e-4, max(found.density, 1e-9) / 3)
    at = np.geomspace(lowest, 1.0, 200)
    ax.plot(at, [found.at(d) for d in at], color=color_of(0), linewidth=1.3, label=found.chip)
    ax.axhline(found.dense, color=INK, linewidth=1.0, label="dense GPU")
    if found.density > 0:
        ax.plot([found.density], [found.at(found.density)], "o", color=color_of(0), markersize=4)
        ax.annotate("this run", (found.density, found.at(found.density)), xytext=(0, 5),
                    textcoords="offset points", fontsize=6.5, ha="center", color=INK)  # fmt: skip
    if found.crossing:
        ax.axvline(found.crossing, color=FAINT, linewidth=0.6, linestyle=(0, (4, 3)))
        ax.annotate(f"{found.crossing:.2g}", (found.crossing, found.dense), xytext=(-3, 3),
                    textcoords="offset points", fontsize=6.5, ha="right", color=FAINT)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(lowest, 1.0)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.yaxis.set_major_formatter(lambda value, _: engineering(value, "J"))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter(lambda *_: "")
    ax.set_xlabel("density: events by synapse and step")
    ax.legend(fontsize=7, frameon=False, loc="best", labelcolor="linecolor")
