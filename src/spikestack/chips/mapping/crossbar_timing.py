"""A quantised network with copies in it: retimed, and as a network of its own."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...synapses.base import Synapse
from ...synapses.delta import Delta
from ..circuits.crossbar import CrossbarQuantised
from ..circuits.crossbar_drawn import mean_values
from ..circuits.reading import copy_inputs
from ..limits import Limit, Violation
from ..neurons.crossbar import CrossbarAxon
from ..retiming import Hop, lateness
from .crossbar_copies import Copies
from .crossbar_wires import Wires

__all__ = ["Timing", "copied_network", "copies_name", "packets_name", "timed"]


def copies_name(population: str) -> str:
    """Name of the population of copies of another's neurons."""
    return f"copies of {population}"


@dataclass(frozen=True)
class Timing:
    """When everything acts, with the ticks that copies take.

    Attributes
    ----------
    late
        Steps by which each population is later than described.
    shifts
        By projection, by how much its delays are longer than those of the quantised network.
    delays
        Of each axon that is needed, from the spike of the neuron that is copied.
    """

    late: Mapping[str, int]
    shifts: Mapping[str, int]
    delays: np.ndarray

    def too_long(self, wires: Wires, limit: Limit, copied: np.ndarray) -> list[Violation]:
        """Delays that no packet can have; the host waits as long as it likes."""
        own = np.flatnonzero(wires.key_source < wires.inside)
        source = wires.key_source[own]
        fields = self.delays[own] - copied[source]
        if fields.max(initial=0) <= float(limit.most):
            return []
        worst = int(fields.argmax())
        return [Violation(limit, float(fields[worst]), wires.whose(int(source[worst])))]


def timed(quantised: CrossbarQuantised, wires: Wires, copied: np.ndarray) -> Timing:
    """Retime a network in which some neurons are copied.

    Parameters
    ----------
    copied
        Of each neuron of the chip, whether it is.

    Raises
    ------
    ValidationError
        If a loop leaves no time for copies; its projections are named.
    """
    network, before = quantised.network, quantised.late
    program = lower(network, quantised.dt, "float64", 1)
    hops = []
    for e in program.edges:
        found = edge_list(e)
        if not len(found.pre):
            continue
        pre, post = program.populations[e.pre].name, program.populations[e.post].name
        least, described = 0, int(found.delays.min()) - before[post] + before[pre]
        if pre in quantised.scales:
            k = wires.names.index(pre)
            # A copy takes a tick to fire and another to be heard.
            least = 1 + int(copied[found.pre + wires.starts[k]].any())
        hops.append(Hop(e.name, e.pre, e.post, described, least))
    late = lateness(len(program.populations), hops)
    shifts = {}
    for e in program.edges:
        pre, post = program.populations[e.pre].name, program.populations[e.post].name
        shifts[e.name] = (late[e.post] - before[post]) - (late[e.pre] - before[pre])
    by_index = np.array([shifts[name] for name in quantised.edges] or [0])
    delays = wires.key_delay + by_index[wires.key_projection]
    names = [p.name for p in program.populations]
    return Timing(dict(zip(names, late, strict=True)), shifts, delays)


def packets_name(population: str) -> str:
    """Name of the population that stands for what the host sends for a source outside."""
    return f"packets of {population}"


def copied_network(
    quantised: CrossbarQuantised,
    wires: Wires,
    copies: Copies,
    timing: Timing,
    axon: np.ndarray,
    axon_source: np.ndarray,
    kept: np.ndarray,
) -> CrossbarQuantised:
    """The quantised network as it is on cores: every axon has one neuron that sends to it.

    Copies are populations of their own, and so are the packets that the host sends for a source
    outside, one for each axon.

    Parameters
    ----------
    axon
        Of each of `wires`, the axon that it goes through.
    axon_source
        Of each axon, the neuron that is heard there.
    kept
        Which connections work, bool: those of `wires`, then those of `copies`.
    """
    given, net = quantised.network, Network(seed=quantised.network.seed)
    copied = np.zeros(int(wires.starts[-1]), bool)
    copied[copies.of] = True
    late, formats = dict(timing.late), dict[str, str]()
    scales, zeros = dict(quantised.scales), dict(quantised.zeros)
    for name, population in given.populations.items():
        net.add(Population(name, population.shape, population.model))
    for k, name in enumerate(quantised.scales):
        own = copies.of[(copies.of >= wires.starts[k]) & (copies.of < wires.starts[k + 1])]
        if len(own) and quantised.copying is not None:
            made, own = copies_name(name), own - wires.starts[k]
            net.add(Population(made, len(own), quantised.copying))
            begin = len(axon) + int(np.searchsorted(copies.of, wires.starts[k]))
            sound = np.flatnonzero(kept[begin : begin + len(own)])
            rule = FromArrays(own[sound], sound)
            synapse = Delta(weight=1.0, delay=quantised.dt)
            net.connect(net[name], net[made], rule, synapse, name=f"{name} to its copies")
            formats[f"{name} to its copies"] = "dense"
            scales[made], zeros[made] = np.ones(len(own)), np.zeros(len(own))
            late[made] = late[name] + 1
    drivers = np.full(len(axon_source), -1)
    for k, name in enumerate(wires.names):
        sent = np.flatnonzero(
            (axon_source >= wires.starts[k]) & (axon_source < wires.starts[k + 1])
        )
        if name in quantised.scales:
            first = np.searchsorted(copies.of, wires.starts[k])
            own = np.flatnonzero((copies.axons >= 0) & np.isin(copies.axons, sent))
            drivers[copies.axons[own]] = own - first
        elif len(sent):
            made = packets_name(name)
            net.add(Population(made, len(sent), CrossbarAxon()))
            rule = FromArrays(axon_source[sent] - wires.starts[k], np.arange(len(sent)))
            net.connect(net[name], net[made], rule, Delta(weight=1.0, delay=0.0), name=made)
            formats[made], late[made], drivers[sent] = "dense", late[name], np.arange(len(sent))
    _Rewiring(quantised, wires, copies, timing, axon, drivers, copied, kept, net, formats).connect()
    copy_inputs(given, net)
    return replace(quantised, network=net, late=late, scales=scales, zeros=zeros, formats=formats)


