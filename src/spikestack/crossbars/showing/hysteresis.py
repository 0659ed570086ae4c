"""The pinched loop of a device, and what it did over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...recording.plot_style import COLORS, FAINT, INK, checked_width, dress, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..dynamics.trace import DriveTrace

__all__ = ["draw_loop", "draw_trace", "scaled"]

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"),
             (1e-12, "p"), (1e-15, "f"))  # fmt: skip
#: Devices drawn at most; more would hide each other.
_MOST_LINES = 24


def scaled(values: Any, unit: str) -> tuple[np.ndarray, str]:
    """Values in the unit's multiple that suits the largest of them, and its name."""
    array = np.asarray(values, dtype=np.float64)
    largest = float(np.nanmax(np.abs(array), initial=0.0))
    if unit in ("", "1") or largest == 0.0:
        return array, unit if unit != "1" else ""
    for size, prefix in _PREFIXES:
        if largest >= size:
            return array / size, f"{prefix}{unit}".replace("u", "\u00b5", prefix == "u")
    return array / 1e-15, f"f{unit}"


def draw_loop(ax: Any, trace: DriveTrace, lines: int = _MOST_LINES) -> None:
    """Current over voltage on axes, from pale to full colour over time."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    volts = np.broadcast_to(trace.volts, trace.currents.shape)
    amperes, unit = scaled(trace.currents, "A")
    ramp = LinearSegmentedColormap.from_list("time", ["#9DC6E0", COLORS[0], "#00304D"])
    for k in range(min(lines, volts.shape[1])):
        points = np.stack([volts[:, k], amperes[:, k]], axis=1)
        made = LineCollection(
            list(np.stack([points[:-1], points[1:]], axis=1)), cmap=ramp, linewidths=0.9,
            capstyle="round",
        )  # fmt: skip
        made.set_array(np.linspace(0.0, 1.0, len(points) - 1))
        ax.add_collection(made)
    ax.autoscale_view()
    for line in (ax.axhline, ax.axvline):
        line(0.0, color=FAINT, linewidth=0.5, zorder=0)
    ax.set_xlabel("voltage (V)")
    ax.set_ylabel(f"current ({unit})")
    dress(ax)


def draw_trace(trace: DriveTrace, width: float = 7.0) -> Figure:
    """See `DriveTrace.plot`."""
    names = list(trace.states)
    n_rows = 2 + len(names)
    figure = new_figure(checked_width(width), max(0.43 * width, 1.0 * n_rows + 0.3))
    grid = figure.add_gridspec(n_rows, 2, width_ratios=(1.0, 1.25))
    loop = figure.add_subplot(grid[:, 0])
    draw_loop(loop, trace)
    loop.set_title(trace.device.label, fontsize=9, loc="left", color=INK)
    time, unit = scaled(trace.time, "s")
    units = trace.device.state_units
    rows = [("voltage", trace.volts, "V"), ("current", trace.currents, "A")]
    rows += [(name, trace.states[name], units.get(name, "1")) for name in names]
    for place, (name, values, base) in enumerate(rows):
        ax = figure.add_subplot(grid[place, 1])
        shown, multiple = scaled(values, base)
        for k in range(min(_MOST_LINES, shown.shape[1])):
            ax.plot(time, shown[:, k], color=COLORS[place % len(COLORS)], linewidth=0.9)
        ax.set_ylabel(f"{name}\n({multiple})" if multiple else name)
        dress(ax)
        if place < len(rows) - 1:
            ax.set_xticklabels([])
    ax.set_xlabel(f"time ({unit})")
    figure.align_ylabels()
    return figure
