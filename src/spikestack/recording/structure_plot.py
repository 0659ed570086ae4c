"""The figure of a structural record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .plot_style import (
    INK,
    LITERAL,
    checked_width,
    color_of,
    dress,
    new_figure,
    short_name,
    time_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .structure import StructureRecord

__all__ = ["draw_changes", "draw_count", "structure_figure"]

#: Bars of changes over the window.
_BINS = 60


def structure_figure(record: StructureRecord, width: float) -> Figure:
    """See `StructureRecord.plot`."""
    figure = new_figure(checked_width(width), 2.8)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    draw_count(above, record)
    draw_changes(below, record)
    above.set_title(short_name(record.projection), size=9, loc="left", color=INK, **LITERAL)
    above.tick_params(labelbottom=False)
    time_axis(below, record.t_start, record.t_stop)
    return figure


def draw_count(ax: Axes, record: StructureRecord) -> None:
    """The number of synapses over time."""
    dress(ax)
    times, counts = record.counts()
    ax.step([*times, record.t_stop], [*counts, counts[-1]], where="post", color=INK, linewidth=1.1)
    ax.set_ylabel("synapses")
    spread = max(int(counts.max() - counts.min()), 1)
    ax.set_ylim(max(0, counts.min() - 0.1 * spread), counts.max() + 0.1 * spread)


def draw_changes(ax: Axes, record: StructureRecord) -> None:
    """How many came, upwards, and went, downwards, in equal spans of time."""
    dress(ax)
    edges = np.linspace(record.t_start, max(record.t_stop, record.t_start + record.dt), _BINS + 1)
    # A change at the end of a span belongs to it.
    times = record.times - record.dt / 2
    came = np.histogram(times[record.created], edges)[0]
    went = np.histogram(times[~record.created], edges)[0]
    ax.stairs(came, edges, fill=True, color=color_of(2), linewidth=0, label="formed")
    ax.stairs(-went, edges, fill=True, color=color_of(1), linewidth=0, label="removed")
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    ax.set_ylabel("changes")
    ax.legend(fontsize=7, frameon=False, ncols=2, loc="upper right", labelcolor="linecolor")
