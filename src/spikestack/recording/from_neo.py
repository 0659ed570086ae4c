"""Blocks of Neo as recordings: those we made, exactly, and those of other tools on a grid."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MissingExtraError, ValidationError, shorten
from .checks import checked_dt
from .facts import FACTS, TRACE_FACTS, record_of
from .recording import Recording
from .spikes import SpikeRecord
from .trace import Trace

__all__ = ["recording_of"]

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError)
#: How tools name the population and the neuron that a spike train or a channel is of.
POPULATIONS = ("population", "source_population")
NEURONS = ("neuron", "source_index", "channel_index", "source_id")

Trains = list[tuple[int, int, Any]]


def recording_of(block: Any, dt: float | None) -> Recording:
    """See `Recording.from_neo`."""
    try:
        import neo
    except ImportError as error:
        raise MissingExtraError("from_neo()", "neo") from error
    if not isinstance(block, neo.Block):
        raise ValidationError("from_neo", f"got {shorten(block)}", "a neo.Block")
    try:
        facts = json.loads(block.annotations["recording"])
        return _ours(block, facts)
    except KeyError:
        if "recording" in block.annotations:
            raise _damaged("a fact is missing") from None
    except ValidationError:
        raise
    except MALFORMED as error:
        raise _damaged(str(error)) from error
    return _foreign(block, dt)


def _damaged(why: str) -> ValidationError:
    return ValidationError(
        "from_neo", f"the block's annotation 'recording' does not fit it: {why}",
        remedy="take the annotation away to read the block as any other",
    )  # fmt: skip


def _ours(block: Any, facts: Mapping[str, Any]) -> Recording:
    trains = _by_population(block)
    signals = _signals(block)
    spikes = {}
    for own in facts["spikes"]:
        name = own["population"]
        spikes[name] = record_of(own, *_columns(trains.get(name, []), own["dt"]))
    traces: dict[str, dict[str, Trace]] = {}
    for own in facts["traces"]:
        parts = signals[own["population"], own["variable"]]
        values = np.stack([part.magnitude for _, part in parts]).astype(own["dtype"])
        steps = _on_grid(parts[0][1].times, own["dt"])
        trace = Trace(
            **{name: own[name] for name in TRACE_FACTS},
            steps=steps, ids=np.asarray(own["ids"], np.int32), values=values,
        )  # fmt: skip
        traces.setdefault(trace.population, {})[trace.variable] = trace
    return Recording(
        spikes=spikes, traces=traces, provenance=json.loads(block.annotations["provenance"]),
        **{name: facts[name] for name in FACTS},
    )  # fmt: skip


def _foreign(block: Any, dt: float | None) -> Recording:
    trains, signals = _by_population(block), _signals(block)
    periods = [
        _ms(part.sampling_period)
        for parts in signals.values()
        for _, part in parts
        if hasattr(part, "sampling_period")
    ]
    if dt is None and not periods:
        raise ValidationError(
            "from_neo", "the block does not say on which grid its spikes lie",
            remedy="give dt in ms; spikes are moved to the nearest step",
        )  # fmt: skip
    dt = checked_dt(min(periods) if dt is None else dt, "from_neo")
    each = [train for own in trains.values() for _, _, train in own]
    t_start = min((_ms(train.t_start) for train in each), default=0.0)
    ends = [_ms(train.t_stop) for train in each]
    ends += [_ms(part.times[-1]) for parts in signals.values() for _, part in parts if len(part)]
    window: dict[str, Any] = {"t_start": t_start, "t_stop": max(ends, default=t_start)}
    number = max(len(block.segments), 1)
    spikes = {name: _record(name, own, dt, number, window) for name, own in trains.items()}
    traces: dict[str, dict[str, Trace]] = {}
    for (name, variable), parts in signals.items():
        traces.setdefault(name, {})[variable] = _trace(name, variable, parts, dt)
    about = {"read_from": "Neo", "name": str(block.name or ""), "dt": dt}
    return Recording(spikes=spikes, traces=traces, provenance=about, **window)


def _record(
    name: str, trains: Trains, dt: float, number: int, window: Mapping[str, Any]
) -> SpikeRecord:
    neurons = np.unique([neuron for _, neuron, _ in trains])
    size = int(neurons[-1]) + 1
    steps, ids, trials, _ = _columns(trains, dt)
    return SpikeRecord(
        population=name, size=size, dt=dt, steps=steps, ids=ids, trials=trials, n_trials=number,
        recorded=None if len(neurons) == size else neurons.astype(np.int32), **window,
    )  # fmt: skip


def _trace(name: str, variable: str, parts: list[tuple[int, Any]], dt: float) -> Trace:
    shapes = {part.magnitude.shape for _, part in parts}
    if len(shapes) > 1:
        raise ValidationError(
            f"from_neo: {name}.{variable}", f"segments have signals of shapes {sorted(shapes)}",
            "trials of one length", "give one segment at a time",
        )  # fmt: skip
    first = parts[0][1]
    dt = _ms(first.sampling_period) if hasattr(first, "sampling_period") else dt
    ids = np.arange(first.magnitude.shape[1])
    for key in NEURONS:
        if key in first.array_annotations:
            ids = np.asarray(first.array_annotations[key])
            break
    order = np.argsort(ids, kind="stable")
    return Trace(
        population=name, variable=variable, unit=str(first.dimensionality), dt=dt,
        steps=_on_grid(first.times, dt), ids=ids[order].astype(np.int32),
        values=np.stack([part.magnitude[:, order] for _, part in parts]),
    )  # fmt: skip


def _by_population(block: Any) -> dict[str, Trains]:
    """Spike trains by population, as (trial, neuron, train)."""
    found: dict[str, Trains] = {}
    for trial, segment in enumerate(block.segments):
        for place, train in enumerate(segment.spiketrains):
            name = _first(train.annotations, POPULATIONS, "neo")
            neuron = int(_first(train.annotations, NEURONS, place))
            found.setdefault(str(name), []).append((trial, neuron, train))
    return found


def _signals(block: Any) -> dict[tuple[str, str], list[tuple[int, Any]]]:
    """Signals by population and variable, one a segment."""
    found: dict[tuple[str, str], list[tuple[int, Any]]] = {}
    for trial, segment in enumerate(block.segments):
        for signal in (*segment.analogsignals, *segment.irregularlysampledsignals):
            name = str(_first(signal.annotations, POPULATIONS, "neo"))
            variable = str(_first(signal.annotations, ("variable",), signal.name or "signal"))
            found.setdefault((name, variable), []).append((trial, signal))
    return found


def _first(annotations: Mapping[str, Any], names: Iterable[str], default: Any) -> Any:
    return next((annotations[name] for name in names if name in annotations), default)


def _columns(trains: Trains, dt: float) -> tuple[npt.NDArray[Any], ...]:
    """Steps, neurons, trials and values of all spikes of some trains."""
    steps = [_on_grid(train.times, dt) for _, _, train in trains]
    counts = [len(each) for each in steps]
    carried = [
        np.asarray(train.array_annotations.get("value", np.zeros(len(train))))
        for _, _, train in trains
    ]
    neurons, trials = ([one[k] for one in trains] for k in (1, 0))
    empty = np.zeros(0, np.int64)
    return (
        np.concatenate([empty, *steps]),
        np.repeat(np.asarray(neurons, np.int32), counts),
        np.repeat(np.asarray(trials, np.int32), counts),
        np.concatenate(carried) if carried else empty,
    )


def _on_grid(times: Any, dt: float) -> npt.NDArray[np.int64]:
    return np.rint(times.rescale("ms").magnitude.astype(float) / dt).astype(np.int64)


def _ms(time: Any) -> float:
    return float(time.rescale("ms").magnitude)
