"""What a simulation offers for synapses that learn: to freeze, to modulate, and to keep them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .collecting import Collector
from .engines.base import AbstractEngine
from .engines.state import Learned, edges_of
from .errors import EngineError, NumericalError, UnknownNameError, ValidationError, shorten
from .network.files import network_of, plain_with_arrays
from .network.links import Projection
from .network.network import Network
from .network.rules import FromArrays
from .program.learning import PlasticProgram
from .program.program import Program
from .restructuring import Restructuring

__all__ = ["Learner", "check_weights", "learned_network"]


class Learner:
    """The part of a `Simulation` that concerns its plastic projections."""

    network: Network
    program: Program
    engine: AbstractEngine
    trials: int
    step: int
    _collector: Collector
    _broken: str
    _structure: Restructuring

    def freeze(self, *names: str) -> None:
        """Keep weights and synapses of plastic projections from changing, from the next step on.

        Traces, and what short-term plasticity makes of a weight, go on.

        Parameters
        ----------
        names
            Of projections; all that are plastic by default.

        Raises
        ------
        UnknownNameError
            If one is not a plastic projection.
        """
        for i in self._chosen("freeze", names):
            self.engine.set_learning(i, False)

    def thaw(self, *names: str) -> None:
        """Let the weights of plastic projections change again; see `freeze`."""
        for i in self._chosen("thaw", names):
            self.engine.set_learning(i, True)

    def modulate(self, name: str, value: float, *, trial: int | None = None) -> None:
        """Set the signal that modulates a projection's rules, from the next step on.

        It holds until it is set again, or the projection's own `Signal` changes.

        Parameters
        ----------
        name
            Of the projection.
        value
            A plain number, such as a reward.
        trial
            In which trial; in all by default.

        Raises
        ------
        UnknownNameError
            If there is no plastic projection of that name.
        ValidationError
            If the value is not finite, or there is no such trial.
        """
        (i,) = self._chosen("modulate", (name,))
        number = float(value) if isinstance(value, int | float | np.number) else math.nan
        if not math.isfinite(number):
            raise ValidationError(f"modulate {name!r}", f"got {shorten(value)}", "a finite number")
        if trial is not None and not 0 <= trial < self.trials:
            raise ValidationError(
                f"modulate {name!r}, trial", f"got {shorten(trial)}", f"0 to {self.trials - 1}"
            )
        for t in range(self.trials) if trial is None else (trial,):
            self.engine.set_signal(i, t, number)

    def learned(self, trial: int = 0) -> Network:
        """The network as it has become: plastic projections with their present weights.

        It is a new description, whose plastic projections list their synapses; rules are kept, so
        that it goes on learning when it is run, unless it is frozen.

        Parameters
        ----------
        trial
            Whose weights.

        Raises
        ------
        ValidationError
            If there is no such trial.
        """
        if not 0 <= trial < self.trials:
            raise ValidationError(
                "learned, trial", f"got {shorten(trial)}", f"0 to {self.trials - 1}"
            )
        found = [self.engine.learned(i) for i in range(len(self.program.plastic))]
        return learned_network(self.network, self.program, found, trial)

    def _next_stop(self) -> int:
        """The step after which something is to be done between pieces."""
        samples, change = self._collector.synapses, self._structure.next_stop(self.step)
        return change if samples is None else min(change, samples.next_stop(self.step))

    def _between_pieces(self) -> None:
        """Do what is due at this step."""
        self._structure.act(self.engine, self.step)
        if self._collector.synapses is not None:
            self._collector.synapses.sample(self.step, self.engine)

    def _check_weights(self) -> None:
        try:
            check_weights(self.engine, self.program, self.step)
        except EngineError as error:
            self._broken = str(error)
            raise

    def _chosen(self, action: str, names: tuple[str, ...]) -> list[int]:
        known = [self.program.edges[p.edge].name for p in self.program.plastic]
        for name in names:
            if name not in known:
                raise UnknownNameError(f"{action}, plastic projection", name, known)
        return [k for k, name in enumerate(known) if not names or name in names]


def learned_network(
    network: Network, program: Program, learned: list[Learned], trial: int
) -> Network:
    """A description like `network` whose plastic projections have the given weights."""
    header, arrays = plain_with_arrays(network)
    projections = {item["name"]: item for item in header["projections"]}
    for k, (plastic, found) in enumerate(zip(program.plastic, learned)):
        edge = program.edges[plastic.edge]
        item, projection = projections[edge.name], network.projections[edge.name]
        if not projection.is_plastic:
            continue
        edges = edges_of(program, plastic, found.edges)
        scale = projection.synapse.unit_of_weight().scale
        columns = {
            "pre": _places(edges.pre, edge.pre_ids),
            "post": _places(edges.post, edge.post_ids),
            "weight": found.weights[trial].astype(np.float64) / scale,
            "delay": (edges.delays - edges.dendritic) * program.dt,
            "dendritic_delay": edges.dendritic * program.dt,
        }
        for name, values in columns.items():
            arrays[f"learned_{k}_{name}"] = values
        packed = {name: {"array": f"learned_{k}_{name}"} for name in columns}
        item["rule"] = {"kind": FromArrays.__name__, "pre": packed["pre"], "post": packed["post"]}
        item["synapse"] |= {n: packed[n] for n in ("weight", "delay", "dendritic_delay")}
        _keep_variables(item, projection, plastic, found.states[trial, 1:], arrays)
    return network_of(header, arrays)


def _keep_variables(
    item: dict[str, Any],
    projection: Projection,
    plastic: PlasticProgram,
    states: np.ndarray,
    arrays: dict[str, np.ndarray],
) -> None:
    """Give the variables of synapses their present values; of rules of structure there are none."""
    if projection.structure:
        return
    for prefixed, values in zip(plastic.variables, states):
        place, _, name = prefixed.partition(".")
        rule = projection.plasticity[int(place)]
        if name not in rule.synapse_units:
            continue
        of_weight = rule.synapse_units[name] is rule.weight_stand_in
        unit = projection.synapse.unit_of_weight() if of_weight else rule.synapse_units[name]
        key = f"{projection.name} {prefixed}"
        arrays[key] = values.astype(np.float64) / unit.scale
        item["plasticity"][int(place)]["values"][name] = {"array": key}


def _places(ids: np.ndarray, of_view: np.ndarray) -> np.ndarray:
    """Indices in a view of neurons given by their indices in the population."""
    order = np.argsort(of_view)
    return order[np.searchsorted(of_view[order], ids)]


def check_weights(engine: AbstractEngine, program: Program, step: int) -> None:
    """Raise NumericalError, naming the synapse, if a plastic weight is no longer a number."""
    for i, plastic in enumerate(program.plastic):
        if engine.weights_are_finite(i):
            continue
        trial, k, synapse = np.argwhere(~np.isfinite(engine.learned(i).states))[0]
        name = program.edges[plastic.edge].name
        what = ("w", *plastic.variables)[k].rpartition(".")[2]
        raise NumericalError(
            f"Projection {name!r}.plasticity ({plastic.rule}): {what} of synapse {synapse} became "
            f"not a finite number by {step * program.dt:g} ms, in trial {trial}; look for "
            "divisions by zero, and logarithms or roots of what may be negative, in the rule"
        )
