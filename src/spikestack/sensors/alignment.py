"""Clocks of several sensors, brought together by events that all of them saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UnknownNameError, ValidationError, shorten
from ..units import magnitude, parse_unit
from .events import Events

__all__ = ["Aligned", "Clock", "align", "fit_clock", "match_syncs"]

Times = npt.NDArray[np.int64]
_ALL_PAIRS, _VOTERS, _ROUNDS = 400, 2000, 20


@dataclass(frozen=True)
class Clock:
    """How a sensor's clock stands to another: ``t*(1 + drift) + offset`` is the time on the other.

    Attributes
    ----------
    offset
        ms.
    drift
        How much faster the other goes; 20e-6 for 20 ppm.
    residual
        Root mean square of what is left of the pairs that were used, ms.
    used : bool
        Which pairs of the fit were used.
    """

    offset: float
    drift: float
    residual: float
    used: npt.NDArray[np.bool_]

    def __call__(self, events: Events) -> Any:
        """Events of this clock as on the other."""
        return events.shifted(self.offset, self.drift)


@dataclass(frozen=True)
class Aligned:
    """Sensors on one clock.

    Attributes
    ----------
    events
        By name.
    clocks
        How each clock stood to that of `reference`.
    reference
        Whose clock it is.
    """

    events: dict[str, Events]
    clocks: dict[str, Clock]
    reference: str


def fit_clock(own: Any, reference: Any, drift: bool = True) -> Clock:
    """Offset and drift of a clock, from times at which both saw the same.

    Least squares on the pairs that agree: beginning with medians (Theil and Sen), pairs off by more
    than four robust standard deviations and 2 us are left out, and the line is fitted anew until
    the set stands. Up to about a quarter of the pairs may be wrong.

    Parameters
    ----------
    own, reference : int64, or Events
        us; entry k of both is the same event.
    drift
        Whether to fit it; taken as 0 otherwise, or where all times are equal.

    Raises
    ------
    ValidationError
        If there is no pair, or the numbers of times differ.
    """
    x, y = _times(own, "fit_clock, own"), _times(reference, "fit_clock, reference")
    if len(x) != len(y) or not len(x):
        raise ValidationError(
            "fit_clock", f"{len(x)} and {len(y)} times", "the same number, one or more"
        )
    # Differences of whole numbers are exact; the line is fitted to them, around the first time.
    along, apart = (x - x[0]).astype(np.float64), (y - x).astype(np.float64)
    base = float(apart[0])
    apart -= base
    slope = _median_slope(along, apart) if drift else 0.0
    level = float(np.median(apart - slope * along))
    used = np.ones(len(x), np.bool_)
    for _ in range(_ROUNDS):
        off = np.abs(apart - slope * along - level)
        now = off <= max(4 * 1.4826 * float(np.median(off)), 2.0)
        slope, level = _line(along[now], apart[now], drift)
        if (now == used).all():
            break
        used = now
    left = (apart - slope * along - level)[used]
    offset = base + level - slope * float(x[0])
    return Clock(offset / 1000, slope, float(np.sqrt(np.mean(left**2))) / 1000, used)


def match_syncs(own: Any, reference: Any, within: Any = 5.0) -> tuple[Times, Times]:
    """Find which sync events of two clocks belong together, where some are missing on either side.

    The offset on which most pairs agree comes first (of equal ones the smallest), then each event's
    nearest, if that is mutual and at most `within` away by the fitted clock, until nothing changes.
    Pulses at equal intervals fit at many offsets: irregular ones are safer.

    Parameters
    ----------
    own, reference : int64, or Events
        us, in any number.
    within
        ms; more than drift does between two pulses, less than the least interval.

    Returns
    -------
    Two int64 arrays of the same length, for `fit_clock`.

    Raises
    ------
    ValidationError
        If either has no events, or no pair was found.
    """
    x = np.sort(_times(own, "match_syncs, own"))
    y = np.sort(_times(reference, "match_syncs, reference"))
    near = magnitude(within, parse_unit("ms"), "match_syncs, within")
    if not isinstance(near, float) or not 1e-3 <= near < 1e9:
        raise ValidationError("match_syncs, within", f"got {shorten(within)}", "at least 0.001 ms")
    if not len(x) or not len(y):
        raise ValidationError("match_syncs", f"{len(x)} and {len(y)} events", "some of both")
    reach = near * 1000
    pairs = _mutual(x + _vote(x[:_VOTERS], y[:_VOTERS], reach), y, reach)
    for _ in range(_ROUNDS):
        clock = fit_clock(x[pairs[0]], y[pairs[1]], drift=len(pairs[0]) > 2)
        again = _mutual(x + x * clock.drift + clock.offset * 1000, y, reach)
        if not len(again[0]) or all(map(np.array_equal, again, pairs)):
            break
        pairs = again
    return x[pairs[0]], y[pairs[1]]


def align(
    sensors: Mapping[str, Events],
    syncs: Mapping[str, Any],
    reference: str | None = None,
    within: Any = 5.0,
) -> Aligned:
    """Bring sensors to one clock.

    Parameters
    ----------
    sensors
        Events by name, each on its own clock.
    syncs
        Sync events of each sensor by name, us or Events: a shared trigger, a flash, a tap. Some may
        be missing or wrong.
    reference
        Whose clock to take; the first by default.
    within
        ms; see `match_syncs`.

    Raises
    ------
    UnknownNameError
        If a sensor has no sync events, or there is no such reference.
    ValidationError
        If nothing matches.
    """
    if not sensors:
        raise ValidationError("align", "no sensors", "one or more")
    chosen = next(iter(sensors)) if reference is None else reference
    for name in (chosen, *sensors):
        if name not in sensors:
            raise UnknownNameError("align, reference", name, sensors)
        if name not in syncs:
            raise UnknownNameError("align, syncs", name, syncs)
    clocks = {}
    for name in sensors:
        if name == chosen:
            clocks[name] = Clock(0.0, 0.0, 0.0, np.ones(len(_times(syncs[name], name)), np.bool_))
        else:
            clocks[name] = fit_clock(*match_syncs(syncs[name], syncs[chosen], within))
    return Aligned({name: clocks[name](e) for name, e in sensors.items()}, clocks, chosen)


def _times(given: Any, where: str) -> Times:
    times = given.t if isinstance(given, Events) else np.asarray(given)
    if times.ndim != 1 or (times.size and times.dtype.kind not in "iu"):
        raise ValidationError(
            where, f"{times.dtype} of shape {times.shape}", "whole us in a row, or Events"
        )
    if times.size and (times.min() < -(2**53) or times.max() > 2**53):
        raise ValidationError(where, f"got {shorten(times)}", "times of at most 2**53 us")
    return times.astype(np.int64)


def _median_slope(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """The median slope of all pairs; of many points, of pairs far apart."""
    order = np.argsort(x, kind="stable")
    x, y, n = x[order], y[order], len(x)
    if n <= _ALL_PAIRS:
        first, second = np.triu_indices(n, 1)
    else:
        first = np.concatenate([np.arange(n - n // 2), np.arange(n - n // 3)])
        second = np.concatenate([np.arange(n // 2, n), np.arange(n // 3, n)])
    run = x[second] - x[first]
    rise = (y[second] - y[first])[run > 0]
    return float(np.median(rise / run[run > 0])) if len(rise) else 0.0


def _line(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], drift: bool
) -> tuple[float, float]:
    """Slope and level by least squares."""
    middle, height = float(x.mean()), float(y.mean())
    spread = float(np.sum((x - middle) ** 2))
    slope = float(np.sum((x - middle) * (y - height))) / spread if drift and spread else 0.0
    return slope, height - slope * middle


def _vote(x: Times, y: Times, reach: float) -> int:
    """The offset on which most pairs agree to within `reach`."""
    apart = np.sort((y[None, :] - x[:, None]).ravel())
    votes = np.searchsorted(apart, apart + reach, side="right") - np.arange(len(apart))
    best = np.flatnonzero(votes == votes.max())
    middles = [int(np.median(apart[k : k + votes[k]])) for k in best[:1000]]
    return min(middles, key=abs)


def _mutual(x: npt.NDArray[Any], y: Times, reach: float) -> tuple[Times, Times]:
    """Pairs of which each is the other's nearest, at most `reach` apart."""
    to, back = _nearest(x, y), _nearest(y, x)
    own = np.arange(len(x))
    good = (back[to] == own) & (np.abs(y[to] - x) <= reach)
    return own[good], to[good]


def _nearest(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Times:
    """For each x, the number of the nearest y; of two as near, the earlier."""
    after = np.clip(np.searchsorted(y, x), 0, len(y) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(y[before] - x) <= np.abs(y[after] - x), before, after)
