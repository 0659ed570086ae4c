"""Linear nodes as maps from one shape to another, and what chains of them are as projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from ...errors import ValidationError
from ...network.rules import Convolution, Dense, FromArrays, OneToOne, Pooling
from ...network.rules.base import Rule
from .graph import Node

__all__ = ["Map", "map_of", "projected"]

Shape = tuple[int, ...]
#: A folded chain has at most so many synapses.
_MOST_EDGES = 50_000_000


@dataclass(frozen=True, eq=False)
class Map:
    """y = A x + b.

    Attributes
    ----------
    kind
        ``"matrix"``, ``"scale"``, ``"convolution"`` or ``"pool"``; ``"same"`` for a new shape,
        ``"order"`` for another order.
    before, after
        Shapes of x and y.
    weight
        Of a matrix (..., out, in); of a scale, one number for each; of a convolution its kernel;
        of an order, where each number comes from.
    bias
        Of the shape `after`, or None.
    stride, window
        Along each axis.
    padding
        (before, after) along each axis.
    groups
        Of channels.
    """

    kind: str
    before: Shape
    after: Shape
    weight: Any = None
    bias: np.ndarray | None = None
    stride: Shape = ()
    window: Shape = ()
    padding: tuple[tuple[int, int], ...] = ()
    groups: int = 1

    def apply(self, x: np.ndarray) -> np.ndarray:
        """A x for one x of the shape `before`."""
        return np.asarray(self.matrix() @ x.ravel()).reshape(self.after)

    def matrix(self) -> sparse.csr_matrix:
        """A, (after, before), both flat."""
        sizes = int(np.prod(self.after)), int(np.prod(self.before))
        if self.kind == "same":
            return sparse.identity(sizes[0], format="csr")
        if self.kind == "order":
            return sparse.identity(sizes[0], format="csr")[self.weight]
        if self.kind == "scale":
            return sparse.diags(np.asarray(self.weight, np.float64).ravel(), format="csr")
        if self.kind == "matrix":
            blocks = np.asarray(self.weight, np.float64).reshape(-1, *self.weight.shape[-2:])
            return sparse.block_diag(list(blocks), format="csr")
        return self._stencil(sizes)

    def _stencil(self, sizes: tuple[int, int]) -> sparse.csr_matrix:
        """Every window of every output channel: over its group's channels, or over its own."""
        channels, *sides = self.before
        out, *places = self.after
        grid = np.arange(sizes[1]).reshape(self.before)
        padded = np.full((channels, *(n + a + b for n, (a, b) in zip(sides, self.padding))), -1)
        inner = tuple(slice(a, a + n) for n, (a, _) in zip(sides, self.padding))
        padded[(slice(None), *inner)] = grid
        kernel = np.asarray(self.weight, np.float64)
        into = kernel.shape[1]
        rows, columns, values = [], [], []
        targets = np.arange(sizes[0]).reshape(self.after)
        for o in range(out):
            first = o if self.kind == "pool" else o // (out // self.groups) * into
            for at in np.ndindex(*kernel.shape[1:]):
                weight = kernel[o, *at]
                spans = tuple(
                    slice(k, k + (n - 1) * s + 1, s) for k, n, s in zip(at[1:], places, self.stride)
                )
                found = padded[(first + at[0], *spans)].ravel()
                here = found >= 0
                rows.append(targets[o].ravel()[here])
                columns.append(found[here])
                values.append(np.full(int(here.sum()), weight))
        made = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.csr_matrix(made, shape=sizes)


def map_of(node: Node, shape: Shape, where: str, channels_last: bool = False) -> Map:
    """The map of a node at which signals of a shape arrive.

    Parameters
    ----------
    node, shape
        See above.
    where
        For messages.
    channels_last
        Whether Flatten takes images as (height, width, channels).

    Raises
    ------
    ValidationError
        If the shape does not fit.
    """
    made = _MAPS[node.type](node, tuple(shape), where)
    if node.type == "Flatten" and channels_last and len(shape) == 3 and len(made.after) == 1:
        order = np.moveaxis(np.arange(int(np.prod(shape))).reshape(shape), 0, -1).ravel()
        return Map("order", shape, made.after, order)
    return made


def _mismatch(where: str, got: Shape, wanted: str) -> ValidationError:
    return ValidationError(where, f"what arrives has shape {got}", wanted)


