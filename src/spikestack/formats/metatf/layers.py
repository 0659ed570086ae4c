"""Layers of Akida 1.0 with their geometry; what cannot be had is refused, all of it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...chips.neurons.akida import MOST_PLACES
from ...errors import ValidationError

__all__ = ["Axis", "Layer", "layers_of"]

_INPUTS = ("InputData", "InputConvolutional")
_CONVOLUTIONS = ("InputConvolutional", "Convolutional", "SeparableConvolutional")
_KNOWN = (*_INPUTS, "Convolutional", "SeparableConvolutional", "FullyConnected")


@dataclass(frozen=True)
class Axis:
    """One axis of a convolution and of the pooling after it.

    Attributes
    ----------
    sources, positions, targets
        Sides of the map that is read, of potentials, and of what is sent.
    kernel, stride, before
        Of the convolution; `before` are the values that stand before the map.
    window, pool_stride, pool_before
        Of max pooling; 1, 1, 0 without.
    """

    sources: int
    positions: int
    targets: int
    kernel: int
    stride: int
    before: int
    window: int = 1
    pool_stride: int = 1
    pool_before: int = 0

    def seen(self, place: int) -> np.ndarray:
        """Position that is the `place`-th in each target's window, int64[targets].

        Where a window reaches beyond, its nearest position stands there once more.
        """
        at = np.arange(self.targets) * self.pool_stride - self.pool_before + place
        return np.clip(at, 0, self.positions - 1)


@dataclass(frozen=True)
class Layer:
    """One layer; maps are (channels, x, y), kernels (filters, channels, x, y).

    Attributes
    ----------
    name, kind
        As akida has them.
    reads, sends
        Shapes of the maps.
    weights
        int64; of full connections (inputs, neurons), inputs by channel, x, y; of a separable
        convolution its two parts multiplied. None for an input.
    axes
        Of a convolution, x and y; empty otherwise.
    mean
        Whether potentials are summed over the whole map.
    bits
        Of what is sent; 0 for potentials.
    threshold, width
        By channel, float64: from where on 1 is sent, and how much is worth one more.
    outside
        The value that stands around an image.
    weight_bits
        That akida stores.
    """

    name: str
    kind: str
    reads: tuple[int, ...]
    sends: tuple[int, ...]
    weights: np.ndarray | None = None
    axes: tuple[Axis, ...] = ()
    mean: bool = False
    bits: int = 0
    threshold: np.ndarray | None = None
    width: np.ndarray | None = None
    outside: int = 0
    weight_bits: int = 0

    @property
    def places(self) -> int:
        """Potentials of which a neuron takes the greatest."""
        return int(np.prod([a.window for a in self.axes]))


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
    if len(plain) < 2 and not (plain and plain[0]["type"] == "InputConvolutional"):
        faults.append("there are no layers that compute")
    if faults:
        raise ValidationError(where, "; ".join(faults), "layers of Akida 1.0, one after the other")
    return [_layer(of) for of in plain]


def _faults(k: int, of: dict[str, Any], plain: list[dict[str, Any]]) -> list[str]:
    kind, settings = of["type"], of["settings"]
    if kind not in _KNOWN:
        return [f"is of {kind}, whose arithmetic is not public"]
    found = []
    if (k == 0) != (kind in _INPUTS):
        found.append(f"of {kind} is at place {k}")
    if k and of["inputs"] != [plain[k - 1]["name"]]:
        found.append(f"reads {of['inputs']}, not the layer before alone")
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


def _map(shape: list[int]) -> tuple[int, ...]:
    return shape[2], shape[0], shape[1]


def _layer(of: dict[str, Any]) -> Layer:
    kind, settings, arrays = of["type"], of["settings"], of["arrays"]
    reads, sends = _map(of["reads"]), _map(of["sends"])
    if kind == "InputData":
        return Layer(of["name"], kind, reads, reads, bits=settings["input_bits"])
    bits = settings["act_bits"] if settings["activation"] else 0
    sixteenths = np.floor(arrays["act_step"].astype(float) * 16.0)
    # One more is worth step * 2**(4 - bits), the step in sixteenths.
    width = sixteenths * 2.0 ** (4 - bits) / 16.0
    axes: tuple[Axis, ...] = ()
    weights = _matrix(arrays["weights"], reads)
    mean = settings.get("pool_type") == "Average"
    if kind in _CONVOLUTIONS:
        axes = tuple(_axis(settings, "xy"[k], reads[1 + k], sends[1 + k], mean) for k in (0, 1))
        weights = _kernel(kind, arrays)
    return Layer(
        of["name"], kind, reads, sends, weights, axes, mean, bits,
        arrays["threshold"].astype(float), width, settings.get("padding_value", 0),
        settings["weights_bits"],
    )  # fmt: skip


def _matrix(weights: np.ndarray, reads: tuple[int, ...]) -> np.ndarray:
    """Akida reads by channel, second axis, first axis."""
    order = np.arange(np.prod(reads)).reshape(reads).transpose(0, 2, 1).ravel()
    flat = weights.reshape(-1, weights.shape[-1]).astype(np.int64)
    if len(flat) != len(order):
        return flat
    made = np.empty_like(flat)
    made[order] = flat
    return made


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
