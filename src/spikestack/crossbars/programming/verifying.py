"""Write and verify: read, pulse where it is not near enough, until it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ValidationError, shorten
from ...recording.report import Report, Section
from ..cells.base import Cells
from ..tiles.reporting import prefixed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Programmed", "write_verify"]

_F64 = NDArray[np.float64]
_BOOL = NDArray[np.bool_]
#: A pulse that moves a cell by less than this share of the window did not move it.
_MOVED = 1e-3


@dataclass(frozen=True)
class Programmed:
    """What programming with verification left.

    Attributes
    ----------
    target, found
        Conductances asked for, and those of the last reading; S, float64[rows, columns].
    tolerance
        How far a reading may be off, in S.
    pulses
        Sent to each cell, int64[rows, columns].
    converged, stuck
        Cells that were read near enough; cells that pulses of both signs did not move.
    relaxed
        Conductances after the time of relaxation, S; None without any.
    energy, seconds
        Of all pulses, in J; of pulses and readings, row by row as all cells of a row are written
        at once, in s.
    """

    target: _F64
    found: _F64
    tolerance: float
    pulses: NDArray[np.int64]
    converged: _BOOL
    stuck: _BOOL
    relaxed: _F64 | None
    energy: float
    seconds: float

    @property
    def residual(self) -> _F64:
        """What was read, or what relaxation left, less what was asked for; S."""
        return (self.found if self.relaxed is None else self.relaxed) - self.target

    @property
    def yield_of_healthy(self) -> float:
        """Share of the cells not stuck that were read near enough."""
        healthy = ~self.stuck
        return float(self.converged[healthy].mean()) if healthy.any() else 1.0

    def report(self) -> Report:
        """Pulses, residuals, failures, energy and time, as text or in a notebook."""
        share = np.abs(self.residual)[~self.stuck] / self.tolerance
        share = share if share.size else np.zeros(1)
        at = np.percentile(self.pulses, [50, 90, 99]).astype(int)
        facts = (
            ("converged", f"{self.yield_of_healthy:.2%} of {np.sum(~self.stuck):,} healthy cells"),
            ("stuck", f"{np.sum(self.stuck):,} cells"),
            ("failed", f"{np.sum(~self.converged & ~self.stuck):,} cells"),
            ("pulses", f"mean {self.pulses.mean():.1f}, 50 % {at[0]}, 90 % {at[1]}, 99 % {at[2]}"),
            ("residual", f"root mean square {np.sqrt((share**2).mean()):.2f} tolerances of "
                         f"{prefixed(self.tolerance, 'S')}, of healthy cells"),
            ("energy", prefixed(self.energy, "J")),
            ("time", prefixed(self.seconds, "s")),
        )  # fmt: skip
        head = f"Programming of {self.target.shape[0]:,} x {self.target.shape[1]:,} cells"
        return Report((Section((head,), ("what", ""), facts, 2),))

    def plot(self, width: float = 7.0) -> Figure:
        """Draw how many pulses cells took, and how far they are off."""
        from ..showing.programming import draw_programmed

        return draw_programmed(self, width)


def write_verify(
    cells: Cells,
    target: Any,
    *,
    tolerance: float = 0.02,
    most_pulses: int = 300,
    start: float = 1.0,
    increment: float = 0.02,
    longest: int = 20,
    patience: int = 4,
    width: Any = None,
    t_read: float = 1e-7,
    relaxation: float = 0.0,
) -> Programmed:
    """Bring cells to conductances by single pulses, each after a reading.

    A cell whose reading is off by more than the tolerance takes a pulse towards its target. Pulses
    of one sign grow by `increment` each, from `start` on, and begin anew when the sign changes. A
    cell that `patience` pulses of the greatest amplitude did not move takes such a series of the
    other sign; if that does not either, it is taken for stuck and left alone.

    Parameters
    ----------
    cells
        An array of devices that take pulses.
    target
        S: a number, or float[rows, columns].
    tolerance
        Share of the nominal window by which a reading may be off.
    most_pulses
        After which a cell has failed.
    start
        Amplitude of the first pulse, as a share of the device's own: less than 1 for devices that
        a full pulse takes across most of the window.
    increment
        Growth of amplitude from pulse to pulse, as a share of the device's own.
    longest
        Number of pulses after which amplitudes no longer grow.
    patience
        See above.
    width
        Seconds of a pulse; the device's own by default.
    t_read
        Seconds of a reading.
    relaxation
        Seconds to wait afterwards, before what is left is looked at: a verified error alone is too
        good.

    Returns
    -------
    Programmed

    Raises
    ------
    ValidationError
        If a target is not finite or out of the nominal window, or a setting out of its range.
    """
    wanted = _checked(cells, target, tolerance, most_pulses)
    _check_amplitudes(start, increment, longest, patience, relaxation)
    device = cells.device
    span = device.g_max - device.g_min
    near = tolerance * span
    duration = device.pulse_width if width is None else float(width)
    state = _State(cells.shape, longest, patience)
    before, energy, rounds = cells.pulses.copy(), cells.energy, 0
    found = cells.read()
    for _ in range(most_pulses):
        off = wanted - found
        active = (np.abs(off) > near) & ~state.stuck
        if not active.any():
            break
        up = state.direction(off > 0)
        grown = start + increment * state.growth(up)
        volts = np.where(up, device.set_voltage, device.reset_voltage) * grown
        cells.pulse(volts, duration, 1, active)
        rounds += int(active.any(axis=1).sum())
        now = cells.read()
        state.count(active, up, np.abs(now - found) < _MOVED * span)
        found = np.where(active, now, found)
    relaxed = None
    if relaxation > 0:
        cells.wait(relaxation)
        relaxed = cells.conductance()
    return Programmed(
        wanted, found, near, cells.pulses - before, np.abs(wanted - found) <= near,
        state.stuck, relaxed, cells.energy - energy, rounds * (duration + t_read),
    )  # fmt: skip


class _State:
    """Of each cell: pulses of one sign in a row, and pulses in vain."""

    def __init__(self, shape: tuple[int, int], longest: int, patience: int) -> None:
        self.longest, self.patience = longest, patience
        self.run = np.zeros(shape, np.int64)
        self.stuck = np.zeros(shape, bool)
        self._up = np.zeros(shape, bool)
        self._in_vain = np.zeros(shape, np.int64)

    def direction(self, towards: _BOOL) -> _BOOL:
        """Up or down: towards the target, but for cells that are tried the other way."""
        tried = (self._in_vain >= self.patience) & (self._in_vain < 2 * self.patience)
        return towards ^ tried

    def growth(self, up: _BOOL) -> NDArray[np.int64]:
        """By how many increments the next pulses have grown."""
        return np.where(up == self._up, np.minimum(self.run, self.longest), 0)

    def count(self, active: _BOOL, up: _BOOL, still: _BOOL) -> None:
        """Take notice of a round of pulses, and of which cells did not move."""
        full = self.growth(up) >= self.longest
        same = (up == self._up) & (self.run > 0)
        self.run = np.where(active, np.where(same, self.run + 1, 1), self.run)
        self._up = np.where(active, up, self._up)
        # Small pulses that move nothing are no sign of a cell that cannot be moved.
        vain = np.where(still, self._in_vain + full, 0)
        self._in_vain = np.where(active, vain, self._in_vain)
        self.stuck |= self._in_vain >= 2 * self.patience


def _checked(cells: Cells, target: Any, tolerance: float, most_pulses: int) -> _F64:
    """The targets as an array, everything else in range."""
    where = "write_verify"
    if not (isinstance(tolerance, int | float) and 0 < tolerance < 1):
        raise ValidationError(
            f"{where}, tolerance", f"got {shorten(tolerance)}", "a share of the window, 0 to 1"
        )
    if isinstance(most_pulses, bool) or not isinstance(most_pulses, int) or most_pulses < 1:
        raise ValidationError(
            f"{where}, most_pulses", f"got {shorten(most_pulses)}", "a whole number of 1 or more"
        )
    try:
        wanted = np.broadcast_to(np.asarray(target, np.float64), cells.shape).copy()
    except (TypeError, ValueError):
        raise ValidationError(
            f"{where}, target", f"got {shorten(target)}", f"numbers of shape {cells.shape}"
        ) from None
    low, high = cells.device.g_min, cells.device.g_max
    slack = 1e-9 * (high - low)
    if not np.isfinite(wanted).all() or wanted.min() < low - slack or wanted.max() > high + slack:
        raise ValidationError(
            f"{where}, target",
            f"from {wanted.min():g} to {wanted.max():g} S",
            f"from {low:g} to {high:g} S, the window of {cells.device.label}",
        )
    return wanted


def _check_amplitudes(
    start: float, increment: float, longest: int, patience: int, relaxation: float
) -> None:
    """Raise ValidationError if a setting of the pulses is out of its range."""
    for name, value, low, high in (("start", start, 1e-3, 2.0), ("increment", increment, 0.0, 1.0),
                                   ("relaxation", relaxation, 0.0, 1e12)):  # fmt: skip
        if not (isinstance(value, int | float) and low <= value <= high):
            rule = f"from {low:g} to {high:g}"
            raise ValidationError(f"write_verify, {name}", f"got {shorten(value)}", rule)
    for name, count, least in (("longest", longest, 0), ("patience", patience, 1)):
        if isinstance(count, bool) or not isinstance(count, int) or count < least:
            rule = f"a whole number of {least} or more"
            raise ValidationError(f"write_verify, {name}", f"got {shorten(count)}", rule)
