"""Where on the skin a press makes an afferent fire."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError
from .models import MODELS, AfferentModel
from .patch import SkinPatch

__all__ = ["receptive_field"]


def receptive_field(
    kind: str,
    depth: Any,
    radius: float = 0.5,
    extent: float = 5.0,
    steps: int = 41,
    model: AfferentModel | None = None,
) -> npt.NDArray[np.int64]:
    """How many spikes an afferent fires when one pin presses at each place around it.

    Parameters
    ----------
    kind
        ``"SA1"``, ``"RA"`` or ``"PC"``.
    depth
        Of the pin in mm at 5000 samples per second.
    radius
        Of the pin in mm.
    extent
        mm from the afferent to the edge of the map.
    steps
        Places along each side.
    model
        Other than `MODELS` has for the kind.

    Returns
    -------
    int64
        (steps, steps): rows by y, columns by x, both from -`extent` to `extent`. Without noise and
        spread.

    Raises
    ------
    ValidationError
        If `extent` or `steps` is out of range.
    """
    if not (0 < extent < np.inf and 1 <= steps <= 1000):
        given = f"extent {extent}, steps {steps}"
        raise ValidationError("receptive_field", given, "extent > 0 mm, 1 to 1000 steps")
    side = np.linspace(-extent, extent, steps)
    # Skin is alike everywhere: one pin among many afferents is one afferent among many pins.
    places = np.stack(np.meshgrid(-side, -side), axis=2).reshape(-1, 2)
    models = MODELS if model is None else {kind: model}
    patch = SkinPatch(
        [(0.0, 0.0)], radius, position=places, kind=kind, models=models, spread=0.0, noise=False
    )
    return patch.feel(depth).counts().reshape(steps, steps)
