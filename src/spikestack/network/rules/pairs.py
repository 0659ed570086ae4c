"""Rules by distance, and by any expression of the indices and positions of a pair."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...equations.edge_expression import GEOMETRY, Expression
from ...errors import ValidationError, shorten
from ..masks import Mask
from .base import Ends, ListedRule, Rows

if TYPE_CHECKING:
    from ..pairing import PairSearch

__all__ = ["ByDistance", "Where"]

#: Pairs beyond which going through all of them is refused: it would take minutes.
MOST_PAIRS = 2e10


@dataclass(frozen=True, eq=False, init=False)
class PairRule(ListedRule):
    """What rules that judge every pair by itself have in common."""

    p: Any = 1.0
    mask: Any = None
    autapses: bool = True

    def _take(self, p: Any, mask: Any, autapses: Any, parameters: dict[str, Any]) -> None:
        name = type(self).__name__
        if mask is not None and not isinstance(mask, Mask):
            raise ValidationError(f"{name}.mask", f"got {shorten(mask)}", "a mask such as Disc")
        if not isinstance(autapses, bool | np.bool_):
            raise ValidationError(f"{name}.autapses", f"got {shorten(autapses)}", "True or False")
        object.__setattr__(self, "p", as_probability(p, f"{name}.p", parameters))
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "autapses", bool(autapses))

    def _expressions(self) -> list[tuple[str, Expression]]:
        return [("p", self.p)] if isinstance(self.p, Expression) else []

    def check_ends(self, ends: Ends, where: str) -> None:
        """Raise ValidationError if positions lack, or fit neither the mask nor each other."""
        where = f"{where}, {type(self).__name__}"
        if self.mask is not None:
            ends.check_same_space(where)
            self.mask.box(min(ends.dims))
        used = set()
        for what, expression in self._expressions():
            expression.check_sides(ends.n_pre, ends.n_post, ends.dims, f"{where}.{what}")
            used |= expression.names
        if used & {*GEOMETRY}:
            ends.check_same_space(where)
        if self.mask is None and ends.n_pre * ends.n_post > MOST_PAIRS:
            raise ValidationError(
                where,
                f"goes through all {ends.n_pre * ends.n_post:.1e} pairs",
                f"at most {MOST_PAIRS:.0e} without a mask",
                "give a mask, such as Disc(300.0)",
            )

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """At most all pairs; `expected_between` knows better."""
        top = min(self.p, 1.0) if isinstance(self.p, float) else 1.0
        return top * n_pre * n_post

    def expected_between(self, ends: Ends) -> float:
        """Estimated from the probabilities of a sample of neurons."""
        return self._search(ends).expected_edges()

    def list_edges(self, ends: Ends) -> Rows:
        """All edges, by source, targets ascending."""
        return self._search(ends).rows()

    def _search(self, ends: Ends) -> PairSearch:
        # Imported here: a description needs no compiled code before it is run.
        from ..pairing import PairSearch

        p = self.p if isinstance(self.p, Expression) else Expression(repr(self.p))
        where = f"Projection {ends.name!r}, {type(self).__name__}"
        return PairSearch(ends, None, p, self.mask, self.autapses, where=where)


@dataclass(frozen=True, eq=False, init=False)
class ByDistance(PairRule):
    """Pairs by their distance: each with probability `p`, or a fixed number of partners.

    Parameters
    ----------
    p
        Probability of an edge: a number, or an expression such as ``"0.8*exp(-d/100)"`` of the
        distance ``d`` or displacement ``dx, dy, dz`` (um); see `Expression` for what else it may
        use. Below 0 counts as 0, above 1 as 1.
    mask
        Which displacements are looked at: `Disc`, `Annulus`, `Box`, `Ellipse`. Only neurons in its
        reach are gone through; without one all pairs are, at some ten nanoseconds each.
    autapses
        Whether a neuron may be joined to itself.
    in_degree, out_degree
        Give one of them to draw exactly so many distinct sources for each target, or targets for
        each source, one after the other with chances in proportion to `p`.
    parameters
        Numbers, or arrays by source (``..._pre``) or target (``..._post``), for the expression.

    Raises
    ------
    ValidationError
        If a value is impossible; when connecting, if a population has no positions.

    Examples
    --------
    >>> import spikestack as sp
    >>> net = sp.Network()
    >>> e = net.add(sp.Population("e", 400, sp.LIF(), positions=sp.Grid((20, 20), spacing=10.0)))
    >>> rule = sp.ByDistance("p0*exp(-d/scale)", mask=sp.Disc(60.0), p0=0.8, scale=30.0)
    >>> made = net.connect(e, e, rule, sp.Delta(weight=0.1))
    """

    in_degree: int | None = None
    out_degree: int | None = None

    def __init__(
        self,
        p: Any = 1.0,
        mask: Mask | None = None,
        *,
        autapses: bool = True,
        in_degree: int | None = None,
        out_degree: int | None = None,
        **parameters: Any,
    ) -> None:
        self._take(p, mask, autapses, parameters)
        for name, degree in (("in_degree", in_degree), ("out_degree", out_degree)):
            whole = isinstance(degree, int | np.integer) and not isinstance(degree, bool)
            if degree is not None and not (whole and degree >= 0):
                raise ValidationError(
                    f"ByDistance.{name}", f"got {shorten(degree)}", "a whole number >= 0"
                )
            object.__setattr__(self, name, None if degree is None else int(degree))
        if in_degree is not None and out_degree is not None:
            raise ValidationError("ByDistance", "in_degree and out_degree given", "one of them")

    def expected_edges(self, n_pre: int, n_post: int) -> float:
        """The degree for each neuron, else at most all pairs."""
        if self.in_degree is not None:
            return self.in_degree * n_post
        if self.out_degree is not None:
            return self.out_degree * n_pre
        return super().expected_edges(n_pre, n_post)

    def _search(self, ends: Ends) -> PairSearch:
        if self.in_degree is not None:
            return replace(super()._search(ends), degree=self.in_degree, centre="post")
        return replace(super()._search(ends), degree=self.out_degree)


@dataclass(frozen=True, eq=False, init=False)
class Where(PairRule):
    """Every pair that meets a condition, with probability `p`.

    All pairs are gone through in blocks, at some ten nanoseconds each, unless a mask is given.

    Parameters
    ----------
    condition
        Such as ``"abs(i - j) <= 3 and i != j"``, of the indices ``i`` of the source and ``j`` of
        the target in the views that are connected; see `Expression` for what else it may use.
    p
        Probability: a number or an expression.
    mask
        As for `ByDistance`, where populations have positions.
    autapses
        Whether a neuron may be joined to itself, also where views differ.
    parameters
        Numbers, or arrays by source (``..._pre``) or target (``..._post``).

    Raises
    ------
    ValidationError
        If a value is impossible.

    Examples
    --------
    >>> import spikestack as sp
    >>> kind = [0, 0, 1, 1]
    >>> rule = sp.Where("kind_pre == kind_post", p=0.5, kind_pre=kind, kind_post=kind)
    """

    condition: Any = "i == j"

    def __init__(
        self,
        condition: Any,
        p: Any = 1.0,
        *,
        mask: Mask | None = None,
        autapses: bool = True,
        **parameters: Any,
    ) -> None:
        texts = [text for text in (condition, p) if isinstance(text, str)]
        named = set().union(*(Expression(text, **parameters).names for text in texts))
        if unused := sorted(set(parameters) - named):
            raise ValidationError("Where", f"{', '.join(unused)} is not used", "used parameters")
        if not isinstance(condition, Expression):
            condition = _with_used(condition, parameters)
        if isinstance(p, str):
            p = _with_used(p, parameters)
        condition.check_kind(True, "Where.condition")
        object.__setattr__(self, "condition", condition)
        self._take(p, mask, autapses, {})

    def _expressions(self) -> list[tuple[str, Expression]]:
        return [("condition", self.condition), *super()._expressions()]

    def _search(self, ends: Ends) -> PairSearch:
        return replace(super()._search(ends), condition=self.condition)


def _with_used(text: str, parameters: dict[str, Any]) -> Expression:
    names = Expression(text, **parameters).names
    return Expression(text, **{k: v for k, v in parameters.items() if k in names})


def as_probability(given: Any, where: str, parameters: dict[str, Any]) -> float | Expression:
    """A probability: a number from 0 to 1, or an expression; parameters belong to a text.

    Raises
    ------
    ValidationError
        If it is neither, or parameters are given with no text that uses them.
    """
    if isinstance(given, str):
        given = Expression(given, **parameters)
        unused = set(parameters) - given.names
    else:
        unused = set(parameters)
    if unused:
        raise ValidationError(where, f"{', '.join(sorted(unused))} is not used", "used parameters")
    if isinstance(given, Expression):
        given.check_kind(False, where)
        return given
    number = isinstance(given, int | float | np.integer | np.floating)
    if isinstance(given, bool) or not number or not 0 <= given <= 1 or math.isnan(given):
        raise ValidationError(where, f"got {shorten(given)}", "0 to 1, or an expression as text")
    return float(given)
