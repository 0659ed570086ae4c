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
from .wires import LARGEST, Wires

__all__ = ["solve_nonlinear"]

_F64 = NDArray[np.float64]
#: Steps at most, and times that one is halved.
_STEPS, _HALVINGS = 100, 40
#: Least slope of a cell as a share of its conductance, so that a cell that blocks completely does
#: not cut its nodes off.
_LEAST = 1e-9
#: A slope over the cell's conductance that is still no hindrance; halvings of voltages at most.
_STEEP, _DOUBLINGS = 100.0, 60


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
    cells: Law = _WithAccess(law, wires.r_access) if wires.r_access else law
    first = wires.solve(voltages, bit_voltages)
    if first.currents.ndim != 1:
        raise ValidationError("voltages", "several inputs", "one input where cells are not linear")
    words, bits = first.voltages, first.bit_voltages
    scale = float(max(np.abs(words).max(), np.abs(bits).max()))
    share = _first_share(cells, given, first.cell_voltages)
    state = share * first.word_voltages, share * first.bit_nodes
    steps = 0
    while True:
        state, done, residual = _newton(
            cells, given, wires, (share * words, share * bits), state, tolerance * share * scale
        )
        steps += done
        if share == 1.0:
            return _solution(first, wires, cells, given, state, steps, residual)
        share = min(1.0, 2.0 * share)


def _first_share(cells: Law, given: _F64, drop: _F64) -> float:
    """Share of the voltages at which no cell's slope is far above its conductance.

    Where currents grow exponentially, tangents at voltages that wires will not let cells have lead
    nowhere.
    """
    share = 1.0
    for _ in range(_DOUBLINGS):
        _, slope = cells.current(given, share * drop)
        if np.all(slope <= _STEEP * given):
            break
        share *= 0.5
    return share


def _newton(
    cells: Law, given: _F64, wires: Wires, ends: tuple[_F64, _F64], state: tuple[_F64, _F64],
    tolerance: float,
) -> tuple[tuple[_F64, _F64], int, float]:  # fmt: skip
    """Node voltages at given sources, the steps, and the residual of the last linear array."""
    most = 0.1 * LARGEST / max(wires.r_word, wires.r_bit, 1e-300)
    nodes = None
    for step in range(1, _STEPS + 1):
        drop = state[0] - state[1]
        flow, slope = cells.current(given, drop)
        slope = np.clip(slope, _LEAST * given, most)
        tangent = Wires(
            slope, wires.r_word, wires.r_bit, floating_words=wires.floating_words,
            floating_bits=wires.floating_bits,
        )  # fmt: skip
        beside = flow - slope * drop
        nodes = tangent.nodes(*ends, -beside, beside, nodes)
        new = nodes.plain(*tangent.shape)
        change = new[0] - state[0], new[1] - state[1]
        if float(np.abs(change[0] - change[1]).max()) <= tolerance:
            return new, step, nodes.residual
        part = _shortened(cells, given, wires, ends, state, change)
        state = state[0] + part * change[0], state[1] + part * change[1]
    raise NumericalError(
        f"solve_nonlinear: no end after {_STEPS} steps; a law must be continuous and its slope true"
    )


def _residual(
    cells: Law, given: _F64, wires: Wires, ends: tuple[_F64, _F64], sides: tuple[_F64, _F64],
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
    cells: Law, given: _F64, wires: Wires, ends: tuple[_F64, _F64], sides: tuple[_F64, _F64],
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
    first: Solution, wires: Wires, cells: Law, given: _F64, state: tuple[_F64, _F64], steps: int,
    residual: float,
) -> Solution:  # fmt: skip
    flow, slope = cells.current(given, state[0] - state[1])
    out, into = flow.sum(axis=0), flow.sum(axis=1)
    out[wires.floating_bits] = 0.0
    into[wires.floating_words] = 0.0
    return replace(
        first, currents=out, word_currents=into, ideal=None, conductance=slope, iterations=steps,
        residual=residual, _nodes=(Nodes(*state, steps, residual),), _flows=flow,
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
