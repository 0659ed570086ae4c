"""Cues combined: independent estimates by their variances, opinions of senses by their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from ...errors import UnknownNameError, ValidationError, shorten
from .readout import log_softmax

__all__ = ["RateGate", "combine_cues", "late_fusion", "sharpness"]

_RANGE = (0.02, 20.0)


def combine_cues(estimates: Any, variances: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The best unbiased estimate from independent ones, and its variance.

    Weights are inverse variances, so the variance is ``1/(1/v1 + 1/v2 + ...)``.

    Parameters
    ----------
    estimates, variances
        One row for each cue; they broadcast together. A cue of infinite variance has no weight.

    Raises
    ------
    ValidationError
        If a variance is not above 0, or all are infinite.
    """
    values, spread = np.broadcast_arrays(
        np.asarray(estimates, np.float64), np.asarray(variances, np.float64)
    )
    if not values.ndim or not (spread > 0).all() or not np.isfinite(spread).any(axis=0).all():
        raise ValidationError(
            "combine_cues", f"variances {shorten(variances)}", "above 0, and one that is finite"
        )
    weight = 1.0 / spread
    variance = 1.0 / weight.sum(axis=0)
    used = np.where(weight > 0, values, 0.0)
    return (used * weight).sum(axis=0) * variance, variance


def late_fusion(
    log_likelihoods: Mapping[str, Any], weights: Mapping[str, Any] | None = None, prior: Any = None
) -> npt.NDArray[np.float64]:
    """Log posteriors of classes, from what each sense alone says of them.

    The weighted sum of the senses' log likelihoods plus the logarithm of the prior, normalised. It
    is Bayes' rule where senses are independent given the class and weights are 1; other weights
    say how far a sense's confidence is to be trusted (see `sharpness`, `RateGate`).

    Parameters
    ----------
    log_likelihoods
        By name of the sense: (samples, classes), up to a constant for each sample. A row of NaN is
        of a sense that is missing there, and says nothing.
    weights
        By name, 0 or more: a number, or one for each sample; 1 for senses that are not named.
    prior
        Probability of each class; equal ones by default.

    Returns
    -------
    numpy.ndarray
        float64 (samples, classes): logarithms of probabilities that add up to 1.

    Raises
    ------
    ValidationError
        If shapes differ, numbers are infinite or partly NaN, or a weight is below 0.
    UnknownNameError
        If a weight is of no sense.
    """
    where, total = "late_fusion", None
    given = {} if weights is None else weights
    for name in given:
        if name not in log_likelihoods:
            raise UnknownNameError(f"{where}, weights", name, log_likelihoods)
    for name, values in log_likelihoods.items():
        rows = _rows(values, f"{where}, {name!r}")
        weight = np.asarray(given.get(name, 1.0), np.float64)
        if weight.shape not in ((), (len(rows),)) or not (
            np.isfinite(weight).all() and (weight >= 0).all()
        ):
            raise ValidationError(
                f"{where}, weights of {name!r}",
                f"got {shorten(given[name])}",
                f"0 or more, one number or {len(rows)}",
            )
        if total is not None and rows.shape != total.shape:
            raise ValidationError(
                f"{where}, {name!r}", f"has shape {rows.shape}", f"{total.shape}, as the others"
            )
        part = weight[..., None] * np.where(np.isnan(rows), 0.0, rows)
        total = part if total is None else total + part
    if total is None:
        raise ValidationError(where, "no senses", "log likelihoods of one or more")
    return log_softmax(total + _log_prior(prior, total.shape[1]))


def sharpness(log_likelihoods: Any, labels: Any) -> float:
    """The weight at which a sense's confidence is right: most likely for these labels.

    Below 1 for a sense that is too sure of itself, above 1 for one that is not sure enough, near 0
    for one that tells nothing; between 0.02 and 20. To be found on samples that the sense was not
    trained with.

    Parameters
    ----------
    log_likelihoods
        (samples, classes).
    labels
        Whole numbers from 0 on: the class of each sample.

    Raises
    ------
    ValidationError
        If there are no samples, or labels do not fit.

    Notes
    -----
    Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017, ICML), as the factor instead of the
    divisor.
    """
    rows, classes = _labelled(log_likelihoods, labels, "sharpness")
    every = np.arange(len(rows))

    def surprise(log_weight: float) -> float:
        return -float(log_softmax(np.exp(log_weight) * rows)[every, classes].mean())

    low, high = np.log(_RANGE)
    best = minimize_scalar(surprise, bounds=(low, high), method="bounded")
    return float(np.exp(best.x))


