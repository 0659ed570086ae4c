"""Lowering: a network becomes a Program."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import UnknownNameError, ValidationError
from ..network.currents.base import CurrentModel
from ..network.fingerprint import fingerprint
from ..network.inputs import Poisson, SpikeTrains
from ..network.network import Drive, Network
from ..network.rates import InhomogeneousPoisson
from ..synapses.base import Synapse
from .edges import draft_edges, incoming_bound
from .gaps import coupled, gap_programs
from .inputs import (
    PoissonDraft,
    current_drives,
    event_program,
    joined_currents,
    largest_burst,
    poisson_draft,
    ports_of,
    weights_of,
)
from .levels import topological_levels
from .plasticity import plastic_program
from .populations import GAP, INJECTED, Draft, finish, receptor_names
from .program import EdgeProgram, PopulationProgram, ProbeProgram, Program, ReceptorProgram

__all__ = ["drafts_of", "lower"]

PRECISIONS = {"float32": 31, "float64": 62}


def lower(network: Network, dt: float, precision: str, trials: int) -> Program:
    """Lower a network for steps of `dt` ms.

    Parameters
    ----------
    network
        The description; frozen by this.
    dt
        Step in ms.
    precision
        ``"float32"`` or ``"float64"``: of states and of the fixed-point sums.
    trials
        Independent repetitions, each with inputs and initial values of its own.

    Raises
    ------
    ValidationError
        If something does not fit the grid or there is a cycle without delay.
    """
    if not network.populations:
        raise ValidationError("Network", "has no population", "at least one", "net.add(...) one")
    network.frozen = True
    return _Lowering(network, dt, precision, trials).program()


def drafts_of(network: Network, dt: float, precision: str, trials: int) -> list[Draft]:
    """Each population before its code is made, in the order of a `Program`; see `lower`."""
    return _Lowering(network, dt, precision, trials).drafts()


class _Lowering:
    """The parts of one lowering, in the order in which they become known."""

    def __init__(self, network: Network, dt: float, precision: str, trials: int) -> None:
        self.network, self.dt, self.precision, self.trials = network, dt, precision, trials
        self.names = list(network.populations)
        self.place = {name: k for k, name in enumerate(self.names)}
        self.bits = PRECISIONS[precision]
        self.receptors = [self._receptors(name) for name in self.names]

    def program(self) -> Program:
        net, dt = self.network, self.dt
        self.spiking = {n: p for n, p in net.projections.items() if not p.synapse.continuous}
        edges = {name: draft_edges(p, net.seed, dt) for name, p in self.spiking.items()}
        for name, projection in self.spiking.items():
            edges[name]["plastic"] = projection.is_plastic
        drafts = {
            n: [PoissonDraft(piece, net.seed, dt) for piece in _pieces(d)]
            for n, d in net.drives.items()
            if isinstance(d.input, Poisson | InhomogeneousPoisson)
        }
        weights = {n: weights_of(d, net.seed) for n, d in net.drives.items() if d.synapse}
        quanta = self._quanta(edges, drafts, weights)
        populations = self._populations(topological_levels(net, edges), quanta)
        scaled = {
            n: np.rint(w / self._quantum(quanta, net.drives[n])).astype(np.int64)
            for n, w in weights.items()
        }
        currents = current_drives(
            [
                (d, self.place[d.target.population.name])
                for d in net.drives.values()
                if _is_injected(d)
            ],
            net.seed,
            dt,
        )
        numbered = {p.name: (k, p) for k, p in enumerate(populations)}
        lowered = tuple(self._edge(p, edges[n], quanta) for n, p in self.spiking.items())
        return Program(
            dt,
            self.precision,
            net.seed,
            self.trials,
            fingerprint(net),
            tuple(populations),
            lowered,
            gap_programs(net, dict(zip(self.names, populations)), dt),
            tuple(
                poisson_draft(
                    net.drives[n], d, net.seed, self.trials, self._at(net.drives[n]), scaled[n]
                )
                for n, pieces in drafts.items()
                for d in pieces
            ),
            event_program(
                [
                    (d, self._at(d), scaled[n])
                    for n, d in net.drives.items()
                    if isinstance(d.input, SpikeTrains)
                ],
                dt,
            ),
            joined_currents(currents, [p.size for p in populations]),
            *self._probes(populations),
            tuple(p.shape for p in net.populations.values()),
            currents,
            ports_of(net.drives, self._at, scaled, self._bursts(drafts)),
            tuple(
                plastic_program(p, j, lowered[j], numbered, self.precision, self.trials)
                for j, p in enumerate(self.spiking.values())
                if p.is_plastic
            ),
        )

    def _bursts(self, drafts: dict[str, list[PoissonDraft]]) -> dict[str, float]:
        """By drive with a synapse, the greatest sum of events of one neuron in one step."""
        return {
            n: max((piece.largest for piece in drafts[n]), default=0)
            if n in drafts
            else largest_burst(d, self.dt)
            for n, d in self.network.drives.items()
            if d.synapse
        }

    def drafts(self) -> list[Draft]:
        """What is known of each population before its code is made."""
        net, junctions = self.network, coupled(self.network)
        made = []
        for k, name in enumerate(self.names):
            population = net.populations[name]
            mine = {n: d for n, d in net.drives.items() if d.target.population is population}
            draft = Draft(
                population,
                self.receptors[k],
                {n: d for n, d in sorted(mine.items()) if isinstance(d.input, CurrentModel)},
                any(_is_injected(d) for d in mine.values()),
                name in junctions,
                net.seed,
                self.dt,
                self.trials,
                self.precision,
            )
            made.append(draft)
        return made

    def _populations(
        self, levels: dict[str, int], quanta: list[list[ReceptorProgram]]
    ) -> list[PopulationProgram]:
        populations: list[PopulationProgram] = []
        offset = 0
        for k, draft in enumerate(self.drafts()):
            populations.append(finish(draft, offset, levels[self.names[k]], tuple(quanta[k])))
            offset += draft.population.size
        return populations

    def _receptors(self, name: str) -> dict[str, Synapse]:
        population = self.network.populations[name]
        found = [
            p.synapse
            for p in self.network.projections.values()
            if p.post.population is population and not p.synapse.continuous
        ]
        found += [
            d.synapse
            for d in self.network.drives.values()
            if d.synapse and d.target.population is population
        ]
        return receptor_names(found)

    def _receptor(self, population: str, synapse: Synapse) -> int:
        key = repr(synapse.receptor_key())
        keys = [repr(s.receptor_key()) for s in self.receptors[self.place[population]].values()]
        return keys.index(key)

    def _at(self, drive: Drive) -> tuple[int, int]:
        name = drive.target.population.name
        return self.place[name], self._receptor(name, drive.synapse) if drive.synapse else -1

    def _quantum(self, quanta: list[list[ReceptorProgram]], drive: Drive) -> float:
        population, receptor = self._at(drive)
        return quanta[population][receptor].quantum

    def _quanta(
        self,
        edges: dict[str, dict[str, Any]],
        drafts: dict[str, list[PoissonDraft]],
        weights: dict[str, np.ndarray],
    ) -> list[list[ReceptorProgram]]:
        """A power of two for each receptor, the finest for which no sum can overflow."""
        bounds = [dict.fromkeys(r, 0.0) for r in self.receptors]
        for name, projection in self.spiking.items():
            post = projection.post.population
            bound = incoming_bound(edges[name], projection)
            limit = projection.pre.population.model
            if limit.emit_type != "none":
                bound *= max(1.0, float(limit.emit_limit))
            target = bounds[self.place[post.name]]
            target[list(target)[self._receptor(post.name, projection.synapse)]] += bound
        bursts = self._bursts(drafts)
        for name, weight in weights.items():
            population, receptor = self._at(self.network.drives[name])
            target = bounds[population]
            target[list(target)[receptor]] += bursts[name] * float(np.abs(weight).max(initial=0.0))
        return [
            [ReceptorProgram(n, q := _power_of_two(b, self.bits), q / 2) for n, b in target.items()]
            for target in bounds
        ]

    def _edge(self, projection: Any, draft: dict[str, Any], quanta: Any) -> EdgeProgram:
        post = projection.post.population.name
        receptor = self._receptor(post, projection.synapse)
        return EdgeProgram(
            pre=self.place[projection.pre.population.name],
            post=self.place[post],
            receptor=receptor,
            quantum=quanta[self.place[post]][receptor].quantum,
            **draft,
        )

    def _probes(
        self, populations: list[Any]
    ) -> tuple[tuple[ProbeProgram, ...], dict[int, np.ndarray]]:
        probes, recorded = [], {}
        for probe in self.network.probes:
            k = self.place[probe.target.population.name]
            if probe.variable == "spikes":
                known = recorded.get(k, np.zeros(0, dtype=np.int64))
                recorded[k] = np.union1d(known, probe.target.ids)
                continue
            states = [s for s in populations[k].states if s not in (INJECTED, GAP)]
            if probe.variable not in states:
                where = f"record, population {populations[k].name!r}"
                raise UnknownNameError(where, probe.variable, ("spikes", *states))
            every = (
                1 if probe.interval is None else max(1, math.floor(probe.interval / self.dt + 0.5))
            )
            state = populations[k].states.index(probe.variable)
            probes.append(ProbeProgram(k, state, np.sort(probe.target.ids), every))
        return tuple(probes), recorded


def _pieces(drive: Drive) -> list[Drive]:
    """A Poisson drive as one, or as many of constant rate; their draws differ by their steps."""
    if isinstance(drive.input, InhomogeneousPoisson):
        return [replace(drive, input=piece) for piece in drive.input.pieces()]
    return [drive]


def _is_injected(drive: Drive) -> bool:
    """Whether a drive is a current whose changes are listed."""
    return drive.synapse is None and not isinstance(drive.input, CurrentModel)


def _power_of_two(bound: float, bits: int) -> float:
    """The least power of two of which `bound` is fewer than 2**bits."""
    if bound == 0:
        return 1.0
    # A factor of 2 is kept in reserve for the rounding of each weight.
    return 2.0 ** (math.ceil(math.log2(bound)) - bits + 1)
