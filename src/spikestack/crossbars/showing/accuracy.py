"""A picture of accuracies: against the time since programming, or the share of faulty cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ValidationError, shorten
from ...recording.plot_style import COLORS, FAINT, INK, checked_width, dress, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_accuracy"]


def draw_accuracy(
    at: Sequence[float],
    found: Mapping[str, Any],
    *,
    against: str = "time",
    exact: float | None = None,
    width: float = 7.0,
) -> Figure:
    """Means over arrays as lines, from the worst to the best array as bands.

    Parameters
    ----------
    at
        Seconds since programming, drawn on a logarithmic axis on which 0 stands for 1 s, or shares
        of faulty cells.
    found
        Accuracies (0 to 1) by name, at most eight: float[arrays, places] each.
    against
        ``"time"`` or ``"faults"``.
    exact
        Accuracy without devices; a dashed line.
    width
        Of the figure, in inches.

    Raises
    ------
    ValidationError
        If numbers do not fit each other, or `against` is something else.
    """
    if against not in ("time", "faults"):
        rule = "'time' or 'faults'"
        raise ValidationError("draw_accuracy, against", f"got {shorten(against)}", rule)
    place = np.asarray(at, np.float64)
    if not 1 <= len(found) <= len(COLORS):
        rule = f"1 to {len(COLORS)} of them"
        raise ValidationError("draw_accuracy, found", f"got {len(found)} names", rule)
    figure = new_figure(checked_width(width), 0.5 * width)
    axes: Any = figure.subplots()
    place = np.maximum(place, 1.0) if against == "time" else 100 * place
    for k, (name, values) in enumerate(found.items()):
        share = np.asarray(values, np.float64)
        if share.ndim != 2 or share.shape[1:] != place.shape or not np.isfinite(share).all():
            got, rule = f"an array of shape {share.shape}", f"arrays x {len(place)} places"
            raise ValidationError(f"draw_accuracy, found[{name!r}]", got, rule)
        percent = 100 * share
        low, high = percent.min(axis=0), percent.max(axis=0)
        axes.fill_between(place, low, high, color=COLORS[k], alpha=0.13, linewidth=0)
        axes.plot(place, percent.mean(axis=0), "o-", markersize=3, color=COLORS[k], label=name)
    if exact is not None:
        axes.axhline(100 * exact, color=FAINT, linewidth=1, linestyle="--", label="exact products")
    if against == "time":
        axes.set_xscale("log")
        axes.set_xlabel("time since programming (s)")
    else:
        axes.set_xlabel("stuck cells (%)")
    axes.set_ylabel("accuracy (%)")
    axes.legend(frameon=False, fontsize=7, labelcolor=INK)
    dress(axes)
    return figure
