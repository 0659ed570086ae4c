"""Networks of integrate-and-fire neurons in the integers of crossbar cores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...neurons.base import NeuronModel
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...program.program import Program
from ...synapses.delta import Delta
from ..linear import LinearNeuron, identify
from ..quantising import Loss, Quantised, loss_of
from ..retiming import Hop, lateness
from .crossbar_codes import Coded, coded
from .crossbar_drawn import Choice, drawn_code, mean_values, populations_drawn
from .crossbar_units import multiples, unit_of
from .reading import copy_inputs

__all__ = ["CrossbarEdges", "CrossbarForm", "CrossbarQuantised", "quantise"]

#: Of a decay that was found by trying.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class CrossbarForm:
    """What a crossbar chip's neurons hold.

    Attributes
    ----------
    chip
        Its name, for messages.
    neuron
        Makes the model of integrate-and-fire neurons, of integers by name: ``theta``, ``leak``,
        ``gamma`` (1 where the threshold is subtracted, else 0), ``v``.
    native
        Models that are the chip's own and stay as they are.
    axons
        Of a core.
    weight, leak, threshold
        Greatest magnitudes.
    """

    chip: str
    neuron: Callable[..., NeuronModel]
    native: tuple[type[NeuronModel], ...]
    axons: int
    weight: int
    leak: int
    threshold: int


@dataclass(frozen=True)
class CrossbarEdges:
    """Synapses of one projection on crossbars.

    Attributes
    ----------
    sources, targets
        Neurons of the populations, int64.
    weights
        What they add, float64; on average, where that is drawn.
    delays
        Steps, int64.
    masks
        Types of axons that each takes, uint8: bit k for type k.
    """

    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
    masks: np.ndarray


@dataclass(frozen=True)
class CrossbarQuantised(Quantised):
    """With the values of each neuron by type of axon, and the types that each synapse takes.

    Attributes
    ----------
    values
        By population, int64 (neurons, 4).
    edges
        By projection onto neurons of the chip.
    codes
        Name of the code of each population's weights; see `crossbar_codes.CODES`.
    draws
        By population whose synapses are drawn, whether those of each neuron are, by type of axon,
        int64 (neurons, 4). The network has their means.
    copying
        Model of a neuron that fires whenever its one axon does.
    """

    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    edges: Mapping[str, CrossbarEdges] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    draws: Mapping[str, np.ndarray] = field(default_factory=dict)
    copying: NeuronModel | None = None


@dataclass(frozen=True)
class _Into:
    """All synapses onto a population, those of one source, delay and target as one."""

    projection: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray


def quantise(
    network: Network, dt: float, form: CrossbarForm, drawn: Choice = False
) -> CrossbarQuantised:
    """Bring a network into the integers of crossbar cores.

    Populations are sources outside the chip, to which nothing projects; readouts, which never fire
    and are computed by the host as they are described; and neurons that integrate what arrives
    without decay, with a constant leak at most, and are reset to a value or by their threshold.
    Neurons of the chip's own model stay as they are.

    Parameters
    ----------
    network
        The description.
    dt
        Its step in ms, which becomes one tick.
    form
        What the chip's neurons hold.
    drawn
        Onto which populations synapses are drawn; see `circuits.crossbar_drawn`.

    Raises
    ------
    ValidationError
        If anything cannot be had on the chip; says what and why.
    """
    program = lower(network, dt, "float64", 1)
    places = _places(network, program, form)
    neurons = {
        k: _understood(program, k, form) for k, place in places.items() if place == "lowered"
    }
    hops = []
    for e in program.edges:
        delays = edge_list(e).delays
        if e.plastic:
            where = f"{form.chip}, projection {e.name!r}"
            raise ValidationError(where, "is plastic", "fixed weights")
        if len(delays):
            least = 0 if places[e.pre] == "outside" else 1
            hops.append(Hop(e.name, e.pre, e.post, int(delays.min()), least))
    late = lateness(len(program.populations), hops)
    own = [p.name for k, p in enumerate(program.populations) if places[k] in ("native", "lowered")]
    chosen = populations_drawn(drawn, network, own)
    return _Making(network, program, form, places, neurons, late, dt, chosen).made()


def _places(network: Network, program: Program, form: CrossbarForm) -> dict[int, str]:
    """Of each population: outside, host, native or lowered."""
    reached = {e.post for e in program.edges}
    sends = {e.pre for e in program.edges}
    driven = {d.target.population.name for d in network.drives.values()}
    found = {}
    for k, p in enumerate(program.populations):
        where = f"{form.chip}, population {p.name!r}"
        if isinstance(network.populations[p.name].model, form.native):
            found[k] = "native"
        elif k not in reached:
            found[k] = "outside"
            continue
        elif p.code.spike is None:
            found[k] = "host"
            if k in sends:
                raise ValidationError(where, "never fires, and projects", "a readout without ends")
        else:
            found[k] = "lowered"
        if p.name in driven and found[k] != "host":
            raise ValidationError(
                where, "is driven, and of the chip", "drives on populations of sources",
                "drive a sp.SpikeSource and project from it",
            )  # fmt: skip
    return found


def _understood(program: Program, k: int, form: CrossbarForm) -> LinearNeuron:
    p = program.populations[k]
    where = f"{form.chip}, population {p.name!r}"
    found = identify(p, where)
    if p.emit_type != "none":
        raise ValidationError(where, "sends values", "spikes without values", "use Loihi 2")
    if not all(found.direct):
        raise ValidationError(where, "has synaptic currents", "what arrives added to the potential",
                              "use sp.Delta synapses")  # fmt: skip
    if (np.abs(found.decay - 1.0) > _ROUNDING).any():
        raise ValidationError(
            where, f"decays to {found.decay.min():g} of itself in a step",
            "a constant leak, or none",
            "train with beta = 1; a leak of this chip is a number added in every tick",
        )  # fmt: skip
    if (found.refractory > 0).any():
        raise ValidationError(where, "is refractory", "no refractory time", "use Loihi")
    if found.soft and np.any(np.abs(found.reset - found.threshold) > 1e-9):
        raise ValidationError(where, "subtracts another value than its threshold", "its threshold")
    if (found.threshold <= (0.0 if found.soft else found.reset)).any():
        raise ValidationError(where, "has a threshold at its reset", "a threshold above it")
    return found


@dataclass
class _Making:
    """A network being rebuilt in integers."""

    network: Network
    program: Program
    form: CrossbarForm
    places: dict[int, str]
    neurons: dict[int, LinearNeuron]
    late: list[int]
    dt: float
    drawn: frozenset[str]

    def made(self) -> CrossbarQuantised:
        """All of it."""
        names = [p.name for p in self.program.populations]
        self.net, self.losses = Network(seed=self.network.seed), dict[str, Loss]()
        self.scales, self.zeros = dict[str, np.ndarray](), dict[str, np.ndarray]()
        self.values, self.codes = dict[str, np.ndarray](), dict[str, str]()
        self.draws = dict[str, np.ndarray]()
        edges: dict[str, CrossbarEdges] = {}
        into: dict[int, tuple[_Into, Coded]] = {}
        for k, p in enumerate(self.program.populations):
            described = self.network.populations[p.name]
            if self.places[k] in ("outside", "host"):
                self.net.add(Population(p.name, described.shape, described.model))
                continue
            gathered = self._into(k)
            code = self._coded(k, gathered)
            model, units = self._neuron(k, code)
            self.net.add(Population(p.name, described.shape, model))
            self.values[p.name], self.codes[p.name] = code.values * units[:, None], code.code
            if p.name in self.drawn:
                self.draws[p.name] = (code.values != 0).astype(np.int64)
            into[k] = gathered, code
        for i, e in enumerate(self.program.edges):
            if e.post in into:
                edges[e.name] = self._connect(i, *into[e.post])
            else:
                self._connect_host(i)
        copy_inputs(self.network, self.net)
        return CrossbarQuantised(
            self.net, dict(zip(names, self.late, strict=True)), self.scales, self.zeros,
            {e.name: "dense" for e in self.program.edges}, self.losses, self.dt,
            values=self.values, edges=edges, codes=self.codes, draws=self.draws,
            copying=self.form.neuron(theta=1.0),
        )  # fmt: skip

    def _into(self, k: int) -> _Into:
        parts = []
        for i, e in enumerate(self.program.edges):
            if e.post == k:
                found = edge_list(e)
                delays = found.delays + self.late[k] - self.late[e.pre]
                offset = self.program.populations[e.pre].offset
                order = np.full(len(delays), i)
                parts.append((order, found.pre + offset, found.post, edge_weights(e), delays))
        empty = np.zeros(0, np.int64)
        none = (empty, empty, empty, np.zeros(0), empty)
        projection, sources, targets, weights, delays = (
            np.concatenate(column) for column in zip(none, *parts, strict=True)
        )
        # A source has one axon of a kind and delay in a core: synapses side by side are one.
        same = np.stack([sources, targets, delays])
        _, first, which = np.unique(same, axis=1, return_index=True, return_inverse=True)
        summed = np.bincount(which.ravel(), weights, len(first))
        return _Into(projection[first], sources[first], targets[first], summed, delays[first])

    def _coded(self, k: int, into: _Into) -> Coded:
        p = self.program.populations[k]
        largest = self.form.weight
        code = coded(into.weights, into.targets, p.size, self.form.axons, largest)
        if k not in self.neurons and not (code.exact and np.all(code.unit == np.rint(code.unit))):
            where = f"{self.form.chip}, population {p.name!r}"
            raise ValidationError(where, "its weights are no sums of four whole values",
                                  "whole weights, of four values for each neuron")  # fmt: skip
        if k in self.neurons and p.name in self.drawn:
            neuron = self.neurons[k]
            reach = neuron.threshold - (0.0 if neuron.soft else neuron.reset)
            return drawn_code(code, into.targets, reach)
        return code

    def _neuron(self, k: int, code: Coded) -> tuple[NeuronModel, np.ndarray]:
        """Model, and how many units of the chip one of the code is, for each neuron."""
        p = self.program.populations[k]
        model = self.network.populations[p.name].model
        if k not in self.neurons:
            self.scales[p.name], self.zeros[p.name] = np.ones(p.size), np.zeros(p.size)
            return model, np.rint(code.unit).astype(np.int64)
        neuron, where = self.neurons[k], f"{self.form.chip}, population {p.name!r}"
        # A soft reset counts from any zero; a hard one goes back to it.
        zero = np.zeros(p.size) if neuron.soft else neuron.reset
        # Where the threshold alone is rounded, up, whole weights lose nothing by it.
        fine = neuron.soft or bool(np.any(neuron.drift != 0) or np.any(neuron.start != zero))
        tops = [neuron.threshold - zero, neuron.drift, neuron.start - zero]
        unit = code.unit if not len(code.masks) else unit_of(code.unit, tops)
        most = self.form.weight // np.maximum(np.abs(code.values).max(1), 1)
        if p.name in self.drawn:
            most = np.ones_like(most)
        times = multiples(tops, unit, most, self.form, fine, where)
        scale = times / unit
        above = scale * tops[0]
        if neuron.soft:
            theta = np.rint(above)
        elif neuron.includes:
            theta = np.ceil(above - 1e-9 * np.maximum(above, 1.0))
        else:
            theta = np.floor(above + 1e-9 * np.maximum(above, 1.0)) + 1.0
        leak, start = np.rint(scale * tops[1]), np.rint(scale * tops[2])
        gamma = 1.0 if neuron.soft else 0.0
        self.scales[p.name], self.zeros[p.name] = scale, zero
        self.losses[f"{p.name}.threshold"] = loss_of(above, theta if fine else above, 18)
        self.losses[f"{p.name}.leak"] = loss_of(scale * tops[1], leak, 9)
        made = self.form.neuron(theta=np.maximum(theta, 1.0), leak=leak, gamma=gamma, v=start)
        return made, times

    def _connect(self, i: int, into: _Into, code: Coded) -> CrossbarEdges:
        e = self.program.edges[i]
        pre, post = self.program.populations[e.pre], self.program.populations[e.post]
        own = into.projection == i
        targets = into.targets[own]
        bits = (code.masks[own][:, None] >> np.arange(4)) & 1
        weights = (bits * mean_values(self.values, self.draws, post.name)[targets]).sum(1)
        wanted = into.weights[own] * self.scales[post.name][targets]
        self.losses[e.name] = loss_of(wanted, weights, self._bits(post.name, code))
        kept = np.flatnonzero(code.masks[own])
        found = CrossbarEdges(
            (into.sources[own] - pre.offset)[kept], targets[kept], weights[kept],
            into.delays[own][kept], code.masks[own][kept],
        )  # fmt: skip
        rule = FromArrays(found.sources, found.targets)
        synapse = Delta(weight=found.weights, delay=found.delays * self.dt)
        self.net.connect(self.net[pre.name], self.net[post.name], rule, synapse, name=e.name)
        return found

    def _bits(self, name: str, code: Coded) -> float:
        """Of weights: those of a probability, or of the levels in use."""
        return 8.0 if name in self.drawn else float(np.log2(len(np.unique(code.masks)) or 1))

    def _connect_host(self, i: int) -> None:
        """As described, only later."""
        e = self.program.edges[i]
        found = edge_list(e)
        pre, post = (self.program.populations[k].name for k in (e.pre, e.post))
        synapse = copy(self.network.projections[e.name].synapse)
        synapse.weight = edge_weights(e)
        synapse.delay = (found.delays + self.late[e.post] - self.late[e.pre]) * self.dt
        synapse.dendritic_delay = 0.0
        rule = FromArrays(found.pre, found.post)
        self.net.connect(self.net[pre], self.net[post], rule, synapse, name=e.name)
