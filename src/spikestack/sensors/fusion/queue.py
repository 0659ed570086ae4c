"""One queue for several sensors: their units side by side, on one clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import UnknownNameError, ValidationError, shorten
from ..events import CameraEvents, Events, UnitEvents

__all__ = ["JoinedEvents", "Lane", "join_sensors", "lane_units", "lanes_of", "split_sensors"]


@dataclass(frozen=True)
class Lane:
    """The place of one sensor in a shared queue.

    Attributes
    ----------
    name
        Of the sensor.
    first, units
        Its units are `first` to ``first + units - 1``.
    kind
        Class of its events.
    geometry
        Arguments of that class, by name.
    """

    name: str
    first: int
    units: int
    kind: type[Events]
    geometry: tuple[tuple[str, Any], ...]

    @property
    def slice(self) -> slice:
        """Its units, of a population with one neuron for each of the queue: ``pop[lane.slice]``."""
        return slice(self.first, self.first + self.units)


@dataclass(frozen=True, eq=False, repr=False)
class JoinedEvents(UnitEvents):
    """Events of several sensors; those of one moment come in the order of lanes.

    Parameters
    ----------
    lanes
        Whose units are where.
    """

    lanes: tuple[Lane, ...] = ()

    def lane(self, name: str) -> Lane:
        """The lane of a sensor.

        Raises
        ------
        UnknownNameError
            If there is none of this name.
        """
        return _lane(self.lanes, name)

    def _geometry(self) -> dict[str, Any]:
        return {"units": self.units, "lanes": self.lanes}


def lanes_of(sensors: Mapping[str, Events]) -> tuple[Lane, ...]:
    """Lanes of sensors in the order of the mapping; their events are not looked at."""
    made, first = [], 0
    for name, events in sensors.items():
        if not isinstance(events, CameraEvents | UnitEvents) or not isinstance(name, str):
            raise ValidationError(
                f"join_sensors, {shorten(name)}",
                f"got {type(events).__name__}",
                "named events of a sensor",
            )
        geometry = tuple(events._geometry().items())
        made.append(Lane(name, first, events.size, type(events), geometry))
        first += events.size
    if not made or first > 2**32:
        raise ValidationError(
            "join_sensors",
            f"{len(made)} sensors of {first} units",
            "one or more, of 2**32 units at most",
        )
    return tuple(made)


def join_sensors(
    sensors: Mapping[str, Events], lanes: Sequence[Lane] | None = None
) -> JoinedEvents:
    """Events of several sensors as one stream.

    Parameters
    ----------
    sensors
        Events by name, on one clock (see `align`). The units of the first come first.
    lanes
        Where they stand; as they come by default. With the lanes of a full set, sensors may be
        missing, and the others keep their places.

    Raises
    ------
    ValidationError
        If a sensor is not of the size that its lane has.
    """
    lanes = lanes_of(sensors) if lanes is None else tuple(lanes)
    for name in sensors:
        _lane(lanes, name)
    t, unit = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
    for lane in lanes:
        if (events := sensors.get(lane.name)) is not None:
            t.append(events.t)
            unit.append(lane_units(lane, events))
    return JoinedEvents.sorted(
        t=np.concatenate(t), unit=np.concatenate(unit), units=_total(lanes), lanes=lanes
    )


def split_sensors(joined: JoinedEvents) -> dict[str, Events]:
    """The events of each sensor as they were before `join_sensors`, by name."""
    if not isinstance(joined, JoinedEvents):
        raise ValidationError(
            "split_sensors", f"got {type(joined).__name__}", "what join_sensors gave"
        )
    found: dict[str, Events] = {}
    for lane in joined.lanes:
        own = (joined.unit >= lane.first) & (joined.unit < lane.first + lane.units)
        unit = joined.unit[own] - np.uint32(lane.first)
        columns: dict[str, Any] = {"t": joined.t[own], "unit": unit}
        if issubclass(lane.kind, CameraEvents):
            size = dict(lane.geometry)
            p, y, x = np.unravel_index(unit, (2, size["height"], size["width"]))
            columns = {"t": joined.t[own], "x": x, "y": y, "p": p}
        found[lane.name] = lane.kind(**columns, **dict(lane.geometry))
    return found


def lane_units(lane: Lane, events: Events) -> npt.NDArray[np.uint32]:
    """Numbers of the units of events in the shared queue.

    Raises
    ------
    ValidationError
        If they are of another sensor than the lane.
    """
    if (type(events), tuple(events._geometry().items())) != (lane.kind, lane.geometry):
        raise ValidationError(
            f"join_sensors, {lane.name!r}",
            f"got {type(events).__name__} of {shorten(events._geometry())}",
            f"{lane.kind.__name__} of {shorten(dict(lane.geometry))}",
        )
    return (np.asarray(events.unit, np.int64) + lane.first).astype(np.uint32)


def _lane(lanes: Sequence[Lane], name: str) -> Lane:
    for lane in lanes:
        if lane.name == name:
            return lane
    raise UnknownNameError("sensor", name, [lane.name for lane in lanes])


def _total(lanes: Sequence[Lane]) -> int:
    return sum(lane.units for lane in lanes)
