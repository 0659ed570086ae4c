"""A quantised network on the cores of a chip: who is where, what each core holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ValidationError
from ...network.rules import Convolution
from ...program.edge_list import edge_list
from ...program.lower import lower
from ..limits import Limit, LimitKind, Violation
from ..quantising import Quantised
from .hypergraph import Hypergraph
from .partitioning import partition
from .placing import deliveries, place

if TYPE_CHECKING:
    from ..chip import Chip

__all__ = ["Core", "MappedNetwork", "Synapses", "map_network", "synapses_of"]

#: By how much more cores are tried, when those that neurons and synapses need do not do.
_MORE = 1.15
#: How many more places than neurons cores have while these are dealt out.
_SPARE = 1.1


@dataclass(frozen=True)
class Synapses:
    """All synapses onto neurons of a chip.

    Attributes
    ----------
    pre, post
        Neurons: those of the chip first, population by population, then sources outside (int64).
    bits
        What each takes of synaptic memory.
    inside
        Number of neurons on the chip.
    starts
        Where each population begins, by name; sources outside from `inside` on.
    kernels
        Bits of each kernel that a core holds once, and the targets that need it there.
    """

    pre: np.ndarray
    post: np.ndarray
    bits: np.ndarray
    inside: int
    starts: Mapping[str, int]
    kernels: tuple[tuple[float, np.ndarray], ...] = ()


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
    """

    place: int
    neurons: Mapping[str, np.ndarray]
    used: Mapping[str, float]


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
        Packets from core to core in a unit of time, by the rates that were assumed.
    violations
        Deadlines that are passed; walls and budgets never are.
    """

    quantised: Quantised
    chip: Chip
    core_of: Mapping[str, np.ndarray]
    cores: tuple[Core, ...]
    deliveries: np.ndarray
    violations: tuple[Violation, ...]

    def __str__(self) -> str:
        most = {n: max(c.used.get(n, 0) for c in self.cores) for n in self.cores[0].used}
        rows = [f"{self.chip.name}: {len(self.cores):,} cores, most on one of them:"]
        rows += [f"  {name}: {number:,.0f}" for name, number in most.items()]
        return "\n".join([*rows, *map(str, self.violations)])


def synapses_of(quantised: Quantised, bits: Mapping[str, float]) -> Synapses:
    """List the synapses of a quantised network.

    Parameters
    ----------
    bits
        What a synapse takes, by format.
    """
    program = lower(quantised.network, quantised.dt, "float64", 1)
    inside = [p for p in program.populations if p.name in quantised.scales]
    outside = [p for p in program.populations if p.name not in quantised.scales]
    starts, at = {}, 0
    for p in (*inside, *outside):
        starts[p.name] = at
        at += p.size
    pre, post, taken = [], [], []
    for e in program.edges:
        found = edge_list(e)
        pre.append(found.pre + starts[program.populations[e.pre].name])
        post.append(found.post + starts[program.populations[e.post].name])
        taken.append(np.full(len(found.pre), bits[quantised.formats[e.name]]))
    none = np.zeros(0)
    return Synapses(
        np.concatenate([*pre, none]).astype(np.int64),
        np.concatenate([*post, none]).astype(np.int64),
        np.concatenate([*taken, none]),
        sum(p.size for p in inside),
        starts,
    )


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
    synapses = synapses_of(quantised, chip.synapse_bits)
    n = synapses.inside
    synapses = _with_kernels(synapses, quantised, chip)
    on_chip = synapses.post < n
    synapses = replace(
        synapses, pre=synapses.pre[on_chip], post=synapses.post[on_chip],
        bits=synapses.bits[on_chip],
    )  # fmt: skip
    walls = {v.counts: v for v in chip.limits if v.per == "core"}
    rates = np.ones(n) if rates is None else np.asarray(rates, float)
    words = np.zeros(n)
    np.add.at(words, synapses.post, synapses.bits / chip.word_bits)
    words += _state_words(quantised, chip, synapses, n)
    loads = np.stack([np.ones(n), words], axis=1)
    places = int(walls["neurons"].most)
    room = float(walls["synapse words"].most)
    most = int(chip.cores) * chip.chips
    _check_alone(quantised, words, room, walls["synapse words"], synapses)
    needed = max(1, -(-n // places), int(np.ceil(words.sum() / room)))
    own = synapses.pre < n
    graph = Hypergraph.of_synapses(synapses.pre[own], synapses.post[own], rates, loads)
    passed: list[Violation] = []
    while needed <= most:
        # Cores are filled about alike: what few of them could hold may have too many axons.
        held = min(places, int(np.ceil(_SPARE * n / needed)))
        parts = partition(graph, needed, held, np.array([np.inf, room]), seed).parts
        used = _usage(parts, needed, synapses, words, chip)
        passed = _passed(used, walls)
        if not [v for v in passed if v.limit.kind != LimitKind.DEADLINE]:
            return _placed(quantised, chip, parts, used, graph, synapses, tuple(passed), seed)
        needed = max(needed + 1, int(needed * _MORE))
    problem = "; ".join(map(str, passed)) or f"needs {needed:,} cores"
    raise ValidationError(
        chip.name, problem, f"{most:,} cores at most", "use more chips, or a smaller network"
    )


def _with_kernels(synapses: Synapses, quantised: Quantised, chip: Chip) -> Synapses:
    """The same synapses, those of a shared kernel without bits of their own."""
    if not chip.shares_kernels or quantised.described is None:
        return synapses
    described = quantised.described.projections
    program = lower(quantised.network, quantised.dt, "float64", 1)
    bits, kernels, at = synapses.bits.copy(), [], 0
    for e in program.edges:
        count = len(edge_list(e).pre)
        rule = described[e.name].rule if e.name in described else None
        if isinstance(rule, Convolution) and quantised.formats[e.name] == "convolutional":
            bits[at : at + count] = 0.0
            size = float(np.size(rule.kernel)) * chip.synapse_bits["convolutional"]
            targets = np.unique(synapses.post[at : at + count])
            kernels.append((size, targets[targets < synapses.inside]))
        at += count
    return replace(synapses, bits=bits, kernels=tuple(kernels))


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
    parts: np.ndarray, count: int, synapses: Synapses, words: np.ndarray, chip: Chip
) -> dict[str, np.ndarray]:
    """What every core needs, by what is counted."""
    to = parts[synapses.post]
    heard = np.unique(synapses.pre * np.int64(count) + to)
    source, target = np.divmod(heard, count)
    sent = source[source < synapses.inside]
    axons = np.bincount(target, minlength=count).astype(float)
    held = np.bincount(parts, words, count) + axons * chip.axon_words
    for bits, targets in synapses.kernels:
        held[np.unique(parts[targets])] += np.ceil(bits / chip.word_bits)
    return {
        "neurons": np.bincount(parts, minlength=count).astype(float),
        "synapse words": held,
        "axons in": axons,
        "axons out": np.bincount(parts[sent], minlength=count).astype(float),
    }


def _passed(used: dict[str, np.ndarray], limits: Mapping[str, Limit]) -> list[Violation]:
    found = []
    for name, limit in limits.items():
        if name in used and len(used[name]) and used[name].max() > float(limit.most):
            core = int(used[name].argmax())
            found.append(Violation(limit, float(used[name][core]), f"core {core}"))
    return found


def _placed(
    quantised: Quantised,
    chip: Chip,
    parts: np.ndarray,
    used: dict[str, np.ndarray],
    graph: Hypergraph,
    synapses: Synapses,
    passed: tuple[Violation, ...],
    seed: int,
) -> MappedNetwork:
    count = len(used["neurons"])
    own = synapses.pre < synapses.inside
    traffic = deliveries(graph, parts, np.unique(synapses.pre[own]), count)
    places = place(traffic, chip.mesh, seed=seed, tile=chip.tile).places
    ends = [s for s in sorted(synapses.starts.values()) if s < synapses.inside]
    bounds = [*ends, synapses.inside]
    names = {s: n for n, s in synapses.starts.items() if s < synapses.inside}
    core_of = {names[a]: parts[a:b] for a, b in pairwise(bounds) if a in names}
    cores = tuple(
        Core(
            int(places[c]),
            {n: np.flatnonzero(of == c) for n, of in core_of.items() if (of == c).any()},
            {n: float(u[c]) for n, u in used.items()},
        )
        for c in range(count)
    )
    return MappedNetwork(quantised, chip, core_of, cores, traffic, passed)
