"""What joins and surrounds populations: projections, drives, probes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..plasticity.base import PlasticityRule
from ..synapses.base import Synapse
from .inputs import Input
from .learning import Signal
from .population import Population, View
from .rules.base import Ends, Rule

__all__ = ["Drive", "Probe", "Projection", "SynapseProbe"]


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
