"""Runs on SpiNNaker with every packet on its way: links that crowd, routers that drop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import ValidationError
from ..figures import Figure
from ..ledger import Ledger
from ..mapping.cores import MappedNetwork
from ..pricing import SECONDS, Prices
from ..routing.machine import Machine
from ..routing.mapping import RoutedNetwork
from .branches import AGAIN, AROUND, NONE, QUEUE, THROWN, Branches, Sent, TreeSettings
from .stepping import Stepped
from .timing import MessageRun, picoseconds
from .trees import TreeStep, simulate_trees

__all__ = ["MulticastRun", "branches_of", "run_multicast"]

_LINKS = 6
#: Packets are never counted as too many for a link: here they wait.
_ANY = 2.0**62


@dataclass(frozen=True)
class MulticastRun(MessageRun):
    """What a run with packets that branch gives back; links are counted by chip and link.

    Attributes
    ----------
    late
        Packets that a core looked at in a later step than that in which they were sent, int64
        [steps]: their synapses act as much later.
    around
        Packets that went round a link over two others, int64[steps].
    again
        Packets that a router dropped and software sent once more, int64[steps].
    thrown
        Packets that a router dropped for good, int64[steps]; `dropped` counts each of the cores
        that they did not reach, and packets that found the buffer of a core full.
    """

    late: np.ndarray
    around: np.ndarray
    again: np.ndarray
    thrown: np.ndarray


def run_multicast(
    mapped: MappedNetwork,
    steps: int,
    *,
    buffer: int | None = None,
    around: bool = True,
    again: bool = True,
    table: str | None = None,
) -> MulticastRun:
    """Run a routed network step by step, every packet along its tree.

    A core sends a packet for each of its neurons that fires when it has computed it. A link carries
    one packet at a time. A router lets a packet wait for a link for the chip's `router_wait`, then
    tries the two other links of the triangle, and drops it if it has to wait as long again. Steps
    do not wait for each other: what links and cores have not done goes on in the next, and a
    packet that a core looks at so late acts later.

    Parameters
    ----------
    mapped
        From `SpiNNaker.map`.
    steps
        Of the timer.
    buffer
        Packets that wait at a core, the chip's `input_buffer` by default; who comes to a full one
        is lost.
    around
        Whether routers try two other links.
    again
        Whether software sends dropped packets again, `reinjection` later.
    table
        The price table whose times are taken, the chip's first by default.

    Raises
    ------
    ValidationError
        If the chip is no SpiNNaker or has no times, a setting is out of range, or a projection
        learns.
    """
    if not isinstance(mapped, RoutedNetwork):
        raise ValidationError("run_multicast", f"got a network on {mapped.chip.name}",
                              "one on SpiNNaker", "messages.timing.run_messages")  # fmt: skip
    chip: Any = mapped.chip
    room = int(chip.input_buffer) if buffer is None else int(buffer)
    if room < 1:
        raise ValidationError("run_multicast, buffer", f"got {room}", "1 at least")
    prices = chip.table(table)
    if not any(figure.value is not None for figure in prices.time.values()):
        raise ValidationError(f"{chip.name}, {prices.title}", "has no times", "a table with times")
    settings = TreeSettings(
        max(1, round(1e12 / float(chip.link_rate))), max(1, _ps(chip.router_wait)),
        _ps(chip.reinjection) if again else NONE, room, around,
    )  # fmt: skip
    stepped = _Multicast(mapped, prices, settings)
    for _ in range(steps):
        stepped.step()
    return stepped.result()


def _ps(figure: Figure) -> int:
    return round(float(figure) * SECONDS[figure.unit] * 1e12)


def branches_of(mapped: RoutedNetwork) -> Branches:
    """The trees of all cores as arrays; links are numbered by chip times six and link."""
    machine, cores = mapped.machine, mapped.cores
    per_chip = int(mapped.chip.cores)
    nodes, rows, gives, handed = [0], [], [0], list[int]()
    for c in range(len(cores)):
        begin = len(rows)
        if c in mapped.trees:
            tree, chips = mapped.trees[c], [mapped.trees[c].source]
            there: dict[int, list[int]] = {}
            for to in mapped.reached[c].tolist():
                there.setdefault(cores[to].place // per_chip, []).append(to)
            rows.append([NONE, NONE, 0, 0])
            # Breadth first, so that children follow one another.
            for k, chip in enumerate(chips):
                at = begin + k
                rows[at][2:] = [len(rows), len(tree.out[chip])]
                for link in tree.out[chip]:
                    rows.append([chip * _LINKS + link, at, 0, 0])
                    chips.append(int(machine.near[chip, link]))
                handed += there.get(chip, [])
                gives.append(len(handed))
        nodes.append(len(rows))
    columns = np.array(rows, np.int64).reshape(-1, 4).T.copy()
    return Branches(
        np.array(nodes, np.int64), columns[0], columns[1], columns[2], columns[3],
        np.array(gives, np.int64), np.array(handed, np.int64), *_triangles(machine),
    )  # fmt: skip


def _triangles(machine: Machine) -> tuple[np.ndarray, np.ndarray]:
    """The two links by which a packet goes round each link, -1 where one of them is dead."""
    chip, way = np.divmod(np.arange(machine.size * _LINKS), _LINKS)
    first, last = (way + 1) % _LINKS, (way - 1) % _LINKS
    corner = machine.near[chip, first]
    sound = (corner >= 0) & (machine.near[corner, last] == machine.near[chip, way])
    return (
        np.where(sound, chip * _LINKS + first, NONE), np.where(sound, corner * _LINKS + last, NONE)
    )  # fmt: skip


class _Multicast(Stepped):
    """A network whose packets go along trees."""

    mapped: RoutedNetwork

    def __init__(self, mapped: RoutedNetwork, prices: Prices, settings: TreeSettings) -> None:
        super().__init__(mapped)
        self.prices, self.settings, self.time = prices, settings, picoseconds(prices)
        assert mapped.chip.step is not None
        self.lasts = _ps(mapped.chip.step)
        self.trees = branches_of(mapped)
        self.links = np.zeros(len(self.trees.via), np.int64)
        self.busy = np.zeros(len(mapped.cores), np.int64)
        self.made: list[TreeStep] = []
        self.late: list[int] = []
        self.events: list[np.ndarray] = []

    @cached_property
    def _place(self) -> np.ndarray:
        """Where each core stands among those that a core's packets reach; -1 where it does not."""
        cores = len(self.mapped.cores)
        made = np.full((cores, cores), NONE, np.int64)
        first = self.trees.gives[self.trees.nodes]
        for c in range(cores):
            to = self.trees.core[first[c] : first[c + 1]]
            made[c, to] = np.arange(len(to))
        return made

    def step(self) -> None:
        """Bring what is due, run a step, send its spikes."""
        ids = self.advance()
        ids = ids[self.counter.fan.core[ids] >= 0]
        core = self.counter.fan.core[ids]
        order = np.argsort(core, kind="stable")
        ids, core = ids[order], core[order]
        sent = self._sent(ids, core)
        done = simulate_trees(self.trees, sent, self.settings)
        self.made.append(done)
        self.events.append(self.heard)
        self.links = np.maximum(done.free - self.lasts, 0)
        self.busy = np.maximum(done.finished - self.lasts, 0)
        reached = np.diff(self.trees.gives[self.trees.nodes])[core]
        which = np.repeat(np.arange(len(ids)), reached)
        first = self.trees.gives[self.trees.nodes[core]]
        nth = np.arange(len(which)) - np.repeat(np.cumsum(reached) - reached, reached)
        packet = ids[which] * np.int64(len(self.mapped.cores)) + self.trees.core[first[which] + nth]
        later = np.where(done.lost, 0, done.begun // self.lasts)
        self.late.append(int((later > 0).sum()))
        late = {int(n): packet[later == n] for n in np.unique(later[later > 0])}
        self.send(packet[done.lost], late)

    def _sent(self, ids: np.ndarray, core: np.ndarray) -> Sent:
        """What cores do and send: neurons one after the other, packets when they are computed."""
        cores, fan, time = len(self.mapped.cores), self.counter.fan, self.time
        held = np.array([int(c.used["neurons"]) for c in self.mapped.cores], np.int64)
        scan = held * time.get("accesses", 0) + self.heard * time.get("sparse events", 0)
        own = np.bincount(core, minlength=cores)
        share = scan // np.maximum(own, 1)
        reached = np.diff(self.trees.gives[self.trees.nodes])[core]
        gives = np.concatenate([[0], np.cumsum(reached)])
        many = fan.starts[ids + 1] - fan.starts[ids]
        firsts = np.cumsum(many) - many
        rows = np.repeat(fan.starts[ids] - firsts, many) + np.arange(int(many.sum()))
        packet = np.repeat(np.arange(len(ids)), many)
        work = np.full(int(gives[-1]), time.get("messages in", 0), np.int64)
        taken = fan.words[rows].astype(np.int64) * time.get("synapse words", 0)
        for k, name in enumerate(("dense events", "sparse events", "convolutional events")):
            taken += fan.events[rows, k].astype(np.int64) * time.get(name, 0)
        work[gives[packet] + self._place[core[packet], fan.to[rows]]] += taken
        return Sent(
            np.searchsorted(core, np.arange(cores + 1)), core, share[core], work,
            scan - own * share, self.links, self.busy,
        )  # fmt: skip

    def result(self) -> MulticastRun:
        """Everything."""
        made, cores = self.made, len(self.mapped.cores)
        counts = np.array([s.counts for s in made], np.int64).reshape(-1, 4)
        dropped = np.array([int(s.lost.sum()) for s in made], np.int64)
        buffered = np.zeros(cores, np.int64)
        for s in made:
            buffered = np.maximum(buffered, s.buffered)
        ledger = self._ledger(counts, dropped)
        loads = sum((s.loads for s in made), np.zeros(len(self.trees.via), np.int64))
        return MulticastRun(
            np.array([s.finished.max(initial=0) for s in made]) * 1e-12,
            self.prices.step_seconds(ledger, cores), loads.reshape(-1, _LINKS), counts[:, QUEUE],
            buffered, dropped, np.array([s.waited * 1e-12 for s in made]), self.fired(), ledger,
            np.array(self.late, np.int64), counts[:, AROUND], counts[:, AGAIN], counts[:, THROWN],
        )  # fmt: skip

    def _ledger(self, counts: np.ndarray, dropped: np.ndarray) -> Ledger:
        """Counts of the run; what belongs to no core is the first one's."""
        made = self.mapped.routed(self.counter.ledger(), _ANY)
        by_step = dict(made.by_step)
        events = np.array(self.events, np.int64).reshape(-1, len(self.mapped.cores))
        for name in ("sparse events", "synapse words"):
            by_step[name] = by_step[name] + events
        more: Mapping[str, np.ndarray] = {
            "sent again": counts[:, AGAIN], "hops between chips": counts[:, AROUND],
            "dropped": dropped,
        }  # fmt: skip
        for name, many in more.items():
            by_step[name] = by_step.get(name, np.zeros_like(events)).copy()
            by_step[name][:, 0] += many
        changed = ("sparse events", "synapse words", *more)
        totals = dict(made.counts) | {name: by_step[name].sum(0) for name in changed}
        return replace(made, counts=totals, by_step=by_step)
