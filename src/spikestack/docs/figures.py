"""A figure for each page: what the model does with a typical input.

Everything is computed by the reference engine when the site is built. A figure is kept under a hash
of the files that shape it, so that it is drawn again only when one of them has changed.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __file__ as package_file
from ..recording.plot_style import FAINT, INK, LITERAL, color_of, dress, new_figure, time_axis
from . import scenes
from .entries import Entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .scenes import Scene

__all__ = ["figure_of"]

_WIDTH, _PANEL, _MOST_PANELS = 7.0, 1.25, 4
_ROOT = Path(package_file).parent
_SHAPED_BY = ("numerics", "program", "network", "recording/plot_style.py", "engines/reference.py")


@dataclass
class _Panel:
    """Axes that share a unit and a range of values: lines by name."""

    unit: str
    low: float
    high: float
    lines: dict[str, Any] = field(default_factory=dict)


def figure_of(entry: Entry, cache_folder: Path) -> tuple[str, str]:
    """The figure of one page, drawn or found.

    Parameters
    ----------
    entry
        What the page is about.
    cache_folder
        Where figures are kept between builds.

    Returns
    -------
    tuple of str
        SVG, and a caption; both empty where there is nothing to show.
    """
    own = [*entry.sources, Path(__file__), Path(scenes.__file__)]
    key = hashlib.sha256((_stamp() + _digest(own)).encode()).hexdigest()[:24]
    kept = cache_folder / f"{entry.name}-{key}.svg"
    if not kept.exists():
        scene = scenes.scene_of(entry)
        cache_folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(f"{scene.caption}\n{_draw(scene)}" if scene else "\n")
    caption, _, svg = kept.read_text().partition("\n")
    return svg, caption


@cache
def _stamp() -> str:
    files = [f for part in _SHAPED_BY for f in sorted((_ROOT / part).rglob("*.py"))]
    files += [_ROOT / part for part in _SHAPED_BY if part.endswith(".py")]
    return _digest(files)


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _draw(scene: Scene) -> str:
    import matplotlib

    result = scene.run()
    panels = _panels(scene, result)
    spikes = result.spikes.get(scene.shown)
    valued = spikes is not None and spikes.values is not None
    raster = spikes is not None and not panels and not valued
    heights = [0.7] * bool(scene.input) + [_PANEL] * (len(panels) + valued) + [1.6] * raster
    figure = new_figure(_WIDTH, sum(heights) + 0.45)
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for ax in axes:
        dress(ax)
    if scene.input:
        _draw_input(axes[0], scene)
    rest = axes[bool(scene.input) :]
    for place, (ax, panel) in enumerate(zip(rest, panels)):
        _draw_panel(ax, panel, place)
    if spikes is not None and panels:
        _draw_spikes(rest[0], spikes)
    if valued:
        _draw_values(axes[-1], spikes)
    elif raster:
        _draw_raster(axes[-1], spikes)
    for ax in axes:
        time_axis(ax, 0.0, scene.duration, label=ax is axes[-1])
    figure.align_ylabels()
    written = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "spikestack"}):
        figure.savefig(written, format="svg", metadata={"Date": None}, transparent=True)
    text = written.getvalue()
    return text[text.index("<svg") :]


def _panels(scene: Scene, result: Any) -> list[_Panel]:
    """The recorded variables: those of one unit together where they take similar values."""
    found: list[_Panel] = []
    for variable, trace in result.traces.get(scene.shown, {}).items():
        title = scene.titles.get(variable, variable.rpartition(".")[2])
        unit = trace.unit if trace.unit != "1" else ""
        low, high = float(trace.values.min()), float(trace.values.max())
        fitting = (p for p in found if p.unit == unit and low <= p.high and p.low <= high)
        panel = next(fitting, None)
        if panel is None:
            if len(found) == _MOST_PANELS:
                continue
            panel = _Panel(unit, low, high)
            found.append(panel)
        for column, neuron in enumerate(trace.ids):
            name = title if len(trace.ids) == 1 else f"{title} of {neuron}"
            panel.lines[name] = (trace.times, trace.values[0, :, column])
    return found


def _draw_panel(ax: Axes, panel: _Panel, start: int) -> None:
    for place, (title, (times, values)) in enumerate(panel.lines.items()):
        ax.plot(times, values, color=color_of(start + place), linewidth=1.0, label=title)
    names = list(panel.lines)
    unit = f" ({panel.unit})" if panel.unit else ""
    if len(names) == 1:
        ax.set_ylabel(names[0] + unit, **LITERAL)
        return
    ax.set_ylabel(panel.unit, **LITERAL)
    ax.legend(
        frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.0
    )


def _draw_input(ax: Axes, scene: Scene) -> None:
    label, times, values = scene.input
    ax.plot(times, values, color=INK, linewidth=1.0, drawstyle="steps-post")
    ax.set_ylabel(label, **LITERAL)
    low, high = min(values), max(values)
    ax.set_yticks(sorted({low, high}))
    ax.margins(y=0.15)
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="x", length=0)


def _draw_spikes(ax: Axes, record: Any) -> None:
    """Ticks above a panel."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.16 * (high - low))
    marks = ax.get_xaxis_transform()
    ax.vlines(record.times, 0.92, 1.0, transform=marks, color=INK, linewidth=1.0, clip_on=False)


def _draw_raster(ax: Axes, record: Any) -> None:
    """One row for each neuron, those without a spike too."""
    from matplotlib.ticker import MaxNLocator

    ids = record.ids
    ax.vlines(record.times, ids - 0.4, ids + 0.4, color=color_of(0), linewidth=1.0)
    ax.set_ylim(int(record.neurons[0]) - 0.6, int(record.neurons[-1]) + 0.6)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    ax.set_ylabel("neuron")


def _draw_values(ax: Axes, record: Any) -> None:
    """A stem for each spike, as high as the value that it carries; a colour for each neuron."""
    for place, neuron in enumerate(record.neurons):
        own = record.ids == neuron
        times, values, color = record.times[own], record.values[own], color_of(place)
        ax.vlines(times, 0.0, values, color=color, linewidth=1.0)
        ax.plot(times, values, "o", color=color, markersize=4)
    ax.axhline(0.0, color=FAINT, linewidth=0.6)
    ax.margins(y=0.15)
    ax.set_ylabel("value sent")
