"""Layers of Akida 1.0 with their geometry; what cannot be had is refused, all of it at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...chips.neurons.akida import MOST_PLACES
from ...errors import ValidationError
from .geometry import Axis, Layer, in_order, shape_of
from .second import second_faults, second_layer

__all__ = ["layers_of"]

_INPUTS = ("InputData", "InputConvolutional")
_CONVOLUTIONS = ("InputConvolutional", "Convolutional", "SeparableConvolutional")
_KNOWN = (*_INPUTS, "Convolutional", "SeparableConvolutional", "FullyConnected")
_SECOND = ("InputConv2D", "Conv2D", "DepthwiseConv2D", "Dense1D")


def layers_of(plain: list[dict[str, Any]], where: str) -> list[Layer]:
    """What plain layers mean.

    Parameters
    ----------
    plain
        From `opening`.
    where
        Of the model, for messages.

    Raises
    ------
    ValidationError
        If any layer is none of Akida 1.0's; all that is at fault is named.
    """
    faults = [
        f"{of['name']!r} {fault}" for k, of in enumerate(plain) for fault in _faults(k, of, plain)
    ]
    if not any(of["type"] != "InputData" for of in plain):
        faults.append("there are no layers that compute")
    if faults:
        raise ValidationError(where, "; ".join(faults), "layers of Akida, one after the other")
    return [second_layer(of) if of["type"] in _SECOND else _layer(of) for of in plain]


def _faults(k: int, of: dict[str, Any], plain: list[dict[str, Any]]) -> list[str]:
    kind, settings = of["type"], of["settings"]
    if kind not in (*_KNOWN, *_SECOND):
        return [f"is of {kind}, which is not mapped"]
    found = []
    if (k == 0) != (kind in (*_INPUTS, "InputConv2D")):
        found.append(f"of {kind} is at place {k}")
    if k and of["inputs"] != [plain[k - 1]["name"]]:
        found.append(f"reads {of['inputs']}, not the layer before alone")
    if kind in _SECOND:
        return found + second_faults(of, k == len(plain) - 1)
    if settings.get("input_signed"):
        found.append("takes signed numbers")
    bits = settings.get("input_bits")
    if kind == "InputData" and bits not in (1, 2, 4):
        found.append(f"takes {bits} bits, not 1, 2 or 4")
    if kind in _CONVOLUTIONS:
        found += _convolution_faults(settings, kind)
    last = k == len(plain) - 1
    if kind != "InputData" and not settings.get("activation") and not last:
        found.append("has no activation, and is not the last")
    return found


def _convolution_faults(settings: dict[str, Any], kind: str) -> list[str]:
    found, pool = [], settings["pool_type"]
    upper = settings["padding"] == "SameUpper"
    if upper and (kind == "InputConvolutional" or pool == "Max"):
        found.append("has padding SameUpper with an image or max pooling")
    if pool == "Max":
        window = settings["pooling_width"], settings["pooling_height"]
        if window[0] * window[1] > MOST_PLACES:
            found.append(f"takes the greatest over {window}, more than {MOST_PLACES}")
        if not settings["activation"] and window != (1, 1):
            found.append("has max pooling without activation")
    elif pool == "Average" and max(settings["pooling_width"], settings["pooling_height"]) > 0:
        found.append("takes means over windows")
    return found


def _layer(of: dict[str, Any]) -> Layer:
    kind, settings, arrays = of["type"], of["settings"], of["arrays"]
    reads, sends = shape_of(of["reads"]), shape_of(of["sends"])
    if kind == "InputData":
        return Layer(of["name"], kind, reads, reads, bits=settings["input_bits"])
    bits = settings["act_bits"] if settings["activation"] else 0
    sixteenths = np.floor(arrays["act_step"].astype(float) * 16.0)
    # One more is worth step * 2**(4 - bits), the step in sixteenths.
    width = sixteenths * 2.0 ** (4 - bits) / 16.0
    axes: tuple[Axis, ...] = ()
    weights = in_order(arrays["weights"], reads)
    mean = settings.get("pool_type") == "Average"
    if kind in _CONVOLUTIONS:
        axes = tuple(_axis(settings, "xy"[k], reads[1 + k], sends[1 + k], mean) for k in (0, 1))
        weights = _kernel(kind, arrays)
    return Layer(
        of["name"], kind, reads, sends, weights, axes, mean, bits,
        arrays["threshold"].astype(float), width,
        np.full(reads[0], settings["padding_value"]) if "padding_value" in settings else None,
    )  # fmt: skip


def _kernel(kind: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """As a correlation has it: all kernels but those of images are stored turned."""
    stored = arrays["weights"].astype(np.int64)
    if kind == "InputConvolutional":
        return stored.transpose(3, 2, 0, 1)
    stored = stored[::-1, ::-1]
    if kind == "Convolutional":
        return stored.transpose(3, 2, 0, 1)
    points = arrays["weights_pw"].astype(np.int64)[0, 0].T
    return points[:, :, None, None] * stored[..., 0].transpose(2, 0, 1)[None]


def _axis(settings: dict[str, Any], axis: str, sources: int, sent: int, mean: bool) -> Axis:
    side = {"x": "width", "y": "height"}[axis]
    kernel, stride = settings[f"kernel_{side}"], settings[f"stride_{axis}"]
    padding = settings["padding"]
    if padding == "Valid":
        positions, before = (sources - kernel) // stride + 1, 0
    else:
        positions = -(-sources // stride)
        before = max((positions - 1) * stride + kernel - sources, 0) // 2
        if padding == "SameUpper":
            before = (kernel - 1) // 2
    if settings["pool_type"] != "Max":
        return Axis(sources, positions, 1 if mean else positions, kernel, stride, before)
    window = settings[f"pooling_{side}"]
    step = settings[f"pooling_stride_{axis}"]
    step = window if step < 1 else step
    over = max((sent - 1) * step + window - positions, 0)
    ahead = over // 2 if padding != "Valid" else 0
    return Axis(sources, positions, sent, kernel, stride, before, window, step, ahead)
