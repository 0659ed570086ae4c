"""Taps, presses and slides on a row of taxels, with known beginnings and forces."""

from __future__ import annotations

import numpy as np

from ..touch import Skin
from .base import Samples
from .drawing import between, draws, synthetic, whole

__all__ = ["synthetic_touch"]

_TAXELS, _SAMPLES = 6, 400  # at 1,000 samples per second
#: ms in which force rises and falls, ms for which it stays, ms from a taxel to the next.
_TOUCHES = {
    "tap": (10.0, 20.0, 0.0),
    "press": (30.0, 150.0, 0.0),
    "slow press": (110.0, 20.0, 0.0),
    "slide right": (25.0, 20.0, 30.0),
    "slide left": (25.0, 20.0, -30.0),
}


def synthetic_touch(n: int = 100, seed: int = 0) -> Samples:
    """Force on 6 taxels that rises evenly, stays and falls: 1,000 samples per second, (400, 6).

    Five classes, in turn: "tap", "press", "slow press", all under a finger two taxels wide;
    "slide right", "slide left", from taxel to taxel. ``truth`` has ``"onset"``, ms at which the
    first taxel begins to feel it; ``"peak"``, the greatest force, 0.5 to 1; ``"rise"``, ms; and
    ``"place"``, the taxel under the middle of the finger, from 1 to 4 (of slides -1). On the
    taxel there force is ``peak*(t - onset)/rise`` while it rises. `Samples.events` makes the
    events of a sensitive `Skin` by default.

    Parameters
    ----------
    n
        How many; the first ones of a larger set are those of a smaller one.
    seed
        Of all that varies.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """
    n = whole(n, "synthetic_touch, n")
    seed = whole(seed, "synthetic_touch, seed", -(2**63), 2**63)
    chance = draws(seed, "synthetic touch", n, 4)
    kinds = np.array(list(_TOUCHES.values()))[np.arange(n) % len(_TOUCHES)]
    onset, peak = 20.0 + 60.0 * chance[:, 0], between(chance[:, 1], 0.5, 1.0)
    rise = kinds[:, 0] * between(chance[:, 2], 0.8, 1.25)
    place = np.where(kinds[:, 2] == 0, 1 + np.floor(4 * chance[:, 3]), -1).astype(np.int64)

    def make(k: int) -> np.ndarray:
        _, hold, gap = kinds[k]
        taxel = np.arange(_TAXELS)
        begin = onset[k] + abs(gap) * (taxel if gap > 0 else _TAXELS - 1 - taxel)
        share = np.ones(_TAXELS) if gap else np.exp(-0.5 * (taxel - place[k]) ** 2)
        t = np.arange(_SAMPLES)[:, np.newaxis] - begin
        ramps = np.minimum(t, 2.0 * rise[k] + hold - t) / rise[k]
        return peak[k] * share * np.clip(ramps, 0.0, 1.0)

    truth = {"onset": onset, "peak": peak, "rise": rise, "place": place}
    return synthetic(
        "synthetic_touch", make, n, tuple(_TOUCHES), truth, (seed,), dt=1.0,
        duration=_SAMPLES + 1.0, front_end=_skin,
    )  # fmt: skip


def _skin() -> Skin:
    # More sensitive than by default, so that the slowest press at the least force is felt.
    return Skin(_TAXELS, rate=1000.0, gains=(6.0, 0.3, 0.3, 20.0))
