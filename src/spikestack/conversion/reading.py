"""From an ONNX file to a graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, MissingExtraError, ValidationError
from .graph import Graph
from .padding import alike, lopsided, pads_of
from .writing import Writer, instead_of, refused

__all__ = ["is_onnx", "read"]


def is_onnx(model: Any) -> bool:
    """Whether this is a path or an ONNX model."""
    return isinstance(model, str | Path) or type(model).__name__ == "ModelProto"


def read(model: Any) -> Graph:
    """The graph of an ONNX file or model; nothing in it is executed.

    Raises
    ------
    MissingExtraError
        If the package onnx is not installed.
    FileFormatError
        If the file is no sound ONNX model.
    ValidationError
        If it holds an operator that cannot be mapped.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("reading ONNX", "onnx") from error
    try:
        if isinstance(model, str | Path):
            # Weights in other files are not looked for: a model is one file.
            model = onnx.load_model(str(model), load_external_data=False)
        onnx.checker.check_model(model)
    except OSError:
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        raise FileFormatError(f"no sound ONNX model: {first}") from error
    return _Reading(model.graph, onnx.numpy_helper.to_array).graph()


class _Reading:
    """Walks the nodes of one ONNX graph."""

    def __init__(self, graph: Any, to_array: Callable[..., Any]) -> None:
        self.proto, self.w, self._to_array = graph, Writer(), to_array
        self.constants = {i.name: to_array(i) for i in graph.initializer}
        self.names: dict[str, str] = {}
        #: By name, zeros that stand around: before each side, then behind each.
        self.pads: dict[str, list[int]] = {}

    def graph(self) -> Graph:
        """What the nodes say."""
        for given in self.proto.input:
            if given.name not in self.constants:
                shape = _shape(given)
                if shape is None or len(shape) < 1:
                    raise ValidationError(
                        f"convert, input {given.name!r}", "has no fixed shape",
                        "known sides, all but the first", "export it with a fixed input size",
                    )  # fmt: skip
                self.names[given.name] = self.w.put(given.name, "input", [], shape)
        self._check_operators()
        for node in self.proto.node:
            self._one(node)
        outputs = [o.name for o in self.proto.output if o.name in self.names]
        if len(outputs) != 1:
            raise ValidationError("convert, model", f"{len(outputs)} outputs", "one")
        return self.w.graph(self.names[outputs[0]])

    def _check_operators(self) -> None:
        """All operators that depend on the input must be mapped; others are named together."""
        live, faults, kinds = set(self.names), [], []
        for node in self.proto.node:
            if not live & set(node.input) or node.op_type == "Shape":
                continue
            live |= set(node.output)
            if node.op_type not in (*_OPERATORS, "Pad"):
                faults.append(f"{node.name or node.op_type!r}: {node.op_type}")
                kinds.append(node.op_type)
        if faults:
            remedies = dict.fromkeys(filter(None, map(instead_of, kinds)))
            raise ValidationError(
                "convert", f"{', '.join(faults)} has no spiking counterpart",
                f"mapped are {', '.join(sorted((*_OPERATORS, 'Pad')))}", "; ".join(remedies),
            )  # fmt: skip

    def _pad(self, node: Any, name: str, settings: dict[str, Any]) -> None:
        """Zeros around a map, which the convolution after it takes as its own."""
        given: list[Any] = [self.constants.get(i) for i in node.input[1:]] + [None] * 3
        pads, value, axes = given[:3]
        pads = settings.get("pads", pads)
        dims = len(self.w.shape(self.names[node.input[0]])) + 1
        around = np.zeros((2, dims), np.int64)
        plain = settings.get("mode", "constant") == "constant" and pads is not None
        plain = plain and not np.any(settings.get("value", 0.0 if value is None else value))
        if plain:
            chosen = np.arange(dims) if axes is None else np.ravel(axes) % dims
            if np.size(pads) != 2 * len(chosen):
                raise FileFormatError(f"no sound ONNX model: {name}: {np.size(pads)} pads")
            around[:, chosen] = np.reshape(pads, (2, -1))
        if not plain or around[:, :2].any() or around.min() < 0 or node.input[0] in self.pads:
            raise refused(name, "pads with other than zeros around a map", "zeros, once")
        self.names[node.output[0]] = self.names[node.input[0]]
        self.pads[node.output[0]] = [int(p) for p in around[:, 2:].ravel()]

    def _one(self, node: Any) -> None:
        name = node.name or f"{node.op_type}_{len(self.w.nodes)}"
        settings = {a.name: _attribute(a, self._to_array) for a in node.attribute}
        live = [i for i in node.input if i in self.names]
        if not live:
            self._constant(node, settings)
            return
        if node.op_type == "Shape":
            # The batch is 1: where a reshape keeps it, it is not looked at.
            self.constants[node.output[0]] = np.array([1, *self.w.shape(self.names[live[0]])])
            return
        if node.op_type == "Pad":
            self._pad(node, name, settings)
            return
        padded = [i for i in live if i in self.pads]
        if padded:
            if node.op_type != "Conv" or padded != [node.input[0]]:
                raise refused(name, f"{node.op_type} of a padded map", "pad before a convolution")
            settings["around"] = self.pads[padded[0]]
        handler = _OPERATORS[node.op_type]
        given = [self.names.get(i, self.constants.get(i)) for i in node.input]
        missing = [i for i, g in zip(node.input, given) if i and g is None]
        if missing:
            raise refused(name, f"reads {missing[0]!r}, which is not constant", "constant weights")
        self.names[node.output[0]] = handler(self.w, name, settings, *given)

    def _constant(self, node: Any, settings: dict[str, Any]) -> None:
        """What does not depend on the input; unknown ones matter only if they are read."""
        given = [self.constants.get(i) for i in node.input]
        if node.op_type == "Constant" and settings:
            self.constants[node.output[0]] = np.asarray(next(iter(settings.values())))
        elif node.op_type in _FOLDED and given and all(g is not None for g in given):
            try:
                self.constants[node.output[0]] = _FOLDED[node.op_type](settings, *given)
            except (ValueError, IndexError, TypeError) as error:
                raise FileFormatError(f"no sound ONNX model: {node.op_type}: {error}") from error


