"""Making a network of what was built: cells, connections, currents, and what is to be recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UnknownNameError, ValidationError
from ..network.inputs import SpikeTrains
from ..network.network import Network
from ..network.population import Population
from ..network.rules import FromArrays
from ..program.populations import receptor_names
from ..simulation import Simulation
from ..synapses.base import Synapse
from .native import NativeCell, NativeSynapse

__all__ = ["Lowered", "lowered"]

#: What every connection has for itself.
_OF_EACH = ("weight", "delay")
_MOST_KINDS = 1000


@dataclass
class Part:
    """Connections of one projection that became one projection of the network.

    Attributes
    ----------
    name
        Of the projection in the network.
    places
        Which of the projection's connections, in the order of the network's; None for all.
    """

    projection: Any
    name: str
    places: np.ndarray
    plastic: bool


@dataclass
class Lowered:
    """A network, and how to find in it what was built.

    Attributes
    ----------
    cells
        What each population is made of, by its name.
    populations
        As built, in the order of the network's.
    """

    network: Network
    populations: list[Any]
    cells: dict[str, NativeCell] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = {p.name: k for k, p in enumerate(self.populations)}
        self._receptors: dict[str, dict[str, Synapse]] = {}

    def receptors(self, name: str) -> dict[str, Synapse]:
        """The receptors of a population by the names that their variables begin with."""
        if name not in self._receptors:
            links = [(p.post, p.synapse) for p in self.network.projections.values()]
            links += [(d.target, d.synapse) for d in self.network.drives.values() if d.synapse]
            found = [synapse for target, synapse in links if target.population.name == name]
            self._receptors[name] = receptor_names([s for s in found if not s.continuous])
        return self._receptors[name]

    def variable(self, population: Any, name: str) -> str:
        """The state variable for a native one, which may be a receptor's: ``"excitatory.g"``."""
        kind, dot, own = name.rpartition(".")
        cell = self.cells[population.name]
        if not dot or kind not in cell.receptors:
            return name
        key = repr(cell.receptors[kind](weight=0.0, delay=self.delay).receptor_key())
        for receptor, synapse in self.receptors(population.name).items():
            if repr(synapse.receptor_key()) == key:
                return f"{receptor}.{own}"
        raise UnknownNameError(f"population {population.label!r}", name, cell.receptors)

    #: A delay that every synapse accepts, in ms.
    delay = 1.0

    def state_of(self, population: Any, variable: str, value: np.ndarray) -> str | None:
        """The state variable that an initial value is for; None where 0 changes nothing.

        Raises
        ------
        UnknownNameError
            If there is no such variable, and the value is not 0.
        """
        cell = self.cells[population.name]
        if variable in cell.initial:
            name = cell.initial[variable]
            if _is_of_receptor(cell, name) and name.rpartition(".")[0] not in needed(population):
                return None
            return self.variable(population, name)
        if not np.nan_to_num(value).any():
            return None
        raise UnknownNameError(
            f"population {population.label!r}, initial values", variable, cell.initial
        )

    def learned(self, session: Simulation, projection: Any) -> np.ndarray | None:
        """The present weights of a projection's connections, if any of them may change."""
        parts = [p for p in self.parts.values() if p.projection is projection and p.plastic]
        if not parts:
            return None
        weights = projection.column_as_set("weight").astype(float)
        edges, plastic = session.program.edges, session.program.plastic
        for part in parts:
            k = next(k for k, p in enumerate(plastic) if edges[p.edge].name == part.name)
            weights[part.places] = session.engine.learned_weights(k, 0)
        return weights

    def weights_were_set(self, name: str) -> bool:
        """Whether the weights of a projection of the network were set since the last run."""
        return bool(self.parts[name].projection.weights_set)


def needed(population: Any) -> set[str]:
    """The receptor types of a population that are recorded or begin with something."""
    cell: NativeCell = population.native
    names = [
        cell.recordables[v.name].variable
        for v, ids in population.recorder.recorded.items()
        if ids and v.name in cell.recordables
    ]
    names += [
        cell.initial[variable]
        for variable, value in (population.initial | population.pending).items()
        if variable in cell.initial and np.nan_to_num(value).any()
    ]
    return {name.rpartition(".")[0] for name in names if _is_of_receptor(cell, name)}


def _is_of_receptor(cell: NativeCell, name: str) -> bool:
    return name.rpartition(".")[0] in cell.receptors


def lowered(state: Any, until: int) -> Lowered:
    """Make a network of all that a simulator's state holds, for a run to step `until`."""
    seed = (state.rng_seed * 1_000_003 + state.segment_counter) % 2**63
    made = Lowered(Network(seed=seed), list(state.populations))
    for population in made.populations:
        _add(made, population)
    for projection in state.projections:
        _connect(made, projection)
    for k, (source, ids) in enumerate(state.currents):
        given = {"until": until} if getattr(type(source), "grows", False) else {}
        _inject(made, f"current {k}", source.native(state.dt, **given), ids)
    for population in made.populations:
        _record(made, population)
    return made


