"""Conversion: a trained network of rectifiers as a network of spiking neurons.

The trained network becomes a graph of few kinds of operations (`tracing` from PyTorch, `reading`
from ONNX), which is simplified (`folding`), given thresholds (`scales`) and described (`building`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError

if TYPE_CHECKING:
    from .converting import Converted

__all__ = ["QCFS", "convert"]


def convert(
    model: Any,
    data: Any,
    *,
    method: str | None = None,
    steps: int = 16,
    neuron: str = "plain",
    in_turn: bool = False,
    half: bool = True,
    percentile: float = 99.9,
    correct: bool | None = None,
    seed: int = 0,
) -> Converted:
    """Convert a trained network of ReLU or QCFS activations to a spiking one.

    Parameters
    ----------
    model
        A `torch.nn.Module`, or the path of an ONNX file, or an ONNX model.
    data
        Samples to calibrate on, (samples, *input shape): of the training set, some hundreds.
    method
        How thresholds are chosen: ``"max"``, the greatest activation of a layer;
        ``"percentile"``, robust to outliers; ``"balanced"``, by channel, where clipping and
        rounding weigh alike; ``"calibrated"``, by channel, of least error, with biases corrected
        layer by layer; ``"qcfs"``, those that QCFS activations have learned. By default
        ``"qcfs"`` where all activations are QCFS, else ``"calibrated"``. A QCFS activation keeps
        its own threshold whatever the method.
    steps
        Time steps of a layer; for few-spike neurons the bits of a value, at most 20.
    neuron
        ``"plain"`` (`IntegrateAndFire`), ``"signed"``, ``"burst"`` or ``"few"`` (`FewSpike`,
        always in turn).
    in_turn
        Whether each layer fires only when all of its input has come: exact, at the price of
        `steps` steps for each layer. Otherwise all layers work at once.
    half
        Whether potentials start at half of the threshold, which rounds where 0 truncates.
    percentile
        For that method, above 0 and at most 100.
    correct
        Whether biases are corrected by channel on the data; by default for ``"calibrated"`` only.
    seed
        Of the network.

    Raises
    ------
    ValidationError
        If the model holds what cannot be mapped: the message names the node, and what to use
        instead.
    MissingExtraError
        If PyTorch, or for ONNX files the package onnx, is not installed.
    """
    try:
        converting = importlib.import_module("spikestack.conversion.converting")
        tracing = importlib.import_module("spikestack.conversion.tracing")
        reading = importlib.import_module("spikestack.conversion.reading")
    except ImportError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("conversion", "train") from error
    if reading.is_onnx(model):
        graph = reading.read(model)
    else:
        graph = tracing.traced(model, tracing.example_of(data))
    made: Converted = converting.converted(
        graph, data, method=method, steps=steps, neuron=neuron, in_turn=in_turn, half=half,
        percentile=percentile, correct=correct, seed=seed,
    )  # fmt: skip
    return made


def __getattr__(name: str) -> Any:
    if name != "QCFS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return importlib.import_module("spikestack.conversion.qcfs").QCFS
    except ImportError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("QCFS", "train") from error