def _unsqueezed(s: dict[str, Any], x: np.ndarray, axes: Any = None) -> np.ndarray:
    given = s.get("axes", []) if axes is None else np.ravel(axes)
    return np.expand_dims(x, tuple(int(a) for a in given))


#: What exporters compute of constants: of shapes, for a reshape, and of weights.
_FOLDED: dict[str, Callable[..., np.ndarray]] = {
    "Identity": lambda s, x: x,
    "Cast": lambda s, x: x,
    "Gather": lambda s, x, at: np.take(x, np.asarray(at, np.int64), int(s.get("axis", 0))),
    "Unsqueeze": _unsqueezed,
    "Concat": lambda s, *parts: np.concatenate(parts, int(s["axis"])),
    "Transpose": lambda s, x: np.transpose(x, s.get("perm")),
}


def _shape(value: Any) -> tuple[int, ...] | None:
    """Without the batch; None where a side is not known."""
    sides = value.type.tensor_type.shape.dim
    if not sides or any(d.dim_value < 1 for d in sides[1:]):
        return None
    return tuple(int(d.dim_value) for d in sides[1:])


def _attribute(a: Any, to_array: Callable[..., Any]) -> Any:
    """The value of an attribute: a number, a text, a list or an array."""
    return {
        1: lambda: a.f, 2: lambda: a.i, 3: lambda: a.s.decode("utf-8", "replace"),
        4: lambda: to_array(a.t), 6: lambda: list(a.floats), 7: lambda: list(a.ints),
    }.get(a.type, lambda: None)()  # fmt: skip


