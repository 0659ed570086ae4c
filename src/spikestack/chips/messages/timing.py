"""A mapped run with every packet on its way: how long steps take when packets meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...errors import ValidationError
from ...network.external import ExternalSpikes
from ...network.files import network_of, plain_with_arrays
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...program.program import Program
from ...simulation import Simulation
from ..counting import Counter
from ..fabric.routers import WAYS, Fabric, fabric_of
from ..ledger import Ledger
from ..mapping.cores import MappedNetwork, routers_of
from ..pricing import Prices
from .network import Packets, Step, simulate

__all__ = ["MessageRun", "link_times", "picoseconds", "run_messages", "step_messages"]

_PS = {"ps": 1.0, "ns": 1e3, "us": 1e6, "ms": 1e9, "s": 1e12}
_BUSY = "busy"
#: The greatest sum of arrivals in a step.
_MOST = 1e6


@dataclass(frozen=True)
class MessageRun:
    """What a run with packets gives back.

    Attributes
    ----------
    step_seconds
        How long each step took, the barrier among it, float64[steps].
    simple_seconds
        The same where packets do not wait for each other (`Prices.step_seconds`).
    link_loads
        Packets over each link in the whole run, int64[routers, ways]; ways are `fabric.WAYS`.
    peak_queue
        The longest queue at any link, int64[steps].
    peak_buffer
        Most spikes that waited at each core (int64).
    dropped
        Packets that were lost, int64[steps].
    waited
        Seconds that packets waited for links and buffers, all together, float64[steps].
    spikes
        By population, steps from 1 on and neurons.
    ledger
        Counts of the run; what arrives of a spike that is dropped is not taken out of them.
    """

    step_seconds: np.ndarray
    simple_seconds: np.ndarray
    link_loads: np.ndarray
    peak_queue: np.ndarray
    peak_buffer: np.ndarray
    dropped: np.ndarray
    waited: np.ndarray
    spikes: Mapping[str, tuple[np.ndarray, np.ndarray]]
    ledger: Ledger


def run_messages(
    mapped: MappedNetwork,
    steps: int,
    *,
    buffer: int | None = None,
    full: str = "stall",
    pipelined: bool = False,
    table: str | None = None,
) -> MessageRun:
    """Run a mapped network step by step, every packet on its way.

    Parameters
    ----------
    mapped
        From `Chip.map`.
    steps
        Of the chip.
    buffer
        Spikes that wait at a core; the chip's own by default.
    full
        What becomes of a packet whose target has a full buffer: ``"stall"``, it waits where it is
        and keeps its link, or ``"drop"``, it is lost and its synapses see nothing of it.
    pipelined
        Whether cores go on while their packets travel.
    table
        The price table whose times are taken, the chip's first by default.

    Raises
    ------
    ValidationError
        If the chip has no times, or a setting is out of range; or if packets may be lost and a
        projection learns.
    """
    if full not in ("stall", "drop"):
        raise ValidationError("messages, full", f"got {full!r}", "'stall' or 'drop'")
    room = mapped.cores[0].buffer if buffer is None else int(buffer)
    if room < 1:
        raise ValidationError("messages, buffer", f"got {room}", "1 at least")
    prices = mapped.chip.table(table)
    if not any(figure.value is not None for figure in prices.time.values()):
        raise ValidationError(f"{mapped.chip.name}, {prices.title}", "has no times",
                              "a table with times")  # fmt: skip
    stepped = _Stepped(mapped, prices, (room, full == "drop", pipelined))
    for _ in range(steps):
        stepped.step()
    return stepped.result()


def step_messages(
    mapped: MappedNetwork, counter: Counter, ids: np.ndarray, driven: np.ndarray, prices: Prices,
    settings: tuple[int, bool, bool],
) -> tuple[Step, np.ndarray]:  # fmt: skip
    """One step of the chip: its packets, and where in the fan each of them stands.

    Parameters
    ----------
    counter
        Of the mapped network.
    ids
        Neurons that fired, as in the program, ascending.
    driven
        Driven neurons of each core.
    prices
        Whose times.
    settings
        Room of a buffer, whether it drops, whether cores are pipelined.
    """
    fan, cores = counter.fan, len(mapped.cores)
    time = picoseconds(prices)
    many = fan.starts[ids + 1] - fan.starts[ids]
    firsts = np.cumsum(many) - many
    which = np.repeat(fan.starts[ids] - firsts, many) + np.arange(int(many.sum()))
    source, target = fan.core[np.repeat(ids, many)], fan.to[which].astype(np.int64)
    held = np.array([int(core.used["neurons"]) for core in mapped.cores], np.int64)
    scan = held * time.get("accesses", 0) + driven * time.get("driven updates", 0)
    scan += (held - driven) * time.get("idle updates", 0)
    core = fan.core[ids]
    own = np.bincount(core[core >= 0], minlength=cores)
    share, spike = scan // np.maximum(own, 1), time.get("spikes", 0)
    # What a core does before a spike is done before the first of its packets.
    before = np.full(len(which), time.get("messages", 0), np.int64)
    sends = (many > 0) & (core >= 0)
    before[firsts[sends]] += share[core[sends]] + spike
    rest = scan + own * spike
    rest -= np.bincount(core[sends], share[core[sends]] + spike, cores).astype(np.int64)
    work = np.full(len(which), time.get("messages in", 0), np.int64)
    for k, name in enumerate(("dense events", "sparse events", "convolutional events")):
        work += fan.events[which, k].astype(np.int64) * time.get(name, 0)
    work += fan.words[which].astype(np.int64) * time.get("synapse words", 0)
    order = np.argsort(source, kind="stable")
    source, target = source[order], target[order]
    starts, links, times = _ways(mapped, source, target, time)
    packets = Packets(source, target, before[order], work[order], starts, links)
    return simulate(packets, rest, times, *settings), which[order]


def picoseconds(prices: Prices) -> dict[str, int]:
    """How long one of each counter takes, where that is known."""
    known = {name: f for name, f in prices.time.items() if f.value is not None}
    return {name: round(float(f) * _PS[f.unit]) for name, f in known.items()}


def _ways(
    mapped: MappedNetwork, source: np.ndarray, target: np.ndarray, time: Mapping[str, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The links of each packet, and what each link takes."""
    fabric = fabric_of(mapped.chip)
    routers = routers_of(mapped.chip, fabric, np.array([c.place for c in mapped.cores], np.int64))
    there = routers[target]
    paths = fabric.paths(np.where(source >= 0, routers[source], there), there)
    return paths.starts, paths.links, link_times(fabric, time)


