"""Filters in a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ..events import CameraEvents, Events, UnitEvents
from .base import EventFilter, FilterState, kept

__all__ = ["FilterChain"]


class FilterChain(EventFilter):
    """Several filters, each given what the one before lets pass.

    Parameters
    ----------
    filters
        In their order.

    Examples
    --------
    ``FilterChain(RefractoryFilter(1.0), BackgroundActivity(5.0), DownSample(2))``
    """

    def __init__(self, *filters: EventFilter) -> None:
        if not filters or not all(isinstance(f, EventFilter) for f in filters):
            raise ValidationError("FilterChain", f"got {shorten(filters)}", "one filter or more")
        self.filters = filters

    @property
    def takes(self) -> tuple[type[Events], ...]:  # type: ignore[override]
        """What all of the filters do."""
        return tuple(
            k for k in (CameraEvents, UnitEvents) if all(k in f.takes for f in self.filters)
        )

    def _seen(self, events: Events) -> Events:
        return events

    def __repr__(self) -> str:
        return f"FilterChain({', '.join(map(repr, self.filters))})"

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """None of its own."""
        return {}

    def start(self, width: int, height: int) -> FilterState:
        """The states of all, each of the size that the filters before leave."""
        state, parts = super().start(width, height), []
        for one in self.filters:
            parts.append(one.start(width, height))
            width, height = one.size(width, height)
        state.parts = tuple(parts)
        return state

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Which events of the first filter are still there after the last."""
        numbers = np.arange(len(out))
        for one, part in zip(self.filters, state.parts):
            passed = one.mask(events, part)
            numbers, events = numbers[passed], one.moved(kept(events, passed))
        out[numbers] = True

    def moved(self, events: Any) -> Any:
        """By one after the other."""
        for one in self.filters:
            events = one.moved(events)
        return events

    def size(self, width: int, height: int) -> tuple[int, int]:
        """After the last filter."""
        for one in self.filters:
            width, height = one.size(width, height)
        return width, height