@dataclass
class _Rewiring:
    """Projections from neurons, or from their copies."""

    quantised: CrossbarQuantised
    wires: Wires
    copies: Copies
    timing: Timing
    axon: np.ndarray
    drivers: np.ndarray
    copied: np.ndarray
    kept: np.ndarray
    net: Network
    formats: dict[str, str]

    def connect(self) -> None:
        """Make all of them."""
        given = self.quantised.network
        program = lower(given, self.quantised.dt, "float64", 1)
        kinds = list(self.quantised.edges)
        for e in program.edges:
            pre, post = (program.populations[k].name for k in (e.pre, e.post))
            if e.name in self.quantised.edges:
                self._crossbar(kinds.index(e.name), e.name, pre, post)
                continue
            found = edge_list(e)
            synapse = copy(given.projections[e.name].synapse)
            weights = edge_weights(e)
            delays = found.delays + self.timing.shifts[e.name]
            if pre in self.quantised.scales:
                own = found.pre + self.wires.starts[self.wires.names.index(pre)]
                via = self._host_copies(pre, post, given)
                for from_copies in (False, True):
                    some = self.copied[own] == from_copies
                    self._add(
                        f"{e.name} by copies" if from_copies else e.name,
                        copies_name(pre) if from_copies else pre, post,
                        (via[found.pre] if from_copies else found.pre)[some], found.post[some],
                        weights[some], delays[some] - from_copies, synapse,
                    )  # fmt: skip
            else:
                self._add(e.name, pre, post, found.pre, found.post, weights, delays, synapse)

    def _host_copies(self, pre: str, post: str, given: Network) -> np.ndarray:
        """Copy of each neuron of a population that sends to a readout of the host; -1 for none."""
        k = self.wires.names.index(pre)
        lo, hi = self.wires.starts[k], self.wires.starts[k + 1]
        posts = list(dict.fromkeys(
            p.post.population.name for n, p in given.projections.items()
            if p.pre.population.name == pre and n not in self.quantised.edges
        ))  # fmt: skip
        own = (self.copies.of >= lo) & (self.copies.of < hi)
        of, axons = self.copies.of[own] - lo, self.copies.axons[own]
        made = np.full(hi - lo, -1)
        to_host = np.flatnonzero(axons < 0)
        nth = np.arange(len(to_host)) - np.searchsorted(of[to_host], of[to_host], side="left")
        chosen = to_host[nth == posts.index(post)]
        made[of[chosen]] = chosen
        return made

    def _crossbar(self, k: int, name: str, pre: str, post: str) -> None:
        """Synapses, each from whoever drives its axons."""
        w, values = self.wires, mean_values(self.quantised.values, self.quantised.draws, post)
        own = np.flatnonzero((w.projection == k) & self.kept[: len(w.projection)])
        p, q = w.names.index(pre), w.names.index(post)
        source, target = w.source[own], w.target[own] - w.starts[q]
        kind, delays = w.key_kind[w.key[own]], self.timing.delays[w.key[own]]
        weights, heard = values[target, kind], self.drivers[self.axon[own]]
        if pre not in self.quantised.scales:
            made = packets_name(pre)
            self._add(name, made, post, heard, target, weights, delays, Delta(weight=1.0))
            return
        for from_copies in (False, True):
            some = self.copied[source] == from_copies
            sources = (heard if from_copies else source - w.starts[p])[some]
            self._add(
                f"{name} by copies" if from_copies else name,
                copies_name(pre) if from_copies else pre, post, sources, target[some],
                weights[some], delays[some] - from_copies, Delta(weight=1.0),
            )  # fmt: skip

    def _add(
        self,
        name: str,
        pre: str,
        post: str,
        sources: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray,
        delays: np.ndarray,
        synapse: Synapse,
    ) -> None:
        if not len(sources):
            return
        made = copy(synapse)
        made.weight, made.delay = weights, delays * self.quantised.dt
        made.dendritic_delay = 0.0
        rule = FromArrays(sources, targets)
        self.net.connect(self.net[pre], self.net[post], rule, made, name=name)
        self.formats[name] = "dense"
