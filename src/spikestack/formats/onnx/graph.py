"""An ONNX graph that is being written: nodes, constants, inputs, outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import MissingExtraError

__all__ = ["BATCH", "Graph", "digest_of", "package"]

#: The name of the first axis of all inputs and outputs.
BATCH = "batch"
#: Of operators and of the file: those that know ScatterElements with sums.
_OPSET, _VERSION = 18, 9


def package() -> Any:
    """The package onnx.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("ONNX files", "onnx") from error
    return onnx


def digest_of(graph: Any, about: str) -> str:
    """SHA-256 of a graph and of what the file says of it."""
    data = graph.SerializeToString(deterministic=True)
    return hashlib.sha256(data + about.encode()).hexdigest()


class Graph:
    """Collects what makes up an ONNX model."""

    def __init__(self) -> None:
        self.onnx = package()
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.initializers: list[Any] = []
        self._constants: dict[tuple[Any, ...], str] = {}
        self._count = 0
        self._batch = ""

    def op(self, kind: str, *inputs: str, **settings: Any) -> str:
        """Append an operator with one result; returns the result's name."""
        self._count += 1
        name = f"n{self._count}"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [name], name, **settings))
        return name

    def constant(self, value: Any, dtype: Any) -> str:
        """A constant; equal small ones are stored once."""
        array = np.array(value, dtype, order="C")
        key = (array.dtype.str, array.shape, array.tobytes() if array.size < 64 else id(value))
        if array.size >= 64 or key not in self._constants:
            name = f"c{len(self.initializers)}"
            self.initializers.append(self.onnx.numpy_helper.from_array(array, name))
            self._constants[key] = name
            if array.size >= 64:
                return name
        return self._constants[key]

    def cast(self, value: str, dtype: Any) -> str:
        """The same values in another type."""
        return self.op("Cast", value, to=self._type(dtype))

    def input(self, name: str, shape: Sequence[int], dtype: Any, default: Any = None) -> str:
        """An input (batch, *shape); with a default it may be left out."""
        sides = [BATCH, *shape]
        make = self.onnx.helper.make_tensor_value_info
        self.inputs.append(make(name, self._type(dtype), sides))
        if default is not None:
            array = np.array(np.broadcast_to(default, (1, *shape)), dtype, order="C")
            self.initializers.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def output(self, name: str, value: str, shape: Sequence[int], dtype: Any) -> None:
        """An output (batch, *shape); what lacks the batch or is one number is spread."""
        sides = [self.onnx.numpy_helper.from_array(np.array(shape, np.int64), f"shape of {name}")]
        self.initializers += sides
        whole = self.op("Concat", self.batch(), f"shape of {name}", axis=0)
        self.nodes.append(self.onnx.helper.make_node("Expand", [value, whole], [name], name))
        make = self.onnx.helper.make_tensor_value_info
        self.outputs.append(make(name, self._type(dtype), [BATCH, *shape]))

    def spread(self, value: str, shape: Sequence[int]) -> str:
        """A value as (batch, *shape)."""
        sides = self.constant(list(shape), np.int64)
        return self.op("Expand", value, self.op("Concat", self.batch(), sides, axis=0))

    def batch(self) -> str:
        """How many samples there are, int64[1]: the most of any input."""
        if not self._batch:
            sizes = [self.op("Shape", i.name, start=0, end=1) for i in self.inputs]
            self._batch = self.op("Max", *sizes) if len(sizes) > 1 else sizes[0]
        return self._batch

    def model(self, name: str, about: dict[str, str], producer: str) -> Any:
        """The model, checked."""
        h = self.onnx.helper
        graph = h.make_graph(self.nodes, name, self.inputs, self.outputs, self.initializers)
        made = h.make_model(
            graph, opset_imports=[h.make_opsetid("", _OPSET)], ir_version=_VERSION,
            producer_name=producer,
        )  # fmt: skip
        h.set_model_props(made, {**about, "digest": digest_of(made.graph, about["spikestack"])})
        self.onnx.checker.check_model(made)
        return made

    def _type(self, dtype: Any) -> int:
        return int(self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
