"""A picture of what pairs of spikes do to a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...recording.plot_style import COLORS, FAINT, checked_width, dress, new_figure
from .hysteresis import scaled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..dynamics.overlap import OverlapWindow

__all__ = ["draw_window"]


def draw_window(found: OverlapWindow, width: float = 3.5) -> Figure:
    """Change of conductance by the delay from the source's spike to the target's."""
    figure = new_figure(checked_width(width), 0.7 * width)
    ax = figure.subplots()
    order = np.argsort(found.delays)
    seconds, unit = scaled(found.delays[order], "s")
    ax.axhline(0.0, color=FAINT, linewidth=0.8)
    ax.axvline(0.0, color=FAINT, linewidth=0.8)
    percent = 100 * found.change[order] / found.start
    ax.plot(seconds, percent, color=COLORS[0], marker=".", markersize=3, linewidth=1)
    ax.set_xlabel(f"target after source ({unit})")
    ax.set_ylabel("change of conductance (%)")
    dress(ax)
    return figure
