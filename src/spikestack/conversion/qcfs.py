"""An activation that a spiking neuron can reproduce exactly."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import ValidationError, shorten

__all__ = ["QCFS"]


class QCFS(torch.nn.Module):
    """Quantisation, clipping, floor, shift: scale * clip(floor(z*levels/scale + 1/2)/levels, 0, 1).

    Put it where a ReLU would stand and train as usual. An integrate-and-fire neuron with threshold
    `scale`, started at half of it, fires floor(z*levels/scale + 1/2) times in `levels` steps, so
    that the converted network can be the trained one exactly. After Bu et al. 2022, ICLR.

    Parameters
    ----------
    levels
        Steps that a value is rounded to; the converted network takes as many time steps.
    scale
        Greatest value, learned; where it begins.

    Raises
    ------
    ValidationError
        If either is out of range.
    """

    def __init__(self, levels: int = 4, scale: float = 8.0) -> None:
        super().__init__()
        if isinstance(levels, bool) or not isinstance(levels, int) or not 1 <= levels <= 2**16:
            raise ValidationError("QCFS.levels", f"got {shorten(levels)}", "1 to 65536")
        if not (isinstance(scale, int | float) and scale > 0):
            raise ValidationError("QCFS.scale", f"got {shorten(scale)}", "above 0")
        self.levels = levels
        self.scale = torch.nn.Parameter(torch.tensor(float(scale)))

    def forward(self, z: Any) -> Any:
        """The nearest level; rounding has the derivative 1."""
        share = torch.clamp(z / self.scale, 0, 1)
        level = torch.floor(share * self.levels + 0.5) / self.levels
        return (share + (level - share).detach()) * self.scale

    def extra_repr(self) -> str:
        """Levels and scale."""
        return f"levels={self.levels}, scale={float(self.scale.detach()):g}"
