"""A picture of a chip: cores coloured by what they hold or do, links by their traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import UnknownNameError
from ...recording.plot_style import INK, checked_width, new_figure
from .facts import COLOURINGS, core_facts, link_loads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..running import ChipRun

__all__ = ["draw_chip"]


def draw_chip(run: ChipRun, by: str = "load", width: float = 5.0) -> Figure:
    """See `ChipRun.draw`."""
    if by not in COLOURINGS:
        raise UnknownNameError("draw, by", by, COLOURINGS)
    facts, chip = core_facts(run), run.mapped.chip
    chips = np.unique(facts.chip)
    columns = min(len(chips), 4)
    rows = -(-len(chips) // columns)
    mesh = chip.mesh
    height = checked_width(width) * rows / columns * mesh.height / mesh.width + 0.9
    figure = new_figure(width, max(height, 2.0))
    axes = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    values = getattr(facts, by)
    top = float(np.nanmax(values, initial=0.0)) or 1.0
    loads, image = link_loads(run), None
    for ax, which in zip(axes, chips, strict=False):
        image = _one(ax, run, facts, which, values, top, loads)
        if len(chips) > 1:
            ax.set_title(f"chip {which}", fontsize=8, color=INK)
    for ax in axes[len(chips) :]:
        ax.set_axis_off()
    if image is not None:
        bar = figure.colorbar(image, ax=list(axes), shrink=0.8, aspect=30, pad=0.02)
        bar.set_label(COLOURINGS[by], fontsize=8, color=INK)
        bar.ax.tick_params(labelsize=7, color=INK, labelcolor=INK)
        bar.outline.set_linewidth(0.5)
    figure.suptitle(f"{chip.name}: {len(run.mapped.cores):,} cores in use", fontsize=9, color=INK)
    return figure


def _one(
    ax: Any, run: ChipRun, facts: Any, which: int, values: np.ndarray, top: float, loads: np.ndarray
) -> Any:
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.patches import Rectangle

    mesh, tile = run.mapped.chip.mesh, run.mapped.chip.tile
    side = 0.86 / int(np.ceil(np.sqrt(tile)))
    cells = [Rectangle((x - 0.43, y - 0.43), 0.86, 0.86)
             for y in range(mesh.height) for x in range(mesh.width)]  # fmt: skip
    ax.add_collection(PatchCollection(cells, facecolor="#f1f1f1", edgecolor="none"))
    mine = facts.chip == which
    used = [
        Rectangle((x - 0.43 + 0.005, y - 0.43 + 0.005), side - 0.01, side - 0.01)
        for x, y in zip(facts.x[mine], facts.y[mine], strict=True)
    ]
    image = PatchCollection(used, cmap="YlOrRd", edgecolor=INK, linewidth=0.2)
    image.set_array(values[mine])
    image.set_clim(0.0, top)
    ax.add_collection(image)
    here = loads[loads[:, 0] == which]
    # A link round the torus would cross the picture.
    here = here[(abs(here[:, 1] - here[:, 3]) <= 1) & (abs(here[:, 2] - here[:, 4]) <= 1)]
    if len(here):
        lines = [((x0, y0), (x1, y1)) for _, x0, y0, x1, y1, _ in here.tolist()]
        wide = 0.3 + 2.7 * here[:, 5] / here[:, 5].max()
        ax.add_collection(LineCollection(lines, colors="#0072B2", linewidths=wide, alpha=0.7))
    ax.set_xlim(-0.6, mesh.width - 0.4)
    ax.set_ylim(mesh.height - 0.4, -0.6)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return image
