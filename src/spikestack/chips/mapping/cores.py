"""A quantised network on the cores of a chip: who is where, what each core holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ValidationError
from ..fabric.routers import Fabric, fabric_of
from ..fabric.tables import Routes, RoutingTable, Tables
from ..limits import Limit, LimitKind, Violation
from ..quantising import Quantised
from .contacts import Contacts, contacts_of
from .hypergraph import Hypergraph
from .partitioning import partition
from .placing import between, place
from .synapses import Synapses, synapses_of, with_kernels

if TYPE_CHECKING:
    from ..chip import Chip

__all__ = ["Core", "MappedNetwork", "free_places", "map_network", "routers_of"]

#: By how much more cores are tried, when those that neurons and synapses need do not do.
_MORE = 1.15
#: Pairs of cores, for each core, by which cores are dealt out to chips.
_PAIRS = 64
#: Spikes that can wait at a core whose chip states no number.
_BUFFER = 1024
#: How many more places than neurons cores have while these are dealt out.
_SPARE = 1.1


@dataclass(frozen=True)
class Core:
    """One core.

    Attributes
    ----------
    place
        Its number on the chip; ``place // tile`` is its router.
    neurons
        By population, which of its neurons are here.
    used
        By what is counted, as `Limit.counts` has it.
    chip, routes, index
        What `memory`, `buffer` and `table` are read from.
    engine
        Projections whose synapses here learn.
    """

    place: int
    neurons: Mapping[str, np.ndarray]
    used: Mapping[str, float]
    chip: Chip | None = field(default=None, repr=False, compare=False)
    routes: Tables | None = field(default=None, repr=False, compare=False)
    index: int = 0
    engine: tuple[str, ...] = ()

    @property
    def memory(self) -> dict[str, tuple[float, float]]:
        """What is used of what there is, by what a core's limits count."""
        limits = () if self.chip is None else self.chip.limits
        return {
            v.counts: (self.used[v.counts], float(v.most))
            for v in limits
            if v.per == "core" and v.counts in self.used
        }

    @property
    def buffer(self) -> int:
        """How many spikes can wait at the core."""
        return _BUFFER if self.chip is None else int(getattr(self.chip, "buffer", _BUFFER))

    @property
    def table(self) -> RoutingTable:
        """Its routing table: which of its neurons sends to which cores, over how many links.

        Raises
        ------
        ValidationError
            If the chip's own mapper keeps other tables.
        """
        if self.routes is None:
            raise ValidationError("Core.table", "this chip's mapper keeps none", "see its page")
        return self.routes.table(self.index)

    @property
    def power(self) -> str:
        """``"on"``; a core that holds nothing is not listed, and off where the chip can do so."""
        return "on"


@dataclass(frozen=True)
class MappedNetwork:
    """Where everything is.

    Attributes
    ----------
    quantised
        What was mapped.
    chip
        Where to.
    core_of
        Index in `cores` of each neuron, by population.
    cores
        Those in use.
    deliveries
        Packets from core to core in a unit of time, by the rates that were assumed (sparse).
    violations
        Deadlines that are passed; walls and budgets never are.
    routes
        The ways of packets; None where the chip's own mapper keeps others.
    """

    quantised: Quantised
    chip: Chip
    core_of: Mapping[str, np.ndarray]
    cores: tuple[Core, ...]
    deliveries: Any
    violations: tuple[Violation, ...]
    routes: Routes | None = field(default=None, kw_only=True, repr=False)

    def __str__(self) -> str:
        most = {n: max(c.used.get(n, 0) for c in self.cores) for n in self.cores[0].used}
        rows = [f"{self.chip.name}: {len(self.cores):,} cores, most on one of them:"]
        rows += [f"  {name}: {number:,.0f}" for name, number in most.items()]
        return "\n".join([*rows, *map(str, self.violations)])