@dataclass(frozen=True, eq=False)
class RateGate:
    """Trust in a sense by how much it fires: ``gate(spikes)`` are weights for `late_fusion`.

    A sense that is cut off fires less, one in noise fires more, and is less, or more, sure of
    itself than it should be. The logarithm of the weight is linear between `spikes`, and constant
    beyond them.

    Attributes
    ----------
    spikes
        Numbers of spikes, ascending.
    weights
        `sharpness` of samples with about as many.
    """

    spikes: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, log_likelihoods: Any, labels: Any, spikes: Any, groups: int = 6) -> RateGate:
        """Part samples into groups of equal size by their spikes, and find what suits each.

        Parameters
        ----------
        log_likelihoods, labels
            As for `sharpness`: of samples of all the conditions to be met.
        spikes
            Of each sample: how many events the sense had.
        groups
            How many; fewer where samples with equal numbers leave no more.

        Raises
        ------
        ValidationError
            If the arrays do not fit each other.
        """
        rows, classes = _labelled(log_likelihoods, labels, "RateGate.fit")
        counts = _spikes(spikes, "RateGate.fit, spikes")
        if counts.shape != (len(rows),) or not 1 <= groups <= len(rows):
            raise ValidationError(
                "RateGate.fit",
                f"{len(rows)} samples, spikes of shape {counts.shape}, {groups} groups",
                "a number for each sample, and no more groups than samples",
            )
        found: dict[float, float] = {}
        for group in np.array_split(np.argsort(counts, kind="stable"), groups):
            found[float(np.median(counts[group]))] = sharpness(rows[group], classes[group])
        return cls(np.array(list(found)), np.array(list(found.values())))

    def __call__(self, spikes: Any) -> npt.NDArray[np.float64]:
        """Weights for samples with so many spikes: float64 of the same shape."""
        counts = _spikes(spikes, "RateGate, spikes")
        # By the logarithm of counts, as a tenth more matters as much among many as among few.
        at, known = np.log1p(counts), np.log1p(self.spikes)
        return np.asarray(np.exp(np.interp(at, known, np.log(self.weights))))


def _rows(values: Any, where: str) -> npt.NDArray[np.float64]:
    rows = np.asarray(values, np.float64)
    if rows.ndim != 2 or not rows.shape[1]:
        raise ValidationError(where, f"has shape {rows.shape}", "(samples, classes)")
    missing = np.isnan(rows)
    if np.isinf(rows).any() or (missing.any(axis=1) != missing.all(axis=1)).any():
        raise ValidationError(where, "holds infinity or NaN", "finite rows, or NaN all along one")
    return rows


def _labelled(values: Any, labels: Any, where: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    rows, classes = _rows(values, where), np.asarray(labels)
    whole = classes.dtype.kind in "iu" and classes.shape == (len(rows),)
    if not (len(rows) and whole and classes.min() >= 0 and classes.max() < rows.shape[1]):
        raise ValidationError(
            f"{where}, labels",
            f"got {shorten(labels)} for {rows.shape}",
            "whole numbers, one for each sample, below the number of classes",
        )
    if np.isnan(rows).any():
        raise ValidationError(where, "holds NaN", "samples at which the sense is not missing")
    return rows, classes


def _spikes(spikes: Any, where: str) -> npt.NDArray[np.float64]:
    counts = np.asarray(spikes, np.float64)
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValidationError(where, f"got {shorten(spikes)}", "numbers of spikes, 0 or more")
    return counts


def _log_prior(prior: Any, classes: int) -> Any:
    if prior is None:
        return 0.0
    given = np.asarray(prior, np.float64)
    if given.shape != (classes,) or not (np.isfinite(given).all() and (given > 0).all()):
        raise ValidationError(
            "late_fusion, prior", f"got {shorten(prior)}", f"{classes} numbers above 0"
        )
    return np.log(given / given.sum())
