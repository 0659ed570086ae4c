"""The operations that a model may hold, by name, and how each is written into a graph.

Tracing and the import from ONNX both end here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ValidationError
from .graph import Graph, Node, as_image

__all__ = ["Writer", "instead_of", "pair", "refused"]

#: What may stand in the place of what cannot be mapped, by a part of its name.
_INSTEAD = {
    "sigmoid": "ReLU or QCFS, and leave it out at the output, where it changes no order",
    "tanh": "ReLU or QCFS, and leave it out at the output, where it changes no order",
    "gelu": "ReLU or QCFS", "silu": "ReLU or QCFS", "leaky": "ReLU or QCFS", "elu": "ReLU or QCFS",
    "softplus": "ReLU or QCFS", "hardswish": "ReLU or QCFS", "prelu": "ReLU or QCFS",
    "layernorm": "batch norm, which folds into the weights",
    "layer_norm": "batch norm, which folds into the weights",
    "groupnorm": "batch norm, which folds into the weights",
    "instancenorm": "batch norm, which folds into the weights",
    "instance_norm": "batch norm, which folds into the weights",
    "convtranspose": "a convolution", "conv_transpose": "a convolution",
    "lstm": "a recurrent spiking network",
    "gru": "a recurrent spiking network", "rnn": "a recurrent spiking network",
    "attention": "the page on training: spiking attention", "embedding": "a linear layer",
    "permute": "channels first", "transpose": "channels first",
    "resize": "a stride of 1 before it", "upsample": "a stride of 1 before it",
    "interpolate": "a stride of 1 before it",
    "pixelshuffle": "a stride of 1 before it", "pad": "the padding of the convolution",
    "amax": "adaptive max pooling", "getitem": "flatten, and all of the channels",
    "chunk": "a layer for each part", "split": "a layer for each part",
    "stack": "cat along the channels", "sum": "mean, times how many there are",
    "maximum": "clamp(min=0), or max pooling", "conv3d": "conv2d, depth as channels",
}  # fmt: skip


def pair(value: Any, dims: int, what: str) -> tuple[int, int]:
    """A number or a list of them as (height, width); of one dimension, the width."""
    given = list(value) if isinstance(value, Sequence) else [value] * dims
    if len(given) == 1:
        given = given * dims
    if dims == 1:
        given = [1 if what in ("window", "stride", "dilation") else 0, given[0]]
    return int(given[0]), int(given[1])


class Writer:
    """Nodes as they are met, with the shapes that they have."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.notes: list[str] = []

    def graph(self, output: str) -> Graph:
        """What was written."""
        return Graph(self.nodes.values(), output, self.notes)

    def put(self, name: str, kind: str, inputs: Sequence[str], shape: Any, **settings: Any) -> str:
        """Write one node."""
        name = name.replace(".", "_").replace("/", "_").strip("_") or kind
        while name in self.nodes:
            name += "_"
        self.nodes[name] = Node(name, kind, tuple(inputs), tuple(map(int, shape)), settings)
        return name

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a node's result."""
        return self.nodes[name].shape

    def linear(self, name: str, x: str, weight: Any, bias: Any, shape: Any) -> str:
        """A matrix (out, in)."""
        if len(self.shape(x)) != 1:
            raise refused(name, f"a linear layer on shape {self.shape(x)}", "flatten it before")
        return self.put(name, "linear", [x], shape, weight=_numbers(weight), bias=_numbers(bias))

    def convolution(
        self, name: str, x: str, weight: Any, bias: Any, shape: Any, *,
        stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
    ) -> str:  # fmt: skip
        """A kernel (out, in / groups, width) or (out, in / groups, height, width)."""
        kernel = _numbers(weight)
        dims = kernel.ndim - 2
        if dims == 1:
            kernel = kernel[:, :, None]
        around = [d * (k - 1) for k, d in zip(kernel.shape[2:], pair(dilation, dims, "dilation"))]
        if padding == "same":
            if any(a % 2 for a in around):
                raise refused(name, "padding 'same' of an even kernel", "pad alike on both sides")
            sides = around[0] // 2, around[1] // 2
        else:
            sides = pair(0 if padding == "valid" else padding, dims, "padding")
        return self.put(
            name, "convolution", [x], shape, weight=kernel, bias=_numbers(bias),
            stride=pair(stride, dims, "stride"), padding=sides,
            dilation=pair(dilation, dims, "dilation"), groups=int(groups),
        )  # fmt: skip

    def pool(
        self, name: str, x: str, shape: Any, greatest: bool, window: Any, stride: Any = None,
        padding: Any = 0, *, ceil: bool = False, all_: bool = True,
    ) -> str:  # fmt: skip
        """Average or greatest over windows."""
        dims = len(self.shape(x)) - 1
        step = window if stride is None or stride == [] else stride
        settings = {
            "window": pair(window, dims, "window"), "stride": pair(step, dims, "stride"),
            "padding": pair(padding, dims, "padding"),
        }  # fmt: skip
        sides = [
            (n + 2 * p - k) // s + 1
            for n, k, s, p in zip(as_image(self.shape(x))[1:], *settings.values())
        ]
        if ceil and tuple(sides) != as_image(tuple(shape))[1:]:
            raise refused(name, "windows that reach beyond the border", "leave ceil_mode out")
        if greatest:
            return self.put(name, "greatest", [x], shape, **settings)
        return self.put(name, "average", [x], shape, **settings, divide_by_all=all_)

    def pool_to(self, name: str, x: str, shape: Any, greatest: bool) -> str:
        """Adaptive pooling, where windows are all alike."""
        before, after = as_image(self.shape(x))[1:], as_image(tuple(shape))[1:]
        if any(a % b for a, b in zip(before, after)):
            raise refused(name, f"from {before} to {after}", "sides that divide without rest")
        window = [a // b for a, b in zip(before, after)]
        given = window if len(self.shape(x)) == 3 else window[1:]
        return self.pool(name, x, shape, greatest, given)

    def normalise(
        self, name: str, x: str, mean: Any, var: Any, weight: Any, bias: Any, eps: float
    ) -> str:
        """Batch norm by running statistics, as gain and bias of each channel."""
        if mean is None or var is None:
            raise refused(name, "batch norm without running statistics", "track_running_stats=True")
        gain = 1.0 / np.sqrt(_numbers(var) + float(eps))
        gain = gain if weight is None else gain * _numbers(weight)
        shift = -_numbers(mean) * gain
        return self.affine(name, x, gain, shift if bias is None else shift + _numbers(bias))

    def softmax(self, name: str, x: str, axis: int | None, log: bool) -> str:
        """Over the answers; `axis` counts the samples', None is PyTorch's old default."""
        shape = self.shape(x)
        if axis is not None and axis % (len(shape) + 1) != 1:
            raise refused(name, f"softmax over axis {axis}", "over axis 1, the answers")
        return self.put(name, "softmax", [x], shape, log=log)

    def affine(self, name: str, x: str, gain: Any, bias: Any) -> str:
        """A gain and a bias of each channel."""
        return self.put(name, "affine", [x], self.shape(x), gain=gain, bias=bias)

    def arithmetic(self, name: str, x: str, gain: Any = 1.0, bias: Any = 0.0) -> str:
        """A gain and a bias as numbers or arrays, which broadcast against (samples, *shape)."""
        return self.affine(name, x, self._by_channel(name, x, gain),
                           self._by_channel(name, x, bias))  # fmt: skip

    def _by_channel(self, name: str, x: str, value: Any) -> np.ndarray:
        given, shape = np.asarray(value, float), self.shape(x)
        try:
            wide = np.broadcast_to(given, (1, *shape)).reshape(shape[0], -1)
        except ValueError:
            wide = np.zeros((1, 0))
        if wide.size == 0 or (wide != wide[:, :1]).any():
            raise refused(
                name, f"arithmetic with an array of shape {given.shape} on shape {shape}",
                "a number, or one for each channel",
            )  # fmt: skip
        return wide[:, 0].copy()

    def rectify(
        self, name: str, x: str, cap: Any = None, levels: Any = None, scale: Any = None
    ) -> str:
        """A ReLU, capped, or quantised (QCFS)."""
        cap = None if cap is None or not np.isfinite(float(cap)) else float(cap)
        return self.put(name, "rectify", [x], self.shape(x), cap=cap, levels=levels, scale=scale)

    def add(self, name: str, inputs: Sequence[str]) -> str:
        """A sum of values of one shape."""
        shapes = [self.shape(i) for i in inputs]
        if len(set(shapes)) > 1:
            raise refused(name, f"a sum of shapes {shapes}", "equal shapes")
        return self.put(name, "add", inputs, shapes[0])

    def join(self, name: str, inputs: Sequence[str], axis: int, shape: Any) -> str:
        """Channels side by side."""
        return self.put(name, "join", inputs, shape, axis=int(axis))

    def reshape(self, name: str, x: str, shape: Any) -> str:
        """The same numbers in another shape."""
        if tuple(shape) == self.shape(x):
            return x
        return self.put(name, "reshape", [x], shape)


def refused(name: str, problem: str, remedy: str) -> ValidationError:
    """What cannot be mapped, by name."""
    return ValidationError(f"convert, {name!r}", problem, "", remedy)


def instead_of(what: str) -> str:
    """What to do about an operation that has no spiking counterpart."""
    key = what.lower()
    instead = next((v for k, v in _INSTEAD.items() if k in key), "")
    return f"use {instead}" if instead else "express it by these, or keep it outside of the model"


def _numbers(values: Any) -> Any:
    if values is None:
        return None
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64)