def map_network(
    quantised: Quantised, chip: Chip, rates: np.ndarray | None = None, seed: int = 1
) -> MappedNetwork:
    """Deal the neurons of a quantised network out to the cores of one chip.

    Parameters
    ----------
    quantised
        In the chip's numbers.
    chip
        Where to.
    rates
        Spikes in a unit of time of each neuron on the chip; all alike by default.
    seed
        Of what is left to chance.

    Raises
    ------
    ValidationError
        If it does not fit; every violated limit is named, with what to do.
    """
    found = with_kernels(synapses_of(quantised, chip.synapse_bits), quantised, chip)
    n, synapses = found.inside, found.inward()
    free = free_places(chip)
    walls = {v.counts: v for v in chip.limits if v.per == "core"}
    rates = np.ones(n) if rates is None else np.asarray(rates, float)
    words = np.bincount(synapses.post, synapses.bits, n) / chip.word_bits
    words += _state_words(quantised, chip, synapses, n)
    loads = np.stack([np.ones(n), words], axis=1)
    places = int(walls["neurons"].most)
    room = float(walls["synapse words"].most)
    _check_alone(quantised, words, room, walls["synapse words"], synapses)
    needed = max(1, -(-n // places), int(np.ceil(words.sum() / room)))
    own = synapses.pre < n
    graph = Hypergraph.of_synapses(synapses.pre[own], synapses.post[own], rates, loads)
    passed: list[Violation] = []
    while needed <= len(free):
        # Cores are filled about alike: what few of them could hold may have too many axons.
        held = min(places, int(np.ceil(_SPARE * n / needed)))
        parts = partition(graph, needed, held, np.array([np.inf, room]), seed).parts
        contacts = contacts_of(synapses.pre, parts[synapses.post], synapses.total, needed)
        used = _usage(parts, needed, contacts, words, synapses.kernels, chip)
        passed = _passed(used, walls)
        if not [v for v in passed if v.limit.kind != LimitKind.DEADLINE]:
            traffic = between(contacts, parts, rates, needed)
            at = _places(traffic, chip, free, seed)
            mapped = _mapped(quantised, chip, parts, used, contacts, synapses, at)
            return replace(mapped, deliveries=traffic, violations=tuple(passed))
        needed = max(needed + 1, int(needed * _MORE))
    problem = "; ".join(map(str, passed)) or f"needs {needed:,} cores"
    remedy = "use more chips, or a smaller network"
    dead = int(chip.cores) * chip.chips - len(free)
    most = f"{len(free):,} cores at most" + (f", {dead:,} being dead" if dead else "")
    raise ValidationError(chip.name, problem, most, remedy)


def free_places(chip: Chip) -> np.ndarray:
    """Places of cores that are alive."""
    places = int(chip.cores) * chip.chips
    if chip.faults is None:
        return np.arange(places)
    dead = np.array(chip.faults.items("dead_cores", 1, places), np.int64)
    gone = np.array(chip.faults.items("dead_chips", 1, chip.chips), np.int64)
    alive = np.setdiff1d(np.arange(places), dead)
    return alive[~np.isin(alive // int(chip.cores), gone)]


def _places(traffic: Any, chip: Chip, free: np.ndarray, seed: int) -> np.ndarray:
    """A place for each core: chips first, where there are several, then places on them."""
    cores = int(chip.cores)
    if chip.chips == 1:
        return place(traffic, chip.mesh, free, seed, chip.tile).places
    of = _chips_of(traffic, np.bincount(free // cores, minlength=chip.chips), seed)
    made = np.empty(traffic.shape[0], np.int64)
    for c in np.unique(of).tolist():
        here = np.flatnonzero(of == c)
        local = free[free // cores == c] - c * cores
        inner = traffic[here][:, here]
        made[here] = c * cores + place(inner, chip.mesh, local, seed, chip.tile).places
    return made


def _chips_of(traffic: Any, alive: np.ndarray, seed: int) -> np.ndarray:
    """The chip of each core: as few as hold them all, those that talk on the same one."""
    count, room = traffic.shape[0], np.sort(alive)[::-1]
    chips = int(np.searchsorted(np.cumsum(room), count)) + 1
    order = np.argsort(-alive, kind="stable")[:chips]
    least = int(alive[order].min())
    if chips * least < count:
        # Some chips have more dead cores than others: filled one after the other.
        return np.repeat(order, alive[order])[:count]
    flat = traffic.tocoo()
    # Where nearly all cores talk to each other, those that talk most decide.
    most = np.argsort(-flat.data, kind="stable")[: _PAIRS * count]
    pairs = Hypergraph.of_pairs(flat.row[most], flat.col[most], flat.data[most], count)
    parts = partition(pairs, chips, least, seed=seed).parts
    return np.asarray(np.sort(order)[parts])


def _state_words(quantised: Quantised, chip: Chip, synapses: Synapses, n: int) -> np.ndarray:
    """What the states of neurons take of the memory of synapses, where they share it."""
    made = np.zeros(n)
    for name in quantised.scales:
        population = quantised.network.populations[name]
        start = synapses.starts[name]
        made[start : start + population.size] = chip.state_words(population.model)
    return made


def _check_alone(
    quantised: Quantised, words: np.ndarray, room: float, limit: Limit, synapses: Synapses
) -> None:
    """Refuse neurons that alone are too much for a core."""
    if not len(words) or words.max() <= room:
        return
    worst = int(words.argmax())
    name = max((s, n) for n, s in synapses.starts.items() if s <= worst)[1]
    where = f"neuron {worst - synapses.starts[name]} of {name!r}"
    raise ValidationError("mapping", str(Violation(limit, float(words.max()), where)))


def _usage(
    parts: np.ndarray,
    count: int,
    contacts: Contacts,
    words: np.ndarray,
    kernels: tuple[tuple[float, np.ndarray], ...],
    chip: Chip,
) -> dict[str, np.ndarray]:
    """What every core needs, by what is counted."""
    sends = np.diff(contacts.starts)[: len(parts)]
    axons = np.bincount(contacts.to, minlength=count).astype(float)
    held = np.bincount(parts, words, count) + axons * chip.axon_words
    for bits, targets in kernels:
        held[np.unique(parts[targets])] += np.ceil(bits / chip.word_bits)
    return {
        "neurons": np.bincount(parts, minlength=count).astype(float),
        "synapse words": held,
        "axons in": axons,
        "axons out": np.bincount(parts, sends, count),
    }


def _passed(used: dict[str, np.ndarray], limits: Mapping[str, Limit]) -> list[Violation]:
    found = []
    for name, limit in limits.items():
        if name in used and len(used[name]) and used[name].max() > float(limit.most):
            core = int(used[name].argmax())
            found.append(Violation(limit, float(used[name][core]), f"core {core}"))
    return found


def _mapped(
    quantised: Quantised,
    chip: Chip,
    parts: np.ndarray,
    used: dict[str, np.ndarray],
    contacts: Contacts,
    synapses: Synapses,
    places: np.ndarray,
) -> MappedNetwork:
    count = len(places)
    ends = [s for s in sorted(synapses.starts.values()) if s < synapses.inside]
    bounds = [*ends, synapses.inside]
    names = {s: n for n, s in synapses.starts.items() if s < synapses.inside}
    core_of = {names[a]: parts[a:b] for a, b in pairwise(bounds) if a in names}
    held: list[dict[str, np.ndarray]] = [{} for _ in range(count)]
    for name, of in core_of.items():
        order = np.argsort(of, kind="stable")
        begins = np.searchsorted(of[order], np.arange(count + 1))
        for c in np.unique(of).tolist():
            held[c][name] = order[begins[c] : begins[c + 1]]
    fabric = fabric_of(chip)
    routers = routers_of(chip, fabric, places)
    routes = Routes(contacts, parts, routers, fabric)
    learns = {p.name: p.post.population.name for p in quantised.network.projections.values()
              if p.is_plastic}  # fmt: skip
    cores = tuple(
        Core(
            int(places[c]), held[c], {n: float(u[c]) for n, u in used.items()}, chip, routes, c,
            tuple(name for name, post in learns.items() if post in held[c]),
        )
        for c in range(count)
    )  # fmt: skip
    return MappedNetwork(quantised, chip, core_of, cores, None, (), routes=routes)


def routers_of(chip: Chip, fabric: Fabric, places: np.ndarray) -> np.ndarray:
    """Routers in the fabric of places, which are numbered chip by chip."""
    of, local = np.divmod(places, int(chip.cores))
    return fabric.routers(of, local // chip.tile)
