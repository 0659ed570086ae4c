"""The trained network itself, computed from its graph: what conversion is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from .graph import Graph, Node, as_image

__all__ = ["apply_linear", "forward", "quantised"]


def forward(
    graph: Graph, inputs: Any, keep: tuple[str, ...] = (), batch: int = 256,
    instead: dict[str, np.ndarray] | None = None,
) -> Any:  # fmt: skip
    """What the nodes of a graph give.

    Parameters
    ----------
    inputs
        (samples, *input shape).
    keep
        Which nodes; the output by default.
    batch
        Samples at a time.
    instead
        Results of some nodes, (samples, *shape), that are taken as given.

    Returns
    -------
    dict of numpy.ndarray, float32
        (samples, *shape) by node; the array alone where `keep` is not given.
    """
    wanted = tuple(dict.fromkeys(keep)) or (graph.output,)
    given = torch.as_tensor(np.asarray(inputs, np.float32))
    made: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
    with torch.no_grad():
        for k, part in enumerate(given.split(batch)):
            at = slice(k * batch, k * batch + len(part))
            known = {n: torch.as_tensor(v[at]) for n, v in (instead or {}).items()}
            values = _values(graph, part.reshape(-1, *graph.input.shape), known)
            for name in wanted:
                made[name].append(values[name].numpy())
    joined = {name: np.concatenate(parts) for name, parts in made.items()}
    return joined if keep else joined[graph.output]


def _values(graph: Graph, given: Any, known: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {graph.input.name: given}
    for node in graph.nodes.values():
        if node.kind != "input":
            values[node.name] = known[node.name] if node.name in known else _one(node, values)
    return values


def _one(node: Node, values: dict[str, Any]) -> Any:
    read = [values[i] for i in node.inputs]
    if node.kind == "add":
        return sum(read[1:], read[0])
    if node.kind == "join":
        return torch.cat(read, 1 + node["axis"])
    if node.kind == "rectify":
        return _rectified(node, read[0])
    if node.kind == "softmax":
        return (F.log_softmax if node["log"] else F.softmax)(read[0], 1)
    if node.kind == "greatest":
        made = F.max_pool2d(_image(read[0]), node["window"], node["stride"], node["padding"])
        return made.reshape(-1, *node.shape)
    return apply_linear(node, read[0], with_bias=True)


def apply_linear(node: Node, x: Any, with_bias: bool) -> Any:
    """A node that is linear but for its bias: convolution, matrix, average, gain, reshape."""
    if node.kind == "reshape":
        return x.reshape(-1, *node.shape)
    if node.kind == "average":
        made = F.avg_pool2d(
            _image(x), node["window"], node["stride"], node["padding"],
            count_include_pad=node["divide_by_all"],
        )  # fmt: skip
        return made.reshape(-1, *node.shape)
    bias = _tensor(node["bias"], x) if with_bias and node["bias"] is not None else None
    if node.kind == "affine":
        sides = (-1, *[1] * (x.ndim - 2))
        made = x * _tensor(node["gain"], x).reshape(sides)
        return made if bias is None else made + bias.reshape(sides)
    if node.kind == "linear":
        return F.linear(x, _tensor(node["weight"], x), bias)
    made = F.conv2d(
        _image(x), _tensor(node["weight"], x), bias, node["stride"], node["padding"],
        node["dilation"], node["groups"],
    )  # fmt: skip
    return made.reshape(-1, *node.shape)


def _rectified(node: Node, x: Any) -> Any:
    if node["levels"]:
        return quantised(x, _tensor(node["scale"], x), int(node["levels"]))
    return torch.clamp(x, min=0, max=node["cap"])


def quantised(x: Any, scale: Any, levels: int) -> Any:
    """`x` cut to 0 to `scale`, and rounded, halves up, to whole multiples of scale/levels."""
    return scale * torch.clamp(torch.floor(x * levels / scale + 0.5), 0, levels) / levels


def _image(x: Any) -> Any:
    return x.reshape(-1, *as_image(tuple(x.shape[1:])))


def _tensor(values: Any, like: Any) -> Any:
    return torch.as_tensor(np.asarray(values), dtype=like.dtype)
