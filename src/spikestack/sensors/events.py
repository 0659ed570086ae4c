"""Events: the one form in which every sensor's output is held, sorted, in whole microseconds."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten
from ..units import magnitude, parse_unit
from .structured import columns_of, structured

if TYPE_CHECKING:
    from ..network.inputs import SpikeTrains

__all__ = ["CameraEvents", "Events", "UnitEvents", "merge"]

_US_PER_MS = 1000


class Events(ABC):
    """Events of one sensor, sorted by time; those of one moment keep their order.

    Columns are arrays of equal length, read-only. ``events[mask]`` and ``events[2:50]`` are events
    of the same sensor, `between` cuts by time.

    Attributes
    ----------
    t : int64
        Microseconds.
    unit
        Of each event, the number of its unit, from 0 to `size` - 1.
    """

    #: Names and types of the columns, `t` first.
    columns: ClassVar[dict[str, type]] = {}

    t: npt.NDArray[np.int64]
    unit: Any

    def _take_columns(self) -> None:
        """Check the columns and make them read-only; called once."""
        where, n = type(self).__name__, None
        for name, kind in self.columns.items():
            array = np.asarray(getattr(self, name))
            if array.dtype != kind:
                array = _exactly(array, kind, f"{where}.{name}")
            if array.ndim != 1 or (n is not None and len(array) != n):
                raise ValidationError(
                    f"{where}.{name}", f"has shape {array.shape}", "as many entries as t, in a row"
                )
            n = len(array)
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        if n and (self.t[1:] < self.t[:-1]).any():
            at = int(np.argmax(self.t[1:] < self.t[:-1]))
            raise ValidationError(
                f"{where}.t",
                f"goes back from {self.t[at]} to {self.t[at + 1]} us at event {at + 1}",
                "ascending times",
                f"{where}.sorted(...) sorts them",
            )

    @property
    @abstractmethod
    def size(self) -> int:
        """How many units the sensor has: pixels, channels, receptors."""

    @abstractmethod
    def _geometry(self) -> dict[str, Any]:
        """What the sensor is, besides its events: arguments of the constructor."""

    @classmethod
    def sorted(cls, **columns: Any) -> Self:
        """Make events of columns in any order; those of one moment keep theirs."""
        order = np.argsort(np.asarray(columns["t"]), kind="stable")
        arrays = {k: np.asarray(v)[order] for k, v in columns.items() if k in cls.columns}
        return cls(**{**columns, **arrays})

    def __len__(self) -> int:
        return len(self.t)

    def __getitem__(self, which: Any) -> Self:
        if isinstance(which, int | np.integer):
            which = slice(which, None if which == -1 else which + 1)
        parts = {name: getattr(self, name)[which] for name in self.columns}
        return type(self)(**parts, **self._geometry())

    def between(self, start: Any, stop: Any) -> Self:
        """Events from `start` ms on, before `stop` ms; a view, nothing is copied."""
        first, last = (np.searchsorted(self.t, _microseconds(t, "between")) for t in (start, stop))
        return self[int(first) : int(last)]

    def shifted(self, offset: Any = 0.0, drift: float = 0.0) -> Self:
        """The same events on another clock: t becomes t*(1 + drift) + offset.

        Parameters
        ----------
        offset
            ms.
        drift
            How much faster the other clock goes: 20e-6 for 20 ppm.
        """
        by = _microseconds(offset, "shifted, offset")
        if not np.isfinite(drift) or drift <= -1:
            raise ValidationError("shifted, drift", f"got {shorten(drift)}", "a number above -1")
        t = self.t + by if drift == 0 else np.rint(self.t * (1.0 + drift)).astype(np.int64) + by
        rest = {name: getattr(self, name) for name in self.columns if name != "t"}
        return type(self)(**{"t": t, **rest, **self._geometry()})

    @property
    def duration(self) -> float:
        """From the first to the last event, in ms."""
        return float(self.t[-1] - self.t[0]) / _US_PER_MS if len(self) else 0.0

    @property
    def rate(self) -> float:
        """Events per second, of all units together; 0 of fewer than two."""
        return (len(self) - 1) / (self.duration * 1e-3) if self.duration else 0.0

    def counts(self) -> npt.NDArray[np.int64]:
        """Events of each unit: int64[size]."""
        return np.bincount(self.unit, minlength=self.size)

    def to_structured(self) -> npt.NDArray[Any]:
        """One structured array, as Tonic has it: x, y, t, p of a camera, else t, x, p.

        Raises
        ------
        ValidationError
            When a pixel lies beyond what 16 bits with a sign hold.
        """
        return structured({name: getattr(self, name) for name in self.columns})

    @classmethod
    def from_structured(cls, array: Any, **geometry: int) -> Self:
        """Events of a structured array, whatever the order of its fields.

        Parameters
        ----------
        array
            Fields are found by name: ``t``, ``ts`` or ``timestamp`` in microseconds; ``x``,
            ``y``; ``p``, ``polarity`` or ``on``; for units ``unit``, ``x`` or ``channel``. Events
            are sorted by time.
        geometry
            ``width`` and ``height``, or ``units``; by default the least that hold all events.

        Raises
        ------
        ValidationError
            When it has no names, lacks a field, or its entries are no events.
        """
        return cls.sorted(**columns_of(array, cls.columns), **geometry)

    def spike_trains(self, start: Any = None, **settings: Any) -> SpikeTrains:
        """The events as an input of a population with one neuron for each unit.

        Parameters
        ----------
        start
            ms of the sensor's clock at which a run begins; just before the first event by default.
        settings
            Of `SpikeTrains`: ``weight``, ``synapse``, ``trials``.
        """
        begin = self.t[0] - 1 if start is None and len(self) else 0
        if start is not None:
            begin = _microseconds(start, "spike_trains, start")
        later = self.t > begin
        inputs = importlib.import_module("spikestack.network.inputs")
        times = (self.t[later] - begin) / _US_PER_MS
        ids = np.asarray(self.unit)[later].astype(np.int64)
        made: SpikeTrains = inputs.SpikeTrains(times, ids, **settings)
        return made

    def __repr__(self) -> str:
        span = f"{self.t[0] / 1e6:.6f} to {self.t[-1] / 1e6:.6f} s" if len(self) else "none"
        return f"<{type(self).__name__}: {len(self):,} events of {self.size:,} units, {span}>"


@dataclass(frozen=True, eq=False, repr=False)
class CameraEvents(Events):
    """Events of an event camera.

    Parameters
    ----------
    t : int64
        Microseconds, ascending.
    x, y : uint16
        Pixel, from the upper left corner; y goes down.
    p : uint8
        1 where it became brighter, 0 where darker.
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
    p: npt.NDArray[np.uint8]
    width: int = 0
    height: int = 0

    columns = {"t": np.int64, "x": np.uint16, "y": np.uint16, "p": np.uint8}  # noqa: RUF012

    def __post_init__(self) -> None:
        self._take_columns()
        for name, column in (("width", self.x), ("height", self.y)):
            need, size = int(column.max(initial=0)) + 1, int(getattr(self, name))
            if size and need > size:
                raise ValidationError(
                    f"CameraEvents.{name}", f"is {size}, and a pixel is at {need - 1}", f">= {need}"
                )
            object.__setattr__(self, name, size or need)
        if self.p.max(initial=0) > 1:
            raise ValidationError("CameraEvents.p", f"holds {self.p.max()}", "0 (OFF) or 1 (ON)")

    @property
    def size(self) -> int:
        """Two for each pixel: one for either polarity."""
        return 2 * self.width * self.height

    @property
    def unit(self) -> npt.NDArray[np.int64]:  # type: ignore[override]
        """(p*height + y)*width + x: populations have the shape (2, height, width)."""
        row = self.p.astype(np.int64) * self.height + self.y
        return row * self.width + self.x

    @property
    def shape(self) -> tuple[int, int, int]:
        """(2, height, width), as a population of one neuron for each unit."""
        return (2, self.height, self.width)

    def _geometry(self) -> dict[str, Any]:
        return {"width": self.width, "height": self.height}