def _affine(node: Node, shape: Shape, where: str) -> Map:
    weight = node["weight"]
    before, after = (*weight.shape[:-2], weight.shape[-1]), (*weight.shape[:-2], weight.shape[-2])
    if shape != before:
        hint = "a Flatten node before it" if np.prod(shape) == np.prod(before) else ""
        raise ValidationError(where, f"what arrives has shape {shape}", f"{before}", hint)
    return Map("matrix", before, after, weight, _bias(node, after, where))


def _bias(node: Node, after: Shape, where: str, channels: bool = False) -> np.ndarray | None:
    given = node.fields.get("bias")
    if given is None:
        return None
    array = np.asarray(given, dtype=np.float64)
    if channels and array.ndim == 1:
        array = array.reshape(-1, *(1 for _ in after[1:]))
    try:
        return np.array(np.broadcast_to(array, after))
    except ValueError:
        shape = np.shape(given)
        raise ValidationError(f"{where}, bias", f"has shape {shape}", f"{after}") from None


def _scale(node: Node, shape: Shape, where: str) -> Map:
    scale = np.asarray(node["scale"])
    if scale.size == 1:
        scale = np.full(shape, scale.reshape(()))
    if scale.shape != shape:
        raise _mismatch(where, shape, f"that of the scale, {scale.shape}")
    return Map("scale", shape, shape, scale)


def _flatten(node: Node, shape: Shape, where: str) -> Map:
    said, dims = node["input_type"], len(shape)
    if said is not None and int(np.prod(said)) != int(np.prod(shape)):
        raise _mismatch(where, shape, f"{said}")
    first, last = node["start_dim"], node["end_dim"]
    last = last + dims if last < 0 else last
    first = first + dims if first < 0 else first
    if dims == 1 or first >= dims:
        return Map("same", shape, shape)
    if not 0 <= first <= last < dims:
        raise ValidationError(where, f"flattens dimensions {first} to {last} of {shape}", "its own")
    flat = int(np.prod(shape[first : last + 1]))
    return Map("same", shape, (*shape[:first], flat, *shape[last + 1 :]))


def _per_axis(value: Shape, axes: int, where: str) -> Shape:
    if len(value) not in (1, axes):
        raise ValidationError(where, f"got {value}", f"one whole number, or {axes}")
    return value * axes if len(value) == 1 else value


