"""A picture of programming with verification: pulses that cells took, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...recording.plot_style import COLORS, checked_width, dress, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..programming.verifying import Programmed

__all__ = ["draw_programmed"]


def draw_programmed(found: Programmed, width: float = 7.0) -> Figure:
    """Pulses by cell on the left, residuals in tolerances on the right."""
    figure = new_figure(checked_width(width), 0.4 * width)
    left, right = figure.subplots(1, 2)
    pulses = found.pulses[~found.stuck]
    top = max(1, int(pulses.max(initial=1)))
    left.hist(pulses, np.arange(0, top + 2, max(1, top // 40)), color=COLORS[0])
    left.set_xlabel("pulses of a cell")
    left.set_ylabel("cells")
    share = found.residual[~found.stuck] / found.tolerance
    reach = max(1.5, float(np.percentile(np.abs(share), 99.5)))
    right.hist(np.clip(share, -reach, reach), 60, color=COLORS[0])
    for edge in (-1, 1):
        right.axvline(edge, color=COLORS[1], linewidth=1)
    right.set_xlabel("residual (tolerances)")
    for ax in (left, right):
        dress(ax)
    return figure
