"""Networks on crossbar cores: axons, copies for neurons with several destinations, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import UnknownNameError, ValidationError
from ...program.lower import lower
from ..circuits.crossbar import CrossbarQuantised
from ..faults import KINDS, Faults, honoured
from ..limits import Violation
from .cores import Core, MappedNetwork, free_places
from .crossbar_copies import Copies, copies_for
from .crossbar_faults import defects, with_added
from .crossbar_packing import counted, slots_of
from .crossbar_places import crossbar_places
from .crossbar_routes import routing_tables
from .crossbar_tables import CrossbarTables
from .crossbar_timing import Timing, copied_network, copies_name, timed
from .crossbar_wires import Wires, hosted_by, needed_axons, packed, wires_of

if TYPE_CHECKING:
    from ..chip import Chip

__all__ = ["Axons", "MappedCrossbars", "map_crossbars"]

_TYPES = 4


@dataclass(frozen=True)
class Axons:
    """All axons in use, those of one core after the other.

    Attributes
    ----------
    core, index
        Where each is, int64.
    kinds
        Types, 0 to 3.
    population, neuron
        Who sends to it: index in `MappedCrossbars.names`, and neuron; of the chip, it sends to no
        other axon.
    delays
        Ticks from the spike until it acts.
    """

    core: np.ndarray
    index: np.ndarray
    kinds: np.ndarray
    population: np.ndarray
    neuron: np.ndarray
    delays: np.ndarray


@dataclass(frozen=True, kw_only=True)
class MappedCrossbars(MappedNetwork):
    """With the tables that are loaded.

    Attributes
    ----------
    names
        Of populations: the chip's, copies, and sources outside.
    slots
        Of each neuron of a population, its place in its core.
    axons
        All in use.
    crossings
        Synapses: row of `axons`, index of the population in `names`, neuron; int64 (synapses, 3).
    values
        Of each neuron by type of axon, by population, int64 (neurons, 4).
    """

    names: tuple[str, ...]
    slots: Mapping[str, np.ndarray]
    axons: Axons
    crossings: np.ndarray
    values: Mapping[str, np.ndarray]

    @property
    def draws(self) -> Mapping[str, np.ndarray]:
        """By population, through which types of axons events are drawn; none by default."""
        found: Mapping[str, np.ndarray] = getattr(self.quantised, "draws", {})
        return found

    def tables(self, draws: Mapping[str, Any] | None = None) -> CrossbarTables:
        """What is loaded into the cores, as arrays; see `CrossbarTables`.

        Parameters
        ----------
        draws
            By population, through which types of axons events are drawn: four numbers, 0 or 1,
            for all of its neurons or for each; by default as the network was quantised.
        """
        chosen = {**self.draws, **(draws or {})}
        for name in draws or {}:
            if name not in self.core_of:
                raise UnknownNameError("tables, draws", name, self.core_of)
        limits = {v.counts: int(v.most) for v in self.chip.limits if v.per == "core"}
        shape = len(self.cores), limits["axons in"], limits["neurons"]
        own = (shape[0], shape[2])
        types, to = np.zeros(shape[:2], np.int64), np.full(own, -1, np.int64)
        synapses, weights = np.zeros(shape, bool), np.zeros((*own, _TYPES), np.int64)
        delays, start = np.ones(own, np.int64), np.zeros(own, np.int64)
        drawn = np.zeros_like(weights)
        parameters: dict[str, np.ndarray] = {}
        a, x = self.axons, self.crossings
        types[a.core, a.index] = a.kinds
        lowered = lower(self.quantised.network, self.quantised.dt, "float64", 1).populations
        programs = {p.name: p for p in lowered}
        for p, name in enumerate(self.names):
            if name not in self.core_of:
                continue
            core, slot = self.core_of[name], self.slots[name]
            weights[core, slot] = self.values[name]
            drawn[core, slot] = np.asarray(chosen.get(name, 0))
            program = programs[name]
            v = np.asarray(program.initial[program.states.index("v")])
            start[core, slot] = np.rint(v[0] if v.ndim > 1 else v)
            for key, value in self.chip.loaded(program).items():  # type: ignore[attr-defined]
                table = parameters.setdefault(key, np.zeros(own, np.int64))
                table[core, slot] = np.rint(value)
            sent = np.flatnonzero(a.population == p)
            n = a.neuron[sent]
            to[core[n], slot[n]] = a.core[sent] * shape[1] + a.index[sent]
            delays[core[n], slot[n]] = a.delays[sent]
            met = x[x[:, 1] == p]
            synapses[a.core[met[:, 0]], a.index[met[:, 0]], slot[met[:, 2]]] = True
        # Neurons that are not in use never fire.
        parameters["theta"] = np.where(
            parameters["theta"] > 0, parameters["theta"], np.int64(2) ** 18 - 1
        )
        return CrossbarTables(types, synapses, weights, drawn, parameters, to, delays, start)

    def packets(self, name: str, times: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """What the host sends for spikes of a source outside, as `CrossbarTables.run` takes it.

        Parameters
        ----------
        name
            Of the source.
        times
            Steps, int64.
        ids
            Neurons.
        """
        a = self.axons
        limits = {v.counts: int(v.most) for v in self.chip.limits if v.per == "core"}
        rows = np.flatnonzero(a.population == self.names.index(name))
        rows = rows[np.argsort(a.neuron[rows], kind="stable")]
        first = np.searchsorted(a.neuron[rows], ids, side="left")
        count = np.searchsorted(a.neuron[rows], ids, side="right") - first
        which = np.repeat(np.arange(len(ids)), count)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        axon = rows[first[which] + nth]
        ticks = np.asarray(times)[which] + a.delays[axon]
        return np.stack([ticks, a.core[axon] * limits["axons in"] + a.index[axon]], axis=1)

    def describe(self, core: int) -> str:
        """One core as text: what is there, its axons, where its neurons send to."""
        here, a = self.cores[core], self.axons
        held = ", ".join(f"{len(n)} of {name!r}" for name, n in here.neurons.items())
        rows = [f"core {core}, place {here.place}: {held}"]
        for k in np.flatnonzero(a.core == core):
            sender = f"{self.names[a.population[k]]!r} {a.neuron[k]}"
            rows.append(f"  axon {a.index[k]}, type {a.kinds[k]}: {sender}, delay {a.delays[k]}")
        for name, neurons in here.neurons.items():
            p = self.names.index(name)
            for n in neurons:
                sent = np.flatnonzero((a.population == p) & (a.neuron == n))
                to = ", ".join(f"axon {a.index[k]} of core {a.core[k]}" for k in sent)
                slot = self.slots[name][n]
                rows.append(f"  neuron {slot} ({name!r} {n}): {to or 'nowhere, or the host'}")
        return "\n".join(rows)


def map_crossbars(
    quantised: CrossbarQuantised, chip: Chip, rates: np.ndarray | None = None, seed: int = 1
) -> MappedCrossbars:
    """Deal a quantised network out to crossbar cores.

    Neurons that need the same axons are put together. A neuron with several destinations, axons or
    readouts of the host, gets a copy for each: it sends to one axon, whose row holds its copies, a
    tick later. Populations are retimed for it.

    Parameters
    ----------
    quantised
        In the chip's numbers.
    chip
        Where to; its limits name ``"fan-in"``, ``"delay"`` and ``"destinations"`` per neuron,
        ``"neurons"`` and ``"axons in"`` per core, ``"cores"`` per chip.
    rates
        Spikes in a unit of time of each neuron on the chip; all alike by default.
    seed
        Of placement.

    Raises
    ------
    ValidationError
        If it does not fit; every violated limit is named, with what to do.
    """
    faults = honoured(chip, *KINDS, why="all of them")
    wires = wires_of(quantised)
    limits = {v.counts: v for v in chip.limits}
    room = int(limits["axons in"].most), int(limits["neurons"].most)
    needed = np.bincount(wires.target, minlength=wires.inside)
    passed: list[Violation] = []
    if needed.max(initial=0) > room[0]:
        worst = int(needed.argmax())
        passed.append(Violation(limits["fan-in"], float(needed[worst]), wires.whose(worst)))
        # Nothing is dealt out, so nobody is copied: delays are those at least.
        nobody = np.zeros(wires.inside, bool)
        passed += timed(quantised, wires, nobody).too_long(wires, limits["delay"], nobody)
        raise _refused(chip, passed)
    parts = packed(wires, *room)
    axon_core, axon_key, axon = needed_axons(wires, parts)
    hosted = hosted_by(quantised, wires)
    copies = copies_for(wires.inside, parts, axon_core, wires.key_source[axon_key], hosted, room)
    each = np.bincount(copies.of, minlength=wires.inside)
    if each.max(initial=0) > room[1]:
        worst = int(each.argmax())
        passed.append(Violation(limits["destinations"], float(each[worst]), wires.whose(worst)))
    timing = timed(quantised, wires, each > 0)
    passed += timing.too_long(wires, limits["delay"], each > 0)
    most = len(free_places(chip))
    if copies.cores > most:
        limit = limits["cores"]
        every = replace(limit, most=replace(limit.most, value=most), per="system")
        passed.append(Violation(every, float(copies.cores), "the network"))
    if passed:
        raise _refused(chip, passed)
    plan = _Plan(quantised, wires, parts, axon_core, axon_key, axon, copies, timing, hosted)
    return plan.placed(chip, faults, rates, seed)


def _refused(chip: Chip, passed: list[Violation]) -> ValidationError:
    return ValidationError(chip.name, "; ".join(map(str, passed)), "no limit passed")


@dataclass(frozen=True)
class _Plan:
    """Everything decided but places."""

    quantised: CrossbarQuantised
    wires: Wires
    parts: np.ndarray
    axon_core: np.ndarray
    axon_key: np.ndarray
    axon: np.ndarray
    copies: Copies
    timing: Timing
    hosted: np.ndarray

    def placed(
        self, chip: Chip, faults: Faults, rates: np.ndarray | None, seed: int
    ) -> MappedCrossbars:
        """Cores with places, and the defects that they have there."""
        names, core_of, values = self._populations()
        axons, crossings = self._axons(names)
        slots = slots_of(core_of)
        traffic = self._traffic(names, core_of, axons, rates)
        places = crossbar_places(traffic, chip, seed)
        limits = {v.counts: int(v.most) for v in chip.limits if v.per == "core"}
        wrong = defects(
            faults, self.quantised, crossings, axons, names, core_of, slots, places,
            (limits["axons in"], limits["neurons"]),
        )  # fmt: skip
        made = copied_network(
            self.quantised, self.wires, self.copies, self.timing, self.axon,
            self.wires.key_source[self.axon_key], wrong.kept,
        )  # fmt: skip
        if faults.weights:
            made = with_added(made, wrong.added, axons, names, values)
            crossings = np.concatenate([crossings[wrong.kept], wrong.added])
            changed = len(wrong.added) + int((~wrong.kept).sum())
            note = f"faults: {changed:,} connections are not those meant"
            made = replace(made, notes=(*made.notes, note))
        cores = self._cores(chip, names, core_of, axons, places)
        return MappedCrossbars(
            made, chip, core_of, cores, traffic, (),
            names=names, slots=slots, axons=axons, crossings=crossings, values=values,
        )  # fmt: skip

    def _cores(
        self, chip: Chip, names: tuple[str, ...], core_of: Mapping[str, np.ndarray], axons: Axons,
        places: np.ndarray,
    ) -> tuple[Core, ...]:  # fmt: skip
        tables = routing_tables(chip, names, core_of, axons, places)
        held = np.bincount(axons.core, minlength=self.copies.cores)
        cores = []
        for c in range(self.copies.cores):
            here = {n: np.flatnonzero(of == c) for n, of in core_of.items() if (of == c).any()}
            used = {
                "neurons": float(sum(map(len, here.values()))), "axons in": float(held[c]),
                "copies": float(np.sum(self.copies.core == c)),
            }  # fmt: skip
            cores.append(Core(int(places[c]), here, used, chip, tables, c))
        return tuple(cores)

    def _populations(self) -> tuple[tuple[str, ...], dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Names of all that sends; core, and values by type, of the chip's neurons."""
        w, names = self.wires, list(self.quantised.scales)
        core_of = {n: self.parts[w.starts[k] : w.starts[k + 1]] for k, n in enumerate(names)}
        values = dict(self.quantised.values)
        for k, n in enumerate(list(names)):
            own = (self.copies.of >= w.starts[k]) & (self.copies.of < w.starts[k + 1])
            if own.any():
                copy = copies_name(n)
                names.append(copy)
                core_of[copy] = self.copies.core[own]
                values[copy] = np.tile(np.array([1, 0, 0, 0]), (int(own.sum()), 1))
        return (*names, *w.names[len(self.quantised.scales) :]), core_of, values

    def _axons(self, names: tuple[str, ...]) -> tuple[Axons, np.ndarray]:
        """Axons of synapses, and of copies after them; and all synapses."""
        w, c = self.wires, self.copies
        source, kinds = w.key_source[self.axon_key], w.key_kind[self.axon_key]
        p = np.searchsorted(w.starts, source, side="right") - 1
        population = np.array([names.index(n) for n in w.names])[p]
        neuron, delays = source - w.starts[p], self.timing.delays[self.axon_key]
        # A copy takes the place of its neuron, and the tick that it needs off the delay.
        local = _within_population(c.of, w)
        copy_of = np.searchsorted(w.starts, c.of, side="right") - 1
        copied = np.flatnonzero(c.axons >= 0)
        number = np.array([names.index(copies_name(n)) if copies_name(n) in names else -1
                           for n in w.names])  # fmt: skip
        population[c.axons[copied]] = number[copy_of[copied]]
        neuron[c.axons[copied]] = local[copied]
        delays[c.axons[copied]] -= 1
        many, first = np.unique(c.of, return_index=True)
        mp = np.searchsorted(w.starts, many, side="right") - 1
        row = len(source) + np.searchsorted(many, c.of)
        core = np.concatenate([self.axon_core, c.core[first]])
        target = np.searchsorted(w.starts, w.target, side="right") - 1
        at = np.stack([self.axon, target, w.target - w.starts[target]], axis=1)
        copy_at = np.stack([row, number[copy_of], local], axis=1)
        axons = Axons(
            core, counted(core), np.concatenate([kinds, np.zeros(len(many), np.int64)]),
            np.concatenate([population, mp]), np.concatenate([neuron, many - w.starts[mp]]),
            np.concatenate([delays, np.ones(len(many), np.int64)]),
        )  # fmt: skip
        return axons, np.concatenate([at, copy_at])

    def _traffic(
        self,
        names: tuple[str, ...],
        core_of: Mapping[str, np.ndarray],
        axons: Axons,
        rates: np.ndarray | None,
    ) -> np.ndarray:
        w = self.wires
        given = np.ones(w.inside) if rates is None else np.asarray(rates, float)
        made = np.zeros((self.copies.cores, self.copies.cores))
        for p, name in enumerate(names):
            if name not in core_of:
                continue
            sent = np.flatnonzero(axons.population == p)
            n = axons.neuron[sent]
            if name in w.names:
                of = n + w.starts[w.names.index(name)]
            else:
                k = [copies_name(x) for x in w.names].index(name)
                own = (self.copies.of >= w.starts[k]) & (self.copies.of < w.starts[k + 1])
                of = self.copies.of[own][n]
            np.add.at(made, (core_of[name][n], axons.core[sent]), given[of])
        np.fill_diagonal(made, 0.0)
        return made


def _within_population(of: np.ndarray, wires: Wires) -> np.ndarray:
    """Number of each copy among those of its population."""
    population = np.searchsorted(wires.starts, of, side="right") - 1
    return np.arange(len(of)) - np.searchsorted(population, population, side="left")
