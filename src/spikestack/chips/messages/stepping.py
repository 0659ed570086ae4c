"""A mapped network run step by step, whose spikes arrive where and when packets bring them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...errors import ValidationError
from ...network.external import ExternalSpikes
from ...network.files import network_of, plain_with_arrays
from ...network.network import Network
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...program.program import EdgeProgram, Program
from ...simulation import Simulation
from ..counting import Counter
from ..mapping.cores import MappedNetwork

__all__ = ["Stepped"]

_BUSY, _HEARD = "busy", "heard"
#: The greatest sum of arrivals in a step.
_MOST = 1e6


class Stepped:
    """A network without synapses of its own: what arrives is brought to it step by step.

    Parameters
    ----------
    mapped
        From `Chip.map`.

    Attributes
    ----------
    counter
        Counts what its spikes do.
    driven, heard
        Of each core in the last step: neurons that say they were driven, and events of drives
        that neurons say they heard (int64).
    spikes
        Neurons that fired in each step, numbered as in the program, ascending (int64).

    Raises
    ------
    ValidationError
        If a projection learns, or acts in the same step.
    """

    def __init__(self, mapped: MappedNetwork) -> None:
        self.mapped = mapped
        quantised = mapped.quantised
        self.program: Program = lower(quantised.network, quantised.dt, "float64", 1)
        if self.program.plastic:
            raise ValidationError("messages", "a projection learns", "fixed weights")
        header, arrays = plain_with_arrays(quantised.network)
        names = [p.name for p in self.program.populations]
        inner = [
            e for e in self.program.edges if {names[e.pre], names[e.post]} <= set(mapped.core_of)
        ]
        cut = {e.name for e in inner}
        # What the host sends is never lost, and what it is sent is no core's to lose.
        header["projections"] = [p for p in header["projections"] if p["name"] not in cut]
        header["probes"] = []
        network = network_of(header, arrays)
        self.arrivals = [self._arrivals(e, network) for e in inner]
        self.says = {
            variable: [n for n in mapped.core_of if variable in network[n].model.block.states]
            for variable in (_BUSY, _HEARD)
        }
        for population in network.populations.values():
            network.record(population, "spikes")
        for variable, of in self.says.items():
            for name in of:
                network.record(network[name], variable)
        self.simulation = Simulation(network, dt=quantised.dt, precision="float64", threads=1)
        self.counter = Counter(mapped, self.program, set(self.says[_BUSY]))
        self.due: dict[int, list[tuple[str, np.ndarray, np.ndarray]]] = {}
        self.spikes: list[np.ndarray] = []

    def _arrivals(self, e: EdgeProgram, network: Network) -> tuple:  # type: ignore[type-arg]
        """A drive in place of a projection, and the synapses whose sums it brings."""
        pre, post = self.program.populations[e.pre], self.program.populations[e.post]
        found, weights = edge_list(e), edge_weights(e)
        if len(found.delays) and found.delays.min() < 1:
            raise ValidationError(f"messages, {e.name!r}", "acts in the same step", "a delay")
        kind = type(self.mapped.quantised.network.projections[e.name].synapse)
        most = float(np.bincount(found.post, np.abs(weights), 1).max(initial=0.0)) + 1.0
        # A power of two, so that sums stay exact, within what a drive may bring.
        unit = 2.0 ** max(0.0, np.ceil(np.log2(most / _MOST)))
        name = f"arrivals of {e.name}"
        drive = ExternalSpikes(synapse=kind(weight=unit), most=_MOST)
        network.drive(network[post.name], drive, name=name)
        starts = np.searchsorted(found.pre, np.arange(pre.size + 1))
        return pre, post, name, starts, found, weights / unit

    def advance(self) -> np.ndarray:
        """Bring what is due and run a step; who fired, as in `spikes`."""
        now, dt = self.simulation.step, self.mapped.quantised.dt
        for name, ids, counts in self.due.pop(now + 1, []):
            self.simulation.inject(name, ids, (now + 1) * dt, counts=counts)
        self.simulation.forward(1, progress=False)
        recording = self.simulation.drain()
        offsets = {p.name: p.offset for p in self.program.populations}
        ids = np.sort(np.concatenate(
            [np.zeros(0, np.int64)]
            + [s.ids.astype(np.int64) + offsets[n] for n, s in recording.spikes.items()]
        ))  # fmt: skip
        cores = len(self.mapped.cores)
        told = {v: np.zeros(cores, np.int64) for v in self.says}
        for variable, of in self.says.items():
            for name in of:
                values = recording[name, variable].values.reshape(-1)
                many = (values != 0) if variable == _BUSY else values
                summed = np.bincount(self.mapped.core_of[name], many, cores)
                told[variable] += summed.astype(np.int64)
        self.counter.add(np.zeros(len(ids), np.int64), ids, 1, told[_BUSY][None])
        self.driven, self.heard = self.counter.last_driven[0], told[_HEARD]
        self.spikes.append(ids)
        return ids

    def send(self, gone: np.ndarray, late: Mapping[int, np.ndarray] | None = None) -> None:
        """Note what of the last step's spikes arrives when.

        Parameters
        ----------
        gone
            Neuron times cores and core, of packets that are lost there (int64, ascending).
        late
            By steps, the same of packets that come so much later.
        """
        ids, now = self.spikes[-1], self.simulation.step
        cores = np.int64(len(self.mapped.cores))
        for pre, post, name, starts, found, weights in self.arrivals:
            mine = ids[(ids >= pre.offset) & (ids < pre.offset + pre.size)] - pre.offset
            if not len(mine):
                continue
            many = starts[mine + 1] - starts[mine]
            firsts = np.cumsum(many) - many
            at = np.repeat(starts[mine] - firsts, many) + np.arange(int(many.sum()))
            delays = found.delays[at]
            if len(gone) or late:
                core = self.mapped.core_of[post.name][found.post[at]]
                packet = (found.pre[at] + pre.offset) * cores + core
                for steps, packets in (late or {}).items():
                    delays = delays + steps * np.isin(packet, packets)
                kept = ~np.isin(packet, gone)
                at, delays = at[kept], delays[kept]
            for delay in np.unique(delays).tolist():
                here = at[delays == delay]
                sums = np.bincount(found.post[here], weights[here], post.size)
                hit = np.flatnonzero(sums)
                if len(hit):
                    self.due.setdefault(now + delay, []).append((name, hit, sums[hit]))

    def fired(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By population, steps from 1 on and neurons."""
        steps = np.repeat(np.arange(len(self.spikes)) + 1, [len(i) for i in self.spikes])
        ids, made = np.concatenate([np.zeros(0, np.int64), *self.spikes]), {}
        for p in self.program.populations:
            mine = (ids >= p.offset) & (ids < p.offset + p.size)
            made[p.name] = (steps[mine], ids[mine] - p.offset)
        return made