def _padding(
    value: str | Shape, extent: Shape, stride: Shape, where: str
) -> tuple[tuple[int, int], ...]:
    if value == "valid":
        return tuple((0, 0) for _ in extent)
    if value == "same":
        if any(s != 1 for s in stride):
            raise ValidationError(f"{where}, padding", f"'same' with stride {stride}", "stride 1")
        return tuple(((k - 1) // 2, k - 1 - (k - 1) // 2) for k in extent)
    assert not isinstance(value, str)
    return tuple((p, p) for p in _per_axis(value, len(extent), f"{where}, padding"))


def _places(
    sides: Shape, extent: Shape, stride: Shape, padding: tuple[tuple[int, int], ...], where: str
) -> Shape:
    found = tuple(
        (n + a + b - k) // s + 1 for n, k, s, (a, b) in zip(sides, extent, stride, padding)
    )
    if min(found) < 1:
        raise _mismatch(where, sides, f"at least as long as the window {extent} without padding")
    return found


def _convolution(node: Node, shape: Shape, where: str) -> Map:
    kernel, groups = np.asarray(node["weight"]), node["groups"]
    axes = 1 if node.type == "Conv1d" else 2
    if kernel.ndim != axes + 2:
        raise ValidationError(f"{where}, weight", f"has shape {kernel.shape}", f"{axes + 2} axes")
    if len(shape) != axes + 1 or shape[0] != kernel.shape[1] * groups or kernel.shape[0] % groups:
        channels = f"{kernel.shape[1] * groups} channels in {groups} groups"
        raise _mismatch(where, shape, f"{channels} and {axes} axes for kernel {kernel.shape}")
    said = node["input_shape"]
    if said is not None and tuple(said)[-axes:] != shape[1:]:
        raise _mismatch(where, shape, f"its input_shape {said}")
    stride = _per_axis(node["stride"], axes, f"{where}, stride")
    dilation = _per_axis(node["dilation"], axes, f"{where}, dilation")
    wide = tuple((k - 1) * d + 1 for k, d in zip(kernel.shape[2:], dilation))
    spread = np.zeros((*kernel.shape[:2], *wide), kernel.dtype)
    spread[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = kernel
    padding = _padding(node["padding"], wide, stride, where)
    after = (kernel.shape[0], *_places(shape[1:], wide, stride, padding, where))
    bias = _bias(node, after, where, channels=True)
    return Map("convolution", shape, after, spread, bias, stride, wide, padding, groups)


def _pool(node: Node, shape: Shape, where: str) -> Map:
    if len(shape) != 3:
        raise _mismatch(where, shape, "(channels, height, width)")
    window = _per_axis(node["kernel_size"], 2, f"{where}, kernel_size")
    stride = _per_axis(node["stride"], 2, f"{where}, stride")
    padding = _padding(node["padding"], window, stride, where)
    after = (shape[0], *_places(shape[1:], window, stride, padding, where))
    weight = 1.0 / np.prod(window) if node.type == "AvgPool2d" else 1.0
    kernel = np.full((shape[0], 1, *window), weight)
    return Map("pool", shape, after, kernel, None, stride, window, padding, shape[0])


_MAPS = {
    "Affine": _affine, "Linear": _affine, "Scale": _scale, "Flatten": _flatten,
    "Conv1d": _convolution, "Conv2d": _convolution, "SumPool2d": _pool, "AvgPool2d": _pool,
}  # fmt: skip


def projected(chain: tuple[Map, ...], source: Shape, where: str) -> tuple[Rule, Any]:
    """The rule, and the weight of its synapses, of maps one after the other.

    A single map keeps its own form; others become the product of their matrices.

    Parameters
    ----------
    chain
        The maps, that of the source first.
    source
        The source's shape.
    where
        For messages.

    Raises
    ------
    ValidationError
        If the product has more synapses than memory would hold.
    """
    chain, factor = _without_scales(chain)
    if not chain:
        return OneToOne(), factor
    if len(chain) == 1 and chain[0].kind == "matrix" and chain[0].weight.ndim == 2:
        return Dense(np.asarray(chain[0].weight, np.float64).T), factor
    if len(chain) == 1 and chain[0].kind == "scale":
        scale = np.asarray(chain[0].weight, np.float64).ravel()
        return OneToOne(), factor * scale
    stencil = _stencil_of(chain) if chain[0].before == source else None
    if stencil is not None:
        return stencil[0], factor * stencil[1]
    matrix = chain[0].matrix()
    for step in chain[1:]:
        matrix = (step.matrix() @ matrix).tocsr()
        if matrix.nnz > _MOST_EDGES:
            raise ValidationError(where, f"is {matrix.nnz:,} synapses when folded into one",
                                  f"at most {_MOST_EDGES:,}")  # fmt: skip
    listed = matrix.tocoo()
    rule = FromArrays(listed.col.astype(np.int64), listed.row.astype(np.int64))
    return rule, factor * listed.data


def _without_scales(chain: tuple[Map, ...]) -> tuple[tuple[Map, ...], float]:
    """Without changes of shape, and scales by one number as a factor."""
    kept: list[Map] = []
    factor = 1.0
    for step in chain:
        if step.kind == "same":
            continue
        if step.kind == "scale" and (step.weight == step.weight.ravel()[0]).all():
            factor *= float(step.weight.ravel()[0])
            continue
        if step.kind == "matrix" and kept and kept[-1].kind == "order" and step.weight.ndim == 2:
            before = kept.pop()
            weight = np.empty_like(step.weight)
            weight[:, before.weight] = step.weight
            kept.append(Map("matrix", before.before, step.after, weight))
            continue
        kept.append(step)
    return tuple(kept), factor


def _stencil_of(chain: tuple[Map, ...]) -> tuple[Rule, float] | None:
    """A convolution or pooling as a rule of its own, if it can be one."""
    if any(step.kind not in ("convolution", "pool") for step in chain) or len(chain) > 2:
        return None
    last = chain[-1]
    if any(a != b for step in chain for a, b in step.padding):
        return None
    sides = tuple(a for a, _ in last.padding)
    one = len(sides) == 1
    if len(chain) == 1 and last.kind == "pool":
        if any(sides):
            return None
        return Pooling(last.window, last.stride), float(last.weight.flat[0])
    pool: Any = 1
    factor = 1.0
    if len(chain) == 2:
        first = chain[0]
        fits = first.kind == "pool" and first.window == first.stride and last.kind == "convolution"
        if not fits or any(a for a, _ in first.padding):
            return None
        pool, factor = first.window, float(first.weight.flat[0]) * float(np.prod(first.window))
    if last.kind != "convolution":
        return None
    kernel = np.asarray(last.weight, np.float64)
    stride, padding = (last.stride[0], sides[0]) if one else (last.stride, sides)
    return Convolution(kernel, stride, padding, last.groups, pool), factor
