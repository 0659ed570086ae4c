"""A mapped run with every packet on its way: how long steps take when packets meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...errors import ValidationError
from ..counting import Counter
from ..fabric.routers import WAYS, Fabric, fabric_of
from ..ledger import Ledger
from ..mapping.cores import MappedNetwork, routers_of
from ..pricing import Prices
from .network import Packets, Step, simulate
from .stepping import Stepped

__all__ = ["MessageRun", "link_times", "picoseconds", "run_messages", "step_messages"]

_PS = {"ps": 1.0, "ns": 1e3, "us": 1e6, "ms": 1e9, "s": 1e12}


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
    if mapped.chip.routes_itself:
        raise ValidationError(
            "messages", f"packets of {mapped.chip.name} go to many cores at once",
            "a chip whose packets go to one", "messages.multicast.run_multicast",
        )  # fmt: skip
    stepped = _Messages(mapped, prices, (room, full == "drop", pipelined))
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


class _Messages(Stepped):
    """A network whose packets go from core to core."""

    def __init__(
        self, mapped: MappedNetwork, prices: Prices, settings: tuple[int, bool, bool]
    ) -> None:
        super().__init__(mapped)
        self.prices, self.settings = prices, settings
        self.made: list[Step] = []

    def step(self) -> None:
        """Bring what is due, run a step, send its spikes."""
        ids, fan = self.advance(), self.counter.fan
        done, which = step_messages(
            self.mapped, self.counter, ids, self.driven, self.prices, self.settings
        )
        self.made.append(done)
        lost = which[done.dropped]
        source = np.searchsorted(fan.starts, lost, side="right") - 1
        self.send(np.unique(source * np.int64(len(self.mapped.cores)) + fan.to[lost]))

    def result(self) -> MessageRun:
        """Everything."""
        cores, made = self.mapped.cores, self.made
        ledger = self.counter.ledger()
        lost = np.array([int(s.dropped.sum()) for s in made], np.int64)
        dropped = np.zeros(len(cores), np.int64)
        dropped[0] = lost.sum()
        ledger = replace(ledger, counts={**ledger.counts, "dropped": dropped})
        tiles = len({core.place // self.mapped.chip.tile for core in cores})
        simple = self.prices.step_seconds(ledger, tiles)
        wait = self.prices.barrier_seconds(tiles)
        each = np.array([s.finished.max(initial=0) for s in made]) * 1e-12 + wait
        none = np.zeros(fabric_of(self.mapped.chip).mesh.size * len(WAYS), np.int64)
        loads = sum((s.loads for s in made), none)
        buffered = np.zeros(len(cores), np.int64)
        for s in made:
            buffered = np.maximum(buffered, s.buffered)
        return MessageRun(
            each, simple, loads.reshape(-1, len(WAYS)),
            np.array([s.queue for s in made], np.int64), buffered, lost,
            np.array([float(s.waited.sum()) * 1e-12 for s in made]), self.fired(), ledger,
        )  # fmt: skip
