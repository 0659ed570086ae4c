"""What the three kinds of mechanoreceptive afferents are, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten

__all__ = ["DENSITIES", "KINDS", "MODELS", "AfferentModel"]

#: Slowly adapting type 1 (Merkel), rapidly adapting (Meissner), Pacinian.
KINDS = ("SA1", "RA", "PC")

#: Afferents per cm^2 of each kind, by region of the hand, as TouchSim has them.
DENSITIES = {
    "fingertip": {"SA1": 70.0, "RA": 140.0, "PC": 25.0},
    "finger": {"SA1": 30.0, "RA": 40.0, "PC": 10.0},
    "palm": {"SA1": 10.0, "RA": 25.0, "PC": 10.0},
}

_PAIRS = ("stress", "speed", "acceleration", "after", "after_tau")


@dataclass(frozen=True)
class AfferentModel:
    """An afferent: filtered stress and motion, weighted by sign, into an integrate-and-fire neuron.

    The neuron's equation is tau dv/dt = drive - v, its threshold 1.

    Attributes
    ----------
    depth
        Of the receptor below the surface in mm.
    cutoff
        Hz, of a third-order Butterworth low-pass on all that comes in.
    stress
        Drive per kPa of vertical stress, where it presses and where it pulls.
    speed
        Drive per mm/s of the surface's motion (over depth squared, in mm), in and out.
    acceleration
        Drive per m/s^2 of it, in and out.
    saturation
        s of drive -> s*drive/(s + |drive|); 0 for none.
    noise
        Standard deviation of the drive's white noise at each sample.
    tau
        Membrane time constant in ms.
    after
        Drive that each spike adds, of the fast and of the slow kernel.
    after_tau
        ms in which these decay.
    """

    depth: float
    cutoff: float
    stress: tuple[float, float] = (0.0, 0.0)
    speed: tuple[float, float] = (0.0, 0.0)
    acceleration: tuple[float, float] = (0.0, 0.0)
    saturation: float = 0.0
    noise: float = 0.0
    tau: float = 10.0
    after: tuple[float, float] = (0.0, 0.0)
    after_tau: tuple[float, float] = (5.0, 100.0)

    def __post_init__(self) -> None:
        for one in fields(self):
            value = np.asarray(getattr(self, one.name), dtype=np.float64)
            above = one.name in ("depth", "cutoff", "tau", "after_tau")
            never = one.name in ("saturation", "noise")
            shape = (2,) if one.name in _PAIRS else ()
            good = value.shape == shape and np.isfinite(value).all()
            if not good or (above and (value <= 0).any()) or (never and (value < 0).any()):
                raise ValidationError(
                    f"AfferentModel.{one.name}",
                    f"got {shorten(getattr(self, one.name))}",
                    ("two finite numbers" if shape else "a finite number")
                    + (" > 0" if above else " >= 0" if never else ""),
                )
        if self.cutoff >= 2500.0:
            raise ValidationError("AfferentModel.cutoff", f"got {self.cutoff} Hz", "below 2500 Hz")

    def row(self) -> Any:
        """All numbers that the kernel needs but depth and cutoff, float64 (13,)."""
        pairs = (*self.stress, *self.speed, *self.acceleration)
        rest = (self.saturation, self.noise, self.tau, *self.after, *self.after_tau)
        return np.array([*pairs, *rest], dtype=np.float64)


#: Depths are TouchSim's. All other numbers were chosen by us, and are no published fits, such that
#: SA1 fibres answer to a hold with tens of spikes per second, RA fibres are most sensitive to
#: vibration of some 30 Hz and PC fibres to 250 Hz, at amplitudes as they are found in people.
MODELS = {
    "SA1": AfferentModel(
        depth=0.3, cutoff=30.0, stress=(0.3, 0.0), speed=(0.01, 0.0), noise=0.3, tau=30.0,
        after=(-1.0, -1.0), after_tau=(5.0, 120.0),
    ),
    "RA": AfferentModel(
        depth=1.6, cutoff=40.0, speed=(1.5, 1.5), saturation=20.0, noise=0.2, tau=8.0,
        after=(-3.0, -0.3), after_tau=(5.0, 50.0),
    ),
    "PC": AfferentModel(
        depth=2.0, cutoff=240.0, acceleration=(3.0, 3.0), saturation=20.0, noise=0.05, tau=3.0,
        after=(-3.0, -0.2), after_tau=(2.0, 30.0),
    ),
}  # fmt: skip
