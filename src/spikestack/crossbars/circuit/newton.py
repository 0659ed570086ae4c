"""Arrays of cells whose current is no linear function of voltage: Newton's method.

Each step replaces every cell by its tangent, a conductance and a source beside it, and solves the
linear array. The node voltages minimise a convex function (the sum of the co-contents: of the
integral of I dV of each cell and segment), since currents rise with voltage; so that a step that is
shortened until the function falls enough always leads on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NumericalError, ValidationError
from .laws import Law
from .reduced import Nodes
from .solution import Solution
from .wires import Wires

__all__ = ["solve_nonlinear"]

_F64 = NDArray[np.float64]
#: Steps at most, and times that one is halved.
_STEPS, _HALVINGS = 100, 40
#: Least slope of a cell as a share of its conductance, so that a cell that blocks completely does
#: not cut its nodes off.
_LEAST = 1e-9


def solve_nonlinear(
    conductance: Any,
    voltages: Any,
    law: Law,
    r_word: Any = 0.0,
    r_bit: Any = 0.0,
    *,
    bit_voltages: Any = 0.0,
    r_access: Any = 0.0,
    floating_words: Any = None,
    floating_bits: Any = None,
    tolerance: float = 1e-9,
) -> Solution:
    """Currents of an array whose cells follow a law.

    Parameters
    ----------
    conductance
        S of each cell in the sense of the law.
    law
        `Sinh`, `Selector`, `Curve`, or a class of `Law`.
    tolerance
        Change of the last step in any cell's voltage, relative to the largest voltage of a source.

    The others, for one input, are those of `spikestack.crossbars.solve`.

    Raises
    ------
    NumericalError
        If the steps do not end; of a law that has jumps.
    """
    wires = Wires(conductance, r_word, r_bit, r_access=r_access, floating_words=floating_words,
                  floating_bits=floating_bits, tolerance=1e-10)  # fmt: skip
    given = wires.conductance / wires.divider
    cells = _WithAccess(law, wires.r_access) if wires.r_access else law
    first = wires.solve(voltages, bit_voltages)
    if first.currents.ndim != 1:
        raise ValidationError("voltages", "several inputs", "one input where cells are not linear")
    words, bits = first.voltages, first.bit_voltages
    scale = float(max(np.abs(words).max(), np.abs(bits).max()))
    drop, nodes = first.cell_voltages, None
    side_w, side_b = first.word_voltages, first.bit_nodes
    for step in range(1, _STEPS + 1):
        flow, slope = cells.current(given, drop)
        slope = np.maximum(slope, _LEAST * given)
        tangent = _tangent(wires, slope)
        beside = flow - slope * drop
        nodes = tangent.nodes(words, bits, -beside, beside, nodes)
        new_w, new_b = nodes.plain(*tangent.shape)
        change = new_w - side_w, new_b - side_b
        last = float(np.abs(change[0] - change[1]).max()) <= tolerance * scale
        share = (
            1.0
            if last
            else _shortened(cells, given, wires, (words, bits), (side_w, side_b), change)
        )
        side_w, side_b = side_w + share * change[0], side_b + share * change[1]
        drop = side_w - side_b
        if last:
            flow, slope = cells.current(given, drop)
            return _solution(first, wires, flow, slope, (side_w, side_b), nodes, step)
    raise NumericalError(
        f"solve_nonlinear: no end after {_STEPS} steps; a law must be continuous and its slope true"
    )


def _tangent(wires: Wires, slope: _F64) -> Wires:
    return Wires(
        slope, wires.r_word, wires.r_bit, floating_words=wires.floating_words,
        floating_bits=wires.floating_bits, tolerance=1e-10,
    )  # fmt: skip


def _residual(
    cells: Any, given: _F64, wires: Wires, ends: tuple[_F64, _F64], sides: tuple[_F64, _F64],
    along: tuple[_F64, _F64],
) -> float:  # fmt: skip
    """Slope of the sum of co-contents from a state along a change: missing currents times it."""
    (words, bits), (side_w, side_b), (change_w, change_b) = ends, sides, along
    flow, _ = cells.current(given, side_w - side_b)
    total = np.sum(flow * (change_w - change_b))
    if wires.r_word:
        total += np.sum(np.diff(side_w, axis=1) * np.diff(change_w, axis=1)) / wires.r_word
        first = (side_w[:, 0] - words) * change_w[:, 0]
        total += np.sum(first[~wires.floating_words]) / wires.r_word
    if wires.r_bit:
        total += np.sum(np.diff(side_b, axis=0) * np.diff(change_b, axis=0)) / wires.r_bit
        last = (side_b[-1] - bits) * change_b[-1]
        total += np.sum(last[~wires.floating_bits]) / wires.r_bit
    return float(total)


def _shortened(
    cells: Any, given: _F64, wires: Wires, ends: tuple[_F64, _F64], sides: tuple[_F64, _F64],
    change: tuple[_F64, _F64],
) -> float:  # fmt: skip
    """How much of a step is taken: until the function would hardly rise at its end."""
    begin = _residual(cells, given, wires, ends, sides, change)
    share = 1.0
    for _ in range(_HALVINGS):
        moved = sides[0] + share * change[0], sides[1] + share * change[1]
        # A convex function still falls, or has risen by little, where its slope is small.
        if _residual(cells, given, wires, ends, moved, change) <= 0.5 * abs(begin) + 1e-300:
            return share
        share *= 0.5
    return share


def _solution(
    first: Solution, wires: Wires, flow: _F64, slope: _F64, sides: tuple[_F64, _F64],
    nodes: Nodes, steps: int,
) -> Solution:  # fmt: skip
    out, into = flow.sum(axis=0), flow.sum(axis=1)
    out[wires.floating_bits] = 0.0
    into[wires.floating_words] = 0.0
    return replace(
        first, currents=out, word_currents=into, ideal=None, conductance=slope, iterations=steps,
        residual=nodes.residual, _nodes=(Nodes(*sides, steps, nodes.residual),), _flows=flow,
    )  # fmt: skip


class _WithAccess(Law):
    """A cell of some law in series with a resistance: the device's voltage, by Newton's method."""

    def __init__(self, law: Law, ohms: float) -> None:
        self.law, self.ohms = law, ohms

    def current(self, conductance: _F64, volts: _F64) -> tuple[_F64, _F64]:
        """See `Law.current`."""
        low, high = np.minimum(volts, 0.0), np.maximum(volts, 0.0)
        inner = 0.5 * volts
        for _ in range(200):
            flow, slope = self.law.current(conductance, inner)
            missing = inner + self.ohms * flow - volts
            low, high = np.where(missing < 0, inner, low), np.where(missing > 0, inner, high)
            new = inner - missing / (1.0 + self.ohms * slope)
            # Bisection where Newton leaves the bracket.
            new = np.where((new < low) | (new > high), 0.5 * (low + high), new)
            if np.all(np.abs(new - inner) <= 1e-15 + 1e-14 * np.abs(volts)):
                break
            inner = new
        flow, slope = self.law.current(conductance, inner)
        return flow, slope / (1.0 + self.ohms * slope)
