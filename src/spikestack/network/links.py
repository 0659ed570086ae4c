"""What joins and surrounds populations: projections, drives, probes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..devices.crossbar import Crossbar
from ..equations.edge_expression import GEOMETRY, Expression
from ..errors import ValidationError, shorten
from ..plasticity.base import PlasticityRule
from ..plasticity.structural import StructuralRule
from ..synapses.base import Synapse
from ..values import Value
from .inputs import Input
from .learning import Signal
from .population import Population, View
from .rules.base import Ends, Rule

__all__ = ["Drive", "Probe", "Projection", "SynapseProbe", "check_edge_values", "check_realisation"]


@dataclass(frozen=True, eq=False)
class Projection:
    """Edges from one view to another, by a rule, through a synapse."""

    name: str
    pre: View
    post: View
    rule: Rule
    synapse: Synapse
    seed: int = 0
    plasticity: tuple[PlasticityRule, ...] = ()
    modulator: Population | Signal | None = None
    modulator_delay: float = 0.0
    structure: tuple[StructuralRule, ...] = ()
    realised_by: Crossbar | None = None

    @property
    def is_plastic(self) -> bool:
        """Whether its weights or its synapses change."""
        return bool(self.plasticity or self.structure)

    @cached_property
    def ends(self) -> Ends:
        """Both sides, as rules see them."""
        return Ends(self.pre, self.post, self.name, self.seed)

    @cached_property
    def expected_edges(self) -> float:
        """How many edges to expect; estimated where the rule does not tell."""
        return float(self.rule.expected_between(self.ends))

    def __repr__(self) -> str:
        return f"Projection({self.name!r}, {self.rule!r}, {self.synapse!r})"


@dataclass(frozen=True, eq=False)
class Drive:
    """An input to a view; `synapse` is None for injected currents."""

    name: str
    target: View
    input: Input
    synapse: Synapse | None


@dataclass(frozen=True, eq=False)
class Probe:
    """What is recorded of a view: ``"spikes"``, or a variable every `interval` ms (None: dt)."""

    target: View
    variable: str
    interval: float | None


@dataclass(frozen=True, eq=False)
class SynapseProbe:
    """What is recorded of a plastic projection every `interval` ms.

    Attributes
    ----------
    projection, variable
        Its name; ``"w"``, a variable or trace of its rules, or ``"signal"``.
    synapses
        Places of those recorded (int64), None for all.
    bins
        Edges of a histogram (float64), None for the values themselves.
    """

    projection: str
    variable: str
    interval: float
    synapses: np.ndarray | None
    bins: np.ndarray | None

    @property
    def name(self) -> str:
        """What the record is called."""
        return self.variable if self.bins is None else f"{self.variable} histogram"


def check_realisation(projection: Projection, where: str) -> None:
    """Raise ValidationError unless crossbars can stand behind a projection's weights."""
    given = projection.realised_by
    if given is None:
        return
    if not isinstance(given, Crossbar):
        raise ValidationError(
            f"{where}.realised_by", f"got {shorten(given)}", "a Crossbar", "Crossbar(devices.PCM())"
        )
    if projection.synapse.continuous:
        raise ValidationError(
            f"{where}.realised_by",
            f"{projection.synapse.label} joins potentials and has no weights",
            "a synapse that receives spikes",
        )
    if projection.structure:
        raise ValidationError(
            f"{where}.realised_by",
            f"{projection.structure[0].label} forms and removes synapses",
            "synapses that stay, as devices do",
        )


def check_edge_values(
    value: Value | Expression, projection: Projection, edges: float, where: str
) -> None:
    """Raise ValidationError unless weights or delays fit the projection's edges."""
    rule, ends = projection.rule, projection.ends
    if isinstance(value, Expression):
        value.check_sides(ends.n_pre, ends.n_post, ends.dims, where)
        if value.names & {*GEOMETRY}:
            ends.check_same_space(where)
    if not isinstance(value, np.ndarray):
        return
    if not rule.has_fixed_edges():
        raise ValidationError(
            where,
            f"an array with the random rule {type(rule).__name__}",
            "a number or a distribution",
            "or list the edges with FromArrays",
        )
    if value.size != int(edges):
        raise ValidationError(
            where, f"an array of {value.size} values", f"{int(edges)}, one per edge"
        )
