"""Scores of tasks, as NeuroBench defines them; what is not defined raises."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ValidationError

__all__ = ["accuracy", "mse", "r2", "smape"]


def accuracy(found: Any, labels: Any) -> float:
    """Share of samples whose class is found.

    Parameters
    ----------
    found, labels
        Classes, (samples,).

    Raises
    ------
    ValidationError
        If there are none, or not as many of one as of the other.
    """
    a, b = _pair(found, labels, "accuracy")
    return float(np.mean(a == b))


def mse(predicted: Any, target: Any) -> float:
    """Mean squared error over all values.

    Raises
    ------
    ValidationError
        If there are none, shapes differ, or one is not finite.
    """
    a, b = _pair(predicted, target, "mse", finite=True)
    return float(np.mean((a - b) ** 2))


def smape(predicted: Any, target: Any) -> float:
    """Symmetric mean absolute percentage error, 0 to 200: 200 mean |p - t| / (|p| + |t|).

    Raises
    ------
    ValidationError
        If there are none, shapes differ, one is not finite, or both are 0 somewhere: 0/0.
    """
    a, b = _pair(predicted, target, "smape", finite=True)
    size = np.abs(a) + np.abs(b)
    if not size.all():
        both = int((size == 0).sum())
        raise ValidationError(
            "smape", f"prediction and target are both 0 in {both} places", "0/0 has no value"
        )
    return float(200.0 * np.mean(np.abs(a - b) / size))


def r2(predicted: Any, target: Any) -> float:
    """Coefficient of determination, the mean over outputs: 1 - squared error / squared deviation.

    Parameters
    ----------
    predicted, target
        (samples,) or (samples, outputs).

    Raises
    ------
    ValidationError
        If there are none, shapes differ, one is not finite, or a target does not vary.
    """
    a, b = _pair(predicted, target, "r2", finite=True)
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    spread = ((b - b.mean(0)) ** 2).sum(0)
    if not spread.all():
        raise ValidationError("r2", "a target does not vary", "targets that vary")
    return float(np.mean(1.0 - ((a - b) ** 2).sum(0) / spread))


def _pair(a: Any, b: Any, where: str, finite: bool = False) -> tuple[np.ndarray, np.ndarray]:
    try:
        first, second = np.asarray(a), np.asarray(b)
        if finite:
            first, second = first.astype(np.float64), second.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValidationError(where, f"no numbers: {error}", "two arrays") from error
    if first.shape != second.shape or not first.size:
        raise ValidationError(where, f"shapes {first.shape} and {second.shape}",
                              "as many of one as of the other, and at least one")  # fmt: skip
    if finite and not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValidationError(where, "NaN or infinity", "finite numbers")
    return first, second
