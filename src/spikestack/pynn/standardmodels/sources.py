"""Sources of spikes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.standardmodels import ModelNotAvailable, cells

from ...errors import ValidationError
from ...network.inputs import Input, Poisson
from ...neurons.spike_source import SpikeSource
from ..native import NativeCell
from .models import CountSource, GatedSource, PlainSource
from .naming import alone, kept, picked

__all__ = [
    "SpikeSourceArray",
    "SpikeSourceGamma",
    "SpikeSourceInhGamma",
    "SpikeSourcePoisson",
    "SpikeSourcePoissonRefractory",
]

#: Events in a step, on average, from which on several in one step are told apart.
_MANY = 0.1
_TIMES = {"start": "start", "duration": "duration"}


def _step() -> float:
    """The step of the simulation in ms."""
    from ..simulator import state

    return float(state.dt)


def _check_events(rate: Any, name: str, rule: str) -> None:
    most = float(np.max(rate)) * 1e-3 * _step()
    if most > 1:
        raise ValidationError(name, f"{most:.3g} events in a step", rule, "take a smaller timestep")


class SpikeSourceArray(cells.SpikeSourceArray):  # type: ignore[misc]
    """Spikes at given times."""

    translations = kept(cells.SpikeSourceArray.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`.

        Raises
        ------
        pyNN.errors.InvalidParameterValueError
            If times do not ascend.
        """
        given = np.atleast_1d(np.asarray(parameters["spike_times"], dtype=object))
        trains = [np.asarray(getattr(row, "value", row), dtype=float) for row in given]
        if any((np.diff(times) < 0).any() for times in trains):
            raise errors.InvalidParameterValueError("Spike times must be in increasing order.")
        return NativeCell(SpikeSource(), trains=trains)


class SpikeSourcePoisson(cells.SpikeSourcePoisson):  # type: ignore[misc]
    """Spikes of a Poisson process.

    Where more than one event in ten steps is expected, a spike carries the number of events of its
    step, as many as there are; below that there is one at most, with the rate kept exactly.
    """

    translations = kept(cells.SpikeSourcePoisson.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        rate, start, duration = (alone(parameters[n]) for n in ("rate", "start", "duration"))
        if np.max(rate) * 1e-3 * _step() > _MANY:
            return NativeCell(CountSource(), inputs=_trains(rate, start, duration))
        if np.max(start) <= 0 and np.min(duration) >= 1e9:
            return NativeCell(PlainSource(rate=rate))
        return NativeCell(GatedSource(rate=rate, start=start, duration=duration))


def _trains(rate: Any, start: Any, duration: Any) -> tuple[tuple[np.ndarray | None, Input], ...]:
    """Poisson input, one for each span of time."""
    begin = np.maximum(start, 0.0)
    end = np.maximum(np.asarray(start) + duration, begin)
    if np.ndim(begin) == np.ndim(end) == 0:
        return ((None, Poisson(rate, weight=1.0, start=float(begin), stop=float(end))),)
    n = max(np.size(begin), np.size(end))
    rates = np.broadcast_to(rate, n)
    spans = np.stack([np.broadcast_to(begin, n), np.broadcast_to(end, n)], axis=1)
    made = []
    for low, high in np.unique(spans, axis=0):
        places = np.flatnonzero((spans == (low, high)).all(axis=1))
        given = Poisson(rates[places], weight=1.0, start=float(low), stop=float(high))
        made.append((places, given))
    return tuple(made)


class SpikeSourcePoissonRefractory(cells.SpikeSourcePoissonRefractory):  # type: ignore[misc]
    """Spikes of a Poisson process with dead time, at the given mean rate."""

    translations = kept(cells.SpikeSourcePoissonRefractory.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`.

        Raises
        ------
        ValidationError
            If the dead time leaves no room for the rate, on this step.
        """
        own = picked(parameters, tau_refrac="tau_refrac", **_TIMES)
        rate = np.asarray(parameters["rate"], dtype=float)
        room = 1.0 - rate * 1e-3 * own["tau_refrac"]
        if (room <= 0).any():
            raise ValidationError(
                "SpikeSourcePoissonRefractory.rate", f"{rate.max():g} Hz", "below 1/tau_refrac"
            )
        events = rate / room
        _check_events(events, "SpikeSourcePoissonRefractory.rate", "at most 1")
        return NativeCell(GatedSource(rate=alone(events), **own))


class SpikeSourceGamma(cells.SpikeSourceGamma):  # type: ignore[misc]
    """Spikes at gamma-distributed intervals, whose shape alpha is a whole number."""

    # A whole number as the default would have others cut to whole ones, silently.
    default_parameters = cells.SpikeSourceGamma.default_parameters | {"alpha": 2.0}
    translations = kept(cells.SpikeSourceGamma.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`.

        Raises
        ------
        ValidationError
            If alpha is not whole, or beta more than one event in a step.
        """
        own = picked(parameters, order="alpha", rate="beta", **_TIMES)
        order = np.asarray(own["order"], dtype=float)
        if (order < 1).any() or (order != np.rint(order)).any():
            raise ValidationError(
                "SpikeSourceGamma.alpha", f"got {order.flat[0]:g}", "whole numbers from 1 on"
            )
        _check_events(own["rate"], "SpikeSourceGamma.beta", "at most 1")
        return NativeCell(GatedSource(**own))


class SpikeSourceInhGamma(ModelNotAvailable):  # type: ignore[misc]
    """Not available here: draw its spikes by thinning, and give them to a `SpikeSourceArray`."""
