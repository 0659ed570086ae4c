"""Electrodes: currents that are injected into cells.

A value that holds at t acts on the potential from t to t + dt; so the potential moves one step
after the current. What is recorded of a current are its values at every step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.random import AbstractRNG, NativeRNG
from pyNN.standardmodels import electrodes

from ...errors import ValidationError
from ...network.currents.sinusoidal import SinusoidalCurrent
from ...network.inputs import Input, StepCurrent
from .naming import kept

__all__ = ["ACSource", "DCSource", "NoisyCurrentSource", "StepCurrentSource"]


class _Electrode:
    """What all sources share: parameters, injection, and the values that were."""

    translations: Mapping[str, Any]
    default_parameters: Mapping[str, Any]
    #: Whether values are made only up to the end of a run, so that every run needs more of them.
    grows = False
    _now: dict[str, Any]
    _past: np.ndarray
    _segment: int | None

    def __init__(self, **parameters: Any) -> None:
        object.__setattr__(self, "_past", np.zeros(0))
        object.__setattr__(self, "_segment", None)
        object.__setattr__(self, "_now", {})
        super().__init__(**parameters)
        given: ParameterSpace = self.native_parameters  # type: ignore[attr-defined]
        given.shape = (1,)
        self.set_native_parameters(given)

    @property
    def _state(self) -> Any:
        from ..simulator import state

        return state

    def set_native_parameters(self, parameters: ParameterSpace) -> None:
        """Take new values, which act from the present time on.

        Raises
        ------
        ValidationError
            If a value cannot be meant; nothing has changed then.
        """
        parameters.evaluate(simplify=True)
        fresh = {**self._now, **{k: _plain(v) for k, v in parameters.items()}}
        checked = self._checked(fresh)
        self._remember(self._state.step)
        object.__setattr__(self, "_now", checked)
        self._state.changed()

    def get_native_parameters(self) -> dict[str, Any]:
        """Parameters by name: numbers and arrays."""
        return dict(self._now)

    def get_parameters(self) -> dict[str, Any]:
        """Parameters by name: numbers and arrays."""
        return dict(self._now)

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        for name, value in values.items():
            if not np.isfinite(value).all():
                raise ValidationError(f"{type(self).__name__}.{name}", f"is {value}", "finite")
        return values

    def _values(self, first: int, last: int) -> np.ndarray:
        """The current in nA at steps `first` to `last` - 1, by the present parameters."""
        raise NotImplementedError

    def _remember(self, step: int) -> None:
        """Keep what the current was before `step`, which later changes leave as it was."""
        if self._segment != self._state.segment_counter:
            object.__setattr__(self, "_past", np.zeros(0))
            object.__setattr__(self, "_segment", self._state.segment_counter)
        kept_values = self._past[:step]
        if self._now and len(kept_values) < step:
            more = self._values(len(kept_values), step)
            kept_values = np.concatenate([kept_values, more])
        object.__setattr__(self, "_past", kept_values)

    def _on(self, first: int, last: int) -> np.ndarray:
        """At which steps it is on, between start and stop: bool (last - first,)."""
        steps, dt = np.arange(first, last), self._state.dt
        begin, end = (_step_of(self._now[name], dt) for name in ("start", "stop"))
        on: np.ndarray = (steps >= begin) & (steps < end)
        return on

    def inject_into(self, cells: Any) -> None:
        """Inject the current into cells: a population, a view, an assembly, or a list of cells."""
        self._state.attach(self, cells)

    def record(self) -> None:
        """Keep the current for `get_data`; it is kept anyway."""

    def _get_data(self) -> tuple[np.ndarray, np.ndarray]:
        """Times in ms and the current in nA at all steps so far, the present one included."""
        state = self._state
        self._remember(state.step)
        present = self._values(state.step, state.step + 1)
        return np.arange(state.step + 1) * state.dt, np.concatenate([self._past, present])


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value[0]
    if isinstance(value, Sequence):
        return np.asarray(value.value, dtype=float)
    return float(value)


def _step_of(time: float, dt: float) -> float:
    return math.floor(time / dt + 0.5)


def _steps(pairs: list[tuple[float, float]]) -> StepCurrent:
    """A current of values from given times on; the last of those at the same time counts."""
    merged = dict(pairs)
    return StepCurrent(np.array(list(merged)), np.array(list(merged.values())))


class DCSource(_Electrode, electrodes.DCSource):  # type: ignore[misc]
    """A constant current from `start` to `stop`."""

    translations = kept(electrodes.DCSource.default_parameters)

    def _values(self, first: int, last: int) -> np.ndarray:
        return self._now["amplitude"] * self._on(first, last)

    def native(self, dt: float) -> tuple[Input, ...]:
        """The inputs that it is."""
        begin, end = (_step_of(self._now[name], dt) * dt for name in ("start", "stop"))
        if end <= max(begin, 0.0):
            return ()
        return (_steps([(max(begin, 0.0), self._now["amplitude"]), (end, 0.0)]),)


class ACSource(_Electrode, electrodes.ACSource):  # type: ignore[misc]
    """A sinusoidal current from `start` to `stop`; the phase, in degrees, is that at `start`."""

    translations = kept(electrodes.ACSource.default_parameters)

    def _values(self, first: int, last: int) -> np.ndarray:
        now = self._now
        since = np.arange(first, last) * self._state.dt - now["start"]
        angle = 2e-3 * np.pi * now["frequency"] * since + np.deg2rad(now["phase"])
        wave = now["offset"] + now["amplitude"] * np.sin(angle)
        made: np.ndarray = np.where(self._on(first, last), wave, 0.0)
        return made

    def native(self, dt: float) -> tuple[Input, ...]:
        """The inputs that it is."""
        now = self._now
        begin, end = (_step_of(now[name], dt) * dt for name in ("start", "stop"))
        if end <= max(begin, 0.0):
            return ()
        turns = now["phase"] / 360 - now["frequency"] * 1e-3 * now["start"]
        return (
            SinusoidalCurrent(
                amplitude=now["amplitude"],
                frequency=now["frequency"],
                offset=now["offset"],
                phase=2 * math.pi * (turns % 1.0),
                start=max(begin, 0.0),
                stop=end,
            ),
        )


class StepCurrentSource(_Electrode, electrodes.StepCurrentSource):  # type: ignore[misc]
    """A current that takes given values at given times, rounded to steps, and holds them."""

    translations = kept(electrodes.StepCurrentSource.default_parameters)

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        values = super()._checked(values)
        times, amplitudes = values["times"], values["amplitudes"]
        where = "StepCurrentSource.times"
        if len(times) != len(amplitudes):
            raise ValidationError(where, f"{len(times)} times", f"as amplitudes, {len(amplitudes)}")
        if (times < 0).any() or (np.diff(times) <= 0).any():
            raise ValidationError(where, f"got {times}", "ascending, from 0 ms on")
        dt = self._state.dt
        steps = np.floor(times / dt + 0.5)
        last = np.append(np.diff(steps) > 0, True)[: len(steps)]
        return {"times": steps[last] * dt, "amplitudes": amplitudes[last]}

    def _values(self, first: int, last: int) -> np.ndarray:
        steps = np.floor(self._now["times"] / self._state.dt + 0.5)
        place = np.searchsorted(steps, np.arange(first, last), side="right")
        found: np.ndarray = np.append(0.0, self._now["amplitudes"])[place]
        return found

    def native(self, dt: float) -> tuple[Input, ...]:
        """The inputs that it is."""
        if not len(self._now["times"]):
            return ()
        return (_steps(list(zip(self._now["times"], self._now["amplitudes"]))),)


class NoisyCurrentSource(_Electrode, electrodes.NoisyCurrentSource):  # type: ignore[misc]
    """Normal numbers, each held for `dt` ms, from `start` to `stop`; all cells get the same.

    Parameters
    ----------
    rng
        Where they come from: a generator of PyNN. By default they follow from ``rng_seed`` of
        ``setup()`` and from how many sources were made before; so they do for a `NativeRNG`, with
        its own seed.
    parameters
        As in PyNN; without `dt`, a new number is drawn in every step.
    """

    translations = kept(electrodes.NoisyCurrentSource.default_parameters)
    grows = True

    def __init__(self, rng: AbstractRNG | None = None, **parameters: Any) -> None:
        state = self._state
        parameters.setdefault("dt", state.dt)
        object.__setattr__(self, "_rng", rng)
        state.noise_sources = getattr(state, "noise_sources", 0) + 1
        seed = getattr(rng, "seed", None) if isinstance(rng, NativeRNG) else state.rng_seed
        key = (0 if seed is None else int(seed), state.noise_sources)
        object.__setattr__(self, "_own", np.random.default_rng(key))
        object.__setattr__(self, "_drawn", np.zeros(0))
        super().__init__(**parameters)

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        values = super()._checked(values)
        ratio = values["dt"] / self._state.dt
        if not (ratio > 0.5 and abs(ratio - round(ratio)) < 1e-6):
            raise ValidationError(
                "NoisyCurrentSource.dt", f"is {values['dt']:g} ms", "a whole number of timesteps"
            )
        if values["stdev"] < 0:
            raise ValidationError("NoisyCurrentSource.stdev", f"is {values['stdev']}", ">= 0 nA")
        return values

    def _normal(self, n: int) -> np.ndarray:
        """The first `n` standard normal numbers of this source."""
        missing = n - len(self._drawn)
        if missing > 0:
            if self._rng is None or isinstance(self._rng, NativeRNG):
                more = self._own.standard_normal(missing)
            else:
                drawn = self._rng.next(missing, "normal", {"mu": 0.0, "sigma": 1.0})
                more = np.atleast_1d(np.asarray(drawn, dtype=float))
            object.__setattr__(self, "_drawn", np.concatenate([self._drawn, more]))
        found: np.ndarray = self._drawn[:n]
        return found

    def _values(self, first: int, last: int) -> np.ndarray:
        every = round(self._now["dt"] / self._state.dt)
        begin = max(_step_of(self._now["start"], self._state.dt), 0)
        on = self._on(first, last)
        places = np.maximum(np.arange(first, last) - begin, 0) // every
        end = int(places[on].max()) + 1 if on.any() else 0
        values = np.zeros(last - first)
        values[on] = self._now["mean"] + self._now["stdev"] * self._normal(end)[places[on]]
        return values

    def native(self, dt: float, until: int = 0) -> tuple[Input, ...]:
        """The inputs that it is, up to step `until`."""
        first = int(self._state.step)
        if until <= first:
            return ()
        values = self._values(first, until)
        changes = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)
        if not values.any():
            return ()
        times, given = (first + changes) * dt, values[changes]
        return (StepCurrent(np.append(times, until * dt), np.append(given, 0.0)),)
