"""Searching the pairs of two sides for edges, on all processors; and values of listed edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..equations.edge_expression import GEOMETRY, POSITIONS, Expression, Sides
from ..errors import ValidationError
from ..machine import available_processors
from ..numerics.pairs import Search, cells_of, listed_values, search, transposed
from ..numerics.stack_machine import BLOCK, OPERATIONS, Code
from .masks import Mask
from .rules.base import Ends, Rows

__all__ = ["PairSearch", "values_of_edges"]

#: Centres that a thread takes at a time, and centres from which the number of edges is estimated.
_CENTRES, _SAMPLE = 512, 64
_FIRST_ROOM = 2**18
_AND = OPERATIONS.index("and")


@dataclass(frozen=True, eq=False)
class PairSearch:
    """What makes a pair of neurons an edge.

    Attributes
    ----------
    ends
        The two sides.
    condition
        What an edge must meet, or None.
    p
        Probability of an edge, or the weight of a partner where `degree` is given.
    mask
        Which displacements are looked at, or None for all.
    autapses
        Whether a neuron may be joined to itself.
    degree
        Partners of each centre, or None.
    centre
        Which side is gone through: ``"pre"`` or ``"post"``.
    where
        The projection, for messages.
    """

    ends: Ends
    condition: Expression | None
    p: Expression
    mask: Mask | None
    autapses: bool = True
    degree: int | None = None
    centre: str = "pre"
    where: str = "connection"

    def rows(self, threads: int | None = None) -> Rows:
        """Find all edges; `threads` (all processors by default) cannot change them.

        Raises
        ------
        ValidationError
            If a probability is not a number, or a neuron finds too few partners.
        """
        counts, partners = self._partners(threads or available_processors())
        n_others = self.ends.n_post if self.centre == "pre" else self.ends.n_pre
        if self.degree is not None and len(counts) and counts.min() < self.degree:
            side = "source" if self.centre == "pre" else "target"
            raise ValidationError(
                self.where,
                f"{side} {int(counts.argmin())} has {int(counts.min())} possible partners",
                f"at least the degree, {self.degree}, with p > 0",
                "widen the mask, lower the degree, or enlarge the population",
            )
        if self.centre == "pre":
            starts = np.concatenate([[0], np.cumsum(counts)])
        else:
            starts, partners = transposed(counts, partners, n_others)
        return Rows(starts.astype(np.int64), partners)

    def expected_edges(self) -> float:
        """The number of edges to expect, from the probabilities of a sample of neurons."""
        n = self.ends.n_pre if self.centre == "pre" else self.ends.n_post
        if self.degree is not None:
            return float(self.degree * n)
        sample = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))
        total = 0.0
        centres, cells, what = self._prepared(estimate=True)
        counts, room = np.zeros(n, np.int64), np.empty(2 * BLOCK, np.int32)
        report = np.array([0.0, -1.0, -1.0])
        for c in sample.tolist():
            search(c, c + 1, centres, cells, what, counts, room, report)
        self._check_numbers(report)
        total = float(report[0])
        return total * n / len(sample)

    def _prepared(self, estimate: bool = False) -> tuple[np.ndarray, Any, Any]:
        ends, centre = self.ends, self.centre
        sides = _sides(ends, _uses_space(self.mask, self.condition, self.p))
        dims = min(ends.dims)
        box, tests = _unbounded(), [] if self.condition is None else [self.condition]
        if self.mask is not None:
            box[:, :dims] = self.mask.box(dims)
            text = self.mask.condition(dims)
            tests = [*([Expression(text)] if text else []), *tests]
        codes = [test.compiled(sides, centre) for test in tests]
        p, depth = self.p.compiled(sides, centre)
        other = "post" if centre == "pre" else "pre"
        at = getattr(sides, other)
        low, span = (at.min(axis=1), np.ptp(at, axis=1)) if at.size else (np.zeros(3), np.zeros(3))
        period = _period(ends)
        cells = cells_of(at, low, np.where(period > 0, period, span), period, box)
        what = Search(
            box,
            1 if centre == "pre" else -1,
            self._own(),
            ends.key(),
            -1 if self.degree is None else self.degree,
            estimate,
            _all_of([code for code, _ in codes]),
            p,
            max([depth, *(d + k for k, (_, d) in enumerate(codes))]),
            sides.table(centre),
            sides.table(other),
        )
        return getattr(sides, centre), cells, what

    def _own(self) -> np.ndarray:
        """Of each centre its place among the others, or -1 where that is allowed."""
        ends = self.ends
        n = ends.n_pre if self.centre == "pre" else ends.n_post
        if self.autapses:
            return np.full(n, -1, np.int64)
        if self.centre == "pre":
            return ends.own
        own = np.full(n, -1, np.int64)
        sources = np.flatnonzero(ends.own >= 0)
        own[ends.own[sources]] = sources
        return own

    def _partners(self, threads: int) -> tuple[np.ndarray, np.ndarray]:
        centres, cells, what = self._prepared()
        n = centres.shape[1]
        counts = np.zeros(n, np.int64)

        def part(first: int) -> np.ndarray:
            report = np.array([0.0, -1.0, -1.0])
            last = min(n, first + _CENTRES)
            pieces = [*_filled(first, last, centres, cells, what, counts, report)]
            self._check_numbers(report)
            return np.concatenate([np.zeros(0, np.int32), *pieces])

        parts = _in_turn(part, range(0, n, _CENTRES), threads)
        return counts, np.concatenate([np.zeros(0, np.int32), *parts])

    def _check_numbers(self, report: np.ndarray) -> None:
        if report[1] < 0:
            return
        c, other = int(report[1]), int(report[2])
        i, j = (c, other) if self.centre == "pre" else (other, c)
        raise ValidationError(
            self.where,
            f"p = {self.p.text} is not a number for i = {i}, j = {j}",
            "a number for every pair",
            "exclude the pair by the mask or condition, or use where(...)",
        )


def _filled(
    first: int,
    last: int,
    centres: np.ndarray,
    cells: Any,
    what: Any,
    counts: np.ndarray,
    report: np.ndarray,
) -> Iterator[np.ndarray]:
    """Partners of a range of centres, in pieces; the room grows where one centre needs more."""
    room = _FIRST_ROOM
    while first < last:
        out = np.empty(room, np.int32)
        reached, used = search(first, last, centres, cells, what, counts, out, report)
        if used:
            yield out[:used].copy()
        if reached == first:
            room *= 4
        first = reached


def _in_turn(part: Callable[[int], np.ndarray], firsts: range, threads: int) -> list[np.ndarray]:
    if threads == 1 or len(firsts) == 1:
        return [part(first) for first in firsts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(part, firsts))


def values_of_edges(
    expression: Expression, ends: Ends, starts: np.ndarray, post: np.ndarray
) -> np.ndarray:
    """Evaluate an expression for listed edges, by source.

    Parameters
    ----------
    expression
        Checked to fit the sides.
    ends
        The two sides.
    starts, post
        int64: targets of source s are ``post[starts[s]:starts[s + 1]]``.

    Returns
    -------
    numpy.ndarray of float64
        One value for each edge.
    """
    sides = _sides(ends, _uses_space(None, expression))
    code, depth = expression.compiled(sides)
    out = np.empty(len(post))
    tables = sides.table("pre"), sides.table("post")

    def part(first: int) -> np.ndarray:
        listed_values(
            *(first, min(ends.n_pre, first + _CENTRES), starts, post, sides.pre, sides.post),
            *(_period(ends), code, depth, *tables, out),
        )
        return out

    _in_turn(part, range(0, ends.n_pre, _CENTRES), available_processors())
    return out


def _uses_space(mask: Mask | None, *expressions: Expression | None) -> bool:
    names = {name for e in expressions if e is not None for name in e.names}
    return mask is not None or bool(names & {*GEOMETRY, *POSITIONS})


def _sides(ends: Ends, spatial: bool) -> Sides:
    """Coordinates of both sides, (3, n), zeros where there are none or nobody asks."""
    padded = []
    for size, dims, side in zip((ends.n_pre, ends.n_post), ends.dims, ("pre", "post")):
        at = np.zeros((3, size))
        if spatial and dims:
            at[:dims] = getattr(ends, f"{side}_positions").T
        padded.append(at)
    return Sides(*padded)


def _period(ends: Ends) -> np.ndarray:
    period = np.zeros(3)
    if min(ends.dims):
        given = ends.pre.population.positions.period  # type: ignore[union-attr]
        period[: len(given)] = given
    return period


def _unbounded() -> np.ndarray:
    return np.array([[-np.inf] * 3, [np.inf] * 3])


def _all_of(codes: list[Code]) -> Code:
    """One code for all conditions; empty where there are none."""
    if not codes:
        return Code(np.zeros((0, 2), np.int64), np.zeros(1))
    joined = codes[0]
    for code in codes[1:]:
        steps = code.steps.copy()
        steps[steps[:, 0] == 0, 1] += len(joined.constants)
        both = np.array([[_AND, 0]])
        joined = Code(
            np.concatenate([joined.steps, steps, both]),
            np.concatenate([joined.constants, code.constants]),
        )
    return joined
