"""Reads from a description what `EventProp` runs: inputs, neurons, readouts, who reaches whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...equations.evaluating import evaluate
from ...equations.expressions import Expr, Name, Op, names_in
from ...errors import ValidationError
from ...network.population import Population
from ...neurons.base import NeuronModel
from ...neurons.spike_source import SpikeSource
from ...numerics import edges as enumerators
from ...program.edge_values import draw_many
from ...synapses.exponential_current import ExponentialCurrent
from ..module import SpikingNetwork
from .event_kernels import Layout

__all__ = ["EventNetwork", "read"]

_RULE = "LIF neurons that rest and are reset at one potential, without refractory period"


@dataclass(frozen=True)
class Neuron:
    """A linear neuron: tau_m (ms), cm (nF), threshold above rest (mV; inf: it never fires)."""

    tau_m: float
    cm: float
    theta: float


@dataclass(frozen=True)
class EventNetwork:
    """A network, flat.

    Attributes
    ----------
    layout
        What kernels take.
    names, starts
        Populations that fire, and the first neuron of each.
    inputs
        Name of the drive, its first source, and its size.
    readouts
        Populations that only integrate, with the first neuron and the number of neurons.
    weights
        Projections in the order of their weights, with the place of the first.
    delays
        ms, by group.
    groups
        Projection of each group.
    """

    layout: Layout
    names: tuple[str, ...]
    starts: tuple[int, ...]
    inputs: dict[str, tuple[int, int]]
    readouts: dict[str, tuple[int, int]]
    weights: dict[str, int]
    delays: np.ndarray
    groups: tuple[str, ...]


def read(module: SpikingNetwork, rate: float) -> EventNetwork:
    """Read a module's description; `rate` in 1/ms weights time in readouts.

    Raises
    ------
    ValidationError
        If it holds anything else, which is named.
    """
    populations = [module.network.populations[name] for name in module.names]
    kinds = [None if isinstance(p.model, SpikeSource) else _neuron(p) for p in populations]
    fires = [k for k, n in enumerate(kinds) if n is not None and np.isfinite(n.theta)]
    reads = [k for k, n in enumerate(kinds) if n is not None and not np.isfinite(n.theta)]
    feeds = [k for k, n in enumerate(kinds) if n is None]
    _check_drives(module, set(feeds))
    start, base = {}, 0
    for k in (*fires, *feeds):
        start[k], base = base, base + populations[k].size
    sources, base = base, 0
    for k in reads:
        start[k], base = base, base + populations[k].size
    taus = [_tau_s(module, k) for k in (*fires, *reads)]
    parts = _Parts(module, start, {k: len(fires) + n for n, k in enumerate(reads)})
    first = np.array([start[k] for k in fires] + [sum(populations[k].size for k in fires)])
    chosen = [kinds[k] for k in (*fires, *reads)]
    layout = Layout(
        first.astype(np.int64),
        np.array([n.tau_m for n in chosen if n]),
        np.array(taus),
        np.array([n.cm for n in chosen if n]),
        np.array([n.theta for n in chosen if n]),
        float(rate),
        *parts.arrays(sources),
    )
    return EventNetwork(
        layout, tuple(module.names[k] for k in fires), tuple(start[k] for k in fires),
        {f.name: (start[f.population], populations[f.population].size) for f in module.feeds},
        {module.names[k]: (start[k], populations[k].size) for k in reads},
        parts.first, parts.delays, tuple(parts.owners),
    )  # fmt: skip


class _Parts:
    """Edges of all projections, sorted by source, projection and delay."""

    def __init__(
        self, module: SpikingNetwork, start: dict[int, int], readouts: dict[int, int]
    ) -> None:
        self.first: dict[str, int] = {}
        columns: list[list[np.ndarray]] = []
        base = 0
        for n, (edge, link) in enumerate(zip(module.program.edges, module.links)):
            if link.form not in ("matrix", "list"):
                raise ValidationError(
                    f"EventProp, projection {link.name!r}", "shares weights between synapses",
                    "a weight for each synapse", "list them with Dense or FromArrays",
                )  # fmt: skip
            if link.post not in start or link.pre in readouts:
                raise ValidationError(
                    f"EventProp, projection {link.name!r}", "leaves neurons that never fire", ""
                )
            self.first[link.name] = base
            sources, targets, ordinals = enumerators.expand(edge.rule)
            pre = edge.pre_ids[np.repeat(np.arange(edge.rule.n_pre), np.diff(sources))]
            order = np.argsort(pre, kind="stable")
            pre, post = pre[order], edge.post_ids[targets][order]
            delay = draw_many(edge.delay, ordinals) + draw_many(edge.dendritic, ordinals)
            matrix = link.form == "matrix"
            places = pre * module.program.populations[link.post].size + post if matrix else (
                np.arange(len(pre)))  # fmt: skip
            columns.append([
                start[link.pre] + pre, np.full(len(pre), n), delay[order], start[link.post] + post,
                base + places, np.full(len(pre), readouts.get(link.post, -1)),
            ])  # fmt: skip
            base += link.initial.numel()
        stacked = [np.concatenate(c) for c in zip(*columns)] if columns else [np.zeros(0)] * 6
        by = np.lexsort((stacked[3], stacked[2], stacked[1], stacked[0]))
        self.source, self.link, self.delay, self.target, self.place, self.reads = (
            c[by] for c in stacked
        )
        edge_of = (self.source[1:] != self.source[:-1]) | (self.link[1:] != self.link[:-1])
        edge_of |= self.delay[1:] != self.delay[:-1]
        self.heads = np.flatnonzero(np.concatenate([[len(self.source) > 0], edge_of]))
        self.delays = self.delay[self.heads].astype(np.float64)
        self.owners = [module.links[int(self.link[h])].name for h in self.heads]

    def arrays(self, sources: int) -> tuple[np.ndarray, ...]:
        """The last fields of a `Layout`."""
        heads = self.heads
        starts = np.searchsorted(self.source[heads], np.arange(sources + 1))
        return tuple(
            np.ascontiguousarray(a, dtype=np.int64)
            for a in (
                starts, np.append(heads, len(self.source)), self.reads[heads], self.target,
                self.place,
            )
        )  # fmt: skip


def _check_drives(module: SpikingNetwork, feeds: set[int]) -> None:
    for feed in module.feeds:
        name = module.names[feed.population] if feed.population < len(module.names) else ""
        if feed.kind != "spikes" or feed.population not in feeds:
            raise ValidationError(
                f"EventProp, drive {feed.name!r} of {name!r}", "is not of spikes given to a source",
                "ExternalSpikes on a SpikeSource",
            )  # fmt: skip
        whole = np.array_equal(feed.ids, np.arange(module.network.populations[name].size))
        if not whole or (feed.weights < 0.5).any():
            raise ValidationError(
                f"EventProp, drive {feed.name!r}", "does not make every neuron of it fire",
                "ExternalSpikes(weight=1.0) on the whole population",
            )  # fmt: skip


def _tau_s(module: SpikingNetwork, k: int) -> float:
    """The one synaptic time constant of a population."""
    name = module.names[k]
    found = set()
    for projection in module.network.projections.values():
        if projection.post.population.name != name:
            continue
        synapse = projection.synapse
        if type(synapse) is not ExponentialCurrent:
            raise ValidationError(
                f"EventProp, projection {projection.name!r}", f"acts by {synapse!r}",
                "ExponentialCurrent synapses",
            )  # fmt: skip
        found.add(_number(synapse.values["tau_syn"], f"projection {projection.name!r}, tau_syn"))
    if len(found) > 1:
        raise ValidationError(
            f"EventProp, population {name!r}", f"has synapses of {len(found)} time constants", "one"
        )
    return found.pop() if found else 5.0


def _number(value: Any, where: str) -> float:
    if not isinstance(value, int | float):
        raise ValidationError(f"EventProp, {where}", "differs between neurons", "one number")
    return float(value)


def _neuron(population: Population) -> Neuron:
    """The linear neuron that a model is."""
    model, where = population.model, f"population {population.name!r}"
    values = {n: _number(v, f"{where}, {n}") for n, v in model.values.items()}
    slope = _affine(model, values)
    if slope is None:
        raise ValidationError(f"EventProp, {where}", f"{model!r}", _RULE)
    leak, gain, drift = slope
    rest = -drift / leak
    start = model.initial_values["v"]
    begins = values[start] if isinstance(start, str) else start
    if not np.isclose(_number(begins, f"{where}, v at t = 0"), rest, atol=1e-9):
        problem = f"starts at v = {begins}"
        raise ValidationError(f"EventProp, {where}", problem, f"at rest, {rest:g}")
    if model.threshold_expr is None:
        return Neuron(-1.0 / leak, 1.0 / gain, np.inf)
    refractory = values.get(model.refractory, 0.0) if model.refractory else 0.0
    level = _constant_of(model.threshold_expr, values)
    resets = model.reset_statements
    reset = [evaluate(e, values) for n, e in resets if n == "v" and "v" not in set(names_in(e))]
    same = len(resets) == len(reset) == 1 and np.isclose(reset[0], rest, atol=1e-9)
    if refractory != 0 or level is None or not same or level <= rest:
        raise ValidationError(
            f"EventProp, {where}",
            f"rest {rest:g} mV, reset {model.reset!r}, refractory for {refractory} ms", _RULE,
            "set tau_refrac=0 and v_reset to v_rest",
        )  # fmt: skip
    return Neuron(-1.0 / leak, 1.0 / gain, float(level) - rest)


def _affine(model: NeuronModel, values: dict[str, float]) -> tuple[float, float, float] | None:
    """(a, b, c) of dv/dt = a v + b i_syn + c; None if the model is anything else."""
    block = model.block
    derivative = block.derivatives.get("v")
    if derivative is None or tuple(block.states) != ("v",):
        return None
    if model.state_format or model.after_arrivals:
        return None
    if set(names_in(derivative)) - set(values) - {"v", "i_syn"} or model.emit or model.compartments:
        return None

    def at(v: float, i: float) -> float:
        return float(evaluate(derivative, {**values, "v": v, "i_syn": i}))

    c = at(0.0, 0.0)
    a, b = at(1.0, 0.0) - c, at(0.0, 1.0) - c
    points = ((3.0, -2.0), (-70.0, 0.5), (40.0, 9.0))
    linear = all(np.isclose(at(v, i), a * v + b * i + c, rtol=1e-9) for v, i in points)
    return (a, b, c) if linear and a < 0 < b else None


def _constant_of(condition: Expr, values: dict[str, Any]) -> float | None:
    """The level of ``v >= level``; None for other conditions."""
    if not (isinstance(condition, Op) and condition.op in ("ge", "gt")):
        return None
    left, right = condition.args
    if left != Name("v") or "v" in set(names_in(right)):
        return None
    return float(evaluate(right, values))
