"""Functions of Elephant on a recording, chosen by name and fed what they ask for."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError, UnknownNameError, ValidationError, shorten

if TYPE_CHECKING:
    from .recording import Recording

__all__ = ["called"]

NAME = re.compile(r"[a-z][a-z_0-9]*(\.[a-z][a-z_0-9]*)+")
#: Arguments of Elephant's functions that are times, which we give in ms, and frequencies in Hz.
TIMES = {
    "bin_size",
    "t_start",
    "t_stop",
    "sampling_period",
    "dt",
    "shift",
    "window",
    "surr_dt",
    "tolerance",
    "max_tau",
    "half_width",
    "isi_threshold",
    "tau",
    "spread",
}
FREQUENCIES = frozenset(
    ["frequency_resolution", "cost_factor", "highpass_frequency", "lowpass_frequency"]
)


def called(
    recording: Recording, function: str, of: Any, trial: int, options: dict[str, Any]
) -> Any:
    """See `Recording.elephant`."""
    found = _function(function)
    first = next(iter(inspect.signature(found).parameters))
    make = _FEEDS.get(first)
    if make is None:
        raise ValidationError(
            f"elephant.{function}", f"its first argument is {first!r}",
            f"functions of {', '.join(_FEEDS)} can be called so",
            "call it yourself on what result.to_neo() gives",
        )  # fmt: skip
    import quantities as pq

    given = {name: _quantity(name, value, pq) for name, value in options.items()}
    return make(found, recording, of, trial, given)


def _function(name: str) -> Callable[..., Any]:
    """A public function of Elephant; nothing outside of it is ever looked up."""
    try:
        importlib.import_module("elephant")
    except ImportError as error:
        raise MissingExtraError("elephant()", "elephant") from error
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValidationError(
            "elephant", f"got {shorten(name)}", "module.function, as 'statistics.cv2'"
        )
    where, _, own = name.rpartition(".")
    try:
        module = importlib.import_module(f"elephant.{where}")
    except ImportError:
        raise ValidationError(
            f"elephant.{name}", f"Elephant has no module {where!r}",
            remedy="modules are statistics, spike_train_correlation, spectral, ...",
        ) from None  # fmt: skip
    known = {
        key: value
        for key, value in vars(module).items()
        if inspect.isfunction(value)
        and not key.startswith("_")
        and value.__module__.startswith("elephant.")
    }
    if own not in known:
        raise UnknownNameError(f"elephant.{where}", own, known)
    return known[own]


def _quantity(name: str, value: Any, pq: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if name in TIMES:
            return value * pq.ms
        if name in FREQUENCIES:
            return value * pq.Hz
    return value


def _trains(recording: Recording, of: Any, trial: int) -> list[Any]:
    from .neo_blocks import trains_of

    names = list(recording.spikes)
    if of is None and len(names) == 1:
        of = names[0]
    if not isinstance(of, str):
        raise ValidationError(
            "elephant", f"got {shorten(of)} for a function of spike trains",
            "the name of a population", f"one of {names}",
        )  # fmt: skip
    record = recording.spikes[of]
    return trains_of(record, record.checked_trial(trial))


def _each(found: Any, recording: Recording, of: Any, trial: int, options: Any) -> Any:
    """A function of one train, on each of them."""
    return _together([found(train, **options) for train in _trains(recording, of, trial)])


def _intervals(found: Any, recording: Recording, of: Any, trial: int, options: Any) -> Any:
    """A function of intervals; NaN for neurons that have too few."""
    from elephant.statistics import isi

    results = []
    for train in _trains(recording, of, trial):
        try:
            results.append(found(isi(train), **options))
        except ValueError:
            results.append(np.nan)
    return _together(results)


def _all(found: Any, recording: Recording, of: Any, trial: int, options: Any) -> Any:
    return found(_trains(recording, of, trial), **options)


def _binned(found: Any, recording: Recording, of: Any, trial: int, options: Any) -> Any:
    from elephant.conversion import BinnedSpikeTrain

    if (bin_size := options.pop("bin_size", None)) is None:
        raise ValidationError("elephant", "got no bin_size", "trains are counted in bins: in ms")
    return found(BinnedSpikeTrain(_trains(recording, of, trial), bin_size=bin_size), **options)


def _pairs(found: Any, recording: Recording, of: Any, trial: int, options: Any) -> Any:
    trains = _trains(recording, of, trial)
    return np.array([[float(found(a, b, **options)) for b in trains] for a in trains])


def _signal(found: Any, recording: Recording, of: Any, trial: int, options: Any) -> Any:
    from .neo_blocks import signal_of

    pairs = [(name, own) for name, traces in recording.traces.items() for own in traces]
    if of is None and len(pairs) == 1:
        of = pairs[0]
    if not isinstance(of, tuple):
        raise ValidationError(
            "elephant", f"got {shorten(of)} for a function of signals",
            "(population, variable)", f"one of {pairs}",
        )  # fmt: skip
    trace = recording[of]
    return found(signal_of(trace, trace.checked_trial(trial)), **options)


#: First argument, as Elephant names it -> how it is made of a recording.
_FEEDS: dict[str, Callable[..., Any]] = {
    "spiketrain": _each,
    "spiketrains": _all,
    "time_intervals": _intervals,
    "binned_spiketrain": _binned,
    "spiketrain_i": _pairs,
    "signal": _signal,
}


def _together(results: list[Any]) -> Any:
    """Numbers as one array, with their unit where they have one; else the list as it is."""
    if results and all(np.ndim(result) == 0 for result in results):
        units = getattr(results[0], "units", None)
        plain = np.array([float(result) for result in results])
        return plain if units is None else plain * units
    return results