def _conv(w: Writer, name: str, s: Any, x: str, weight: Any, bias: Any = None) -> str:
    if not isinstance(weight, np.ndarray) or weight.ndim not in (3, 4):
        raise refused(name, "a kernel that is computed, or of three dimensions", "a constant one")
    dims = weight.ndim - 2
    stride, dilation = s.get("strides", [1] * dims), s.get("dilations", [1] * dims)
    reach = [d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation)]
    given = w.shape(x)[1:]
    around = s.get("around", [0] * 2 * dims)
    whole = [n + a + b for n, a, b in zip(given, around[:dims], around[dims:])]
    near, far = pads_of(name, s, whole, reach, stride)
    near = [n + a for n, a in zip(near, around[:dims])]
    far = [n + a for n, a in zip(far, around[dims:])]
    sides = [(n + p + q - r) // t + 1 for n, p, q, r, t in zip(given, near, far, reach, stride)]
    if near != far:
        weight = lopsided(weight, reach, dilation, near, far)
        dilation = [1] * dims
    padding = [max(both) for both in zip(near, far)]
    return w.convolution(
        name, x, weight, bias, (len(weight), *sides), stride=stride, padding=padding,
        dilation=dilation, groups=s.get("group", 1),
    )  # fmt: skip


def _gemm(w: Writer, name: str, s: Any, x: str, weight: Any, bias: Any = None) -> str:
    if s.get("transA", 0) or not isinstance(x, str) or isinstance(weight, str):
        raise refused(name, "a product of other than rows and a constant matrix", "x times W")
    matrix = (weight if s.get("transB", 0) else weight.T) * s.get("alpha", 1.0)
    added = None if bias is None else np.broadcast_to(bias * s.get("beta", 1.0), len(matrix))
    return w.linear(name, x, matrix, added, (len(matrix),))


def _matmul(w: Writer, name: str, s: Any, x: Any, weight: Any) -> str:
    if not isinstance(x, str) or isinstance(weight, str) or weight.ndim != 2:
        raise refused(name, "a product of other than rows and a constant matrix", "x times W")
    return w.linear(name, x, weight.T, None, (weight.shape[1],))


def _pool(w: Writer, name: str, s: Any, x: str, greatest: bool) -> str:
    window = s["kernel_shape"]
    dims = len(window)
    stride = s.get("strides", [1] * dims)
    padding = alike(name, *pads_of(name, s, w.shape(x)[1:], window, stride))
    if any(d != 1 for d in s.get("dilations", [])) or s.get("ceil_mode", 0):
        raise refused(name, "dilated pooling, or ceil_mode", "plain pooling")
    sides = [
        (n + 2 * p - k) // t + 1 for n, p, k, t in zip(w.shape(x)[1:], padding, window, stride)
    ]
    return w.pool(name, x, (w.shape(x)[0], *sides), greatest, window, stride, padding,
                  all_=bool(s.get("count_include_pad", 0)))  # fmt: skip


def _global(w: Writer, name: str, s: Any, x: str) -> str:
    before = w.shape(x)
    return w.pool_to(name, x, (before[0], *[1] * (len(before) - 1)), False)


def _mean(w: Writer, name: str, s: Any, x: str, axes: Any = None) -> str:
    before = w.shape(x)
    given = s.get("axes", []) if axes is None else [int(a) for a in np.ravel(axes)]
    if sorted(a % (len(before) + 1) for a in given) != list(range(2, len(before) + 1)):
        raise refused(name, f"a mean over axes {given}", "over height and width together")
    pooled = _global(w, name, s, x)
    return pooled if s.get("keepdims", 1) else w.reshape(f"{name}_flat", pooled, before[:1])


def _dropout(w: Writer, name: str, s: Any, x: str, ratio: Any = None, on: Any = None) -> str:
    if on is not None and bool(on):
        raise refused(name, "dropout in training mode", "a model exported for inference")
    return x


def _sum(w: Writer, name: str, s: Any, *parts: Any) -> str:
    if len(parts) == 1:
        return parts[0]
    made = parts[0]
    for k, part in enumerate(parts[1:]):
        made = _add(w, f"{name}_{k}" if k else name, s, made, part)
    return made


def _norm(w: Writer, name: str, s: Any, x: str, scale: Any, b: Any, mean: Any, var: Any) -> str:
    if s.get("training_mode", 0):
        raise refused(name, "batch norm in training mode", "a model exported for inference")
    return w.normalise(name, x, mean, var, scale, b, s.get("epsilon", 1e-5))


def _flatten(w: Writer, name: str, s: Any, x: str) -> str:
    if s.get("axis", 1) != 1:
        raise refused(name, f"flattens from axis {s['axis']}", "axis 1")
    return w.reshape(name, x, (int(np.prod(w.shape(x))),))


def _reshape(w: Writer, name: str, s: Any, x: str, target: Any = None) -> str:
    """A batch that the exporter counted as one sample is not taken for a side."""
    size = int(np.prod(w.shape(x)))
    if not isinstance(target, np.ndarray):
        raise refused(name, "reshapes to what is not constant", "a constant shape")
    sides = [int(t) for t in np.ravel(target)[1:]]
    kept = w.shape(x)
    sides = [kept[k] if t == 0 and k < len(kept) else t for k, t in enumerate(sides)]
    known = int(np.prod([t for t in sides if t > 0]))
    sides = [size // known if t == -1 else t for t in sides]
    if not sides or int(np.prod(sides)) != size or min(sides) < 1:
        raise refused(name, f"reshapes {w.shape(x)} to {sides}", "keep the first axis for samples")
    return w.reshape(name, x, sides)


def _squeeze(w: Writer, name: str, s: Any, x: str, axes: Any = None) -> str:
    given = s.get("axes") if axes is None else [int(a) for a in np.ravel(axes)]
    before = w.shape(x)
    if given is None:
        return w.reshape(name, x, [n for n in before if n != 1])
    gone = {a % (len(before) + 1) - 1 for a in given}
    return w.reshape(name, x, [n for k, n in enumerate(before) if k not in gone])


def _unsqueeze(w: Writer, name: str, s: Any, x: str, axes: Any = None) -> str:
    before = np.zeros((2, *w.shape(x)), bool)
    made = _unsqueezed(s, before, axes).shape
    if made[0] != 2:
        raise refused(name, "a new first axis", "keep the first axis for samples")
    return w.reshape(name, x, made[1:])


def _add(w: Writer, name: str, s: Any, a: Any, b: Any) -> str:
    if isinstance(a, str) and isinstance(b, str):
        return w.add(name, [a, b])
    x, number = (a, b) if isinstance(a, str) else (b, a)
    return w.arithmetic(name, x, bias=number)


def _sub(w: Writer, name: str, s: Any, a: Any, b: Any) -> str:
    if isinstance(b, str):
        if not isinstance(a, str):
            return w.arithmetic(name, b, -1.0, a)
        return w.add(name, [a, w.arithmetic(f"{name}_less", b, -1.0)])
    return w.arithmetic(name, a, bias=-b)


def _scaled(w: Writer, name: str, a: Any, b: Any, divide: bool) -> str:
    if (isinstance(a, str) and isinstance(b, str)) or (divide and isinstance(b, str)):
        raise refused(name, "a product or ratio of two activations", "a constant factor")
    x, number = (a, b) if isinstance(a, str) else (b, a)
    return w.arithmetic(name, x, 1.0 / number if divide else number)


def _cast(w: Writer, name: str, s: Any, x: str) -> str:
    if s.get("to") not in (1, 10, 11, 16):
        raise refused(name, f"a cast to type {s.get('to')}", "floating point")
    return x


def _clip(w: Writer, name: str, s: Any, x: str, low: Any = None, high: Any = None) -> str:
    low, high = s.get("min", low), s.get("max", high)
    if low is None or float(low) != 0.0:
        raise refused(name, "clips from other than 0", "a ReLU")
    return w.rectify(name, x, cap=high)


def _concat(w: Writer, name: str, s: Any, *parts: Any) -> str:
    if not all(isinstance(p, str) for p in parts) or s["axis"] % (len(w.shape(parts[0])) + 1) != 1:
        raise refused(name, "joins other than channels of activations", "axis 1")
    channels = sum(w.shape(p)[0] for p in parts)
    return w.join(name, parts, 0, (channels, *w.shape(parts[0])[1:]))


_OPERATORS: dict[str, Callable[..., str]] = {
    "Conv": _conv, "Gemm": _gemm, "MatMul": _matmul, "BatchNormalization": _norm,
    "Relu": lambda w, name, s, x: w.rectify(name, x), "Clip": _clip,
    "AveragePool": lambda w, name, s, x: _pool(w, name, s, x, False),
    "MaxPool": lambda w, name, s, x: _pool(w, name, s, x, True),
    "GlobalAveragePool": _global, "Flatten": _flatten, "Reshape": _reshape, "Squeeze": _squeeze,
    "Add": _add, "Sub": _sub, "Concat": _concat,
    "Mul": lambda w, name, s, a, b: _scaled(w, name, a, b, False),
    "Div": lambda w, name, s, a, b: _scaled(w, name, a, b, True),
    "Identity": lambda w, name, s, x: x, "Cast": _cast,
    "Dropout": _dropout, "ReduceMean": _mean, "Sum": _sum, "Unsqueeze": _unsqueeze,
    "GlobalMaxPool": lambda w, name, s, x: w.pool_to(
        name, x, (w.shape(x)[0], *[1] * (len(w.shape(x)) - 1)), True
    ),
    "Neg": lambda w, name, s, x: w.arithmetic(name, x, -1.0),
    "Softmax": lambda w, name, s, x: w.softmax(name, x, s.get("axis", -1), log=False),
    "LogSoftmax": lambda w, name, s, x: w.softmax(name, x, s.get("axis", -1), log=True),
}  # fmt: skip
