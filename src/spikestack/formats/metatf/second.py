"""Layers of Akida 2.0 without pooling, of which akida's documentation says what they compute.

``sum of (inputs << input_shift) * weights, + (bias << bias_shift)``, rectified up to ``max_value <<
max_value_shift``, times ``output_scales``, shifted by ``output_shift`` (to the right where it is
negative, rounded half upwards), cut to 8 bits with a sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .geometry import Axis, Layer, in_order, shape_of

__all__ = ["second_faults", "second_layer"]

_MOST = 127


def second_faults(of: dict[str, Any], last: bool) -> list[str]:
    """What of a layer cannot be had."""
    settings, found = of["settings"], []
    if settings.get("pool_type", "NoPooling") != "NoPooling":
        found.append("pools, which is not mapped")
    if settings.get("padding") == "SameUpper":
        found.append("has padding SameUpper")
    if settings["activation"] not in (0, 1):
        found.append("has an activation by a table")
    if settings["output_bits"] != 8:
        found.append(f"sends {settings['output_bits']} bits, not 8")
    if not last and not settings["activation"]:
        found.append("has no activation, and is not the last")
    if not found:
        sums, products, levels = _bounds(of)
        if sums >= 2.0 ** (settings["buffer_bits"] - 1):
            found.append(f"may sum to more than {settings['buffer_bits']} bits")
        if products >= 2.0 ** (settings["post_op_buffer_bits"] - 1):
            found.append(f"may scale to more than {settings['post_op_buffer_bits']} bits")
        if levels < 1:
            found.append("has channels that never send anything, by their max_value")
    return found


def _wide(of: dict[str, Any]) -> np.ndarray:
    """Weights with the shifts of what they read, the inputs last but one."""
    weights = of["arrays"]["weights"].astype(np.int64)
    shift = of["arrays"].get("input_shift")
    if shift is None:
        return weights
    return weights << shift.astype(np.int64)[:, None]


def _bounds(of: dict[str, Any]) -> tuple[float, float, float]:
    """The greatest sums, and products with scales; the least of the greatest numbers sent."""
    weights, arrays = _wide(of), of["arrays"]
    read = 255.0 if of["type"] == "InputConv2D" else float(_MOST)
    depthwise = of["type"] == "DepthwiseConv2D"
    axes = (0, 1, 3) if depthwise else tuple(range(weights.ndim - 1))
    bias = np.abs(arrays["bias"].astype(float)) * 2.0 ** arrays["bias_shift"].astype(float)
    sums = np.abs(weights).sum(axes) * read + bias
    most = _caps(of)
    return (
        float(sums.max()), float((sums * arrays["output_scales"]).max()),
        1.0 if most is None else float(most.min()),
    )  # fmt: skip


def _gain(of: dict[str, Any]) -> np.ndarray:
    arrays = of["arrays"]
    gain: np.ndarray = arrays["output_scales"] * 2.0 ** arrays["output_shift"].astype(float)
    return gain


def _caps(of: dict[str, Any]) -> np.ndarray | None:
    arrays = of["arrays"]
    if not of["settings"]["activation"]:
        return None
    highest = arrays["max_value"] * 2.0 ** arrays["max_value_shift"].astype(float)
    caps: np.ndarray = np.minimum(np.floor(highest * _gain(of) + 0.5), _MOST)
    return caps


def second_layer(of: dict[str, Any]) -> Layer:
    """The layer as a description has it."""
    kind, settings, arrays = of["type"], of["settings"], of["arrays"]
    reads, sends = shape_of(of["reads"]), shape_of(of["sends"])
    weights, axes = _wide(of), ()
    made: Any
    if kind == "Dense1D":
        made = in_order(weights, reads, (1, 2, 0))
    else:
        axes = tuple(_axis(settings, reads[k], sends[k]) for k in (1, 2))  # type: ignore[assignment]
        stored = weights if kind == "InputConv2D" else weights[::-1, ::-1]
        made = stored.transpose(3, 2, 0, 1)
        if kind == "DepthwiseConv2D":
            made = np.eye(reads[0], dtype=np.int64)[:, :, None, None] * made[0][:, None]
    bias = arrays["bias"].astype(np.int64) << arrays["bias_shift"].astype(np.int64)
    return Layer(
        of["name"], kind, reads, sends, made, axes, bits=8, bias=bias.astype(float),
        gain=_gain(of), most=_caps(of), outside=arrays.get("padding_value"),
    )  # fmt: skip


def _axis(settings: dict[str, Any], sources: int, positions: int) -> Axis:
    kernel, stride = settings["kernel_size"], settings["kernel_stride"]
    before = 0
    if settings["padding"] != "Valid":
        before = max((positions - 1) * stride + kernel - sources, 0) // 2
    return Axis(sources, positions, positions, kernel, stride, before)
