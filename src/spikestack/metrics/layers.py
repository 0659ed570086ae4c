"""Projections and populations as the layers that NeuroBench's definitions speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..crossbars.realising import realised
from ..errors import UnknownNameError, ValidationError, shorten
from ..network.links import Projection
from ..network.network import Network
from ..network.rules import Convolution, Pooling, TransposedConvolution
from ..neurons.relay import Relay
from ..neurons.spike_source import SpikeSource
from ..program.edge_list import edge_list, edge_weights
from ..program.lower import lower
from ..program.program import EdgeProgram, PopulationProgram, Program

__all__ = ["Anatomy", "Layer", "Neurons", "form_of", "membrane_of"]

#: Models that only pass on what they are given.
_PASSING = (Relay, SpikeSource)
#: Instructions of a step that count as operations of a neuron; see `operations_of`.
_ARITHMETIC = {"neg", "abs", "sqrt", "floor", "exp", "log", "add", "sub", "mul", "div"}
_COMPARING = {"lt", "le", "gt", "ge", "eq", "ne"}
_BYTES = {"float32": 4, "float64": 8}


def form_of(projection: Projection) -> str:
    """As what a projection counts: ``"kernel"``, ``"pool"`` or ``"matrix"``.

    A stencil between whole populations with one weight for all is its kernel; all else is the
    matrix of sources by targets that it fills.
    """
    rule, synapse = projection.rule, projection.synapse
    whole = projection.pre.is_whole and projection.post.is_whole
    plain = isinstance(synapse.weight, int | float) and isinstance(synapse.delay, int | float)
    if not (whole and plain and isinstance(synapse.dendritic_delay, int | float)):
        return "matrix"
    if isinstance(rule, Pooling):
        return "pool"
    return "kernel" if isinstance(rule, Convolution | TransposedConvolution) else "matrix"


@dataclass(frozen=True)
class Layer:
    """One projection, counted.

    Attributes
    ----------
    name, pre, post
        The projection's, and of its populations.
    form
        See `form_of`.
    synapses
        Edges that there are.
    weights, zeros
        Numbers that the layer holds (pairs of a matrix, entries of a kernel), and how many are 0.
    dense
        Operations of one step if all sources sent something and no weight were 0.
    fan_out
        By delay in steps: synapses whose weight is not 0, of each source, int64 (neurons of pre,).
    delays
        How many different delays there are.
    """

    name: str
    pre: str
    post: str
    form: str
    synapses: int
    weights: int
    zeros: int
    dense: int
    fan_out: tuple[tuple[int, np.ndarray], ...]
    delays: int

    @property
    def longest(self) -> int:
        """The longest delay, in steps."""
        return max((delay for delay, _ in self.fan_out), default=0)


@dataclass(frozen=True)
class Neurons:
    """One population, counted.

    Attributes
    ----------
    name, size
    fires
        Whether its spikes are activations: it has a threshold, and neither passes on what it is
        given nor is an input without memory.
    membrane
        The variable whose changes are membrane updates; empty where nothing is remembered.
    operations
        Arithmetic operations and comparisons of one update of a neuron; see `operations_of`.
    constants, states
        Numbers that its step reads, and that it remembers, of all neurons together.
    counters
        Bytes of what counts refractory steps.
    sends_values
        Whether its spikes carry values.
    """

    name: str
    size: int
    fires: bool
    membrane: str
    operations: int
    constants: int
    states: int
    counters: int
    sends_values: bool


class Anatomy:
    """What NeuroBench's static metrics, and the counting of operations, need of a network.

    Parameters
    ----------
    network
        The description; frozen by this. Crossbars bring the weights that they realise.
    dt
        Step in ms.
    precision
        ``"float32"`` or ``"float64"``: of states and constants, and of weights without bits.
    weight_bits
        Bits of the weights, of all or by projection.

    Raises
    ------
    ValidationError
        If the network does not fit the step, or bits are no whole numbers from 1 to 64.
    UnknownNameError
        If bits are given for a projection that there is not.
    """

    def __init__(
        self, network: Network, dt: float, precision: str = "float32",
        weight_bits: int | Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        self.network, self.dt, self.precision = network, dt, precision
        self.program: Program = lower(realised(network, dt), dt, precision, 1)
        self.bits = _bits(weight_bits, network, 8 * _BYTES[precision])
        projections = realised(network, dt).projections
        names = [p.name for p in self.program.populations]
        self.layers = [
            _layer(e, projections[e.name], names[e.pre], names[e.post]) for e in self.program.edges
        ]
        reached = {layer.post for layer in self.layers}
        self.neurons = {
            p.name: _neurons(p, network.populations[p.name], p.name in reached)
            for p in self.program.populations
        }

    @cached_property
    def footprint(self) -> dict[str, float]:
        """Bytes: ``weights``, ``delays``, ``constants``, ``states``, ``delay lines``.

        Weights with zeros; an index for each weight where a projection has several delays; of
        spikes in flight, one byte for each neuron and step (or a number, where spikes carry one).
        """
        real = _BYTES[self.precision]
        longest: dict[str, int] = {}
        for layer in self.layers:
            longest[layer.pre] = max(longest.get(layer.pre, 0), layer.longest)
        return {
            "weights": sum(layer.weights * self.bits[layer.name] / 8 for layer in self.layers),
            "delays": float(
                sum(n.weights * (1 if n.delays <= 256 else 2) for n in self.layers if n.delays > 1)
            ),
            "constants": float(sum(real * n.constants for n in self.neurons.values())),
            "states": float(sum(real * n.states + n.counters for n in self.neurons.values())),
            "delay lines": float(sum(n * self._in_flight(name) for name, n in longest.items())),
        }

    def _in_flight(self, name: str) -> int:
        """Bytes of what a population sends in a step."""
        own = self.neurons[name]
        return own.size * (_BYTES[self.precision] if own.sends_values else 1)

    @property
    def parameter_count(self) -> int:
        """Weights, zeros included."""
        return sum(layer.weights for layer in self.layers)

    @property
    def synapses(self) -> int:
        """Edges that there are."""
        return sum(layer.synapses for layer in self.layers)

    @property
    def zeros(self) -> int:
        """Weights that are 0."""
        return sum(layer.zeros for layer in self.layers)

    @property
    def dense(self) -> int:
        """Synaptic operations of a step if everything sent and no weight were 0."""
        return sum(layer.dense for layer in self.layers)

    @property
    def readout(self) -> str:
        """The one population that sends to none.

        Raises
        ------
        ValidationError
            If there are none or several.
        """
        sending = {layer.pre for layer in self.layers}
        last = [name for name in self.neurons if name not in sending]
        if len(last) != 1:
            raise ValidationError(
                "measure, readout", f"{len(last)} populations send to none", "one that answers",
                "name it: readout='...'",
            )  # fmt: skip
        return last[0]


def membrane_of(population: PopulationProgram) -> str:
    """``v`` where a population has it and its step reads it; else nothing."""
    read = {i.data for i in population.code.instructions if i.op == "state"}
    known = [name for k, name in enumerate(population.states) if k in read]
    return "v" if "v" in known else ""


def operations_of(population: PopulationProgram) -> int:
    """Arithmetic operations and comparisons of one step of a neuron, as it is compiled.

    Counted in the three-address code. What flushes denormals is left out, and so are loads and
    choices between two values. For `DiscreteLIF` they are the four that NeuroBench counts for a
    leaky neuron: product, addition of the input, comparison, subtraction of the threshold.
    """
    code = population.code.instructions
    flush = {i.args[0] for i in code if i.op == "select" and i.data == 1}
    flush |= {code[k].args[0] for k in flush if code[code[k].args[0]].op == "abs"}
    return sum(i.op in _ARITHMETIC | _COMPARING and k not in flush for k, i in enumerate(code))


def _neurons(p: PopulationProgram, population: object, reached: bool) -> Neurons:
    read = {i.data for i in p.code.instructions if i.op == "state"}
    passing = isinstance(getattr(population, "model", None), _PASSING)
    counters = 0 if p.n_ref is None else 4 * (p.size + int(np.size(p.n_ref)))
    return Neurons(
        name=p.name,
        size=p.size,
        fires=p.code.spike is not None and not passing and (reached or bool(read)),
        membrane=membrane_of(p) if read else "",
        operations=operations_of(p),
        constants=sum(int(np.size(v)) for v in p.values),
        states=len(read) * p.size,
        counters=counters,
        sends_values=p.emit_type != "none",
    )


def _layer(edge: EdgeProgram, projection: Projection, pre: str, post: str) -> Layer:
    listed, weights = edge_list(edge), edge_weights(edge)
    size = projection.pre.population.size
    nonzero = weights != 0
    fan_out = tuple(
        (int(d), np.bincount(listed.pre[(listed.delays == d) & nonzero], minlength=size))
        for d in np.unique(listed.delays)
    )
    form, count = form_of(projection), len(weights)
    if form == "matrix":
        pairs = np.unique(listed.pre * projection.post.population.size + listed.post)
        held = projection.pre.size * projection.post.size + count - len(pairs)
        zeros, dense = held - int(nonzero.sum()), held
    else:
        weight: Any = projection.synapse.weight
        kernel = np.asarray(getattr(projection.rule, "kernel", np.ones(1))) * float(weight)
        held, zeros, dense = kernel.size, int((kernel == 0).sum()), count
    return Layer(edge.name, pre, post, form, count, held, zeros, dense, fan_out, len(fan_out))


def _bits(given: int | Mapping[str, int] | None, network: Network, full: int) -> dict[str, int]:
    made = dict.fromkeys(network.projections, full)
    if given is None:
        return made
    wanted = given if isinstance(given, Mapping) else dict.fromkeys(made, given)
    for name, bits in wanted.items():
        if name not in made:
            raise UnknownNameError("measure, weight_bits", name, made)
        if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= 64:
            raise ValidationError("measure, weight_bits", f"got {shorten(bits)}", "1 to 64")
        made[name] = bits
    return made
