"""What lowering makes of plasticity rules: traces, events, rounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .tac import Code

if TYPE_CHECKING:
    from .program import ValueSpec
    from .structure import StructureProgram

__all__ = ["PlasticProgram", "RoundProgram", "TraceProgram"]


@dataclass(frozen=True)
class TraceProgram:
    """Traces that rules keep of every neuron on one side of a projection, or of a modulator.

    Attributes
    ----------
    names, initial
        Of the traces; coherent values at t = 0.
    step
        Code of one step without a spike; its states are the traces.
    jump
        Code of a spike.
    lags
        By how many steps each reaches synapses later than spikes do.
    """

    names: tuple[str, ...]
    initial: tuple[float, ...]
    step: Code
    jump: Code
    lags: tuple[int, ...]


@dataclass(frozen=True)
class RoundProgram:
    """What happens to all synapses at once, every `steps` steps.

    Attributes
    ----------
    code
        Its states are the weight and the variables of a synapse.
    condition
        Code whose only value tells for which targets it happens; None for all.
    sums
        Whether `code` loads sums over the synapses of a target.
    """

    steps: int
    code: Code
    condition: Code | None
    sums: bool


@dataclass(frozen=True)
class PlasticProgram:
    """The plasticity of one projection, all its rules together.

    Attributes
    ----------
    edge
        Place of the projection among `Program.edges`.
    rule
        Labels of the rules.
    values
        Parameters of all code of the rules, coherent float64.
    learning
        Place of the parameter that is 1 while weights may change, and 0 while they are frozen.
    sources, targets, modulators
        Traces of both sides and of the modulator.
    variables, initial
        Names of what each synapse has besides its weight, and coherent values at t = 0, or what
        they are drawn from.
    reads
        States of the target's population that its traces load.
    on_pre, on_post
        Code of a spike's arrival from either side; its states are the weight and the variables,
        what is emitted is delivered.
    rounds
        In the order in which they happen.
    keys
        Of the random streams that code draws from, uint64 (trials, streams); the counter is the
        synapse's place in `edge_list`.
    least, most
        Bounds of weights, coherent.
    lag
        Steps that events look back, at most.
    modulator
        Place of the modulating population, -1 without one; `delay` in steps.
    signal_steps, signal_values
        From the step that begins at ``signal_steps[k]`` on, the signal is ``signal_values[k]``.
    structure
        The rules that form and remove synapses, in the order in which they act.
    """

    edge: int
    rule: str
    values: tuple[float, ...]
    learning: int
    sources: TraceProgram
    targets: TraceProgram
    modulators: TraceProgram
    variables: tuple[str, ...]
    initial: tuple[float | ValueSpec, ...]
    reads: tuple[int, ...]
    on_pre: Code
    on_post: Code
    rounds: tuple[RoundProgram, ...]
    keys: np.ndarray
    least: float
    most: float
    lag: int
    modulator: int = -1
    delay: int = 1
    signal_steps: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    signal_values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    structure: tuple[StructureProgram, ...] = ()

    @property
    def draws(self) -> bool:
        """Whether anything is random."""
        return self.keys.shape[1] > 0
