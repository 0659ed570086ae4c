"""Events that are neither changes of brightness nor spikes of units: colours, messages, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError
from .events import Events, UnitEvents

if TYPE_CHECKING:
    from ..network.inputs import SpikeTrains

__all__ = ["ColourEvents", "MessageEvents", "SpikeCounts"]

_MOST_SPIKES = 1 << 28


@dataclass(frozen=True, eq=False, repr=False)
class ColourEvents(Events):
    """Pixels that tell a colour, each when it changes.

    Parameters
    ----------
    t : int64
        Microseconds, ascending.
    x, y : uint16
        Pixel, from the upper left corner; y goes down.
    r, g, b : uint8
        Red, green, blue.
    width, height
        Of the sensor in pixels; by default the least that hold all events.

    Raises
    ------
    ValidationError
        If columns do not fit each other, times go back, or a pixel is outside.
    """

    t: npt.NDArray[np.int64]
    x: npt.NDArray[np.uint16]
    y: npt.NDArray[np.uint16]
    r: npt.NDArray[np.uint8]
    g: npt.NDArray[np.uint8]
    b: npt.NDArray[np.uint8]
    width: int = 0
    height: int = 0

    columns = {  # noqa: RUF012
        **{"t": np.int64, "x": np.uint16, "y": np.uint16},
        **{"r": np.uint8, "g": np.uint8, "b": np.uint8},
    }

    def __post_init__(self) -> None:
        self._take_columns()
        for name, column in (("width", self.x), ("height", self.y)):
            need, size = int(column.max(initial=0)) + 1, int(getattr(self, name))
            if size and need > size:
                raise ValidationError(
                    f"ColourEvents.{name}", f"is {size}, and a pixel is at {need - 1}", f">= {need}"
                )
            object.__setattr__(self, name, size or need)

    @property
    def size(self) -> int:
        """One for each pixel."""
        return self.width * self.height

    @property
    def unit(self) -> npt.NDArray[np.int64]:  # type: ignore[override]
        """y*width + x: populations have the shape (height, width)."""
        return self.y.astype(np.int64) * self.width + self.x

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width), as a population of one neuron for each pixel."""
        return (self.height, self.width)

    def _geometry(self) -> dict[str, Any]:
        return {"width": self.width, "height": self.height}


@dataclass(frozen=True, eq=False, repr=False)
class MessageEvents(Events):
    """Bytes with a time: what a generic Event Stream holds. What they mean, its writer knows.

    Parameters
    ----------
    t : int64
        Microseconds, ascending.
    data
        ``bytes`` of each.

    Raises
    ------
    ValidationError
        If columns do not fit each other, or times go back.
    """

    t: npt.NDArray[np.int64]
    data: npt.NDArray[np.object_]

    columns = {"t": np.int64, "data": np.object_}  # noqa: RUF012

    def __post_init__(self) -> None:
        held = self.data
        if not (isinstance(held, np.ndarray) and held.dtype == np.object_):
            made = np.empty(len(held), np.object_)
            made[:] = [bytes(one) for one in held]
            object.__setattr__(self, "data", made)
        self._take_columns()

    @property
    def size(self) -> int:
        """One."""
        return 1

    @property
    def unit(self) -> npt.NDArray[np.int64]:  # type: ignore[override]
        """0 of all."""
        return np.zeros(len(self.t), np.int64)

    def _geometry(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, eq=False, repr=False)
class SpikeCounts(Events):
    """How many spikes a unit has in an interval: a target for training, as SLAYER holds it.

    Parameters
    ----------
    t, end : int64
        Where intervals begin, ascending, and end: microseconds.
    unit : uint32
        Which unit.
    count : uint16
        Spikes.
    units
        How many there are; by default the least that hold all.

    Raises
    ------
    ValidationError
        If columns do not fit each other, times go back, an interval ends before it begins, or a
        unit is outside.
    """

    t: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    unit: npt.NDArray[np.uint32]
    count: npt.NDArray[np.uint16]
    units: int = 0

    columns = {  # noqa: RUF012
        **{"t": np.int64, "end": np.int64},
        **{"unit": np.uint32, "count": np.uint16},
    }

    def __post_init__(self) -> None:
        self._take_columns()
        short = np.flatnonzero(self.end < self.t)
        if len(short):
            at = int(short[0])
            raise ValidationError(
                "SpikeCounts.end", f"is {self.end[at]} us, and t is {self.t[at]}", "not before t"
            )
        need = int(self.unit.max(initial=0)) + 1
        if self.units and need > self.units:
            raise ValidationError(
                "SpikeCounts.units", f"is {self.units}, and one is of {need - 1}", f">= {need}"
            )
        object.__setattr__(self, "units", int(self.units) or need)

    @property
    def size(self) -> int:
        """Number of units."""
        return self.units

    @property
    def shape(self) -> tuple[int]:
        """(units,), as a population of one neuron for each."""
        return (self.units,)

    def _geometry(self) -> dict[str, Any]:
        return {"units": self.units}

    def spread(self) -> UnitEvents:
        """So many spikes, evenly over each interval: the k-th of n at t + (2k + 1)(end - t)/2n.

        Raises
        ------
        ValidationError
            If they are more than 2^28.
        """
        counts = self.count.astype(np.int64)
        total = int(counts.sum())
        if total > _MOST_SPIKES:
            raise ValidationError("SpikeCounts.spread", f"{total} spikes", f"<= {_MOST_SPIKES}")
        of = np.repeat(np.arange(len(counts)), counts)
        k = np.arange(total) - (np.cumsum(counts) - counts)[of]
        t = self.t[of] + (2 * k + 1) * (self.end - self.t)[of] // np.maximum(2 * counts[of], 1)
        return UnitEvents.sorted(t=t, unit=self.unit[of], units=self.units)

    def spike_trains(self, start: Any = None, **settings: Any) -> SpikeTrains:
        """The spikes of `spread` as an input."""
        return self.spread().spike_trains(start, **settings)
