"""What a session feeds into a running network, checked: events to come, currents, rates."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from .errors import UnknownNameError, ValidationError, shorten
from .program.live import Events, Live, Setting, largest_count
from .program.program import Port, Program
from .units import magnitude, parse_unit

__all__ = ["injected", "was_set", "whole_steps"]

_UNITS = {"current": "nA", "rate": "Hz"}
_LATEST = 2**53


def injected(
    program: Program,
    live: Live,
    step: int,
    name: str,
    ids: Any,
    times: Any = None,
    counts: Any = None,
    trial: int | None = None,
) -> Live:
    """`live` with events that act after `step`; see `Simulation.inject`."""
    where = f"inject {shorten(name)}"
    index, port = _port(program, name, "inject", ("spikes",))
    places = _places(ids, len(port.ids), f"{where}, ids")
    n = len(places)
    steps = np.full(n, step + 1) if times is None else _steps(times, n, step, program.dt, where)
    sizes = _numbers(1.0 if counts is None else counts, n, "", f"{where}, counts")
    trials = _trials(program, trial, where)
    m = len(trials)
    new = Events(
        np.tile(steps, m),
        np.repeat(trials, n),
        np.full(n * m, index),
        np.tile(places, m),
        np.tile(sizes, m),
    )
    events = live.events.after(step).joined(new)
    _check_sums(port, events, events.ports == index, program.dt, where)
    return replace(live, events=events, fed=live.fed + 1)


def was_set(
    program: Program, live: Live, step: int, name: str, value: Any, trial: int | None = None
) -> Live:
    """`live` with a current or rate in force from `step` on; see `Simulation.set`."""
    where = f"set {shorten(name)}"
    index, port = _port(program, name, "set", ("current", "rate"))
    values = _numbers(value, len(port.ids), _UNITS[port.kind], where)
    if port.kind == "rate":
        _check_rates(program, port, values, where)
    made: dict[tuple[int, int], Setting] = {
        (int(t), index): (step, values) for t in _trials(program, trial, where)
    }
    if port.kind == "rate":
        return replace(live, rates={**live.rates, **made}, fed=live.fed + 1)
    return replace(live, currents={**live.currents, **made}, fed=live.fed + 1)


def _port(program: Program, name: str, action: str, kinds: tuple[str, ...]) -> tuple[int, Port]:
    known = [p.name for p in program.ports if p.kind in kinds]
    for k, port in enumerate(program.ports):
        if port.name == name and port.kind in kinds:
            return k, port
        if port.name == name and port.kind != "given":
            other, what = ("set", "a number") if action == "inject" else ("inject", "spikes")
            raise ValidationError(
                f"{action} {shorten(name)}",
                f"this drive takes {what}",
                f"{other}({shorten(name)}, ...)",
                f"drives for {action}: {', '.join(map(repr, known)) or 'none'}",
            )
    raise UnknownNameError(f"Simulation.{action}", name, known)


def _places(ids: Any, size: int, where: str) -> np.ndarray:
    found = np.atleast_1d(np.asarray(ids))
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise ValidationError(where, f"got {shorten(ids)}", "whole numbers, flat")
    if found.size and (found.min() < 0 or found.max() >= size):
        bad = found[(found < 0) | (found >= size)][0]
        raise ValidationError(where, f"index {bad} is out of range", f"0 to {size - 1}")
    return found.astype(np.int64)


def _steps(times: Any, n: int, step: int, dt: float, where: str) -> np.ndarray:
    ms = _numbers(times, n, "ms", f"{where}, times")
    # As near to a step as times are given exactly.
    if n and (ms <= step * dt * (1 + 1e-12)).any():
        raise ValidationError(
            f"{where}, times",
            f"{ms.min():g} ms is past",
            f"later than {step * dt:g} ms",
            "leave times out for the next step",
        )
    if n and ms.max() / dt >= _LATEST:
        raise ValidationError(f"{where}, times", f"{ms.max():g} ms", "fewer than 2**53 steps")
    return np.maximum(np.floor(ms / dt + 0.5).astype(np.int64), step + 1)


def _numbers(value: Any, n: int, unit: str, where: str) -> np.ndarray:
    """One finite float64 for each, from one for all or as many."""
    if unit:
        given = np.asarray(value) if isinstance(value, list | tuple) else value
        value = magnitude(given, parse_unit(unit), where)
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValidationError(where, f"got {shorten(value)}", f"numbers {unit}".strip()) from None
    if found.shape not in ((), (1,), (n,)):
        raise ValidationError(
            where, f"an array of shape {found.shape}", f"one number, or {n} in a flat array"
        )
    if not np.isfinite(found).all():
        bad = found[~np.isfinite(found)].flat[0] if found.ndim else found
        raise ValidationError(where, f"holds {bad}", "finite numbers")
    return np.array(np.broadcast_to(found, (n,)))


def _trials(program: Program, trial: int | None, where: str) -> np.ndarray:
    if trial is None:
        return np.arange(program.trials)
    whole = isinstance(trial, int | np.integer) and not isinstance(trial, bool)
    if not whole or not 0 <= trial < program.trials:
        raise ValidationError(
            f"{where}, trial", f"got {shorten(trial)}", f"None, or 0 to {program.trials - 1}"
        )
    return np.array([int(trial)])


def _check_sums(port: Port, events: Events, mine: np.ndarray, dt: float, where: str) -> None:
    """Raise ValidationError if a neuron would get more in a step than its sums have room for."""
    if not mine.any():
        return
    sizes = np.abs(events.sizes[mine])
    if sizes.sum() <= port.largest:
        return
    keys = np.stack([events.steps[mine], events.trials[mine], events.places[mine]])
    distinct, which = np.unique(keys, axis=1, return_inverse=True)
    sums = np.bincount(which.reshape(-1), sizes)
    if sums.max() > port.largest:
        step, _, place = distinct[:, int(sums.argmax())]
        raise ValidationError(
            where,
            f"neuron {place} would get {sums.max():g} events at {step * dt:g} ms",
            f"at most {port.largest:g} in one step",
            "declare more: ExternalSpikes(..., most=...)",
        )


def _check_rates(program: Program, port: Port, rates: np.ndarray, where: str) -> None:
    if rates.min(initial=0.0) < 0 or rates.max(initial=0.0) > 1e7:
        bad = rates[(rates < 0) | (rates > 1e7)][0]
        raise ValidationError(where, f"a rate of {bad:g} Hz", "0 to 1e7 Hz")
    if len(rates) and largest_count(program, port, rates) > port.largest:
        raise ValidationError(
            where,
            f"a rate of {rates.max():g} Hz brings more events in a step than were declared",
            f"at most {port.largest:g} in a step of {program.dt:g} ms",
            "declare the greatest rate: Poisson(..., highest=...)",
        )


def whole_steps(duration: Any, dt: float) -> int:
    """A duration in ms as whole steps.

    Raises
    ------
    ValidationError
        If it is negative, not finite, or no whole number of steps.
    """
    ms = magnitude(duration, parse_unit("ms"), "run, duration")
    if not isinstance(ms, float) or not math.isfinite(ms) or ms < 0:
        raise ValidationError("run, duration", f"got {shorten(duration)}", "a finite time >= 0 ms")
    steps = ms / dt
    if abs(steps - round(steps)) > 1e-6 * max(1.0, steps):
        raise ValidationError(
            "run, duration", f"{ms} ms is {steps:g} steps of {dt} ms", "a whole number of steps"
        )
    return round(steps)