def _add(made: Lowered, population: Any) -> None:
    network = made.network
    population.refresh()
    cell: NativeCell = population.native
    made.cells[population.name] = cell
    own = network.add(Population(population.name, population.size, cell.model))
    for k, (places, given) in enumerate(cell.inputs):
        target = own if places is None else own[places]
        network.drive(target, given, name=f"{population.name}, input {k}")
    if cell.trains is not None:
        _drive(network, own, cell)
    for kind in sorted(needed(population)):
        synapse = cell.receptors[kind](weight=0.0, delay=made.delay)
        silence = SpikeTrains(np.zeros(0), np.zeros(0, dtype=np.int64), synapse=synapse)
        network.drive(own, silence, name=f"{population.name}, {kind}")


def _drive(network: Network, own: Population, cell: NativeCell) -> None:
    assert cell.trains is not None
    ids = np.repeat(np.arange(own.size), [len(times) for times in cell.trains])
    times = np.concatenate([*cell.trains, np.zeros(0)])
    # What is due at t = 0 is in flight when the run begins; no step ends there.
    later = times > 0
    trains = SpikeTrains(times[later], ids[later], weight=1.0)
    network.drive(own, trains, name=f"{own.name}, trains")


def _connect(made: Lowered, projection: Any) -> None:
    pre, post = projection.ends
    everything = np.arange(len(projection))
    for a, source in pre.populations(projection.pre_index):
        for b, target in post.populations(projection.post_index):
            both = a if b is None else b if a is None else a & b
            places = everything if both is None else np.flatnonzero(both)
            for k, (mine, constants) in enumerate(_groups(made, projection, target, places)):
                name = f"{projection.name}, {source.name} to {target.name}, {k}"
                _join(made, projection, name, source, target, mine, constants)


def _join(
    made: Lowered,
    projection: Any,
    name: str,
    source: Any,
    target: Any,
    places: np.ndarray,
    constants: dict[str, float],
) -> None:
    ends = projection.ends
    pre = ends[0].local(projection.pre_index[places])
    post = ends[1].local(projection.post_index[places])
    order = np.argsort(pre, kind="stable")
    pre, post, places = pre[order], post[order], places[order]
    differ = {k: _picked(projection, k, places) for k in _OF_EACH if k in projection.columns}
    native: NativeSynapse = projection.synapse_type.native(**differ, **constants)
    make = native.make or made.cells[target.name].receptors[projection.receptor_type]
    made.network.connect(
        made.network[source.name],
        made.network[target.name],
        FromArrays(pre=pre, post=post),
        make(**native.synapse),
        name=name,
        plasticity=native.rule,
    )
    made.parts[name] = Part(projection, name, places, native.rule is not None)


def _picked(projection: Any, name: str, places: np.ndarray) -> Any:
    value = projection.columns[name]
    return value if np.ndim(value) == 0 else value[places]


def _groups(
    made: Lowered, projection: Any, target: Any, places: np.ndarray
) -> list[tuple[np.ndarray, dict[str, float]]]:
    """Some connections onto one population by their parameters, weight and delay apart."""
    if not len(places):
        return []
    others = {k: _picked(projection, k, places) for k in projection.columns if k not in _OF_EACH}
    receptor = made.cells[target.name].receptors.get(projection.receptor_type)
    of_target = getattr(projection.synapse_type, "of_target", lambda make: {})
    for name, value in of_target(receptor).items():
        post = projection.ends[1].local(projection.post_index[places])
        others[name] = value if np.ndim(value) == 0 else value[post]
    same = {k: v for k, v in others.items() if np.ndim(v) == 0}
    differ = sorted(k for k in others if k not in same)
    if not differ:
        return [(places, same)]
    table = np.stack([others[k] for k in differ], axis=1)
    kinds, which = np.unique(table, axis=0, return_inverse=True)
    if len(kinds) > _MOST_KINDS:
        raise ValidationError(
            f"projection {projection.label!r}, {', '.join(differ)}",
            f"{len(kinds)} different kinds of connections",
            f"at most {_MOST_KINDS}, apart from weights and delays",
            "draw these parameters from fewer values",
        )
    parts = np.split(
        np.argsort(which.ravel(), kind="stable"), np.cumsum(np.bincount(which.ravel()))
    )
    return [
        (places[np.sort(part)], same | dict(zip(differ, row.tolist())))
        for part, row in zip(parts, kinds)
    ]


def _inject(made: Lowered, name: str, inputs: Iterable[Any], ids: np.ndarray) -> None:
    network = made.network
    for population in made.populations:
        mine = ids[(ids >= population.first_id) & (ids <= population.last_id)]
        if not len(mine):
            continue
        places = np.unique(mine - int(population.first_id))
        for k, given in enumerate(inputs):
            target = network[population.name][places]
            network.drive(target, given, name=f"{name}.{k} to {population.name}"[:100])


def _record(made: Lowered, population: Any) -> None:
    network, recorder = made.network, population.recorder
    own, cell = network[population.name], made.cells[population.name]
    wanted: dict[str, set[int]] = {}
    for variable, ids in recorder.recorded.items():
        if not ids or (variable.name == "spikes" and cell.trains is not None):
            continue
        name = "spikes"
        if variable.name != name:
            name = made.variable(population, cell.recordables[variable.name].variable)
            recorder.native_names[variable.name] = name
        wanted.setdefault(name, set()).update(int(i) - int(population.first_id) for i in ids)
    for name, places in wanted.items():
        view, interval = own[np.array(sorted(places))], recorder.sampling_interval
        network.record(view, name, interval=None if name == "spikes" else interval)
