"""Plasticity by overlapping waveforms: spikes that move a device together, and neither alone.

Each neuron sends a waveform to its side of the device: a spike, then a tail of the other sign. The
voltage across the device is their difference. A spike on the other's tail exceeds the device's
threshold, in the direction that the order of the spikes says, and the more the fresher the tail
(Zamarreno-Ramos et al. 2011, Front Neurosci 5:26). What comes of it is integrated through the
device's equation, never read from a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...devices.dynamic import DynamicDevice
from ...errors import ValidationError, shorten
from ...units import magnitude, parse_unit
from .driving import drive

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["OverlapWindow", "SpikeWaveform", "overlap_window"]

_F64 = NDArray[np.float64]
#: Tails are followed for so many time constants.
_REACH = 6.0


@dataclass(frozen=True)
class SpikeWaveform:
    """What a neuron sends at a spike.

    Parameters
    ----------
    spike, width
        Volts of the spike, and its seconds.
    tail, tau
        Volts from which the tail begins, of the other sign, and the seconds in which it decays.
    shape
        ``"exponential"``, or ``"linear"``: to zero after `tau`.

    Raises
    ------
    ValidationError
        If a number is not positive, or the shape unknown.
    """

    spike: Any
    width: Any
    tail: Any
    tau: Any
    shape: str = "exponential"

    def __post_init__(self) -> None:
        for name, unit in (("spike", "V"), ("width", "s"), ("tail", "V"), ("tau", "s")):
            value = magnitude(getattr(self, name), parse_unit(unit), f"SpikeWaveform.{name}")
            if not (isinstance(value, int | float) and 0 < value < np.inf):
                raise ValidationError(
                    f"SpikeWaveform.{name}", f"got {shorten(value)}", f"more than 0 {unit}"
                )
            object.__setattr__(self, name, float(value))
        if self.shape not in ("exponential", "linear"):
            raise ValidationError(
                "SpikeWaveform.shape", f"got {shorten(self.shape)}", "'exponential' or 'linear'"
            )

    def __call__(self, t: _F64) -> _F64:
        """Volts `t` seconds after the spike began; 0 before."""
        after = t - self.width
        if self.shape == "linear":
            fallen = np.maximum(1.0 - after / self.tau, 0.0)
        else:
            fallen = np.exp(-np.maximum(after, 0.0) / self.tau)
        tail = np.where(after >= 0, -self.tail * fallen, 0.0)
        return np.where((t >= 0) & (after < 0), self.spike, tail)


@dataclass(frozen=True)
class OverlapWindow:
    """What pairs of spikes do to a device.

    Attributes
    ----------
    delays
        Spike of the target less that of the source, s.
    change
        Of conductance at the device's reading voltage, S.
    alone
        Change by a spike of the source, and of the target, without the other, S.
    start
        Conductance before, S.
    """

    device: DynamicDevice
    delays: _F64
    change: _F64
    alone: tuple[float, float]
    start: float

    def plot(self, width: float = 3.5) -> Figure:
        """Draw the change by the delay, as a share of the conductance before."""
        from ..showing.overlap import draw_window

        return draw_window(self, width)


def overlap_window(
    device: DynamicDevice,
    waveform: SpikeWaveform,
    delays: Sequence[float] | _F64,
    *,
    points: int = 40,
    method: str | None = None,
) -> OverlapWindow:
    """Integrate pairs of spikes through a device.

    Parameters
    ----------
    device
        With an equation; it starts from its initial state.
    waveform
        Of both neurons.
    delays
        Spike of the target less that of the source, s.
    points
        Steps in the width of a spike.
    method
        Of integration; see `drive`.

    Raises
    ------
    ValidationError
        If the device has no equation, or an argument cannot be meant.
    """
    given = np.asarray(magnitude(delays, parse_unit("s"), "overlap_window, delays"), np.float64)
    if given.ndim != 1 or not given.size or not np.isfinite(given).all():
        raise ValidationError(
            "overlap_window, delays", f"got {shorten(delays)}", "finite numbers in one dimension"
        )
    if not isinstance(device, DynamicDevice):
        raise ValidationError(
            "overlap_window", f"got {shorten(device)}", "a device with an equation",
            "spikestack devices lists them as 'dynamic'",
        )  # fmt: skip
    reach = waveform.width + _REACH * waveform.tau
    first = float(np.abs(given).max())
    dt = waveform.width / points
    t = np.arange(int(np.ceil((2 * first + reach) / dt)) + 1)[:, None] * dt
    # The last two columns are spikes of one side alone: the other's come too late to matter.
    source = np.append(np.full(given.size, first), [first, t[-1, 0] + dt])
    target = np.append(first + given, [t[-1, 0] + dt, first])
    towards = np.sign(device.set_voltage)
    # A step past half a step, so that no edge of a waveform falls on a sample.
    volts = towards * (waveform(t - target + dt / 2) - waveform(t - source + dt / 2))
    trace = drive(device, volts, dt, method=method, every=len(t) - 1)
    ends = {name: values[-1] for name, values in trace.states.items()}
    start = float(np.mean(device.conductance_at()))
    change = np.asarray(device.conductance_at(**ends)) - start
    return OverlapWindow(device, given, change[:-2], (float(change[-2]), float(change[-1])), start)
