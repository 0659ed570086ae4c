"""Networks of ReLU layers: trained exactly, with noise, or on faulty arrays; run on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...devices.crossbar import Crossbar
from ...errors import ValidationError, shorten
from ..tiles.array import CrossbarArray
from .calibration import calibrate_outputs
from .reads import read_often

__all__ = ["Perceptron", "PerceptronOnArrays"]

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Perceptron:
    """Layers ``max(0, x W + b)``, the last one without the rectification.

    Attributes
    ----------
    weights
        float64[inputs, outputs] of each layer.
    biases
        float64[outputs] of each; they stay digital.
    """

    weights: tuple[_F64, ...]
    biases: tuple[_F64, ...]

    def scores(self, x: Any) -> _F64:
        """Of each class for inputs float[samples, inputs]: float64[samples, classes]."""
        out = np.asarray(x, np.float64)
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            out = (out if k == 0 else np.maximum(out, 0.0)) @ weight + bias
        return out

    def accuracy(self, x: Any, labels: Any) -> float:
        """Share of samples whose greatest score is that of their label."""
        return float((self.scores(x).argmax(axis=1) == np.asarray(labels)).mean())

    def on(self, crossbar: Crossbar) -> PerceptronOnArrays:
        """Its matrices on arrays as described."""
        return PerceptronOnArrays(self, crossbar)


class PerceptronOnArrays:
    """A network whose products arrays give; sums with biases and rectification are exact.

    Parameters
    ----------
    network
        What is programmed.
    crossbar
        Of all layers; those after the first draw their devices apart.

    Attributes
    ----------
    arrays
        One for each layer.
    """

    def __init__(self, network: Perceptron, crossbar: Crossbar) -> None:
        self.network = network
        self.arrays = arrays_of(network.weights, crossbar)

    def scores(self, x: Any, reads: int = 1, how: str = "mean") -> _F64:
        """Of each class; float64[samples, classes].

        Parameters
        ----------
        x
            float[samples, inputs].
        reads, how
            Readings of each product, and what becomes of them: see `read_often`.
        """
        out = np.asarray(x, np.float64)
        for k, (array, bias) in enumerate(zip(self.arrays, self.network.biases)):
            given = out if k == 0 else np.maximum(out, 0.0)
            out = read_often(array, given, reads, how) + bias
        return out

    def accuracy(self, x: Any, labels: Any, reads: int = 1, how: str = "mean") -> float:
        """Share of samples whose greatest score is that of their label."""
        return float((self.scores(x, reads, how).argmax(axis=1) == np.asarray(labels)).mean())

    def calibrate(self, x: Any) -> None:
        """Fit factors and terms of all layers with samples float[samples, inputs]."""
        out = np.asarray(x, np.float64)
        for k, (array, bias) in enumerate(zip(self.arrays, self.network.biases)):
            given = out if k == 0 else np.maximum(out, 0.0)
            calibrate_outputs(array, given)
            out = array.product(given).astype(np.float64) + bias

    def wait(self, seconds: Any) -> None:
        """Let time pass on all arrays."""
        for array in self.arrays:
            array.wait(seconds)


def arrays_of(weights: Sequence[_F64], crossbar: Crossbar) -> list[CrossbarArray]:
    """An array for each layer; the same description, the same devices."""
    _check(crossbar)
    return [CrossbarArray(w, crossbar, f"layer {k}") for k, w in enumerate(weights)]


def unchanging(crossbar: Crossbar) -> Crossbar:
    """The same devices without what takes time in a loop of training: drift and its probes."""
    _check(crossbar)
    kept = tuple(n for n in crossbar.compensation if n in ("remapping", "redundancy"))
    return replace(crossbar, age=0.0, compensation=kept)


def _check(crossbar: Crossbar) -> None:
    if not isinstance(crossbar, Crossbar):
        rule = "a spikestack.Crossbar"
        raise ValidationError("Perceptron, crossbar", f"got {shorten(crossbar)}", rule)
