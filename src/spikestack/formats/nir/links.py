"""Projections as nodes: linear ones between populations, and delays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.links import Projection
from ...network.network import Network
from ...network.rules import Convolution, Dense, OneToOne, Pooling
from ...network.rules.given import ExplicitRule
from .cells import Cell
from .graph import Node
from .times import Times

__all__ = ["Link", "link_of", "shapes_of"]

Shape = tuple[int, ...]
#: Largest matrix that is written for a projection that is none.
_MOST_NUMBERS = 100_000_000


@dataclass
class Link:
    """A projection: the nodes that it becomes, from the source on."""

    name: str
    source: str
    target: str
    nodes: list[tuple[str, Node]] = field(default_factory=list)

    @property
    def carrier(self) -> Node | None:
        """The node that can bring a bias, if there is one."""
        found = [n for _, n in self.nodes if n.type in ("Linear", "Affine", "Conv1d", "Conv2d")]
        return found[-1] if found else None


def shapes_of(network: Network) -> dict[str, Shape]:
    """Shapes of populations in a graph: flat but where a convolution or pooling sees an image.

    Raises
    ------
    ValidationError
        If two projections need a population in different shapes.
    """
    found: dict[str, Shape] = {}
    for projection in network.projections.values():
        rule: Any = projection.rule
        if not _is_stencil(projection):
            continue
        channels, height, width = rule.image(projection.pre.shape)
        before = (channels, width) if rule.axes() == 1 else (channels, height, width)
        ends = ((projection.pre, before), (projection.post, rule.target_shape(before)))
        for end, shape in ends:
            name = end.population.name
            if found.setdefault(name, shape) != shape:
                raise ValidationError(f"population {name!r}", f"is {found[name]} and {shape}",
                                      "one shape")  # fmt: skip
    return {name: found.get(name, (p.size,)) for name, p in network.populations.items()}


def _is_stencil(projection: Projection) -> bool:
    """Whether it keeps the form of a convolution or pooling."""
    rule = projection.rule
    if not isinstance(rule, Convolution | Pooling):
        return False
    whole = projection.pre.is_whole and projection.post.is_whole
    if isinstance(rule, Pooling) and rule.axes() == 1:
        return False
    pooled = (
        isinstance(rule, Convolution) and rule.axes() == 1 and rule.both(rule.pool, 1) != (1, 1)
    )
    return whole and isinstance(projection.synapse.weight, float) and not pooled


def link_of(
    network: Network, projection: Projection, cell: Cell, times: Times, shapes: dict[str, Shape]
) -> Link:
    """How a projection is written.

    Parameters
    ----------
    network
        That may be frozen: random rules are drawn.
    projection
        One of its projections.
    cell
        Of its target.
    times
        Of the file.
    shapes
        Of populations.

    Raises
    ------
    ValidationError
        If NIR has no such projection; `where` then names what it has.
    """
    pre, post = projection.pre.population.name, projection.post.population.name
    made = Link(projection.name, pre, post)
    factor = cell.factor
    scale = float(np.ravel(factor)[0]) if (np.ravel(factor) == np.ravel(factor)[0]).all() else None
    if _is_stencil(projection) and scale is not None:
        made.nodes += _stencil(projection, scale, shapes[pre])
        _delay(made, projection, times, pre == post, shapes[pre])
        return made
    if shapes[post] != (projection.post.population.size,) and not _same_shape(projection, shapes):
        raise ValidationError("rule", f"brings a vector to the shape {shapes[post]}",
                              "convolutions and pooling alone")  # fmt: skip
    if _same_shape(projection, shapes) and isinstance(projection.rule, OneToOne):
        weight = np.broadcast_to(np.asarray(projection.synapse.weight, np.float64) * factor,
                                 projection.pre.size)  # fmt: skip
        if (weight != 1).any():
            made.nodes.append(("scale", Node("Scale", {"scale": weight.reshape(shapes[post])})))
    else:
        if len(shapes[pre]) > 1:
            made.nodes.append(("flat", Node("Flatten", {
                "input_type": shapes[pre], "start_dim": 0, "end_dim": -1})))  # fmt: skip
        matrix = _matrix(network, projection, times.dt)
        matrix = matrix * np.broadcast_to(np.asarray(factor, np.float64), len(matrix))[:, None]
        made.nodes.append(("weight", Node("Linear", {"weight": matrix})))
    _delay(made, projection, times, pre == post, shapes[pre])
    return made


def _same_shape(projection: Projection, shapes: dict[str, Shape]) -> bool:
    """Whether neuron i reaches neuron i of a population of the same shape."""
    names = projection.pre.population.name, projection.post.population.name
    whole = projection.pre.is_whole and projection.post.is_whole
    given = isinstance(projection.synapse.weight, float | np.ndarray)
    return (
        whole and given and isinstance(projection.rule, OneToOne)
        and shapes[names[0]] == shapes[names[1]]
    )  # fmt: skip


def _delay(made: Link, projection: Projection, times: Times, own: bool, shape: Shape) -> None:
    """Delays of whole steps; one step of a loop to itself is what every reader takes anyway."""
    synapse = projection.synapse
    parts = (synapse.delay, synapse.dendritic_delay)
    if not all(isinstance(p, float) for p in parts):
        raise ValidationError("delay", "differs between synapses", "one for the projection")
    steps = sum(np.floor(float(p) / times.dt + 0.5) for p in parts)  # type: ignore[arg-type]
    if steps == 0 or (steps == 1 and own):
        return
    delay = np.full(shape, steps * times.dt / times.unit)
    made.nodes.insert(0, ("delay", Node("Delay", {"delay": delay})))


def _stencil(projection: Projection, scale: float, shape: Shape) -> list[tuple[str, Node]]:
    given: Any = projection.synapse.weight
    rule, weight = projection.rule, float(given) * scale
    if isinstance(rule, Pooling):
        window, stride = rule.windows, rule.strides
        fields = {"kernel_size": window, "stride": stride, "padding": (0, 0)}
        area = float(np.prod(window))
        if weight == 1 / area:
            return [("pool", Node("AvgPool2d", fields))]
        made = [("pool", Node("SumPool2d", fields))]
        if weight != 1:
            after = np.full(rule.target_shape(shape), weight)
            made.append(("scale", Node("Scale", {"scale": after})))
        return made
    assert isinstance(rule, Convolution)
    pool, sides = rule.both(rule.pool, 1), shape[1:]
    nodes: list[tuple[str, Node]] = []
    if rule.axes() == 2 and pool != (1, 1):
        fields = {"kernel_size": pool, "stride": pool, "padding": (0, 0)}
        nodes.append(("pool", Node("AvgPool2d", fields)))
        sides = tuple(n // p for n, p in zip(sides, pool))
    one = rule.axes() == 1
    pair = [rule.both(v, k) for v, k in ((rule.stride, 1), (rule.padding, 0))]
    stride, padding = (tuple(v[1:]) if one else tuple(v) for v in pair)
    kernel = rule.kernel * weight
    nodes.append(("weight", Node("Conv1d" if one else "Conv2d", {
        "input_shape": sides, "weight": kernel, "stride": stride, "padding": padding,
        "dilation": (1,) if one else (1, 1), "groups": rule.groups,
        "bias": np.zeros(len(kernel)),
    })))  # fmt: skip
    return nodes


def _matrix(network: Network, projection: Projection, dt: float) -> np.ndarray:
    """Weights (post, pre) between whole populations, whatever the rule."""
    n_pre, n_post = projection.pre.population.size, projection.post.population.size
    if n_pre * n_post > _MOST_NUMBERS:
        raise ValidationError("rule", f"is a matrix of {n_post} x {n_pre}",
                              f"at most {_MOST_NUMBERS:,} numbers")  # fmt: skip
    made = np.zeros((n_post, n_pre))
    rule, weight = projection.rule, projection.synapse.weight
    if isinstance(rule, Dense) and isinstance(weight, float):
        made[np.ix_(projection.post.ids, projection.pre.ids)] = rule.matrix.T * weight
        return made
    if isinstance(rule, ExplicitRule | OneToOne) and isinstance(weight, float | np.ndarray):
        if isinstance(rule, OneToOne):
            pre = post = np.arange(projection.pre.size)
            values: Any = 1.0
        else:
            edges = rule.edges(projection.pre.shape, projection.post.shape)
            pre, post = edges.pre, edges.post
            values = 1.0 if edges.weights is None else edges.weights
        at = projection.post.ids[post], projection.pre.ids[pre]
        np.add.at(made, at, values * np.asarray(weight))
        return made
    drawn = network.connections(projection.name, dt=dt, precision="float64")
    np.add.at(made, (np.asarray(drawn.post), np.asarray(drawn.pre)), np.asarray(drawn.weight))
    return made