@dataclass(frozen=True, eq=False, repr=False)
class UnitEvents(Events):
    """Events of a sensor with numbered units: a cochlea's channels, receptors of a skin.

    Parameters
    ----------
    t : int64
        Microseconds, ascending.
    unit : uint32
        Which unit.
    units
        How many there are; by default the least that hold all events.

    Raises
    ------
    ValidationError
        If columns do not fit each other, times go back, or a unit is outside.
    """

    t: npt.NDArray[np.int64]
    unit: npt.NDArray[np.uint32]
    units: int = 0

    columns = {"t": np.int64, "unit": np.uint32}  # noqa: RUF012

    def __post_init__(self) -> None:
        self._take_columns()
        need = int(self.unit.max(initial=0)) + 1
        if self.units and need > self.units:
            raise ValidationError(
                "UnitEvents.units", f"is {self.units}, and an event is of {need - 1}", f">= {need}"
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


def merge(parts: Sequence[Events]) -> Events:
    """Events of sensors of one kind and size as one stream, in order of time.

    Those of one moment come in the order of `parts`.

    Raises
    ------
    ValidationError
        If there are none, or they are of different sensors.
    """
    kinds = {(type(part), *part._geometry().values()) for part in parts}
    if len(kinds) != 1:
        raise ValidationError(
            "merge", f"{len(parts)} parts of {len(kinds)} geometries", "events of one geometry"
        )
    first = parts[0]
    columns = {n: np.concatenate([getattr(p, n) for p in parts]) for n in first.columns}
    return type(first).sorted(**columns, **first._geometry())


def _exactly(array: npt.NDArray[Any], kind: type, where: str) -> npt.NDArray[Any]:
    """The numbers in another type, if they are whole and fit into it."""
    limits = np.iinfo(kind)
    fits = array.dtype.kind in "iub" or (
        array.dtype.kind == "f" and bool((array == np.floor(array)).all())
    )
    if array.size and (not fits or array.min() < limits.min or array.max() > limits.max):
        raise ValidationError(
            where, f"got {shorten(array)}", f"whole numbers from {limits.min} to {limits.max}"
        )
    return array.astype(kind)


def _microseconds(time: Any, where: str) -> int:
    return round(float(magnitude(time, parse_unit("ms"), where)) * _US_PER_MS)
