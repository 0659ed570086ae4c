"""Adaptive precision: accuracy and energy against bits, and the fewest that will do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...errors import ValidationError, shorten
from ...program.edge_list import edge_list
from ...program.lower import lower
from ..figures import Figure
from ..mapping.cores import MappedNetwork
from ..pricing import Bill, Scope
from ..quantising import Quantised
from .coarsening import coarsened
from .laws import Laws, laws_of
from .table import aligned, engineering

if TYPE_CHECKING:
    from ..chip import Chip

__all__ = ["PrecisionRow", "PrecisionTable", "adapt_precision"]

#: Counters whose energy goes with the width of weights, and of states.
_BY_WEIGHT = (
    "dense events", "sparse events", "convolutional events", "synapse words", "learning updates",
)  # fmt: skip
_BY_STATE = ("accesses", "idle updates", "driven updates")


@dataclass(frozen=True)
class PrecisionRow:
    """A network at a number of bits.

    Attributes
    ----------
    weight_bits, state_bits
        None for as many as the chip has.
    score
        As the caller measures it, more is better.
    dynamic, static, host
        J.
    memory
        Bytes of weights.
    """

    weight_bits: int | None
    state_bits: int | None
    score: float
    dynamic: float
    static: float
    host: float
    memory: float

    @property
    def joules(self) -> float:
        """Everything."""
        return self.dynamic + self.static + self.host


@dataclass(frozen=True)
class PrecisionTable:
    """What `adapt_precision` found.

    Attributes
    ----------
    title
        Chip and price table.
    rows
        The first is the chip's own precision; then fewer weight bits; then, at the number of these
        that was chosen, fewer state bits.
    chosen
        The fewest bits within tolerance.
    tolerance
        Of the score, below that of the first row.
    """

    title: str
    rows: tuple[PrecisionRow, ...]
    chosen: PrecisionRow
    tolerance: float

    @property
    def least(self) -> PrecisionRow:
        """The row within tolerance that takes the least energy; states too coarse may take more."""
        best = self.rows[0].score - self.tolerance
        return min((r for r in self.rows if r.score >= best), key=lambda r: r.joules)

    @property
    def saving(self) -> float:
        """Share of dynamic energy that the chosen bits save."""
        full = self.rows[0].dynamic
        return 1.0 - self.chosen.dynamic / full if full else 0.0

    def plain(self) -> list[dict[str, Any]]:
        """Plain numbers, a dict for each row."""
        return [
            {**vars(row), "joules": row.joules, "chosen": row is self.chosen} for row in self.rows
        ]

    def __str__(self) -> str:
        cells = [("weight bits", "state bits", "score", "dynamic", "total", "weights", "")]
        for r in self.rows:
            cells.append((
                "chip's" if r.weight_bits is None else str(r.weight_bits),
                "chip's" if r.state_bits is None else str(r.state_bits), f"{r.score:.4g}",
                engineering(r.dynamic, "J"), engineering(r.joules, "J"),
                engineering(r.memory, "byte"), "chosen" if r is self.chosen else "",
            ))  # fmt: skip
        return (
            f"{self.title}; energy by width is an estimate (laws.width_share)\n{aligned(cells)}\n"
            f"within {self.tolerance:g} of the first: {100 * self.saving:.1f} % of dynamic energy"
            " saved"
        )


def adapt_precision(
    quantised: Quantised,
    on: Chip,
    score: Callable[[Quantised], float],
    steps: int,
    *,
    weight_bits: Sequence[int] = (8, 6, 5, 4, 3, 2),
    state_bits: Sequence[int] = (20, 16, 12, 10, 8),
    tolerance: float = 0.01,
    execute: Callable[[MappedNetwork], Any] | None = None,
    ranges: Mapping[str, float] | None = None,
    table: str | None = None,
    laws: Laws | None = None,
) -> PrecisionTable:
    """Find the fewest bits of weights, then of states, that cost no more than a tolerance.

    Parameters
    ----------
    quantised
        From `Chip.quantise`, of this chip.
    on
        The chip.
    score
        How well a network does, more is better: of `spikestack.chips.evaluating.present`, say.
    steps
        Of the chip, for which energy is counted.
    weight_bits, state_bits
        What is tried, in descending order; each list ends early where the score has dropped by more
        than ten times the tolerance.
    tolerance
        How far the score may fall below that of the chip's own precision.
    execute
        What runs a mapped network and returns a run or what has its ledger and its bill; by default
        the chip, for `steps`.
    ranges
        Greatest magnitude of the states by population; by default the chip's states' width.
    table, laws
        Price table and laws of the chip; the first, and its own.

    Returns
    -------
    PrecisionTable
        Everything that was tried, and what was chosen. Energies of events go with the width of
        weights, those of updates with the width of states, by `Laws.width_share`.

    Raises
    ------
    ValidationError
        If a price table is all-in, or bits cannot be had.
    """
    laws = laws_of(on) if laws is None else laws
    if on.table(table).scope == Scope.ALL_IN:
        raise ValidationError(
            f"price table {on.table(table).title!r}", "is all-in", "a table per term"
        )
    if not (isinstance(tolerance, int | float) and 0 <= tolerance < float("inf")):
        raise ValidationError(
            "adapt_precision, tolerance", f"got {shorten(tolerance)}", "0 or more"
        )
    told = [quantised.losses[n].bits for n in quantised.network.projections
            if n in quantised.losses]  # fmt: skip
    full = _Full(on, int(max(told, default=_bits_of(on, "weight_bits") or 8)), ranges)
    trial = _Trial(quantised, on, score, full, table, laws, execute, steps)
    first = trial(None, None)
    if not math.isfinite(first.score):
        raise ValidationError("adapt_precision, score", f"gave {first.score}", "a finite number")
    rows = [first]
    fewer: list[tuple[int | None, int | None]] = [
        (bits, None) for bits in sorted(weight_bits, reverse=True) if bits < full.weights
    ]
    chosen = _fewest(rows, tolerance, fewer, trial)
    if full.states is not None or ranges is not None:
        fewer = [(chosen.weight_bits, bits) for bits in sorted(state_bits, reverse=True)]
        chosen = _fewest(rows, tolerance, fewer, trial, chosen)
    return PrecisionTable(f"{on.name}, {on.table(table).title}", tuple(rows), chosen, tolerance)


def _fewest(
    rows: list[PrecisionRow],
    tolerance: float,
    pairs: Sequence[tuple[int | None, int | None]],
    trial: _Trial,
    chosen: PrecisionRow | None = None,
) -> PrecisionRow:
    """Try fewer and fewer bits; the last before the first that is out of tolerance."""
    best, kept = rows[0].score, rows[0] if chosen is None else chosen
    failed = False
    for weights, states in pairs:
        row = trial(weights, states)
        rows.append(row)
        # A score that is no number fails, too.
        failed |= not row.score >= best - tolerance
        kept = kept if failed else row
        if not row.score >= best - 10 * tolerance:
            break
    return kept


@dataclass(frozen=True)
class _Full:
    """The chip's own widths."""

    chip: Any
    weights: int
    ranges: Mapping[str, float] | None

    @property
    def states(self) -> int | None:
        return _bits_of(self.chip, "state_bits")


