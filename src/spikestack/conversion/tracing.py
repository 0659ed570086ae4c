"""From a PyTorch model to a graph: traced symbolically, then walked once with an example."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import fx

from ..errors import ValidationError, shorten
from .forward import forward
from .graph import Graph
from .operations import FUNCTIONS, METHODS, MODULES
from .qcfs import QCFS
from .writing import Writer, instead_of, refused

__all__ = ["traced"]

_MAPPED = (
    "linear, conv1d and conv2d, batch norm, ReLU, ReLU6, clamp from 0, QCFS, average and max "
    "pooling, flatten, reshape, view, add, cat, dropout, and arithmetic with numbers"
)


class _Tracer(fx.Tracer):
    """Takes QCFS as one operation."""

    def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
        return isinstance(m, QCFS) or super().is_leaf_module(m, module_qualified_name)


def traced(model: Any, example: Any) -> Graph:
    """The graph of a model in evaluation mode.

    Parameters
    ----------
    model
        A `torch.nn.Module` of one input.
    example
        (samples, *shape), at least two samples.

    Raises
    ------
    ValidationError
        If it cannot be traced, or holds what has no spiking counterpart.
    """
    if not isinstance(model, torch.nn.Module):
        raise ValidationError("convert, model", f"got {type(model).__name__}", "a torch.nn.Module")
    was = model.training
    model.eval()
    try:
        try:
            graph = _Tracer().trace(model)
        except Exception as error:
            raise ValidationError(
                "convert, model", f"cannot be traced: {error}",
                "a forward pass without branches or loops on values",
            ) from error  # fmt: skip
        walk = _Walk(fx.GraphModule(model, graph))
        kinds = (p.dtype for p in model.parameters() if p.is_floating_point())
        given = example.to(next(kinds, example.dtype))
        with torch.no_grad():
            walk.run(given.clone())
            whole = model(given.clone())
    finally:
        model.train(was)
    made = walk.writer.graph(walk.output_name)
    whole = whole[0] if isinstance(whole, tuple | list) else whole
    _compare(made, example, [*walk.seen, ("model", made.output, whole)])
    return made


def _compare(graph: Graph, example: Any, seen: list[tuple[str, str, Any]]) -> None:
    """Refuse what the graph does not say: results that change in place, or by chance."""
    own = forward(graph, example, tuple(graph.nodes))
    for name, node, value in seen:
        if node in own:
            theirs = value.float().numpy().reshape(own[node].shape)
            if not np.isfinite(theirs).all():
                raise refused(name, "gives NaN or infinity", "finite weights")
            if not np.allclose(own[node], theirs, 1e-4, 1e-4 * float(np.abs(theirs).max())):
                raise refused(
                    name, "gives other numbers than what it reads: something acts in place on it, "
                    "or is random", "inplace=False, and nothing random in evaluation mode",
                )  # fmt: skip


class _Walk(fx.Interpreter):
    """Runs the model on an example and writes down every operation on what depends on it."""

    def __init__(self, module: Any) -> None:
        super().__init__(module, garbage_collect_values=False)
        self.extra_traceback = False  # our own messages say where
        self.writer = Writer()
        self.names: dict[Any, str] = {}
        self.output_name = ""
        self.seen: list[tuple[str, str, Any]] = []

    def run_node(self, n: Any) -> Any:
        try:
            value = super().run_node(n)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise ValidationError(
                f"convert, {n.name!r}", f"fails on the data given: {str(error).splitlines()[0]}",
                "data of the shape (samples, *input) that the model takes",
            ) from error  # fmt: skip
        if n.op == "output":
            self._finish(n)
        elif n.op == "placeholder":
            self._take_input(n, value)
        elif any(a in self.names for a in n.all_input_nodes) and _is_tensor(value):
            self._write(n, value)
        return value

    def _take_input(self, n: Any, value: Any) -> None:
        """The first; others only where they have a default."""
        if isinstance(value, torch.Tensor):
            self.names[n] = self.writer.put(n.name, "input", [], value.shape[1:])

    def _write(self, n: Any, value: Any) -> None:
        if not isinstance(value, torch.Tensor):
            raise self._unknown(n)
        batch = self.env[next(iter(self.names))].shape[0]
        if value.ndim < 2 or value.shape[0] != batch:
            raise refused(n.name, f"{_what(self.module, n)} mixes the samples of a batch",
                          "keep the first axis for samples")  # fmt: skip
        take = lambda a: self.names.get(a, self.env[a])  # noqa: E731
        args, kwargs = fx.node.map_arg((n.args, n.kwargs), lambda a: _Ref(take(a)))  # type: ignore[arg-type, return-value]
        args, kwargs = _opened(args), _opened(kwargs)
        shape = tuple(value.shape[1:])
        if n.op == "call_module":
            module = self.fetch_attr(n.target)
            handler = next((h for kind, h in MODULES if isinstance(module, kind)), None)
            args = (module, *args)
        else:
            handler = (FUNCTIONS if n.op == "call_function" else METHODS).get(n.target)
        if handler is None:
            raise self._unknown(n)
        self.names[n] = handler(self.writer, n.name, shape, *args, **kwargs)
        self.seen.append((n.name, self.names[n], value.detach().clone()))

    def _unknown(self, n: Any) -> ValidationError:
        what = _what(self.module, n)
        return ValidationError(
            f"convert, {n.name!r}", f"{what} has no spiking counterpart",
            f"mapped are {_MAPPED}", instead_of(what),
        )  # fmt: skip

    def _finish(self, n: Any) -> None:
        (result,) = n.args
        if isinstance(result, tuple | list) and len(result) == 1:
            (result,) = result
        if not isinstance(result, fx.Node) or result not in self.names:
            raise ValidationError("convert, model", "its output is no single tensor", "one output",
                                  "wrap it in a module that returns one of them")  # fmt: skip
        self.output_name = self.names[result]


class _Ref:
    """A node's argument: the name of what depends on the input, or a value."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _opened(given: Any) -> Any:
    if isinstance(given, _Ref):
        return given.value
    if isinstance(given, tuple | list):
        return type(given)(_opened(g) for g in given)
    return {k: _opened(v) for k, v in given.items()} if isinstance(given, dict) else given


def _is_tensor(value: Any) -> bool:
    parts = value if isinstance(value, tuple | list) else (value,)
    return any(isinstance(p, torch.Tensor) for p in parts)


def _what(root: Any, n: Any) -> str:
    if n.op == "call_module":
        return type(root.get_submodule(n.target)).__name__
    return n.target if isinstance(n.target, str) else getattr(n.target, "__name__", str(n.target))


def example_of(data: Any) -> Any:
    """Two samples of the data, as a tensor.

    Raises
    ------
    ValidationError
        If the data are no finite numbers, (samples, ...).
    """
    try:
        if isinstance(data, torch.Tensor):
            data = data[:2].detach().cpu().numpy()
        given = torch.as_tensor(np.array(data[:2], np.float32))
    except (TypeError, ValueError, IndexError, KeyError):
        given = torch.zeros(0)
    if given.ndim < 2 or not len(given):
        raise ValidationError(
            "convert, data", f"got {shorten(data)}", "an array (samples, *input shape)"
        )
    if not bool(torch.isfinite(given).all()):
        raise ValidationError("convert, data", "hold NaN or infinity", "finite numbers")
    return given if len(given) > 1 else given.repeat(2, *[1] * (given.ndim - 1))
