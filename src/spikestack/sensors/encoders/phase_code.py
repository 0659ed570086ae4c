"""Phase code: when in a cycle a spike comes says what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ..sampled import sampling_step
from .base import Floats, Framed

__all__ = ["PhaseCode"]


@dataclass(frozen=True, eq=False)
class PhaseCode(Framed):
    """Each frame is a cycle of an oscillation, and spikes take their meaning from its phase.

    With ``style="bits"`` a cycle has `phases` steps, and a spike in step j is worth 2**-(1 + j):
    the digits of the value's share of the range, the highest first. With ``style="angle"`` there is
    one spike in each cycle, at the angle 2*pi*(1 - x).

    Parameters
    ----------
    low, high
        See `Ranged`.
    every
        Samples to a frame.
    style
        ``"bits"`` or ``"angle"``.
    phases
        Steps of a cycle.
    """

    source = "Kim et al. 2018, Neurocomputing 311:373; O'Keefe and Recce 1993, Hippocampus 3:317"
    style: str = "bits"
    phases: int = 8

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        phases = self._whole("phases", 1, 32)
        if self.style not in ("bits", "angle"):
            raise ValidationError(
                self._at("style"), f"got {shorten(self.style)}", "'bits' or 'angle'"
            )
        if self.style == "bits" and self._frame(dt) < 4 * phases:
            raise ValidationError(
                self._at("phases"),
                f"{phases} in {self._frame(dt):g} us",
                "4 us for each",
                "`every`",
            )

    def _spikes(self, share: Floats, number: int, frame: float) -> Any:
        if self.style == "angle":
            at, unit = np.nonzero(np.ones_like(share))
            return at, unit, frame * (1.0 - share[at, unit])
        most = 2**self.phases - 1
        digits = np.minimum(np.floor(share * (most + 1)), most).astype(np.int64)
        places = np.arange(self.phases)
        bits = (digits[:, :, None] >> (self.phases - 1 - places)) & 1
        at, unit, place = np.nonzero(bits)
        return at, unit, (place + 0.5) * (frame / self.phases)

    def _shares(
        self, at: Any, unit: Any, offset: Any, shape: tuple[int, int], frame: float
    ) -> Floats:
        made = np.zeros(shape)
        if self.style == "angle":
            made[at, unit] = 1.0 - offset / frame
            return made
        place = np.clip(np.floor(offset * (self.phases / frame)), 0, self.phases - 1)
        np.add.at(made, (at, unit), 2.0 ** -(1.0 + place))
        return np.minimum(made + 0.5 * 2.0**-self.phases, 1.0)

    def bound(self, dt: Any) -> float:
        """Return half of the last digit; for angles, what two microseconds make."""
        if self.style == "angle":
            return self._span() * 2.0 / self._frame(sampling_step(dt))
        return self._span() * 0.5 * 2.0**-self.phases
