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

#: Of cells whose line has no source, or whose sources are at the same voltage.
_UNKNOWN = "#e4e4e4"


def draw_ir_drop(solution: Solution, width: float = 5.0) -> Figure:
    """See `spikestack.crossbars.Solution.plot`."""
    volts = solution.cell_voltages
    if volts.ndim != 2:
        raise ValidationError("plot", "several inputs", "the solution of one input")
    rows, columns = volts.shape
    width, lossy = checked_width(width), solution.ideal is not None
    height = 0.8 * width * min(max(rows / columns, 0.3), 1.5)
    figure = new_figure(width, height + lossy)
    parts = 2 if lossy else 1
    axes = figure.subplots(
        parts, 1, squeeze=False, sharex=True, height_ratios=[4, 1][:parts]
    )[:, 0]  # fmt: skip
    for ax in axes:
        dress(ax)
        ax.tick_params(labelsize=7)
    _shares(figure, axes[0], solution)
    if lossy:
        axes[1].plot(100.0 * solution.loss, color=COLORS[1], linewidth=0.8)
        axes[1].set_ylabel("current\nlost (%)", fontsize=8, color=INK)
        axes[1].set_ylim(bottom=min(0.0, float(100.0 * solution.loss.min())))
    axes[-1].set_xlabel("bit line (read at the bottom)", fontsize=8, color=INK)
    ohms = f"{solution.r_word:g} Ω"
    if solution.r_bit != solution.r_word:
        ohms += f" (word lines) and {solution.r_bit:g} Ω (bit lines)"
    figure.suptitle(f"{rows} x {columns} cells, {ohms} a segment", fontsize=9, color=INK)
    return figure


def _shares(figure: Figure, ax: Any, solution: Solution) -> None:
    """The map: voltage at each cell, in percent of what its two sources give."""
    given = solution.voltages[:, None] - solution.bit_voltages[None]
    unknown = solution.floating_words[:, None] | solution.floating_bits[None] | (given == 0.0)
    share = 100.0 * solution.cell_voltages / np.where(unknown, 1.0, given)
    share[unknown] = np.nan
    image = ax.imshow(share, cmap="viridis", aspect="auto", interpolation="nearest",
                      vmin=0.0, vmax=100.0)  # fmt: skip
    ax.set_facecolor(_UNKNOWN)
    ax.set_ylabel("word line (source at the left)", fontsize=8, color=INK)
    known = share[~unknown]
    below, above = (known < -1e-6).any(), (known > 100.0 + 1e-6).any()
    ends = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    bar = figure.colorbar(
        image, ax=ax, pad=0.02, extend=ends.get((bool(below), bool(above)), "both")
    )
    bar.set_label("voltage at the cell (% of applied)", fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=7, color=INK, labelcolor=INK)
    bar.outline.set_linewidth(0.5)
