"""How figures look: colours, fonts and axes, set on each figure and never globally."""

from __future__ import annotations

import math
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError, ValidationError, shorten
from .tables import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLORS",
    "FAINT",
    "INK",
    "LITERAL",
    "checked_width",
    "color_of",
    "dress",
    "new_figure",
    "nice_number",
    "short_name",
    "time_axis",
]

COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#5B5B5B",
    "#882255",
)
"""Okabe and Ito's palette for all kinds of colour vision; for its black and yellow, too heavy and
too faint on white, stand a grey and the wine red of Paul Tol's muted palette."""

INK = "#262626"
FAINT = "#7A7A7A"
LITERAL: dict[str, Any] = {"parse_math": False, "usetex": False}
"""Text properties that show a user's ``$`` and ``_`` as they are."""

LONGEST_NAME = 24
SECONDS_FROM = 10_000.0


def color_of(index: int) -> str:
    """The colour of the population at `index`; they repeat after eight."""
    return COLORS[index % len(COLORS)]


def short_name(name: str) -> str:
    """A name for a label: printable, and cut to 24 characters."""
    name = printable(name)
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own, in inches, that no pyplot state knows and that notebooks show.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    return _figure_class()(
        figsize=(width, height), dpi=300, facecolor="white", layout="constrained"
    )


@cache
def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("drawing", "plots") from error

    class NotebookFigure(Figure):
        """A Figure that a notebook shows without pyplot."""

        def _repr_png_(self) -> bytes:
            buffer = BytesIO()
            self.savefig(buffer, format="png", bbox_inches="tight", dpi=144)
            return buffer.getvalue()

    return NotebookFigure


def checked_width(width: float) -> float:
    """`width` in inches; ValidationError unless a label and a plot fit in it."""
    if not (isinstance(width, int | float) and 2.5 <= width <= 40):
        raise ValidationError(
            "figure width",
            f"got {shorten(width)}",
            "2.5 to 40 inches: 3.5 for one column, 7 for two",
        )
    return float(width)


def dress(ax: Axes) -> None:
    """Give axes the house look: two thin spines, small labels, no grid, white ground."""
    ax.set_facecolor("white")
    ax.grid(False)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_linewidth(0.8)
        spine.set_color(INK)
    ax.tick_params(
        labelsize=8, length=3, width=0.8, color=INK, labelcolor=INK, direction="out", pad=3
    )
    for text in (ax.xaxis.label, ax.yaxis.label):
        text.set_fontsize(9)
        text.set_color(INK)


def time_axis(ax: Axes, t_start: float, t_stop: float, label: bool = True) -> None:
    """Fit the x axis to the window, in ms, labelled in s when it is 10 s or longer."""
    span = t_stop - t_start
    ax.set_xlim(t_start, t_stop if span > 0 else t_start + 1.0)
    ax.margins(x=0)
    seconds = span >= SECONDS_FROM
    if seconds:
        ax.xaxis.set_major_locator(_second_locator())
        ax.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g}")
    if label:
        ax.set_xlabel("time (s)" if seconds else "time (ms)")


def _second_locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=9, steps=[1, 2, 2.5, 5, 10])


def nice_number(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above a positive `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(step for step in (1.0, 2.0, 5.0) if step * power <= value * (1 + 1e-9)) * power
