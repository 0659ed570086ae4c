"""Intel's Pohoiki Springs: 768 chips of the first Loihi."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from ..figures import Figure, Grade
from ..pricing import Prices
from .loihi import Loihi

__all__ = ["PohoikiSprings"]

_F20 = "Frady et al. 2020, doi:10.1145/3381755.3398695"


def _silicon(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.SILICON, _F20, note)


class PohoikiSprings(Loihi):
    """768 Loihi, of which a network takes as many as it needs.

    Parameters
    ----------
    settings
        What `Loihi` takes; ``chips`` is 768 unless given.
    """

    compared = False

    year = 2020
    features = "768 Loihi on 24 boards"

    box_chips = _silicon(768, "chips")
    barrier_256 = _silicon(14.3, "us", "256 chips, 4 x 64")
    barrier_768 = _silicon(16.2, "us", "768 chips")
    unthrottled_least = _silicon(5.8, "us", "of a step, less than the barriers beside it")
    unthrottled_most = _silicon(13.0, "us", "of a step")
    #: What the chips share their step with: by tiles, 32 a chip.
    prices: ClassVar[Mapping[str, Prices]] = {
        **Loihi.prices,
        "fit": replace(
            Loihi.prices["fit"],
            barrier={
                **Loihi.prices["fit"].barrier,
                32: replace(Loihi.prices["fit"].barrier[29], note="as of 29 tiles"),
                256 * 32: barrier_256,
                768 * 32: barrier_768,
            },
        ),
    }

    def __init__(self, chips: int = 768, **settings: Any) -> None:
        super().__init__(chips=chips, **settings)
