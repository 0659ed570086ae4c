"""Samples on their way into a network: slots of time as units, many samples as trials."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ValidationError, shorten
from ...units import magnitude, parse_unit
from ..events import Events, UnitEvents

if TYPE_CHECKING:
    from ...network.inputs import SpikeTrains

__all__ = ["spike_trials", "time_slots"]


def time_slots(events: Events, slots: int, every: Any, grid: Any = 1.0) -> UnitEvents:
    """Events of a unit in different slots of time as those of different units.

    Unit ``slot*units + unit``, so that what reads spikes without memory for time can tell early
    ones from late ones. Times go up to the grid, and of several events of a unit in a step one
    stays: a neuron fires once in a step.

    Parameters
    ----------
    events
        Of any sensor, from 0 ms on; what comes after the last slot is left out.
    slots
        How many.
    every
        Length of a slot in ms.
    grid
        Step in ms, of the network that will be driven.

    Raises
    ------
    ValidationError
        If there is no slot, a slot is no whole number of steps, or an event comes before 0.
    """
    where, ms = "time_slots", parse_unit("ms")
    lengths = [magnitude(every, ms, f"{where}, every"), magnitude(grid, ms, f"{where}, grid")]
    if not all(isinstance(x, float) and 0 < x < 1e9 for x in lengths):
        raise ValidationError(where, f"every {shorten(every)}, grid {shorten(grid)}", "above 0 ms")
    length, step = (round(float(x) * 1000) for x in lengths)
    if not step or length % step or not isinstance(slots, int | np.integer) or slots < 1:
        raise ValidationError(
            where,
            f"{shorten(slots)} slots of {lengths[0]:g} ms in steps of {lengths[1]:g} ms",
            "1 or more, each of whole steps",
        )
    if len(events) and events.t[0] < 0:
        raise ValidationError(where, f"an event at {events.t[0]} us", "0 or later")
    if slots * events.size > 2**32 or slots * length // step > 2**30:
        raise ValidationError(
            where,
            f"{slots} slots of {lengths[0]:g} ms, {events.size} units each",
            "2**32 units and 2**30 steps at most",
        )
    # The step that ends at or after the event; an event at 0 is of the first one.
    steps = np.maximum(-(-np.asarray(events.t) // step), 1)
    slot = (steps - 1) * step // length
    within = slot < slots
    unit = slot[within] * events.size + np.asarray(events.unit, np.int64)[within]
    units = int(slots) * events.size
    # One number for both, below 2**63, sorts many times as fast as two.
    key = np.sort(steps[within] * units + unit)
    at, who = np.divmod(key[np.diff(key, prepend=-1) > 0], units)
    return UnitEvents(at * step, who.astype(np.uint32), units)


def spike_trials(samples: Sequence[Events], **settings: Any) -> SpikeTrains:
    """Many samples as an input: each is a trial of its own.

    ``net.drive(senses, spike_trials(samples)); net.run(duration, trials=len(samples))``

    Parameters
    ----------
    samples
        Events of one size, after 0 ms.
    settings
        Of `SpikeTrains`: ``weight``, ``synapse``.

    Raises
    ------
    ValidationError
        If there are none, they differ in size, or an event is not after 0.
    """
    sizes = {events.size for events in samples}
    if len(sizes) != 1:
        raise ValidationError(
            "spike_trials", f"{len(samples)} samples of {len(sizes)} sizes", "samples of one size"
        )
    times = np.concatenate([np.asarray(events.t) for events in samples]) / 1000.0
    units = np.concatenate([np.asarray(events.unit, np.int64) for events in samples])
    trials = np.repeat(np.arange(len(samples)), [len(events) for events in samples])
    inputs = importlib.import_module("spikestack.network.inputs")
    made: SpikeTrains = inputs.SpikeTrains(times, units, trials, **settings)
    return made
