"""A map of what wires leave of the voltage at each cell, and of the current that they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ValidationError
from ...recording.plot_style import COLORS, INK, checked_width, dress, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..circuit.solution import Solution

__all__ = ["draw_ir_drop"]


def draw_ir_drop(solution: Solution, width: float = 5.0) -> Figure:
    """See `spikestack.crossbars.Solution.plot`."""
    volts = solution.cell_voltages
    if volts.ndim != 2:
        raise ValidationError("plot", "several inputs", "the solution of one input")
    rows, columns = volts.shape
    given = solution.voltages[:, None] - solution.bit_voltages[None]
    unknown = solution.floating_words[:, None] | solution.floating_bits[None] | (given == 0.0)
    share = np.where(unknown, np.nan, 100.0 * volts / np.where(unknown, 1.0, given))
    width = checked_width(width)
    lossy = solution.ideal is not None
    figure = new_figure(width, width * min(max(rows / columns, 0.3), 1.5) * 0.8 + lossy * 1.0)
    axes = (
        figure.subplots(2, 1, squeeze=False, sharex=True, height_ratios=[4, 1])
        if lossy
        else (figure.subplots(1, 1, squeeze=False))
    )
    ax = axes[0, 0]
    image = ax.imshow(
        share, cmap="viridis", aspect="auto", interpolation="nearest", origin="upper",
        vmin=min(0.0, float(np.nanmin(share, initial=0.0))),
        vmax=max(100.0, float(np.nanmax(share, initial=100.0))),
    )  # fmt: skip
    ax.set_facecolor("#f1f1f1")
    ax.set_ylabel("word line (source at the left)", fontsize=8, color=INK)
    bar = figure.colorbar(image, ax=ax, pad=0.02)
    bar.set_label("voltage at the cell (% of applied)", fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=7, color=INK, labelcolor=INK)
    bar.outline.set_linewidth(0.5)
    if lossy:
        _losses(axes[1, 0], solution)
    axes[-1, 0].set_xlabel("bit line (read at the bottom)", fontsize=8, color=INK)
    for one in axes[:, 0]:
        dress(one)
        one.tick_params(labelsize=7)
    figure.suptitle(
        f"{rows} x {columns} cells, {solution.r_word:g} Ω and {solution.r_bit:g} Ω a segment",
        fontsize=9, color=INK,
    )  # fmt: skip
    return figure


def _losses(ax: Any, solution: Solution) -> None:
    ax.plot(100.0 * solution.loss, color=COLORS[1], linewidth=0.8)
    ax.set_ylabel("current\nlost (%)", fontsize=8, color=INK)
    ax.set_ylim(bottom=min(0.0, float(100.0 * solution.loss.min())))
