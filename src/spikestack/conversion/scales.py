"""Which activation a full rate stands for, by layer or by channel: the thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UnknownNameError, ValidationError
from .forward import forward
from .graph import Graph, Node

__all__ = ["METHODS", "scales_of"]

#: Values of a channel that are looked at, at most.
_SAMPLE = 20_000
#: Shares of the greatest value that are tried as thresholds.
_GRID = np.linspace(0.05, 1.0, 96)


def scales_of(
    graph: Graph, data: Any, method: str, levels: int, percentile: float
) -> dict[str, np.ndarray]:
    """For each rectifier the activation that a spike in every step stands for.

    Parameters
    ----------
    data
        Calibration samples.
    method
        See `convert`.
    levels
        Different rates above 0.
    percentile
        For ``"percentile"``.

    Returns
    -------
    dict
        By node: (channels,) float64.
    """
    if method not in METHODS:
        raise UnknownNameError("convert, method", method, METHODS)
    nodes = graph.rectifiers
    sources = tuple(dict.fromkeys(n.inputs[0] for n in nodes))
    found = forward(graph, data, sources) if sources else {}
    made = {}
    for node in nodes:
        values = _by_channel(np.maximum(found[node.inputs[0]], 0), node)
        if node["cap"] is not None:
            values = np.minimum(values, node["cap"])
        if method == "qcfs" and not node["levels"]:
            raise ValidationError(
                f"convert, {node.name!r}", "is a ReLU, and has no levels of its own",
                "QCFS activations throughout for method='qcfs'",
                "train with spikestack.conversion.QCFS, or choose another method",
            )  # fmt: skip
        if node["levels"]:
            made[node.name] = np.full(len(values), float(node["scale"]))
        else:
            made[node.name] = _sound(METHODS[method](values, levels, percentile), values)
    return made


def _by_channel(values: np.ndarray, node: Node) -> np.ndarray:
    """(channels, values), thinned out evenly."""
    rows = np.moveaxis(values, 1, 0).reshape(node.shape[0], -1)
    return rows[:, :: max(1, rows.shape[1] // _SAMPLE)].astype(np.float64)


def _sound(scale: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A channel that stayed silent takes the greatest scale of its layer: it is not known."""
    usual = scale.max(initial=0.0) or 1.0
    return np.where(scale > 1e-6 * usual, scale, usual)


def _largest(values: np.ndarray, levels: int, percentile: float) -> np.ndarray:
    return np.full(len(values), values.max(initial=0.0))


def _percentile(values: np.ndarray, levels: int, percentile: float) -> np.ndarray:
    return np.full(len(values), np.percentile(values, percentile))


def _balanced(values: np.ndarray, levels: int, percentile: float) -> np.ndarray:
    """Where the gradients of the two errors of a channel cancel.

    A threshold s clips what is above it, with a mean squared error of E[(z - s)+^2], and rounds
    what is below to s/levels, with one of P(0 < z < s) s^2/(12 levels^2). Found by bisection.
    """
    low, high = np.zeros(len(values)), values.max(1, initial=0.0)
    for _ in range(40):
        s = 0.5 * (low + high)
        clips = np.maximum(values - s[:, None], 0).mean(1)
        rounds = ((values > 0) & (values < s[:, None])).mean(1) * s / (12 * levels**2)
        low, high = np.where(clips > rounds, s, low), np.where(clips > rounds, high, s)
    return high


def _calibrated(values: np.ndarray, levels: int, percentile: float) -> np.ndarray:
    """The threshold of least mean squared error between the rectified and the rounded value."""
    top = values.max(1, initial=0.0)
    least, best = np.full(len(values), np.inf), top.copy()
    for share in _GRID:
        s = np.where(top > 0, share * top, 1.0)[:, None]
        rounded = s * np.clip(np.floor(values * levels / s + 0.5), 0, levels) / levels
        error = ((rounded - values) ** 2).mean(1)
        best = np.where(error < least, share * top, best)
        least = np.minimum(error, least)
    return best


METHODS = {
    "max": _largest, "percentile": _percentile, "balanced": _balanced,
    "calibrated": _calibrated, "qcfs": _largest,
}  # fmt: skip
