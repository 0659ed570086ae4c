"""A network on SpiNNaker's cores, with its keys, trees and tables; packets counted by tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import ValidationError
from ..faults import Faults
from ..ledger import Ledger
from ..limits import Limit, LimitKind, Violation
from ..mapping.cores import Core, MappedNetwork
from ..mapping.synapses import synapses_of
from ..quantising import Quantised
from .broken_words import with_broken_words
from .checking import check
from .compressing import compressed
from .core_tables import TreeTables
from .keys import Block, allocate
from .machine import Machine
from .slicing import Slices, cut, places_of
from .tables import Table, tables_of
from .trees import Tree, tree_to

__all__ = ["RoutedNetwork", "map_routed"]

#: Words before the synapses of a source in a core's memory.
_HEADER = 3
_WORD = 4


@dataclass(frozen=True)
class RoutedNetwork(MappedNetwork):
    """Where everything is, and how packets get there.

    Attributes
    ----------
    machine
        Chips and links that work.
    blocks
        Keys of each core's neurons.
    trees
        By core that sends, where its packets go.
    reached
        By core that sends, the cores that they reach (indices in `cores`).
    tables
        By chip.
    long
        Entries that each table had before it was compressed.
    """

    machine: Machine
    blocks: tuple[Block, ...]
    trees: Mapping[int, Tree]
    reached: Mapping[int, np.ndarray]
    tables: Mapping[int, Table]
    long: Mapping[int, int]

    def __str__(self) -> str:
        chips = len({core.place // int(self.chip.cores) for core in self.cores})
        entries = max((len(t.entries) for t in self.tables.values()), default=0)
        links = sum(len(tree.links) for tree in self.trees.values())
        return (
            f"{super().__str__()}\n  chips: {chips:,} of {self.machine.size:,}\n"
            f"  entries of a routing table: {entries:,}\n  links of all trees: {links:,}"
        )

    def routed(self, ledger: Ledger, per_link: float) -> Ledger:
        """A ledger with packets counted by tree: one for a spike, however many cores it reaches.

        Parameters
        ----------
        ledger
            With packets counted for each core that they reach.
        per_link
            How many packets a link takes in a step. What is beyond is dropped by the router
            before it, and sent again by software.
        """
        spikes = ledger.by_step["spikes"]
        sends = np.zeros(len(self.cores), np.int64)
        links = np.zeros(len(self.cores), np.int64)
        reached = np.zeros((len(self.cores),) * 2, np.int64)
        for core, tree in self.trees.items():
            sends[core], links[core] = 1, len(tree.links)
            reached[core, self.reached[core]] = 1
        by_step = dict(ledger.by_step) | {
            "messages": spikes * sends,
            "hops between chips": spikes * links,
            "messages in": spikes @ reached,
            "hops east-west": np.zeros_like(spikes),
            "hops north-south": np.zeros_like(spikes),
            "sent again": self._sent_again(spikes, per_link),
        }
        totals = dict(ledger.counts) | {name: by_step[name].sum(0) for name in (
            "messages", "hops between chips", "messages in", "hops east-west", "hops north-south",
            "sent again",
        )}  # fmt: skip
        sent = spikes.sum(0)
        rows = [(c, to, sent[c]) for c, cores in self.reached.items() for to in cores if sent[c]]
        packets = np.array(rows, np.int64).reshape(-1, 3)
        return Ledger(totals, by_step, packets)

    def link_loads(self, spikes: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
        """Packets over every link in use, by chip and link, in each step.

        Parameters
        ----------
        spikes
            Of each core, int64[steps, cores].
        """
        senders: dict[tuple[int, int], list[int]] = {}
        for core, tree in self.trees.items():
            for link in tree.links:
                senders.setdefault(link, []).append(core)
        made: dict[tuple[int, int], np.ndarray] = {}
        for link, cores in senders.items():
            made[link] = spikes[:, np.array(cores, np.int64)].sum(1)
        return made

    def _sent_again(self, spikes: np.ndarray, per_link: float) -> np.ndarray:
        """Packets beyond what links take, counted at the first core of the chip before them."""
        made = np.zeros_like(spikes)
        first: dict[int, int] = {}
        for k, core in enumerate(self.cores):
            first.setdefault(core.place // int(self.chip.cores), k)
        for (chip, _), load in self.link_loads(spikes).items():
            made[:, first.get(chip, 0)] += np.maximum(load - int(per_link), 0)
        return made


def map_routed(
    quantised: Quantised,
    chip: Any,
    machine: Machine,
    rates: np.ndarray | None = None,
    faults: Faults | None = None,
) -> RoutedNetwork:
    """Cut populations into slices, place and route them.

    Parameters
    ----------
    quantised
        In the chip's numbers.
    chip
        A `SpiNNaker`.
    machine
        Its chips.
    rates
        Spikes in a unit of time of each neuron; all alike by default.
    faults
        Cores that are dead, by column and row of the chip and core, and words that are wrong;
        what else is dead is no part of `machine`. Routes are those of the network as it is meant.

    Raises
    ------
    ValidationError
        If it does not fit; says what, and what to do.
    """
    limits = {v.counts: v for v in chip.limits}
    sizes = {n: len(of) for n, of in quantised.scales.items()}
    local = {n: _local_bytes(quantised, n) for n in sizes}
    most = {n: _slice_size(chip, local[n], limits["local bytes"], n) for n in sizes}
    slices = cut(sizes, most)
    synapses = synapses_of(quantised, chip.synapse_bits)
    number = np.concatenate([*(slices.of[n] for n in sizes), np.zeros(0, np.int64)])
    count, onto = len(slices.names), number[synapses.post]
    rows = np.unique(synapses.pre * np.int64(count) + onto) % count
    words = np.bincount(onto, minlength=count) + float(_HEADER) * np.bincount(rows, minlength=count)
    faults = Faults() if faults is None else faults
    dead = {(machine.number.get((x, y), -1), p) for x, y, p in faults.items("dead_cores", 3)}
    places = places_of(
        words.tolist(), float(limits["synapse words"].most), int(chip.cores),
        min(chip.chips, machine.size), lambda c, p: (c, p) in dead, chip.name,
    )  # fmt: skip
    cores = _cores(chip, slices, places, words, local)
    senders, to = np.divmod(np.unique(number[synapses.pre] * np.int64(count) + onto), count)
    begins = np.flatnonzero(np.diff(senders, prepend=-1))
    ends = np.split(to, begins[1:])
    reached = {int(senders[b]): mine for b, mine in zip(begins, ends, strict=False)}
    fired = np.ones(len(number)) if rates is None else np.asarray(rates, float)
    deliveries = np.zeros((count, count))
    deliveries[senders, to] = np.bincount(number, fired, count)[senders]
    passed = _deadlines(cores, limits["neurons"])
    broken = with_broken_words(quantised, slices, faults)
    mapped = MappedNetwork(broken, chip, slices.of, cores, deliveries, passed)
    return _routed(mapped, machine, slices, reached, int(limits["routing entries"].most))


def _cores(
    chip: Any, slices: Slices, places: np.ndarray, words: np.ndarray,
    local: Mapping[str, tuple[int, int]],
) -> tuple[Core, ...]:  # fmt: skip
    """Each core, with what it needs."""
    return tuple(
        Core(int(place), {name: ids}, {
            "neurons": float(len(ids)), "synapse words": float(w),
            "local bytes": float(local[name][0] * len(ids) + local[name][1] * _power(len(ids))),
        }, chip)
        for place, name, ids, w in zip(places, slices.names, slices.ids, words, strict=True)
    )  # fmt: skip


def _routed(
    mapped: MappedNetwork, machine: Machine, slices: Slices, reached: Mapping[int, np.ndarray],
    most: int,
) -> RoutedNetwork:  # fmt: skip
    per_chip = int(mapped.chip.cores)
    at = [divmod(core.place, per_chip) for core in mapped.cores]
    blocks = tuple(b for mine in allocate(list(slices.sizes.values())) for b in mine)
    trees, targets, sources = {}, [], []
    known: dict[tuple[int, frozenset[int]], Tree] = {}
    for core, cores in reached.items():
        wanted: dict[int, list[int]] = {}
        for to in cores:
            wanted.setdefault(at[to][0], []).append(at[to][1])
        way = (at[core][0], frozenset(wanted))
        if way not in known:
            known[way] = tree_to(machine, *way)
        trees[core] = known[way]
        targets.append(wanted)
        sources.append((at[core][0], blocks[core]))
    long = tables_of(list(trees.values()), [b for _, b in sources], targets)
    tables = {
        chip: compressed(table, most, f"{mapped.chip.name}, chip {machine.at[chip].tolist()}")
        for chip, table in long.items()
    }
    check(machine, tables, sources, targets)
    starts = np.cumsum([0, *(len(ids) for ids in slices.ids)])
    core_tables = TreeTables(
        machine, np.array([c for c, _ in at], np.int64), starts, blocks, trees, reached
    )
    with_tables = tuple(
        replace(core, routes=core_tables, index=k, engine=_learning(mapped.quantised, core))
        for k, core in enumerate(mapped.cores)
    )
    given = {name: getattr(mapped, name) for name in MappedNetwork.__dataclass_fields__}
    given["cores"] = with_tables
    return RoutedNetwork(
        **given, machine=machine, blocks=blocks, trees=trees, reached=reached, tables=tables,
        long={chip: len(table.entries) for chip, table in long.items()},
    )  # fmt: skip


def _learning(quantised: Quantised, core: Core) -> tuple[str, ...]:
    """Projections whose synapses learn on a core."""
    projections = quantised.network.projections.values()
    return tuple(
        p.name for p in projections if p.is_plastic and p.post.population.name in core.neurons
    )


def _local_bytes(quantised: Quantised, name: str) -> tuple[int, int]:
    """Bytes of a neuron's states and parameters; of its ring buffers."""
    model = quantised.network[name].model
    buffers = [state for state in model.block.states if state[0] == "q" and state[1:].isdigit()]
    ours = {*buffers, "saturated", "heard"}
    types, held = len(buffers), len(set(model.block.states) - ours) + len(model.parameters)
    return _WORD * held, 2 * 16 * _power(types) if types else 0


def _power(count: int) -> int:
    """The next power of two."""
    return 1 << max(0, int(count) - 1).bit_length()


def _slice_size(chip: Any, local: tuple[int, int], limit: Limit, name: str) -> int:
    """As many neurons as are asked for, or half of them until local memory holds them."""
    size = int(chip.neurons_per_core)
    while size > 1 and local[0] * size + local[1] * _power(size) > float(limit.most):
        size = (size + 1) // 2
    if size < 1 or local[0] + local[1] > float(limit.most):
        raise ValidationError(f"{chip.name}, population {name!r}", "a neuron too large for a core",
                              f"{limit.most} of local memory")  # fmt: skip
    return size


def _deadlines(cores: tuple[Core, ...], limit: Limit) -> tuple[Violation, ...]:
    worst = max(range(len(cores)), key=lambda k: cores[k].used["neurons"], default=-1)
    if worst < 0 or limit.kind != LimitKind.DEADLINE:
        return ()
    found = cores[worst].used["neurons"]
    passed = found > float(limit.most)
    return (Violation(limit, found, f"core {worst}"),) if passed else ()