def link_times(fabric: Fabric, time: Mapping[str, int]) -> np.ndarray:
    """What a packet takes over each link, in ps (int64); between chips as within, unless known."""
    every = np.arange(fabric.mesh.size * len(WAYS))
    way = every % len(WAYS)
    rows, columns = time.get("hops east-west", 0), time.get("hops north-south", 0)
    times = np.where((way == 2) | (way == 3), columns, rows)
    if "hops between chips" in time:
        times = np.where(fabric.crosses(every), time["hops between chips"], times)
    return np.asarray(times.astype(np.int64))


class _Stepped:
    """A network without synapses of its own: what arrives is brought to it step by step."""

    def __init__(
        self, mapped: MappedNetwork, prices: Prices, settings: tuple[int, bool, bool]
    ) -> None:
        self.mapped, self.prices, self.settings = mapped, prices, settings
        quantised = mapped.quantised
        whole: Program = lower(quantised.network, quantised.dt, "float64", 1)
        if whole.plastic:
            raise ValidationError("messages", "a projection learns", "fixed weights")
        header, arrays = plain_with_arrays(quantised.network)
        names = [p.name for p in whole.populations]
        inner = [e for e in whole.edges if {names[e.pre], names[e.post]} <= set(mapped.core_of)]
        cut = {e.name for e in inner}
        # What the host sends is never lost, and what it is sent is no core's to lose.
        header["projections"] = [p for p in header["projections"] if p["name"] not in cut]
        header["probes"] = []
        network = network_of(header, arrays)
        self.arrivals = []
        for e in inner:
            pre, post = whole.populations[e.pre], whole.populations[e.post]
            found, weights = edge_list(e), edge_weights(e)
            if len(found.delays) and found.delays.min() < 1:
                raise ValidationError(f"messages, {e.name!r}", "acts in the same step", "a delay")
            kind = type(quantised.network.projections[e.name].synapse)
            most = float(np.bincount(found.post, np.abs(weights), 1).max(initial=0.0)) + 1.0
            # A power of two, so that sums stay exact, within what a drive may bring.
            unit = 2.0 ** max(0.0, np.ceil(np.log2(most / _MOST)))
            name = f"arrivals of {e.name}"
            drive = ExternalSpikes(synapse=kind(weight=unit), most=_MOST)
            network.drive(network[post.name], drive, name=name)
            weights = weights / unit
            starts = np.searchsorted(found.pre, np.arange(pre.size + 1))
            self.arrivals.append((pre, post, name, starts, found, weights))
        self.busy = [name for name in mapped.core_of if _BUSY in network[name].model.block.states]
        for population in network.populations.values():
            network.record(population, "spikes")
        for name in self.busy:
            network.record(network[name], _BUSY)
        self.simulation = Simulation(network, dt=quantised.dt, precision="float64", threads=1)
        self.program = whole
        self.counter = Counter(mapped, whole, set(self.busy))
        self.due: dict[int, list[tuple[str, np.ndarray, np.ndarray]]] = {}
        self.made: list[tuple[Step, float]] = []
        self.spikes: list[np.ndarray] = []

    def step(self) -> None:
        """Bring what is due, run a step, send its spikes."""
        now = self.simulation.step
        dt = self.mapped.quantised.dt
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
        driven = np.zeros((1, cores), np.int64)
        for name in self.busy:
            active = recording[name, _BUSY].values.reshape(-1) != 0
            driven[0] += np.bincount(self.mapped.core_of[name][active], minlength=cores)
        self.counter.add(np.zeros(len(ids), np.int64), ids, 1, driven)
        done, which = step_messages(
            self.mapped, self.counter, ids, self.counter.last_driven[0], self.prices, self.settings
        )
        self.made.append((done, float(done.waited.sum()) * 1e-12))
        self.spikes.append(ids)
        self._send(ids, which[done.dropped], now + 1)

    def _send(self, ids: np.ndarray, lost: np.ndarray, now: int) -> None:
        """Note what arrives when, without the synapses that lost packets would have met."""
        fan = self.counter.fan
        cores = np.int64(len(self.mapped.cores))
        source = np.searchsorted(fan.starts, lost, side="right") - 1
        gone = source * cores + fan.to[lost]
        for pre, post, name, starts, found, weights in self.arrivals:
            mine = ids[(ids >= pre.offset) & (ids < pre.offset + pre.size)] - pre.offset
            if not len(mine):
                continue
            many = starts[mine + 1] - starts[mine]
            firsts = np.cumsum(many) - many
            at = np.repeat(starts[mine] - firsts, many) + np.arange(int(many.sum()))
            if len(gone):
                core = self.mapped.core_of[post.name][found.post[at]]
                at = at[~np.isin((found.pre[at] + pre.offset) * cores + core, gone)]
            for delay in np.unique(found.delays[at]).tolist():
                here = at[found.delays[at] == delay]
                sums = np.bincount(found.post[here], weights[here], post.size)
                hit = np.flatnonzero(sums)
                if len(hit):
                    self.due.setdefault(now + delay, []).append((name, hit, sums[hit]))

    def result(self) -> MessageRun:
        """Everything."""
        cores = self.mapped.cores
        ledger = self.counter.ledger()
        lost = np.array([int(s.dropped.sum()) for s, _ in self.made], np.int64)
        dropped = np.zeros(len(cores), np.int64)
        dropped[0] = lost.sum()
        ledger = replace(ledger, counts={**ledger.counts, "dropped": dropped})
        tiles = len({core.place // self.mapped.chip.tile for core in cores})
        simple = self.prices.step_seconds(ledger, tiles)
        wait = self.prices.barrier_seconds(tiles)
        each = np.array([s.finished.max(initial=0) for s, _ in self.made]) * 1e-12 + wait
        none = np.zeros(fabric_of(self.mapped.chip).mesh.size * len(WAYS), np.int64)
        loads = sum((s.loads for s, _ in self.made), none)
        steps = np.repeat(np.arange(len(self.spikes)) + 1, [len(i) for i in self.spikes])
        ids = np.concatenate([np.zeros(0, np.int64), *self.spikes])
        spikes = {}
        for p in self.program.populations:
            mine = (ids >= p.offset) & (ids < p.offset + p.size)
            spikes[p.name] = (steps[mine], ids[mine] - p.offset)
        buffered = np.zeros(len(cores), np.int64)
        for s, _ in self.made:
            buffered = np.maximum(buffered, s.buffered)
        return MessageRun(
            each, simple, loads.reshape(-1, len(WAYS)),
            np.array([s.queue for s, _ in self.made], np.int64), buffered, lost,
            np.array([w for _, w in self.made]), spikes, ledger,
        )  # fmt: skip
