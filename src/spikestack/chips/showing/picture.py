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

#: Of the side of a router's square; links fill what is between two of them.
_HALF = 0.37


def draw_chip(run: ChipRun, by: str = "load", width: float = 5.0) -> Figure:
    """See `ChipRun.draw`."""
    if by not in COLOURINGS:
        raise UnknownNameError("draw, by", by, COLOURINGS)
    facts, chip = core_facts(run), run.mapped.chip
    loads, image = link_loads(run), None
    # Chips that hold nothing may still pass packets on.
    chips = np.union1d(facts.chip, loads[:, 0])
    columns = min(len(chips), 4)
    rows = -(-len(chips) // columns)
    mesh = chip.mesh
    height = checked_width(width) * rows / columns * mesh.height / mesh.width + 0.9
    figure = new_figure(width, max(height, 3.2))
    axes = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    values = getattr(facts, by)
    top = float(np.nanmax(values, initial=0.0)) or 1.0
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
    cores = len(run.mapped.cores)
    figure.suptitle(
        f"{chip.name}: {cores:,} core{'s' * (cores != 1)} in use", fontsize=9, color=INK
    )
    return figure


def _one(
    ax: Any, run: ChipRun, facts: Any, which: int, values: np.ndarray, top: float, loads: np.ndarray
) -> Any:
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.patches import Rectangle

    mesh, tile = run.mapped.chip.mesh, run.mapped.chip.tile
    side = 2 * _HALF / int(np.ceil(np.sqrt(tile)))
    cells = [Rectangle((x - _HALF, y - _HALF), 2 * _HALF, 2 * _HALF)
             for y in range(mesh.height) for x in range(mesh.width)]  # fmt: skip
    ax.add_collection(PatchCollection(cells, facecolor="#f1f1f1", edgecolor="none"))
    mine = facts.chip == which
    corners = np.stack([facts.x[mine], facts.y[mine]], axis=1)
    corners = np.floor(corners) - _HALF + corners % 1 * 2 * _HALF
    used = [Rectangle((x, y), side, side) for x, y in corners]
    image = PatchCollection(used, cmap="YlOrRd", edgecolor=INK, linewidth=0.2)
    image.set_array(values[mine])
    image.set_clim(0.0, top)
    ax.add_collection(image)
    here = loads[loads[:, 0] == which]
    # A link round the torus would cross the picture.
    here = here[(abs(here[:, 1] - here[:, 3]) <= 1) & (abs(here[:, 2] - here[:, 4]) <= 1)]
    if len(here):
        begin, end = here[:, 1:3].astype(float), here[:, 3:5].astype(float)
        lines = np.stack([begin + _HALF * (end - begin), end - _HALF * (end - begin)], axis=1)
        wide = 0.4 + 5.0 * here[:, 5] / here[:, 5].max()
        ax.add_collection(LineCollection(list(lines), colors="#0072B2", linewidths=wide))
    ax.set_xlim(-0.6, mesh.width - 0.4)
    ax.set_ylim(mesh.height - 0.4, -0.6)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return image
