"""From a flat graph to a network: neurons become populations, linear chains projections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.external import ExternalSpikes
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...network.rules.given import ExplicitRule
from ...synapses.delta import Delta
from .dialects import Dialect
from .flattening import SAME, Flat
from .graph import LINEAR, NEURONS
from .maps import Map, projected
from .neurons import ANALOG, PLACE, input_of, neuron_of, relay_of
from .times import Times

__all__ = ["Built", "Shown", "build"]


@dataclass(frozen=True)
class Term:
    """A part of a signal: what a population sent, some ms ago, after maps."""

    source: str
    chain: tuple[Map, ...] = ()
    delay: Any = 0.0

    @property
    def is_elementwise(self) -> bool:
        """Whether each number comes from one neuron, in order."""
        return all(step.kind in ("same", "scale") for step in self.chain)


@dataclass(frozen=True)
class Signal:
    """A sum of terms and of a constant."""

    terms: tuple[Term, ...] = ()
    offset: np.ndarray | None = None


@dataclass(frozen=True)
class Shown:
    """Where an output is read.

    Attributes
    ----------
    population
        Its name.
    variable
        ``"spikes"`` or ``"v"``.
    shape
        Of what is shown in a step.
    """

    population: str
    variable: str
    shape: tuple[int, ...]


@dataclass
class Built:
    """A network, and where its ends are.

    Attributes
    ----------
    inputs
        Shapes by name; drives and populations are called alike.
    outputs
        Where to read them, by name.
    analog
        Populations that send values, which must stay below `limit`.
    late
        Populations whose spikes are shown one step after v has crossed the threshold.
    runnable
        The network with what its outputs need to be recorded; None if it records that already.
    """

    network: Network
    inputs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    outputs: dict[str, Shown] = field(default_factory=dict)
    analog: list[str] = field(default_factory=list)
    limit: float = 0.0
    late: list[str] = field(default_factory=list)
    runnable: Network | None = None


def build(
    flat: Flat, times: Times, dialect: Dialect, *, values: float | None, limit: float, seed: int
) -> Built:
    """Describe the network.

    Parameters
    ----------
    flat, times, dialect
        What is read, and what it means.
    values
        Greatest magnitude of what inputs bring; None for plain spikes.
    limit
        Greatest magnitude of values that neurons send each other.
    seed
        Of the network.
    """
    return _Builder(flat, times, dialect, values, limit, seed).built()


class _Builder:
    def __init__(
        self, flat: Flat, times: Times, dialect: Dialect, values: Any, limit: float, seed: int
    ) -> None:
        self.flat, self.times, self.dialect = flat, times, dialect
        self.values, self.limit = values, limit
        self.made = Built(Network(seed=seed), limit=limit)
        self.known: dict[str, Signal] = {}
        self.open: list[str] = []
        self.listeners: dict[str, Signal] = {}

    def built(self) -> Built:
        graph = self.flat.graph
        for name in graph.named(NEURONS):
            self.listeners[name] = self._arriving(name)
        outputs = {name: self._arriving(name) for name in graph.named(("Output",))}
        shown = {name: self._seen(signal) for name, signal in outputs.items()}
        self.listeners |= {name: s for name, s in outputs.items() if shown[name] is None}
        self._add_populations()
        late = self._feedback()
        for name, signal in self.listeners.items():
            for term in signal.terms:
                self._connect(term, name, (term.source, name) in late)
        for name, source in shown.items():
            self._show(name, name if source is None else source)
        self.made.late = [name for name in graph.named(NEURONS) if self._is_late(name)]
        return self.made

    def _arriving(self, name: str) -> Signal:
        signals = [self._signal(before) for before in self.flat.graph.before(name)]
        terms = tuple(term for signal in signals for term in signal.terms)
        offsets = [signal.offset for signal in signals if signal.offset is not None]
        return Signal(terms, sum(offsets[1:], offsets[0]) if offsets else None)

    def _signal(self, name: str) -> Signal:
        """What a node sends."""
        node = self.flat.graph.nodes[name]
        if node.type in ("Input", *NEURONS):
            return Signal((Term(name, (), self.times.dt if self._is_late(name) else 0.0),))
        if name not in self.known:
            if name in self.open:
                loop = " -> ".join([*self.open[self.open.index(name) :], name])
                raise ValidationError("NIR graph", f"a loop without neurons: {loop}",
                                      "neurons in every loop")  # fmt: skip
            self.open.append(name)
            self.known[name] = self._mapped(name, self._arriving(name))
            self.open.pop()
        return self.known[name]

    def _mapped(self, name: str, before: Signal) -> Signal:
        node = self.flat.graph.nodes[name]
        if node.type in (SAME, "Output"):
            return before
        if node.type in LINEAR:
            step = self.flat.maps[name]
            terms = tuple(Term(t.source, (*t.chain, step), t.delay) for t in before.terms)
            offset = step.bias
            if before.offset is not None:
                mapped = step.apply(before.offset)
                offset = mapped if offset is None else mapped + offset
            return Signal(terms, offset)
        return self._delayed(name, before)

    def _delayed(self, name: str, before: Signal) -> Signal:
        """Delays act on what neurons send; sums that cannot be told apart are relayed."""
        delay = np.asarray(self.flat.graph.nodes[name]["delay"], np.float64) * self.times.unit
        if delay.min() < 0:
            where = f"NIR graph, node {name!r} (Delay)"
            raise ValidationError(where, f"delays by {delay.min():g} ms", "0 ms or more")
        uniform = bool((delay == delay.flat[0]).all())
        simple = uniform or all(term.is_elementwise for term in before.terms)
        offset = before.offset
        if not simple or (offset is not None and offset.any()):
            self.listeners[name] = before
            return Signal((Term(name, (), delay.ravel()),))
        more = float(delay.flat[0]) if uniform else delay.ravel()
        return Signal(tuple(Term(t.source, t.chain, t.delay + more) for t in before.terms))

    def _seen(self, signal: Signal) -> str | None:
        """The population that an output simply shows, None if something lies between."""
        if len(signal.terms) != 1 or (signal.offset is not None and signal.offset.any()):
            return None
        term = signal.terms[0]
        late = self.times.dt if self._is_late(term.source) else 0.0
        plain = all(step.kind == "same" for step in term.chain) and np.all(term.delay == late)
        return term.source if plain and term.source not in self._inputs() else None

    def _is_late(self, name: str) -> bool:
        return self.flat.graph.nodes[name].type in self.dialect.late

    def _inputs(self) -> list[str]:
        return self.flat.graph.named(("Input",))

    def _add_populations(self) -> None:
        graph, net = self.flat.graph, self.made.network
        for name in self._inputs():
            shape = self.flat.shapes[name]
            population = net.add(Population(name, shape, input_of(self.values)))
            most = 1.0 if self.values is None else self.values
            net.drive(population, ExternalSpikes(weight=1.0, most=most), name=name)
            self.made.inputs[name] = shape
        read = {term.source for signal in self.listeners.values() for term in signal.terms}
        for name, signal in self.listeners.items():
            node, shape = graph.nodes[name], self.flat.shapes[name]
            limit = self.limit if name in read else None
            if node.type in NEURONS:
                own = any(term.source == name for term in signal.terms)
                model = neuron_of(node, self.times, self.dialect, signal.offset,
                                  feeds_back=own, limit=limit)  # fmt: skip
            else:
                model = relay_of(signal.offset, limit)
            population = net.add(Population(name, shape, model))
            if node.type in NEURONS and node.type not in ANALOG:
                net.record(population, "spikes")
            elif limit is not None:
                self.made.analog.append(name)
                net.record(population, "v")

    def _feedback(self) -> set[tuple[str, str]]:
        """Pairs whose signals close a loop within a step: they act one step later.

        Loops are walked from the inputs on, in the order of the nodes.
        """
        step = 0.5 * self.times.dt
        after: dict[str, list[str]] = {name: [] for name in self.made.network.populations}
        for name, signal in self.listeners.items():
            for term in signal.terms:
                if np.min(term.delay) < step and name not in after[term.source]:
                    after[term.source].append(name)
        late, done = set(), set()
        for root, first in after.items():
            if root in done:
                continue
            path, stack = [root], [iter(first)]
            while stack:
                found = next(stack[-1], None)
                if found is None:
                    stack.pop()
                    done.add(path.pop())
                elif found in path:
                    late.add((path[-1], found))
                elif found not in done:
                    path.append(found)
                    stack.append(iter(after[found]))
        return late

    def _connect(self, term: Term, name: str, late: bool) -> None:
        net = self.made.network
        source, target = net[term.source], net[name]
        where = f"NIR graph, {term.source!r} to {name!r}"
        rule, weight = projected(term.chain, source.shape, where)
        delay = np.asarray(term.delay, np.float64)
        if late:
            delay = np.where(delay < 0.5 * self.times.dt, self.times.dt, delay)
        if delay.ndim and (delay != delay[0]).any():
            if isinstance(rule, ExplicitRule):
                edges = rule.edges(source.shape, target.shape)
                if edges.weights is not None:
                    weight = weight * edges.weights
                rule, delay = FromArrays(edges.pre, edges.post), delay[edges.pre]
        else:
            delay = delay.ravel()[0]
        title = f"{term.source}->{name}"
        while title in net.projections:
            title += "+"
        if isinstance(rule, FromArrays) and not len(rule.pre):
            return
        synapse = Delta(weight=weight, delay=delay, compartment=PLACE)
        net.connect(source, target, rule, synapse, name=title)

    def _show(self, name: str, population: str) -> None:
        node = self.flat.graph.nodes[population]
        spiking = node.type in NEURONS and node.type not in ANALOG
        variable = "spikes" if spiking else "v"
        net = self.made.network
        if not spiking and not any(
            p.variable == "v" and p.target.population.name == population for p in net.probes
        ):
            net.record(net[population], "v")
        self.made.outputs[name] = Shown(population, variable, self.flat.shapes[name])
