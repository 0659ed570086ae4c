"""How well anomalies were detected in streams: the scores of the Numenta Anomaly Benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError

__all__ = ["PROFILES", "LabelledSeries", "anomaly_score", "probation"]

#: Name -> cost of a detection outside of all windows, and of a window without any.
PROFILES = {"standard": (0.11, 1.0), "low_fp": (0.22, 1.0), "low_fn": (0.11, 2.0)}
_SCALE = 0.98661  # what the sigmoid gives at the begin of a window


@dataclass(frozen=True)
class LabelledSeries:
    """A series of values, and the windows in which something is wrong.

    Attributes
    ----------
    times
        Of the rows, ascending: int64, seconds.
    values
        float64, one for each row.
    windows
        First and last second of each, both inclusive, in order of time.
    """

    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    windows: Sequence[tuple[float, float]] = ()

    def rows(self) -> list[tuple[int, int]]:
        """First and last row of each window that has rows."""
        found = [
            (int(np.searchsorted(self.times, a)), int(np.searchsorted(self.times, b, "right")) - 1)
            for a, b in self.windows
        ]
        return [(first, last) for first, last in found if last >= first]


def probation(rows: int) -> int:
    """How many rows at the begin of a series are not scored."""
    return min(rows * 15 // 100, 750)


def anomaly_score(
    series: Mapping[str, LabelledSeries],
    scores: Mapping[str, Any],
    profile: str = "standard",
) -> tuple[float, float]:
    """Score detections, at the one threshold for all series that is best.

    Parameters
    ----------
    series
        By name.
    scores
        By the same names: from 0 to 1 for each row, the greater the more anomalous.
    profile
        ``"standard"``, ``"low_fp"`` or ``"low_fn"``.

    Returns
    -------
    score, threshold
        100 for the first row of every window and nothing else, 0 for no detection; below 0 for
        worse than none.

    Raises
    ------
    ValidationError
        If scores are missing, of another length or not finite.

    Notes
    -----
    Lavin and Ahmad 2015, IEEE ICMLA 38. Detections in a window count by the best of them, the
    earlier the better; each one outside costs, less so shortly after a window.
    """
    cost, miss = PROFILES[profile]
    at: list[npt.NDArray[np.float64]] = []
    gains: list[npt.NDArray[np.float64]] = []
    windows = 0
    for name, one in series.items():
        given = np.asarray(scores.get(name), dtype=np.float64)
        if given.shape != one.times.shape or not np.isfinite(given).all():
            raise ValidationError(
                f"anomaly_score, scores[{name!r}]", f"shape {given.shape}", "a number for each row"
            )
        rows = one.rows()
        windows += len(rows)
        value = _values(len(given), rows, cost)
        value[: probation(len(given))] = 0.0
        outside = np.ones(len(given), bool)
        for first, last in rows:
            outside[first : last + 1] = False
            inside = np.arange(max(first, probation(len(given))), last + 1)
            order = inside[np.argsort(-given[inside], kind="stable")]
            best = np.maximum.accumulate(value[order])
            at.append(given[order])
            gains.append(np.diff(best, prepend=-miss))
        at.append(given[outside])
        gains.append(value[outside])
    score, threshold = _best(np.concatenate(at), np.concatenate(gains))
    return (100.0 * score / ((1.0 + miss) * windows) if windows else 0.0), threshold


def _best(at: Any, gains: Any) -> tuple[float, float]:
    """The greatest sum of gains from some threshold on, above that of no detection."""
    order = np.argsort(-at, kind="stable")
    level, total = at[order], np.cumsum(gains[order])
    ends = np.flatnonzero(np.r_[level[1:] != level[:-1], True])
    best = ends[np.argmax(total[ends])]
    return (float(total[best]), float(level[best])) if total[best] > 0 else (0.0, np.inf)


def _values(n: int, rows: list[tuple[int, int]], cost: float) -> npt.NDArray[np.float64]:
    """What a detection at each row is worth."""
    value = np.full(n, -cost)
    for k, (first, last) in enumerate(rows):
        width = last - first + 1
        place = -(last - np.arange(first, last + 1) + 1) / width
        value[first : last + 1] = _sigmoid(place) / _SCALE
        stop = rows[k + 1][0] if k + 1 < len(rows) else n
        after = np.arange(last + 1, stop)
        place = (after - last) / max(width - 1, 1)
        value[after] = np.where(place > 3.0, -cost, cost * _sigmoid(np.minimum(place, 3.0)))
    return value


def _sigmoid(place: Any) -> Any:
    return 2.0 / (1.0 + np.exp(5.0 * place)) - 1.0
