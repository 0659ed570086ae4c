"""A network of integrate-and-fire neurons in plain numbers, so that peers build the very same."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ...equations.edge_expression import Expression
from ...errors import ValidationError, shorten
from ...network import Network
from ...network.inputs import ConstantCurrent, Poisson
from ...network.network import Drive, Projection
from ...network.rules import FixedInDegree, FixedTotalNumber, Rule
from ...neurons.lif import LIF
from ...synapses.base import Synapse
from ...synapses.delta import Delta
from ...synapses.exponential_conductance import ExponentialConductance
from ...synapses.exponential_current import ExponentialCurrent
from ...values import Distribution, Value

__all__ = ["describe"]

_KINDS: dict[type[Synapse], str] = {
    Delta: "delta",
    ExponentialCurrent: "current",
    ExponentialConductance: "conductance",
}
_CELL = ("v_rest", "v_reset", "v_thresh", "tau_m", "tau_refrac", "cm")


def describe(network: Network) -> dict[str, Any]:
    """The network as JSON-ready data, in ms, mV, nA, nF, uS and Hz.

    Returns
    -------
    dict
        ``synapse`` ("delta", "current" or "conductance"); ``receptors``, by "exc" and "inh";
        ``populations``, with constant drives in their ``i_offset``; ``projections``, with the
        expected number of ``edges``; ``poisson`` drives.

    Raises
    ------
    ValidationError
        For what the scripts of the peers cannot build.
    """
    described = _Description(network)
    for drive in network.drives.values():
        described.add_drive(drive)
    for projection in network.projections.values():
        described.add_projection(projection)
    return {
        "synapse": described.kind,
        "receptors": described.receptors,
        "populations": list(described.populations.values()),
        "projections": described.projections,
        "poisson": described.poisson,
    }


class _Description:
    """Collects the parts, and sees to it that they have a kind of synapse in common."""

    def __init__(self, network: Network) -> None:
        self.kind = ""
        self.receptors: dict[str, dict[str, Any]] = {}
        self.populations: dict[str, dict[str, Any]] = {}
        self.projections: list[dict[str, Any]] = []
        self.poisson: list[dict[str, Any]] = []
        for name, population in network.populations.items():
            if type(population.model) is not LIF:
                _refuse(f"Population {name!r}", f"is a {population.model.label}", "LIF")
            values = population.model.scalar_values()
            cell = {key: _number(values[key], f"Population {name!r}.{key}") for key in _CELL}
            start = cell[values["v"]] if isinstance(values["v"], str) else values["v"]
            self.populations[name] = {
                "name": name,
                "size": population.size,
                **cell,
                "i_offset": _number(values["i_offset"], f"Population {name!r}.i_offset"),
                "v": _plain(start, f"Population {name!r}.v"),
            }

    def add_drive(self, drive: Drive) -> None:
        """Take a current into the offset of its target, or note a Poisson drive."""
        where, given = f"Drive {drive.name!r}", drive.input
        target = _whole(drive.target, where)
        if isinstance(given, ConstantCurrent):
            self.populations[target]["i_offset"] += _number(given.amplitude, where)
        elif (
            isinstance(given, Poisson)
            and drive.synapse
            and (given.start, given.stop)
            == (
                0.0,
                float("inf"),
            )
        ):
            self.poisson.append(
                {
                    "target": target,
                    "rate": _number(given.rate, where),
                    "weight": _number(drive.synapse.weight, where),
                    "receptor": self._receptor(drive.synapse, target, where),
                }
            )
        else:
            _refuse(where, f"is {shorten(given)}", "constant currents and lasting Poisson trains")

    def add_projection(self, projection: Projection) -> None:
        """Note a projection."""
        where, synapse = f"Projection {projection.name!r}", projection.synapse
        pre, post = _whole(projection.pre, where), _whole(projection.post, where)
        if projection.is_plastic:
            _refuse(where, "is plastic", "weights that rest")
        if synapse.dendritic_delay != 0.0:
            _refuse(where, "has a dendritic delay", "one delay")
        self.projections.append(
            {
                "pre": pre,
                "post": post,
                "rule": _rule(projection.rule, where),
                "edges": projection.expected_edges,
                "receptor": self._receptor(synapse, post, where),
                "weight": _plain(synapse.weight, where),
                "delay": _plain(synapse.delay, where),
            }
        )

    def _receptor(self, synapse: Synapse, post: str, where: str) -> str:
        """Name the receptor, "exc" or "inh", after noting its parameters."""
        kind = _KINDS.get(type(synapse), "")
        if not kind or kind != (self.kind or kind):
            _refuse(where, f"acts by {synapse.label}", f"one kind of {', '.join(_KINDS.values())}")
        self.kind = kind
        found = {key: _number(value, where) for key, value in synapse.values.items()}
        if kind == "conductance":
            excites = found["e_rev"] > self.populations[post]["v_rest"]
        elif isinstance(synapse.weight, Expression):
            _refuse(where, "computes its weights from pairs", "numbers and distributions")
        else:
            excites = _centre(synapse.weight) >= 0
        name = "exc" if excites else "inh"
        if self.receptors.setdefault(name, found) != found:
            _refuse(where, f"a second kind of {name} receptor", "one for each sign")
        return name


def _refuse(where: str, problem: str, rule: str) -> NoReturn:
    raise ValidationError(where, problem, f"peers take {rule}", "measure it without --against")


def _whole(view: Any, where: str) -> str:
    if not view.is_whole:
        _refuse(where, "concerns a part of a population", "whole populations")
    return str(view.population.name)


def _rule(rule: Rule, where: str) -> dict[str, Any]:
    fits = isinstance(rule, FixedInDegree | FixedTotalNumber) and rule.autapses and rule.multapses
    if not fits:
        _refuse(where, f"is {rule!r}", "FixedInDegree and FixedTotalNumber with replacement")
    return rule.to_dict()


def _number(value: Any, where: str) -> float:
    if not isinstance(value, int | float):
        _refuse(where, f"is {shorten(value)}", "one number for all")
    return float(value)


def _plain(value: Any, where: str) -> Any:
    if not isinstance(value, Distribution):
        return _number(value, where)
    found = value.to_dict()
    if found["kind"] not in ("Normal", "Uniform") or found.get("outside", "redraw") != "redraw":
        _refuse(where, f"is {value!r}", "normal and uniform values, drawn again outside bounds")
    return found


def _centre(value: Value) -> float:
    if isinstance(value, Distribution):
        low, high = value.bounds()
        return float(getattr(value, "mean", 0.5 * (low + high)))
    return float(np.mean(value))
