"""A matrix on crossbars: error of its weights, outputs against exact ones, errors, energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...recording.plot_style import COLORS, INK, checked_width, dress, new_figure
from ..tiles.errors import probes_of
from ..tiles.reporting import prefixed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..tiles.array import CrossbarArray

__all__ = ["draw_array"]

#: Outputs that are drawn as points.
_POINTS = 4000


def draw_array(array: CrossbarArray, inputs: Any = None, width: float = 7.0) -> Figure:
    """See `CrossbarArray.plot`."""
    width = checked_width(width)
    figure = new_figure(width, 0.8 * width)
    axes = figure.subplots(2, 2)
    _weights(axes[0, 0], array, figure)
    _outputs(axes[0, 1], array, inputs)
    _stages(axes[1, 0], array, inputs)
    _energy(axes[1, 1], array, inputs)
    for ax in axes.ravel():
        dress(ax)
        ax.tick_params(labelsize=7)
        ax.title.set_fontsize(9)
        ax.title.set_color(INK)
        for label in (ax.xaxis.label, ax.yaxis.label):
            label.set_fontsize(8)
    return figure


def _weights(ax: Any, array: CrossbarArray, figure: Figure) -> None:
    scale = float(np.abs(array.target).max()) or 1.0
    away = 100.0 * (array.weights() - array.target) / scale
    most = float(np.quantile(np.abs(away), 0.995)) or 1.0
    image = ax.imshow(away, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto",
                      interpolation="nearest")  # fmt: skip
    bar = figure.colorbar(image, ax=ax, pad=0.02)
    bar.ax.tick_params(labelsize=7, color=INK, labelcolor=INK)
    bar.outline.set_linewidth(0.5)
    ax.set_title("error of weights (% of the greatest)")
    ax.set_xlabel("output")
    ax.set_ylabel("input")


def _outputs(ax: Any, array: CrossbarArray, inputs: Any) -> None:
    x = probes_of(array, 64) if inputs is None else np.asarray(inputs, np.float32)
    exact = (x @ array.target).ravel()
    found = array.product(x, first=0).ravel()
    step = max(1, len(exact) // _POINTS)
    ax.plot(exact[::step], found[::step], ".", color=COLORS[0], markersize=2, alpha=0.5,
            rasterized=True)  # fmt: skip
    ends = np.array([exact.min(), exact.max()])
    ax.plot(ends, ends, color=INK, linewidth=0.8)
    ax.set_title("outputs of one reading each")
    ax.set_xlabel("exact product")
    ax.set_ylabel("crossbar's product")


def _stages(ax: Any, array: CrossbarArray, inputs: Any) -> None:
    found = array.errors(inputs).stages()
    shown = 100.0 * np.array(list(found.values()))
    ax.bar(range(len(shown)), shown, color=COLORS[1], width=0.6)
    for k, value in enumerate(shown):
        ax.text(k, value, _label(value), ha="center", va="bottom", fontsize=7, color=INK)
    ax.set_xticks(range(len(shown)), [n if k == 0 else f"+ {n}" for k, n in enumerate(found)])
    ax.tick_params(axis="x", labelrotation=20)
    ax.set_title("error of the product (%)")


def _label(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-3 else "0"


def _energy(ax: Any, array: CrossbarArray, inputs: Any) -> None:
    costs = array.costs(inputs)
    parts = sorted(costs.parts, key=lambda part: part.energy)
    ax.barh(range(len(parts)), [part.energy * 1e12 for part in parts], color=COLORS[2], height=0.6)
    for k, part in enumerate(parts):
        share = f" {100 * part.energy / costs.energy:.0f} %"
        ax.text(part.energy * 1e12, k, share, va="center", fontsize=7, color=INK)
    ax.set_yticks(range(len(parts)), [part.name for part in parts])
    ax.margins(x=0.15)
    ax.set_xlabel("energy (pJ)")
    ax.set_title(f"a product takes {prefixed(costs.energy, 'J')}")
