"""From a graph and its scales to an ordinary description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import ValidationError
from ..network.external import ExternalSpikes
from ..network.network import Network
from ..network.population import Population
from ..network.rules import FromArrays
from ..neurons.base import NeuronModel
from ..neurons.burst_integrate_and_fire import BurstIntegrateAndFire
from ..neurons.few_spike import FewSpike
from ..neurons.integrate_and_fire import IntegrateAndFire
from ..neurons.max_unit import MaxUnit
from ..neurons.relay import Relay
from ..neurons.signed_integrate_and_fire import SignedIntegrateAndFire
from ..synapses.delta import Delta
from .carriers import Carrier, Value, joined_by
from .graph import Graph, Node, as_image

__all__ = ["NEURONS", "Built", "Plan", "build"]

#: Where the sources of a `MaxUnit` sit.
_PLACES = ("", "b", "c", "d")


@dataclass(frozen=True)
class Plan:
    """How a graph becomes a network.

    Attributes
    ----------
    neuron
        A name of `NEURONS`.
    steps
        Steps in which a layer says what it has to say.
    in_turn
        Whether each layer waits for those before it.
    half
        Whether potentials start at half of the threshold.
    seed
        Of the network.
    """

    neuron: str = "plain"
    steps: int = 16
    in_turn: bool = False
    half: bool = True
    seed: int = 0

    @property
    def sums(self) -> int:
        """What a rate is multiplied by to give what arrives in all: few-spike sends sums."""
        return 1 if self.neuron == "few" else self.steps


@dataclass
class Built:
    """A network, and what its populations stand for, by node."""

    network: Network
    carriers: dict[str, Carrier] = field(default_factory=dict)
    stages: int = 0
    readout: str = "readout"

    def total_steps(self, plan: Plan) -> int:
        """Steps from the first input to the answer."""
        return plan.steps * max(1, self.stages) if plan.in_turn else plan.steps


def _rate(model: Callable[..., Any], plan: Plan, drive: Any, stage: int) -> Any:
    """Rate-coded neurons; in turn they fire when all has arrived, biases with it."""
    half = 0.5 if plan.half else 0.0
    if not plan.in_turn:
        return model(v=half, drive=drive)
    start, stop = (stage - 1) * plan.steps, stage * plan.steps
    if stage == 1:
        return model(v=half, drive=drive, start=float(start), stop=float(stop))
    waited = half + plan.steps * drive
    return model(v=waited, start=float(start), stop=float(stop))


def _plain(plan: Plan, drive: Any, stage: int) -> Any:
    return _rate(IntegrateAndFire, plan, drive, stage)


def _signed(plan: Plan, drive: Any, stage: int) -> Any:
    return _rate(SignedIntegrateAndFire, plan, drive, stage)


def _burst(plan: Plan, drive: Any, stage: int) -> Any:
    return _rate(BurstIntegrateAndFire, plan, drive, stage)


def _few(plan: Plan, drive: Any, stage: int) -> Any:
    half = 2.0 ** -(plan.steps + 1) if plan.half else 0.0
    return FewSpike(bits=float(plan.steps), start=float((stage - 1) * plan.steps), v=half + drive)


NEURONS = {"plain": _plain, "signed": _signed, "burst": _burst, "few": _few}


def build(
    graph: Graph,
    scales: dict[str, np.ndarray],
    sizes: dict[str, float],
    plan: Plan,
    corrections: dict[str, np.ndarray],
) -> Built:
    """Describe the network.

    Parameters
    ----------
    scales
        Of rectifiers, by channel.
    sizes
        Greatest magnitude of the input and of linear nodes, by name.
    corrections
        Added to what rectifiers and the output get, by channel, in activations.
    """
    return _Builder(graph, scales, sizes, plan, corrections).built()


class _Builder:
    def __init__(self, graph: Graph, scales: Any, sizes: Any, plan: Plan, corrections: Any) -> None:
        self.graph, self.scales, self.sizes, self.plan = graph, scales, sizes, plan
        self.corrections = corrections
        self.made = Built(Network(seed=plan.seed))
        self.values: dict[str, Value] = {}

    def built(self) -> Built:
        for node in self.graph.nodes.values():
            value = getattr(self, f"_{node.kind}", self._mapped)(node)
            readers = self.graph.readers(node.name)
            shared = len(readers) > 1 and any(n.kind != "add" for n in readers)
            if value.carrier is None and shared:
                value = self._value(self._relayed(value, node.name), value.shape)
            self.values[node.name] = value
        self._read_out(self.values[self.graph.output])
        return self.made

    def _value(self, carrier: Carrier, shape: tuple[int, ...]) -> Value:
        return Value(shape, ((carrier, None, shape),))

    def _population(self, name: str, shape: tuple[int, ...], model: Any) -> Population:
        size = shape if len(shape) != 2 else as_image(shape)
        return self.made.network.add(Population(name, size, model))

    def _keep(self, name: str, carrier: Carrier) -> Carrier:
        self.made.carriers[name] = carrier
        return carrier

    def _input(self, node: Node) -> Value:
        size = self.sizes[node.name]
        population = self._population(node.name, node.shape, Relay())
        self.made.network.drive(
            population, ExternalSpikes(weight=1.0 / size, most=4.0 * size), name="input"
        )
        scale = np.full(population.size, size)
        return self._value(self._keep(node.name, Carrier(population, scale)), node.shape)

    def _mapped(self, node: Node) -> Value:
        """Convolution, matrix, average, gain: of a carrier."""
        before = self.values[node.inputs[0]]
        carrier = before.carrier or self._relayed(before, node.inputs[0])
        return Value(node.shape, ((carrier, node, before.shape),))

    def _reshape(self, node: Node) -> Value:
        before = self.values[node.inputs[0]]
        return before.reshaped(node.shape)

    def _add(self, node: Node) -> Value:
        parts = [self.values[i] for i in node.inputs]
        terms = tuple(t for p in parts for t in p.terms)
        return Value(node.shape, terms)

    def _join(self, node: Node) -> Value:
        """Channels of several carriers in one population."""
        parts = [(self.values[i], i) for i in node.inputs]
        carriers = [v.carrier or self._relayed(v, i) for v, i in parts]
        population = self._population(node.name, node.shape, Relay())
        first = 0
        for k, c in enumerate(carriers):
            size = c.population.size
            pre = np.arange(size)
            self._connect(c, population, FromArrays(pre, pre + first), 1.0, f"{node.name}:{k}")
            first += size
        offsets = [np.zeros(len(c.scale)) if c.offset is None else c.offset for c in carriers]
        offset = np.concatenate(offsets)
        made = Carrier(
            population, np.concatenate([c.scale for c in carriers]),
            offset if offset.any() else None, max(c.stage for c in carriers),
        )  # fmt: skip
        return self._value(self._keep(node.name, made), node.shape)

    def _rectify(self, node: Node) -> Value:
        before = self.values[node.inputs[0]]
        area = int(np.prod(node.shape[1:])) if len(node.shape) > 1 else 1
        scale = np.repeat(self.scales[node.name], area)
        stage = before.stage + 1
        self.made.stages = max(self.made.stages, stage)
        bias = before.constant() + np.repeat(self._correction(node.name, node.shape[0]), area)
        model = NEURONS[self.plan.neuron](self.plan, bias / scale, stage)
        population = self._population(node.name, node.shape, model)
        self._feed(before, population, scale)
        made = Carrier(population, scale, None, stage)
        return self._value(self._keep(node.name, made), node.shape)

    def _correction(self, name: str, channels: int) -> np.ndarray:
        return self.corrections.get(name, np.zeros(channels))

    def _greatest(self, node: Node) -> Value:
        """Windows of up to four sources at once, larger ones by columns and then by rows."""
        before = self.values[node.inputs[0]]
        carrier = before.carrier or self._relayed(before, node.inputs[0])
        (kh, kw), (sh, sw), (ph, pw) = node["window"], node["stride"], node["padding"]
        if kh * kw <= len(_PLACES):
            made = self._gate(node.name, carrier, before.shape, node.shape, (kh, kw), (sh, sw),
                              (ph, pw))  # fmt: skip
            return self._value(made, node.shape)
        if max(kh, kw) > len(_PLACES):
            raise ValidationError(
                f"convert, {node.name!r}", f"a maximum over {kh} by {kw}",
                f"windows of at most {len(_PLACES)} by {len(_PLACES)}", "pool in two layers",
            )  # fmt: skip
        c, h, _ = as_image(before.shape)
        between = (c, h, as_image(node.shape)[2])
        rows = self._gate(f"{node.name}_columns", carrier, before.shape, between, (1, kw), (1, sw),
                          (0, pw))  # fmt: skip
        made = self._gate(node.name, rows, between, node.shape, (kh, 1), (sh, 1), (ph, 0))
        return self._value(made, node.shape)

    def _gate(
        self, name: str, carrier: Carrier, shape: Any, after: Any, window: Any, stride: Any,
        padding: Any,
    ) -> Carrier:  # fmt: skip
        c, h, w = as_image(shape)
        grid = np.arange(c * h * w).reshape(c, h, w)
        population = self._population(name, after, MaxUnit())
        sides = as_image(after)[1:]
        scale = np.zeros(population.size)
        for k, (dy, dx) in enumerate(np.ndindex(*window)):
            y = np.arange(sides[0]) * stride[0] + dy - padding[0]
            x = np.arange(sides[1]) * stride[1] + dx - padding[1]
            at = np.ix_(range(c), np.clip(y, 0, h - 1), np.clip(x, 0, w - 1))
            inside = ((y >= 0) & (y < h))[:, None] & ((x >= 0) & (x < w))
            inside = np.broadcast_to(inside, (c, *inside.shape)).ravel()
            pre, post = grid[at].ravel()[inside], np.flatnonzero(inside)
            if len(pre):
                rule = FromArrays(pre, post)
                self._connect(carrier, population, rule, 1.0, f"{name}:{k}", _PLACES[k])
                scale[post] = carrier.scale[pre]
        return self._keep(name, Carrier(population, scale, None, carrier.stage))

    def _relayed(self, value: Value, name: str) -> Carrier:
        """Neurons that pass a linear map on, for another to follow."""
        size = int(np.prod(value.shape))
        scale = self._relay_scale(value, name, size)
        population = self._population(f"{name}_sum", value.shape, Relay())
        self._feed(value, population, scale)
        offset = value.constant()
        made = Carrier(population, scale, offset if offset.any() else None, value.stage)
        return self._keep(f"{name}_sum", made)

    def _relay_scale(self, value: Value, name: str, size: int) -> np.ndarray:
        (carrier, node, _), *others = value.terms
        if not others and node is not None and node.kind == "average":
            channels = value.shape[0]
            rows = carrier.scale.reshape(channels, -1)
            if (rows == rows[:, :1]).all():
                return np.repeat(rows[:, 0], size // channels)
        return np.full(size, self.sizes.get(name) or 1.0)

    def _feed(self, value: Value, population: Population, scale: np.ndarray) -> None:
        for carrier, node, shape in value.terms:
            alike = carrier.population.shape == shape
            rule, weight = joined_by(node, shape, carrier.scale, scale, alike)
            self._connect(carrier, population, rule, weight, "")

    def _connect(
        self, carrier: Carrier, population: Population, rule: Any, weight: Any, name: str,
        place: str = "",
    ) -> None:  # fmt: skip
        net = self.made.network
        name = name or f"{carrier.population.name}->{population.name}"
        while name in net.projections:
            name += "+"
        synapse = Delta(weight=weight, delay=0.0, compartment=place)
        net.connect(carrier.population, population, rule, synapse, name)

    def _read_out(self, value: Value) -> None:
        """Potentials that add up and do not fire: what the network answers."""
        size = int(np.prod(value.shape))
        bias = value.constant()
        if self.graph.output not in self.scales:  # else its neurons have been corrected already
            more = self._correction(self.graph.output, value.shape[0])
            bias = bias + np.repeat(more, size // value.shape[0])
        held = self.plan.in_turn or self.plan.neuron == "few"
        start = {"v": bias * self.plan.sums} if held else {"v": 0.0, "drive": bias}
        model = NeuronModel(
            "v[t+1] = v + drive : 1", parameters={"drive": 0.0}, dimensionless=True,
            default_synapse="Delta", name="Accumulator", **start,
        )  # fmt: skip
        while self.made.readout in self.made.network.populations:
            self.made.readout += "_"
        population = self._population(self.made.readout, value.shape, model)
        self._feed(value, population, np.ones(size))
        self.made.network.record(population, "v")
        for carrier in self.made.carriers.values():
            self.made.network.record(carrier.population, "spikes")
