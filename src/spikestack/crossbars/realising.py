"""Networks whose weights stand on crossbars: the description that a run then follows."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..devices.crossbar import Crossbar
from ..errors import MemoryLimitError, ValidationError
from ..machine import available_memory
from ..network.links import Projection
from ..network.network import Network
from ..network.rules import Convolution, FromArrays, Pooling, TransposedConvolution
from ..program.compact_edges import compact_weights
from ..program.edge_list import edge_list
from ..program.edges import draft_edges
from ..program.program import EdgeProgram
from ..sizes import human_bytes
from ..units import magnitude, parse_unit
from .pulsing import begun, pulsed_rule
from .reading import noisy_transmission, reading_noise
from .responses import response_of
from .tiles.array import CrossbarArray

__all__ = ["Listed", "aged", "array_of", "listed", "realised"]


@dataclass(frozen=True)
class Listed:
    """The synapses of a projection.

    Attributes
    ----------
    pre, post : int64
        Places in the projection's views, sorted by `pre`.
    weights : float64
        In the unit of the synapse.
    delays, dendritic : float64
        ms.
    """

    pre: np.ndarray
    post: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
    dendritic: np.ndarray


def realised(network: Network, dt: float) -> Network:
    """The network with the weights that its crossbars realise; itself where there are none.

    Weights that stay become those that the programmed arrays have, wires, faults, drift and all.
    Where reading is noisy, every spike that passes draws noise of its own. Rules of learning
    become rules of pulses.

    Parameters
    ----------
    network
        The description.
    dt
        Step in ms, to whose multiples delays are rounded.

    Raises
    ------
    ValidationError
        If crossbars cannot stand behind a projection.
    MemoryLimitError
        If an array would not fit into memory.
    """
    if not any(p.realised_by for p in network.projections.values()):
        return network
    network.frozen = True
    made = copy(network)
    made.projections = {
        name: _realised(p, dt) if p.realised_by else p for name, p in network.projections.items()
    }
    return made


def aged(network: Network, seconds: Any) -> Network:
    """The same description, with all crossbars used so many seconds after programming.

    Parameters
    ----------
    network
        With projections that are ``realised_by`` crossbars.
    seconds
        A number, or a quantity: ``"3600 s"``.

    Raises
    ------
    ValidationError
        If no projection has any.
    """
    age = float(magnitude(seconds, parse_unit("s"), "aged, seconds"))
    if not any(p.realised_by for p in network.projections.values()):
        raise ValidationError("aged", "no projection stands on crossbars", "realised_by=Crossbar()")
    made = copy(network)
    made.projections = {
        name: replace(p, realised_by=replace(p.realised_by, age=age)) if p.realised_by else p
        for name, p in network.projections.items()
    }
    return made


def listed(projection: Projection, dt: float) -> Listed:
    """All synapses of a projection, in the order in which runs have them."""
    draft = draft_edges(projection, projection.seed, dt)
    edge = EdgeProgram(pre=0, post=0, receptor=0, quantum=1.0, **draft)
    edges = edge_list(edge)
    return Listed(
        _places(edges.pre, edge.pre_ids),
        _places(edges.post, edge.post_ids),
        compact_weights(edge, np.float64) / projection.synapse.unit_of_weight().scale,
        (edges.delays - edges.dendritic) * dt,
        edges.dendritic * dt,
    )


def array_of(projection: Projection, dt: float = 0.1) -> CrossbarArray:
    """The array behind a projection whose weights stay.

    Inputs are the projection's sources, outputs its targets; of a convolution, what its kernel
    sees at one place, and its channels.

    Raises
    ------
    ValidationError
        If the projection has no crossbar, several synapses join the same two neurons, or its
        kernel falls into groups.
    MemoryLimitError
        If the matrix would not fit into memory.
    """
    crossbar = _crossbar_of(projection)
    kernel = _kernel_matrix(projection)
    if kernel is not None:
        return CrossbarArray(kernel, crossbar, projection.name)
    return CrossbarArray(_matrix(projection, listed(projection, dt)), crossbar, projection.name)


def _crossbar_of(projection: Projection) -> Crossbar:
    if projection.realised_by is None:
        raise ValidationError(
            f"Projection {projection.name!r}", "stands on no crossbar", "realised_by=Crossbar(...)"
        )
    return projection.realised_by


def _realised(projection: Projection, dt: float) -> Projection:
    where = f"Projection {projection.name!r}.realised_by"
    if isinstance(projection.rule, Pooling):
        raise ValidationError(
            where, "a pool joins neurons by wires, it has no weights", "a projection with weights"
        )
    if projection.plasticity:
        return _learning(projection, dt, where)
    array = array_of(projection, dt)
    kernel = _kernel_matrix(projection)
    if kernel is not None:
        if reading_noise(array) is not None:
            raise ValidationError(
                where, "a kernel's devices are shared by places, which draw no noise of their own",
                "a run without noise of reading", "Crossbar(..., read_noise=False)",
            )  # fmt: skip
        shaped = _kernel_of(projection, array.weights())
        return replace(projection, rule=shaped, realised_by=None)
    edges = listed(projection, dt)
    now = array.weights()[edges.pre, edges.post]
    rules: tuple[Any, ...] = ()
    noise = reading_noise(array)
    if noise is not None and noise.any():
        _check_noise(projection, edges, where)
        drawn = noise[edges.pre, edges.post]
        rules = (noisy_transmission(now, drawn, projection.synapse.positive),)
    return _with(projection, edges, now, rules)


def _check_noise(projection: Projection, edges: Listed, where: str) -> None:
    """Raise ValidationError where a spike cannot draw noise on its way."""
    problem = ""
    if projection.pre.population.model.emit_type != "none":
        problem = "spikes that carry values"
    elif len(edges.delays) and (edges.delays + edges.dendritic).min() <= 0:
        problem = "spikes that act without delay"
    if problem:
        raise ValidationError(
            where, f"{problem} cannot draw noise of reading", "a run without it",
            "Crossbar(..., read_noise=False)",
        )  # fmt: skip


def _with(projection: Projection, edges: Listed, weights: np.ndarray, rules: Any) -> Projection:
    """The projection with listed synapses, of these weights and rules."""
    synapse = copy(projection.synapse)
    synapse.weight = weights
    synapse.delay, synapse.dendritic_delay = edges.delays, edges.dendritic
    return replace(
        projection,
        rule=FromArrays(edges.pre, edges.post),
        synapse=synapse,
        plasticity=tuple(rules),
        realised_by=None,
    )


def _learning(projection: Projection, dt: float, where: str) -> Projection:
    """A projection that learns by pulses."""
    crossbar = _crossbar_of(projection)
    changing = [
        k
        for k, rule in enumerate(projection.plasticity)
        if any(n == "w" for e in ("on_pre", "on_post", "every") for n, _ in _statements(rule, e))
    ]
    if len(changing) != 1:
        names = ", ".join(rule.label for rule in projection.plasticity)
        raise ValidationError(
            where, f"{len(changing)} of the rules change the weight ({names})", "one that does"
        )
    (k,) = changing
    if crossbar.compensation:
        names = ", ".join(crossbar.compensation)
        raise ValidationError(
            where, f"compensation ({names}) of weights that learn by pulses",
            "compensation=(); it is for weights that stay",
        )  # fmt: skip
    rule = projection.plasticity[k]
    response = response_of(crossbar.device, crossbar.spread)
    edges = listed(projection, dt)
    unit = projection.synapse.unit_of_weight()
    low, high = (rule.coherent(unit)[name] / unit.scale for name in ("w_min", "w_max"))
    states = begun(crossbar, response, edges.weights, (low, high), projection.name)
    rules = list(projection.plasticity)
    rules[k] = pulsed_rule(rule, crossbar, response, states)
    return _with(projection, edges, edges.weights, rules)


def _statements(rule: Any, event: str) -> Any:
    return getattr(rule, f"{event}_statements")


def _matrix(projection: Projection, edges: Listed) -> np.ndarray:
    shape = projection.pre.size, projection.post.size
    if 8 * shape[0] * shape[1] > (free := available_memory()):
        raise MemoryLimitError(
            f"Projection {projection.name!r}: a crossbar of {shape[0]:,} x {shape[1]:,} needs more "
            f"than {human_bytes(free)}; split the populations"
        )
    flat = edges.pre * shape[1] + edges.post
    if len(np.unique(flat)) < len(flat):
        raise ValidationError(
            f"Projection {projection.name!r}.realised_by",
            "several synapses join the same two neurons, and there is one device for each pair",
            "one synapse for each pair",
            "multapses=False, or a projection for each",
        )
    matrix = np.zeros(shape)
    matrix[edges.pre, edges.post] = edges.weights
    return matrix


def _kernel_matrix(projection: Projection) -> np.ndarray | None:
    """A convolution's kernel as a matrix, in channels and places by out channels, else None."""
    rule = projection.rule
    if not isinstance(rule, Convolution | TransposedConvolution):
        return None
    weight = projection.synapse.weight
    if rule.groups != 1 or not isinstance(weight, float | int):
        raise ValidationError(
            f"Projection {projection.name!r}.realised_by",
            "a kernel in groups, or with weights of each synapse",
            "a kernel in one group, and one number as weight",
        )
    kernel = np.asarray(rule.kernel) * weight
    first = 0 if isinstance(rule, Convolution) else 1
    return np.moveaxis(kernel, first, -1).reshape(-1, kernel.shape[first])


def _kernel_of(projection: Projection, matrix: np.ndarray) -> Any:
    """The rule with the kernel that a matrix of `_kernel_matrix` stands for."""
    rule: Any = projection.rule
    first = 0 if isinstance(rule, Convolution) else 1
    moved = np.moveaxis(np.asarray(rule.kernel), first, -1).shape
    kernel = np.moveaxis(matrix.reshape(moved), -1, first)
    weight: Any = projection.synapse.weight
    return replace(rule, kernel=kernel / weight)


def _places(ids: np.ndarray, of_view: np.ndarray) -> np.ndarray:
    """Indices in a view of neurons given by their indices in the population."""
    order = np.argsort(of_view)
    return order[np.searchsorted(of_view[order], ids)]
