"""How well a filter tells signal from noise, where that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError
from ..events import CameraEvents
from .base import EventFilter

__all__ = ["Roc", "roc"]


@dataclass(frozen=True)
class Roc:
    """What a family of filters keeps of signal and of noise.

    Attributes
    ----------
    values
        Of the parameter, usually dt in ms.
    signal_kept, noise_kept
        Shares from 0 to 1, one for each value.
    """

    values: npt.NDArray[np.float64]
    signal_kept: npt.NDArray[np.float64]
    noise_kept: npt.NDArray[np.float64]

    @property
    def auc(self) -> float:
        """Area under the curve through all points, (0, 0) and (1, 1), by trapezoids."""
        order = np.lexsort((self.signal_kept, self.noise_kept))
        x = np.concatenate([[0.0], self.noise_kept[order], [1.0]])
        y = np.concatenate([[0.0], self.signal_kept[order], [1.0]])
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))

    @property
    def best(self) -> float:
        """The value with the greatest difference of the shares (Youden's index)."""
        return float(self.values[np.argmax(self.signal_kept - self.noise_kept)])


def roc(
    filter_family: Callable[[float], EventFilter],
    events: CameraEvents,
    is_signal: npt.NDArray[np.bool_],
    values: Sequence[float] | npt.NDArray[np.float64] | None = None,
) -> Roc:
    """Receiver operating characteristic of filters that differ in one parameter.

    Parameters
    ----------
    filter_family
        Makes a filter of a value: a class such as `BackgroundActivity`, or
        ``lambda dt: SpatioTemporalCorrelation(dt, k=3)``.
    events
        Signal and noise together.
    is_signal : bool
        Which of them are signal.
    values
        Of the parameter; 25 from 0.1 to 1000 (ms, where it is dt), evenly by their logarithm, by
        default.

    Raises
    ------
    ValidationError
        If labels do not fit the events, or one of the kinds is missing.
    """
    labels = np.asarray(is_signal)
    if labels.dtype != np.bool_ or labels.shape != (len(events),):
        raise ValidationError(
            "roc, is_signal", f"{labels.dtype} of shape {labels.shape}", f"bool[{len(events)}]"
        )
    signal = int(labels.sum())
    if not 0 < signal < len(labels):
        raise ValidationError("roc, is_signal", f"{signal} of {len(labels)}", "some of each kind")
    points: Any = np.geomspace(0.1, 1000.0, 25) if values is None else values
    kept = np.array([_kept(filter_family(float(value)), events, labels) for value in points])
    true, false = kept.T / np.array([[signal], [len(labels) - signal]])
    return Roc(np.asarray(points, np.float64), true, false)


def _kept(one: EventFilter, events: CameraEvents, labels: npt.NDArray[np.bool_]) -> tuple[int, int]:
    mask = one.mask(events)
    right = int(np.count_nonzero(mask & labels))
    return right, int(np.count_nonzero(mask)) - right
