"""Pictures of how pulses change conductance: curves of many cells, and statistics of switching."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...devices.base import Device
from ...errors import ValidationError, shorten
from ...recording.plot_style import COLORS, INK, checked_width, dress, new_figure
from ..cells import Cells, cells_of
from .hysteresis import scaled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_switching", "draw_updates"]

_SINGLE = 8


def draw_updates(
    device: Device,
    pulses: int = 100,
    repeats: int = 2,
    cells: int = 400,
    *,
    spread: Mapping[str, float] | None = None,
    seed: int = 0,
    width: float = 5.0,
) -> Figure:
    """Conductance under alternating trains of pulses: single cells, their mean, and nine in ten.

    Parameters
    ----------
    device
        A pulsed or dynamic device, whose own voltages and width the pulses have.
    pulses, repeats
        Pulses of a train, and pairs of trains, one up and one down.
    cells
        How many cells are followed.
    spread, seed
        See `cells_of`.
    width
        Of the figure, in inches.

    Raises
    ------
    ValidationError
        If the device takes no pulses, or a number is not whole and positive.
    """
    _check(pulses=pulses, repeats=repeats, cells=cells)
    array = cells_of(device, (1, cells), spread=spread, seed=seed)
    array.set(device.g_min)
    course = [array.conductance().ravel()]
    for train in range(2 * repeats):
        volts = device.reset_voltage if train % 2 else device.set_voltage
        for _ in range(pulses):
            array.pulse(volts)
            course.append(array.conductance().ravel())
    values, unit = scaled(np.stack(course), "S")
    figure = new_figure(checked_width(width), 0.6 * width)
    ax = figure.subplots()
    number = np.arange(len(values))
    for k in range(min(_SINGLE, cells)):
        ax.plot(number, values[:, k], color=COLORS[0], alpha=0.3, linewidth=0.5)
    low, high = np.quantile(values, [0.05, 0.95], axis=1)
    ax.fill_between(number, low, high, color=COLORS[0], alpha=0.15, linewidth=0)
    ax.plot(number, values.mean(axis=1), color=COLORS[1], linewidth=1.4)
    ax.set_xlabel("pulses")
    ax.set_ylabel(f"conductance ({unit})")
    ax.set_title(f"{device.label}: {pulses} pulses up, {pulses} down", fontsize=9, color=INK)
    ax.set_xlim(0, number[-1])
    ax.set_ylim(bottom=0)
    dress(ax)
    return figure


def draw_switching(
    device: Device,
    pulses: int = 200,
    cells: int = 2000,
    *,
    spread: Mapping[str, float] | None = None,
    seed: int = 0,
    width: float = 7.0,
) -> Figure:
    """Statistics of switching: pulses to the middle of the window, and where cells end.

    On the left, the share of cells that have crossed the middle of the nominal window after so many
    pulses from its ends; on the right, the share of cells below a conductance after all pulses.

    Raises
    ------
    ValidationError
        See `draw_updates`, whose parameters these are.
    """
    _check(pulses=pulses, cells=cells)
    figure = new_figure(checked_width(width), 0.42 * width)
    left, right = figure.subplots(1, 2)
    middle = 0.5 * (device.g_min + device.g_max)
    for color, begin, volts, name in (
        (COLORS[1], device.g_min, device.set_voltage, "set"),
        (COLORS[0], device.g_max, device.reset_voltage, "reset"),
    ):
        array = cells_of(device, (1, cells), spread=spread, seed=seed)
        array.set(begin)
        crossed = _pulses_to(array, middle, volts, pulses)
        share = np.mean(crossed[:, None] <= np.arange(pulses + 1), axis=0)
        left.step(np.arange(pulses + 1), share, where="post", color=color, linewidth=1.4)
        left.text(
            0.97, 0.1 if name == "set" else 0.2, name, color=color, fontsize=9, ha="right",
            transform=left.transAxes,
        )  # fmt: skip
        ends, unit = scaled(np.append(array.conductance().ravel(), device.g_max), "S")
        right.step(
            np.sort(ends[:-1]), np.arange(1, cells + 1) / cells, where="post", color=color,
            linewidth=1.4,
        )  # fmt: skip
        right.set_xlabel(f"conductance after {pulses} pulses ({unit})")
    left.set_xlabel("pulses")
    left.set_ylabel("share across the middle of the window")
    right.set_ylabel("share of cells below")
    for ax in (left, right):
        ax.set_ylim(0, 1.02)
        ax.set_xlim(left=0)
        dress(ax)
    figure.suptitle(f"{device.label}: {cells:,} cells", fontsize=9, color=INK)
    return figure


def _pulses_to(array: Cells, middle: float, volts: float, pulses: int) -> np.ndarray:
    """After how many pulses each cell is first across; more than `pulses` where never."""
    above = array.conductance().ravel() > middle
    first = np.full(above.shape, pulses + 1)
    for k in range(1, pulses + 1):
        array.pulse(volts)
        now = (array.conductance().ravel() > middle) != above
        first[now & (first > pulses)] = k
    return first


def _check(**given: Any) -> None:
    for name, value in given.items():
        if not (isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1_000_000):
            raise ValidationError(
                f"drawing, {name}", f"got {shorten(value)}", "a whole number from 1 to a million"
            )
