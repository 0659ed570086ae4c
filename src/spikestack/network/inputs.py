"""Inputs: what drives a population from outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..synapses.base import Synapse
from ..units import magnitude, parse_unit
from ..values import as_value, support
from .trains import read_trains

__all__ = ["ConstantCurrent", "Input", "Poisson", "SpikeTrains", "StepCurrent"]


class Input:
    """The base of all inputs."""

    #: Whether the input consists of events that pass through a synapse.
    has_events = True
    weight: Any = None
    synapse: Synapse | None = None

    def check(self, size: int, where: str) -> None:
        """Raise ValidationError if the input does not fit `size` neurons."""

    def _take_synapse(self, weight: Any, synapse: Synapse | None) -> None:
        name = type(self).__name__
        if synapse is not None and not isinstance(synapse, Synapse):
            raise ValidationError(f"{name}.synapse", f"got {shorten(synapse)}", "a synapse")
        if synapse is not None and weight is not None:
            raise ValidationError(name, "weight given twice", "weight, or a synapse that has it")
        self.weight, self.synapse = weight, synapse


def _fits(value: Any, size: int, where: str) -> None:
    if isinstance(value, np.ndarray) and value.shape != (size,):
        raise ValidationError(
            where, f"an array of shape {value.shape}", f"one value for each of the {size} neurons"
        )


class Poisson(Input):
    """Independent Poisson trains, one for each neuron.

    Parameters
    ----------
    rate
        Hz: number, array or distribution, >= 0.
    weight
        Of each event; the synapse is then the target model's default one.
    synapse
        The synapse to act by, which brings its own weight (its delay plays no part).
    start, stop
        The time in ms during which it is on.
    highest
        Hz: the greatest rate that `Simulation.set` will give it; by default it may be set to
        about the greatest that it has.
    """

    def __init__(
        self,
        rate: Any,
        weight: Any = None,
        *,
        synapse: Synapse | None = None,
        start: Any = 0.0,
        stop: Any = math.inf,
        highest: Any = None,
    ) -> None:
        self.rate = as_value(rate, parse_unit("Hz"), "Poisson.rate")
        if support(self.rate)[0] < 0:
            raise ValidationError("Poisson.rate", f"may be {support(self.rate)[0]:g} Hz", ">= 0 Hz")
        if support(self.rate)[1] > 1e7:
            raise ValidationError(
                "Poisson.rate",
                f"may be {support(self.rate)[1]:g} Hz",
                "<= 1e7 Hz",
                "bound a distribution by high=",
            )
        self.start = magnitude(start, parse_unit("ms"), "Poisson.start")
        self.stop = magnitude(stop, parse_unit("ms"), "Poisson.stop")
        if not 0 <= self.start <= self.stop:
            raise ValidationError(
                "Poisson", f"on from {self.start} to {self.stop} ms", "0 <= start <= stop"
            )
        self.highest = (
            None if highest is None else magnitude(highest, parse_unit("Hz"), "Poisson.highest")
        )
        if self.highest is not None and not 0 <= self.highest <= 1e7:
            raise ValidationError("Poisson.highest", f"got {shorten(highest)}", "0 to 1e7 Hz")
        self._take_synapse(weight, synapse)

    def check(self, size: int, where: str) -> None:
        """Raise ValidationError unless an array of rates has one value per neuron."""
        _fits(self.rate, size, f"{where}, Poisson.rate")


class SpikeTrains(Input):
    """Given spike times.

    Parameters
    ----------
    times
        ms, > 0: either one sequence per neuron, or a flat array together with `ids`. An event at
        time t acts at the end of the step that ends at t, rounded to the grid.
    ids
        For a flat array: the neuron (its place in the driven view) of each event.
    trials
        For a flat array: the trial of each event; without it every trial gets the same events.
    weight, synapse
        As for `Poisson`.
    """

    def __init__(
        self,
        times: Any,
        ids: Any = None,
        trials: Any = None,
        weight: Any = None,
        *,
        synapse: Synapse | None = None,
    ) -> None:
        if ids is None:
            if trials is not None:
                raise ValidationError("SpikeTrains.trials", "given without ids", "flat arrays")
            times, ids = _flatten(times)
        flat = magnitude(
            np.asarray(times) if isinstance(times, list | tuple) else times,
            parse_unit("ms"),
            "SpikeTrains.times",
        )
        self.times = np.atleast_1d(np.asarray(flat, dtype=np.float64))
        if not (np.isfinite(self.times) & (self.times > 0)).all():
            bad = self.times[~(np.isfinite(self.times) & (self.times > 0))][0]
            raise ValidationError("SpikeTrains.times", f"holds {bad} ms", "finite times > 0 ms")
        self.ids = _indices(ids, len(self.times), "SpikeTrains.ids")
        self.trials = (
            None if trials is None else _indices(trials, len(self.times), "SpikeTrains.trials")
        )
        self._take_synapse(weight, synapse)

    @classmethod
    def from_file(
        cls, path: str | Path, weight: Any = None, *, first_id: int = 0, **more: Any
    ) -> SpikeTrains:
        """Read trains from a file; see `spikestack.network.trains.read_trains` for the kinds.

        Parameters
        ----------
        path
            The file.
        weight
            As for the constructor.
        first_id
            What the file calls the first neuron of the driven view (NEST counts from 1).
        more
            Further arguments of the constructor, such as ``synapse``.

        Raises
        ------
        FileFormatError
            If the file holds no spike trains.
        ValidationError
            If a time is not > 0 or an id comes before `first_id`.
        """
        times, ids = read_trains(path)
        return cls(times, ids - first_id, weight=weight, **more)

    def check(self, size: int, where: str) -> None:
        """Raise ValidationError if an event names a neuron that is not there."""
        if len(self.ids) and self.ids.max() >= size:
            raise ValidationError(
                f"{where}, SpikeTrains.ids",
                f"index {self.ids.max()} is out of range",
                f"0 to {size - 1}",
            )


def _flatten(trains: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(trains, Sequence | np.ndarray) or isinstance(trains, str):
        raise ValidationError(
            "SpikeTrains.times",
            f"got {shorten(trains)}",
            "one sequence of times for each neuron, or flat times with ids",
        )
    try:
        rows = [np.asarray(row, dtype=np.float64).reshape(-1) for row in trains]
    except (TypeError, ValueError):
        raise ValidationError(
            "SpikeTrains.times", f"got {shorten(trains)}", "numbers in ms"
        ) from None
    ids = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return (np.concatenate(rows) if rows else np.zeros(0)), ids


def _indices(values: Any, size: int, where: str) -> np.ndarray:
    array = np.atleast_1d(np.asarray(values))
    if array.shape != (size,) or (size and array.dtype.kind not in "iu"):
        raise ValidationError(
            where, f"got {shorten(values)}", f"{size} whole numbers, one per event"
        )
    if size and array.min() < 0:
        raise ValidationError(where, f"holds {array.min()}", ">= 0")
    return array.astype(np.int64)


class ConstantCurrent(Input):
    """A constant current (nA: number, array or distribution) into each neuron."""

    has_events = False

    def __init__(self, amplitude: Any) -> None:
        self.amplitude = as_value(amplitude, parse_unit("nA"), "ConstantCurrent.amplitude")
        if not all(map(math.isfinite, support(self.amplitude))) and not hasattr(
            self.amplitude, "to_dict"
        ):
            raise ValidationError("ConstantCurrent.amplitude", "is not finite", "finite nA")

    def check(self, size: int, where: str) -> None:
        """Raise ValidationError unless an array has one value per neuron."""
        _fits(self.amplitude, size, f"{where}, ConstantCurrent.amplitude")


class StepCurrent(Input):
    """A current that changes at given times and holds in between; 0 before the first.

    Parameters
    ----------
    times
        ms, ascending, >= 0.
    amplitudes
        nA, one for each time.
    """

    has_events = False

    def __init__(self, times: Any, amplitudes: Any) -> None:
        self.times = np.atleast_1d(magnitude(_array(times), parse_unit("ms"), "StepCurrent.times"))
        self.amplitudes = np.atleast_1d(
            magnitude(_array(amplitudes), parse_unit("nA"), "StepCurrent.amplitudes")
        )
        if self.times.shape != self.amplitudes.shape or self.times.ndim != 1 or not len(self.times):
            raise ValidationError(
                "StepCurrent",
                f"{self.times.size} times, {self.amplitudes.size} amplitudes",
                "one amplitude for each time, at least one",
            )
        ascending = (np.diff(self.times) > 0).all() and self.times[0] >= 0
        if not (np.isfinite(self.times).all() and ascending):
            raise ValidationError(
                "StepCurrent.times", f"{shorten(self.times)}", "finite, ascending, >= 0 ms"
            )
        if not np.isfinite(self.amplitudes).all():
            raise ValidationError("StepCurrent.amplitudes", "not finite", "finite nA")


def _array(values: Any) -> Any:
    return np.asarray(values) if isinstance(values, list | tuple) else values
