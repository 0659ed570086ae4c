"""A picture of programmed cells: how they are spread at once, and where time takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...devices.statistical import StatisticalDevice
from ...errors import ValidationError, shorten
from ...recording.plot_style import COLORS, INK, checked_width, dress, new_figure
from ..cells import cells_of
from .hysteresis import scaled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_drift"]

#: Seconds at the left end of the course, where nothing has happened yet.
_FIRST = 1.0


def draw_drift(
    device: StatisticalDevice,
    targets: Sequence[float] = (0.1, 0.3, 0.5, 0.75, 1.0),
    seconds: float = 86_400.0,
    cells: int = 4000,
    *,
    seed: int = 0,
    width: float = 7.0,
) -> Figure:
    """Distributions after programming and after a time; medians, and nine cells in ten, on the way.

    Parameters
    ----------
    device
        A statistical device.
    targets
        Shares of the window, at most eight.
    seconds
        How long cells are followed; more than 1.
    cells
        How many are programmed to each target.
    seed
        Of all that is drawn.
    width
        Of the figure, in inches.

    Raises
    ------
    ValidationError
        If the device is of another kind, or a number is out of its range.
    """
    _check(device, targets, seconds, cells)
    times = np.geomspace(_FIRST, seconds, 60)
    window = device.g_max - device.g_min
    array = cells_of(device, (len(targets), cells), seed=seed)
    array.program(np.repeat(device.g_min + window * np.asarray(targets)[:, None], cells, axis=1))
    course = [array.read()]
    for begin, end in zip((0.0, *times[:-1]), times):
        array.wait(float(end - begin))
        course.append(array.read())
    values, unit = scaled(np.stack(course), "S")
    figure = new_figure(checked_width(width), 0.42 * width)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.4))
    bins = np.linspace(0, values.max() * 1.02, 140)
    for k in range(len(targets)):
        for place, alpha in ((0, 0.35), (-1, 1.0)):
            count, _ = np.histogram(values[place, k], bins, density=True)
            left.stairs(count, bins, orientation="horizontal", color=COLORS[k], alpha=alpha)
        low, middle, high = np.quantile(values[1:, k], [0.05, 0.5, 0.95], axis=1)
        right.fill_between(times, low, high, color=COLORS[k], alpha=0.15, linewidth=0)
        right.plot(times, middle, color=COLORS[k], linewidth=1.4)
    left.set_ylabel(f"conductance ({unit})")
    left.set_xlabel("density of cells: pale at once, full later")
    left.set_xticks([])
    left.set_ylim(0, bins[-1])
    right.set_xscale("log")
    right.set_xlim(_FIRST, seconds)
    right.set_xlabel("time since programming (s)")
    for ax in (left, right):
        dress(ax)
    figure.suptitle(f"{device.label}: {cells:,} cells to each target", fontsize=9, color=INK)
    return figure


def _check(device: StatisticalDevice, targets: Sequence[float], seconds: float, cells: int) -> None:
    if not isinstance(device, StatisticalDevice):
        raise ValidationError("draw_drift, device", f"got {shorten(device)}", "such as PCM()")
    shares = np.asarray(targets, dtype=np.float64)
    fine = shares.ndim == 1 and 1 <= len(shares) <= len(COLORS)
    if not (fine and np.all((shares >= 0) & (shares <= 1))):
        rule = f"1 to {len(COLORS)} shares of the window"
        raise ValidationError("draw_drift, targets", f"got {shorten(targets)}", rule)
    if not (isinstance(seconds, int | float) and _FIRST < seconds < np.inf):
        raise ValidationError("draw_drift, seconds", f"got {shorten(seconds)}", "more than 1 s")
    if not (isinstance(cells, int) and not isinstance(cells, bool) and 2 <= cells <= 10**6):
        raise ValidationError("draw_drift, cells", f"got {shorten(cells)}", "2 to a million")