@dataclass(frozen=True)
class _Trial:
    """Scores and prices a network at a number of bits."""

    quantised: Quantised
    chip: Any
    score: Callable[[Quantised], float]
    full: _Full
    table: str | None
    laws: Laws
    execute: Callable[[MappedNetwork], Any] | None
    steps: int

    def __call__(self, weights: int | None, states: int | None) -> PrecisionRow:
        made = coarsened(self.quantised, weights, states, self.full.states, self.full.ranges)
        mapped = _mapped(made, self.chip)
        started = self.execute or (lambda m: self.chip.execute(m, self.steps, progress=False))
        bill: Bill = started(mapped).bill(self.table)
        share, wide = float(self.laws.width_share), self.full.states or 32
        of_weights = (weights or self.full.weights) / self.full.weights
        by = dict.fromkeys(_BY_WEIGHT, 1 - share + share * of_weights)
        by |= dict.fromkeys(_BY_STATE, 1 - share + share * (states or wide) / wide)
        dynamic = sum(joules * by.get(name, 1.0) for name, joules in bill.dynamic.items())
        memory = _synapses(made) * (weights or self.full.weights) / 8.0
        return PrecisionRow(
            weights, states, float(self.score(made)), dynamic, bill.static, bill.host, memory
        )


def _mapped(quantised: Quantised, chip: Any) -> MappedNetwork:
    """What the chip's own mapper makes of it."""
    stand_in = copy(chip)
    stand_in.quantise = lambda *_, **__: quantised
    described = quantised.network if quantised.described is None else quantised.described
    return replace(stand_in.map(described, quantised.dt), chip=chip)


def _bits_of(chip: Any, name: str) -> int | None:
    figure = getattr(chip, name, None)
    return int(figure) if isinstance(figure, Figure) and figure.value is not None else None


def _synapses(quantised: Quantised) -> int:
    program = lower(quantised.network, quantised.dt, "float64", 1)
    return sum(
        len(edge_list(e).pre) for e in program.edges
        if program.populations[e.post].name in quantised.scales
    )  # fmt: skip
