"""What PyTorch's modules, functions and methods are in a graph.

A handler takes the writer, the node's name, the shape of its result, and the arguments of the call,
in which what depends on the input is a node's name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from .qcfs import QCFS
from .writing import Writer, refused

__all__ = ["FUNCTIONS", "METHODS", "MODULES"]

Handler = Callable[..., str]


def _same(w: Writer, name: str, shape: Any, input: str, *_: Any, **__: Any) -> str:
    return input


def _linear(w: Writer, name: str, shape: Any, input: str, weight: Any, bias: Any = None) -> str:
    return w.linear(name, input, weight, bias, shape)


def _convolve(
    w: Writer, name: str, shape: Any, input: str, weight: Any, bias: Any = None,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> str:  # fmt: skip
    return w.convolution(
        name, input, weight, bias, shape, stride=stride, padding=padding, dilation=dilation,
        groups=groups,
    )  # fmt: skip


def _conv_module(w: Writer, name: str, shape: Any, m: Any, input: str) -> str:
    if m.padding_mode != "zeros":
        raise refused(name, f"padding_mode={m.padding_mode!r}", "pad with zeros")
    return _convolve(
        w, name, shape, input, m.weight, m.bias, m.stride, m.padding, m.dilation, m.groups
    )


def _batch_norm(
    w: Writer, name: str, shape: Any, input: str, running_mean: Any, running_var: Any,
    weight: Any = None, bias: Any = None, training: bool = False, momentum: Any = 0.1,
    eps: float = 1e-5,
) -> str:  # fmt: skip
    if training:
        raise refused(name, "batch norm by the statistics of the batch", "training=self.training")
    return w.normalise(name, input, running_mean, running_var, weight, bias, eps)


def _norm_module(w: Writer, name: str, shape: Any, m: Any, input: str) -> str:
    return w.normalise(name, input, m.running_mean, m.running_var, m.weight, m.bias, m.eps)


def _rectify(w: Writer, name: str, shape: Any, input: str, inplace: bool = False) -> str:
    return w.rectify(name, input)


def _relu6(w: Writer, name: str, shape: Any, input: str, inplace: bool = False) -> str:
    return w.rectify(name, input, cap=6.0)


def _clamp(w: Writer, name: str, shape: Any, input: str, min: Any = None, max: Any = None) -> str:
    if min is None or float(min) != 0.0 or (max is not None and float(max) <= 0):
        raise refused(name, f"clamp from {min}", "clamp from 0, which is a ReLU")
    return w.rectify(name, input, cap=max)


def _clamp_low(w: Writer, name: str, shape: Any, input: str, min: Any) -> str:
    return _clamp(w, name, shape, input, min)


def _hardtanh(
    w: Writer, name: str, shape: Any, input: str, min_val: Any = -1.0, max_val: Any = 1.0,
    inplace: bool = False,
) -> str:  # fmt: skip
    return _clamp(w, name, shape, input, min_val, max_val)


def _threshold(
    w: Writer, name: str, shape: Any, input: str, threshold: Any, value: Any, inplace: bool = False
) -> str:
    if threshold != 0 or value != 0:
        raise refused(name, f"a threshold of {threshold}", "a threshold of 0, which is a ReLU")
    return w.rectify(name, input)


def _qcfs(w: Writer, name: str, shape: Any, m: Any, input: str) -> str:
    return w.rectify(name, input, levels=m.levels, scale=float(m.scale.detach()))


def _average(
    w: Writer, name: str, shape: Any, input: str, kernel_size: Any, stride: Any = None,
    padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: Any = None,
) -> str:  # fmt: skip
    if divisor_override is not None:
        raise refused(name, "divisor_override", "leave it out")
    return w.pool(
        name, input, shape, False, kernel_size, stride, padding, ceil=ceil_mode,
        all_=count_include_pad,
    )  # fmt: skip


def _average_module(w: Writer, name: str, shape: Any, m: Any, input: str) -> str:
    return _average(
        w, name, shape, input, m.kernel_size, m.stride, m.padding, m.ceil_mode,
        m.count_include_pad, getattr(m, "divisor_override", None),
    )  # fmt: skip


def _greatest(
    w: Writer, name: str, shape: Any, input: str, kernel_size: Any, stride: Any = None,
    padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> str:  # fmt: skip
    dilated = any(d != 1 for d in (dilation if isinstance(dilation, tuple | list) else [dilation]))
    if dilated or return_indices:
        raise refused(name, "dilated max pooling, or its indices", "plain max pooling")
    return w.pool(name, input, shape, True, kernel_size, stride, padding, ceil=ceil_mode)


def _greatest_module(w: Writer, name: str, shape: Any, m: Any, input: str) -> str:
    return _greatest(
        w, name, shape, input, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode,
        m.return_indices,
    )  # fmt: skip


def _average_to(w: Writer, name: str, shape: Any, input: str, output_size: Any = None) -> str:
    return w.pool_to(name, input, shape, False)


def _greatest_to(
    w: Writer, name: str, shape: Any, input: str, output_size: Any = None, *_: Any, **__: Any
) -> str:
    return w.pool_to(name, input, shape, True)


def _mean(
    w: Writer, name: str, shape: Any, input: str, dim: Any = None, keepdim: bool = False, **_: Any
) -> str:
    before = w.shape(input)
    axes = sorted(d % (len(before) + 1) for d in ([dim] if isinstance(dim, int) else dim or []))
    if axes != list(range(2, len(before) + 1)) or not axes:
        raise refused(name, f"a mean over axes {dim}", "over height and width together")
    pooled = w.pool_to(name, input, (before[0], *[1] * len(axes)), False)
    return w.reshape(f"{name}_flat", pooled, shape)


def _reshape(w: Writer, name: str, shape: Any, input: str, *_: Any, **__: Any) -> str:
    return w.reshape(name, input, shape)


def _sum(w: Writer, name: str, shape: Any, input: Any, other: Any, alpha: Any = 1, **_: Any) -> str:
    if isinstance(input, str) and isinstance(other, str):
        if alpha != 1:
            other = w.arithmetic(f"{name}_scaled", other, float(alpha))
        return w.add(name, [input, other])
    if isinstance(input, str):
        return w.arithmetic(name, input, bias=_number(other) * alpha)
    return w.arithmetic(name, other, float(alpha), _number(input))


def _difference(
    w: Writer, name: str, shape: Any, input: Any, other: Any, alpha: Any = 1, **_: Any
) -> str:
    return _sum(w, name, shape, input, other, -alpha)


def _from(w: Writer, name: str, shape: Any, input: Any, other: Any, alpha: Any = 1) -> str:
    return _difference(w, name, shape, other, input, alpha)


def _minus(w: Writer, name: str, shape: Any, input: str) -> str:
    return w.arithmetic(name, input, -1.0)


def _times(w: Writer, name: str, shape: Any, input: Any, other: Any) -> str:
    if isinstance(input, str) and isinstance(other, str):
        raise refused(name, "a product of two activations", "sums, or a factor that is a number")
    x, number = (input, other) if isinstance(input, str) else (other, input)
    return w.arithmetic(name, x, _number(number))


def _divided(
    w: Writer, name: str, shape: Any, input: Any, other: Any, rounding_mode: Any = None
) -> str:
    if rounding_mode is not None:
        raise refused(name, f"rounding_mode={rounding_mode!r}", "leave it out")
    if not isinstance(input, str) or isinstance(other, str):
        raise refused(name, "division by an activation", "a divisor that is a number")
    return w.arithmetic(name, input, 1.0 / _number(other))


def _product(w: Writer, name: str, shape: Any, input: Any, other: Any) -> str:
    if not isinstance(input, str) or isinstance(other, str) or other.ndim != 2:
        raise refused(name, "a product of other than rows and a constant matrix", "x times W")
    return w.linear(name, input, other.t(), None, shape)


def _number(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().double().numpy()
    return float(value)


def _join(w: Writer, name: str, shape: Any, tensors: Any, dim: int = 0) -> str:
    axis = dim % (len(shape) + 1) - 1
    if axis != 0:
        raise refused(name, f"joins axis {dim}", "channels, axis 1")
    if not all(isinstance(t, str) for t in tensors):
        raise refused(name, "joins constants", "activations")
    return w.join(name, list(tensors), axis, shape)


def _softmax(
    w: Writer, name: str, shape: Any, input: str, dim: Any = None, *_: Any, **__: Any
) -> str:
    return w.softmax(name, input, dim, log=False)


def _log_softmax(
    w: Writer, name: str, shape: Any, input: str, dim: Any = None, *_: Any, **__: Any
) -> str:
    return w.softmax(name, input, dim, log=True)


def _dropout(
    w: Writer, name: str, shape: Any, input: str, p: float = 0.5, training: bool = True, *_: Any,
    train: bool | None = None, **__: Any,
) -> str:  # fmt: skip
    if (training if train is None else train) and p:
        raise refused(name, "dropout that is never off", "training=self.training")
    return input


def _of_input(handler: Handler) -> Handler:
    """A handler of a function as one of a module without settings."""
    return lambda w, name, shape, m, input: handler(w, name, shape, input)


MODULES: list[tuple[Any, Handler]] = [
    (QCFS, _qcfs),
    (nn.Linear, lambda w, name, shape, m, x: w.linear(name, x, m.weight, m.bias, shape)),
    ((nn.Conv1d, nn.Conv2d), _conv_module),
    ((nn.BatchNorm1d, nn.BatchNorm2d), _norm_module),
    (nn.ReLU6, _of_input(_relu6)),
    (nn.ReLU, _of_input(_rectify)),
    ((nn.AvgPool1d, nn.AvgPool2d), _average_module),
    ((nn.MaxPool1d, nn.MaxPool2d), _greatest_module),
    ((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d), _of_input(_average_to)),
    ((nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d), _of_input(_greatest_to)),
    ((nn.Flatten, nn.Unflatten), _of_input(_reshape)),
    ((nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.Identity), _of_input(_same)),
    (nn.Hardtanh, lambda w, name, shape, m, x: _hardtanh(w, name, shape, x, m.min_val, m.max_val)),
    (
        nn.Threshold,
        lambda w, name, shape, m, x: _threshold(w, name, shape, x, m.threshold, m.value),
    ),
    (nn.Softmax, lambda w, name, shape, m, x: _softmax(w, name, shape, x, m.dim)),
    (nn.LogSoftmax, lambda w, name, shape, m, x: _log_softmax(w, name, shape, x, m.dim)),
]

FUNCTIONS: dict[Any, Handler] = {
    F.linear: _linear, F.conv1d: _convolve, F.conv2d: _convolve, F.batch_norm: _batch_norm,
    F.relu: _rectify, torch.relu: _rectify, torch.relu_: _rectify, F.relu_: _rectify,
    F.relu6: _relu6, torch.clamp: _clamp, torch.clip: _clamp,
    F.avg_pool1d: _average, F.avg_pool2d: _average,
    F.max_pool1d: _greatest, F.max_pool2d: _greatest,
    F.adaptive_avg_pool1d: _average_to, F.adaptive_avg_pool2d: _average_to,
    F.adaptive_max_pool1d: _greatest_to, F.adaptive_max_pool2d: _greatest_to,
    torch.mean: _mean, torch.flatten: _reshape, torch.reshape: _reshape, torch.squeeze: _reshape,
    torch.unsqueeze: _reshape, operator.add: _sum, operator.iadd: _sum, torch.add: _sum,
    operator.sub: _difference, torch.sub: _difference, operator.isub: _difference,
    operator.mul: _times, torch.mul: _times, operator.imul: _times,
    operator.truediv: _divided, torch.div: _divided, torch.cat: _join, torch.concat: _join,
    operator.neg: _minus, torch.neg: _minus, torch.rsub: _from, torch.matmul: _product,
    operator.matmul: _product, F.dropout: _dropout, F.dropout1d: _dropout, F.dropout2d: _dropout,
    torch.dropout: _dropout, F.softmax: _softmax, torch.softmax: _softmax,
    F.log_softmax: _log_softmax, torch.log_softmax: _log_softmax, torch.clamp_min: _clamp_low,
    F.hardtanh: _hardtanh, F.threshold: _threshold, torch.max_pool1d: _greatest,
    torch.max_pool2d: _greatest,
}  # fmt: skip

METHODS: dict[str, Handler] = {
    "relu": _rectify, "relu_": _rectify, "clamp": _clamp, "clamp_": _clamp, "clip": _clamp,
    "view": _reshape, "reshape": _reshape, "flatten": _reshape, "squeeze": _reshape,
    "unsqueeze": _reshape, "unflatten": _reshape, "contiguous": _same, "clone": _same,
    "float": _same, "mean": _mean, "add": _sum, "add_": _sum, "sub": _difference, "mul": _times,
    "mul_": _times, "div": _divided, "softmax": _softmax, "log_softmax": _log_softmax,
    "clamp_min": _clamp_low, "neg": _minus, "matmul": _product, "detach": _same, "to": _same,
}  # fmt: skip
